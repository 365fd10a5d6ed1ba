//! Connections as the API lists them: by page, with their number.

use sqlx::{Postgres, QueryBuilder};
use vault::Environment;

use super::{Connection, ConnectionState, Row};
use crate::{ProjectId, Store, StoreError};

/// Which connections a list shows.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// Of this identity.
    pub identity: Option<String>,
    /// Of this kind of identity.
    pub identity_type: Option<String>,
    /// Of this integration.
    pub integration: Option<String>,
    /// With this name.
    pub name: Option<String>,
    /// With one of these keys; an empty list means all.
    pub keys: Vec<String>,
    /// With all of these tags.
    pub tags: Vec<String>,
    /// Switched on or off.
    pub active: Option<bool>,
    /// In this state.
    pub state: Option<ConnectionState>,
    /// Rows to leave out at the start.
    pub skip: i64,
    /// Most rows.
    pub limit: i64,
}

impl Store {
    /// A page of connections and the exact total of the same filter, in one snapshot.
    pub async fn list_connections(
        &self,
        project: ProjectId,
        environment: Environment,
        filter: &ConnectionFilter,
    ) -> Result<(Vec<Connection>, i64), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        let mut count = QueryBuilder::new("select count(*) from connections c");
        narrow(&mut count, project, environment, filter);
        let total: i64 = count.build_query_scalar().fetch_one(&mut *transaction).await?;
        let mut rows = QueryBuilder::new(
            "select c.*, k.expires_at from connections c left join credentials k on k.connection_id = c.id",
        );
        narrow(&mut rows, project, environment, filter);
        rows.push(" order by c.id desc limit ")
            .push_bind(filter.limit)
            .push(" offset ")
            .push_bind(filter.skip);
        let rows: Vec<Row> = rows.build_query_as().fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok((
            rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            total,
        ))
    }
}

fn narrow(query: &mut QueryBuilder<Postgres>, project: ProjectId, environment: Environment, filter: &ConnectionFilter) {
    query
        .push(" where c.deleted_at is null and c.project_id = ")
        .push_bind(project);
    query.push(" and c.environment = ").push_bind(environment.as_str());
    let texts = [
        ("c.identity", &filter.identity),
        ("c.identity_type", &filter.identity_type),
        ("c.integration", &filter.integration),
        ("c.name", &filter.name),
    ];
    for (column, value) in texts {
        if let Some(value) = value {
            query.push(" and ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    if !filter.keys.is_empty() {
        query.push(" and c.key = any(").push_bind(filter.keys.clone()).push(")");
    }
    if !filter.tags.is_empty() {
        query.push(" and c.tags @> ").push_bind(filter.tags.clone());
    }
    if let Some(active) = filter.active {
        query.push(" and c.active = ").push_bind(active);
    }
    if let Some(state) = filter.state {
        query.push(" and c.state = ").push_bind(state.as_str());
    }
}
