//! The server as its database sees it: replicas, loops, what waits, and the database itself.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Store, StoreError};

/// Rows of a queue are counted up to here: how long a very long one is makes no difference.
const COUNTED: i64 = 10_000;

/// How much waits, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    /// Rows, counted up to 10,000.
    pub waiting: i64,
    /// When the first one became due.
    pub since: Option<DateTime<Utc>>,
}

/// What waits to be done, of all projects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queues {
    /// Refreshes that are due and nobody has claimed.
    pub refreshes: Queue,
    /// Grants to be ended at their service.
    pub revocations: Queue,
    /// Deliveries of events.
    pub deliveries: Queue,
    /// Mails to people.
    pub mails: Queue,
}

/// A process that serves.
#[derive(Clone, Debug)]
pub struct ReplicaRow {
    /// Its id.
    pub id: Uuid,
    /// Its version, where it told.
    pub version: Option<String>,
    /// Whether it has a folder for its journal, where it told.
    pub has_journal: Option<bool>,
    /// Whether all that an earlier life kept in its journal is committed.
    pub replayed: bool,
    /// When this life began.
    pub started_at: DateTime<Utc>,
    /// Its last sign of life.
    pub seen_at: DateTime<Utc>,
    /// Pulses of the others since then; one comes each five seconds.
    pub missed: i64,
}

/// A loop of a replica.
#[derive(Clone, Debug)]
pub struct LoopRow {
    /// The replica.
    pub replica: Uuid,
    /// The loop.
    pub name: String,
    /// How often it runs.
    pub interval_seconds: i32,
    /// Its last turn.
    pub beat_at: DateTime<Utc>,
    /// How long ago that was.
    pub age_seconds: f64,
}

/// The database itself.
#[derive(Clone, Debug)]
pub struct DatabaseFacts {
    /// As `17.2`.
    pub version: String,
    /// Bytes on disk.
    pub size: i64,
    /// Connections to it.
    pub connections: i64,
    /// Connections that its server takes at most.
    pub connections_at_most: i64,
    /// Standbys that follow it, as far as this role may see them.
    pub standbys: i64,
    /// How far the last of them is behind, in seconds.
    pub lag_seconds: Option<f64>,
    /// Its clock.
    pub now: DateTime<Utc>,
    /// The newest migration and when it ran.
    pub migration: Option<(i64, DateTime<Utc>)>,
}

impl Store {
    /// Says what this replica is.
    pub async fn describe_replica(
        &self,
        replica: crate::Replica,
        version: &str,
        has_journal: bool,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "update replicas set version = $3, has_journal = $4 where id = $1 and boot = $2",
            replica.id,
            replica.boot,
            version,
            has_journal
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Replicas, those that were seen last first.
    pub async fn replicas(&self) -> Result<Vec<ReplicaRow>, StoreError> {
        Ok(sqlx::query_as!(
            ReplicaRow,
            r#"select r.id, r.version, r.has_journal, r.replayed, r.started_at, r.seen_at,
                      greatest(p.beats - r.seen_pulse, 0) as "missed!"
               from replicas r cross join pulse p order by r.seen_at desc limit 100"#
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// The loops of replicas that were seen within five minutes.
    pub async fn loops(&self) -> Result<Vec<LoopRow>, StoreError> {
        Ok(sqlx::query_as!(
            LoopRow,
            r#"select h.replica, h.loop as name, h.interval_seconds, h.beat_at,
                      extract(epoch from latchkey_now() - h.beat_at)::float8 as "age_seconds!"
               from heartbeats h join replicas r on r.id = h.replica
               where r.seen_at > latchkey_now() - interval '5 minutes' order by h.loop, h.replica limit 1000"#
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// What waits. Due refreshes are counted for each app, up to a thousand, served by `credentials_due_by_app`; the
    /// others by `revocations_due`, `webhook_deliveries_waiting` and `mails_due`.
    pub async fn queues(&self) -> Result<Queues, StoreError> {
        let row = sqlx::query!(
            r#"select
                 (select coalesce(sum(d.due), 0)::bigint from apps a cross join lateral (
                     select count(*) as due from (
                         select from credentials k where k.app_id = a.id and k.refresh_at <= latchkey_now()
                           and k.lease_owner is null and k.uncertain_since is null limit 1000) x) d) as "refreshes!",
                 (select min(d.refresh_at) from apps a cross join lateral (
                     select k.refresh_at from credentials k where k.app_id = a.id and k.refresh_at <= latchkey_now()
                       and k.lease_owner is null and k.uncertain_since is null
                     order by k.refresh_at limit 1) d) as refresh_since,
                 (select count(*) from (select from revocations where status = 'pending' limit $1) x) as "revocations!",
                 (select min(next_attempt_at) from revocations where status = 'pending') as revocation_since,
                 (select count(*) from (select from webhook_deliveries where status = 'pending' limit $1) x)
                     as "deliveries!",
                 (select created_at from webhook_deliveries where status = 'pending' order by created_at limit 1)
                     as "delivery_since?",
                 (select count(*) from (select from mails where status = 'pending' limit $1) x) as "mails!",
                 (select min(next_attempt_at) from mails where status = 'pending') as mail_since"#,
            COUNTED
        )
        .fetch_one(&self.pool)
        .await?;
        let queue = |waiting, since| Queue { waiting, since };
        Ok(Queues {
            refreshes: queue(row.refreshes, row.refresh_since),
            revocations: queue(row.revocations, row.revocation_since),
            deliveries: queue(row.deliveries, row.delivery_since),
            mails: queue(row.mails, row.mail_since),
        })
    }

    /// The database's own facts. What this role may not see is left out.
    pub async fn database_facts(&self) -> Result<DatabaseFacts, StoreError> {
        let row = sqlx::query!(
            r#"select current_setting('server_version') as "version!", pg_database_size(current_database()) as "size!",
                      (select count(*) from pg_stat_activity where datname = current_database()) as "connections!",
                      current_setting('max_connections')::bigint as "connections_at_most!",
                      (select count(*) from pg_stat_replication) as "standbys!",
                      (select max(extract(epoch from replay_lag))::float8 from pg_stat_replication) as lag_seconds,
                      now() as "now!""#
        )
        .fetch_one(&self.pool)
        .await?;
        // Not checked at compile time: the table belongs to the migrator.
        let migration: Option<(i64, DateTime<Utc>)> = sqlx::query_as(
            "select version, installed_on from _sqlx_migrations where success order by version desc limit 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(DatabaseFacts {
            version: row.version,
            size: row.size,
            connections: row.connections,
            connections_at_most: row.connections_at_most,
            standbys: row.standbys,
            lag_seconds: row.lag_seconds,
            now: row.now,
            migration,
        })
    }
}
