//! Credentials that leave: to a caller with the scope for it, after the audit log has it, and never a refresh token.

use std::net::IpAddr;

use chrono::SecondsFormat;
use serde_json::json;
use store::{ChainedEntry, Connection, Exportable};

use crate::passthrough::ended;
use crate::{Broker, Caller, Kind, Problem, Scope};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct CredentialRequest<'a> {
    /// The connection's id or key.
    pub connection: &'a str,
    /// Seconds that the access token must be good for; less is refreshed first.
    pub min_ttl: Option<u32>,
    /// What the caller has already.
    pub known: Known,
    /// The caller's address, for the audit log.
    pub from: Option<IpAddr>,
    /// What the audit log calls it: `credential.read` or `credential.exchange`.
    pub action: &'static str,
}

/// What a caller has already (RFC 9110 §13.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    #[default]
    Nothing,
    /// Whatever there is.
    Anything,
    /// One of these tags.
    Tags(Vec<[u8; 16]>),
}

impl Known {
    fn has(&self, tag: &[u8; 16]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Anything => true,
            Self::Tags(tags) => tags.contains(tag),
        }
    }
}

/// The answer, after the audit log has it.
#[derive(Debug)]
pub enum Exported<T, E> {
    /// What `form` made of the credential.
    Given(T),
    /// The caller has this one already.
    Known {
        /// Its tag.
        tag: [u8; 16],
    },
    /// It cannot be given in this form.
    Withheld(E),
}

impl Broker {
    /// Gives a credential out, in the form that `form` makes of it. That is made first, then the audit log has the entry,
    /// durably, and then this returns: an entry says `exported` only where nothing but the log could still refuse. Refused
    /// calls are noted too, those of `form` under its word.
    ///
    /// # Errors
    /// Those of a call through the connection; `token_ends_soon` (424) where no token is good for `min_ttl`;
    /// `audit_unwritable` (503). An entry that is written after that is followed by one that says `withheld`.
    pub async fn read_credential<T, E>(
        &self,
        caller: &Caller,
        asked: CredentialRequest<'_>,
        form: impl FnOnce(&Exportable) -> Result<T, (&'static str, E)>,
    ) -> Result<Exported<T, E>, Problem> {
        let (subject, outcome) = match self.exportable(caller, &asked).await {
            Ok((connection, export)) => (connection.id.to_string(), Ok(export)),
            Err((connection, problem)) => (
                connection.map_or_else(|| "unknown".to_owned(), |connection| connection.id.to_string()),
                Err(problem),
            ),
        };
        let generation = outcome.as_ref().ok().map(|export| export.generation);
        let (result, answer) = match outcome {
            Ok(export) if asked.known.has(&export.tag) => ("not_modified", Ok(Exported::Known { tag: export.tag })),
            Ok(export) => match form(&export) {
                Ok(given) => ("exported", Ok(Exported::Given(given))),
                Err((word, why)) => (word, Ok(Exported::Withheld(why))),
            },
            Err(problem) => (problem.key(), Err(problem)),
        };
        let detail = |result: &str| {
            json!({
                "result": result,
                "ip": asked.from.map(|address| address.to_string()),
                "generation": generation,
            })
        };
        let entry = ChainedEntry {
            project: caller.project,
            environment: caller.environment,
            action: asked.action,
            actor: caller.actor(),
            subject,
            detail: detail(result),
        };
        let written = self.store().audit_first(entry.clone()).await;
        // A refusal gives nothing away, so it does not depend on the log.
        let answer = answer?;
        if matches!(answer, Exported::Withheld(_)) {
            return Ok(answer);
        }
        if let Err(error) = written {
            // The entry may be there all the same, or come late.
            let withheld = ChainedEntry {
                detail: detail("withheld"),
                ..entry
            };
            let broker = self.clone();
            tokio::spawn(async move { broker.audit_outcome(withheld).await });
            return Err(unwritable(error));
        }
        Ok(answer)
    }

    /// Says what became of something that the audit log has as begun.
    pub(crate) async fn audit_outcome(&self, entry: ChainedEntry) {
        let (action, subject) = (entry.action, entry.subject.clone());
        if let Err(error) = self.store().audit_first(entry).await {
            tracing::error!(%error, action, subject, "the audit log does not have how this ended");
        }
    }

    async fn exportable(
        &self,
        caller: &Caller,
        asked: &CredentialRequest<'_>,
    ) -> Result<(Connection, Exportable), (Option<Connection>, Problem)> {
        caller
            .require(Scope::CredentialsRead)
            .map_err(|problem| (None, problem))?;
        let connection = self
            .find(caller, asked.connection)
            .await
            .map_err(|problem| (None, problem))?;
        match self.fresh(caller, &connection, asked.min_ttl).await {
            Ok(export) => Ok((connection, export)),
            Err(problem) => Err((Some(connection), problem)),
        }
    }

    async fn fresh(
        &self,
        caller: &Caller,
        connection: &Connection,
        min_ttl: Option<u32>,
    ) -> Result<Exportable, Problem> {
        // Switched on, not failed, and refreshed when its token has ended.
        self.usable(caller, &connection.key).await?;
        let export = self.opened(connection).await?;
        let wanted = i64::from(min_ttl.unwrap_or(0));
        if good_for(&export, wanted) {
            return Ok(export);
        }
        if !export.refreshed_lately && self.is_refreshable(connection, &export) {
            let refreshed = self.refresh_in_turn(connection).await;
            refreshed.map_err(|problem| not_refreshed(problem, &export))?;
            let export = self.opened(connection).await?;
            if good_for(&export, wanted) {
                return Ok(export);
            }
        }
        let name = self.integration_name(&connection.integration);
        let message = if wanted == 0 {
            format!("The access token has ended and {name} gives no new one. Let its person connect again.")
        } else {
            format!("{name} gives no access token that is good for {wanted} seconds. Ask with a smaller `minTtl`.")
        };
        Err(Problem::new(Kind::FailedDependency, "token_ends_soon", message))
    }

    /// The credential of a connection that was there a moment ago.
    pub(crate) async fn opened(&self, connection: &Connection) -> Result<Exportable, Problem> {
        self.store()
            .exportable(connection.project, connection.environment, connection.id)
            .await?
            .ok_or_else(|| Problem::not_found("This connection"))
    }
}

/// A token without an end is good for ever; one that has ended is good for nothing, not even for no time.
fn good_for(export: &Exportable, seconds: i64) -> bool {
    export.expires_in.is_none_or(|left| left > 0 && left >= seconds)
}

/// A refresh that failed takes nothing away: until when the token at hand is good.
pub(crate) fn not_refreshed(problem: Problem, export: &Exportable) -> Problem {
    if problem.key() != "refresh_failed" {
        return problem;
    }
    let until = match (export.expires_in, export.expires_at) {
        (Some(left), _) if left <= 0 => return ended(problem),
        (Some(_), Some(end)) => format!("until {}", end.to_rfc3339_opts(SecondsFormat::Secs, true)),
        _ => "as long as the service takes it".to_owned(),
    };
    problem
        .reworded(|why| format!("The refresh did not go through, and the present access token is good {until}. {why}"))
}

/// Why nothing was given out.
pub(crate) fn unwritable(error: store::AuditUnwritable) -> Problem {
    tracing::error!(%error, "a credential was not given out");
    Problem::new(
        Kind::Unavailable,
        "audit_unwritable",
        "The audit log cannot be written at the moment, and nothing leaves without an entry in it. Try again in a few seconds; if it stays, whoever runs this server looks at its database.",
    )
    .with_retry_after(std::time::Duration::from_secs(5))
    .with_cause(error)
}

#[cfg(test)]
mod tests {
    use vault::{Credential, Fields};

    use super::*;

    fn with(expires_in: Option<i64>) -> Exportable {
        Exportable {
            connection: store::ConnectionId::generate(),
            key: String::new(),
            integration: String::new(),
            credential: Credential::Fields(Fields::new()),
            generation: 1,
            tag: [0; 16],
            expires_at: None,
            expires_in,
            refreshed_at: None,
            refreshed_lately: false,
            scopes: None,
            account_id: None,
            account_name: None,
        }
    }

    #[test]
    fn a_token_is_good_as_long_as_it_lives() {
        assert!(good_for(&with(None), 86_400));
        assert!(good_for(&with(Some(60)), 60) && good_for(&with(Some(1)), 0));
        assert!(!good_for(&with(Some(59)), 60) && !good_for(&with(Some(0)), 0) && !good_for(&with(Some(-5)), 0));
    }
}
