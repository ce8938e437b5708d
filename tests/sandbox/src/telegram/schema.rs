//! Types of parameters, and how a value is held against them.
//! It checks shape only: lengths and meaning are the methods' business.

use serde_json::Value;

/// The type of a parameter or of a field, named as in the Bot API.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A string.
    Text,
    /// True or false.
    Boolean,
    /// A number, or a string that holds a number or `@name`.
    ChatId,
    /// A string: a file id, a URL, or `attach://<name of an uploaded file>`.
    File,
    /// Any number of these.
    List(&'static Kind),
    /// An object of this type.
    Object(&'static Shape),
    /// Whichever of these has the fields that the value has.
    Either(&'static [&'static Shape]),
    /// A type with subtypes, told apart by their field `type`.
    Tagged(&'static str, &'static [(&'static str, &'static Shape)]),
    /// Exists in the Bot API with these types; the sandbox does not speak it and refuses it.
    Unspoken(&'static [&'static str]),
}

/// An object type.
pub struct Shape {
    /// The type's name in the documentation.
    pub name: &'static str,
    /// All of its fields.
    pub fields: &'static [Field],
}

/// A parameter of a method, or a field of an object.
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
}

/// A required field.
pub const fn need(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
    }
}

/// An optional field.
pub const fn may(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
    }
}

impl Kind {
    /// The names of the types as the specification writes them.
    pub fn spec_names(&self) -> Vec<String> {
        match self {
            Kind::Integer => vec!["Integer".into()],
            Kind::Text => vec!["String".into()],
            Kind::Boolean => vec!["Boolean".into()],
            Kind::ChatId => vec!["Integer".into(), "String".into()],
            Kind::File => vec!["InputFile".into(), "String".into()],
            Kind::List(of) => of
                .spec_names()
                .into_iter()
                .map(|name| format!("Array of {name}"))
                .collect(),
            Kind::Object(shape) => vec![shape.name.into()],
            Kind::Either(shapes) => shapes.iter().map(|shape| shape.name.to_owned()).collect(),
            Kind::Tagged(name, _) => vec![(*name).into()],
            Kind::Unspoken(names) => names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// A top-level parameter: everything may also come as text, as in forms.
    pub fn read(&self, name: &str, value: Value) -> Result<Value, String> {
        let is_words = matches!(self, Kind::Text | Kind::File | Kind::ChatId);
        let value = match value {
            Value::String(text) if !is_words => serde_json::from_str(&text)
                .map_err(|_| format!("parameter \"{name}\" must be {}", self.spoken()))?,
            value => value,
        };
        self.check(name, &value)?;
        Ok(value)
    }

    /// Holds a value against the type. `at` names it in the error.
    pub fn check(&self, at: &str, value: &Value) -> Result<(), String> {
        let fits = match self {
            Kind::Integer => value.is_i64(),
            Kind::Text | Kind::File => value.is_string(),
            Kind::Boolean => value.is_boolean(),
            Kind::ChatId => value.is_i64() || value.as_str().is_some_and(is_chat_name),
            Kind::List(of) => return check_list(of, at, value),
            Kind::Object(shape) => return shape.check(at, value),
            Kind::Either(shapes) => return check_either(shapes, at, value),
            Kind::Tagged(name, shapes) => return check_tagged(name, shapes, at, value),
            Kind::Unspoken(_) => return Err(format!("the sandbox does not speak parameter \"{at}\"")),
        };
        if fits {
            Ok(())
        } else {
            Err(format!("parameter \"{at}\" must be {}", self.spoken()))
        }
    }

    fn spoken(&self) -> String {
        self.spec_names().join(" or ")
    }
}

impl Shape {
    fn check(&self, at: &str, value: &Value) -> Result<(), String> {
        let Some(object) = value.as_object() else {
            return Err(format!("parameter \"{at}\" must be {}", self.name));
        };
        for (key, value) in object {
            let field = self.fields.iter().find(|field| field.name == key);
            let field = field.ok_or_else(|| format!("{} in \"{at}\" has no field \"{key}\"", self.name))?;
            field.kind.check(&format!("{at}.{key}"), value)?;
        }
        match self
            .fields
            .iter()
            .find(|field| field.required && !object.contains_key(field.name))
        {
            Some(missing) => Err(format!(
                "{} in \"{at}\" lacks field \"{}\"",
                self.name, missing.name
            )),
            None => Ok(()),
        }
    }
}

fn check_list(of: &Kind, at: &str, value: &Value) -> Result<(), String> {
    let Some(list) = value.as_array() else {
        return Err(format!("parameter \"{at}\" must be an Array"));
    };
    list.iter()
        .enumerate()
        .try_for_each(|(i, value)| of.check(&format!("{at}[{i}]"), value))
}

fn check_either(shapes: &[&Shape], at: &str, value: &Value) -> Result<(), String> {
    let has_first = |shape: &&&Shape| {
        shape
            .fields
            .first()
            .is_some_and(|first| value.get(first.name).is_some())
    };
    match shapes.iter().find(has_first) {
        Some(shape) => shape.check(at, value),
        None => {
            let names: Vec<_> = shapes.iter().map(|shape| shape.name).collect();
            Err(format!("parameter \"{at}\" must be {}", names.join(" or ")))
        }
    }
}

fn check_tagged(name: &str, shapes: &[(&str, &Shape)], at: &str, value: &Value) -> Result<(), String> {
    let tag = value.get("type").and_then(Value::as_str);
    let tag = tag.ok_or_else(|| format!("{name} in \"{at}\" lacks field \"type\""))?;
    match shapes.iter().find(|(of, _)| *of == tag) {
        Some((_, shape)) => shape.check(at, value),
        None => Err(format!(
            "the sandbox does not speak {name} of type \"{tag}\" in \"{at}\""
        )),
    }
}

fn is_chat_name(text: &str) -> bool {
    text.parse::<i64>().is_ok() || (text.len() > 1 && text.starts_with('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    static POINT: Shape = Shape {
        name: "Point",
        fields: &[need("x", Kind::Integer), may("label", Kind::Text)],
    };
    const POINTS: Kind = Kind::List(&Kind::Object(&POINT));

    #[test]
    fn a_field_that_is_unknown_missing_or_of_another_type_is_named() {
        assert_eq!(POINTS.check("p", &json!([{"x": 1, "label": "a"}])), Ok(()));
        assert_eq!(
            POINTS.check("p", &json!([{"x": 1, "y": 2}])).unwrap_err(),
            "Point in \"p[0]\" has no field \"y\""
        );
        assert_eq!(
            POINTS.check("p", &json!([{}])).unwrap_err(),
            "Point in \"p[0]\" lacks field \"x\""
        );
        assert_eq!(
            POINTS.check("p", &json!([{"x": "1"}])).unwrap_err(),
            "parameter \"p[0].x\" must be Integer"
        );
    }

    #[test]
    fn forms_carry_everything_as_text() {
        assert_eq!(POINTS.read("p", json!("[{\"x\":1}]")), Ok(json!([{"x": 1}])));
        assert_eq!(Kind::Boolean.read("b", json!("true")), Ok(json!(true)));
        assert_eq!(Kind::Text.read("t", json!("5")), Ok(json!("5")));
        assert!(Kind::Text.read("t", json!(5)).is_err());
        assert!(Kind::Integer.read("i", json!("five")).is_err());
    }
}
