//! Values of an app that stand in the host of an address, as `instance` of GitLab: they decide where its secrets go. What is
//! agreed to is a definition's text, which says nothing of them; so who may build gives them once, and who manages moves
//! them.

use std::collections::{BTreeMap, BTreeSet};

use catalog::Integration;
use serde_json::{Value, json};
use store::{App, AppSettings, Role};

use crate::operators::{Permission, Signed, may};
use crate::{Broker, Kind, Problem};

/// What a save does to the values of an operator's variables.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangedValues {
    /// The names of those that change. A value may be a secret of the service, so it stands in no log.
    pub(crate) names: BTreeSet<String>,
    /// Of those that stand in an address, the value that was in force and the one that will be.
    pub(crate) addresses: BTreeMap<String, (Option<String>, Option<String>)>,
}

impl ChangedValues {
    pub(crate) fn new(integration: &Integration, known: Option<&App>, settings: &AppSettings) -> Self {
        let Some(wanted) = &settings.variables else {
            return Self::default();
        };
        let none = BTreeMap::new();
        let kept = known.map_or(&none, |app| &app.variables);
        let removed = settings.removed_secrets.iter();
        let removed = removed.filter(|name| known.is_some_and(|app| app.secret_names.contains(*name)));
        let names: BTreeSet<String> = kept
            .keys()
            .chain(wanted.keys())
            .filter(|name| kept.get(*name) != wanted.get(*name))
            .chain(removed)
            .cloned()
            .collect();
        let mut addresses = BTreeMap::new();
        for name in integration.address_variables() {
            let default = integration.variables.get(&name).and_then(|one| one.default.as_ref());
            // Whoever gave none is where the definition says.
            let (before, after) = (kept.get(&name).or(default), wanted.get(&name).or(default));
            if before != after {
                addresses.insert(name, (before.cloned(), after.cloned()));
            }
        }
        Self { names, addresses }
    }

    /// The addresses as the audit log has them.
    pub(crate) fn moved(&self) -> Value {
        let moved = self.addresses.iter();
        moved
            .map(|(name, (before, after))| (name.clone(), json!({ "before": before, "after": after })))
            .collect()
    }
}

impl Broker {
    /// Refuses a save that would send what is kept to another address, unless it is an operator's who manages the project and
    /// proved who they are; a key, which is no operator, proves nothing. A secret that is given anew in the same save is not
    /// what is kept.
    pub(crate) async fn require_may_move(
        &self,
        mover: Option<(&Signed, Role)>,
        integration: &Integration,
        known: &App,
        settings: &AppSettings,
        name: &str,
    ) -> Result<(), Problem> {
        let keeps_secret = known.has_client_secret && settings.client_secret.is_none();
        let keeps_key = known.public_key.is_some() && settings.client_key.is_none();
        let given = |name: &String| {
            let value = settings.variables.as_ref().and_then(|values| values.get(name));
            value.is_some_and(|value| !value.is_empty()) || settings.removed_secrets.contains(name)
        };
        let keeps_values = secret_values(integration, known).iter().any(|name| !given(name));
        let keeps_grants = self.store().app_keeps_grants(known.id).await?;
        if !(keeps_secret || keeps_key || keeps_values || keeps_grants) {
            return Ok(());
        }
        let mut message = match mover {
            Some((signed, role)) if may(role, Permission::Manage) => {
                return signed
                    .require_proof()
                    .map_err(|problem| problem.with_meta(json!({ "variable": name })));
            }
            Some(_) => "This address decides where secrets go. An admin changes it.".to_owned(),
            None => format!(
                "`{name}` decides where secrets go, and a key cannot prove that it is you. An admin changes it in the console, on the page of the integration, or whoever runs this server with `latchkey apps set`."
            ),
        };
        if !keeps_grants {
            message.push_str(
                " While nobody is connected, you can also give the client's secret or key, and each value that is a secret, anew in the same save.",
            );
        }
        Err(Problem::new(Kind::Forbidden, "address_is_kept", message).with_meta(json!({ "variable": name })))
    }
}

/// The names of values that are kept and are secrets: those that are sealed, and those in plain from before the definition
/// marked them.
fn secret_values(integration: &Integration, known: &App) -> BTreeSet<String> {
    let marked = |name: &&String| integration.variables.get(*name).is_some_and(|one| one.secret);
    let plain = known.variables.keys().filter(marked);
    known.secret_names.iter().chain(plain).cloned().collect()
}
