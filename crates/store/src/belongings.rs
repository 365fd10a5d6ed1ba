//! What a project has, for whoever thinks of deleting it.

use crate::{ProjectId, Store, StoreError};

/// Rows are counted so far.
pub const COUNTED: i64 = 10_000;

/// What a project has, in both environments. Connections and links are counted to [`COUNTED`], identities within so many
/// connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Live connections.
    pub connections: i64,
    /// Identities that have one.
    pub identities: i64,
    /// Integrations that are set up.
    pub apps: i64,
    /// Secret keys that were not revoked.
    pub keys: i64,
    /// Webhook endpoints.
    pub webhooks: i64,
    /// Links that still lead somewhere.
    pub links: i64,
    /// People with a role in it alone.
    pub members: i64,
}

impl Store {
    /// What a project has. Connections and identities are served by `connections_by_project`.
    pub async fn belongings(&self, project: ProjectId) -> Result<Belongings, StoreError> {
        Ok(sqlx::query_as!(
            Belongings,
            r#"select
                 (select count(*) from (select from connections where project_id = $1 and deleted_at is null limit $2::bigint + 1) c)
                     as "connections!",
                 (select count(*) from (select distinct environment, identity, coalesce(identity_type, 'user')
                     from (select environment, identity, identity_type from connections
                           where project_id = $1 and deleted_at is null
                           order by environment, id desc limit $2::bigint + 1) newest
                     where identity is not null) i)
                     as "identities!",
                 (select count(*) from apps where project_id = $1) as "apps!",
                 (select count(*) from api_keys where project_id = $1 and revoked_at is null
                     and (expires_at is null or expires_at > latchkey_now())) as "keys!",
                 (select count(*) from webhook_endpoints where project_id = $1) as "webhooks!",
                 (select count(*) from (select from connect_links where project_id = $1 and revoked_at is null
                     and used_at is null and expires_at > latchkey_now() limit $2::bigint + 1) l) as "links!",
                 (select count(*) from operator_roles where project_id = $1) as "members!""#,
            project.0,
            COUNTED
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
