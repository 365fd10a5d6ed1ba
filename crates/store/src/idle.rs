//! Credentials that nothing renews, as typed-in keys: which of those that nobody uses, or that a service refused, to check, and
//! what a check came to.

use serde_json::json;
use vault::Environment;

use crate::{ConnectionId, NewEvent, ProjectId, Store, StoreError, events};

/// Checks of one turn.
const TURN: i64 = 20;
/// Due rows that one turn looks at: most were used in the meantime and only wait for their next week.
const LOOK: i64 = 500;

/// A credential to check.
#[derive(Clone, Debug)]
pub struct IdleKey {
    /// The connection.
    pub id: ConnectionId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The integration.
    pub integration: String,
    /// The connection's key.
    pub key: String,
    /// The account that was connected.
    pub account_id: Option<String>,
    /// The generation of its credential.
    pub generation: i64,
    /// Refusals in a row so far.
    pub refusals: i16,
}

impl Store {
    /// Claims credentials that were neither used nor checked for a week, twenty at most, those that a check refused an hour
    /// ago, and those with which a call was refused; the claim holds an hour. What is due and was used waits for its next
    /// week; what is refreshed is never due again. Failed connections are not looked at.
    ///
    /// Served by `connections_check_due`, at most 500 rows however many there are.
    pub async fn claim_idle_keys(&self) -> Result<Vec<IdleKey>, StoreError> {
        let rows = sqlx::query!(
            r#"with due as materialized (
                   select c.id, c.check_at,
                          c.state = 'failed'
                              or exists (select from credentials k where k.connection_id = c.id and k.refresh_at is not null)
                              as never,
                          c.active and (c.check_refusals > 0
                              or coalesce(c.refused_at > coalesce(c.checked_at, c.created_at), false)
                              or greatest(c.created_at, c.last_used_at, c.checked_at) <= latchkey_now() - interval '7 days')
                              as idle,
                          greatest(c.created_at, c.last_used_at, c.checked_at) as seen_at
                   from connections c
                   where c.check_at <= latchkey_now() and c.deleted_at is null
                   order by c.check_at limit $1 for update skip locked),
               mine as materialized (
                   select id from due where idle and not never order by check_at limit $2)
               update connections c set check_at = case
                       when due.never then null
                       when due.idle then latchkey_now() + interval '1 hour'
                       else greatest(due.seen_at + interval '7 days', latchkey_now() + interval '1 day') end
               from due left join credentials k on k.connection_id = due.id
               where c.id = due.id and (due.never or not due.idle or due.id in (select id from mine))
               returning c.id as "id: ConnectionId", c.project_id as "project: ProjectId", c.environment, c.integration,
                         c.key, c.account_id, k.generation as "generation?", c.check_refusals as refusals,
                         due.idle and not due.never as "check!""#,
            LOOK,
            TURN
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .filter(|row| row.check)
            .filter_map(|row| row.generation.map(|generation| (row, generation)))
            .map(|(row, generation)| {
                Ok(IdleKey {
                    environment: crate::database::environment("connections", row.id.0, &row.environment)?,
                    id: row.id,
                    project: row.project,
                    integration: row.integration,
                    key: row.key,
                    account_id: row.account_id,
                    generation,
                    refusals: row.refusals,
                })
            })
            .collect()
    }

    /// The service answered 401 to a call with a credential that nothing renews: its check is due at once. Noted once an
    /// hour at most, and not while a check is due anyway.
    pub async fn note_refused_call(&self, id: ConnectionId) -> Result<(), StoreError> {
        sqlx::query!(
            "update connections set refused_at = latchkey_now(), check_at = latchkey_now()
             where id = $1 and deleted_at is null and state <> 'failed' and check_refusals = 0
               and (refused_at is null or refused_at < latchkey_now() - interval '1 hour')",
            id.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The definition has no check: looked at again in a week, in case it gets one.
    pub async fn skip_idle_check(&self, key: &IdleKey) -> Result<(), StoreError> {
        sqlx::query!(
            "update connections set check_at = latchkey_now() + interval '7 days' where id = $1",
            key.id.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The service accepts the key: a degraded connection recovers, an unknown one is proved. `false` when it was
    /// connected again, deleted or looked at by another in the meantime.
    pub async fn note_idle_accepted(&self, key: &IdleKey) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if !is_still(&mut transaction, key).await? {
            return Ok(false);
        }
        let before = sqlx::query_scalar!(
            "update connections c set state = 'operational', state_reason = null, state_message = null, check_refusals = 0,
                    checked_at = latchkey_now(), check_at = latchkey_now() + interval '7 days',
                    updated_at = case when c.state = 'operational' then c.updated_at else latchkey_now() end
             from (select id, state from connections where id = $1 for update) old
             where c.id = old.id and c.deleted_at is null and c.state <> 'failed' and c.check_refusals = $2
             returning old.state",
            key.id.0,
            key.refusals
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(before) = before else { return Ok(false) };
        let payload = json!({ "ok": true });
        match before.as_str() {
            "degraded" => events::record(&mut transaction, event(key, "connection.recovered", &payload)).await?,
            "unknown" => events::record(&mut transaction, event(key, "connection.tested", &payload)).await?,
            _ => {}
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// The service refuses the key: the first time it is `degraded` and looked at again in an hour, the second time
    /// `failed`. One event for each change. `false` as above.
    pub async fn note_idle_refused(&self, key: &IdleKey, message: &str) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if !is_still(&mut transaction, key).await? {
            return Ok(false);
        }
        let (state, kind) = if key.refusals == 0 {
            ("degraded", "connection.degraded")
        } else {
            ("failed", "connection.failed")
        };
        let before = sqlx::query_scalar!(
            "update connections c set state = $3, state_reason = 'key_refused', state_message = $4,
                    check_refusals = c.check_refusals + 1, checked_at = latchkey_now(), refused_at = latchkey_now(),
                    check_at = case when $3 = 'failed' then null else latchkey_now() + interval '1 hour' end,
                    updated_at = latchkey_now()
             from (select id, state from connections where id = $1 for update) old
             where c.id = old.id and c.deleted_at is null and c.state <> 'failed' and c.check_refusals = $2
             returning old.state",
            key.id.0,
            key.refusals,
            state,
            message
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(before) = before else { return Ok(false) };
        if before != state {
            let payload = json!({ "reason": "key_refused", "message": message });
            events::record(&mut transaction, event(key, kind, &payload)).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

/// Whether the checked credential is still the connection's. The lock keeps a reconnect out until the end, in the order
/// in which a reconnect takes its locks.
async fn is_still(transaction: &mut sqlx::PgConnection, key: &IdleKey) -> Result<bool, StoreError> {
    let generation = sqlx::query_scalar!(
        "select generation from credentials where connection_id = $1 for share",
        key.id.0
    )
    .fetch_optional(transaction)
    .await?;
    Ok(generation == Some(key.generation))
}

fn event<'a>(key: &IdleKey, kind: &'static str, payload: &'a serde_json::Value) -> NewEvent<'a> {
    NewEvent {
        project: key.project,
        environment: key.environment,
        kind,
        connection: Some(key.id),
        payload,
    }
}
