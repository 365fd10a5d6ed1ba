//! The fields of a form, and what may be typed into them.

use std::collections::BTreeMap;

use catalog::{AuthMethod, CheckTarget, Input, Name, Secret, SetBy, UrlTemplate, Variable, VariableKind};
use serde::Serialize;
use serde_json::json;
use vault::{ExposeSecret as _, Fields, SecretString};

use crate::sessions::Platform;
use crate::texts::quoted;
use crate::{Kind, Problem};

/// The longest secret, in bytes: a private key has about 3500.
const LONGEST: usize = 8192;

/// A field of the form.
#[derive(Debug, Serialize)]
pub struct Field {
    name: String,
    label: String,
    help: Option<String>,
    help_url: Option<String>,
    secret: bool,
    /// `text`, `email`, `origin`, `url`, `path`, `number`, `multiline` or `choice`.
    r#type: &'static str,
    pattern: Option<String>,
    placeholder: Option<String>,
    required: bool,
    default: Option<String>,
    choices: Option<Vec<Choice>>,
    /// Whether something else than the choices may be typed in: an address.
    other: bool,
}

/// A choice of a field.
#[derive(Debug, Serialize)]
pub struct Choice {
    value: String,
    label: String,
}

impl Field {
    fn plain(name: &str, variable: &Variable, known: &BTreeMap<String, String>) -> Self {
        Self {
            name: name.to_owned(),
            label: variable.title.clone(),
            help: variable.help.clone(),
            help_url: None,
            secret: false,
            r#type: variable.kind.name(),
            pattern: match &variable.kind {
                VariableKind::Text { pattern } => Some(for_browsers(pattern)),
                _ => None,
            },
            placeholder: variable.placeholder.clone(),
            required: variable.default.is_none() && !variable.optional,
            default: known.get(name).or(variable.default.as_ref()).cloned(),
            choices: match &variable.kind {
                VariableKind::Choice(choices) => Some(choices.iter().map(Choice::of).collect()),
                _ => None,
            },
            other: variable.other.is_some(),
        }
    }

    fn secret(name: &str, secret: &Secret) -> Self {
        Self {
            name: name.to_owned(),
            label: secret.title.clone(),
            help: secret.help.clone(),
            help_url: None,
            secret: true,
            r#type: match secret.characters {
                catalog::Characters::Lines => "multiline",
                catalog::Characters::Ascii | catalog::Characters::Text => "text",
            },
            pattern: secret.pattern.as_ref().map(for_browsers),
            placeholder: secret.placeholder.clone(),
            required: !secret.optional,
            default: None,
            choices: None,
            other: false,
        }
    }
}

/// A pattern as a browser reads it: what anchors it here has another spelling there, which the page adds.
fn for_browsers(pattern: &regex::Regex) -> String {
    let anchored = pattern.as_str();
    let inner = anchored
        .strip_prefix(r"\A(?:")
        .and_then(|rest| rest.strip_suffix(r")\z"));
    inner.unwrap_or(anchored).to_owned()
}

impl Choice {
    fn of(choice: &catalog::Choice) -> Self {
        Self {
            value: choice.value.clone(),
            label: choice.label.clone(),
        }
    }
}

/// The variables that the person gives, whatever the way to sign in.
fn shared(platform: &Platform) -> impl Iterator<Item = (&String, &Variable)> {
    let variables = platform.integration.variables.iter();
    variables.filter(|(_, variable)| variable.set_by == SetBy::Person)
}

/// The fields of a form; what a connection to replace already has (`known`, never a secret) stands in them.
pub(crate) fn fields_of(platform: &Platform, method: &AuthMethod, known: &BTreeMap<String, String>) -> Vec<Field> {
    let mut fields: Vec<Field> = shared(platform)
        .map(|(name, variable)| Field::plain(name, variable, known))
        .collect();
    let Some(typed) = method.typed() else { return fields };
    fields.extend(typed.fields.iter().map(|field| match &field.input {
        Input::Plain(variable) => Field::plain(&field.name, variable, known),
        Input::Secret(secret) => Field::secret(&field.name, secret),
    }));
    for field in fields.iter_mut().filter(|field| field.secret) {
        field.help_url = typed.help_url.as_ref().map(ToString::to_string);
    }
    fields
}

/// The names of what is typed into a form and no secret.
pub(crate) fn plain_names(platform: &Platform, method: &AuthMethod) -> Vec<String> {
    let mut names: Vec<String> = shared(platform).map(|(name, _)| name.clone()).collect();
    if let Some(typed) = method.typed() {
        names.extend(typed.plain().map(|(name, _)| name.to_owned()));
    }
    names
}

/// The one field that a refusal of the service can mean; none where the person gave several values.
pub(crate) fn only_field(platform: &Platform, method: &AuthMethod) -> Option<String> {
    match method.typed()?.fields.as_slice() {
        [only] if shared(platform).next().is_none() => Some(only.name.clone()),
        _ => None,
    }
}

/// The field in which the person typed where the service is: a value in the host of its log-in, its check or its API that is
/// neither a default nor one of the choices.
pub(crate) fn typed_host(platform: &Platform, method: &AuthMethod, given: &BTreeMap<String, String>) -> Option<String> {
    let typed = method.typed()?;
    let log_in = typed
        .login
        .iter()
        .flat_map(|login| &login.requests)
        .map(|request| &request.url);
    let check = method.check.as_ref().and_then(|check| match &check.target {
        CheckTarget::Url(url) => Some(url),
        CheckTarget::Path(_) => None,
    });
    let addresses = log_in.chain(check).chain([&platform.integration.api.base_url]);
    let asked: BTreeMap<&str, &Variable> = shared(platform)
        .map(|(name, variable)| (name.as_str(), variable))
        .chain(typed.plain())
        .collect();
    let is_typed = |name: &&Name| {
        let (Some(variable), Some(value)) = (asked.get(name.path.as_str()), given.get(&name.path)) else {
            return false;
        };
        let is_choice =
            matches!(&variable.kind, VariableKind::Choice(all) if all.iter().any(|one| one.value == *value));
        name.namespace == "variables" && !is_choice && variable.default.as_ref() != Some(value)
    };
    let mut names = addresses.flat_map(UrlTemplate::host_names);
    names.find(is_typed).map(|name| name.path.clone())
}

/// Splits given values into secrets and variables, each checked. A value is never echoed.
pub(crate) fn accept_values(
    platform: &Platform,
    method: &AuthMethod,
    mut given: BTreeMap<String, SecretString>,
) -> Result<(Fields, BTreeMap<String, String>), Problem> {
    let mut errors = FieldErrors::default();
    let mut secrets = Fields::new();
    let mut variables = BTreeMap::new();
    let mut take = |name: &str| {
        let value = given.remove(name)?;
        let value = SecretString::from(value.expose_secret().trim());
        (!value.expose_secret().is_empty()).then_some(value)
    };
    for field in method.typed().into_iter().flat_map(|typed| &typed.fields) {
        let (name, value) = (field.name.as_str(), take(&field.name));
        match &field.input {
            Input::Secret(secret) => match accept_secret(secret, value) {
                Ok(Some(value)) => {
                    secrets.insert(name.to_owned(), value);
                }
                Ok(None) => {}
                Err((reason, message)) => errors.add(name, reason, message),
            },
            Input::Plain(variable) => match accept_plain(variable, value) {
                // A default of one way to sign in is kept, because nothing else tells later which way it was.
                Ok(value) => variables.extend(value.or(variable.default.clone()).map(|value| (name.to_owned(), value))),
                Err((reason, message)) => errors.add(name, reason, message),
            },
        }
    }
    for (name, variable) in shared(platform) {
        match accept_plain(variable, take(name)) {
            Ok(value) => variables.extend(value.map(|value| (name.clone(), value))),
            Err((reason, message)) => errors.add(name, reason, message),
        }
    }
    if let Some(unknown) = given.keys().next() {
        return Err(Problem::bad_request(
            "unknown_value",
            format!("`{}` is not a field of this form.", quoted(unknown)),
        ));
    }
    match errors.problem() {
        None => Ok((secrets, variables)),
        Some(problem) => Err(problem),
    }
}

/// Why a value cannot be taken: a word for machines, a sentence for people.
type Refused = (&'static str, String);

fn accept_secret(secret: &Secret, value: Option<SecretString>) -> Result<Option<SecretString>, Refused> {
    let title = &secret.title;
    let Some(value) = value else {
        return if secret.optional {
            Ok(None)
        } else {
            Err(("required", format!("Enter the {title}.")))
        };
    };
    let text = value.expose_secret();
    if !secret.characters.allow(text) {
        let message = format!("The {title} holds a character that cannot be sent. Copy it again.");
        return Err(("characters", message));
    }
    // Patterns of definitions are anchored at load.
    if text.len() > LONGEST || secret.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
        let like = secret
            .placeholder
            .as_ref()
            .map(|like| format!(" It looks like {like}."))
            .unwrap_or_default();
        return Err(("pattern", format!("This is not a {title} of this service.{like}")));
    }
    Ok(Some(value))
}

fn accept_plain(variable: &Variable, value: Option<SecretString>) -> Result<Option<String>, Refused> {
    match value {
        None if variable.default.is_none() && !variable.optional => {
            Err(("required", format!("Enter {}.", variable.title)))
        }
        None => Ok(None),
        Some(value) => {
            let value = value.expose_secret().to_owned();
            variable.check(&value).map_err(|message| ("pattern", message))?;
            Ok(Some(value))
        }
    }
}

/// What is wrong with single fields: a sentence for people, and a word by which a page finds it in its own language.
#[derive(Debug, Default)]
struct FieldErrors {
    messages: serde_json::Map<String, serde_json::Value>,
    reasons: serde_json::Map<String, serde_json::Value>,
}

impl FieldErrors {
    fn add(&mut self, name: &str, reason: &'static str, message: impl Into<String>) {
        self.messages
            .insert(name.to_owned(), serde_json::Value::String(message.into()));
        self.reasons.insert(name.to_owned(), json!(reason));
    }

    fn problem(self) -> Option<Problem> {
        let Self { messages, reasons } = self;
        let meta = json!({ "fields": messages, "reasons": reasons });
        let problem = Problem::new(Kind::Unprocessable, "field_errors", "Some values need a look.");
        (!messages.is_empty()).then(|| problem.with_meta(meta))
    }
}
