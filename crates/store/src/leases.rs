//! Leases: the right to refresh one connection, claimed and committed before any request goes out.
//!
//! A lease ends when its holder says so, or when the holder is known to be gone: it came back in another life and has
//! replayed its journal, or it was silent for sixty beats of the database's pulse. Not by the clock alone, except where the
//! holder was forgotten long ago: whoever asks a second time spends a token that may be spent already.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;
use vault::{Credential, Environment};

use crate::credentials::{place, read};
use crate::{AppId, ConnectionId, ProjectId, Store, StoreError};

/// Who holds a lease: a replica, and which of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replica {
    /// The same over restarts, where there is a place to keep it.
    pub id: Uuid,
    /// New at each start.
    pub boot: Uuid,
}

/// What an answer of a provider replaces: a connection's credential, as of one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The connection.
    pub connection: ConnectionId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The generation that was sent to the provider.
    pub generation: i64,
}

/// Why a refresh token may be spent already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// An earlier attempt at this generation was sent and never answered.
    Interrupted,
    /// The database was restored or copied since the token was stored.
    Adopted,
}

/// A claimed refresh.
#[derive(Debug)]
pub struct Lease {
    /// What it replaces.
    pub fence: Fence,
    /// Which claim of this connection it is: a later claim ends it.
    pub number: i64,
    /// Who claimed it.
    pub replica: Replica,
    /// When this process began to claim it: others may have given it up since, however long the answer took.
    pub begun: Instant,
    /// When, by the database's clock. Lifetimes count from here.
    pub claimed_at: DateTime<Utc>,
    /// The app whose client asks.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// Non-secret values of the connection.
    pub variables: BTreeMap<String, String>,
    /// The secret to refresh.
    pub credential: Credential,
    /// Failed attempts at this generation so far.
    pub attempts: i32,
    /// How often the service refused this generation.
    pub refusals: i16,
    /// Why nobody knows whether this token is still good, if so.
    pub doubt: Option<Doubt>,
    /// Seconds a token was good for, learnt from a 401.
    pub learned_lifetime: Option<u64>,
    /// Whether the access token has ended.
    pub expired: bool,
    /// The app has failures since its last success, or an open circuit.
    pub troubled: bool,
}

/// How a claim for a waiting call went.
#[derive(Debug)]
pub enum Claim {
    /// This caller refreshes.
    Mine(Box<Lease>),
    /// Somebody else refreshes, or did.
    Somebodys,
    /// The last attempt failed, or the service is not to be asked; the next attempt may come after this pause.
    NotYet {
        /// Seconds.
        seconds: u64,
        /// Whether this connection's own attempt failed; otherwise all of its app wait.
        own: bool,
    },
}

/// An app with refreshes that are due.
#[derive(Clone, Debug)]
pub struct DueApp {
    /// The app.
    pub app: AppId,
    /// Its project.
    pub project: ProjectId,
    /// Its integration.
    pub integration: String,
    /// Its circuit is open: one refresh at a time may try.
    pub open: bool,
}

/// How many refreshes of an app to claim.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// The app.
    pub app: AppId,
    /// At most so many.
    pub limit: u32,
    /// Its circuit is open: this claim is its probe.
    pub open: bool,
}

/// A lease whose holder is gone.
#[derive(Clone, Debug)]
pub struct Interrupted {
    /// What it would have replaced.
    pub fence: Fence,
    /// The integration, for the log.
    pub integration: String,
}

impl Store {
    /// Apps with refreshes that are due and may be asked for, the longest overdue first, a thousand at most. One look
    /// into `credentials_due_by_app` for each app, however many rows are due.
    pub async fn due_apps(&self) -> Result<Vec<DueApp>, StoreError> {
        let rows = sqlx::query!(
            r#"select a.id, a.project_id, a.integration, coalesce(r.state = 'open', false) as "open!"
               from apps a
               cross join lateral (
                   select k.refresh_at from credentials k
                   where k.app_id = a.id and k.refresh_at <= latchkey_now() and k.lease_owner is null
                     and k.uncertain_since is null
                   order by k.refresh_at limit 1) d
               left join refresh_circuits r on r.app_id = a.id
               where r.not_before is null or r.not_before <= latchkey_now() or r.updated_at > latchkey_now()
               order by d.refresh_at limit 1000"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| DueApp {
                app: AppId(row.id),
                project: ProjectId(row.project_id),
                integration: row.integration,
                open: row.open,
            })
            .collect())
    }

    /// Claims refreshes that are due, each app's longest overdue first, at most its quota. Of an app with an open
    /// circuit one refresh is claimed, by one replica, and the next probe waits. Served by `credentials_due_by_app`.
    pub async fn claim_due(&self, replica: Replica, quotas: &[Quota]) -> Result<Vec<Lease>, StoreError> {
        let open: Vec<Uuid> = quotas
            .iter()
            .filter(|quota| quota.open)
            .map(|quota| quota.app.0)
            .collect();
        let begun = Instant::now();
        let mut transaction = self.pool.begin().await?;
        let probing = probe(&mut transaction, &open).await?;
        let (apps, limits): (Vec<Uuid>, Vec<i64>) = quotas
            .iter()
            .filter(|quota| !quota.open || probing.contains(&quota.app.0))
            .map(|quota| (quota.app.0, if quota.open { 1 } else { i64::from(quota.limit) }))
            .unzip();
        // First the ids, then the claim by them: what a quota of a column picks is a tenth of the table to the planner,
        // and it would read all connections to join them.
        let picked = sqlx::query_scalar!(
            r#"select d.connection_id as "id!" from unnest($1::uuid[], $2::bigint[]) as q (app_id, quota)
               cross join lateral (
                   select k.connection_id from credentials k
                   where k.app_id = q.app_id and k.refresh_at <= latchkey_now() and k.lease_owner is null
                     and k.uncertain_since is null
                   order by k.refresh_at limit q.quota for update skip locked) d"#,
            &apps,
            &limits
        )
        .fetch_all(&mut *transaction)
        .await?;
        let rows = claim(&mut transaction, replica, &picked).await?;
        transaction.commit().await?;
        self.leases(rows, replica, begun).await
    }

    async fn leases(&self, rows: Vec<LeaseRow>, replica: Replica, begun: Instant) -> Result<Vec<Lease>, StoreError> {
        let mut leases = Vec::with_capacity(rows.len());
        for row in rows {
            let (connection, number) = (ConnectionId(row.connection_id), row.lease_number);
            // One row that does not open must not stop the others.
            match self.lease(row, replica, begun).await {
                Ok(lease) => leases.push(lease),
                Err(error) if error.may_pass() => return Err(error),
                Err(error) => {
                    tracing::error!(%connection, %error, "a credential cannot be opened and is not refreshed");
                    self.park_unreadable(replica, connection, number).await?;
                }
            }
        }
        Ok(leases)
    }

    /// Claims tokens that an adoption made uncertain, due or not, a few at a time. One whose try failed waits its pause;
    /// of an app with an open circuit one is a probe. Served by `credentials_uncertain`.
    pub async fn claim_uncertain(&self, replica: Replica, limit: i64) -> Result<Vec<Lease>, StoreError> {
        let begun = Instant::now();
        let mut transaction = self.pool.begin().await?;
        let found = sqlx::query!(
            r#"select k.connection_id, k.app_id as "app_id!", coalesce(r.state = 'open', false) as "open!"
             from credentials k left join refresh_circuits r on r.app_id = k.app_id
             where k.uncertain_since is not null and k.refresh_at is not null and k.lease_owner is null
               and (k.attempts = 0 and k.refusals = 0 or k.refresh_at <= latchkey_now())
               and (r.not_before is null or r.not_before <= latchkey_now() or r.updated_at > latchkey_now())
             order by k.refresh_at limit $1 for update of k skip locked"#,
            limit
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut open: Vec<Uuid> = found.iter().filter(|row| row.open).map(|row| row.app_id).collect();
        open.sort_unstable();
        open.dedup();
        let mut probing = probe(&mut transaction, &open).await?;
        let mut picked = Vec::with_capacity(found.len());
        for row in found {
            let probes = probing.iter().position(|app| *app == row.app_id);
            if let Some(probe) = probes {
                probing.swap_remove(probe);
            }
            if !row.open || probes.is_some() {
                picked.push(row.connection_id);
            }
        }
        let rows = claim(&mut transaction, replica, &picked).await?;
        transaction.commit().await?;
        self.leases(rows, replica, begun).await
    }

    /// Claims the refresh of one connection for a call that waits for it, unless somebody holds it, the generation
    /// moved on, an earlier attempt failed and its pause is not over, or its service is not to be asked now. With an
    /// open circuit it is the probe: the next waits.
    pub async fn claim_one(
        &self,
        replica: Replica,
        connection: ConnectionId,
        generation: i64,
    ) -> Result<Claim, StoreError> {
        let begun = Instant::now();
        let row = sqlx::query_as!(
            LeaseRow,
            r#"with probe as (
                   update refresh_circuits set probes = probes + 1, updated_at = latchkey_now(),
                          not_before = latchkey_now()
                              + make_interval(secs => least(15 * power(2, least(probes, 2)), 60) + 3 * random())
                   where state = 'open' and (not_before is null or not_before <= latchkey_now()
                          or updated_at > latchkey_now())
                     and app_id = (select p.app_id from credentials p where p.connection_id = $3 and p.generation = $4
                                   and p.lease_owner is null and (p.attempts = 0 or p.refresh_at <= latchkey_now()))
                   returning app_id)
               update credentials k set lease_owner = $1, lease_boot = $2, lease_number = k.lease_number + 1,
                      leased_at = latchkey_now(), lease_until = latchkey_now() + interval '5 minutes'
               from connections c left join refresh_circuits r on r.app_id = c.app_id
               where k.connection_id = $3 and c.id = $3 and k.generation = $4 and k.lease_owner is null
                 and (k.attempts = 0 or k.refresh_at <= latchkey_now())
                 and (r.not_before is null or r.not_before <= latchkey_now() or r.updated_at > latchkey_now())
                 and (r.state is distinct from 'open' or exists (select from probe))
               returning k.connection_id, k.project_id, k.environment, k.sealed, k.generation, k.attempts, k.refusals,
                         k.learned_lifetime, k.lease_number, k.leased_at as "leased_at!", c.app_id,
                         c.integration, c.auth_method,
                         c.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>",
                         coalesce(k.expires_at <= latchkey_now(), false) as "expired!",
                         coalesce(r.state = 'open' or r.broken + r.unanswered > 0, false) as "troubled!",
                         case when k.uncertain_since is not null then 'adopted'
                              when k.interrupted then 'interrupted' end as doubt"#,
            replica.id,
            replica.boot,
            connection.0,
            generation
        )
        .fetch_optional(&self.pool)
        .await?;
        if let Some(row) = row {
            return Ok(Claim::Mine(Box::new(self.lease(row, replica, begun).await?)));
        }
        let pause = sqlx::query!(
            r#"select extract(epoch from greatest(
                          case when k.attempts > 0 then k.refresh_at end, r.not_before, latchkey_now())
                      - latchkey_now())::bigint as "pause!",
                      k.attempts > 0 and k.refresh_at > latchkey_now() as "own!"
               from credentials k left join refresh_circuits r on r.app_id = k.app_id
               where k.connection_id = $1 and k.generation = $2 and k.lease_owner is null
                 and (k.attempts > 0 and k.refresh_at > latchkey_now() or r.not_before > latchkey_now())"#,
            connection.0,
            generation
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(pause.map_or(Claim::Somebodys, |pause| Claim::NotYet {
            seconds: pause.pause.unsigned_abs(),
            own: pause.own,
        }))
    }

    async fn lease(&self, row: LeaseRow, replica: Replica, begun: Instant) -> Result<Lease, StoreError> {
        let environment = crate::database::environment("credentials", row.connection_id, &row.environment)?;
        let place = place(row.project_id, environment, row.connection_id, row.generation);
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        Ok(Lease {
            fence: Fence {
                connection: ConnectionId(row.connection_id),
                project: ProjectId(row.project_id),
                environment,
                generation: row.generation,
            },
            number: row.lease_number,
            replica,
            begun,
            claimed_at: row.leased_at,
            app: AppId(row.app_id),
            integration: row.integration,
            auth_method: row.auth_method,
            variables: row.variables.0,
            credential: read("credentials", row.connection_id, &plaintext)?,
            attempts: row.attempts,
            refusals: row.refusals,
            doubt: row.doubt.map(|doubt| match doubt.as_str() {
                "adopted" => Doubt::Adopted,
                _ => Doubt::Interrupted,
            }),
            learned_lifetime: row.learned_lifetime.and_then(|seconds| u64::try_from(seconds).ok()),
            expired: row.expired,
            troubled: row.troubled,
        })
    }

    async fn park_unreadable(&self, replica: Replica, connection: ConnectionId, number: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "update credentials set refresh_at = latchkey_now() + interval '1 hour', lease_owner = null,
                    lease_boot = null, lease_until = null
             where connection_id = $1 and lease_owner = $2 and lease_boot = $3 and lease_number = $4",
            connection.0,
            replica.id,
            replica.boot,
            number
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Frees a lease under which surely nothing was sent; the refresh is due again after the pause. `false` when the
    /// lease is no longer this one.
    pub async fn free_lease(&self, lease: &Lease, pause_seconds: f64) -> Result<bool, StoreError> {
        let freed = sqlx::query!(
            "update credentials set lease_owner = null, lease_boot = null, lease_until = null,
                    refresh_at = latchkey_now() + make_interval(secs => $5)
             where connection_id = $1 and generation = $2 and lease_owner = $3 and lease_number = $4",
            lease.fence.connection.0,
            lease.fence.generation,
            lease.replica.id,
            lease.number,
            pause_seconds
        )
        .execute(&self.pool)
        .await?;
        Ok(freed.rows_affected() == 1)
    }

    /// Frees the leases of this life that this process does not know of: a claim whose answer was lost with the
    /// database. Nothing was sent under them. Served by `credentials_leased`.
    pub async fn free_unknown_leases(&self, replica: Replica, known: &[ConnectionId]) -> Result<u64, StoreError> {
        let known: Vec<Uuid> = known.iter().map(|id| id.0).collect();
        let freed = sqlx::query!(
            "update credentials set lease_owner = null, lease_boot = null, lease_until = null
             where lease_owner = $1 and lease_boot = $2 and connection_id <> all ($3)",
            replica.id,
            replica.boot,
            &known
        )
        .execute(&self.pool)
        .await?;
        Ok(freed.rows_affected())
    }

    /// Takes leases from holders that are gone: their refresh is due at once and marked, since nobody knows whether the
    /// provider saw it. Served by `credentials_leased`.
    pub async fn take_over_leases(&self, limit: i64) -> Result<Vec<Interrupted>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query!(
            r#"with gone as materialized (
                   select k.connection_id from credentials k
                   left join replicas r on r.id = k.lease_owner cross join pulse p
                   where k.lease_owner is not null and (
                         r.id is null and k.lease_until < latchkey_now()
                         or r.boot <> k.lease_boot and r.replayed
                         or p.beats - r.seen_pulse >= 60)
                   order by k.connection_id limit $1 for update of k skip locked)
               update credentials k set lease_owner = null, lease_boot = null, lease_until = null, interrupted = true,
                      refresh_at = case when k.refresh_at is null then null else latchkey_now() end
               from gone g join connections c on c.id = g.connection_id
               where k.connection_id = g.connection_id
               returning k.connection_id, k.project_id, k.environment, k.generation, c.integration"#,
            limit
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut taken = Vec::with_capacity(rows.len());
        for row in rows {
            let interrupted = Interrupted {
                fence: Fence {
                    connection: ConnectionId(row.connection_id),
                    project: ProjectId(row.project_id),
                    environment: crate::database::environment("credentials", row.connection_id, &row.environment)?,
                    generation: row.generation,
                },
                integration: row.integration,
            };
            self.record_interrupted(&mut transaction, &interrupted.fence).await?;
            taken.push(interrupted);
        }
        transaction.commit().await?;
        Ok(taken)
    }

    /// Ends a lease of this process whose task was lost half way: as if its holder had gone.
    pub async fn interrupt_lease(&self, fence: &Fence, replica: Replica, number: i64) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let marked = sqlx::query!(
            "update credentials set lease_owner = null, lease_boot = null, lease_until = null, interrupted = true,
                    refresh_at = latchkey_now()
             where connection_id = $1 and generation = $2 and lease_owner = $3 and lease_boot = $4
               and lease_number = $5",
            fence.connection.0,
            fence.generation,
            replica.id,
            replica.boot,
            number
        )
        .execute(&mut *transaction)
        .await?;
        if marked.rows_affected() == 0 {
            return Ok(false);
        }
        self.record_interrupted(&mut transaction, fence).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

struct LeaseRow {
    connection_id: Uuid,
    project_id: Uuid,
    environment: String,
    sealed: Vec<u8>,
    generation: i64,
    attempts: i32,
    refusals: i16,
    learned_lifetime: Option<i32>,
    lease_number: i64,
    leased_at: DateTime<Utc>,
    app_id: Uuid,
    integration: String,
    auth_method: String,
    variables: sqlx::types::Json<BTreeMap<String, String>>,
    expired: bool,
    troubled: bool,
    doubt: Option<String>,
}

/// Of apps with an open circuit those that may be asked by one refresh now: the next waits fifteen seconds after the first
/// failure, a minute at most; a little apart, so that replicas do not meet.
async fn probe(transaction: &mut PgConnection, open: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let probing = sqlx::query_scalar!(
        "update refresh_circuits set probes = probes + 1, updated_at = latchkey_now(),
                not_before = latchkey_now()
                    + make_interval(secs => least(15 * power(2, least(probes, 2)), 60) + 3 * random())
         where app_id = any ($1) and state = 'open' and (not_before is null or not_before <= latchkey_now()
                or updated_at > latchkey_now())
         returning app_id",
        open
    )
    .fetch_all(transaction)
    .await?;
    Ok(probing)
}

/// Leases rows that this transaction has locked.
async fn claim(transaction: &mut PgConnection, replica: Replica, picked: &[Uuid]) -> Result<Vec<LeaseRow>, StoreError> {
    let rows = sqlx::query_as!(
        LeaseRow,
        r#"update credentials k set lease_owner = $1, lease_boot = $2, lease_number = k.lease_number + 1,
                  leased_at = latchkey_now(), lease_until = latchkey_now() + interval '5 minutes'
           from connections c left join refresh_circuits r on r.app_id = c.app_id
           where k.connection_id = any ($3) and c.id = k.connection_id
           returning k.connection_id, k.project_id, k.environment, k.sealed, k.generation, k.attempts, k.refusals,
                     k.learned_lifetime, k.lease_number, k.leased_at as "leased_at!", c.app_id,
                     c.integration, c.auth_method,
                     c.variables as "variables: sqlx::types::Json<BTreeMap<String, String>>",
                     coalesce(k.expires_at <= latchkey_now(), false) as "expired!",
                     coalesce(r.state = 'open' or r.broken + r.unanswered > 0, false) as "troubled!",
                     case when k.uncertain_since is not null then 'adopted'
                          when k.interrupted then 'interrupted' end as doubt"#,
        replica.id,
        replica.boot,
        picked
    )
    .fetch_all(transaction)
    .await?;
    Ok(rows)
}
