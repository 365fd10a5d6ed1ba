//! Links as the console lists them: by key and not by page.

use vault::Environment;

use super::{Row, select_links};
use crate::{ConnectionId, IdentityType, Link, LinkId, Page, ProjectId, Store, StoreError};

/// What the console's list of links looks for.
#[derive(Clone, Debug, Default)]
pub struct LinkSearch {
    /// Of this identity.
    pub identity: Option<String>,
    /// Of an identity of this type; a user without.
    pub identity_type: Option<IdentityType>,
    /// In this state, as the API names it.
    pub state: Option<String>,
    /// Older than this one.
    pub before: Option<LinkId>,
    /// Most rows.
    pub limit: i64,
}

impl Store {
    /// Links that one look reads at most.
    pub const LINKS_STRETCH: i64 = 5_000;

    /// A page of links, the newest first, of one stretch of the list; `next` is where the next look begins.
    /// Served by `connect_links_by_identity` and `connect_links_by_project`.
    pub async fn search_links(
        &self,
        project: ProjectId,
        environment: Environment,
        search: &LinkSearch,
    ) -> Result<Page<Link, LinkId>, StoreError> {
        let rows = select_links!(
            "where id = any (array(
                 select s.id from connect_links s
                 where s.project_id = $1 and s.environment = $2 and ($3::text is null or s.identity = $3)
                   and ($5::uuid is null or s.id < $5)
                 order by s.id desc limit $7))
               and ($4::text is null or case state when 'deleted' then 'revoked' else state end = $4)
               and ($8::text is null or coalesce(identity_type, 'user') = $8)
             order by id desc limit $6",
            project.0,
            environment.as_str(),
            search.identity,
            search.state,
            search.before.map(|id| id.0),
            search.limit + 1,
            Self::LINKS_STRETCH,
            search.identity_type.map(IdentityType::as_str)
        )
        .fetch_all(&self.pool)
        .await?;
        let rows: Vec<Link> = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let page = Page::cut(rows, search.limit, |row| row.id);
        if page.next.is_some() {
            return Ok(page);
        }
        let next = sqlx::query_scalar!(
            r#"select id as "id: LinkId" from connect_links
               where project_id = $1 and environment = $2 and ($3::text is null or identity = $3)
                 and ($4::uuid is null or id < $4)
               order by id desc offset $5 limit 1"#,
            project.0,
            environment.as_str(),
            search.identity,
            search.before.map(|id| id.0),
            Self::LINKS_STRETCH - 1
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(Page { rows: page.rows, next })
    }

    /// What a used link made: the connection of its last session's sign-in. Served by the primary key and
    /// `flows_by_session`.
    pub async fn made_by_link(&self, link: LinkId) -> Result<Option<ConnectionId>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select f.connection_id as "id!: ConnectionId" from connect_links l join flows f on f.session_id = l.session_id
               where l.id = $1 and f.connection_id is not null order by f.id desc limit 1"#,
            link.0
        )
        .fetch_optional(&self.pool)
        .await?)
    }
}
