//! Connections of one owner.

use std::collections::BTreeMap;

use vault::Environment;

use super::{Connection, Row, select_connections};
use crate::{AppId, ConnectionId, IdentityType, ProjectId, Store, StoreError};

/// Whose connections a person sees as their own. An identity without a type is a user's.
#[derive(Clone, Copy, Debug)]
pub struct OwnedBy<'a> {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The identity.
    pub identity: &'a str,
    /// Its type.
    pub identity_type: IdentityType,
    /// Only of these integrations; of all without.
    pub integrations: Option<&'a [String]>,
}

/// What an owner has connected of one integration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connected {
    /// The integration.
    pub integration: String,
    /// How many live connections there are.
    pub count: i64,
    /// The given names, else the accounts' names, of the oldest five that have one.
    pub accounts: Vec<String>,
}

impl Store {
    /// Live connections of an owner by integration, for the modal: how many, and the names of the oldest five.
    pub async fn connected(
        &self,
        project: ProjectId,
        environment: Environment,
        identity: &str,
        identity_type: IdentityType,
    ) -> Result<Vec<Connected>, StoreError> {
        // Served by connections_by_identity.
        let rows = sqlx::query_as!(
            Connected,
            r#"select integration, count(*) as "count!",
                      coalesce((array_agg(coalesce(name, account_name) order by created_at)
                                filter (where coalesce(name, account_name) is not null))[1:5], '{}') as "accounts!"
               from connections
               where project_id = $1 and environment = $2 and identity = $3 and coalesce(identity_type, 'user') = $4
                 and deleted_at is null and state <> 'failed'
               group by integration"#,
            project.0,
            environment.as_str(),
            identity,
            identity_type.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    /// A page of an owner's connections, newest first, and how many there are. `after` is the last one of the page before.
    pub async fn owned_connections(
        &self,
        scope: &OwnedBy<'_>,
        after: Option<ConnectionId>,
        limit: i64,
    ) -> Result<(Vec<Connection>, i64), StoreError> {
        // Both served by connections_by_identity.
        let rows = select_connections!(
            "where c.project_id = $1 and c.environment = $2 and c.identity = $3 and c.deleted_at is null
               and coalesce(c.identity_type, 'user') = $4 and ($5::text[] is null or c.integration = any ($5))
               and ($6::uuid is null or c.id < $6)
             order by c.id desc limit $7",
            scope.project.0,
            scope.environment.as_str(),
            scope.identity,
            scope.identity_type.as_str(),
            scope.integrations,
            after.map(|id| id.0),
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let total = sqlx::query_scalar!(
            r#"select count(*) as "count!" from connections
               where project_id = $1 and environment = $2 and identity = $3 and deleted_at is null
                 and coalesce(identity_type, 'user') = $4 and ($5::text[] is null or integration = any ($5))"#,
            scope.project.0,
            scope.environment.as_str(),
            scope.identity,
            scope.identity_type.as_str(),
            scope.integrations
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((
            rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            total,
        ))
    }
}
