//! The end of a flow: one transaction makes the connection, spends the session and writes the event.

use sqlx::PgConnection;
use vault::{Digest, Environment};

use super::held::Ending;
use super::{Flow, FlowId, FlowStatus, told};
use crate::links::spend_link;
use crate::{Connection, ConnectionId, Grant, IdentityType, NewConnection, ProjectId, Session, Store, StoreError};

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

/// Told to whoever comes second in a session, and to a reconnect whose connection was deleted.
const TOO_LATE: &str = "This session made its connection already, or its connection was deleted.";

impl Store {
    /// Commits the grant of a flow that is `exchanging`, or `choosing` with its choice made: as a connection, or, with a
    /// completion code, in quarantine.
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
                self.connect_flow(&mut transaction, flow, session, key, grant, flow.status)
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
        let grant = self.open_held(&flow, sealed, account).await?;
        // An identity without a type is a user's.
        let same = session.owner.identity.as_deref() == Some(identity)
            && identity_type.is_none_or(|kind| kind == session.owner.identity_type.unwrap_or(IdentityType::User));
        if !same {
            let ending = Ending {
                from: FlowStatus::Verifying,
                to: FlowStatus::Rejected,
                code: "another_person",
                message: "Somebody else finished this sign-in.",
            };
            self.end_held(&flow, Some(&grant), ending).await?;
            return Ok(Completed::AnotherIdentity);
        }
        let key = key(&flow, &session);
        let mut transaction = self.pool.begin().await?;
        let finished = self
            .connect_flow(&mut transaction, &flow, &session, &key, &grant, FlowStatus::Verifying)
            .await?;
        let Finished::Connected(id) = finished else {
            transaction.rollback().await?;
            let ending = Ending {
                from: FlowStatus::Verifying,
                to: FlowStatus::Rejected,
                code: "session_used",
                message: TOO_LATE,
            };
            self.end_held(&flow, Some(&grant), ending).await?;
            return Ok(Completed::Gone);
        };
        transaction.commit().await?;
        let connection = self.connection(project, environment, id).await?;
        Ok(connection.map_or(Completed::Gone, |connection| {
            Completed::Connected(Box::new(connection), flow.return_url.clone())
        }))
    }

    async fn connect_flow(
        &self,
        transaction: &mut PgConnection,
        flow: &Flow,
        session: &Session,
        key: &str,
        grant: &Grant,
        from: FlowStatus,
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
            from.as_str(),
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
        sqlx::query!(
            "update connect_sessions set made_id = $2 where id = $1",
            session.id.0,
            id.0
        )
        .execute(&mut *transaction)
        .await?;
        Ok(Some(id))
    }

    /// Ends the flow of an exchange whose grant must not become a connection; the grant is queued to be revoked, also
    /// when the flow has ended in the meantime. A grant that waited in the flow is revoked by whatever ends the flow. A flow
    /// that was `away` when it was asked for ends no more by this: others may have tokens for it.
    pub async fn refuse_grant(&self, flow: &Flow, grant: &Grant, code: &str, message: &str) -> Result<(), StoreError> {
        if flow.status == FlowStatus::Choosing {
            let ending = Ending {
                from: FlowStatus::Choosing,
                to: FlowStatus::Failed,
                code,
                message,
            };
            self.end_held(flow, Some(grant), ending).await?;
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        if flow.status == FlowStatus::Away {
            self.queue_revocation(&mut transaction, flow, grant).await?;
            transaction.commit().await?;
            return Ok(());
        }
        let ended = sqlx::query!(
            "update flows set status = 'failed', error_code = $2, error_message = $3, sealed = null,
                    ended_at = latchkey_now(), updated_at = latchkey_now()
             where id = $1 and ended_at is null and status not in ('verifying', 'choosing')",
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
}

/// Counts a completion of a session that is live and not used, and spends its link. The row lock makes the first commit
/// win.
async fn spend_session(transaction: &mut PgConnection, session: &Session) -> Result<bool, StoreError> {
    let spent = sqlx::query!(
        "update connect_sessions set uses = uses + 1
         where id = $1 and uses < max_uses and revoked_at is null and expires_at > latchkey_now()",
        session.id.0
    )
    .execute(&mut *transaction)
    .await?;
    Ok(spent.rows_affected() == 1 && spend_link(transaction, session).await?)
}
