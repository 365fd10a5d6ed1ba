//! Calls to a service that somebody asked for: one turn of each kind per connection in half a minute, on all replicas
//! together. Whoever comes later in it gets the outcome of the first.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::connections::event;
use crate::{Connection, ConnectionId, ConnectionState, Store, StoreError, events};

/// Seconds between two turns.
pub const TURN_SECONDS: u64 = 30;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDemand {
    /// A refresh now.
    Refresh,
    /// The definition's check.
    Test,
}

impl OnDemand {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Test => "test",
        }
    }
}

/// Whose turn it is.
#[derive(Clone, Debug)]
pub enum Turn {
    /// The caller's. It must end it.
    Mine {
        /// When it began.
        started_at: DateTime<Utc>,
    },
    /// Somebody had it already.
    Had {
        /// How it ended; `None` while it has not.
        outcome: Option<Value>,
        /// When it ended.
        ended_at: Option<DateTime<Utc>>,
        /// Seconds until there is another.
        next_in: u64,
    },
}

impl Turn {
    /// Whether somebody asked the service in it, or still may.
    fn counts(&self) -> bool {
        !matches!(self, Self::Had { outcome: Some(outcome), .. } if outcome["asked"] == false)
    }
}

/// What a test showed, for the timeline.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Whether the service accepted the credential as the same account.
    pub accepted: bool,
    /// A machine's word for why not.
    pub reason: Option<&'static str>,
    /// The same for people; the service's words in it are scrubbed.
    pub message: Option<String>,
    /// The account that the service named.
    pub account_id: Option<String>,
    /// Its name.
    pub account_name: Option<String>,
}

impl Tested {
    /// Not accepted, or not known.
    pub fn failed(reason: &'static str, message: String) -> Self {
        Self {
            accepted: false,
            reason: Some(reason),
            message: Some(message),
            account_id: None,
            account_name: None,
        }
    }
}

impl Store {
    /// Takes the turn, or tells who had it. One that ended before the service was asked (`asked` is false in its outcome)
    /// counts only for those who waited for it. Served by the primary key.
    pub async fn take_turn(&self, connection: ConnectionId, call: OnDemand) -> Result<Turn, StoreError> {
        // Reads before it writes: a thousand callers a second lock no row.
        if let Some(had) = self.turn_had(connection, call).await?
            && had.counts()
        {
            return Ok(had);
        }
        let mine = sqlx::query_scalar!(
            "insert into on_demand_calls (connection_id, call, started_at) values ($1, $2, latchkey_now())
             on conflict (connection_id, call) do update set started_at = latchkey_now(), ended_at = null, outcome = null
             where on_demand_calls.started_at <= latchkey_now() - interval '30 seconds'
                or on_demand_calls.outcome->>'asked' = 'false'
             returning started_at",
            connection.0,
            call.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        if let Some(started_at) = mine {
            return Ok(Turn::Mine { started_at });
        }
        // Another was first by a moment.
        Ok(self.turn_had(connection, call).await?.unwrap_or(Turn::Had {
            outcome: None,
            ended_at: None,
            next_in: 1,
        }))
    }

    /// The turn of the last half minute, if somebody had it.
    pub async fn turn_had(&self, connection: ConnectionId, call: OnDemand) -> Result<Option<Turn>, StoreError> {
        let row = sqlx::query!(
            r#"select outcome, ended_at,
                      ceil(extract(epoch from started_at + interval '30 seconds' - latchkey_now()))::bigint as "next_in!"
               from on_demand_calls
               where connection_id = $1 and call = $2 and started_at > latchkey_now() - interval '30 seconds'"#,
            connection.0,
            call.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Turn::Had {
            outcome: row.outcome,
            ended_at: row.ended_at,
            next_in: row.next_in.max(1).unsigned_abs(),
        }))
    }

    /// Ends a turn, if it is still the caller's. Returns when it ended.
    pub async fn end_turn(
        &self,
        connection: ConnectionId,
        call: OnDemand,
        started_at: DateTime<Utc>,
        outcome: &Value,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"update on_demand_calls set ended_at = latchkey_now(), outcome = $4
               where connection_id = $1 and call = $2 and started_at = $3 returning ended_at as "ended_at!""#,
            connection.0,
            call.as_str(),
            started_at,
            outcome
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Writes a test into the timeline, under one event. A good one proves a connection that was never proved, and heals
    /// one whose key the service refused (`key_refused`), which is `connection.recovered`; it counts only for the
    /// generation that it was made with. Nothing ever gets worse. Returns the state afterwards; `None` when it was deleted
    /// meanwhile.
    pub async fn note_test(
        &self,
        connection: &Connection,
        tested: &Tested,
        generation: Option<i64>,
    ) -> Result<Option<ConnectionState>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // In the order of a reconnect, which it keeps out until the end.
        let current = sqlx::query_scalar!(
            "select generation from credentials where connection_id = $1 for share",
            connection.id.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let proved = tested.accepted && current.is_some() && current == generation;
        let row = sqlx::query!(
            r#"update connections c
               set state = case when old.heals then 'operational' else c.state end,
                   state_reason = case when old.heals then null else c.state_reason end,
                   state_message = case when old.heals then null else c.state_message end,
                   check_refusals = case when old.heals then 0 else c.check_refusals end,
                   check_at = case when old.heals then latchkey_now() + interval '7 days' else c.check_at end,
                   checked_at = case when $2 then latchkey_now() else c.checked_at end,
                   account_id = case when $2 then coalesce(c.account_id, $3) else c.account_id end,
                   account_name = case when $2 then coalesce(c.account_name, $4) else c.account_name end,
                   updated_at = case when old.heals then latchkey_now() else c.updated_at end
               from (select id, $2 and state <> 'operational' and state_reason = 'key_refused' as refused,
                            $2 and (state = 'unknown' or state <> 'operational' and state_reason = 'key_refused') as heals
                     from connections where id = $1 for update) old
               where c.id = old.id and c.deleted_at is null
               returning c.state, coalesce(old.refused, false) as "recovers!""#,
            connection.id.0,
            proved,
            tested.account_id,
            tested.account_name
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let kind = if row.recovers {
            "connection.recovered"
        } else {
            "connection.tested"
        };
        let payload = json!({ "ok": tested.accepted, "reason": tested.reason, "message": tested.message });
        events::record(&mut transaction, event(connection, kind, &payload)).await?;
        transaction.commit().await?;
        let state = row.state.parse().map_err(|what| StoreError::Inconsistent {
            table: "connections",
            record: connection.id.0,
            what,
        })?;
        Ok(Some(state))
    }
}
