//! What is forgotten, so that tables stay bounded. Each turn takes one bite of each table in a short statement; replicas
//! skip what another one holds. An array, not `in`: the deletion then goes by the primary key however large the table is.
//! The audit log is never purged.

use chrono::TimeDelta;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::webhooks::unblock;
use crate::{Store, StoreError};

/// Rows of one statement at most.
pub const PURGE_BITE: i64 = 10_000;

/// Days that an ended revocation and a deleted connection are kept, so that somebody who asks can be told.
const KEPT_DAYS: i32 = 30;

/// What a turn deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Events, with their deliveries.
    pub events: u64,
    /// Revocations that ended.
    pub revocations: u64,
    /// Connections that were deleted.
    pub connections: u64,
    /// Heartbeats of replicas that are gone.
    pub heartbeats: u64,
    /// Mails that ended, links that are over, addresses that no connection needs.
    pub mail: u64,
    /// Pictures of projects that were replaced.
    pub images: u64,
    /// Lines of the log of requests.
    pub requests: u64,
    /// Numbers of hours that are long ago.
    pub numbers: u64,
}

impl Store {
    /// Deletes one bite, 1 to [`PURGE_BITE`] rows, of what is older than it is kept: events by the given time, the
    /// others by 30 days, numbers by 90, heartbeats and replaced pictures by one. The log of requests has a time of its own:
    /// [`Store::purge_requests`].
    pub async fn purge(&self, events_kept: TimeDelta, bite: i64) -> Result<Purged, StoreError> {
        let bite = bite.clamp(1, PURGE_BITE);
        Ok(Purged {
            events: self.purge_events(events_kept, bite).await?,
            revocations: self.purge_revocations(bite).await?,
            connections: self.purge_connections(bite).await?,
            heartbeats: self.purge_heartbeats(bite).await?,
            mail: self.purge_mail(bite).await?,
            images: self.purge_images(bite).await?,
            requests: 0,
            numbers: self.purge_numbers(bite).await?,
        })
    }

    /// Served by `events_pkey`: an id begins with its time in milliseconds (UUIDv7, RFC 9562 §5.7). The column is asked
    /// too, since the id has the time of a replica's clock. An event with a delivery on its way stays until that has
    /// ended (`webhook_deliveries_event_id_endpoint_id_key`).
    async fn purge_events(&self, kept: TimeDelta, bite: i64) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ids = sqlx::query_scalar!(
            "select e.id from events e
             where e.id < (rpad(lpad(to_hex(floor(extract(epoch from
                       latchkey_now() - make_interval(secs => $1)) * 1000)::bigint), 12, '0'), 32, '0'))::uuid
               and e.created_at < latchkey_now() - make_interval(secs => $1)
               and not exists (select from webhook_deliveries d where d.event_id = e.id and d.status = 'pending')
             order by e.id limit $2 for update skip locked",
            seconds(kept),
            bite
        )
        .fetch_all(&mut *transaction)
        .await?;
        let deleted = delete_events(&mut transaction, &ids).await?;
        transaction.commit().await?;
        Ok(deleted)
    }

    /// Served by `revocations_ended`.
    async fn purge_revocations(&self, bite: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from revocations where id = any (array(
                 select r.id from revocations r
                 where r.ended_at is not null and r.ended_at < latchkey_now() - make_interval(days => $1)
                 order by r.ended_at limit $2 for update skip locked))",
            KEPT_DAYS,
            bite
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }

    /// Served by `connections_deleted`; a grant that still waits to be revoked keeps its connection
    /// (`revocations_by_connection`).
    async fn purge_connections(&self, bite: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from connections where id = any (array(
                 select c.id from connections c
                 where c.deleted_at is not null and c.deleted_at < latchkey_now() - make_interval(days => $1)
                   and not exists (select from revocations r where r.connection_id = c.id and r.status = 'pending')
                 order by c.deleted_at limit $2 for update skip locked))",
            KEPT_DAYS,
            bite
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }

    /// Served by `brand_images_replaced`.
    async fn purge_images(&self, bite: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from brand_images where (project_id, slot, digest) in (
                 select i.project_id, i.slot, i.digest from brand_images i
                 where i.replaced_at is not null and i.replaced_at <= latchkey_now() - interval '1 day'
                 order by i.replaced_at limit $1 for update skip locked)",
            bite
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }

    /// Replicas that are gone for good, with all their loops; a loop that is stuck in one that lives stays to be seen: each start of a replica without a kept id makes a new one. A few rows for each
    /// replica and day, read as a whole.
    async fn purge_heartbeats(&self, bite: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from heartbeats where (replica, loop) in (
                 select h.replica, h.loop from heartbeats h where h.beat_at < latchkey_now() - interval '1 day'
                   and not exists (select from heartbeats b where b.replica = h.replica
                                   and b.beat_at >= latchkey_now() - interval '1 day')
                 limit $1 for update skip locked)",
            bite
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }
}

/// Deletes events that are locked, with their deliveries. Served by `webhook_deliveries_event_id_endpoint_id_key` and
/// `events_pkey`.
pub(crate) async fn delete_events(connection: &mut PgConnection, ids: &[Uuid]) -> Result<u64, StoreError> {
    let deliveries = sqlx::query!(
        "delete from webhook_deliveries where event_id = any ($1) returning endpoint_id, lane, status",
        ids
    )
    .fetch_all(&mut *connection)
    .await?;
    // One that was asked for again since the look: what waits behind it must not wait for ever.
    let pending = deliveries.iter().filter(|row| row.status == "pending");
    let (endpoints, lanes): (Vec<Uuid>, Vec<Uuid>) =
        pending.filter_map(|row| Some((row.endpoint_id, row.lane?))).unzip();
    unblock(connection, &endpoints, &lanes).await?;
    Ok(sqlx::query!("delete from events where id = any ($1)", ids)
        .execute(connection)
        .await?
        .rows_affected())
}

#[expect(clippy::cast_precision_loss, reason = "years in seconds at most")]
pub(crate) fn seconds(time: TimeDelta) -> f64 {
    time.num_seconds() as f64
}
