//! The part of an import that goes on to its end, whoever waits for it: written, proved by a refresh, kept or taken back.

use std::time::Duration;

use serde_json::json;
use store::{ChainedEntry, ConnectionId, Imported, NewConnection, OnDemand, Origin};

use super::{ImportRequest, ImportedConnection, Prove};
use crate::exports::unwritable;
use crate::refresh::{ASKED_ONCE_MORE, TRIED_AGAIN};
use crate::{Broker, Caller, Kind, Problem};

/// Between two looks whether an import was taken back, and how many there are.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 20;

impl Broker {
    /// From the entry in the audit log to the proof. Where it fails, the log has that, too.
    pub(super) async fn keep_import(
        &self,
        caller: &Caller,
        request: &ImportRequest,
        new: &NewConnection,
        tags: &[String],
        unproved: Option<(&'static str, String)>,
    ) -> Result<ImportedConnection, Problem> {
        let entry = import_entry(caller, request, &new.key, "accepted");
        self.store().audit_first(entry).await.map_err(unwritable)?;
        let done = self.made_and_proved(caller, request, new, tags, unproved).await;
        let ended = match &done {
            Ok(imported) if imported.new => None,
            Ok(_) => Some("made_earlier"),
            Err(problem) => Some(problem.key()),
        };
        if let Some(result) = ended {
            self.audit_outcome(import_entry(caller, request, &new.key, result))
                .await;
        }
        done
    }

    async fn made_and_proved(
        &self,
        caller: &Caller,
        request: &ImportRequest,
        new: &NewConnection,
        tags: &[String],
        mut unproved: Option<(&'static str, String)>,
    ) -> Result<ImportedConnection, Problem> {
        let origin = if request.moved { Origin::Move } else { Origin::Import };
        let made = self
            .store()
            .import_connection(new, tags, origin, request.repeatable.as_ref())
            .await?;
        if let (Imported::New(id), Prove::Refresh) = (made, request.prove) {
            unproved = self.prove_by_refresh(caller, id, request.keep).await?;
        }
        // A refresh that failed has left its words with the connection already.
        if let (Imported::New(id), Prove::Check, Some((reason, message))) = (made, request.prove, &unproved) {
            self.store().note_unproved(id, reason, message).await?;
        }
        self.await_proof(caller, made, request).await?;
        self.imported(caller, made, unproved).await
    }

    /// A request that is repeated while the first is being proved: what will be taken back must not be told as made.
    pub(super) async fn await_proof(
        &self,
        caller: &Caller,
        made: Imported,
        request: &ImportRequest,
    ) -> Result<(), Problem> {
        let (Imported::Earlier(id), Prove::Refresh, false) = (made, request.prove, request.keep) else {
            return Ok(());
        };
        let connection = self.find(caller, &id.to_string()).await?;
        // The first request takes its turn a moment after the connection is there.
        let mut turn = self.store().turn_had(id, OnDemand::Refresh).await?;
        for _ in 0..LOOKS {
            if turn.is_some() {
                break;
            }
            tokio::time::sleep(LOOK).await;
            turn = self.store().turn_had(id, OnDemand::Refresh).await?;
        }
        let Some(turn) = turn else { return Ok(()) };
        let (outcome, _, _) = self.others_turn(&connection, OnDemand::Refresh, turn).await?;
        let Some(message) = outcome["message"].as_str() else {
            return Ok(());
        };
        // Taken back a moment after the end, unless it was a refresh of later that failed.
        for _ in 0..LOOKS {
            let there = self.store().connection(caller.project, caller.environment, id).await?;
            if there.is_none() {
                let name = self.integration_name(&connection.integration);
                return Err(not_proved(&name, message, outcome["asked"] != false));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    pub(super) async fn imported(
        &self,
        caller: &Caller,
        made: Imported,
        unproved: Option<(&'static str, String)>,
    ) -> Result<ImportedConnection, Problem> {
        let (id, new) = match made {
            Imported::New(id) => (id, true),
            Imported::Earlier(id) => (id, false),
            Imported::OtherRequest => {
                return Err(Problem::new(
                    Kind::Unprocessable,
                    "idempotency_key_reused",
                    "This `Idempotency-Key` came with another request in the last day. Send a new key with a new request.",
                ));
            }
        };
        tracing::info!(connection = %id, new, "a connection was imported");
        Ok(ImportedConnection {
            connection: self.find(caller, &id.to_string()).await?,
            new,
            unproved,
        })
    }

    /// Refreshes a new import through the lease. Without success it is taken back, unless it is to be kept.
    async fn prove_by_refresh(
        &self,
        caller: &Caller,
        id: ConnectionId,
        keep: bool,
    ) -> Result<Option<(&'static str, String)>, Problem> {
        let connection = self.find(caller, &id.to_string()).await?;
        let Err(problem) = self.refresh_in_turn(&connection).await else {
            return Ok(None);
        };
        if keep {
            return Ok(Some(("import_not_proved", problem.message().to_owned())));
        }
        self.store().discard_import(&connection).await?;
        let name = self.integration_name(&connection.integration);
        let asked = problem.meta().is_none_or(|meta| meta["asked"] != false);
        Err(not_proved(&name, problem.message(), asked))
    }
}

fn not_proved(name: &str, why: &str, asked: bool) -> Problem {
    // What comes after is of a connection that stays, and this one does not.
    let why = why.replace(ASKED_ONCE_MORE, "").replace(TRIED_AGAIN, "");
    Problem::new(
        Kind::FailedDependency,
        "import_not_proved",
        if asked {
            format!(
                "{why} Nothing was kept. If {name} gives a new refresh token with each refresh, the one that you sent may be spent."
            )
        } else {
            format!("{why} Nothing was kept, and the refresh token that you sent was not used.")
        },
    )
}

fn import_entry(caller: &Caller, request: &ImportRequest, key: &str, result: &str) -> ChainedEntry {
    ChainedEntry {
        project: caller.project,
        environment: caller.environment,
        action: "connection.import",
        actor: caller.actor(),
        subject: key.to_owned(),
        detail: json!({
            "result": result,
            "ip": request.from.map(|address| address.to_string()),
            "moved": request.moved,
        }),
    }
}
