//! The end of a flow: one transaction makes the connection, spends the session and writes the event.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use vault::{Credential, Digest, Environment, Place};

use super::{Flow, FlowId, FlowStatus, told};
use crate::{
    Connection, ConnectionId, Grant, IdentityType, NewConnection, NewCredential, ProjectId, RevocationId, Session,
    Store, StoreError,
};

/// How a flow finished.
#[derive(Debug)]
pub enum Finished {
    /// There is a connection.
    Connected(ConnectionId),
    /// The grant waits, sealed in the flow, for the customer's backend.
    Quarantined,
    /// The session made its connection before, ended, or the flow is no longer ours: the grant goes to `revocations`.
    TooLate,
}

/// How a completion by the customer's backend went.
#[derive(Debug)]
pub enum Completed {
    /// There is a connection; the customer's page to go back to, if one was given.
    Connected(Box<Connection>, Option<String>),
    /// Another person than the session's: the flow is rejected and the grant revoked.
    AnotherIdentity,
    /// The code was used, or its five minutes are over.
    Gone,
    /// No such code in this project and environment.
    Unknown,
}

/// What is kept beside a quarantined credential.
#[derive(Serialize, Deserialize)]
struct Quarantine {
    proved: bool,
    account_id: Option<String>,
    account_name: Option<String>,
    variables: std::collections::BTreeMap<String, String>,
    scopes: Option<Vec<String>>,
    expires_in: Option<u64>,
    refresh_in: Option<u64>,
    granted_at: DateTime<Utc>,
}

/// Told to whoever comes second in a session, and to a reconnect whose connection was deleted.
const TOO_LATE: &str = "This session made its connection already, or its connection was deleted.";

fn quarantine_place(flow: &Flow) -> Place {
    Place {
        project: flow.project.0,
        environment: flow.environment,
        record: flow.id.0,
        column: "flows.quarantined",
        generation: 0,
    }
}

impl Store {
    /// Commits the grant of a flow that is `exchanging`: as a connection, or, with a completion code, in quarantine.
    pub async fn finish_flow(
        &self,
        flow: &Flow,
        session: &Session,
        key: &str,
        grant: &Grant,
        completion: Option<&Digest>,
    ) -> Result<Finished, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let finished = match completion {
            Some(code) => self.quarantine(&mut transaction, flow, grant, code).await?,
            None => {
                self.connect_flow(&mut transaction, flow, session, key, grant, "exchanging")
                    .await?
            }
        };
        if matches!(finished, Finished::TooLate) {
            transaction.rollback().await?;
            if let Some(earlier) = self.committed_before(flow).await? {
                return Ok(earlier);
            }
            self.refuse_grant(flow, grant, "session_used", TOO_LATE).await?;
        } else {
            transaction.commit().await?;
        }
        Ok(finished)
    }

    /// A commit whose answer was lost on the way: the flow was claimed by this exchange alone, so what it became since
    /// then is our own doing.
    async fn committed_before(&self, flow: &Flow) -> Result<Option<Finished>, StoreError> {
        let current = self.flow(flow.id).await?;
        Ok(current.and_then(|current| match (current.status, current.connection) {
            (FlowStatus::Succeeded, Some(connection)) => Some(Finished::Connected(connection)),
            (FlowStatus::Verifying, _) => Some(Finished::Quarantined),
            _ => None,
        }))
    }

    /// Commits a typed-in credential. `None` when the session is used or over; nothing was written then.
    pub async fn connect_directly(
        &self,
        session: &Session,
        new: &NewConnection,
    ) -> Result<Option<ConnectionId>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if !spend_session(&mut transaction, session).await? {
            return Ok(None);
        }
        let Some(id) = self.write_connection(&mut transaction, session, new).await? else {
            return Ok(None);
        };
        told::completed(&mut transaction, session, id, new).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// The customer's backend says who finished a flow.
    pub async fn complete_flow(
        &self,
        project: ProjectId,
        environment: Environment,
        code: &Digest,
        identity: &str,
        identity_type: Option<IdentityType>,
        key: impl FnOnce(&Flow, &Session) -> String,
    ) -> Result<Completed, StoreError> {
        // Nothing is locked while this looks: of several completions the session, which is spent once, lets one through.
        let row = sqlx::query!(
            r#"select id as "id: FlowId", status, quarantined, quarantined_account,
                      coalesce(complete_until <= latchkey_now(), true) as "late!"
               from flows where complete_digest = $1 and project_id = $2 and environment = $3"#,
            code.as_bytes(),
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(Completed::Unknown);
        };
        let (Some(sealed), Some(account), false, "verifying") =
            (row.quarantined, row.quarantined_account, row.late, row.status.as_str())
        else {
            return Ok(Completed::Gone);
        };
        let Some(flow) = self.flow(row.id).await? else {
            return Ok(Completed::Unknown);
        };
        let Some(session) = self.session_by_id(flow.session).await? else {
            return Ok(Completed::Gone);
        };
        let grant = self.quarantined_grant(&flow, sealed, account).await?;
        let same = session.owner.identity.as_deref() == Some(identity)
            && (identity_type.is_none() || identity_type == session.owner.identity_type);
        if !same {
            self.refuse_quarantined(&flow, &grant, "another_person", "Somebody else finished this sign-in.")
                .await?;
            return Ok(Completed::AnotherIdentity);
        }
        let key = key(&flow, &session);
        let mut transaction = self.pool.begin().await?;
        let finished = self
            .connect_flow(&mut transaction, &flow, &session, &key, &grant, "verifying")
            .await?;
        let Finished::Connected(id) = finished else {
            transaction.rollback().await?;
            self.refuse_quarantined(&flow, &grant, "session_used", TOO_LATE).await?;
            return Ok(Completed::Gone);
        };
        transaction.commit().await?;
        let connection = self.connection(project, environment, id).await?;
        Ok(connection.map_or(Completed::Gone, |connection| {
            Completed::Connected(Box::new(connection), flow.return_url.clone())
        }))
    }

    async fn quarantined_grant(
        &self,
        flow: &Flow,
        sealed: Vec<u8>,
        account: serde_json::Value,
    ) -> Result<Grant, StoreError> {
        let inconsistent = |what: String| StoreError::Inconsistent {
            table: "flows",
            record: flow.id.0,
            what,
        };
        let plaintext = self.open("flows", sealed, &quarantine_place(flow)).await?;
        let credential = Credential::from_plaintext(&plaintext).map_err(|error| inconsistent(error.to_string()))?;
        let account: Quarantine = serde_json::from_value(account).map_err(|error| inconsistent(error.to_string()))?;
        let waited = (self.now().await? - account.granted_at)
            .num_seconds()
            .max(0)
            .unsigned_abs();
        Ok(Grant {
            proved: account.proved,
            account_id: account.account_id,
            account_name: account.account_name,
            variables: account.variables,
            scopes: account.scopes,
            credential: NewCredential {
                credential,
                expires_in: account.expires_in.map(|seconds| seconds.saturating_sub(waited)),
                refresh_in: account.refresh_in.map(|seconds| seconds.saturating_sub(waited)),
            },
        })
    }

    async fn quarantine(
        &self,
        transaction: &mut PgConnection,
        flow: &Flow,
        grant: &Grant,
        code: &Digest,
    ) -> Result<Finished, StoreError> {
        let plaintext = grant.credential.credential.to_plaintext();
        let sealed = self
            .seal(&mut *transaction, &quarantine_place(flow), &plaintext)
            .await?;
        let account = Quarantine {
            proved: grant.proved,
            account_id: grant.account_id.clone(),
            account_name: grant.account_name.clone(),
            variables: grant.variables.clone(),
            scopes: grant.scopes.clone(),
            expires_in: grant.credential.expires_in,
            refresh_in: grant.credential.refresh_in,
            granted_at: sqlx::query_scalar!(r#"select latchkey_now() as "now!""#)
                .fetch_one(&mut *transaction)
                .await?,
        };
        let written = sqlx::query!(
            "update flows set status = 'verifying', quarantined = $2, quarantined_account = $3, complete_digest = $4,
                    complete_until = latchkey_now() + interval '5 minutes', sealed = null, exchange_until = null,
                    updated_at = latchkey_now()
             where id = $1 and status = 'exchanging'",
            flow.id.0,
            sealed.as_bytes(),
            sqlx::types::Json(account) as _,
            code.as_bytes()
        )
        .execute(&mut *transaction)
        .await?;
        Ok(if written.rows_affected() == 1 {
            Finished::Quarantined
        } else {
            Finished::TooLate
        })
    }

    async fn connect_flow(
        &self,
        transaction: &mut PgConnection,
        flow: &Flow,
        session: &Session,
        key: &str,
        grant: &Grant,
        from: &str,
    ) -> Result<Finished, StoreError> {
        if !spend_session(transaction, session).await? {
            return Ok(Finished::TooLate);
        }
        let new = NewConnection {
            project: flow.project,
            environment: flow.environment,
            app: flow.app,
            integration: flow.integration.clone(),
            auth_method: flow.auth_method.clone(),
            key: key.to_owned(),
            name: flow.name.clone(),
            owner: session.owner.clone(),
            grant: grant.clone(),
        };
        let Some(id) = self.write_connection(transaction, session, &new).await? else {
            return Ok(Finished::TooLate);
        };
        // How it was proved that the person who began is the one who finished, for as long as the log is kept.
        sqlx::query!(
            "insert into audit_log (id, project_id, environment, action, actor, subject, detail)
             select $1, project_id, environment, 'connection.connected', 'flow:' || id, 'connection:' || $3,
                    jsonb_build_object('grade', grade, 'embedder', embedder, 'mode', mode)
             from flows where id = $2",
            uuid::Uuid::now_v7(),
            flow.id.0,
            id.to_string()
        )
        .execute(&mut *transaction)
        .await?;
        let ended = sqlx::query!(
            "update flows set status = 'succeeded', connection_id = $3, sealed = null, quarantined = null,
                    quarantined_account = null, exchange_until = null, ended_at = latchkey_now(), updated_at = latchkey_now()
             where id = $1 and status = $2",
            flow.id.0,
            from,
            id.0
        )
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(Finished::TooLate);
        }
        told::completed(transaction, session, id, &new).await?;
        Ok(Finished::Connected(id))
    }

    /// `None` when the connection to replace was deleted in the meantime.
    async fn write_connection(
        &self,
        transaction: &mut PgConnection,
        session: &Session,
        new: &NewConnection,
    ) -> Result<Option<ConnectionId>, StoreError> {
        if let Some(connection) = session.connection {
            let replaced = self.replace_credential(transaction, connection, new).await?;
            return Ok(replaced.then_some(connection));
        }
        let id = self.insert_connection(transaction, new, None).await?;
        crate::session_names::name_new(transaction, session.id, id).await?;
        Ok(Some(id))
    }

    /// Ends the flow of an exchange whose grant must not become a connection; the grant is queued to be revoked, also
    /// when the flow has ended in the meantime.
    pub async fn refuse_grant(&self, flow: &Flow, grant: &Grant, code: &str, message: &str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query!(
            "update flows set status = 'failed', error_code = $2, error_message = $3, sealed = null,
                    ended_at = latchkey_now(), updated_at = latchkey_now()
             where id = $1 and ended_at is null and status <> 'verifying'",
            flow.id.0,
            code,
            message
        )
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 1 {
            told::failed(&mut transaction, flow.id).await?;
        }
        self.queue_revocation(&mut transaction, flow, grant).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a flow that waits for its completion; nothing happens when it was completed in the meantime.
    async fn refuse_quarantined(
        &self,
        flow: &Flow,
        grant: &Grant,
        code: &str,
        message: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query!(
            "update flows set status = 'rejected', error_code = $2, error_message = $3, sealed = null,
                    quarantined = null, quarantined_account = null, ended_at = latchkey_now(), updated_at = latchkey_now()
             where id = $1 and status = 'verifying'",
            flow.id.0,
            code,
            message
        )
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        told::failed(&mut transaction, flow.id).await?;
        self.queue_revocation(&mut transaction, flow, grant).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn queue_revocation(
        &self,
        transaction: &mut PgConnection,
        flow: &Flow,
        grant: &Grant,
    ) -> Result<(), StoreError> {
        let plaintext = grant.credential.credential.to_plaintext();
        let revocation = crate::revocations::NewRevocation {
            id: RevocationId::generate(),
            project: flow.project,
            environment: flow.environment,
            app: flow.app,
            connection: None,
            flow: Some(flow.id),
            integration: &flow.integration,
            auth_method: &flow.auth_method,
            variables: &grant.variables,
            plaintext: &plaintext,
        };
        self.insert_revocation(transaction, revocation).await
    }

    /// Verifying flows whose five minutes are over: their grants are queued to be revoked.
    pub async fn refuse_unconfirmed(&self) -> Result<u64, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id: FlowId", quarantined, quarantined_account from flows
               where status = 'verifying' and complete_until <= latchkey_now() limit 100"#
        )
        .fetch_all(&self.pool)
        .await?;
        let mut refused = 0;
        for row in rows {
            let Some(flow) = self.flow(row.id).await? else { continue };
            let message = "The app did not confirm who signed in.";
            let grant = match (row.quarantined, row.quarantined_account) {
                (Some(sealed), Some(account)) => self.quarantined_grant(&flow, sealed, account).await,
                _ => Err(StoreError::Inconsistent {
                    table: "flows",
                    record: flow.id.0,
                    what: "it waits for a confirmation without a grant".to_owned(),
                }),
            };
            match grant {
                Ok(grant) => {
                    refused += u64::from(self.refuse_quarantined(&flow, &grant, "not_confirmed", message).await?);
                }
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    // One row that does not open must not stop the others.
                    tracing::error!(flow = %flow.id, %error, "a quarantined grant cannot be opened and is erased");
                    let mut transaction = self.pool.begin().await?;
                    let ended = sqlx::query!(
                        "update flows set status = 'rejected', error_code = 'not_confirmed', error_message = $2,
                                sealed = null, quarantined = null, quarantined_account = null,
                                ended_at = latchkey_now(), updated_at = latchkey_now()
                         where id = $1 and status = 'verifying'",
                        flow.id.0,
                        message
                    )
                    .execute(&mut *transaction)
                    .await?;
                    if ended.rows_affected() == 1 {
                        told::failed(&mut transaction, flow.id).await?;
                    }
                    transaction.commit().await?;
                }
            }
        }
        Ok(refused)
    }
}

/// Counts a completion of a session that is live and not used. The row lock makes the first commit win.
async fn spend_session(transaction: &mut PgConnection, session: &Session) -> Result<bool, StoreError> {
    let spent = sqlx::query!(
        "update connect_sessions set uses = uses + 1
         where id = $1 and uses < max_uses and revoked_at is null and expires_at > latchkey_now()",
        session.id.0
    )
    .execute(transaction)
    .await?;
    Ok(spent.rows_affected() == 1)
}
