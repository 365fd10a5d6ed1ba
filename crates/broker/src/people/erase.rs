//! The erasure of an identity: its connections by the path of every deletion, then whatever names it. In bounded steps, so
//! that no request lasts for ever; whoever asks again goes on where it stopped.

use serde::Serialize;
use serde_json::json;
use store::{AuditEntry, Identity, IdentityType, OwnedBy, RevocationStatus};

use crate::texts::plain;
use crate::{Broker, Caller, Problem, Scope};

/// Connections that one call deletes.
const CONNECTIONS: usize = 500;
/// Connections that are read at once.
const PAGE: i64 = 100;
/// Bites of everything else in one call.
const TURNS: usize = 20;

/// What a call erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Connections that were deleted; their grants are revoked at the services.
    pub connections: u64,
    /// Connect sessions that ended, with their sign-ins.
    pub sessions: u64,
    /// Links.
    pub links: u64,
    /// Events that lost its name.
    pub events: u64,
    /// Whether nothing is left; if not, the same call goes on.
    pub complete: bool,
}

impl Broker {
    /// Erases an identity: deletes its connections, and takes its name away from all that is kept.
    ///
    /// # Errors
    /// A scope is missing, the identity cannot be one, the database is away.
    pub async fn erase_identity(&self, caller: &Caller, identity: &str, kind: IdentityType) -> Result<Erased, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        caller.require(Scope::SessionsWrite)?;
        let Some(id) = plain("identity", Some(identity.to_owned()), 128)? else {
            return Err(Problem::bad_request(
                "identity_missing",
                "The identity to erase is empty. Name it as your sessions did.",
            ));
        };
        let identity = Identity { id, kind };
        // The log is for ever, so it names nobody.
        let entry = AuditEntry {
            project: Some(caller.project),
            environment: Some(caller.environment),
            action: "identity.erased",
            actor: caller.actor(),
            subject: Some(format!(
                "identity:{}",
                self.store().identity_tag(caller.project, &identity)
            )),
            detail: &json!({ "identity_type": kind }),
        };
        self.store().audit(entry).await?;
        let mut erased = Erased::default();
        let (is_empty, revoking) = self.erase_connections(caller, &identity, &mut erased).await?;
        for _ in 0..TURNS {
            let names = self
                .store()
                .erase_names(caller.project, caller.environment, &identity)
                .await?;
            erased.sessions += names.sessions;
            erased.links += names.links;
            erased.events += names.events;
            if !names.more {
                erased.complete = is_empty;
                break;
            }
        }
        // Its events tell how it went, and by now they name nobody.
        if revoking {
            self.revoke_soon();
        }
        tracing::info!(
            connections = erased.connections,
            sessions = erased.sessions,
            complete = erased.complete,
            "an identity was erased"
        );
        Ok(erased)
    }

    /// Deletes its connections; whether none is left, and whether grants wait to be revoked.
    async fn erase_connections(
        &self,
        caller: &Caller,
        identity: &Identity,
        erased: &mut Erased,
    ) -> Result<(bool, bool), Problem> {
        let scope = OwnedBy {
            project: caller.project,
            environment: caller.environment,
            identity: &identity.id,
            identity_type: identity.kind,
            integrations: None,
        };
        let mut revoking = false;
        let mut deleted = 0;
        while deleted < CONNECTIONS {
            let (page, _) = self.store().owned_connections(&scope, None, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for connection in page {
                let reach = self.reach(&connection.integration, &connection.auth_method);
                // Somebody else may be first.
                if let Some(parting) = self.store().delete_connection(&connection, reach).await? {
                    erased.connections += 1;
                    revoking |= parting.revocation == RevocationStatus::Pending;
                }
                deleted += 1;
            }
        }
        let (rest, _) = self.store().owned_connections(&scope, None, 1).await?;
        Ok((rest.is_empty(), revoking))
    }
}
