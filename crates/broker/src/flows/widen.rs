//! A grant that is less than what was asked for is completed on the same connection: a session of its own leads the person
//! to the service once more. Whatever comes of it, the connection has no less than before.

use std::collections::BTreeMap;

use catalog::SetBy;
use chrono::{DateTime, Utc};
use store::{FlowId, FlowStatus, Session};
use vault::{SecretString, Token};

use super::start::accept;
use crate::sessions::Platform;
use crate::{Broker, Kind, Problem};

/// A session to grant the rest in.
#[derive(Debug)]
pub struct WideningSession {
    /// Its secret.
    pub request_id: Token,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Broker {
    /// A session that reconnects what a flow of this session has just connected. Only where something is missing and the
    /// account is known, since only then another account is told apart.
    pub async fn widen(&self, request_id: &Token, flow: FlowId) -> Result<WideningSession, Problem> {
        let session = self.live_session(request_id).await?;
        let flow = self
            .store()
            .flow(flow)
            .await?
            .filter(|flow| flow.session == session.id)
            .ok_or_else(|| Problem::not_found("This sign-in"))?;
        let connection = match (flow.status, flow.connection) {
            (FlowStatus::Succeeded, Some(id)) => self.store().connection(flow.project, flow.environment, id).await?,
            _ => None,
        };
        let missing = match &connection {
            Some(connection) => self.missing_of(&flow, connection).await?,
            None => Vec::new(),
        };
        if missing.is_empty() {
            return Err(Problem::new(
                Kind::Conflict,
                "nothing_missing",
                "There is nothing more to grant to this connection.",
            ));
        }
        let request_id = Token::generate();
        let expires_at = self
            .store()
            .open_widening_session(session.id, flow.id, &request_id.digest())
            .await?
            .ok_or_else(|| {
                Problem::new(
                    Kind::Conflict,
                    "cannot_widen",
                    "The rest cannot be granted from here. Connect again in the app.",
                )
            })?;
        tracing::info!(flow = %flow.id, connection = ?flow.connection, "the rest of a grant is asked for");
        Ok(WideningSession { request_id, expires_at })
    }

    /// The way to sign in and the values that the connection has: nothing is asked again.
    pub(super) async fn as_before(
        &self,
        session: &Session,
        platform: &Platform,
    ) -> Result<(String, BTreeMap<String, String>), Problem> {
        let known = self
            .connection_to_replace(session)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))?;
        let given = known
            .variables
            .into_iter()
            .filter(|(name, _)| {
                let declared = platform.integration.variables.get(name);
                declared.is_some_and(|variable| variable.set_by == SetBy::Person)
            })
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect();
        accept(platform, Some(&known.auth_method), given)
    }
}
