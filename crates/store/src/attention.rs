//! What needs somebody: grants that end, apps whose circuit is open, endpoints that do not answer.

use chrono::{DateTime, Utc};
use vault::Environment;

use crate::webhooks::DisabledReason;
use crate::{AppId, ConnectionId, EndpointId, ProjectId, Store, StoreError};

/// A connection whose access ends and cannot be renewed.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The connection.
    pub connection: ConnectionId,
    /// Its integration.
    pub integration: String,
    /// What people know it by, as far as it has a name.
    pub title: Option<String>,
    /// When its access ends.
    pub ends_at: DateTime<Utc>,
}

/// An app whose circuit is open: its connections are not refreshed but for a probe.
#[derive(Clone, Debug)]
pub struct OpenCircuit {
    /// The app.
    pub app: AppId,
    /// Its project.
    pub project: ProjectId,
    /// The project's name.
    pub project_name: String,
    /// Its environment.
    pub environment: String,
    /// Its integration.
    pub integration: String,
    /// `app_broken` or `provider_unavailable`.
    pub reason: Option<String>,
    /// What the service said, in our words.
    pub message: Option<String>,
    /// Since when.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it is asked again.
    pub not_before: Option<DateTime<Utc>>,
}

/// An endpoint that does not take its deliveries.
#[derive(Clone, Debug)]
pub struct FailingEndpoint {
    /// The endpoint.
    pub id: EndpointId,
    /// Where deliveries go.
    pub url: String,
    /// Failures in a row.
    pub failures: i32,
    /// Whether it answered that it is gone, and gets nothing any more.
    pub is_gone: bool,
    /// The last failure.
    pub last_failure_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The next ends of access within so many days. Served by `credentials_ending` and the primary key of `connections`.
    pub async fn ending_soon(
        &self,
        project: ProjectId,
        environment: Environment,
        days: i32,
        limit: i64,
    ) -> Result<Vec<Ending>, StoreError> {
        Ok(sqlx::query_as!(
            Ending,
            r#"select c.id as "connection: ConnectionId", c.integration,
                      coalesce(nullif(c.name, ''), nullif(c.account_name, ''), c.account_id) as title,
                      k.expires_at as "ends_at!"
               from credentials k join connections c on c.id = k.connection_id
               where k.project_id = $1 and k.environment = $2 and k.refresh_at is null
                 and k.expires_at > latchkey_now() and k.expires_at <= latchkey_now() + make_interval(days => $3)
                 and c.deleted_at is null and c.state <> 'failed'
               order by k.expires_at limit $4"#,
            project.0,
            environment.as_str(),
            days,
            limit
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Circuits that are open, of one place or of all, the longest open first. There is at most a row for each app.
    pub async fn circuits(&self, place: Option<(ProjectId, Environment)>) -> Result<Vec<OpenCircuit>, StoreError> {
        Ok(sqlx::query_as!(
            OpenCircuit,
            r#"select a.id as "app: AppId", a.project_id as "project: ProjectId", p.name as project_name, a.environment,
                      a.integration, r.reason, r.message, r.opened_at, r.not_before
               from refresh_circuits r join apps a on a.id = r.app_id join projects p on p.id = a.project_id
               where r.state = 'open' and ($1::uuid is null or a.project_id = $1)
                 and ($2::text is null or a.environment = $2)
               order by r.opened_at limit 100"#,
            place.map(|(project, _)| project.0),
            place.map(|(_, environment)| environment.as_str())
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Endpoints that fail, or are gone. Served by `webhook_endpoints_by_project`; a place has 50 at most.
    pub async fn failing_endpoints(
        &self,
        project: ProjectId,
        environment: Environment,
    ) -> Result<Vec<FailingEndpoint>, StoreError> {
        let rows = sqlx::query!(
            "select id, url, failures, disabled_reason, last_failure_at from webhook_endpoints
             where project_id = $1 and environment = $2 and deleted_at is null
               and (failures > 0 and active or disabled_reason = 'gone')
             order by last_failure_at desc nulls last",
            project.0,
            environment.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        let gone = DisabledReason::Gone.as_str();
        Ok(rows
            .into_iter()
            .map(|row| FailingEndpoint {
                id: EndpointId(row.id),
                url: row.url,
                failures: row.failures,
                is_gone: row.disabled_reason.as_deref() == Some(gone),
                last_failure_at: row.last_failure_at,
            })
            .collect())
    }
}
