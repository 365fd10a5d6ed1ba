//! Answers from which a definition's templates and pointers can read what they should: the templates, turned round.

use serde_json::{Map, Value};

use crate::template::{Template, at_path};

/// Puts a value at a dotted path; numbers are positions in lists.
pub(super) fn put(document: &mut Value, path: &str, value: Value) {
    let mut place = document;
    for key in path.split('.') {
        place = if let Ok(position) = key.parse::<usize>() {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Some(list) = place.as_array_mut() else { return };
            while list.len() <= position {
                list.push(Value::Null);
            }
            &mut list[position]
        } else {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Some(map) = place.as_object_mut() else { return };
            map.entry(key).or_insert(Value::Null)
        };
    }
    *place = value;
}

/// Puts a value where a JSON pointer (RFC 6901) points.
pub(super) fn put_at_pointer(document: &mut Value, pointer: &str, value: Value) {
    match pointer.strip_prefix('/') {
        Some(path) => {
            let path: Vec<String> = path
                .split('/')
                .map(|key| key.replace("~1", "/").replace("~0", "~"))
                .collect();
            put(document, &path.join("."), value);
        }
        None => *document = value,
    }
}

/// Fills every input of a namespace that a template names and that is not there yet, with a text that names it.
pub(super) fn fill(document: &mut Value, template: &Template, namespace: &str, alternative: usize, mark: &str) {
    for path in template.paths(namespace, alternative) {
        if at_path(document, &path).is_none_or(Value::is_null) {
            put(
                document,
                &path,
                Value::String(format!("{path} {mark}").replace(['.', '_'], "-")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_filled_in_can_be_read() {
        let id = Template::parse("${body.data.0.id}/${body.team}").unwrap();
        let mut body = Value::Null;
        fill(&mut body, &id, "body", 0, "7");
        put_at_pointer(&mut body, "/ok", json!(true));
        assert_eq!(
            body,
            json!({ "data": [{ "id": "data-0-id 7" }], "team": "team 7", "ok": true })
        );
        assert_eq!(id.plain(&json!({ "body": body })).unwrap(), "data-0-id 7/team 7");
    }
}
