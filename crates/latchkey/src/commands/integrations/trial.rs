//! What a definition would send, with sample values.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use catalog::{
    AuthKind, AuthMethod, CheckMethod, CheckTarget, Endpoints, EntryName, Inputs, Integration, LearnedKind, OAuth2,
    Slot, Template, UrlTemplate, Variable, VariableKind,
};
use clap::Args;
use protocol::oauth2::{Client, PkceVerifier};
use protocol::{Protocol, egress::Egress};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::super::apps;
use super::super::output::Output;
use super::loaded;
use crate::composition;
use crate::configuration::Configuration;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// The integration, as `slack`.
    integration: String,
    /// A value of a variable, as `domain=acme`; repeat for more. Otherwise its default or its placeholder is taken.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// A file with the JSON that the service answers to the check: shows which account it would be.
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
}

pub(super) async fn run(configuration: &Configuration, output: Output, arguments: &Arguments) -> anyhow::Result<()> {
    let loaded = loaded(configuration)?;
    let integration = apps::find(&loaded.catalog, &arguments.integration)?;
    let protocol = Protocol::new(Egress::new(composition::egress_policy(configuration)?)?);
    let answer = match &arguments.answer {
        None => None,
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
            Some(serde_json::from_str::<Value>(&text).with_context(|| format!("{} is no JSON", file.display()))?)
        }
    };
    let mut ways = Vec::new();
    for way in &integration.auth {
        let samples = Samples::new(integration, way, &arguments.variables)?;
        ways.push(samples.way(integration, way, &protocol, answer.as_ref()).await?);
    }
    let value = json!({ "integration": integration.id, "ways": ways });
    output.say(&value, &told(integration, &ways));
    Ok(())
}

/// Stands for our own addresses.
const PUBLIC_URL: &str = "https://latchkey.example.com";

/// Sample values, by the names that templates use.
struct Samples {
    variables: BTreeMap<String, String>,
    credential: BTreeMap<String, String>,
}

impl Samples {
    fn new(integration: &Integration, way: &AuthMethod, given: &[String]) -> anyhow::Result<Self> {
        let mut variables = BTreeMap::new();
        let shared = integration
            .variables
            .iter()
            .map(|(name, variable)| (name.as_str(), variable));
        let plain = match &way.kind {
            AuthKind::OAuth2(_) => None,
            AuthKind::ApiKey(typed) => Some(typed.plain()),
        };
        let asked: BTreeMap<&str, &Variable> = shared.chain(plain.into_iter().flatten()).collect();
        for (name, variable) in &asked {
            let shown = variable.default.clone().or_else(|| variable.placeholder.clone());
            let usable = shown.filter(|value| variable.check(value).is_ok());
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
        for pair in given {
            let (name, value) = pair
                .split_once('=')
                .with_context(|| format!("`{pair}`: write --variable name=value"))?;
            if !variables.contains_key(name) {
                let known: Vec<&str> = variables.keys().map(String::as_str).collect();
                bail!(
                    "{} has no variable `{name}`; it has: {}",
                    integration.name,
                    known.join(", ")
                );
            }
            if let Some(variable) = asked.get(name) {
                variable
                    .check(value)
                    .map_err(|message| anyhow::anyhow!("{name}: {message}"))?;
            }
            variables.insert(name.to_owned(), value.to_owned());
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

    async fn way(
        &self,
        integration: &Integration,
        way: &AuthMethod,
        protocol: &Protocol,
        answer: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut inputs = self.inputs().text("app", "client_id", "sample-client-id");
        inputs.insert_text("signed", "jwt", "sample-signed-token");
        for (name, value) in &self.credential {
            inputs.insert_text("credential", name, value);
        }
        let mut told = json!({ "id": way.id, "kind": way.kind.name(), "title": way.title });
        if let AuthKind::OAuth2(oauth2) = &way.kind {
            told["authorize"] = json!(self.authorize(integration, oauth2, protocol).await?);
            if let Endpoints::Fixed { token, revoke, .. } = &oauth2.endpoints {
                told["token"] = json!(address(token, &inputs)?);
                told["revoke"] = json!(revoke.as_ref().map(|revoke| address(revoke, &inputs)).transpose()?);
            }
        }
        if let AuthKind::ApiKey(typed) = &way.kind
            && let Some(login) = &typed.login
        {
            let requests = login.requests.iter().map(|request| address(&request.url, &inputs));
            told["requests"] = json!(requests.collect::<anyhow::Result<Vec<_>>>()?);
        }
        told["headers"] = json!(filled(&way.headers, &inputs, Slot::Header)?);
        told["query"] = json!(filled(&way.query, &inputs, Slot::Plain)?);
        let base = address(&integration.api.base_url, &inputs);
        told["api"] = json!(base.as_ref().ok());
        if let Some(check) = &way.check {
            let target = match &check.target {
                CheckTarget::Path(path) => {
                    let path = path
                        .render(&inputs)
                        .context("the path of the check cannot be filled in")?;
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
                    let text = template.as_ref()?.render(&inputs, Slot::Plain).ok()?;
                    Some(text.expose_secret().to_owned())
                };
                told["account"] = json!({ "id": part(&check.account_id), "name": part(&check.account_name) });
            }
        }
        Ok(told)
    }

    async fn authorize(
        &self,
        integration: &Integration,
        oauth2: &OAuth2,
        protocol: &Protocol,
    ) -> anyhow::Result<String> {
        match &oauth2.endpoints {
            Endpoints::Discovered { issuer } => {
                let issuer = address(issuer, &self.inputs())?;
                return Ok(format!(
                    "read from {}/.well-known/openid-configuration",
                    issuer.trim_end_matches('/')
                ));
            }
            Endpoints::Resource { resource } => {
                return Ok(format!("told by {}", address(resource, &self.inputs())?));
            }
            Endpoints::Fixed { .. } => {}
        }
        let redirect_uri = format!("{PUBLIC_URL}/connections/oauth/callback/sample-app");
        let secret = "sample-client-secret".into();
        let client = Client {
            method: oauth2,
            client_id: "sample-client-id",
            client_secret: Some(&secret),
            redirect_uri: &redirect_uri,
            scopes: None,
            registered: None,
            inputs: self.inputs(),
        };
        let verifier = PkceVerifier::random();
        let url = protocol
            .authorize(&client, "sample-state", Some(&verifier), &[])
            .await
            .with_context(|| format!("the sign-in to {} cannot be filled in", integration.name))?;
        Ok(url.to_string())
    }
}

fn address(template: &UrlTemplate, inputs: &Inputs<'_>) -> anyhow::Result<String> {
    let source = template.template().source();
    let url = template
        .render(inputs)
        .with_context(|| format!("`{source}` cannot be filled in"))?;
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
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for (name, template) in templates {
        let unusable = || format!("`{name}` cannot be filled in");
        let Some(value) = template.render_present(inputs, slot).with_context(unusable)? else {
            continue;
        };
        let name = name.template().render(inputs, slot).with_context(unusable)?;
        all.insert(name.expose_secret().to_owned(), value.expose_secret().to_owned());
    }
    Ok(all)
}

/// For people.
fn told(integration: &Integration, ways: &[Value]) -> String {
    let mut lines = vec![format!("{}, with sample values; nothing was sent.", integration.name)];
    for way in ways {
        let word = |key: &str| way[key].as_str();
        lines.push(format!(
            "\n{} ({})",
            word("title").unwrap_or_default(),
            word("kind").unwrap_or_default()
        ));
        let mut line = |name: &str, text: String| lines.push(format!("  {name:<10}{text}"));
        for key in ["authorize", "token", "revoke", "api"] {
            if let Some(text) = word(key) {
                line(key, text.to_owned());
            }
        }
        for (key, separator) in [("headers", ": "), ("query", "=")] {
            for (name, value) in way[key].as_object().into_iter().flatten() {
                let value = value.as_str().unwrap_or_default();
                line(key.trim_end_matches('s'), format!("{name}{separator}{value}"));
            }
        }
        if let (Some(method), Some(url)) = (way["check"]["method"].as_str(), way["check"]["url"].as_str()) {
            line("check", format!("{method} {url}"));
        }
        if let Some(account) = way["account"].as_object() {
            let part = |key: &str| account.get(key).and_then(Value::as_str).unwrap_or("not in the answer");
            line("account", format!("id {}, name {}", part("id"), part("name")));
        }
    }
    lines.join("\n")
}
