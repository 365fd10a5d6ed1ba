//! The audit log as people read it: by who, what and when, by key and not by page.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;
use vault::Environment;

use crate::{ApiKeyId, AppId, AuditId, ConnectionId, EndpointId, OperatorId, ProjectId, Store, StoreError};

/// An id has the time of a replica's clock; a row's time is the database's. They are not further apart than this.
const SKEW: TimeDelta = TimeDelta::hours(1);

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct AuditSearch {
    /// Of this project; what belongs to none without.
    pub project: Option<ProjectId>,
    /// Done by this actor, as `key:<id>`.
    pub actor: Option<String>,
    /// An action that begins so, as `connection.`.
    pub action: Option<String>,
    /// Done to this, as `connection:<id>`. That finds what lines about credentials say of it, too.
    pub subject: Option<String>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// Older than this line.
    pub before: Option<AuditId>,
    /// Most lines.
    pub limit: i64,
}

/// A line of the audit log as it was written.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// The id.
    pub id: AuditId,
    /// The environment, when it is known.
    pub environment: Option<Environment>,
    /// What was done.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// What it was done to.
    pub subject: Option<String>,
    /// Details.
    pub detail: Value,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Its number in the project's chain, where it belongs to it.
    pub number: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: AuditId,
    environment: Option<String>,
    action: String,
    actor: String,
    subject: Option<String>,
    detail: Value,
    created_at: DateTime<Utc>,
    chain_no: Option<i64>,
}

impl From<Row> for AuditLine {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            environment: row.environment.and_then(|name| name.parse().ok()),
            action: row.action,
            actor: row.actor,
            subject: row.subject,
            detail: row.detail,
            created_at: row.created_at,
            number: row.chain_no,
        }
    }
}

const COLUMNS: &str =
    "select a.id, a.environment, a.action, a.actor, a.subject, a.detail, a.created_at, a.chain_no from audit_log a";

/// What a connection is called, while it is there.
#[derive(Clone, Debug)]
pub struct ConnectionTitle {
    /// Its id.
    pub id: ConnectionId,
    /// The key that callers name it by.
    pub key: String,
    /// The service.
    pub integration: String,
    /// What people know it by: its own name, or that of its account.
    pub title: Option<String>,
    /// Whose it is: the name of the identity, else its id.
    pub person: Option<String>,
}

/// What lines name a thing by. Those about credentials name a connection by its id alone.
fn spellings(subject: &str) -> Vec<String> {
    let alone = subject
        .strip_prefix("connection:")
        .filter(|id| id.parse::<Uuid>().is_ok());
    [Some(subject), alone]
        .into_iter()
        .flatten()
        .map(ToOwned::to_owned)
        .collect()
}

/// The least id of a moment (UUIDv7, RFC 9562 §5.7).
fn first_id(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or(0) & 0xffff_ffff_ffff;
    Uuid::from_u128(u128::from(milliseconds) << 80)
}

/// Of which project: `is null` has the same index.
fn of_project(query: &mut QueryBuilder<Postgres>, project: Option<ProjectId>) {
    match project {
        Some(project) => query.push("a.project_id = ").push_bind(project.0),
        None => query.push("a.project_id is null"),
    };
}

/// Everything but the action and what it was done to.
fn narrow(query: &mut QueryBuilder<Postgres>, search: &AuditSearch) {
    query.push(" where ");
    of_project(query, search.project);
    if let Some(actor) = &search.actor {
        query.push(" and a.actor = ").push_bind(actor.clone());
    }
    if let Some(before) = search.before {
        query.push(" and a.id < ").push_bind(before.0);
    }
    if let Some(from) = search.from {
        query.push(" and a.id >= ").push_bind(first_id(from - SKEW));
        query.push(" and a.created_at >= ").push_bind(from);
    }
    if let Some(to) = search.to {
        query.push(" and a.id < ").push_bind(first_id(to + SKEW));
        query.push(" and a.created_at < ").push_bind(to);
    }
}

/// The actions that begin with a text, one look into the index for each: there are a few dozen, whatever the log holds.
fn named(query: &mut QueryBuilder<Postgres>, project: Option<ProjectId>, beginning: &str) {
    query.push(
        r#"with recursive named (action) as (
             (select a.action collate "C" from audit_log a where "#,
    );
    of_project(query, project);
    query
        .push(r#" and a.action collate "C" >= "#)
        .push_bind(beginning.to_owned())
        .push(
            r#" order by a.action collate "C" limit 1)
             union all
             select (select a.action collate "C" from audit_log a where "#,
        );
    of_project(query, project);
    query
        .push(
            r#" and a.action collate "C" > n.action order by a.action collate "C" limit 1)
             from named n where starts_with(n.action, "#,
        )
        .push_bind(beginning.to_owned())
        .push(")) ");
}

impl Store {
    /// Lines that fit, the newest first. Served by `audit_log_by_project` (nothing but time), `audit_log_by_actor`,
    /// `audit_log_by_thing`, and `audit_log_by_action`: of each action that begins so, and of each spelling of what it was
    /// done to, the newest, and of these the newest.
    pub async fn search_audit(&self, search: &AuditSearch) -> Result<Vec<AuditLine>, StoreError> {
        let mut query = QueryBuilder::new("");
        if let Some(beginning) = &search.action {
            named(&mut query, search.project, beginning);
        }
        query.push("select x.* from (select 1) one");
        if search.action.is_some() {
            query.push(" cross join named n");
        }
        if let Some(subject) = &search.subject {
            query
                .push(" cross join unnest(")
                .push_bind(spellings(subject))
                .push("::text[]) as s (subject)");
        }
        query.push(" cross join lateral (").push(COLUMNS);
        narrow(&mut query, search);
        if search.action.is_some() {
            query.push(r#" and a.action collate "C" = n.action"#);
        }
        if search.subject.is_some() {
            query.push(" and a.subject = s.subject");
        }
        query
            .push(" order by a.id desc limit ")
            .push_bind(search.limit)
            .push(") x");
        if let Some(beginning) = &search.action {
            query
                .push(" where starts_with(n.action, ")
                .push_bind(beginning.clone())
                .push(")");
        }
        query.push(" order by x.id desc limit ").push_bind(search.limit);
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The actions that a project's log has, in order. Served by `audit_log_by_action`.
    pub async fn audit_actions(&self, project: Option<ProjectId>) -> Result<Vec<String>, StoreError> {
        let mut query = QueryBuilder::new("");
        named(&mut query, project, "");
        query.push("select n.action from named n where n.action is not null limit 300");
        Ok(query.build_query_scalar().fetch_all(&self.pool).await?)
    }

    /// What operators are called, by id: their name, else their address. Served by the primary key.
    pub async fn operator_names(&self, ids: &[Uuid]) -> Result<HashMap<OperatorId, String>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id: OperatorId", case when name = '' then email else name end as "name!"
               from operators where id = any ($1)"#,
            ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }

    /// The newest keys of a project, with their names. Served by `api_keys_by_project`.
    pub async fn newest_api_keys(&self, project: ProjectId, limit: i64) -> Result<Vec<(ApiKeyId, String)>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id: ApiKeyId", name from api_keys where project_id = $1 order by id desc limit $2"#,
            project.0,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }

    /// Addresses of operators, by id. Served by the primary key.
    pub async fn operator_addresses(&self, ids: &[Uuid]) -> Result<HashMap<OperatorId, String>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id: OperatorId", email from operators where id = any ($1)"#,
            ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.email)).collect())
    }

    /// What keys of a project are called, by id. Served by the primary key.
    pub async fn api_key_names(
        &self,
        project: ProjectId,
        ids: &[Uuid],
    ) -> Result<HashMap<ApiKeyId, String>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id: ApiKeyId", name from api_keys where project_id = $1 and id = any ($2)"#,
            project.0,
            ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }

    /// What connections of a project are called, by id or by key. Served by the primary key and the unique index on `key`.
    pub async fn connection_titles(
        &self,
        project: ProjectId,
        ids: &[Uuid],
        keys: &[String],
    ) -> Result<Vec<ConnectionTitle>, StoreError> {
        Ok(sqlx::query_as!(
            ConnectionTitle,
            r#"select id as "id: ConnectionId", key, integration,
                      case when deleted_at is null then coalesce(name, account_name, account_id) end as title,
                      case when deleted_at is null then coalesce(label, identity) end as person
               from connections where project_id = $1 and (id = any ($2) or key = any ($3))"#,
            project.0,
            ids,
            keys
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// The integrations of apps of a project, by id. Served by the primary key.
    pub async fn app_integrations(
        &self,
        project: ProjectId,
        ids: &[Uuid],
    ) -> Result<HashMap<AppId, String>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id: AppId", integration from apps where project_id = $1 and id = any ($2)"#,
            project.0,
            ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.integration)).collect())
    }

    /// Where the webhooks of a project go, by id. Served by the primary key.
    pub async fn endpoint_urls(
        &self,
        project: ProjectId,
        ids: &[Uuid],
    ) -> Result<HashMap<EndpointId, String>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id: EndpointId", url from webhook_endpoints where project_id = $1 and id = any ($2)"#,
            project.0,
            ids
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.url)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_found_by_its_id_alone_too() {
        let id = Uuid::nil().to_string();
        let whole = format!("connection:{id}");
        assert_eq!(spellings(&whole), [whole.clone(), id.clone()]);
        for other in [id.as_str(), "connection:x", "key:1"] {
            assert_eq!(spellings(other), [other]);
        }
    }

    #[test]
    fn ids_of_a_moment_are_not_before_its_first() {
        #[expect(clippy::disallowed_methods, reason = "the id has the real clock's time")]
        let before = first_id(Utc::now() - TimeDelta::milliseconds(5));
        let id = Uuid::now_v7();
        assert!(before < id, "{before} {id}");
        assert!(id < first_id(DateTime::from_timestamp(32_503_680_000, 0).unwrap_or_default()));
        assert_eq!(first_id(DateTime::<Utc>::MIN_UTC), Uuid::nil());
    }
}
