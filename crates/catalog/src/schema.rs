//! The JSON Schemas of the format, made from its types.

use serde_json::{Map, Value, json};

use crate::definition::Definition;

/// The JSON Schema of a definition (draft 2020-12), for editors. `integrations/schema.json` is this.
pub fn json_schema() -> Value {
    schemars::schema_for!(Definition).to_value()
}

/// The same for a part of a definition: a family, or what a definition says beside its family. Every key may be missing.
/// `integrations/families/schema.json` is this.
pub fn part_schema() -> Value {
    let mut schema = json_schema();
    without_required(&mut schema, false);
    schema["title"] = json!("Part of a Latchkey integration");
    schema
}

/// `names` says that the keys of this object are names of fields, not words of JSON Schema.
fn without_required(schema: &mut Value, names: bool) {
    match schema {
        Value::Array(several) => {
            for one in several {
                without_required(one, false);
            }
        }
        Value::Object(object) => {
            if !names {
                object.remove("required");
                alternatives(object);
                // A key that is set to nothing is taken out of the family.
                nullable_properties(object);
            }
            for (word, below) in object.iter_mut() {
                without_required(below, !names && (word == "properties" || word == "$defs"));
            }
        }
        _ => {}
    }
}

/// Objects that lost the key which tells them apart may be several at once.
fn alternatives(object: &mut Map<String, Value>) {
    let objects = object.get("oneOf").and_then(Value::as_array).is_some_and(|options| {
        options
            .iter()
            .all(|option| option.get("type") == Some(&json!("object")))
    });
    if objects && let Some(options) = object.remove("oneOf") {
        object.insert("anyOf".to_owned(), options);
    }
}

fn nullable_properties(object: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = object.get_mut("properties") else {
        return;
    };
    for property in properties.values_mut() {
        match property.get_mut("type") {
            Some(kind) if kind.is_string() => *kind = json!([kind.take(), "null"]),
            _ => {}
        }
    }
}
