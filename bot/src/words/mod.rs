//! Every word that a customer or a seller reads, in both languages, from locales/*.ftl.
//! It chooses no words by itself and shows no error's text to anybody.

pub mod trade;
pub mod when;

use std::{borrow::Cow, collections::HashMap};

use fluent_templates::{LanguageIdentifier, Loader, fluent_bundle::FluentValue, langid, static_loader};

use crate::shop::customer::Language;

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "id",
        // Invisible direction marks would come with every copied name and amount.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const INDONESIAN: LanguageIdentifier = langid!("id");
const ENGLISH: LanguageIdentifier = langid!("en");

/// The words of a key, with its places filled.
#[must_use]
pub fn say(language: Language, key: &str, places: &[(&'static str, &str)]) -> String {
    let args: HashMap<Cow<'static, str>, FluentValue<'_>> = places
        .iter()
        .map(|&(name, value)| (Cow::Borrowed(name), FluentValue::from(value)))
        .collect();
    let id = match language {
        Language::Indonesian => &INDONESIAN,
        Language::English => &ENGLISH,
    };
    LOCALES.lookup_with_args(id, key, &args)
}
