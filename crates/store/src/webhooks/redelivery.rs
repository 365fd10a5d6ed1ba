//! Deliveries that are made once more.

use chrono::{DateTime, Utc};
use vault::Environment;

use super::DeliveryStatus;
use crate::{DeliveryId, EndpointId, ProjectId, Store, StoreError};

/// Deliveries of one call at most.
const RANGE_LIMIT: i64 = 10_000;

/// Which deliveries of an endpoint go out again.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Written at this time or later.
    pub from: DateTime<Utc>,
    /// Written before this time.
    pub to: DateTime<Utc>,
    /// With this status; never [`DeliveryStatus::Pending`].
    pub status: Option<DeliveryStatus>,
    /// Behind this one, which ended the call before.
    pub after: Option<DeliveryId>,
}

/// What a call put on its way again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redelivered {
    /// How many.
    pub count: usize,
    /// Where the next call goes on; `None` when nothing is left.
    pub next: Option<DeliveryId>,
}

impl Store {
    /// Puts a delivery on its way again, with all its attempts; one that waits for its next attempt gets it now. `false`
    /// when it is not there, or is being made at this moment.
    pub async fn redeliver(
        &self,
        project: ProjectId,
        environment: Environment,
        id: DeliveryId,
    ) -> Result<bool, StoreError> {
        let again = sqlx::query!(
            "update webhook_deliveries d
             set status = 'pending', attempts = case when d.status = 'pending' then d.attempts else 0 end,
                 blocked = d.status = 'pending' and d.blocked, next_attempt_at = latchkey_now(), ended_at = null,
                 lease = null, lease_until = null, redelivered_at = latchkey_now()
             from webhook_endpoints e
             where d.id = $1 and e.id = d.endpoint_id and e.project_id = $2 and e.environment = $3
               and e.deleted_at is null and (d.lease_until is null or d.lease_until < latchkey_now())",
            id.0,
            project.0,
            environment.as_str()
        )
        .execute(&self.pool)
        .await?;
        Ok(again.rows_affected() == 1)
    }

    /// Puts what ended in a range of time on its way again, oldest first, in the order of each connection; at most
    /// 10,000 in a call. Served by `webhook_deliveries_by_endpoint`.
    pub async fn redeliver_range(&self, range: Range) -> Result<Redelivered, StoreError> {
        let rows = sqlx::query!(
            "with again as (
                 select d.id, d.seq, d.created_at,
                        d.lane is not null and row_number() over (partition by d.lane order by d.seq) > 1 as behind
                 from (select id, seq, created_at, lane from webhook_deliveries
                       where endpoint_id = $1 and created_at >= $2 and created_at < $3 and status <> 'pending'
                         and ($4::text is null or status = $4)
                         and ($5::uuid is null or (created_at, seq) > (
                             select a.created_at, a.seq from webhook_deliveries a where a.id = $5))
                       order by created_at, seq limit $6 for update) d)
             update webhook_deliveries d
             set status = 'pending', attempts = 0, blocked = again.behind, next_attempt_at = latchkey_now(), ended_at = null,
                 lease = null, lease_until = null, redelivered_at = latchkey_now()
             from again where d.id = again.id
             returning d.id, d.created_at, d.seq",
            range.endpoint.0,
            range.from,
            range.to,
            range.status.map(DeliveryStatus::as_str),
            range.after.map(|id| id.0),
            RANGE_LIMIT
        )
        .fetch_all(&self.pool)
        .await?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count >= RANGE_LIMIT);
        let last = rows.iter().max_by_key(|row| (row.created_at, row.seq));
        Ok(Redelivered {
            count: rows.len(),
            next: last.filter(|_| full).map(|row| DeliveryId(row.id)),
        })
    }
}
