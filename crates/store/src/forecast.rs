//! Forecasts: grants that end and cannot be refreshed are told of some days before, once for each of 7, 3 and 1.

use serde_json::json;

use crate::{ConnectionId, NewEvent, ProjectId, Store, StoreError, events};

/// Rows of one transaction.
const BITE: i64 = 500;

/// What was told before (0 for nothing), and the days before the end at which something is told next.
const STEPS: [(i16, i32); 3] = [(0, 7), (7, 3), (3, 1)];

/// Of a connection whose access ended so.
const ENDED: &str = "The access has ended and the service gave nothing to renew it with. Connect it again.";

impl Store {
    /// Records `connection.expiring` for what is due to be told, one bite of each step; how many events that were. A
    /// token that never had more days than that is not told of, and a failed connection was told of otherwise.
    pub async fn forecast(&self) -> Result<u64, StoreError> {
        let mut told = 0;
        for (before, days) in STEPS {
            told += self.forecast_step(before, days).await?;
        }
        Ok(told)
    }

    /// Fails the connections whose access has ended and cannot be renewed, once, with their event; how many. Served by
    /// `credentials_forecast`.
    pub async fn end_unrenewable(&self) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ids = sqlx::query_scalar!(
            "update credentials k set forecast_days = -1
             where k.connection_id in (
                 select d.connection_id from credentials d
                 where d.refresh_at is null and d.expires_at is not null and d.forecast_days = any ('{0,1,3,7}')
                   and d.expires_at <= latchkey_now()
                 order by d.expires_at limit $1 for update skip locked)
             returning k.connection_id",
            BITE
        )
        .fetch_all(&mut *transaction)
        .await?;
        let rows = sqlx::query!(
            r#"update connections c set state = 'failed', state_reason = 'no_refresh_token', state_message = $2,
                      updated_at = latchkey_now()
               where c.id = any ($1) and c.deleted_at is null and c.state <> 'failed'
               returning c.id as "id: ConnectionId", c.project_id as "project: ProjectId", c.environment"#,
            &ids,
            ENDED
        )
        .fetch_all(&mut *transaction)
        .await?;
        for row in &rows {
            let payload = json!({ "reason": "no_refresh_token", "message": ENDED });
            let failed = NewEvent {
                project: row.project,
                environment: crate::database::environment("connections", row.id.0, &row.environment)?,
                kind: "connection.failed",
                connection: Some(row.id),
                payload: &payload,
            };
            events::record(&mut transaction, failed).await?;
        }
        transaction.commit().await?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// Served by `credentials_forecast`. A row that comes late gets the nearest step only.
    async fn forecast_step(&self, before: i16, days: i32) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query!(
            r#"with due as materialized (
                   select d.connection_id from credentials d
                   where d.refresh_at is null and d.expires_at is not null and d.forecast_days = $1
                     and d.expires_at > latchkey_now() and d.expires_at <= latchkey_now() + make_interval(days => $2)
                   order by d.expires_at limit $3 for update skip locked)
               update credentials k set forecast_days = case
                   when k.expires_at <= latchkey_now() + interval '1 day' then 1
                   when k.expires_at <= latchkey_now() + interval '3 days' then 3
                   else 7 end
               from due join connections c on c.id = due.connection_id
               where k.connection_id = due.connection_id
               returning c.id as "id: ConnectionId", c.project_id as "project: ProjectId", c.environment,
                         k.expires_at as "expires_at!", k.forecast_days,
                         c.deleted_at is null and c.state <> 'failed'
                             and k.updated_at < k.expires_at - make_interval(days => k.forecast_days) as "tell!""#,
            before,
            days,
            BITE
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut told = 0;
        for row in rows.iter().filter(|row| row.tell) {
            let payload = json!({ "expiresAt": row.expires_at, "days": row.forecast_days });
            let expiring = NewEvent {
                project: row.project,
                environment: crate::database::environment("connections", row.id.0, &row.environment)?,
                kind: "connection.expiring",
                connection: Some(row.id),
                payload: &payload,
            };
            events::record(&mut transaction, expiring).await?;
            told += 1;
        }
        transaction.commit().await?;
        Ok(told)
    }
}
