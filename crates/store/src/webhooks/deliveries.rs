//! The delivery log.

use chrono::{DateTime, Utc};
use serde_json::Value;
use vault::Environment;

use crate::{ConnectionId, DeliveryId, EndpointId, EventId, ProjectId, Store, StoreError};

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// On its way.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryStatus {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for DeliveryStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pending" => Ok(Self::Pending),
            "delivered" => Ok(Self::Delivered),
            "failed" => Ok(Self::Failed),
            other => Err(format!("`{other}` is no status: write pending, delivered or failed")),
        }
    }
}

/// An event on its way to one endpoint.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The event, which is also the `webhook-id`.
    pub event: EventId,
    /// The name that the endpoint subscribed to.
    pub kind: String,
    /// The connection that it is about.
    pub connection: Option<ConnectionId>,
    /// How it stands.
    pub status: DeliveryStatus,
    /// It waits for an earlier delivery of its connection.
    pub waits: bool,
    /// Attempts of this round; a redelivery begins anew.
    pub attempts: i32,
    /// When the next attempt is, while it is pending.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The last HTTP status.
    pub last_status: Option<i32>,
    /// Why the last attempt did not count.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What one attempt met.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    /// `url` and `headers` as they were sent, without signatures and secrets; none for attempts of versions before.
    pub request: Option<Value>,
    /// The body as it was sent, without secrets.
    pub request_body: Option<String>,
    /// The HTTP status, when there was an answer.
    pub status: Option<i32>,
    /// Milliseconds.
    pub duration_ms: i32,
    /// The beginning of the answer, scrubbed.
    pub response: Option<String>,
    /// Why it did not count.
    pub error: Option<String>,
    /// When it ended.
    pub attempted_at: DateTime<Utc>,
}

/// A delivery with everything that is known of it.
#[derive(Clone, Debug)]
pub struct DeliveryWithAttempts {
    /// The delivery.
    pub delivery: Delivery,
    /// The event's payload.
    pub payload: Value,
    /// When the event was.
    pub happened_at: DateTime<Utc>,
    /// All attempts, oldest first; at most the last 100.
    pub attempts: Vec<AttemptRow>,
}

/// Where one of an event's deliveries stands.
#[derive(Clone, Debug)]
pub struct EventDelivery {
    /// The event.
    pub event: EventId,
    /// Its id.
    pub id: DeliveryId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The endpoint's address.
    pub url: String,
    /// How it stands.
    pub status: DeliveryStatus,
}

/// Which deliveries a list shows.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryFilter {
    /// Of this endpoint.
    pub endpoint: EndpointId,
    /// With this status.
    pub status: Option<DeliveryStatus>,
    /// Older than this one.
    pub after: Option<DeliveryId>,
    /// Rows at most.
    pub limit: i64,
}

pub(super) struct Row {
    pub(super) id: DeliveryId,
    pub(super) endpoint_id: EndpointId,
    pub(super) event_id: EventId,
    pub(super) kind: String,
    pub(super) connection_id: Option<ConnectionId>,
    pub(super) status: String,
    pub(super) blocked: bool,
    pub(super) attempts: i32,
    pub(super) next_attempt_at: DateTime<Utc>,
    pub(super) last_status: Option<i32>,
    pub(super) last_error: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Delivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let status = row.status.parse().map_err(|what| StoreError::Inconsistent {
            table: "webhook_deliveries",
            record: row.id.0,
            what,
        })?;
        let pending = status == DeliveryStatus::Pending;
        Ok(Self {
            id: row.id,
            endpoint: row.endpoint_id,
            event: row.event_id,
            kind: row.kind,
            connection: row.connection_id,
            status,
            waits: pending && row.blocked,
            attempts: row.attempts,
            next_attempt_at: pending.then_some(row.next_attempt_at),
            last_status: row.last_status,
            last_error: row.last_error,
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

macro_rules! select_deliveries {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select d.id as "id: DeliveryId", d.endpoint_id as "endpoint_id: EndpointId",
                      d.event_id as "event_id: EventId", coalesce(d.type, v.type) as "kind!",
                      v.connection_id as "connection_id: ConnectionId", d.status, d.blocked, d.attempts, d.next_attempt_at,
                      d.last_status, d.last_error, d.created_at, d.ended_at
               from webhook_deliveries d
               join events v on v.id = d.event_id
               join webhook_endpoints e on e.id = d.endpoint_id and e.deleted_at is null
               where e.project_id = $1 and e.environment = $2 "# + $tail
            $(, $argument)*
        )
    };
}

impl Store {
    /// Deliveries of an endpoint, newest first, paged by key; none behind one that is not there any more.
    pub async fn deliveries(
        &self,
        project: ProjectId,
        environment: Environment,
        filter: DeliveryFilter,
    ) -> Result<Vec<Delivery>, StoreError> {
        // Values and no query of their own: only those are looked for in the index. Served by the primary key.
        let (before, seq) = match filter.after {
            None => (None, i64::MAX),
            Some(after) => {
                let row = sqlx::query!("select created_at, seq from webhook_deliveries where id = $1", after.0)
                    .fetch_optional(&self.pool)
                    .await?;
                let Some(row) = row else { return Ok(Vec::new()) };
                (Some(row.created_at), row.seq)
            }
        };
        let rows = match filter.status {
            // Served by webhook_deliveries_by_endpoint.
            None => {
                select_deliveries!(
                    "and d.endpoint_id = $3 and (d.created_at, d.seq) < (coalesce($4::timestamptz, 'infinity'), $5)
                     order by d.created_at desc, d.seq desc limit $6",
                    project.0,
                    environment.as_str(),
                    filter.endpoint.0,
                    before,
                    seq,
                    filter.limit
                )
                .fetch_all(&self.pool)
                .await?
            }
            // Served by webhook_deliveries_by_status.
            Some(status) => {
                select_deliveries!(
                    "and d.endpoint_id = $3 and d.status = $7
                     and (d.created_at, d.seq) < (coalesce($4::timestamptz, 'infinity'), $5)
                     order by d.created_at desc, d.seq desc limit $6",
                    project.0,
                    environment.as_str(),
                    filter.endpoint.0,
                    before,
                    seq,
                    filter.limit,
                    status.as_str()
                )
                .fetch_all(&self.pool)
                .await?
            }
        };
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The deliveries of events to endpoints that are there, those of one status behind those of another. An event has as
    /// many as there are endpoints at most. Served by `webhook_deliveries_event_id_endpoint_id_key`.
    pub async fn deliveries_of(&self, events: &[EventId]) -> Result<Vec<EventDelivery>, StoreError> {
        let ids: Vec<_> = events.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"select d.event_id as "event: EventId", d.id as "id: DeliveryId", d.endpoint_id as "endpoint: EndpointId",
                      e.url, d.status
               from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id and e.deleted_at is null
               where d.event_id = any ($1) order by d.status, d.endpoint_id"#,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| -> Result<EventDelivery, StoreError> {
                let status = row
                    .status
                    .parse::<DeliveryStatus>()
                    .map_err(|what| StoreError::Inconsistent {
                        table: "webhook_deliveries",
                        record: row.id.0,
                        what,
                    })?;
                Ok(EventDelivery {
                    event: row.event,
                    id: row.id,
                    endpoint: row.endpoint,
                    url: row.url,
                    status,
                })
            })
            .collect()
    }

    /// A delivery.
    pub async fn delivery(
        &self,
        project: ProjectId,
        environment: Environment,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        select_deliveries!("and d.id = $3", project.0, environment.as_str(), id.0)
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// A delivery with its payload and attempts. The latter by `webhook_attempts_by_delivery`.
    pub async fn delivery_with_attempts(
        &self,
        project: ProjectId,
        environment: Environment,
        id: DeliveryId,
    ) -> Result<Option<DeliveryWithAttempts>, StoreError> {
        let Some(delivery) = self.delivery(project, environment, id).await? else {
            return Ok(None);
        };
        let event = sqlx::query!("select payload, created_at from events where id = $1", delivery.event.0)
            .fetch_optional(&self.pool)
            .await?;
        let Some(event) = event else { return Ok(None) };
        let mut attempts = sqlx::query_as!(
            AttemptRow,
            "select request, request_body, status, duration_ms, response, error, attempted_at from webhook_attempts
             where delivery_id = $1 order by id desc limit 100",
            id.0
        )
        .fetch_all(&self.pool)
        .await?;
        attempts.reverse();
        Ok(Some(DeliveryWithAttempts {
            delivery,
            payload: event.payload,
            happened_at: event.created_at,
            attempts,
        }))
    }
}
