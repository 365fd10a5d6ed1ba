//! Bodies that are JSON. A refusal names the place and the field, never a value: a value may be a secret.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problems::Problem;

/// Reads JSON. The message names the place, never a value: a value may be a secret.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Asked only of bodies that may hold one: the escape is the only way to write it.
    if has_nul_escape(body) && serde_json::from_slice(body).is_ok_and(|value| holds_nul(&value)) {
        return Err(Problem::bad_request(
            "A text in the body holds a NUL character, which cannot be stored. Send it without.",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        misfit(&path, error.inner())
    })?;
    reader.end().map_err(|error| misfit(".", &error))?;
    Ok(value)
}

fn misfit(path: &str, error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    Problem::bad_request(match error.classify() {
        serde_json::error::Category::Data => format!("The body does not fit at {place}: {}.", what_of(path, error)),
        _ => format!("The body is no JSON (at {place})."),
    })
}

fn has_nul_escape(body: &[u8]) -> bool {
    body.windows(6).any(|six| six == br"\u0000")
}

/// Whether a text holds a NUL. What a person typed into a form is judged field by field, elsewhere.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name != "values" && holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is wrong with which field. Of serde's own message only names of fields and what was expected are told: the rest
/// quotes values.
fn what_of(path: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let named = || field_name(text.split('`').nth(1)?);
    // `a.b`, when the path says where the field should be; serde's own path of the whole is `.`.
    let within = |name: &str| match field_name(path) {
        Some(path) => format!("`{path}.{name}`"),
        None => format!("`{name}`"),
    };
    if text.starts_with("missing field") {
        return named().map_or("a field is missing".to_owned(), |name| {
            format!("{} is missing", within(name))
        });
    }
    if text.starts_with("unknown field") {
        // What stands behind the last of these is ours; the name before is the caller's, and may be a secret.
        let has_some = !text.contains("`, there are no fields");
        let known: Vec<&str> = text
            .rsplit_once(", expected ")
            .filter(|_| has_some)
            .map(|(_, expected)| expected.split('`').skip(1).step_by(2).collect())
            .unwrap_or_default();
        return match known.as_slice() {
            [] => "a field that this call does not have".to_owned(),
            known => format!("a field that this call does not have. It has `{}`", known.join("`, `")),
        };
    }
    if text.starts_with("duplicate field") {
        return named().map_or("a field is there twice".to_owned(), |name| {
            format!("{} is there twice", within(name))
        });
    }
    let expected = text
        .starts_with("invalid ")
        .then(|| {
            text.rsplit_once(", expected ")
                .and_then(|(_, expected)| kind_of(expected))
        })
        .flatten();
    match (field_name(path), expected) {
        (Some(path), Some(kind)) => format!("`{path}` has to be {kind}"),
        (Some(path), None) => format!("`{path}` has a value that it cannot have"),
        (None, _) => "a value of the wrong type".to_owned(),
    }
}

/// A path of fields as we name them: whoever writes a secret in the place of a name must not find it in a log.
fn field_name(path: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || b"._[]0123456789".contains(&byte);
    (path.len() <= 60 && path.bytes().any(|byte| byte.is_ascii_alphabetic()) && path.bytes().all(is_plain))
        .then_some(path)
}

/// What serde expects, in the words of JSON.
fn kind_of(expected: &str) -> Option<&'static str> {
    let starts = |word: &&(&str, &str)| expected.starts_with(word.0);
    [
        ("a string", "a text"),
        ("a borrowed string", "a text"),
        ("string", "a text"),
        ("a boolean", "true or false"),
        ("a sequence", "a list"),
        ("a map", "an object"),
        ("struct ", "an object"),
        ("an object", "an object"),
        ("u", "a whole number from 0"),
        ("i", "a whole number"),
        ("f", "a number"),
    ]
    .iter()
    .find(starts)
    .map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::guard::Values;
    use crate::problems::Kind;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its presence matters")]
        integration: String,
        #[serde(default)]
        values: Values,
    }

    #[test]
    fn unknown_doubled_and_deep_are_refused_without_an_echo() {
        let good: Sample = parse(br#"{"integration":"stripe","values":{"api_key":"k"}}"#).unwrap();
        assert_eq!(good.values.0.len(), 1);
        let deep = format!("{{\"integration\":{}", "[".repeat(100_000));
        for wrong in [
            r#"{"integration":"stripe","project":"canary"}"#,
            r#"{"integration":"stripe","integration":"canary"}"#,
            r#"{"integration":"stripe","values":{"a":"canary","a":"2"}}"#,
            r#"{"integration":{"canary":1}}"#,
            r#"{"integration":"canary"#,
            "[]",
            "",
            &deep,
        ] {
            let problem = parse::<Sample>(wrong.as_bytes()).unwrap_err();
            assert_eq!(problem.kind(), Kind::BadRequest, "{wrong:.40}");
            assert!(!problem.to_string().contains("canary"), "{problem}");
        }
        let unknown = parse::<Sample>(br#"{"canary, expected `canary`":1}"#)
            .unwrap_err()
            .to_string();
        assert!(
            unknown.contains("a field that this call does not have. It has `integration`, `values`.")
                && !unknown.contains("canary"),
            "{unknown}"
        );
    }

    #[test]
    fn the_field_is_named_and_never_its_value() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[expect(dead_code, reason = "only how it fails matters")]
        struct Whole {
            platform: String,
            tokens: Option<Inner>,
            tags: Option<Vec<String>>,
            expires_in: Option<i64>,
            keep: Option<bool>,
            #[serde(default)]
            fields: Values,
            expires_at: Option<chrono::DateTime<chrono::Utc>>,
        }
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[expect(dead_code, reason = "only how it fails matters")]
        struct Inner {
            access_token: String,
        }
        for (body, says) in [
            ("{}", "`platform` is missing"),
            (r#"{"platform":5}"#, "`platform` has to be a text"),
            (r#"{"platform":"a","tokens":{}}"#, "`tokens.accessToken` is missing"),
            (
                r#"{"platform":"a","tokens":"canary, expected u8"}"#,
                "`tokens` has to be an object",
            ),
            (
                r#"{"platform":"a","tags":["x",{"canary":1}]}"#,
                "`tags[1]` has to be a text",
            ),
            (r#"{"platform":"a","tags":"canary"}"#, "`tags` has to be a list"),
            (
                r#"{"platform":"a","expiresIn":"canary"}"#,
                "`expiresIn` has to be a whole number",
            ),
            (r#"{"platform":"a","keep":"canary"}"#, "`keep` has to be true or false"),
            (r#"{"platform":"a","platform":"canary"}"#, "`platform` is there twice"),
            (
                r#"{"platform":"a","expiresAt":"canary"}"#,
                "`expiresAt` has a value that it cannot have",
            ),
            (r#"{"platform":"a","fields":{"sk-canary":1}}"#, "does not fit at line 1"),
        ] {
            let said = parse::<Whole>(body.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(says) && !said.contains("canary"), "{body}: {said}");
        }
        assert!(
            parse::<Whole>(br#"{"platform":"a"} x"#)
                .unwrap_err()
                .to_string()
                .contains("is no JSON")
        );
    }

    #[test]
    fn a_nul_is_refused_outside_of_forms() {
        let nul = |json: &str| parse::<Value>(json.as_bytes()).map_err(|problem| problem.kind());
        assert_eq!(nul(r#"{"integrations":["\u0000"]}"#), Err(Kind::BadRequest));
        assert_eq!(nul(r#"{"name":"a\u0000b"}"#), Err(Kind::BadRequest));
        nul(r#"{"name":"a\\u0000b"}"#).unwrap();
        nul(r#"{"values":{"api_key":"\u0000"}}"#).unwrap();
    }
}
