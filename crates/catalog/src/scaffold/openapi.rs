//! From an OpenAPI document of version 3 (its `info`, `servers` and `securitySchemes`).

use serde_json::Value;

use super::{Draft, KeyPlace, OAuth2, SignIn, first_sentence, id_from, one_line};

/// The largest document that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Paths that tell who a credential belongs to, at many services.
const WHO: [&str; 12] = [
    "me",
    "user",
    "users/me",
    "account",
    "whoami",
    "userinfo",
    "current_user",
    "profile",
    "self",
    "users/current",
    "user/me",
    "accounts/me",
];

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenApiError {
    /// Neither JSON nor YAML.
    #[error("the document is neither JSON nor YAML: {0}")]
    Syntax(String),
    /// Another format, or another version of it.
    #[error("the document is no OpenAPI 3: its key `openapi` must begin with 3")]
    Version,
    /// Too large.
    #[error("the document is larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
}

/// Reads a document, JSON or YAML.
pub fn read_openapi(text: &str) -> Result<Value, OpenApiError> {
    if text.len() > MAX_BYTES {
        return Err(OpenApiError::TooLarge);
    }
    let document: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| OpenApiError::Syntax(error.to_string()))?
    } else {
        // Such documents are long, and may use anchors; what they expand to is still limited.
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_events: 4_000_000,
                max_nodes: 2_000_000,
                max_depth: 256,
                max_total_scalar_bytes: MAX_BYTES,
            },
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let message = error.to_string();
            OpenApiError::Syntax(message.lines().next().unwrap_or_default().to_owned())
        })?
    };
    match document["openapi"].as_str() {
        Some(version) if version.starts_with('3') => Ok(document),
        _ => Err(OpenApiError::Version),
    }
}

/// Fills in what the document tells. `address` is where it was read, where it has one.
pub fn from_openapi(draft: &mut Draft, document: &Value, address: Option<&str>) {
    let title = document["info"]["title"].as_str().unwrap_or_default().trim();
    let title = title.strip_suffix(" API").unwrap_or(title);
    if draft.name.is_none() && !title.is_empty() {
        draft.name = Some(one_line(title, 60));
    }
    if draft.id.is_empty() {
        draft.id = id_from(title);
    }
    if draft.description.is_none() {
        let summary = document["info"]["summary"]
            .as_str()
            .or(document["info"]["description"].as_str());
        draft.description = summary.map(first_sentence).filter(|sentence| !sentence.is_empty());
    }
    if draft.docs.is_none() {
        draft.docs = document["externalDocs"]["url"].as_str().map(str::to_owned);
    }
    if draft.base_url.is_none() {
        draft.base_url = server(document);
    }
    let before = draft.sign_in.len();
    for scheme in document["components"]["securitySchemes"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let found = sign_in(resolved(document, scheme.1));
        if let Some(found) = found.filter(|found| !draft.sign_in.contains(found)) {
            draft.sign_in.push(found);
        }
    }
    if draft.check.is_none() {
        draft.check = who(document);
    }
    if let Some(address) = address {
        let mut fields = vec!["api"];
        if draft.sign_in.len() > before {
            fields.push("auth");
        }
        draft.sources.push((address.to_owned(), fields));
    }
}

/// Follows one reference.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// The first server over https, its variables at their defaults.
pub(super) fn server(document: &Value) -> Option<String> {
    document["servers"].as_array()?.iter().find_map(|server| {
        let mut url = server["url"].as_str()?.to_owned();
        for (name, variable) in server["variables"].as_object().into_iter().flatten() {
            url = url.replace(&format!("{{{name}}}"), variable["default"].as_str()?);
        }
        let plain = url.starts_with("https://") && !url.contains('{');
        plain.then(|| url.trim_end_matches('/').to_owned())
    })
}

fn sign_in(scheme: &Value) -> Option<SignIn> {
    let word = |key: &str| scheme[key].as_str().unwrap_or_default();
    match (word("type"), word("scheme").to_ascii_lowercase().as_str(), word("in")) {
        ("http", "bearer", _) => Some(SignIn::Key(KeyPlace::Bearer)),
        ("http", "basic", _) => Some(SignIn::Basic),
        ("apiKey", _, "header") => Some(SignIn::Key(KeyPlace::Header(word("name").to_owned()))),
        ("apiKey", _, "query") => Some(SignIn::Key(KeyPlace::Query(word("name").to_owned()))),
        ("oauth2", ..) => {
            let flow = scheme["flows"]["authorizationCode"].as_object()?;
            let text = |key: &str| flow.get(key).and_then(Value::as_str).map(str::to_owned);
            let scopes = flow.get("scopes").and_then(Value::as_object);
            let known = scopes.into_iter().flatten().map(|(scope, meaning)| {
                let meaning = one_line(meaning.as_str().unwrap_or_default(), 200);
                let meaning = if meaning.is_empty() { scope.clone() } else { meaning };
                (scope.clone(), meaning)
            });
            Some(SignIn::OAuth2(Box::new(OAuth2 {
                authorize: text("authorizationUrl"),
                token: text("tokenUrl"),
                known_scopes: known.collect(),
                ..OAuth2::default()
            })))
        }
        _ => None,
    }
}

/// A call without parameters that probably names the account.
fn who(document: &Value) -> Option<String> {
    let paths = document["paths"].as_object()?;
    let rank = |path: &str| {
        let plain = path.trim_matches('/').to_ascii_lowercase();
        WHO.iter()
            .position(|word| plain == *word || plain.ends_with(&format!("/{word}")))
    };
    let usable = paths.iter().filter(|(path, item)| {
        let needs = |list: &Value| {
            let list = list.as_array().into_iter().flatten();
            list.map(|one| resolved(document, one))
                .any(|one| one["required"] == true)
        };
        !path.contains('{')
            && item["get"].is_object()
            && !needs(&item["parameters"])
            && !needs(&item["get"]["parameters"])
    });
    let found = usable.filter_map(|(path, _)| Some((rank(path)?, path.len(), path)));
    found.min().map(|(_, _, path)| path.clone())
}
