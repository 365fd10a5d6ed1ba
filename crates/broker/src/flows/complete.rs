//! Verified finish: the customer's backend says who finished a flow.

use store::{AuditEntry, Completed, Connection, IdentityType};
use vault::Token;

use crate::keys::connection_key;
use crate::{Broker, Caller, Kind, Problem, Scope};

impl Broker {
    /// Confirms a quarantined grant for the identity that the customer's own session names. Another identity ends the
    /// flow, and its grant is revoked.
    pub async fn complete(
        &self,
        caller: &Caller,
        code: &Token,
        identity: &str,
        identity_type: Option<IdentityType>,
    ) -> Result<(Box<Connection>, Option<String>), Problem> {
        caller.require(Scope::SessionsWrite)?;
        let completed = self
            .store()
            .complete_flow(
                caller.project,
                caller.environment,
                &code.digest(),
                identity,
                identity_type,
                |flow, session| connection_key(flow.environment, &flow.integration, &session.owner),
            )
            .await?;
        match completed {
            Completed::Connected(connection, return_url) => Ok((connection, return_url)),
            Completed::AnotherIdentity => {
                let entry = AuditEntry {
                    project: Some(caller.project),
                    environment: Some(caller.environment),
                    action: "flow.another_identity",
                    actor: caller.actor(),
                    subject: None,
                    detail: &serde_json::json!({}),
                };
                self.store().audit(entry).await?;
                Err(Problem::new(
                    Kind::Forbidden,
                    "another_identity",
                    "The sign-in was started for another identity. It was refused and the grant is being revoked.",
                ))
            }
            Completed::Gone => Err(Problem::new(
                Kind::Gone,
                "completion_gone",
                "This completion code was used before, or its five minutes are over.",
            )),
            Completed::Unknown => Err(Problem::not_found("This completion code")),
        }
    }
}
