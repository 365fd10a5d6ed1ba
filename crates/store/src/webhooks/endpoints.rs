//! Endpoints: make, change, delete, and their secrets.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use vault::{Environment, WebhookSecret};

use super::{Rotated, Rotation, noted, secret_place};
use crate::{EndpointId, ProjectId, Store, StoreError};

/// Endpoints of one project and environment: each costs every change a row.
pub const ENDPOINTS_AT_MOST: i64 = 50;

/// Why an endpoint gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// It answered 410.
    Gone,
    /// Its owner switched it off.
    SwitchedOff,
}

impl DisabledReason {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::SwitchedOff => "switched_off",
        }
    }
}

impl std::str::FromStr for DisabledReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "gone" => Ok(Self::Gone),
            "switched_off" => Ok(Self::SwitchedOff),
            other => Err(format!("`{other}` is no reason")),
        }
    }
}

/// Where events are delivered to; never its secrets.
#[derive(Clone, Debug)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: EndpointId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The customer's own name for it.
    pub key: Option<String>,
    /// Where deliveries go.
    pub url: String,
    /// Types and wildcards; empty is everything.
    pub types: Vec<String>,
    /// For people.
    pub description: Option<String>,
    /// The customer's own; it comes with each delivery.
    pub metadata: Value,
    /// Whether it gets anything.
    pub active: bool,
    /// Why not.
    pub disabled_reason: Option<DisabledReason>,
    /// Since when not.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: i32,
    /// Nothing is sent before this time.
    pub not_before: Option<DateTime<Utc>>,
    /// When it last took a delivery, to about a minute.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When it last did not.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// Until then, deliveries are signed with the secret before, too.
    pub previous_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its owner last changed it.
    pub updated_at: DateTime<Utc>,
}

struct Row {
    id: EndpointId,
    project_id: ProjectId,
    environment: String,
    key: Option<String>,
    url: String,
    types: Vec<String>,
    description: Option<String>,
    metadata: Value,
    active: bool,
    disabled_reason: Option<String>,
    disabled_at: Option<DateTime<Utc>>,
    failures: i32,
    not_before: Option<DateTime<Utc>>,
    last_success_at: Option<DateTime<Utc>>,
    last_failure_at: Option<DateTime<Utc>>,
    previous_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for WebhookEndpoint {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let reason = row.disabled_reason.as_deref().map(str::parse).transpose();
        Ok(Self {
            environment: crate::database::environment("webhook_endpoints", row.id.0, &row.environment)?,
            disabled_reason: reason.map_err(|what| StoreError::Inconsistent {
                table: "webhook_endpoints",
                record: row.id.0,
                what,
            })?,
            id: row.id,
            project: row.project_id,
            key: row.key,
            url: row.url,
            types: row.types,
            description: row.description,
            metadata: row.metadata,
            active: row.active,
            disabled_at: row.disabled_at,
            failures: row.failures,
            not_before: row.not_before,
            last_success_at: row.last_success_at,
            last_failure_at: row.last_failure_at,
            previous_until: row.previous_until,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

macro_rules! select_endpoints {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select id as "id: EndpointId", project_id as "project_id: ProjectId", environment, key, url, types,
                      description, metadata, active, disabled_reason, disabled_at, failures,
                      case when not_before > latchkey_now() then not_before end as not_before, last_success_at,
                      last_failure_at, case when previous_until > latchkey_now() then previous_until end as previous_until,
                      created_at, updated_at
               from webhook_endpoints where deleted_at is null and project_id = $1 and environment = $2 "# + $tail
            $(, $argument)*
        )
    };
}

/// An endpoint to make. Its texts and address were checked before.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The customer's own name for it.
    pub key: Option<String>,
    /// Where deliveries go.
    pub url: String,
    /// Types and wildcards; empty is everything.
    pub types: Vec<String>,
    /// For people.
    pub description: Option<String>,
    /// The customer's own.
    pub metadata: Value,
    /// Whether it gets anything.
    pub active: bool,
    /// What signs.
    pub secret: WebhookSecret,
}

/// A change; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    /// Another address. What failed before counts no more.
    pub url: Option<String>,
    /// Replaces all.
    pub types: Option<Vec<String>>,
    /// `Some(None)` takes it away.
    pub description: Option<Option<String>>,
    /// Replaces all.
    pub metadata: Option<Value>,
    /// On or off. On is a new beginning: what failed before counts no more.
    pub active: Option<bool>,
    /// Only an endpoint that its owner last changed at this time.
    pub read: Option<DateTime<Utc>>,
}

/// What an upsert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// There was none of this key.
    Created(EndpointId),
    /// It was there and is now as wanted.
    Changed(EndpointId),
    /// Nothing was done: another secret is wanted, and the one before the present one signs until then.
    Overlapping(DateTime<Utc>),
}

impl Store {
    pub(super) async fn insert_endpoint(
        &self,
        transaction: &mut PgConnection,
        new: &NewEndpoint,
    ) -> Result<Option<EndpointId>, StoreError> {
        let id = EndpointId::generate();
        let place = secret_place(new.project, new.environment, id.0, 1);
        let sealed = self.seal(&mut *transaction, &place, new.secret.as_bytes()).await?;
        // Counted by webhook_endpoints_by_project.
        let made = sqlx::query!(
            "insert into webhook_endpoints (id, project_id, environment, key, url, types, description, metadata, active,
                                            sealed, disabled_reason, disabled_at)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                    case when not $9 then 'switched_off' end, case when not $9 then latchkey_now() end
             where (select count(*) from webhook_endpoints
                    where project_id = $2 and environment = $3 and deleted_at is null) < $11",
            id.0,
            new.project.0,
            new.environment.as_str(),
            new.key,
            new.url,
            &new.types,
            new.description,
            new.metadata,
            new.active,
            sealed.as_bytes(),
            ENDPOINTS_AT_MOST,
        )
        .execute(&mut *transaction)
        .await?;
        Ok((made.rows_affected() == 1).then_some(id))
    }

    /// Makes the endpoint of a key, or gives the one that is there these values. `None` when there are too many. With
    /// `rotation`, another secret replaces the one that is there; without, that one stays. `actor` is who wishes it. Served
    /// by `webhook_endpoints_key`.
    pub async fn upsert_endpoint(
        &self,
        new: &NewEndpoint,
        rotation: Option<Rotation>,
        actor: &str,
    ) -> Result<Option<Upserted>, StoreError> {
        let (project, environment) = (new.project, new.environment);
        let mut transaction = self.pool.begin().await?;
        let there = sqlx::query!(
            "select id, generation, sealed from webhook_endpoints
             where project_id = $1 and environment = $2 and key = $3 and deleted_at is null for update",
            new.project.0,
            new.environment.as_str(),
            new.key
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(there) = there else {
            let Some(id) = self.insert_endpoint(&mut transaction, new).await? else {
                return Ok(None);
            };
            noted(&mut transaction, project, environment, id, "webhook.created", actor).await?;
            transaction.commit().await?;
            return Ok(Some(Upserted::Created(id)));
        };
        let id = EndpointId(there.id);
        let place = secret_place(project, environment, there.id, there.generation);
        if let Some(rotation) = rotation {
            let same = match there.sealed {
                None => false,
                Some(sealed) => {
                    self.open("webhook_endpoints", sealed, &place).await?.as_slice() == new.secret.as_bytes()
                }
            };
            if !same {
                let rotated = self
                    .replace_secret(&mut transaction, project, environment, id, &new.secret, rotation)
                    .await?;
                if let Rotated::Overlapping(until) = rotated {
                    return Ok(Some(Upserted::Overlapping(until)));
                }
            }
        }
        let change = EndpointChange {
            url: Some(new.url.clone()),
            types: Some(new.types.clone()),
            description: Some(new.description.clone()),
            metadata: Some(new.metadata.clone()),
            active: Some(new.active),
            read: None,
        };
        change_endpoint(&mut transaction, project, environment, id, &change).await?;
        noted(&mut transaction, project, environment, id, "webhook.changed", actor).await?;
        transaction.commit().await?;
        Ok(Some(Upserted::Changed(id)))
    }

    /// All endpoints of a project and environment, oldest first. Served by `webhook_endpoints_by_project`.
    pub async fn endpoints(
        &self,
        project: ProjectId,
        environment: Environment,
    ) -> Result<Vec<WebhookEndpoint>, StoreError> {
        select_endpoints!("order by id", project.0, environment.as_str())
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect()
    }

    /// An endpoint.
    pub async fn endpoint(
        &self,
        project: ProjectId,
        environment: Environment,
        id: EndpointId,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        select_endpoints!("and id = $3", project.0, environment.as_str(), id.0)
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// Changes an endpoint for `actor`. `false` when there is none, or it is another than was read.
    pub async fn change_endpoint(
        &self,
        project: ProjectId,
        environment: Environment,
        id: EndpointId,
        change: &EndpointChange,
        actor: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if !change_endpoint(&mut transaction, project, environment, id, change).await? {
            return Ok(false);
        }
        noted(&mut transaction, project, environment, id, "webhook.changed", actor).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes an endpoint at once for `actor`, with its secrets; the purge takes away what was on its way. `false` when
    /// there is none.
    pub async fn delete_endpoint(
        &self,
        project: ProjectId,
        environment: Environment,
        id: EndpointId,
        actor: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let deleted = sqlx::query!(
            "update webhook_endpoints set deleted_at = latchkey_now(), active = false, sealed = null,
                    previous_sealed = null, previous_until = null
             where id = $1 and project_id = $2 and environment = $3 and deleted_at is null",
            id.0,
            project.0,
            environment.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        noted(&mut transaction, project, environment, id, "webhook.deleted", actor).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

async fn change_endpoint(
    connection: &mut PgConnection,
    project: ProjectId,
    environment: Environment,
    id: EndpointId,
    change: &EndpointChange,
) -> Result<bool, StoreError> {
    let changed = sqlx::query!(
        "update webhook_endpoints set url = coalesce($4, url), types = coalesce($5, types),
                description = case when $6 then $7 else description end, metadata = coalesce($8, metadata),
                active = coalesce($9, active),
                disabled_reason = case when $9 then null when not $9 and active then 'switched_off' else disabled_reason end,
                disabled_at = case when $9 then null when not $9 and active then latchkey_now() else disabled_at end,
                failures = case when $4 <> url or ($9 and not active) then 0 else failures end,
                not_before = case when $4 <> url or ($9 and not active) then null else not_before end,
                updated_at = latchkey_now()
         where id = $1 and project_id = $2 and environment = $3 and deleted_at is null
           and ($10::timestamptz is null or updated_at = $10)",
        id.0,
        project.0,
        environment.as_str(),
        change.url,
        change.types.as_deref(),
        change.description.is_some(),
        change.description.clone().flatten(),
        change.metadata,
        change.active,
        change.read,
    )
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() == 1)
}
