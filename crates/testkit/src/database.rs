//! A database for each test: a clone of a migrated template.

mod copies;
pub(crate) use copies::program_of_postgres;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use store::{MIGRATOR, PoolOptions, Store};
use vault::{KeyRing, MasterKey};

use crate::Link;
use crate::postgres::{PostgresSource, is_alive};

/// The lock under which the template is made and leftovers are swept.
const LOCK: i64 = 0x006c_6174_6368;

/// The clock of a test database: the real one, plus what the test added.
const CLOCK: &str = "
    create table testkit_clock (only_row boolean primary key default true check (only_row), ahead interval not null);
    insert into testkit_clock (ahead) values ('0');
    create or replace function latchkey_now() returns timestamptz
        language sql stable as 'select now() + (select ahead from testkit_clock)';
";

/// A database of one test. Dropping it drops the database.
#[derive(Debug)]
pub struct Database {
    name: String,
    server: PgConnectOptions,
    pool: PgPool,
    link: Option<Link>,
    /// So long a replica on it waits for one of its five connections.
    wait: Duration,
}

impl Database {
    /// A migrated one, whose clock can be moved.
    pub async fn create() -> Self {
        Self::make(Self::server().await, true).await
    }

    /// One without any table.
    pub async fn empty() -> Self {
        Self::make(Self::server().await, false).await
    }

    /// A migrated one that is reached over a link which can be cut.
    pub async fn behind_link() -> Self {
        let mut database = Self::create().await;
        database.link = Some(Link::to(&database.server).await);
        database
    }

    /// The same on a server of the test's own.
    pub(crate) async fn behind_link_to(server: PgConnectOptions) -> Self {
        let mut database = Self::make(server, true).await;
        database.link = Some(Link::to(&database.server).await);
        database
    }

    /// Its replicas wait so long for one of their connections.
    pub(crate) fn set_wait(&mut self, wait: Duration) {
        self.wait = wait;
    }

    /// Is on this server from now on, which has the same data: the product's way and the test's own lead there.
    pub async fn move_to(&mut self, server: &PgConnectOptions) {
        self.server = server.clone();
        self.pool.set_connect_options(server.clone().database(&self.name));
        self.link().lead_to(server).await;
    }

    async fn server() -> PgConnectOptions {
        PostgresSource::get().await.options().disable_statement_logging()
    }

    async fn make(server: PgConnectOptions, migrated: bool) -> Self {
        let mut admin = server
            .connect()
            .await
            .expect("the PostgreSQL server of the tests answers");
        let template = prepare(&mut admin, &server).await;
        let name = Self::new_name();
        let create = if migrated {
            format!("create database {name} template {template} strategy file_copy")
        } else {
            format!("create database {name}")
        };
        admin
            .execute(AssertSqlSafe(format!("drop database if exists {name} with (force)")))
            .await
            .unwrap();
        admin.execute(AssertSqlSafe(create)).await.unwrap();
        admin.close().await.unwrap();
        Self::reached(name, server)
    }

    fn new_name() -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        format!("latchkey_t_{}_{number}", std::process::id())
    }

    fn reached(name: String, server: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .connect_lazy_with(server.clone().database(&name));
        Self {
            name,
            server,
            pool,
            link: None,
            wait: Duration::from_secs(2),
        }
    }

    /// How the product reaches it: over the link, where there is one.
    pub fn options(&self) -> PgConnectOptions {
        let options = self.link.as_ref().map_or_else(|| self.server.clone(), Link::options);
        options.database(&self.name)
    }

    /// A store on it, as a replica with this master key has.
    pub fn store(&self, master: &MasterKey) -> Store {
        self.store_with(Arc::new(KeyRing::new(master)))
    }

    /// The same, not over the link.
    pub fn store_beside_the_link(&self, master: &MasterKey) -> Store {
        let options = self.server.clone().database(&self.name);
        self.store_of(options, Arc::new(KeyRing::new(master)))
    }

    /// A store on it with this key ring.
    pub fn store_with(&self, ring: Arc<KeyRing>) -> Store {
        self.store_of(self.options(), ring)
    }

    fn store_of(&self, options: PgConnectOptions, ring: Arc<KeyRing>) -> Store {
        let limits = PoolOptions {
            connections: 5,
            wait: self.wait,
            ..PoolOptions::default()
        };
        Store::from_options(options, limits, ring)
    }

    /// The address, for a program of its own.
    pub fn address(&self) -> String {
        self.options().to_url_lossy().to_string()
    }

    /// For questions and changes of the test itself; never cut.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The link to it.
    pub fn link(&self) -> &Link {
        self.link.as_ref().expect("made by Database::behind_link")
    }

    /// Moves the database's clock forward.
    pub async fn advance(&self, seconds: i64) {
        self.execute(&format!(
            "update testkit_clock set ahead = ahead + interval '{seconds} seconds'"
        ))
        .await;
    }

    /// Runs a statement; returns the rows that it changed.
    pub async fn execute(&self, sql: &str) -> u64 {
        let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
    }

    /// Lets the product read only, from now on; the test itself may write.
    pub async fn make_read_only(&self) {
        self.execute(&format!(
            "alter database {} set default_transaction_read_only = on",
            self.name
        ))
        .await;
        self.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and application_name = 'latchkey'",
        )
        .await;
    }

    /// The number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let query = AssertSqlSafe(format!("select n::bigint from ({sql}) as q (n)"));
        let number = sqlx::query_scalar(query).fetch_one(&self.pool).await;
        number.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The text that a query gives.
    pub async fn text(&self, sql: &str) -> String {
        let text = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&self.pool)
            .await;
        text.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Every row of every table as text, as a dump has it. Bytes are in hex.
    pub async fn dump(&self) -> String {
        let tables: Vec<String> =
            sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' order by 1")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        let mut connection = self.pool.acquire().await.unwrap();
        let mut text = String::new();
        for table in tables {
            text.extend(["-- ", &table, "\n"]);
            let rows = connection
                .copy_out_raw(&format!("copy \"{table}\" to stdout"))
                .await
                .unwrap();
            let bytes: Vec<bytes::Bytes> = rows.try_collect().await.unwrap();
            text.push_str(&String::from_utf8(bytes.concat()).unwrap());
        }
        text
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // A runtime of its own: the test's may be the one that runs this.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            runtime.block_on(async move {
                let mut admin = server.connect().await.ok()?;
                admin
                    .execute(AssertSqlSafe(format!("drop database if exists {name} with (force)")))
                    .await
                    .ok()
            })
        });
        // What could not be dropped is swept by a later process.
        drop(dropping.join());
    }
}

/// Sweeps what dead processes left and makes the template if it is not there; returns its name.
async fn prepare(admin: &mut PgConnection, server: &PgConnectOptions) -> String {
    let mut hasher = DefaultHasher::new();
    for migration in MIGRATOR.iter() {
        migration.checksum.hash(&mut hasher);
    }
    CLOCK.hash(&mut hasher);
    let template = format!("latchkey_tpl_{:016x}", hasher.finish());
    sqlx::query("select pg_advisory_lock($1)")
        .bind(LOCK)
        .execute(&mut *admin)
        .await
        .unwrap();
    sweep(admin).await;
    let is_there: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1 and datistemplate)")
            .bind(&template)
            .fetch_one(&mut *admin)
            .await
            .unwrap();
    if !is_there {
        // One that is not marked was left half made.
        admin
            .execute(AssertSqlSafe(format!(
                "drop database if exists {template} with (force)"
            )))
            .await
            .unwrap();
        admin
            .execute(AssertSqlSafe(format!("create database {template}")))
            .await
            .unwrap();
        let mut connection = server.clone().database(&template).connect().await.unwrap();
        MIGRATOR
            .run(&mut connection)
            .await
            .expect("the migrations run on an empty database");
        connection.execute(sqlx::raw_sql(CLOCK)).await.unwrap();
        connection.close().await.unwrap();
        admin
            .execute(AssertSqlSafe(format!("alter database {template} is_template true")))
            .await
            .unwrap();
    }
    sqlx::query("select pg_advisory_unlock($1)")
        .bind(LOCK)
        .execute(&mut *admin)
        .await
        .unwrap();
    template
}

/// Drops databases of processes that are gone. One that is in use stays: it is of another machine.
async fn sweep(admin: &mut PgConnection) {
    let names: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database where datname like 'latchkey\\_t\\_%'")
            .fetch_all(&mut *admin)
            .await
            .unwrap();
    for name in names {
        let pid = name
            .trim_start_matches("latchkey_t_")
            .split('_')
            .next()
            .unwrap_or_default();
        if !is_alive(pid) {
            drop(
                admin
                    .execute(AssertSqlSafe(format!("drop database if exists {name}")))
                    .await,
            );
        }
    }
}
