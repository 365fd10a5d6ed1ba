//! Grants that wait, sealed in their flow: for the person's choice (`choosing`) or for the customer's backend
//! (`verifying`). Whatever ends such a flow without a connection gives its grant back in the same transaction.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use vault::{Credential, Digest, Environment, Place};
use zeroize::Zeroizing;

use super::finish::Finished;
use super::steps::secrets_place;
use super::{Flow, FlowId, FlowStatus, told};
use crate::{AppId, Grant, NewCredential, RevocationId, Session, SessionId, Store, StoreError};

/// How a flow whose grant waits ends without a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a> {
    pub(super) from: FlowStatus,
    pub(super) to: FlowStatus,
    pub(super) code: &'a str,
    pub(super) message: &'a str,
}

/// Typed-in values that reach several accounts: a flow that begins with the choice.
#[derive(Debug)]
pub struct HeldForm {
    /// The app.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// Digest of the result handle.
    pub result: Digest,
    /// The origin of the page that embeds the modal.
    pub embedder: Option<String>,
    /// The person's name for the connection.
    pub name: Option<String>,
}

/// What is kept beside a sealed grant.
#[derive(Serialize, Deserialize)]
struct Beside {
    proved: bool,
    account_id: Option<String>,
    account_name: Option<String>,
    variables: std::collections::BTreeMap<String, String>,
    scopes: Option<Vec<String>>,
    expires_in: Option<u64>,
    refresh_in: Option<u64>,
    granted_at: DateTime<Utc>,
}

/// A grant as it waits.
struct Held {
    sealed: vault::Sealed,
    beside: Beside,
}

/// A row whose time is over.
struct Row {
    id: FlowId,
    quarantined: Option<Vec<u8>>,
    quarantined_account: Option<serde_json::Value>,
}

fn grant_place(project: uuid::Uuid, environment: Environment, flow: FlowId) -> Place {
    Place {
        project,
        environment,
        record: flow.0,
        column: "flows.quarantined",
        generation: 0,
    }
}

fn place_of(flow: &Flow) -> Place {
    grant_place(flow.project.0, flow.environment, flow.id)
}

impl Store {
    /// The grant is here and reaches several accounts: `exchanging → choosing`, for what is left of the sign-in's ten
    /// minutes, five at least. `secrets` hold the list. `false` when the flow ended meanwhile.
    pub async fn hold_flow(
        &self,
        flow: &Flow,
        grant: &Grant,
        secrets: &Zeroizing<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let held = self.seal_held(&mut transaction, &place_of(flow), grant).await?;
        let list = self.seal(&mut *transaction, &secrets_place(flow), secrets).await?;
        let written = sqlx::query!(
            "update flows set status = 'choosing', quarantined = $2, quarantined_account = $3, sealed = $4,
                    exchange_until = null, updated_at = latchkey_now(),
                    expires_at = greatest(expires_at, latchkey_now() + interval '5 minutes')
             where id = $1 and status = 'exchanging'
               and exists (select from connect_sessions s where s.id = session_id and s.revoked_at is null)",
            flow.id.0,
            held.sealed.as_bytes(),
            sqlx::types::Json(held.beside) as _,
            list.as_bytes()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        if written.rows_affected() == 1 {
            return Ok(true);
        }
        // A commit whose answer was lost on the way.
        let current = self.flow(flow.id).await?;
        Ok(current.is_some_and(|current| current.status == FlowStatus::Choosing))
    }

    /// A flow of typed-in values that begins with the choice, for ten minutes. `None` when the session is used or over,
    /// or made twenty flows already.
    pub async fn hold_form(
        &self,
        session: &Session,
        form: &HeldForm,
        grant: &Grant,
        secrets: &Zeroizing<Vec<u8>>,
    ) -> Result<Option<FlowId>, StoreError> {
        let id = FlowId::generate();
        let place = grant_place(session.project.0, session.environment, id);
        let mut transaction = self.pool.begin().await?;
        let held = self.seal_held(&mut transaction, &place, grant).await?;
        let list_place = Place {
            column: "flows.sealed",
            ..place
        };
        let list = self.seal(&mut *transaction, &list_place, secrets).await?;
        let made = sqlx::query!(
            "insert into flows (id, session_id, project_id, environment, app_id, integration, auth_method, mode, status,
                    result_digest, embedder, code, name, variables, sealed, quarantined, quarantined_account, expires_at)
             select $1, s.id, s.project_id, s.environment, $3, $4, $5, 'popup', 'choosing', $6, $7, '', $8, $9, $10, $11, $12,
                    latchkey_now() + interval '10 minutes'
             from connect_sessions s
             where s.id = $2 and s.revoked_at is null and s.expires_at > latchkey_now() and s.uses < s.max_uses
               and (select count(*) from flows f where f.session_id = s.id) < 20",
            id.0,
            session.id.0,
            form.app.0,
            form.integration,
            form.auth_method,
            form.result.as_bytes(),
            form.embedder,
            form.name,
            sqlx::types::Json(&grant.variables) as _,
            list.as_bytes(),
            held.sealed.as_bytes(),
            sqlx::types::Json(held.beside) as _,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok((made.rows_affected() == 1).then_some(id))
    }

    /// Takes a flow whose choice was made for 60 seconds, so that of several picks one goes on. A replica that dies over
    /// it leaves the flow as it was.
    pub async fn claim_choice(&self, flow: FlowId) -> Result<bool, StoreError> {
        let claimed = sqlx::query!(
            "update flows set exchange_until = latchkey_now() + interval '60 seconds', updated_at = latchkey_now()
             where id = $1 and status = 'choosing' and expires_at > latchkey_now()
               and (exchange_until is null or exchange_until <= latchkey_now())",
            flow.0
        )
        .execute(&self.pool)
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Nothing came of a pick: the person may pick again.
    pub async fn release_choice(&self, flow: FlowId) -> Result<(), StoreError> {
        sqlx::query!(
            "update flows set exchange_until = null, updated_at = latchkey_now() where id = $1 and status = 'choosing'",
            flow.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The grant of a flow that is `choosing`; `None` when it is not any more.
    pub async fn held_grant(&self, flow: &Flow) -> Result<Option<Grant>, StoreError> {
        let row = sqlx::query!(
            "select quarantined, quarantined_account from flows where id = $1 and status = 'choosing'",
            flow.id.0
        )
        .fetch_optional(&self.pool)
        .await?;
        match row.map(|row| (row.quarantined, row.quarantined_account)) {
            Some((Some(sealed), Some(beside))) => self.open_held(flow, sealed, beside).await.map(Some),
            Some(_) => Err(without_grant(flow)),
            None => Ok(None),
        }
    }

    /// The person closed the modal or stopped at the choice: the grant is given back. `false` when it was too late.
    pub(super) async fn cancel_choice(&self, session: SessionId, flow: FlowId) -> Result<bool, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select id as "id: FlowId", quarantined, quarantined_account from flows
               where id = $1 and session_id = $2 and status = 'choosing'"#,
            flow.0,
            session.0
        )
        .fetch_optional(&self.pool)
        .await?;
        let ending = Ending {
            from: FlowStatus::Choosing,
            to: FlowStatus::Cancelled,
            code: "cancelled",
            message: "The sign-in was cancelled.",
        };
        match row {
            Some(row) => self.end_row(row, ending).await,
            None => Ok(false),
        }
    }

    /// Ends a flow that is `choosing` with a named failure: its grant is given back.
    pub async fn fail_choice(&self, flow: &Flow, code: &str, message: &str) -> Result<(), StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select id as "id: FlowId", quarantined, quarantined_account from flows
               where id = $1 and status = 'choosing'"#,
            flow.id.0
        )
        .fetch_optional(&self.pool)
        .await?;
        let ending = Ending {
            from: FlowStatus::Choosing,
            to: FlowStatus::Failed,
            code,
            message,
        };
        if let Some(row) = row {
            self.end_row(row, ending).await?;
        }
        Ok(())
    }

    /// The person stopped at the choice. `false` when it was too late.
    pub async fn give_choice_up(&self, flow: &Flow) -> Result<bool, StoreError> {
        self.cancel_choice(flow.session, flow.id).await
    }

    async fn seal_held(
        &self,
        transaction: &mut PgConnection,
        place: &Place,
        grant: &Grant,
    ) -> Result<Held, StoreError> {
        let plaintext = grant.credential.credential.to_plaintext();
        let sealed = self.seal(&mut *transaction, place, &plaintext).await?;
        let granted_at = sqlx::query_scalar!(r#"select latchkey_now() as "now!""#)
            .fetch_one(transaction)
            .await?;
        Ok(Held {
            sealed,
            beside: Beside {
                proved: grant.proved,
                account_id: grant.account_id.clone(),
                account_name: grant.account_name.clone(),
                variables: grant.variables.clone(),
                scopes: grant.scopes.clone(),
                expires_in: grant.credential.expires_in,
                refresh_in: grant.credential.refresh_in,
                granted_at,
            },
        })
    }

    /// Opens a grant that waits in its flow.
    pub(super) async fn open_held(
        &self,
        flow: &Flow,
        sealed: Vec<u8>,
        beside: serde_json::Value,
    ) -> Result<Grant, StoreError> {
        let inconsistent = |what: String| StoreError::Inconsistent {
            table: "flows",
            record: flow.id.0,
            what,
        };
        let plaintext = self.open("flows", sealed, &place_of(flow)).await?;
        let credential = Credential::from_plaintext(&plaintext).map_err(|error| inconsistent(error.to_string()))?;
        let beside: Beside = serde_json::from_value(beside).map_err(|error| inconsistent(error.to_string()))?;
        let waited = (self.now().await? - beside.granted_at)
            .num_seconds()
            .max(0)
            .unsigned_abs();
        Ok(Grant {
            proved: beside.proved,
            account_id: beside.account_id,
            account_name: beside.account_name,
            variables: beside.variables,
            scopes: beside.scopes,
            credential: NewCredential {
                credential,
                expires_in: beside.expires_in.map(|seconds| seconds.saturating_sub(waited)),
                refresh_in: beside.refresh_in.map(|seconds| seconds.saturating_sub(waited)),
            },
        })
    }

    /// `verifying`: the grant waits for the customer's backend.
    pub(super) async fn quarantine(
        &self,
        transaction: &mut PgConnection,
        flow: &Flow,
        grant: &Grant,
        code: &Digest,
    ) -> Result<Finished, StoreError> {
        let held = self.seal_held(&mut *transaction, &place_of(flow), grant).await?;
        let written = sqlx::query!(
            "update flows set status = 'verifying', quarantined = $2, quarantined_account = $3, complete_digest = $4,
                    complete_until = latchkey_now() + interval '5 minutes', sealed = null, exchange_until = null,
                    updated_at = latchkey_now()
             where id = $1 and status = $5
               and exists (select from connect_sessions s where s.id = session_id and s.revoked_at is null)",
            flow.id.0,
            held.sealed.as_bytes(),
            sqlx::types::Json(held.beside) as _,
            code.as_bytes(),
            flow.status.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        Ok(if written.rows_affected() == 1 {
            Finished::Quarantined
        } else {
            Finished::TooLate
        })
    }

    /// Ends a flow whose grant waits; nothing happens when it went on in the meantime. Without a grant, because it does
    /// not open, there is nothing to revoke.
    pub(super) async fn end_held(
        &self,
        flow: &Flow,
        grant: Option<&Grant>,
        ending: Ending<'_>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query!(
            "update flows set status = $5, error_code = $2, error_message = $3, sealed = null, exchange_until = null,
                    quarantined = null, quarantined_account = null, ended_at = latchkey_now(), updated_at = latchkey_now()
             where id = $1 and status = $4",
            flow.id.0,
            ending.code,
            ending.message,
            ending.from.as_str(),
            ending.to.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        if matches!(ending.to, FlowStatus::Failed | FlowStatus::Rejected) {
            told::failed(&mut transaction, flow.id).await?;
        }
        if let Some(grant) = grant {
            self.queue_revocation(&mut transaction, flow, grant).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    pub(super) async fn queue_revocation(
        &self,
        transaction: &mut PgConnection,
        flow: &Flow,
        grant: &Grant,
    ) -> Result<(), StoreError> {
        // Typed-in secrets have nothing to revoke.
        if grant.credential.credential.tokens().is_none() {
            return Ok(());
        }
        if is_of_living_connection(&mut *transaction, flow, grant).await? {
            tracing::info!(flow = %flow.id, "a grant is forgotten and not revoked: its connection lives on the same one");
            return Ok(());
        }
        let plaintext = grant.credential.credential.to_plaintext();
        let revocation = crate::revocations::NewRevocation {
            id: RevocationId::generate(),
            project: flow.project,
            environment: flow.environment,
            app: flow.app,
            connection: None,
            flow: Some(flow.id),
            held_by: None,
            account: grant.account_id.as_deref(),
            integration: &flow.integration,
            auth_method: &flow.auth_method,
            variables: &grant.variables,
            plaintext: &plaintext,
        };
        self.insert_revocation(transaction, revocation).await
    }

    /// Verifying flows whose five minutes are over: their grants are queued to be revoked.
    pub async fn refuse_unconfirmed(&self) -> Result<u64, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select id as "id: FlowId", quarantined, quarantined_account from flows
               where status = 'verifying' and complete_until <= latchkey_now() limit 100"#
        )
        .fetch_all(&self.pool)
        .await?;
        let ending = Ending {
            from: FlowStatus::Verifying,
            to: FlowStatus::Rejected,
            code: "not_confirmed",
            message: "The app did not confirm who signed in.",
        };
        self.end_rows(rows, ending).await
    }

    /// Ends a flow whose grant waits, because its link was taken back. `false` when it went on or ended in the meantime.
    pub(crate) async fn refuse_waiting(&self, flow: FlowId, code: &str, message: &str) -> Result<bool, StoreError> {
        let waiting = self.flow(flow).await?.map(|flow| flow.status);
        let Some(from @ (FlowStatus::Choosing | FlowStatus::Verifying)) = waiting else {
            return Ok(false);
        };
        let row = sqlx::query_as!(
            Row,
            r#"select id as "id: FlowId", quarantined, quarantined_account from flows where id = $1 and status = $2"#,
            flow.0,
            from.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let ending = Ending {
            from,
            to: FlowStatus::Rejected,
            code,
            message,
        };
        match row {
            Some(row) => self.end_row(row, ending).await,
            None => Ok(false),
        }
    }

    /// Flows in which nobody chose in time: their grants are queued to be revoked. Served by `flows_open`.
    pub(super) async fn refuse_unchosen(&self) -> Result<u64, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select id as "id: FlowId", quarantined, quarantined_account from flows
               where status = 'choosing' and ended_at is null and expires_at <= latchkey_now()
                 and (exchange_until is null or exchange_until <= latchkey_now()) limit 100"#
        )
        .fetch_all(&self.pool)
        .await?;
        let ending = Ending {
            from: FlowStatus::Choosing,
            to: FlowStatus::Expired,
            code: "expired",
            message: "The sign-in took too long.",
        };
        self.end_rows(rows, ending).await
    }

    async fn end_rows(&self, rows: Vec<Row>, ending: Ending<'_>) -> Result<u64, StoreError> {
        let mut ended = 0;
        for row in rows {
            ended += u64::from(self.end_row(row, ending).await?);
        }
        Ok(ended)
    }

    async fn end_row(&self, row: Row, ending: Ending<'_>) -> Result<bool, StoreError> {
        let Some(flow) = self.flow(row.id).await? else {
            return Ok(false);
        };
        let grant = match (row.quarantined, row.quarantined_account) {
            (Some(sealed), Some(beside)) => self.open_held(&flow, sealed, beside).await,
            _ => Err(without_grant(&flow)),
        };
        match grant {
            Ok(grant) => self.end_held(&flow, Some(&grant), ending).await,
            Err(error) if error.is_unavailable() => Err(error),
            Err(error) => {
                // One row that does not open must not stop the others.
                tracing::error!(flow = %flow.id, %error, "a grant that waits cannot be opened and is erased");
                self.end_held(&flow, None, ending).await
            }
        }
    }
}

fn without_grant(flow: &Flow) -> StoreError {
    StoreError::Inconsistent {
        table: "flows",
        record: flow.id.0,
        what: "it waits without a grant".to_owned(),
    }
}

/// Whether a session was for a connection that still works, of the same account as far as it is known. At many services
/// revoking the new grant would end the connection's own. In a project that is being deleted that one ends as well.
async fn is_of_living_connection(
    transaction: &mut PgConnection,
    flow: &Flow,
    grant: &Grant,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from connect_sessions s join connections c on c.id = s.connection_id
                   join projects p on p.id = c.project_id
               where s.id = $1 and c.deleted_at is null and c.state <> 'failed' and p.deleted_at is null
                 and ($2::text is null or c.account_id = $2)) as "exists!""#,
        flow.session.0,
        grant.account_id
    )
    .fetch_one(transaction)
    .await?)
}
