//! Claiming what is due, and noting how an attempt ended.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;
use vault::{Environment, WebhookSecret};

use super::{DisabledReason, FAILURES_UNTIL_PROBES, TEST_EVENT, secret_place};
use crate::{ConnectionId, DeliveryId, EndpointId, EventId, ProjectId, Store, StoreError};

/// Longer than an attempt may take: whoever claimed and did not note by then is gone.
const LEASE_SECONDS: f64 = 60.0;

/// How much of this replica is busy with an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct InFlight {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Deliveries to it that are running.
    pub running: i64,
}

/// A delivery that this caller makes now.
#[derive(Debug)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose turn it is; a late one notes nothing.
    lease: Uuid,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// The event; the same over all attempts.
    pub event: EventId,
    /// The name that the endpoint subscribed to.
    pub kind: String,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The connection that it is about.
    pub connection: Option<ConnectionId>,
    /// Details.
    pub payload: Value,
    /// When it happened.
    pub happened_at: DateTime<Utc>,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// The address.
    pub url: String,
    /// The endpoint's own data.
    pub metadata: Value,
    /// What signs.
    pub secret: WebhookSecret,
    /// What signs too, during a rotation.
    pub previous: Option<WebhookSecret>,
    /// The database's time of the claim.
    pub now: DateTime<Utc>,
}

impl ClaimedDelivery {
    /// Whether it is a test, which is tried once and says nothing about the endpoint.
    pub fn is_test(&self) -> bool {
        self.kind == TEST_EVENT
    }
}

/// What one attempt met.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// Address and headers as they were sent, scrubbed.
    pub request: Option<Value>,
    /// The body as it was sent, scrubbed.
    pub request_body: Option<String>,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// From the first byte out to the last one in, in milliseconds.
    pub duration_ms: i32,
    /// The beginning of the answer, scrubbed.
    pub response: Option<String>,
    /// Why it did not count, for people.
    pub error: Option<String>,
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It arrived.
    Delivered,
    /// Again after this many seconds.
    Retry {
        /// Seconds.
        seconds: f64,
    },
    /// Given up.
    Failed,
    /// Given up, and the endpoint is switched off: it answered 410.
    Gone,
}

/// The end of an attempt.
#[derive(Clone, Debug)]
pub struct AttemptEnd {
    /// What it met.
    pub attempt: Attempt,
    /// What becomes of the delivery.
    pub verdict: Verdict,
    /// The endpoint asked to be left alone for this many seconds.
    pub pause: Option<f64>,
    /// Between 0 and 1: spreads the probes of a failing endpoint.
    pub spread: f64,
}

impl Store {
    /// Claims due deliveries for a minute: of each active endpoint at most `per_endpoint` less what runs already, one
    /// only while it fails, and the first of every endpoint before the second of any. The claim is committed before
    /// anything is sent. With `only`, of this endpoint alone.
    ///
    /// Walks the active endpoints; each is one range of `webhook_deliveries_ready`, so a backlog elsewhere is not
    /// touched, and a backlog of its own is touched at its head. `per_endpoint` is 16 at most: a number that the planner
    /// can read keeps it from plans for whole backlogs.
    pub async fn claim_deliveries(
        &self,
        only: Option<EndpointId>,
        limit: i64,
        per_endpoint: i64,
        in_flight: &[InFlight],
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let (busy, running): (Vec<Uuid>, Vec<i64>) =
            in_flight.iter().map(|busy| (busy.endpoint.0, busy.running)).unzip();
        let ids = sqlx::query_scalar!(
            r#"with ready as (
                   select d.id, d.next_attempt_at, e.id as endpoint, e.failures >= $6 as probe,
                          row_number() over (partition by e.id order by d.next_attempt_at) as place,
                          case when e.failures >= $6 then 1 else $3::bigint end - coalesce(b.running, 0) as room
                   from webhook_endpoints e
                   left join unnest($4::uuid[], $5::bigint[]) as b (endpoint, running) on b.endpoint = e.id
                   cross join lateral (
                       select d.id, d.next_attempt_at from webhook_deliveries d
                       where d.endpoint_id = e.id and d.status = 'pending' and not d.blocked
                         and d.next_attempt_at <= latchkey_now()
                       order by d.next_attempt_at
                       limit 16
                       for update skip locked) d
                   where e.active and (e.not_before is null or e.not_before <= latchkey_now())
                     and ($1::uuid is null or e.id = $1)),
               chosen as (select * from ready where place <= room order by place, next_attempt_at limit $2),
               probed as (
                   update webhook_endpoints e set not_before = latchkey_now() + make_interval(secs => $7)
                   from chosen c where c.endpoint = e.id and c.probe)
               update webhook_deliveries d
               set attempts = attempts + 1, lease = gen_random_uuid(),
                   lease_until = latchkey_now() + make_interval(secs => $7),
                   next_attempt_at = latchkey_now() + make_interval(secs => $7)
               from chosen c where d.id = c.id
               returning d.id"#,
            only.map(|id| id.0),
            limit,
            per_endpoint,
            &busy,
            &running,
            FAILURES_UNTIL_PROBES,
            LEASE_SECONDS,
        )
        .fetch_all(&self.pool)
        .await?;
        self.claimed(&ids).await
    }

    /// Writes a test's event and its delivery, claimed already. `None` when the endpoint is gone.
    pub async fn claim_test_delivery(
        &self,
        project: ProjectId,
        environment: Environment,
        endpoint: EndpointId,
    ) -> Result<Option<ClaimedDelivery>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let event = EventId::generate();
        sqlx::query!(
            "insert into events (id, project_id, environment, type, payload)
             values ($1, $2, $3, $4, jsonb_build_object('endpoint', $5::uuid))",
            event.0,
            project.0,
            environment.as_str(),
            TEST_EVENT,
            endpoint.0
        )
        .execute(&mut *transaction)
        .await?;
        let id = sqlx::query_scalar!(
            "insert into webhook_deliveries (id, event_id, endpoint_id, attempts, lease, lease_until, next_attempt_at)
             select $1, $2, e.id, 1, gen_random_uuid(), latchkey_now() + make_interval(secs => $6),
                    latchkey_now() + make_interval(secs => $6)
             from webhook_endpoints e
             where e.id = $3 and e.project_id = $4 and e.environment = $5 and e.deleted_at is null
             returning id",
            DeliveryId::generate().0,
            event.0,
            endpoint.0,
            project.0,
            environment.as_str(),
            LEASE_SECONDS,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(id) = id else { return Ok(None) };
        transaction.commit().await?;
        Ok(self.claimed(&[id]).await?.pop())
    }

    async fn claimed(&self, ids: &[Uuid]) -> Result<Vec<ClaimedDelivery>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query_as!(
            ClaimedRow,
            r#"select d.id, d.lease as "lease!", d.attempts, d.endpoint_id, coalesce(d.type, v.type) as "kind!",
                      v.id as event_id, v.project_id, v.environment, v.connection_id, v.payload, v.created_at, e.url,
                      e.metadata, e.sealed, e.generation,
                      case when e.previous_until > latchkey_now() then e.previous_sealed end as previous_sealed,
                      latchkey_now() as "now!"
               from webhook_deliveries d
               join events v on v.id = d.event_id
               join webhook_endpoints e on e.id = d.endpoint_id
               where d.id = any ($1) and d.lease is not null order by d.seq"#,
            ids
        )
        .fetch_all(&self.pool)
        .await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id;
            // One endpoint whose secret does not open must not stop the others.
            match self.claimed_row(row).await {
                Ok(delivery) => claimed.push(delivery),
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    tracing::error!(delivery = %id, %error, "a delivery cannot be signed and waits an hour");
                    self.park_unsigned(id).await?;
                }
            }
        }
        Ok(claimed)
    }

    async fn claimed_row(&self, row: ClaimedRow) -> Result<ClaimedDelivery, StoreError> {
        let environment = crate::database::environment("events", row.event_id, &row.environment)?;
        let project = ProjectId(row.project_id);
        let place = |generation| secret_place(project, environment, row.endpoint_id, generation);
        let sealed = row.sealed.ok_or_else(|| StoreError::Inconsistent {
            table: "webhook_endpoints",
            record: row.endpoint_id,
            what: "there is no signing secret".to_owned(),
        })?;
        let secret = self.open_webhook_secret(sealed, &place(row.generation)).await?;
        let previous = match row.previous_sealed {
            None => None,
            Some(sealed) => Some(self.open_webhook_secret(sealed, &place(row.generation - 1)).await?),
        };
        Ok(ClaimedDelivery {
            id: DeliveryId(row.id),
            lease: row.lease,
            endpoint: EndpointId(row.endpoint_id),
            event: EventId(row.event_id),
            kind: row.kind,
            project,
            environment,
            connection: row.connection_id.map(ConnectionId),
            payload: row.payload,
            happened_at: row.created_at,
            attempt: row.attempts,
            url: row.url,
            metadata: row.metadata,
            secret,
            previous,
            now: row.now,
        })
    }

    async fn park_unsigned(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query!(
            "update webhook_deliveries set next_attempt_at = latchkey_now() + interval '1 hour', lease = null,
                    lease_until = null, last_error = 'The signing secret cannot be opened. Rotate it.'
             where id = $1 and status = 'pending'",
            id
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes the end of an attempt. `false` when the claim was over and somebody else has the delivery; nothing is
    /// written then.
    pub async fn note_attempt(&self, delivery: &ClaimedDelivery, end: &AttemptEnd) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let (status, again) = match end.verdict {
            Verdict::Delivered => ("delivered", None),
            Verdict::Retry { seconds } => ("pending", Some(seconds)),
            Verdict::Failed | Verdict::Gone => ("failed", None),
        };
        let code = end.attempt.status.map(i32::from);
        let noted = sqlx::query!(
            "update webhook_deliveries
             set status = $3, last_status = $4, last_error = $5, lease = null, lease_until = null,
                 next_attempt_at = coalesce(latchkey_now() + make_interval(secs => $6), next_attempt_at),
                 ended_at = case when $3 <> 'pending' then latchkey_now() end
             where id = $1 and lease = $2 and status = 'pending' returning lane",
            delivery.id.0,
            delivery.lease,
            status,
            code,
            end.attempt.error,
            again
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(noted) = noted else { return Ok(false) };
        sqlx::query!(
            "insert into webhook_attempts (id, delivery_id, status, duration_ms, response, error, request, request_body)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            Uuid::now_v7(),
            delivery.id.0,
            code,
            end.attempt.duration_ms,
            end.attempt.response,
            end.attempt.error,
            end.attempt.request,
            end.attempt.request_body
        )
        .execute(&mut *transaction)
        .await?;
        if let (Some(lane), true) = (noted.lane, status != "pending") {
            unblock(&mut transaction, &[delivery.endpoint.0], &[lane]).await?;
        }
        if !delivery.is_test() {
            note_health(&mut transaction, delivery.endpoint, end).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

/// Lets the first pending delivery of each lane go. Served by `webhook_deliveries_lane`. A statement of its own after the
/// one that ended the delivery before, so that it sees what came in while that one waited for its lock.
pub(crate) async fn unblock(
    connection: &mut PgConnection,
    endpoints: &[Uuid],
    lanes: &[Uuid],
) -> Result<(), StoreError> {
    sqlx::query!(
        "update webhook_deliveries n set blocked = false
         from unnest($1::uuid[], $2::uuid[]) as l (endpoint, lane)
         cross join lateral (
             select d.id from webhook_deliveries d
             where d.endpoint_id = l.endpoint and d.lane = l.lane and d.status = 'pending' order by d.seq limit 1) f
         where n.id = f.id and n.blocked",
        endpoints,
        lanes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps the endpoint's circuit. From [`FAILURES_UNTIL_PROBES`] failures in a row on it is left alone for a while: 5
/// seconds, then twice as long each time, five minutes at most. A probe's own pause ends with the probe.
async fn note_health(connection: &mut PgConnection, id: EndpointId, end: &AttemptEnd) -> Result<(), StoreError> {
    if end.verdict == Verdict::Delivered {
        // Not for each success: the row is shared by all deliveries.
        let failures = sqlx::query_scalar!(
            "update webhook_endpoints e set failures = 0, not_before = null, last_success_at = latchkey_now()
             from (select id, failures from webhook_endpoints where id = $1 and (failures > 0 or not_before is not null
                       or last_success_at is null or last_success_at < latchkey_now() - interval '1 minute')
                   for no key update) old
             where e.id = old.id returning old.failures",
            id.0
        )
        .fetch_optional(&mut *connection)
        .await?;
        if failures.is_some_and(|failures| failures >= FAILURES_UNTIL_PROBES) {
            // It is back: what waits for its next attempt waited for this.
            sqlx::query!(
                "update webhook_deliveries set next_attempt_at = latchkey_now() where id in (
                     select d.id from webhook_deliveries d
                     where d.endpoint_id = $1 and d.status = 'pending' and not d.blocked
                       and d.next_attempt_at > latchkey_now() and d.lease is null
                     order by d.next_attempt_at limit 1000 for update skip locked)",
                id.0
            )
            .execute(&mut *connection)
            .await?;
        }
        return Ok(());
    }
    let reason = (end.verdict == Verdict::Gone).then(|| DisabledReason::Gone.as_str());
    sqlx::query!(
        "update webhook_endpoints
         set failures = failures + 1, last_failure_at = latchkey_now(),
             not_before = greatest(case when failures < $3 then not_before end, latchkey_now() + make_interval(secs => $2),
                 case when failures + 1 >= $3 then latchkey_now()
                     + make_interval(secs => least(5 * 2 ^ least(failures + 1 - $3, 10), 300) * (0.75 + $4::float8 / 4)) end),
             active = active and $5::text is null, disabled_reason = coalesce($5, disabled_reason),
             disabled_at = case when $5::text is null then disabled_at else latchkey_now() end
         where id = $1",
        id.0,
        end.pause,
        FAILURES_UNTIL_PROBES,
        end.spread,
        reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}

struct ClaimedRow {
    id: Uuid,
    lease: Uuid,
    attempts: i32,
    endpoint_id: Uuid,
    kind: String,
    event_id: Uuid,
    project_id: Uuid,
    environment: String,
    connection_id: Option<Uuid>,
    payload: Value,
    created_at: DateTime<Utc>,
    url: String,
    metadata: Value,
    sealed: Option<Vec<u8>>,
    generation: i64,
    previous_sealed: Option<Vec<u8>>,
    now: DateTime<Utc>,
}
