//! Links: to connect, to connect one connection again, or to one's own connections. Mails carry them and customers'
//! backends make them. Only the digest of a link's secret is kept.

mod make;
mod open;
mod revoke;
mod search;

pub use make::{LinkMade, NewLink};
pub use open::LinkOpened;
pub(crate) use open::spend_link;
pub use revoke::Revoked;
pub use search::LinkSearch;

use chrono::{DateTime, Utc};
use vault::{Digest, Environment, Token};

use crate::{ConnectionId, LinkId, Owner, ProjectId, Store, StoreError};

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkPurpose {
    /// To one new connection, or to one that is connected again.
    Connect,
    /// To the connections of an identity.
    Manage,
}

impl LinkPurpose {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Manage => "manage",
        }
    }
}

impl std::str::FromStr for LinkPurpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "connect" => Ok(Self::Connect),
            "manage" => Ok(Self::Manage),
            other => Err(format!("`{other}` is no purpose of a link: write connect or manage")),
        }
    }
}

/// Who made a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkSource {
    /// A mail about a connection that stopped working.
    Mail,
    /// The customer's backend, or the operator.
    Api,
}

impl std::str::FromStr for LinkSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mail" => Ok(Self::Mail),
            "api" => Ok(Self::Api),
            other => Err(format!("`{other}` is no source of a link")),
        }
    }
}

/// Whether a link still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Nobody opened it yet.
    Open,
    /// Somebody opened it, and it may be opened again.
    Opened,
    /// Its connection was made; or the one that it names was connected again, by it or otherwise.
    Used,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// The connection that it names was deleted.
    Deleted,
}

impl LinkState {
    /// Whether it opens sessions.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Opened)
    }

    /// The name on the wire. A link goes with its connection, as if it were revoked.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Opened => "opened",
            Self::Used => "used",
            Self::Revoked | Self::Deleted => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// A link as it is.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// What it leads to.
    pub purpose: LinkPurpose,
    /// Who made it.
    pub source: LinkSource,
    /// Whose connection it is about.
    pub owner: Owner,
    /// The only integrations that it offers or shows; all without.
    pub integrations: Option<Vec<String>>,
    /// The connection that it connects again.
    pub connection: Option<ConnectionId>,
    /// Whether the customer's backend says who finished; as the project has it without.
    pub verify: Option<bool>,
    /// The language of its page, as a tag.
    pub locale: Option<String>,
    /// Who sends it, for its page.
    pub inviter: Option<String>,
    /// Whether it still works.
    pub state: LinkState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When its button was first pressed.
    pub opened_at: Option<DateTime<Utc>>,
    /// When its connection was made by it.
    pub used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Which links a list shows.
#[derive(Clone, Debug, Default)]
pub struct LinkFilter {
    /// Of this identity.
    pub identity: Option<String>,
    /// In this state, as on the wire.
    pub state: Option<String>,
    /// Rows to leave out at the start.
    pub skip: i64,
    /// Most rows.
    pub limit: i64,
}

struct Row {
    id: LinkId,
    project_id: ProjectId,
    environment: String,
    purpose: String,
    source: String,
    identity: Option<String>,
    identity_type: Option<String>,
    group_name: Option<String>,
    label: Option<String>,
    integrations: Option<Vec<String>>,
    connection_id: Option<ConnectionId>,
    verify: Option<bool>,
    locale: Option<String>,
    inviter: Option<String>,
    state: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    opened_at: Option<DateTime<Utc>>,
    used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Link {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let record = row.id.0;
        let inconsistent = |what| StoreError::Inconsistent {
            table: "connect_links",
            record,
            what,
        };
        Ok(Self {
            environment: crate::database::environment("connect_links", record, &row.environment)?,
            owner: crate::sessions::owner(
                "connect_links",
                record,
                row.identity,
                row.identity_type,
                row.group_name,
                row.label,
            )?,
            purpose: row.purpose.parse().map_err(inconsistent)?,
            source: row.source.parse().map_err(inconsistent)?,
            state: match row.state.as_str() {
                "open" => LinkState::Open,
                "opened" => LinkState::Opened,
                "used" => LinkState::Used,
                "revoked" => LinkState::Revoked,
                "expired" => LinkState::Expired,
                _ => LinkState::Deleted,
            },
            id: row.id,
            project: row.project_id,
            integrations: row.integrations,
            connection: row.connection_id,
            verify: row.verify,
            locale: row.locale,
            inviter: row.inviter,
            created_at: row.created_at,
            expires_at: row.expires_at,
            opened_at: row.opened_at,
            used_at: row.used_at,
            revoked_at: row.revoked_at,
        })
    }
}

macro_rules! select_links {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select id as "id!: LinkId", project_id as "project_id!: ProjectId", environment as "environment!",
                      purpose as "purpose!", source as "source!", identity, identity_type, group_name, label, integrations,
                      connection_id as "connection_id: ConnectionId", verify, locale, inviter, state as "state!",
                      created_at as "created_at!", expires_at as "expires_at!", opened_at, used_at, revoked_at
               from (
                   select l.*, case
                       when l.used_at is not null then 'used'
                       when c.deleted_at is not null then 'deleted'
                       when l.connection_id is not null and k.generation is distinct from l.generation then 'used'
                       when l.revoked_at is not null then 'revoked'
                       when l.expires_at <= latchkey_now() then 'expired'
                       when l.opened_at is not null then 'opened'
                       else 'open' end as state
                   from connect_links l
                   left join connections c on c.id = l.connection_id
                   left join credentials k on k.connection_id = l.connection_id) l "# + $tail
            $(, $argument)*
        )
    };
}

pub(crate) use select_links;

impl Store {
    /// The secret of a link that a repeated request has to get again: from its id and a key that the database has not.
    pub fn link_secret(&self, id: LinkId) -> Token {
        Token::from_bytes(self.ring.tag("connect link", id.0.as_bytes()))
    }

    /// The link with this digest, also when it is over. Served by its unique index. Changes nothing.
    pub async fn link(&self, digest: &Digest) -> Result<Option<Link>, StoreError> {
        select_links!("where digest = $1", digest.as_bytes())
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// A link by its id, in a project and environment.
    pub async fn link_by_id(
        &self,
        project: ProjectId,
        environment: Environment,
        id: LinkId,
    ) -> Result<Option<Link>, StoreError> {
        select_links!(
            "where id = $1 and project_id = $2 and environment = $3",
            id.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// A page of links, newest first, and the exact total of the same filter. Served by `connect_links_by_identity` and
    /// `connect_links_by_project`.
    pub async fn links(
        &self,
        project: ProjectId,
        environment: Environment,
        filter: &LinkFilter,
    ) -> Result<(Vec<Link>, i64), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        let rows = select_links!(
            "where project_id = $1 and environment = $2 and ($3::text is null or identity = $3)
               and ($4::text is null or case state when 'deleted' then 'revoked' else state end = $4)
             order by id desc limit $5 offset $6",
            project.0,
            environment.as_str(),
            filter.identity,
            filter.state,
            filter.limit,
            filter.skip
        )
        .fetch_all(&mut *transaction)
        .await?;
        let total = sqlx::query_scalar!(
            r#"select count(*) as "count!" from connect_links l
               left join connections c on c.id = l.connection_id
               left join credentials k on k.connection_id = l.connection_id
               where l.project_id = $1 and l.environment = $2 and ($3::text is null or l.identity = $3)
                 and ($4::text is null or case
                     when l.used_at is not null then 'used'
                     when c.deleted_at is not null then 'revoked'
                     when l.connection_id is not null and k.generation is distinct from l.generation then 'used'
                     when l.revoked_at is not null then 'revoked'
                     when l.expires_at <= latchkey_now() then 'expired'
                     when l.opened_at is not null then 'opened'
                     else 'open' end = $4)"#,
            project.0,
            environment.as_str(),
            filter.identity,
            filter.state
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok((
            rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            total,
        ))
    }
}
