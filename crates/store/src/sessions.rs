//! Connect sessions: the short-lived right to connect for one identity.

use chrono::{DateTime, Utc};
use vault::{Digest, Environment};

use crate::{ConnectionId, FlowId, ProjectId, SessionId, Store, StoreError};

/// What an identity is, in the customer's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityType {
    /// A person.
    User,
    /// A team.
    Team,
    /// An organization.
    Organization,
    /// A project.
    Project,
}

impl IdentityType {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Team => "team",
            Self::Organization => "organization",
            Self::Project => "project",
        }
    }
}

impl std::str::FromStr for IdentityType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "user" => Ok(Self::User),
            "team" => Ok(Self::Team),
            "organization" => Ok(Self::Organization),
            "project" => Ok(Self::Project),
            other => Err(format!(
                "`{other}` is no identity type: write user, team, organization or project"
            )),
        }
    }
}

/// Whose connections they are.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    /// The customer's id of the owner.
    pub identity: Option<String>,
    /// What the owner is.
    pub identity_type: Option<IdentityType>,
    /// The older word for the owner.
    pub group: Option<String>,
    /// A name for people.
    pub label: Option<String>,
}

impl Owner {
    /// The name to show to people.
    pub fn display(&self) -> Option<&str> {
        self.label
            .as_deref()
            .or(self.identity.as_deref())
            .or(self.group.as_deref())
    }
}

/// What a session is for, besides the connection that it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionPurpose {
    /// Nothing else.
    Connect,
    /// It also shows its identity's connections and ends them.
    Manage,
    /// It adds access to a connection that works, and never makes that one worse.
    Widen,
}

/// A session as it is.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// Whose connection it makes.
    pub owner: Owner,
    /// The only integrations that it may connect; all enabled ones without.
    pub integrations: Option<Vec<String>>,
    /// The connection to replace.
    pub connection: Option<ConnectionId>,
    /// Whether it came from a hosted link.
    pub hosted: bool,
    /// What it is for.
    pub purpose: SessionPurpose,
    /// Whether the customer's backend says who finished; as the project has it without.
    pub verify: Option<bool>,
    /// Completions that it allows.
    pub max_uses: i32,
    /// Completions so far.
    pub uses: i32,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Seconds until then, by the database's clock; negative when over.
    pub seconds_left: i64,
    /// Whether it was revoked.
    pub revoked: bool,
}

impl Session {
    /// Whether it may still be used to read and start.
    pub fn is_live(&self) -> bool {
        !self.revoked && self.seconds_left > 0
    }

    /// Whether it made all the connections that it may make.
    pub fn is_used(&self) -> bool {
        self.uses >= self.max_uses
    }
}

/// A session to make.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// Whose connection it makes.
    pub owner: Owner,
    /// The only integrations that it may connect.
    pub integrations: Option<Vec<String>>,
    /// The connection to replace.
    pub connection: Option<ConnectionId>,
    /// Whether it came from a hosted link.
    pub hosted: bool,
    /// Whether it shows its identity's connections and ends them.
    pub manages: bool,
    /// Whether the customer's backend says who finished; as the project has it without.
    pub verify: Option<bool>,
    /// The session that it was opened in, and with which it ends.
    pub parent: Option<SessionId>,
}

struct Row {
    id: SessionId,
    project_id: ProjectId,
    environment: String,
    identity: Option<String>,
    identity_type: Option<String>,
    group_name: Option<String>,
    label: Option<String>,
    integrations: Option<Vec<String>>,
    connection_id: Option<ConnectionId>,
    hosted: bool,
    purpose: String,
    verify: Option<bool>,
    max_uses: i32,
    uses: i32,
    expires_at: DateTime<Utc>,
    revoked: bool,
    seconds_left: i64,
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let record = row.id.0;
        let purpose = match row.purpose.as_str() {
            "widen" => SessionPurpose::Widen,
            "manage" => SessionPurpose::Manage,
            _ => SessionPurpose::Connect,
        };
        Ok(Self {
            id: row.id,
            project: row.project_id,
            environment: crate::database::environment("connect_sessions", record, &row.environment)?,
            owner: owner(
                "connect_sessions",
                record,
                row.identity,
                row.identity_type,
                row.group_name,
                row.label,
            )?,
            integrations: row.integrations,
            connection: row.connection_id,
            hosted: row.hosted,
            purpose,
            verify: row.verify,
            max_uses: row.max_uses,
            uses: row.uses,
            expires_at: row.expires_at,
            seconds_left: row.seconds_left,
            revoked: row.revoked,
        })
    }
}

macro_rules! select_sessions {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select id as "id: SessionId", project_id as "project_id: ProjectId", environment, identity, identity_type,
                      group_name, label, integrations, connection_id as "connection_id: ConnectionId", hosted, verify,
                      case when widens then 'widen' when manages then 'manage' else 'connect' end as "purpose!",
                      max_uses, uses, expires_at, (revoked_at is not null or exists (
                          select from projects p where p.id = project_id and p.deleted_at is not null)) as "revoked!",
                      extract(epoch from expires_at - latchkey_now())::bigint as "seconds_left!"
               from connect_sessions "# + $tail
            $(, $argument)*
        )
    };
}

impl Store {
    /// Opens a session of 30 minutes and one completion. Only the digest of its secret is kept.
    pub async fn open_session(&self, digest: &Digest, new: &NewSession) -> Result<DateTime<Utc>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(insert_session(&mut connection, digest, new).await?.1)
    }

    /// The session with this digest, also when it is over. Served by its unique index.
    pub async fn session(&self, digest: &Digest) -> Result<Option<Session>, StoreError> {
        select_sessions!("where request_digest = $1", digest.as_bytes())
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// The session of a flow.
    pub async fn session_by_id(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        select_sessions!("where id = $1", id.0)
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// A session that adds access to the connection which a flow of this session made, for the same owner. `None` when that
    /// connection is gone or its account is not known, the session ended, or there were ten within the hour.
    pub async fn open_widening_session(
        &self,
        session: SessionId,
        flow: FlowId,
        digest: &Digest,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        // The count is served by connect_sessions_by_connection. Nobody waits for its end, so none is told.
        Ok(sqlx::query_scalar!(
            "insert into connect_sessions (id, project_id, environment, request_digest, identity, identity_type,
                    group_name, label, integrations, connection_id, hosted, verify, parent_id, widens, expiry_told, expires_at)
             select $1, s.project_id, s.environment, $4, s.identity, s.identity_type, s.group_name, s.label,
                    array[f.integration], c.id, s.hosted, s.verify, coalesce(s.parent_id, s.id), true, true, latchkey_now() + interval '30 minutes'
             from flows f join connect_sessions s on s.id = f.session_id join connections c on c.id = f.connection_id
             where f.id = $3 and s.id = $2 and f.status = 'succeeded' and s.revoked_at is null
               and s.expires_at > latchkey_now() and c.deleted_at is null and c.account_id is not null
               and (select count(*) from connect_sessions w where w.connection_id = c.id and w.widens
                      and w.created_at > latchkey_now() - interval '1 hour') < 10
             for share of s
             returning expires_at",
            SessionId::generate().0,
            session.0,
            flow.0,
            digest.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// A session that connects one of the owner's connections again, opened in a session that shows them and revoked with
    /// it; the one before for the same connection ends. `None` when that session is over, the connection is gone, or there
    /// were ten within the hour.
    pub async fn open_reconnecting_session(
        &self,
        session: SessionId,
        connection: ConnectionId,
        digest: &Digest,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        // Served by connect_sessions_by_parent and connect_sessions_by_connection. The customer did not open it, and hears
        // nothing of its end.
        Ok(sqlx::query_scalar!(
            "with before as (
                 update connect_sessions set revoked_at = latchkey_now()
                 where parent_id = $2 and connection_id = $3 and uses = 0 and revoked_at is null),
             parent as (
                 select * from connect_sessions
                 where id = $2 and revoked_at is null and expires_at > latchkey_now() for share)
             insert into connect_sessions (id, project_id, environment, request_digest, identity, identity_type,
                    group_name, label, integrations, connection_id, hosted, verify, parent_id, expiry_told, expires_at)
             select $1, s.project_id, s.environment, $4, s.identity, s.identity_type, s.group_name, s.label,
                    array[c.integration], c.id, s.hosted, s.verify, coalesce(s.parent_id, s.id), true,
                    latchkey_now() + interval '30 minutes'
             from parent s join connections c on c.id = $3
             where c.deleted_at is null
               and (select count(*) from connect_sessions w where w.connection_id = c.id and w.parent_id is not null
                      and w.created_at > latchkey_now() - interval '1 hour') < 10
             returning expires_at",
            SessionId::generate().0,
            session.0,
            connection.0,
            digest.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// The connection that a live session made or replaced, for a call that may be sent for the second time. Each look is
    /// counted: `None` after ten, without a connection, and when the session has ended.
    pub async fn look_at_made(&self, id: SessionId) -> Result<Option<ConnectionId>, StoreError> {
        let made = sqlx::query_scalar!(
            r#"update connect_sessions set repeats = repeats + 1
               where id = $1 and uses > 0 and repeats < 10 and revoked_at is null and expires_at > latchkey_now()
               returning coalesce(connection_id, made_id) as "made?: ConnectionId""#,
            id.0
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(made.flatten())
    }

    /// Ends a session at once on all replicas, with those that were opened in it.
    pub async fn revoke_session(&self, digest: &Digest) -> Result<bool, StoreError> {
        // Served by the unique index on the digest, the primary key and connect_sessions_by_parent.
        let revoked = sqlx::query!(
            "with this as (select id from connect_sessions where request_digest = $1)
             update connect_sessions set revoked_at = latchkey_now()
             where (id in (select id from this) or parent_id in (select id from this)) and revoked_at is null",
            digest.as_bytes()
        )
        .execute(&self.pool)
        .await?;
        Ok(revoked.rows_affected() > 0)
    }
}

pub(crate) async fn insert_session(
    connection: &mut sqlx::PgConnection,
    digest: &Digest,
    new: &NewSession,
) -> Result<(SessionId, DateTime<Utc>), StoreError> {
    let id = SessionId::generate();
    let expires_at = sqlx::query_scalar!(
        "insert into connect_sessions (id, project_id, environment, request_digest, identity, identity_type,
                group_name, label, integrations, connection_id, hosted, manages, verify, parent_id, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, latchkey_now() + interval '30 minutes')
         returning expires_at",
        id.0,
        new.project.0,
        new.environment.as_str(),
        digest.as_bytes(),
        new.owner.identity,
        new.owner.identity_type.map(IdentityType::as_str),
        new.owner.group,
        new.owner.label,
        new.integrations.as_deref(),
        new.connection.map(|id| id.0),
        new.hosted,
        new.manages,
        new.verify,
        new.parent.map(|id| id.0),
    )
    .fetch_one(connection)
    .await?;
    Ok((id, expires_at))
}

pub(crate) fn owner(
    table: &'static str,
    record: uuid::Uuid,
    identity: Option<String>,
    identity_type: Option<String>,
    group: Option<String>,
    label: Option<String>,
) -> Result<Owner, StoreError> {
    let identity_type = identity_type
        .map(|text| text.parse())
        .transpose()
        .map_err(|what| StoreError::Inconsistent { table, record, what })?;
    Ok(Owner {
        identity,
        identity_type,
        group,
        label,
    })
}
