//! Credentials: the hot half of a connection. Sealed bytes, their generation and their expiry.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use vault::{Credential, Environment, Place};

use crate::shared_grants::lives_on;
use crate::{
    AppId, Connection, ConnectionId, ConnectionState, NewConnection, NewEvent, Origin, Parting, ProjectId, Reach,
    RevocationId, RevocationStatus, Store, StoreError, events,
};

/// All that a call through a connection needs, from one query.
#[derive(Debug)]
pub struct Callable {
    /// The connection.
    pub connection: ConnectionId,
    /// The app that it was made with.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// The operator's switch.
    pub active: bool,
    /// How it is.
    pub state: ConnectionState,
    /// The sentence for people, when it is not well.
    pub state_message: Option<String>,
    /// The same for programs, as `grant_gone`.
    pub state_reason: Option<String>,
    /// Non-secret values.
    pub variables: BTreeMap<String, String>,
    /// The secret.
    pub credential: Credential,
    /// Its generation.
    pub generation: i64,
    /// Seconds until the access token ends; `None` when it does not.
    pub expires_in: Option<i64>,
    /// Whether it can be refreshed.
    pub refreshable: bool,
    /// What should be noted anew.
    pub old: OldNotes,
}

/// Notes of a call that are long enough ago to be written again.
#[derive(Debug)]
pub struct OldNotes {
    /// That the connection is used.
    pub usage: bool,
    /// That a call was refused.
    pub refusal: bool,
}

pub(crate) fn place(project: Uuid, environment: Environment, connection: Uuid, generation: i64) -> Place {
    Place {
        project,
        environment,
        record: connection,
        column: "credentials.sealed",
        generation,
    }
}

pub(crate) fn read(table: &'static str, record: Uuid, plaintext: &[u8]) -> Result<Credential, StoreError> {
    Credential::from_plaintext(plaintext).map_err(|error| StoreError::Inconsistent {
        table,
        record,
        what: error.to_string(),
    })
}

impl Store {
    /// Writes a connection, its sealed credential and its one event, in the caller's transaction. `imported` says how it
    /// was brought here, where no person connected it, and with which tags.
    pub(crate) async fn insert_connection(
        &self,
        transaction: &mut PgConnection,
        new: &NewConnection,
        imported: Option<(Origin, &[String])>,
    ) -> Result<ConnectionId, StoreError> {
        let id = ConnectionId::generate();
        let state = if new.grant.proved {
            ConnectionState::Operational
        } else {
            ConnectionState::Unknown
        };
        let (origin, tags) = imported.map_or(("connect", &[] as &[String]), |(origin, tags)| (origin.as_str(), tags));
        sqlx::query!(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, name, identity,
                    identity_type, group_name, label, state, account_id, account_name, variables, scopes, origin, tags)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
            id.0,
            new.project.0,
            new.environment.as_str(),
            new.app.0,
            new.integration,
            new.auth_method,
            new.key,
            new.name,
            new.owner.identity,
            new.owner.identity_type.map(crate::IdentityType::as_str),
            new.owner.group,
            new.owner.label,
            state.as_str(),
            new.grant.account_id,
            new.grant.account_name,
            sqlx::types::Json(&new.grant.variables) as _,
            new.grant.scopes.as_deref(),
            origin,
            tags,
        )
        .execute(&mut *transaction)
        .await?;
        let place = place(new.project.0, new.environment, id.0, 1);
        let sealed = self
            .seal(
                &mut *transaction,
                &place,
                &new.grant.credential.credential.to_plaintext(),
            )
            .await?;
        sqlx::query!(
            "insert into credentials (connection_id, project_id, environment, app_id, sealed, expires_at, refresh_at)
             values ($1, $2, $3, $7, $4, latchkey_now() + make_interval(secs => $5),
                     latchkey_now() + make_interval(secs => $6))",
            id.0,
            new.project.0,
            new.environment.as_str(),
            sealed.as_bytes(),
            seconds(new.grant.credential.expires_in),
            seconds(new.grant.credential.refresh_in),
            new.app.0,
        )
        .execute(&mut *transaction)
        .await?;
        let payload = json!({ "origin": origin });
        let created = NewEvent {
            project: new.project,
            environment: new.environment,
            kind: "connection.created",
            connection: Some(id),
            payload: &payload,
        };
        events::record(transaction, created).await?;
        Ok(id)
    }

    /// Replaces the credential of a connection by a new grant of the same account: generation + 1, same id and key.
    /// `false` when the connection was deleted in the meantime; nothing was written then.
    pub(crate) async fn replace_credential(
        &self,
        transaction: &mut PgConnection,
        connection: ConnectionId,
        new: &NewConnection,
    ) -> Result<bool, StoreError> {
        // The lock makes a refresh in flight lose: it commits under the old generation.
        let old = sqlx::query!(
            r#"select k.generation, k.sealed, c.app_id, c.auth_method,
                      c.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>"
               from credentials k join connections c on c.id = k.connection_id
               where k.connection_id = $1 and c.deleted_at is null for update of k"#,
            connection.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(old) = old else { return Ok(false) };
        // A grant of the same client is left alone: at many services revoking it would end the new one too. Who revokes looks
        // whether that holds for others.
        if old.app_id != new.app.0 || old.auth_method != new.auth_method {
            let old_place = place(new.project.0, new.environment, connection.0, old.generation);
            match self.open("credentials", old.sealed, &old_place).await {
                Ok(plaintext) => {
                    let revocation = crate::revocations::NewRevocation {
                        id: RevocationId::generate(),
                        project: new.project,
                        environment: new.environment,
                        app: AppId(old.app_id),
                        connection: None,
                        flow: None,
                        held_by: Some(connection),
                        account: None,
                        integration: &new.integration,
                        auth_method: &old.auth_method,
                        variables: &old.variables.0,
                        plaintext: &plaintext,
                    };
                    self.insert_revocation(transaction, revocation).await?;
                }
                // A new grant is the remedy for one that is lost; it must not fail with it.
                Err(error) if error.is_unreadable() => {
                    tracing::error!(%connection, %error, "the grant before a reconnect is not revoked: it cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        let generation = old.generation + 1;
        let state = if new.grant.proved {
            ConnectionState::Operational
        } else {
            ConnectionState::Unknown
        };
        let place = place(new.project.0, new.environment, connection.0, generation);
        let sealed = self
            .seal(
                &mut *transaction,
                &place,
                &new.grant.credential.credential.to_plaintext(),
            )
            .await?;
        sqlx::query!(
            "update credentials set sealed = $2, generation = $3, expires_at = latchkey_now() + make_interval(secs => $4),
                    refresh_at = latchkey_now() + make_interval(secs => $5), refreshed_at = null, lease_owner = null,
                    lease_boot = null, lease_until = null, attempts = 0, refusals = 0, interrupted = false,
                    issued_at = latchkey_now(), learned_lifetime = null, rejected_until = null, app_id = $6,
                    uncertain_since = null, uncertain_reason = null, forecast_days = 0, updated_at = latchkey_now()
             where connection_id = $1",
            connection.0,
            sealed.as_bytes(),
            generation,
            seconds(new.grant.credential.expires_in),
            seconds(new.grant.credential.refresh_in),
            new.app.0,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update connections set state = $8, state_reason = null, state_message = null,
                    account_id = coalesce($2, account_id), account_name = coalesce($3, account_name), variables = $4, scopes = $5, app_id = $6, auth_method = $7,
                    check_at = latchkey_now() + interval '7 days', check_refusals = 0, refused_at = null,
                    updated_at = latchkey_now()
             where id = $1",
            connection.0,
            new.grant.account_id,
            new.grant.account_name,
            sqlx::types::Json(&new.grant.variables) as _,
            new.grant.scopes.as_deref(),
            new.app.0,
            new.auth_method,
            state.as_str(),
        )
        .execute(&mut *transaction)
        .await?;
        let reconnected = NewEvent {
            project: new.project,
            environment: new.environment,
            kind: "connection.reconnected",
            connection: Some(connection),
            payload: &json!({}),
        };
        events::record(transaction, reconnected).await?;
        Ok(true)
    }

    /// The connection with this key and its opened credential, inside a project and environment: one query authorises
    /// all three together. Served by the unique index on `connections.key`.
    pub async fn callable(
        &self,
        project: ProjectId,
        environment: Environment,
        key: &str,
    ) -> Result<Option<Callable>, StoreError> {
        let row = sqlx::query!(
            r#"select c.id, c.app_id, c.integration, c.auth_method, c.active, c.state, c.state_message, c.state_reason,
                      c.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>", k.sealed, k.generation,
                      k.refresh_at is not null as "refreshable!",
                      coalesce(c.last_used_at < latchkey_now() - interval '1 minute', true) as "use_is_old!",
                      coalesce(c.refused_at < latchkey_now() - interval '1 hour', true) as "refusal_is_old!",
                      extract(epoch from k.expires_at - latchkey_now())::bigint as expires_in
               from connections c join credentials k on k.connection_id = c.id
               where c.key = $1 and c.project_id = $2 and c.environment = $3 and c.deleted_at is null"#,
            key,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let place = place(project.0, environment, row.id, row.generation);
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        Ok(Some(Callable {
            connection: ConnectionId(row.id),
            app: AppId(row.app_id),
            integration: row.integration,
            auth_method: row.auth_method,
            active: row.active,
            state: row.state.parse().map_err(|what| StoreError::Inconsistent {
                table: "connections",
                record: row.id,
                what,
            })?,
            state_message: row.state_message,
            state_reason: row.state_reason,
            variables: row.variables.0,
            credential: read("credentials", row.id, &plaintext)?,
            generation: row.generation,
            expires_in: row.expires_in,
            refreshable: row.refreshable,
            old: OldNotes {
                usage: row.use_is_old,
                refusal: row.refusal_is_old,
            },
        }))
    }

    /// The generation of a connection's credential; `None` when it has none any more.
    pub async fn generation(&self, id: ConnectionId) -> Result<Option<i64>, StoreError> {
        Ok(
            sqlx::query_scalar!("select generation from credentials where connection_id = $1", id.0)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Notes that a connection was called through, at most once a minute.
    pub async fn touch_connection(&self, id: ConnectionId) -> Result<(), StoreError> {
        sqlx::query!(
            "update connections set last_used_at = latchkey_now()
             where id = $1 and (last_used_at is null or last_used_at < latchkey_now() - interval '1 minute')",
            id.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Moves the credential of a deleted connection to `revocations`, in the caller's transaction.
    pub(crate) async fn revoke_credential(
        &self,
        transaction: &mut PgConnection,
        connection: &Connection,
        reach: Reach,
    ) -> Result<Parting, StoreError> {
        let row = sqlx::query!(
            "delete from credentials where connection_id = $1 returning sealed, generation",
            connection.id.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        match reach {
            Reach::Nothing => return Ok(Parting::of(RevocationStatus::Unsupported)),
            Reach::Token => {}
            Reach::Grant { by_account } => {
                if lives_on(&mut *transaction, connection, by_account).await? {
                    return Ok(Parting::SHARED);
                }
            }
        }
        let Some(row) = row else { return Ok(Parting::UNREADABLE) };
        let place = place(
            connection.project.0,
            connection.environment,
            connection.id.0,
            row.generation,
        );
        let plaintext = match self.open("credentials", row.sealed, &place).await {
            Ok(plaintext) => plaintext,
            Err(error) if error.is_unreadable() => return Ok(unreadable(connection.id, &error)),
            Err(error) => return Err(error),
        };
        if let Err(error) = read("credentials", connection.id.0, &plaintext) {
            return Ok(unreadable(connection.id, &error));
        }
        let revocation = crate::NewRevocation {
            id: RevocationId::generate(),
            project: connection.project,
            environment: connection.environment,
            app: connection.app,
            connection: Some(connection.id),
            flow: None,
            held_by: None,
            account: None,
            integration: &connection.integration,
            auth_method: &connection.auth_method,
            variables: &connection.variables,
            plaintext: &plaintext,
        };
        match self.insert_revocation(transaction, revocation).await {
            Ok(()) => Ok(Parting::of(RevocationStatus::Pending)),
            // It opened under an older key, and the project's present one is lost: nothing can be kept for the revoker.
            Err(error) if error.is_unreadable() => Ok(unreadable(connection.id, &error)),
            Err(error) => Err(error),
        }
    }
}

fn unreadable(connection: ConnectionId, error: &StoreError) -> Parting {
    tracing::error!(%connection, %error, "a connection is deleted without its revocation: the credential cannot be read");
    Parting::UNREADABLE
}

/// Seconds as `make_interval` takes them. A hundred years are as good as never.
#[expect(clippy::cast_precision_loss, reason = "at most a hundred years in seconds")]
pub(crate) fn seconds(value: Option<u64>) -> Option<f64> {
    value.map(|seconds| seconds.min(3_153_600_000) as f64)
}
