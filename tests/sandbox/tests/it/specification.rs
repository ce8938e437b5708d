//! The table of methods against the machine-readable Bot API, where that is present.

use std::{env, fs, path::PathBuf};

use sandbox::telegram::{
    schema::Field,
    table::{METHODS, shapes},
};
use serde_json::Value;

/// The file named by `BOT_API_SPEC`, or the one beside the workspace.
fn specification() -> Option<Value> {
    let beside = || {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        root.join("../shared/reference/bot-api-10.1.json")
    };
    let path = env::var_os("BOT_API_SPEC").map_or_else(beside, PathBuf::from);
    let text = fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("the specification must be JSON"))
}

fn assert_same_fields(owner: &str, ours: &[Field], theirs: &Value) {
    let empty = Vec::new();
    let theirs = theirs["fields"].as_array().unwrap_or(&empty);
    for field in theirs {
        let name = field["name"].as_str().unwrap();
        let known = ours.iter().find(|ours| ours.name == name);
        let known = known.unwrap_or_else(|| panic!("{owner}: {name} is missing in the table"));
        let types: Vec<_> = field["types"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kind| kind.as_str().unwrap())
            .collect();
        assert_eq!(known.kind.spec_names(), types, "{owner}.{name}");
        assert_eq!(
            known.required,
            field["required"].as_bool().unwrap(),
            "{owner}.{name}"
        );
    }
    for field in ours {
        let exists = theirs.iter().any(|theirs| theirs["name"] == field.name);
        assert!(exists, "{owner}: {} does not exist in the Bot API", field.name);
    }
}

#[test]
fn the_table_is_the_bot_api() {
    let Some(specification) = specification() else {
        eprintln!("skipped: no machine-readable Bot API beside the workspace, and BOT_API_SPEC is not set");
        return;
    };
    for method in &METHODS {
        let theirs = &specification["methods"][method.name];
        assert!(theirs.is_object(), "there is no method {}", method.name);
        assert_same_fields(method.name, method.fields, theirs);
    }
    for shape in shapes() {
        let theirs = &specification["types"][shape.name];
        assert!(theirs.is_object(), "there is no type {}", shape.name);
        assert_same_fields(shape.name, shape.fields, theirs);
    }
}
