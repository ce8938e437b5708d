//! What the page is put together from: sections, lists and tables. Whatever is text is escaped here.
//! It knows nothing of what is shown.

use std::fmt::Write as _;

use crate::{
    chart::{Figure, scale::label},
    config::Language,
};

pub(super) fn section(id: &str, class: &str, title: &str, inner: &str) -> String {
    format!("<section id=\"{id}\"{class}>\n<h2>{title}</h2>\n{inner}</section>\n")
}

pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    format!("<ul>\n{items}</ul>\n")
}

pub(super) fn pairs(rows: &[(&str, String)]) -> String {
    let mut inner = String::new();
    for (name, value) in rows {
        let _ = writeln!(inner, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    }
    format!("<dl>\n{inner}</dl>\n")
}

pub(super) fn table(head: [&str; 3], rows: impl Iterator<Item = [String; 3]>) -> String {
    let head: String = head.map(|name| format!("<th>{}</th>", escape(name))).concat();
    let row = |row: [String; 3]| {
        let cells = row.map(|cell| format!("<td>{}</td>", escape(&cell))).concat();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.map(row).collect();
    format!("<div class=\"scroll\"><table>\n<tr>{head}</tr>\n{rows}</table></div>\n")
}

pub(super) fn size(language: Language, bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "for reading")]
    label(language, Figure::Bytes, bytes as f64)
}

/// Fit for text and for attributes in double or single quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            char if char.is_control() => escaped.push(' '),
            char => escaped.push(char),
        }
    }
    escaped
}
