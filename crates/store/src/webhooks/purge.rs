//! Keeping the outbox small.

use uuid::Uuid;

use super::claims::unblock;
use crate::{Store, StoreError};

/// Rows of one statement.
const BITE: i64 = 1_000;
/// Statements of one turn; the next turn goes on.
const BITES: usize = 50;
/// Days that a delivery is kept after it ended, and no longer than its event.
pub const DELIVERIES_KEPT_DAYS: i32 = 30;

/// What a turn took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgedDeliveries {
    /// Ended 30 days ago, or of a deleted endpoint.
    pub deleted: u64,
    /// Given up after a week on their way.
    pub expired: u64,
}

impl Store {
    /// Forgets deliveries that ended 30 days ago and those of deleted endpoints, and gives up those that were on their
    /// way for a week, counted from when they were last asked for: their endpoint is off or was dead for as long. In bites, so that no statement is long. Served by
    /// `webhook_deliveries_ended`, `_waiting` and `_by_endpoint`.
    pub async fn purge_deliveries(&self) -> Result<PurgedDeliveries, StoreError> {
        let mut purged = PurgedDeliveries::default();
        for _ in 0..BITES {
            let expired = self.expire_deliveries().await?;
            let deleted = self.delete_old_deliveries().await? + self.delete_orphans().await?;
            purged.expired += expired;
            purged.deleted += deleted;
            if expired + deleted == 0 {
                break;
            }
        }
        sqlx::query!(
            "delete from webhook_endpoints e
             where e.deleted_at is not null and not exists (select from webhook_deliveries d where d.endpoint_id = e.id)"
        )
        .execute(&self.pool)
        .await?;
        Ok(purged)
    }

    async fn expire_deliveries(&self) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let expired = sqlx::query!(
            "update webhook_deliveries set status = 'failed', ended_at = latchkey_now(), blocked = false, lease = null,
                    last_error = coalesce(last_error, 'It could not be sent for a week: the endpoint was off or failing.')
             where id in (
                 select id from webhook_deliveries
                 where status = 'pending' and created_at < latchkey_now() - interval '7 days'
                   and (redelivered_at is null or redelivered_at < latchkey_now() - interval '7 days')
                   and (lease_until is null or lease_until < latchkey_now())
                   and (attempts = 0 or next_attempt_at < latchkey_now())
                 order by created_at limit $1 for update skip locked)
             returning endpoint_id, lane",
            BITE
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut lanes: Vec<(Uuid, Uuid)> = expired
            .iter()
            .filter_map(|row| Some((row.endpoint_id, row.lane?)))
            .collect();
        lanes.sort_unstable();
        lanes.dedup();
        let (endpoints, lanes): (Vec<Uuid>, Vec<Uuid>) = lanes.into_iter().unzip();
        unblock(&mut transaction, &endpoints, &lanes).await?;
        transaction.commit().await?;
        Ok(expired.len() as u64)
    }

    async fn delete_old_deliveries(&self) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from webhook_deliveries where id in (
                 select id from webhook_deliveries
                 where status <> 'pending' and ended_at < latchkey_now() - make_interval(days => $2)
                 order by ended_at limit $1 for update skip locked)",
            BITE,
            DELIVERIES_KEPT_DAYS
        )
        .execute(&self.pool)
        .await?;
        Ok(deleted.rows_affected())
    }

    async fn delete_orphans(&self) -> Result<u64, StoreError> {
        let deleted = sqlx::query!(
            "delete from webhook_deliveries where id in (
                 select d.id from webhook_endpoints e
                 cross join lateral (
                     select id from webhook_deliveries where endpoint_id = e.id limit $1 for update skip locked) d
                 where e.deleted_at is not null limit $1)",
            BITE
        )
        .execute(&self.pool)
        .await?;
        Ok(deleted.rows_affected())
    }
}
