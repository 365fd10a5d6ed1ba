//! What the person types in.

use super::names::Names;
use super::{label, link, pattern, text, variables};
use crate::definition as written;
use crate::definition::{Auth, VariableType};
use crate::model::{ApiKeyAuth, Characters, Field, Input, Secret, TypedKind};
use crate::report::{Place, Report};

/// Checks the fields of each way to sign in; `None` for one without. It comes when all templates were read, because a
/// value obeys the places where it stands.
pub(super) fn typed(auth: &[Auth], names: &Names<'_>, report: &mut Report<'_>) -> Vec<Option<ApiKeyAuth>> {
    let list = Place::default().key("auth");
    let each = |(index, auth): (usize, &Auth)| {
        let (kind, written) = match auth {
            Auth::OAuth2(_) | Auth::Device(_) | Auth::OAuth1(_) | Auth::Mcp(_) => return None,
            Auth::ApiKey(written) => (TypedKind::ApiKey, written),
            Auth::Basic(written) => (TypedKind::Basic, written),
            Auth::Form(written) => (TypedKind::Form, written),
            Auth::Nothing(written) => (TypedKind::Nothing, written),
            Auth::Login(bought) => (TypedKind::Login, &bought.typed),
            Auth::ClientCredentials(bought) => (TypedKind::ClientCredentials, &bought.typed),
            Auth::Jwt(bought) => (TypedKind::Jwt, &bought.typed),
        };
        Some(one(kind, written, names, &list.index(index), report))
    };
    auth.iter().enumerate().map(each).collect()
}

fn one(
    kind: TypedKind,
    written: &written::ApiKey,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> ApiKeyAuth {
    let list = place.key("fields");
    match kind {
        TypedKind::ApiKey | TypedKind::Login | TypedKind::Jwt if !written.fields.iter().any(|field| field.secret) => {
            report.add(&list, "name at least one secret to ask for, or write `kind: form`");
        }
        TypedKind::Form if written.fields.is_empty() => {
            report.add(&list, "name at least one field to ask for, or write `kind: none`");
        }
        _ => {}
    }
    let mut fields: Vec<Field> = Vec::new();
    for (index, field) in written.fields.iter().enumerate() {
        // User name and password have a key each.
        let place = match kind {
            TypedKind::Basic => place.key(&field.name),
            _ => list.index(index),
        };
        if !text::is_name(&field.name) {
            let message = format!(
                "`{}` is no name: lower-case letters, digits and `_`, beginning with a letter",
                field.name
            );
            report.add(&place.key("name"), message);
        }
        if fields.iter().any(|other| other.name == field.name) {
            report.add(&place.key("name"), format!("the field `{}` stands twice", field.name));
        }
        if names.is_declared(&field.name) {
            report.add(
                &place.key("name"),
                format!("`{}` is a variable already: give the field another name", field.name),
            );
        }
        let input = if field.secret {
            secret(kind, field, &place, report).map(Input::Secret)
        } else {
            plain(kind, field, names, &place, report).map(Input::Plain)
        };
        if let Some(input) = input {
            fields.push(Field {
                name: field.name.clone(),
                input,
            });
        }
    }
    let help_url = written
        .help_url
        .as_ref()
        .and_then(|url| link(url, &place.key("help_url"), report));
    ApiKeyAuth {
        kind,
        fields,
        help_url,
        sign: None,
        login: None,
        oauth1: None,
    }
}

fn secret(kind: TypedKind, field: &written::Field, place: &Place, report: &mut Report<'_>) -> Option<Secret> {
    label(&field.title, &place.key("title"), report);
    let characters = match (field.kind, kind) {
        // It is encoded before it is sent.
        (VariableType::Text, TypedKind::Basic) => Characters::Text,
        (VariableType::Text, _) => Characters::Ascii,
        (VariableType::Multiline, _) if kind != TypedKind::Basic => Characters::Lines,
        _ => {
            let message = match kind {
                TypedKind::Basic => "a password is a text",
                _ => "a secret is a `text` or `multiline`; what is none says `secret: false`",
            };
            report.add(&place.key("type"), message);
            Characters::Ascii
        }
    };
    for (key, stands) in [
        ("default", field.default.is_some()),
        ("choices", field.choices.is_some()),
        ("other", field.other.is_some()),
    ] {
        if stands {
            report.add(
                &place.key(key),
                format!("a secret has no `{key}`: write `secret: false` if it is none"),
            );
        }
    }
    let pattern = match field.pattern.as_deref() {
        None => None,
        source => Some(pattern(source, place, report)?),
    };
    Some(Secret {
        title: field.title.clone(),
        help: field.help.clone(),
        pattern,
        placeholder: field.placeholder.clone(),
        optional: field.optional,
        characters,
    })
}

/// Visible ASCII characters and spaces.
const VISIBLE: &str = "[ -~]+";

fn plain(
    kind: TypedKind,
    field: &written::Field,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<crate::model::Variable> {
    if kind == TypedKind::Basic && !matches!(field.kind, VariableType::Text | VariableType::Email) {
        report.add(&place.key("type"), "a user name is a `text` or an `email`");
    }
    let mut written = field.variable();
    if field.kind == VariableType::Text && written.pattern.is_none() {
        written.pattern = Some(VISIBLE.to_owned());
    }
    variables::variable(&field.name, &written, names.uses(&field.name), place, report)
}
