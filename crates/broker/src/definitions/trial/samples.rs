//! Sample values, and what a way to sign in would send with them.

use std::collections::BTreeMap;

use catalog::{
    AuthKind, AuthMethod, CheckMethod, CheckTarget, Endpoints, EntryName, Inputs, Integration, LearnedKind, OAuth2,
    Pushed, Slot, Template, UrlTemplate, Variable, VariableKind,
};
use protocol::oauth2::{Client, DpopKey, PkceVerifier};
use protocol::{OAuth1Client, Protocol};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use vault::OAuth1Token;

use super::{Trial, TrialError};

/// Stands for our own addresses.
const PUBLIC_URL: &str = "https://latchkey.example.com";
/// Where people come back to.
pub(super) const REDIRECT_URI: &str = "https://latchkey.example.com/connections/oauth/callback/sample-app";

/// Longest value of a definition that serves as a sample: a template may have it many times.
const LONGEST: usize = 200;
/// Longest text that is filled in from an answer.
const LONGEST_SOURCE: usize = 1_000;

/// Sample values, by the names that templates use.
pub(super) struct Samples {
    variables: BTreeMap<String, String>,
    credential: BTreeMap<String, String>,
}

impl Samples {
    pub(super) fn new(
        integration: &Integration,
        way: &AuthMethod,
        given: &[(String, String)],
    ) -> Result<Self, TrialError> {
        let mut variables = BTreeMap::new();
        let shared = integration
            .variables
            .iter()
            .map(|(name, variable)| (name.as_str(), variable));
        let plain = match &way.kind {
            AuthKind::OAuth2(_) | AuthKind::OAuth1(_) => None,
            AuthKind::ApiKey(typed) => Some(typed.plain()),
        };
        let asked: BTreeMap<&str, &Variable> = shared.chain(plain.into_iter().flatten()).collect();
        for (name, variable) in &asked {
            let shown = variable.default.clone().or_else(|| variable.placeholder.clone());
            let usable = shown.filter(|value| value.len() <= LONGEST && variable.check(value).is_ok());
            variables.insert((*name).to_owned(), usable.unwrap_or_else(|| sample(&variable.kind)));
        }
        for learned in way.kept() {
            let sample = match &learned.kind {
                LearnedKind::Origin { hosts } => {
                    let host = hosts.first().map_or("service.example.com", String::as_str);
                    let name = if host.starts_with('.') { "example" } else { "" };
                    format!("https://{name}{host}")
                }
                LearnedKind::Text { .. } => "example".to_owned(),
            };
            variables.insert(learned.name.clone(), sample);
        }
        for (name, value) in given {
            if !variables.contains_key(name) {
                let known: Vec<&str> = variables.keys().map(String::as_str).collect();
                return Err(TrialError(format!(
                    "{} has no variable `{name}`; it has: {}",
                    integration.name,
                    known.join(", ")
                )));
            }
            if let Some(variable) = asked.get(name.as_str()) {
                variable
                    .check(value)
                    .map_err(|message| TrialError::new(name, message))?;
            }
            variables.insert(name.clone(), value.clone());
        }
        let templates = way.headers.iter().chain(&way.query).map(|(_, template)| template);
        let names = templates
            .flat_map(Template::names)
            .filter(|name| name.namespace == "credential");
        let credential = names.map(|name| (name.path.clone(), format!("sample-{}", name.path.replace('_', "-"))));
        Ok(Self {
            variables,
            credential: credential.collect(),
        })
    }

    fn inputs(&self) -> Inputs<'_> {
        let mut inputs = Inputs::new().text("instance", "public_url", PUBLIC_URL).text(
            "instance",
            "sandbox_url",
            "https://latchkey.example.com/sandbox",
        );
        for (name, value) in &self.variables {
            inputs.insert_text("variables", name, value);
        }
        inputs
    }

    pub(super) async fn way(
        &self,
        integration: &Integration,
        way: &AuthMethod,
        trial: &Trial,
        answer: Option<&Value>,
    ) -> Result<Value, TrialError> {
        let protocol = &trial.protocol;
        let mut inputs = self.inputs().text("app", "client_id", "sample-client-id");
        inputs.insert_text("signed", "jwt", "sample-signed-token");
        for (name, value) in &self.credential {
            inputs.insert_text("credential", name, value);
        }
        let mut told = json!({ "id": way.id, "kind": way.kind.name(), "title": way.title });
        if let AuthKind::OAuth2(oauth2) = &way.kind {
            match &oauth2.device {
                None => told["authorize"] = json!(self.authorize(integration, oauth2, protocol).await?),
                Some(device) => {
                    let url = device.url.as_ref().map(|url| address(url, &inputs)).transpose()?;
                    told["device"] = json!(match (url, &oauth2.endpoints) {
                        (None, Endpoints::Discovered { issuer }) => Some(read_from(&address(issuer, &self.inputs())?)),
                        (url, _) => url,
                    });
                }
            }
            if let Endpoints::Fixed { token, revoke, .. } = &oauth2.endpoints {
                told["token"] = json!(address(token, &inputs)?);
                told["revoke"] = json!(revoke.as_ref().map(|revoke| address(revoke, &inputs)).transpose()?);
            }
        }
        if let AuthKind::OAuth1(oauth1) = &way.kind {
            let client = OAuth1Client {
                method: oauth1,
                consumer_key: "sample-client-id",
                consumer_secret: None,
                inputs: self.inputs(),
            };
            let token = OAuth1Token {
                token: "sample-request-token".into(),
                secret: "sample-token-secret".into(),
            };
            told["authorize"] = json!(
                protocol
                    .authorize_token(&client, &token)
                    .map_err(|error| TrialError::new("the sign-in cannot be filled in", error))?
                    .to_string()
            );
            told["token"] = json!(address(&oauth1.access_token.url, &inputs)?);
        }
        told["signature"] = json!(way.signing().map(|signing| signing.method.name()));
        told["requests"] = json!(trial.requests(way, &self.inputs()).await?);
        told["headers"] = json!(filled(&way.headers, &inputs, Slot::Header)?);
        told["query"] = json!(filled(&way.query, &inputs, Slot::Plain)?);
        let base = address(&integration.api.base_url, &inputs);
        told["api"] = json!(base.as_ref().ok());
        if let Some(refused) = base.as_ref().ok().and_then(|base| trial.refused(base)) {
            told["api_refused"] = json!(refused);
        }
        if let Some(check) = &way.check {
            let target = match &check.target {
                CheckTarget::Path(path) => {
                    let path = path
                        .render(&inputs)
                        .map_err(|error| TrialError::new("the path of the check cannot be filled in", error))?;
                    base.map(|base| format!("{}{path}", base.trim_end_matches('/')))?
                }
                CheckTarget::Url(url) => address(url, &inputs).unwrap_or_else(|_| url.template().source().to_owned()),
            };
            let method = match check.method {
                CheckMethod::Get => "GET",
                CheckMethod::Post => "POST",
            };
            told["check"] = json!({ "method": method, "url": target });
            if let Some(answer) = answer {
                let inputs = inputs.clone().json("body", answer);
                let part = |template: &Option<Template>| {
                    let template = template.as_ref()?;
                    if template.source().len() > LONGEST_SOURCE {
                        return None;
                    }
                    let text = template.render(&inputs, Slot::Plain).ok()?;
                    Some(text.expose_secret().to_owned())
                };
                told["account"] = json!({ "id": part(&check.account_id), "name": part(&check.account_name) });
                let parts = [("id", &check.account_id), ("name", &check.account_name)];
                let absent = parts
                    .into_iter()
                    .filter_map(|(key, template)| Some((key, template.as_ref()?)))
                    .filter(|(key, _)| told["account"][key].is_null());
                let absent: serde_json::Map<String, Value> = absent
                    .map(|(key, template)| (key.to_owned(), json!(looked_for(template, answer))))
                    .collect();
                if !absent.is_empty() {
                    told["absent"] = json!(absent);
                }
            }
        }
        Ok(told)
    }

    async fn authorize(
        &self,
        integration: &Integration,
        oauth2: &OAuth2,
        protocol: &Protocol,
    ) -> Result<String, TrialError> {
        match &oauth2.endpoints {
            Endpoints::Discovered { issuer } => {
                let issuer = address(issuer, &self.inputs())?;
                return Ok(read_from(&issuer));
            }
            Endpoints::Resource { resource } => {
                return Ok(format!("told by {}", address(resource, &self.inputs())?));
            }
            Endpoints::Fixed { .. } => {}
        }
        if let Some(Pushed::To(ahead)) = &oauth2.authorize.pushed {
            return Ok(format!("sent ahead to {}", address(ahead, &self.inputs())?));
        }
        let dpop = dpop_key(oauth2)?;
        let secret = "sample-client-secret".into();
        let client = Client {
            method: oauth2,
            client_id: "sample-client-id",
            client_secret: Some(&secret),
            key: None,
            dpop: dpop.as_ref(),
            redirect_uri: REDIRECT_URI,
            scopes: None,
            registered: None,
            inputs: self.inputs(),
        };
        let verifier = PkceVerifier::random();
        let url = protocol
            .authorize(&client, "sample-state", Some(&verifier), &[])
            .await
            .map_err(|error| {
                TrialError::new(
                    format!("the sign-in to {} cannot be filled in", integration.name),
                    error,
                )
            })?;
        Ok(url.to_string())
    }
}

/// A key where tokens are bound to one (RFC 9449).
pub(super) fn dpop_key(method: &OAuth2) -> Result<Option<DpopKey>, TrialError> {
    let made = method.dpop.then(DpopKey::generate).transpose();
    made.map_err(|error| TrialError::new("no key could be made", error))
}

fn read_from(issuer: &str) -> String {
    format!(
        "read from {}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    )
}

pub(super) fn address(template: &UrlTemplate, inputs: &Inputs<'_>) -> Result<String, TrialError> {
    let source = template.template().source();
    let url = template
        .render(inputs)
        .map_err(|error| TrialError::new(format!("`{source}` cannot be filled in"), error))?;
    Ok(url.to_string())
}

/// A value that the kind of variable allows.
fn sample(kind: &VariableKind) -> String {
    let text = match kind {
        VariableKind::Choice(choices) => choices.first().map_or("", |choice| choice.value.as_str()),
        VariableKind::Origin | VariableKind::Url => "https://service.example.com",
        VariableKind::Email => "ann@example.com",
        VariableKind::Number => "1",
        VariableKind::Path => "/example",
        VariableKind::Text { .. } | VariableKind::Multiline => "example",
    };
    text.to_owned()
}

fn filled(
    templates: &[(EntryName, Template)],
    inputs: &Inputs<'_>,
    slot: Slot,
) -> Result<BTreeMap<String, String>, TrialError> {
    let mut all = BTreeMap::new();
    for (name, template) in templates {
        let unusable = |error| TrialError::new(format!("`{name}` cannot be filled in"), error);
        let Some(value) = template.render_present(inputs, slot).map_err(unusable)? else {
            continue;
        };
        let name = name.template().render(inputs, slot).map_err(unusable)?;
        all.insert(name.expose_secret().to_owned(), value.expose_secret().to_owned());
    }
    Ok(all)
}

/// What an answer lacks, and what it has there.
fn looked_for(template: &Template, answer: &Value) -> String {
    let mut said = Vec::new();
    for name in template.names().into_iter().filter(|name| name.namespace == "body") {
        let (mut at, mut found) = ("the answer".to_owned(), answer);
        let mut way = "body".to_owned();
        for step in name.path.split('.') {
            let next = match found {
                Value::Array(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                other => other.get(step),
            };
            let Some(next) = next else { break };
            way = format!("{way}.{step}");
            (at, found) = (format!("`{way}`"), next);
        }
        let has = match found {
            Value::Object(entries) if entries.is_empty() => "is empty".to_owned(),
            Value::Object(entries) => {
                let keys: Vec<&str> = entries.keys().map(String::as_str).take(30).collect();
                format!("has {}", keys.join(", "))
            }
            Value::Array(items) => format!("is a list of {}", items.len()),
            Value::Null => "is null".to_owned(),
            _ => "is no object and no list".to_owned(),
        };
        said.push(format!("`{name}` was looked for; {at} {has}"));
    }
    said.join("; ")
}
