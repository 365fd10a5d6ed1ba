//! Connect attempts as the console shows them: each session with the last of its sign-ins and what its person was told.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;
use vault::Environment;

use crate::{ConnectionId, FlowId, IdentityType, Look, Owner, Page, ProjectId, SessionId, Store, StoreError};

/// How an attempt came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is a connection.
    Connected,
    /// It met a failure that was told.
    Failed,
    /// The person closed it.
    Cancelled,
    /// Its time ended, and nothing was told.
    Left,
    /// It may go on.
    Open,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Connected, Self::Failed, Self::Cancelled, Self::Left, Self::Open];

    /// The name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Left => "left",
            Self::Open => "open",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no outcome: write connected, failed, cancelled, left or open"))
    }
}

/// What the list of attempts looks for.
#[derive(Clone, Debug, Default)]
pub struct AttemptSearch {
    /// Only this one.
    pub session: Option<SessionId>,
    /// Of this identity.
    pub identity: Option<String>,
    /// Of an identity of this type; a user without.
    pub identity_type: Option<IdentityType>,
    /// At this integration.
    pub integration: Option<String>,
    /// That came out so.
    pub outcome: Option<Outcome>,
    /// Older than this one.
    pub before: Option<SessionId>,
    /// Most rows.
    pub limit: i64,
}

/// What a look through the attempts found.
pub type FoundAttempts = Look<ConnectAttempt, SessionId>;

/// A sign-in of an attempt.
#[derive(Clone, Debug)]
pub struct AttemptFlow {
    /// Its id.
    pub id: FlowId,
    /// The service.
    pub integration: String,
    /// Where it is, as `away`.
    pub status: String,
    /// When the service was picked.
    pub picked_at: DateTime<Utc>,
    /// When the person was sent there.
    pub sent_at: Option<DateTime<Utc>>,
    /// When they came back.
    pub returned_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// A machine's word for how.
    pub code: Option<String>,
    /// The sentence for people.
    pub message: Option<String>,
    /// What it made.
    pub connection: Option<ConnectionId>,
    /// The page that showed the modal.
    pub embedder: Option<String>,
}

/// A connect session and how far it came.
#[derive(Clone, Debug)]
pub struct ConnectAttempt {
    /// The session.
    pub id: SessionId,
    /// Whose connection it would make.
    pub owner: Owner,
    /// The only integrations that it offered.
    pub integrations: Option<Vec<String>>,
    /// The connection that it was to connect again.
    pub reconnects: Option<ConnectionId>,
    /// Whether it came from a link.
    pub hosted: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its modal was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// By what browser.
    pub browser: Option<String>,
    /// When it ends or ended.
    pub expires_at: DateTime<Utc>,
    /// How it came out.
    pub outcome: Outcome,
    /// The last sign-in.
    pub flow: Option<AttemptFlow>,
    /// What was told last, where that was after the sign-in began.
    pub told: Option<(String, String)>,
    /// The service that it was told of.
    pub told_of: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SessionId,
    identity: Option<String>,
    identity_type: Option<String>,
    group_name: Option<String>,
    label: Option<String>,
    integrations: Option<Vec<String>>,
    connection_id: Option<ConnectionId>,
    hosted: bool,
    created_at: DateTime<Utc>,
    opened_at: Option<DateTime<Utc>>,
    browser: Option<String>,
    expires_at: DateTime<Utc>,
    outcome: String,
    flow_id: Option<FlowId>,
    flow_integration: Option<String>,
    flow_status: Option<String>,
    flow_created_at: Option<DateTime<Utc>>,
    flow_sent_at: Option<DateTime<Utc>>,
    flow_returned_at: Option<DateTime<Utc>>,
    flow_ended_at: Option<DateTime<Utc>>,
    flow_code: Option<String>,
    flow_message: Option<String>,
    flow_connection: Option<ConnectionId>,
    flow_embedder: Option<String>,
    told_code: Option<String>,
    told_message: Option<String>,
    told_integration: Option<String>,
}

impl TryFrom<Row> for ConnectAttempt {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let record = row.id.0;
        let flow = match (row.flow_id, row.flow_integration, row.flow_status, row.flow_created_at) {
            (Some(id), Some(integration), Some(status), Some(picked_at)) => Some(AttemptFlow {
                id,
                integration,
                status,
                picked_at,
                sent_at: row.flow_sent_at,
                returned_at: row.flow_returned_at,
                ended_at: row.flow_ended_at,
                code: row.flow_code,
                message: row.flow_message,
                connection: row.flow_connection,
                embedder: row.flow_embedder,
            }),
            _ => None,
        };
        Ok(Self {
            owner: crate::sessions::owner(
                "connect_sessions",
                record,
                row.identity,
                row.identity_type,
                row.group_name,
                row.label,
            )?,
            outcome: row.outcome.parse().map_err(|what| StoreError::Inconsistent {
                table: "connect_sessions",
                record,
                what,
            })?,
            id: row.id,
            integrations: row.integrations,
            reconnects: row.connection_id,
            hosted: row.hosted,
            created_at: row.created_at,
            opened_at: row.opened_at,
            browser: row.browser,
            expires_at: row.expires_at,
            flow,
            told: row.told_code.zip(row.told_message),
            told_of: row.told_integration,
        })
    }
}

/// A session with its last sign-in, what was told after that began, and how it came out.
const SELECT: &str = "
    select * from (
        select s.id, s.identity, s.identity_type, s.group_name, s.label, s.integrations, s.connection_id, s.hosted,
               s.created_at, s.opened_at, s.browser, s.expires_at,
               f.id as flow_id, f.integration as flow_integration, f.status as flow_status, f.created_at as flow_created_at,
               f.sent_at as flow_sent_at, f.returned_at as flow_returned_at, f.ended_at as flow_ended_at,
               f.error_code as flow_code, f.error_message as flow_message, f.connection_id as flow_connection,
               f.embedder as flow_embedder,
               p.code as told_code, p.message as told_message, p.integration as told_integration,
               case when s.uses > 0 then 'connected'
                    when f.status in ('failed', 'rejected') then 'failed'
                    when f.status = 'cancelled' then 'cancelled'
                    when s.revoked_at is null and s.expires_at > latchkey_now()
                         and (f.id is null and p.id is null or f.ended_at is null and f.expires_at > latchkey_now()) then 'open'
                    when p.id is not null then 'failed'
                    when s.revoked_at is null and s.expires_at > latchkey_now() then 'open'
                    else 'left' end as outcome
        from (select * from connect_sessions s";

const SELECT_END: &str = ") s
        left join lateral (select * from flows f where f.session_id = s.id order by f.id desc limit 1) f on true
        left join lateral (select * from connect_problems p where p.session_id = s.id
                             and (f.id is null or p.created_at >= f.created_at)
                           order by p.id desc limit 1) p on true) a
    where true";

impl Store {
    /// Sessions that one look reads at most.
    pub const ATTEMPTS_STRETCH: i64 = 5_000;

    /// A page of attempts, the newest first. Sessions are served by `connect_sessions_by_project` or
    /// `connect_sessions_by_identity`, what belongs to each by `flows_by_session` and `connect_problems_by_session`; the look
    /// goes through one stretch and says where the next begins.
    pub async fn attempts(
        &self,
        project: ProjectId,
        environment: Environment,
        search: &AttemptSearch,
    ) -> Result<FoundAttempts, StoreError> {
        let mut sql = QueryBuilder::new(SELECT);
        stretch(&mut sql, project, environment, search);
        sql.push(" order by s.id desc limit ").push_bind(Self::ATTEMPTS_STRETCH);
        sql.push(SELECT_END);
        if let Some(outcome) = search.outcome {
            sql.push(" and a.outcome = ").push_bind(outcome.as_str());
        }
        if let Some(kind) = search.identity_type {
            sql.push(" and coalesce(a.identity_type, 'user') = ")
                .push_bind(kind.as_str());
        }
        if let Some(integration) = &search.integration {
            sql.push(" and coalesce(a.flow_integration, a.told_integration, case when cardinality(a.integrations) = 1 then a.integrations[1] end) = ")
                .push_bind(integration.clone());
        }
        // One more than asked tells whether there is another page.
        sql.push(" order by a.id desc limit ").push_bind(search.limit + 1);
        let rows: Vec<Row> = sql.build_query_as().fetch_all(&self.pool).await?;
        let rows: Vec<ConnectAttempt> = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let page = Page::cut(rows, search.limit, |row| row.id);
        if page.next.is_some() {
            return Ok(Look::enough(page));
        }
        let is_sifted = search.outcome.is_some() || search.identity_type.is_some() || search.integration.is_some();
        let next = if is_sifted {
            let mut sql = QueryBuilder::new("select s.id from connect_sessions s");
            stretch(&mut sql, project, environment, search);
            sql.push(" order by s.id desc offset ")
                .push_bind(Self::ATTEMPTS_STRETCH - 1)
                .push(" limit 1");
            sql.build_query_scalar::<SessionId>().fetch_optional(&self.pool).await?
        } else {
            None
        };
        Ok(Look::ended(page, next, Self::ATTEMPTS_STRETCH))
    }

    /// All sign-ins of a session, the last first. Served by `flows_by_session`; twenty at most.
    pub async fn attempt_flows(&self, session: SessionId) -> Result<Vec<AttemptFlow>, StoreError> {
        Ok(sqlx::query_as!(
            AttemptFlow,
            r#"select id as "id: FlowId", integration, status, created_at as picked_at, sent_at, returned_at, ended_at,
                      error_code as code, error_message as message, connection_id as "connection: ConnectionId", embedder
               from flows where session_id = $1 order by id desc"#,
            session.0
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// The session of a sign-in. Served by the primary key.
    pub async fn session_of_flow(
        &self,
        project: ProjectId,
        environment: Environment,
        flow: Uuid,
    ) -> Result<Option<SessionId>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select session_id as "id: SessionId" from flows where id = $1 and project_id = $2 and environment = $3"#,
            flow,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?)
    }
}

fn stretch(sql: &mut QueryBuilder<Postgres>, project: ProjectId, environment: Environment, search: &AttemptSearch) {
    sql.push(" where s.project_id = ").push_bind(project);
    sql.push(" and s.environment = ").push_bind(environment.as_str());
    if let Some(session) = search.session {
        sql.push(" and s.id = ").push_bind(session);
    }
    if let Some(identity) = &search.identity {
        sql.push(" and s.identity = ").push_bind(identity.clone());
    }
    if let Some(before) = search.before {
        sql.push(" and s.id < ").push_bind(before);
    }
}
