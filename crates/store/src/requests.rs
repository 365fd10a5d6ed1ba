//! The log of requests: written in batches, read by page, forgotten by day.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;
use vault::Environment;

use crate::{ApiKeyId, ConnectionId, Look, Page, ProjectId, RequestId, Store, StoreError};

/// What kind of call a request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// To a service, through a connection.
    Passthrough,
    /// To Latchkey itself.
    Api,
}

impl RequestKind {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passthrough => "passthrough",
            Self::Api => "api",
        }
    }
}

impl std::str::FromStr for RequestKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "passthrough" => Ok(Self::Passthrough),
            "api" => Ok(Self::Api),
            other => Err(format!(
                "`{other}` is no kind of request. Write `passthrough` or `api`."
            )),
        }
    }
}

/// A line of the log. It holds no body, no header and no value of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// Its id, which begins with the time at which the request came.
    pub id: RequestId,
    /// Whose key it came with.
    pub project: ProjectId,
    /// The key's environment.
    pub environment: Environment,
    /// The id that its answer has.
    pub correlation_id: String,
    /// What kind of call it was.
    pub kind: RequestKind,
    /// The method.
    pub method: String,
    /// The path alone.
    pub path: String,
    /// Names of its query, separated by `&`.
    pub query_names: String,
    /// The service's host.
    pub host: Option<String>,
    /// What the caller was answered.
    pub status: u16,
    /// What the service answered.
    pub upstream_status: Option<u16>,
    /// From its first byte to the last of its answer.
    pub duration_ms: i32,
    /// Of its body, where that is known.
    pub request_bytes: Option<i64>,
    /// Of its answer's body.
    pub response_bytes: Option<i64>,
    /// The key.
    pub key: Option<ApiKeyId>,
    /// The connection that was called.
    pub connection: Option<ConnectionId>,
    /// Why it failed, for machines.
    pub error_code: Option<String>,
}

impl LoggedRequest {
    /// When it came, by the clock of its replica.
    pub fn at(&self) -> DateTime<Utc> {
        // The first 48 bits are milliseconds (RFC 9562 §5.7).
        let milliseconds = i64::try_from(self.id.0.as_u128() >> 80).unwrap_or(0);
        DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
    }
}

/// Which lines are looked for.
#[derive(Clone, Debug, Default)]
pub struct RequestSearch {
    /// Of this kind.
    pub kind: Option<RequestKind>,
    /// Whose status begins with this digit.
    pub status_class: Option<u8>,
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// With this correlation id.
    pub correlation_id: Option<String>,
    /// With this key.
    pub key: Option<ApiKeyId>,
    /// Older than this one.
    pub before: Option<RequestId>,
    /// Most rows.
    pub limit: i64,
}

/// What a look through the log found.
pub type FoundRequests = Look<LoggedRequest, RequestId>;

/// The lines of which one look reads a stretch: those of the one filter that an index has in order.
fn stretch(sql: &mut QueryBuilder<Postgres>, project: ProjectId, environment: Environment, search: &RequestSearch) {
    sql.push(" from requests r where r.project_id = ").push_bind(project.0);
    sql.push(" and r.environment = ").push_bind(environment.as_str());
    if let Some(id) = &search.correlation_id {
        sql.push(" and r.correlation_id = ").push_bind(id.clone());
    }
    if let Some(connection) = search.connection {
        sql.push(" and r.connection_id = ").push_bind(connection.0);
    } else if let Some(key) = search.key {
        sql.push(" and r.key_id = ").push_bind(key.0);
    } else if matches!(search.status_class, Some(4 | 5)) {
        sql.push(" and r.status >= 400");
    }
    if let Some(before) = search.before {
        sql.push(" and r.id < ").push_bind(before.0);
    }
}

/// The filters for which each line of a stretch is looked at; whether there is any.
fn others(sql: &mut QueryBuilder<Postgres>, search: &RequestSearch) -> bool {
    let mut is_any = false;
    if let Some(kind) = search.kind {
        sql.push(" and r.kind = ").push_bind(kind.as_str());
        is_any = true;
    }
    if let Some(class @ 2..=5) = search.status_class {
        let first = i32::from(class) * 100;
        // The last class is everything from there.
        let last = if class == 5 { i32::MAX } else { first + 99 };
        sql.push(" and r.status between ")
            .push_bind(first)
            .push(" and ")
            .push_bind(last);
        is_any = true;
    }
    if let (Some(_), Some(key)) = (search.connection, search.key) {
        sql.push(" and r.key_id = ").push_bind(key.0);
        is_any = true;
    }
    is_any
}

#[derive(sqlx::FromRow)]
struct Row {
    id: RequestId,
    project_id: ProjectId,
    environment: String,
    correlation_id: String,
    kind: String,
    method: String,
    path: String,
    query_names: String,
    host: Option<String>,
    status: i32,
    upstream_status: Option<i32>,
    duration_ms: i32,
    request_bytes: Option<i64>,
    response_bytes: Option<i64>,
    key_id: Option<ApiKeyId>,
    connection_id: Option<ConnectionId>,
    error_code: Option<String>,
}

impl TryFrom<Row> for LoggedRequest {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let wrong = |what: String| StoreError::Inconsistent {
            table: "requests",
            record: row.id.0,
            what,
        };
        let status = |code: i32| u16::try_from(code).map_err(|_| wrong(format!("{code} is no status")));
        Ok(Self {
            environment: crate::database::environment("requests", row.id.0, &row.environment)?,
            kind: row.kind.parse().map_err(wrong)?,
            status: status(row.status)?,
            upstream_status: row.upstream_status.map(status).transpose()?,
            id: row.id,
            project: row.project_id,
            correlation_id: row.correlation_id,
            method: row.method,
            path: row.path,
            query_names: row.query_names,
            host: row.host,
            duration_ms: row.duration_ms,
            request_bytes: row.request_bytes,
            response_bytes: row.response_bytes,
            key: row.key_id,
            connection: row.connection_id,
            error_code: row.error_code,
        })
    }
}

fn column<'a, T>(rows: &'a [LoggedRequest], value: impl Fn(&'a LoggedRequest) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

impl Store {
    /// Writes lines in one statement. A line that is there already stays as it is.
    pub async fn log_requests(&self, rows: &[LoggedRequest]) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into requests (id, project_id, environment, correlation_id, kind, method, path, query_names, host,
                                   status, upstream_status, duration_ms, request_bytes, response_bytes, key_id,
                                   connection_id, error_code)
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                  $8::text[], $9::text[], $10::int[], $11::int[], $12::int[], $13::bigint[],
                                  $14::bigint[], $15::uuid[], $16::uuid[], $17::text[])
             on conflict (id) do nothing",
            &column(rows, |row| row.id.0),
            &column(rows, |row| row.project.0),
            &column(rows, |row| row.environment.as_str()) as &[&str],
            &column(rows, |row| row.correlation_id.as_str()) as &[&str],
            &column(rows, |row| row.kind.as_str()) as &[&str],
            &column(rows, |row| row.method.as_str()) as &[&str],
            &column(rows, |row| row.path.as_str()) as &[&str],
            &column(rows, |row| row.query_names.as_str()) as &[&str],
            &column(rows, |row| row.host.as_deref()) as &[Option<&str>],
            &column(rows, |row| i32::from(row.status)),
            &column(rows, |row| row.upstream_status.map(i32::from)) as &[Option<i32>],
            &column(rows, |row| row.duration_ms),
            &column(rows, |row| row.request_bytes) as &[Option<i64>],
            &column(rows, |row| row.response_bytes) as &[Option<i64>],
            &column(rows, |row| row.key.map(|id| id.0)) as &[Option<Uuid>],
            &column(rows, |row| row.connection.map(|id| id.0)) as &[Option<Uuid>],
            &column(rows, |row| row.error_code.as_deref()) as &[Option<&str>],
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Lines of the log that one look reads at most.
    pub const REQUESTS_STRETCH: i64 = 50_000;

    /// A page of lines, the newest first. A stretch is served by `requests_by_project`, `requests_failed`,
    /// `requests_by_connection`, `requests_by_key` or `requests_by_correlation`; the look goes through one and says where
    /// the next begins.
    pub async fn search_requests(
        &self,
        project: ProjectId,
        environment: Environment,
        search: &RequestSearch,
    ) -> Result<FoundRequests, StoreError> {
        // Bounds are written out: a plan takes a tenth of all rows for a bound that it does not know.
        let mut sql = QueryBuilder::new("select r.* from (select r.*");
        stretch(&mut sql, project, environment, search);
        sql.push(" order by r.id desc limit ").push(Self::REQUESTS_STRETCH);
        sql.push(") r where true");
        let filtered = others(&mut sql, search);
        // One more than asked tells whether there is another page.
        sql.push(" order by r.id desc limit ").push(search.limit + 1);
        let rows: Vec<Row> = sql.build_query_as().fetch_all(&self.pool).await?;
        let rows: Vec<LoggedRequest> = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let page = Page::cut(rows, search.limit, |row| row.id);
        if page.next.is_some() {
            return Ok(Look::enough(page));
        }
        let next = if filtered {
            let mut sql = QueryBuilder::new("select r.id");
            stretch(&mut sql, project, environment, search);
            sql.push(" order by r.id desc offset ").push(Self::REQUESTS_STRETCH - 1);
            sql.push(" limit 1");
            sql.build_query_scalar::<RequestId>().fetch_optional(&self.pool).await?
        } else {
            None
        };
        Ok(Look::ended(page, next, Self::REQUESTS_STRETCH))
    }

    /// A line by its id, served by `requests_pkey`.
    pub async fn logged_request(
        &self,
        project: ProjectId,
        environment: Environment,
        id: RequestId,
    ) -> Result<Option<LoggedRequest>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select id as "id: RequestId", project_id as "project_id: ProjectId", environment, correlation_id, kind,
                      method, path, query_names, host, status, upstream_status, duration_ms, request_bytes,
                      response_bytes, key_id as "key_id: ApiKeyId", connection_id as "connection_id: ConnectionId",
                      error_code
               from requests where id = $1 and project_id = $2 and environment = $3"#,
            id.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Deletes one bite of what is older than so many days. Served by `requests_pkey`: an id begins with its time in
    /// milliseconds. None are kept with 0 days.
    pub async fn purge_requests(&self, kept_days: u32, bite: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from requests where id = any (array(
                 select r.id from requests r
                 where r.id < (rpad(lpad(to_hex(floor(extract(epoch from
                           latchkey_now() - make_interval(days => $1)) * 1000)::bigint), 12, '0'), 32, '0'))::uuid
                 order by r.id limit $2 for update skip locked))",
            i32::try_from(kept_days).unwrap_or(i32::MAX),
            bite
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }
}
