//! The definition's check with a credential that a connection has: what a test and the look at idle keys share.

use protocol::CheckError;
use store::{Callable, Tested};

use crate::texts::quoted;
use crate::{Broker, Problem};

/// The service does not accept the credential. Every other reason says nothing about it.
pub(crate) const CREDENTIAL_REFUSED: &str = "credential_refused";

impl Broker {
    /// Asks the service whose credential this is. `known` is the account that was connected.
    pub(crate) async fn proof_of(&self, callable: &Callable, known: Option<&str>) -> Tested {
        match self.account_of(callable).await {
            Ok(account) => {
                let changed = matches!((known, &account.id), (Some(known), Some(now)) if known != now);
                Tested {
                    accepted: !changed,
                    reason: changed.then_some("account_changed"),
                    message: changed.then(|| {
                        "The service names another account than the one that was connected. Let its person connect again.".to_owned()
                    }),
                    account_id: account.id,
                    account_name: account.name.map(|name| quoted(&name)),
                }
            }
            Err((reason, message)) => Tested::failed(reason, message),
        }
    }

    async fn account_of(&self, callable: &Callable) -> Result<protocol::Account, (&'static str, String)> {
        let ours = |problem: Problem| (problem.key(), problem.message().to_owned());
        let app = self
            .store()
            .app(callable.app)
            .await
            .map_err(|error| ours(error.into()))?
            .ok_or_else(|| ours(Problem::not_found("The app of this connection")))?;
        let catalog = self.catalog();
        let integration = catalog
            .get(&callable.integration)
            .ok_or_else(|| ours(Problem::not_found("The definition of this connection")))?;
        let filled = self
            .call_inputs(integration, &callable.auth_method, &app, &callable.variables)
            .await;
        let filled = filled.map_err(ours)?;
        let inputs = filled.inputs(self);
        self.protocol()
            .check(integration, (&callable.auth_method, &callable.credential), &inputs)
            .await
            .map_err(|error| refusal(&integration.name, &error))
    }
}

/// A failed check in two words for machines and a sentence for people.
pub(crate) fn refusal(name: &str, error: &CheckError) -> (&'static str, String) {
    match error {
        CheckError::Refused { provider_message, .. } => {
            let words = provider_message
                .as_deref()
                .map(quoted)
                .filter(|words| !words.is_empty());
            let quote = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
            (
                CREDENTIAL_REFUSED,
                format!("{name} does not accept this credential. Its person has to connect again.{quote}"),
            )
        }
        CheckError::Unavailable { .. } => (
            "provider_unavailable",
            format!("{name} could not be asked. Nothing is known about the credential; try again later."),
        ),
        CheckError::Unexpected { .. } => (
            "check_unexpected",
            format!(
                "{name} answered in a way that its definition does not foresee. Whoever runs this server looks at the definition."
            ),
        ),
        other => {
            tracing::warn!(error = %other, "a check cannot be made");
            (
                "check_impossible",
                format!(
                    "The check of {name} cannot be made. Whoever runs this server looks at the app and the definition."
                ),
            )
        }
    }
}
