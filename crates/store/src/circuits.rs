//! Circuits: what all replicas know about the token endpoint of an app, so that a broken client or a service that is
//! away is asked by few and noticed once.

use serde_json::json;
use sqlx::PgConnection;

use crate::{AppId, Fence, FoundBy, Lease, NewEvent, Store, StoreError, app_attention, events};

/// Failures in a row, without a success of any connection between them, that open a circuit.
const BROKEN_LIMIT: i32 = 3;
const UNANSWERED_LIMIT: i32 = 10;

/// What an app's failures are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitReason {
    /// The service refuses the app's client: somebody has to mend its registration or its secret.
    AppBroken,
    /// The service does not answer.
    ProviderUnavailable,
}

impl CircuitReason {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppBroken => "app_broken",
            Self::ProviderUnavailable => "provider_unavailable",
        }
    }
}

impl Store {
    /// Counts a failure of an app. `true` when this one opened the circuit: then an event was recorded for operators,
    /// once.
    pub async fn note_app_failure(
        &self,
        lease: &Lease,
        reason: CircuitReason,
        message: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query!(
            r#"insert into refresh_circuits as r (app_id, broken, unanswered) values ($1, $2, $3)
               on conflict (app_id) do update set broken = r.broken + $2, unanswered = r.unanswered + $3,
                   not_before = case when r.updated_at <= latchkey_now() then r.not_before end,
                   updated_at = latchkey_now()
               returning broken, unanswered, state, r.reason"#,
            lease.app.0,
            i32::from(reason == CircuitReason::AppBroken),
            i32::from(reason == CircuitReason::ProviderUnavailable),
        )
        .fetch_one(&mut *transaction)
        .await?;
        let over = row.broken >= BROKEN_LIMIT || row.unanswered >= UNANSWERED_LIMIT;
        // An outage that turns out to be a broken client is another thing for other people.
        let turned = reason == CircuitReason::AppBroken
            && row.broken >= BROKEN_LIMIT
            && row.reason.as_deref() == Some(CircuitReason::ProviderUnavailable.as_str());
        let opened = row.state == "closed" && over || turned;
        if opened {
            sqlx::query!(
                "update refresh_circuits set state = 'open', reason = $2, message = $3, opened_at = latchkey_now(),
                        probes = 0, not_before = greatest(not_before, latchkey_now() + interval '15 seconds')
                 where app_id = $1",
                lease.app.0,
                reason.as_str(),
                message
            )
            .execute(&mut *transaction)
            .await?;
            if reason == CircuitReason::AppBroken {
                let payload = json!({
                    "app": lease.app, "integration": lease.integration, "reason": reason.as_str(), "message": message,
                });
                record(&mut transaction, &lease.fence, "integration.app_broken", &payload).await?;
            }
        }
        if reason == CircuitReason::AppBroken {
            app_attention::note(&mut transaction, lease.app, FoundBy::Refresh, message, None).await?;
        }
        transaction.commit().await?;
        Ok(opened)
    }

    /// Nothing of this app is asked for a while, by any replica: the service said so (RFC 9110 §10.2.3).
    pub async fn hold_app(&self, app: AppId, seconds: f64) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into refresh_circuits as r (app_id, not_before) values ($1, latchkey_now() + make_interval(secs => $2))
             on conflict (app_id) do update set updated_at = latchkey_now(),
                 not_before = greatest(case when r.updated_at <= latchkey_now() then r.not_before end,
                                       excluded.not_before)",
            app.0,
            seconds
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A success ends an app's row of failures and closes its circuit; ask for it when
    /// [`Lease::troubled`]. `true` when it was open.
    pub async fn note_app_success(&self, fence: &Fence, app: AppId, integration: &str) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let before = sqlx::query!(
            "update refresh_circuits r set state = 'closed', broken = 0, unanswered = 0, reason = null, message = null,
                    opened_at = null, probes = 0, updated_at = latchkey_now(),
                    -- What a service asked for holds, whatever went well meanwhile.
                    not_before = case when r.state = 'closed' then r.not_before end
             from (select app_id, state, reason from refresh_circuits where app_id = $1 for update) old
             where r.app_id = old.app_id returning old.state, old.reason",
            app.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        app_attention::refreshed(&mut transaction, app).await?;
        let was_open = before.as_ref().is_some_and(|before| before.state == "open");
        if was_open && before.is_some_and(|before| before.reason.as_deref() == Some("app_broken")) {
            let payload = json!({ "app": app, "integration": integration });
            record(&mut transaction, fence, "integration.recovered", &payload).await?;
        }
        transaction.commit().await?;
        Ok(was_open)
    }

    /// Somebody changed the app: the next refresh may try at once.
    pub(crate) async fn probe_soon(&self, transaction: &mut PgConnection, app: AppId) -> Result<(), StoreError> {
        sqlx::query!(
            "update refresh_circuits set not_before = null, probes = 0 where app_id = $1 and reason = 'app_broken'",
            app.0
        )
        .execute(transaction)
        .await?;
        Ok(())
    }

    /// What an open circuit is about.
    pub async fn circuit_message(&self, app: AppId) -> Result<Option<(CircuitReason, String)>, StoreError> {
        let row = sqlx::query!(
            r#"select reason as "reason!", message as "message!" from refresh_circuits
               where app_id = $1 and state = 'open' and reason is not null and message is not null"#,
            app.0
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| {
            let reason = match row.reason.as_str() {
                "app_broken" => CircuitReason::AppBroken,
                _ => CircuitReason::ProviderUnavailable,
            };
            (reason, row.message)
        }))
    }

    /// Circuits that are open, for `/metrics`.
    pub async fn open_circuits(&self) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar!(r#"select count(*) as "count!" from refresh_circuits where state = 'open'"#)
                .fetch_one(&self.pool)
                .await?,
        )
    }
}

async fn record(
    transaction: &mut PgConnection,
    fence: &Fence,
    kind: &'static str,
    payload: &serde_json::Value,
) -> Result<(), StoreError> {
    let event = NewEvent {
        project: fence.project,
        environment: fence.environment,
        kind,
        connection: None,
        payload,
    };
    events::record(transaction, event).await
}
