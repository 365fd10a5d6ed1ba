//! The form of an app: what was typed in becomes settings, and comes back where it is refused. A secret never comes back.

use std::collections::{BTreeMap, BTreeSet};

use broker::{App, GivenKey, PlatformSettings, SANDBOXES, Shelved};
use catalog::{AuthKind, Integration, SetBy, VariableKind};
use secrecy::{ExposeSecret, SecretString};

use super::field;
use crate::app_scopes::{oauth2, offered, required, usual};
use crate::console::pages::Choice;

/// What was sent.
#[derive(Debug)]
pub(super) struct Sent {
    client_id: String,
    client_secret: Option<SecretString>,
    key: String,
    key_text: Option<SecretString>,
    key_id: String,
    scopes: BTreeSet<String>,
    further: String,
    variables: BTreeMap<String, SecretString>,
    removed: BTreeSet<String>,
    revision: i64,
}

impl Sent {
    pub(super) fn read(form: &[(String, String)], shelved: &Shelved) -> Self {
        let trimmed = |name: &str| field(form, name).trim().to_owned();
        let secret = |name: &str| {
            Some(trimmed(name))
                .filter(|text| !text.is_empty())
                .map(SecretString::from)
        };
        let of_operator = || operator_variables(&shelved.integration);
        let is_removed = |name: &&str| !field(form, &format!("remove.{name}")).is_empty();
        Self {
            client_id: trimmed("client_id"),
            client_secret: secret("client_secret"),
            key: trimmed("key"),
            key_text: secret("key_text"),
            key_id: trimmed("key_id"),
            scopes: form
                .iter()
                .filter(|(name, value)| name == "scope" && !value.is_empty())
                .map(|(_, value)| value.clone())
                .collect(),
            further: trimmed("further"),
            removed: of_operator().filter(is_removed).map(ToOwned::to_owned).collect(),
            variables: of_operator()
                .map(|name| (name.to_owned(), trimmed(&format!("variable.{name}")).into()))
                .collect(),
            revision: field(form, "revision").parse().unwrap_or_default(),
        }
    }

    /// The settings, or what is wrong with them before anything is asked.
    pub(super) fn wanted(&self, shelved: &Shelved) -> Result<PlatformSettings, broker::Problem> {
        let integration = &shelved.integration;
        let bad = |key: &'static str, message: String| broker::Problem::new(broker::Kind::Unprocessable, key, message);
        let app = shelved.app.as_ref();
        let takes_client = takes_client(integration);
        if takes_client && self.client_id.is_empty() && app.is_some_and(|app| app.client_id.is_some()) {
            return Err(bad(
                "bad_client_id",
                format!(
                    "The client id is empty. Give the one that {} shows, or switch it off.",
                    integration.name
                ),
            ));
        }
        let client_key = match self.key.as_str() {
            "made" => Some((GivenKey::Made, self.key_id())),
            "given" => match &self.key_text {
                Some(text) => Some((GivenKey::Text(text.clone()), self.key_id())),
                None => {
                    return Err(bad(
                        "bad_client_key",
                        "No key was pasted. Paste it in PEM or as a JWK.".to_owned(),
                    ));
                }
            },
            _ => None,
        };
        Ok(PlatformSettings {
            integration: integration.id.as_str().to_owned(),
            active: app.is_none_or(|app| app.enabled),
            client_id: (takes_client && !self.client_id.is_empty()).then(|| self.client_id.clone()),
            client_secret: self.client_secret.clone().filter(|_| takes_client),
            client_key: client_key.filter(|_| takes_client),
            scopes: self.chosen(integration).map_err(|message| bad("bad_scopes", message))?,
            variables: (!self.variables.is_empty()).then(|| self.variables.clone()),
            removed_secrets: self.removed.clone(),
            revision: Some(self.revision),
        })
    }

    fn key_id(&self) -> Option<String> {
        (!self.key_id.is_empty()).then(|| self.key_id.clone())
    }

    /// None in the list: those of the definition, whatever it says later.
    fn chosen(&self, integration: &Integration) -> Result<Option<Vec<String>>, String> {
        if oauth2(integration).next().is_none() {
            return Ok(None);
        }
        let usual = usual(integration);
        let required = required(integration);
        let further = self.further.split(|one: char| one.is_whitespace() || one == ',');
        let further = further.filter(|one| !one.is_empty()).map(ToOwned::to_owned);
        let mut all = self.scopes.clone();
        all.extend(further);
        all.retain(|one| !required.contains(one));
        if all.is_empty() && !usual.is_empty() {
            return Err("No scope is chosen. Choose at least one; the usual ones are marked.".to_owned());
        }
        if all == usual.iter().filter(|one| !required.contains(*one)).cloned().collect() {
            return Ok(Some(Vec::new()));
        }
        let mut ordered: Vec<String> = offered(integration).into_iter().filter(|one| all.remove(one)).collect();
        ordered.extend(all);
        Ok(Some(ordered))
    }
}

fn operator_variables(integration: &Integration) -> impl Iterator<Item = &str> {
    let of_operator = |(_, variable): &(&String, &catalog::Variable)| variable.set_by == SetBy::Operator;
    integration
        .variables
        .iter()
        .filter(of_operator)
        .map(|(name, _)| name.as_str())
}

/// Whether an operator gives it a client.
pub(super) fn takes_client(integration: &Integration) -> bool {
    !SANDBOXES.contains(&integration.id.as_str()) && integration.auth.iter().any(|method| method.kind.needs_app())
}

/// A scope to choose.
#[derive(Debug)]
pub(super) struct ScopeRow {
    pub(super) scope: String,
    /// In plain words, where the definition has them.
    pub(super) words: Option<String>,
    pub(super) is_usual: bool,
    pub(super) is_required: bool,
    pub(super) chosen: bool,
}

/// A value that the definition asks the operator for.
#[derive(Debug)]
pub(super) struct VariableRow {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) help: Option<String>,
    pub(super) placeholder: String,
    pub(super) default: Option<String>,
    pub(super) is_optional: bool,
    pub(super) is_long: bool,
    pub(super) choices: Vec<Choice>,
    /// Of a secret, whether one is kept.
    pub(super) secret: Option<bool>,
    /// Whether it is an address that something is kept for, which not everybody moves.
    pub(super) is_kept: bool,
    pub(super) value: String,
}

/// The form as it is shown.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a part of the form that is there or not"
)]
pub(super) struct AppForm {
    pub(super) revision: i64,
    pub(super) takes_client: bool,
    pub(super) client_id: String,
    /// The one that is kept, where another was typed in.
    pub(super) kept_id: Option<String>,
    pub(super) takes_secret: bool,
    pub(super) has_secret: bool,
    pub(super) takes_key: bool,
    pub(super) has_key: bool,
    pub(super) key: String,
    pub(super) key_id: String,
    pub(super) has_scopes: bool,
    pub(super) scopes: Vec<ScopeRow>,
    pub(super) further: String,
    pub(super) variables: Vec<VariableRow>,
    /// Whether the names of OAuth 1 are used: consumer key and secret.
    pub(super) is_oauth1: bool,
}

impl AppForm {
    pub(super) fn new(shelved: &Shelved, sent: Option<&Sent>) -> Self {
        let integration = &shelved.integration;
        let app = shelved.app.as_ref();
        let kinds = || integration.auth.iter().map(|method| &method.kind);
        let kept_id = app.and_then(|app| app.client_id.clone());
        let client_id = sent.map_or_else(|| kept_id.clone().unwrap_or_default(), |sent| sent.client_id.clone());
        let takes_client = takes_client(integration);
        let takes_key = kinds().any(|kind| kind.client_assertion().is_some());
        let has_key = app.is_some_and(|app| app.public_key.is_some());
        let (scopes, further) = scope_rows(integration, app, sent);
        let keeps_text = app.is_some_and(|app| app.has_client_secret || !app.secret_names.is_empty());
        let keeps = has_key || shelved.connections.number > 0 || keeps_text;
        let addresses = if keeps {
            integration.address_variables()
        } else {
            BTreeSet::new()
        };
        Self {
            revision: app.map_or(0, |app| app.revision),
            takes_client,
            kept_id: kept_id.filter(|kept| sent.is_some() && *kept != client_id),
            client_id,
            takes_secret: takes_client && kinds().any(|kind| kind.needs_app() && kind.needs_client_secret()),
            has_secret: app.is_some_and(|app| app.has_client_secret),
            takes_key: takes_client && takes_key,
            has_key,
            key: sent.map_or_else(
                || if has_key { "keep" } else { "made" }.to_owned(),
                |sent| sent.key.clone(),
            ),
            key_id: sent.map(|sent| sent.key_id.clone()).unwrap_or_default(),
            has_scopes: oauth2(integration).next().is_some(),
            scopes,
            further,
            variables: operator_variables(integration)
                .filter_map(|name| variable_row(integration, name, app, sent, addresses.contains(name)))
                .collect(),
            is_oauth1: kinds().all(|kind| matches!(kind, AuthKind::OAuth1(_))),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.takes_client && !self.has_scopes && self.variables.is_empty()
    }
}

fn scope_rows(integration: &Integration, app: Option<&App>, sent: Option<&Sent>) -> (Vec<ScopeRow>, String) {
    let (usual, required) = (usual(integration), required(integration));
    let kept: BTreeSet<String> = match app.and_then(|app| app.scopes.as_ref()) {
        Some(scopes) => scopes.iter().cloned().collect(),
        None => usual.clone(),
    };
    let chosen = sent.map_or(&kept, |sent| &sent.scopes);
    let words = |scope: &String| oauth2(integration).find_map(|one| one.scopes.known.get(scope)).cloned();
    let row = |scope: String, is_required: bool| ScopeRow {
        words: words(&scope),
        is_usual: usual.contains(&scope),
        chosen: is_required || chosen.contains(&scope),
        is_required,
        scope,
    };
    let offered = offered(integration);
    let mut rows: Vec<ScopeRow> = required.iter().cloned().map(|scope| row(scope, true)).collect();
    rows.extend(
        offered
            .iter()
            .filter(|scope| !required.contains(*scope))
            .cloned()
            .map(|scope| row(scope, false)),
    );
    let further = sent.map_or_else(
        || {
            let is_typed = |scope: &&String| !offered.contains(*scope) && !required.contains(*scope);
            let typed: Vec<&str> = kept.iter().filter(is_typed).map(String::as_str).collect();
            typed.join("\n")
        },
        |sent| sent.further.clone(),
    );
    (rows, further)
}

fn variable_row(
    integration: &Integration,
    name: &str,
    app: Option<&App>,
    sent: Option<&Sent>,
    is_kept: bool,
) -> Option<VariableRow> {
    let variable = integration.variables.get(name)?;
    let value = match sent {
        Some(sent) => sent.variables.get(name).map(ExposeSecret::expose_secret),
        None => app.and_then(|app| app.variables.get(name)).map(String::as_str),
    };
    // A secret never comes back.
    let value = value.filter(|_| !variable.secret).unwrap_or_default().to_owned();
    let choices = match &variable.kind {
        VariableKind::Choice(choices) if variable.other.is_none() => choices
            .iter()
            .map(|choice| Choice {
                value: choice.value.clone(),
                label: choice.label.clone(),
                chosen: choice.value == value,
            })
            .collect(),
        _ => Vec::new(),
    };
    Some(VariableRow {
        name: name.to_owned(),
        title: variable.title.clone(),
        help: variable.help.clone(),
        placeholder: variable.placeholder.clone().unwrap_or_default(),
        default: variable.default.clone(),
        is_optional: variable.optional,
        is_long: matches!(variable.kind, VariableKind::Multiline),
        secret: variable
            .secret
            .then(|| app.is_some_and(|app| app.has_variable(name, true))),
        choices,
        is_kept,
        value,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use broker::{Counted, Standing};

    use super::*;

    const ACME: &str = "id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: https://acme.example/authorize }
    token: { url: https://acme.example/token, client_auth: body }
    scopes:
      default: [read, write]
      required: [offline]
      known: { read: Read everything, admin: Change the settings }
    headers: { Authorization: \"Bearer ${credential.access_token}\" }
api: { base_url: https://api.acme.example }
check: { get: /me, account: { id: \"${body.id}\" } }
";

    fn shelved() -> Shelved {
        let loaded = catalog::load_sources([("acme.yaml", ACME)]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        Shelved {
            integration: Arc::clone(loaded.catalog.get("acme").unwrap()),
            app: None,
            standing: Standing::Off,
            connections: Counted::default(),
            attention: None,
        }
    }

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        let form: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Sent::read(&form, &shelved())
    }

    #[test]
    fn the_usual_scopes_stay_those_of_the_definition() {
        let shelved = shelved();
        let scopes = |pairs: &[(&str, &str)]| sent(pairs).wanted(&shelved).map(|wanted| wanted.scopes.unwrap());
        assert_eq!(
            scopes(&[("scope", "write"), ("scope", "read")]).unwrap(),
            Vec::<String>::new()
        );
        assert_eq!(scopes(&[("scope", "read")]).unwrap(), ["read"]);
        assert_eq!(
            scopes(&[
                ("scope", "admin"),
                ("scope", "read"),
                ("further", " own:1, own:2\nread offline")
            ])
            .unwrap(),
            ["read", "admin", "own:1", "own:2"]
        );
        assert_eq!(scopes(&[]).unwrap_err().key(), "bad_scopes");
    }

    #[test]
    fn what_was_typed_in_comes_back_and_no_secret() {
        let sent = sent(&[
            ("client_id", " 12 "),
            ("client_secret", "s3cret"),
            ("further", "own"),
            ("scope", "admin"),
        ]);
        let form = AppForm::new(&shelved(), Some(&sent));
        assert_eq!((form.client_id.as_str(), form.further.as_str()), ("12", "own"));
        let chosen: Vec<&str> = form
            .scopes
            .iter()
            .filter(|row| row.chosen)
            .map(|row| row.scope.as_str())
            .collect();
        assert_eq!(chosen, ["offline", "admin"]);
        assert!(!format!("{form:?}").contains("s3cret"));
    }
}
