//! What an import may say, field by field. A refusal names the field and never its value.

use std::collections::BTreeMap;

use catalog::{AuthKind, AuthMethod};
use serde_json::{Map, Value, json};
use vault::{ExposeSecret as _, OAuth1Token, OAuth2Tokens, SecretString};

use super::{ImportRequest, ImportedTokens};
use crate::form::accept_values;
use crate::sessions::Platform;
use crate::{Kind, Problem};

/// Longest token that is taken, in bytes.
const LONGEST: usize = 16 * 1024;

/// The fields of a token of OAuth 1: the token, and its secret.
const OAUTH1: [&str; 2] = ["oauth_token", "oauth_token_secret"];

/// The method that was named, or the first that takes what was sent.
pub(super) fn method_for<'a>(platform: &'a Platform, request: &ImportRequest) -> Result<&'a AuthMethod, Problem> {
    if let Some(auth) = request.auth.as_deref() {
        return platform.method(Some(auth));
    }
    let fits = |method: &&AuthMethod| match method.typed() {
        None if matches!(method.kind, AuthKind::OAuth1(_)) => request.fields.contains_key(OAUTH1[0]),
        None => request.tokens.is_some(),
        Some(typed) if request.tokens.is_none() => {
            let asked = |name: &String| typed.fields.iter().any(|field| field.name == *name);
            request.fields.keys().all(asked)
        }
        Some(_) => false,
    };
    match platform.methods().find(fits) {
        Some(method) => Ok(method),
        None => platform.method(None),
    }
}

/// Values that a person gives or a sign-in learns, each checked.
pub(super) fn oauth_variables(
    platform: &Platform,
    method: &AuthMethod,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut learned = BTreeMap::new();
    let mut asked = BTreeMap::new();
    let mut errors = Map::new();
    for (name, value) in given {
        match method.kept().find(|learned| learned.name == *name) {
            Some(known) if known.kind.accepts(value) => {
                learned.insert(name.clone(), value.clone());
            }
            Some(_) => {
                errors.insert(
                    format!("variables.{name}"),
                    json!("This is not a value that the definition allows."),
                );
            }
            None => {
                asked.insert(name.clone(), SecretString::from(value.as_str()));
            }
        }
    }
    if !errors.is_empty() {
        return Err(field_errors(&errors));
    }
    let (_, mut variables) = accept_values(platform, method, asked)?;
    variables.extend(learned);
    Ok(variables)
}

/// Tokens that can be sent in a header and a form.
pub(super) fn checked_tokens(tokens: &ImportedTokens) -> Result<OAuth2Tokens, Problem> {
    let mut errors = Map::new();
    let mut look = |name: &str, value: &str, longest: usize| {
        if value.is_empty() {
            errors.insert(name.to_owned(), json!("Send it, or leave the field out."));
        } else if value.len() > longest || !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            let message = format!("It has more than {longest} characters, or one that cannot be sent.");
            errors.insert(name.to_owned(), json!(message));
        }
    };
    look("tokens.accessToken", tokens.access_token.expose_secret(), LONGEST);
    if let Some(token) = &tokens.refresh_token {
        look("tokens.refreshToken", token.expose_secret(), LONGEST);
    }
    if let Some(kind) = &tokens.token_type {
        look("tokens.tokenType", kind, 40);
    }
    if !errors.is_empty() {
        return Err(field_errors(&errors));
    }
    Ok(OAuth2Tokens {
        access_token: tokens.access_token.clone(),
        refresh_token: tokens.refresh_token.clone(),
        token_type: tokens.token_type.clone().unwrap_or_else(|| "Bearer".to_owned()),
        client: None,
        dpop_key: None,
    })
}

/// A token of OAuth 1 and its secret, and nothing else.
pub(super) fn checked_oauth1(fields: &BTreeMap<String, SecretString>) -> Result<OAuth1Token, Problem> {
    let mut errors = Map::new();
    for name in fields.keys().filter(|name| !OAUTH1.contains(&name.as_str())) {
        let message = "This way to sign in has `oauth_token` and `oauth_token_secret`.";
        errors.insert(format!("fields.{name}"), json!(message));
    }
    for name in OAUTH1 {
        let is_sent = |value: &SecretString| {
            let value = value.expose_secret();
            value.len() <= LONGEST && !value.chars().any(char::is_control) && !value.is_empty()
        };
        if !fields.get(name).is_some_and(is_sent) {
            errors.insert(
                format!("fields.{name}"),
                json!("Send it: it is missing, empty, too long, or not plain text."),
            );
        }
    }
    match (fields.get(OAUTH1[0]), fields.get(OAUTH1[1])) {
        (Some(token), Some(secret)) if errors.is_empty() => Ok(OAuth1Token {
            token: token.clone(),
            secret: secret.clone(),
        }),
        _ => Err(field_errors(&errors)),
    }
}

/// A refusal of one field.
pub(super) fn field_error(name: &str, message: &str) -> Problem {
    field_errors(&Map::from_iter([(name.to_owned(), json!(message))]))
}

fn field_errors(errors: &Map<String, Value>) -> Problem {
    let names: Vec<&str> = errors.keys().map(String::as_str).collect();
    let message = format!(
        "Some values cannot be taken: {}. `meta.fields` says why.",
        names.join(", ")
    );
    Problem::new(Kind::Unprocessable, "field_errors", message).with_meta(json!({ "fields": errors }))
}
