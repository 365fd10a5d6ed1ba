//! The pool, its limits and the migrations.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use vault::KeyRing;

use crate::StoreError;

/// All migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Limits of the pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolOptions {
    /// Most connections of this process.
    pub connections: u32,
    /// Longest wait for a free connection; then the call fails as unavailable.
    pub wait: Duration,
    /// Longest single statement.
    pub statement: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            connections: 20,
            wait: Duration::from_secs(2),
            statement: Duration::from_secs(10),
        }
    }
}

/// The database and the keys to what is sealed in it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) adopted: Arc<AtomicBool>,
    pub(crate) audit_queues: Arc<crate::audit_chain::Queues>,
}

impl Store {
    /// A pool that connects when it is first used, so that a server can start before its database.
    pub fn connect_lazily(url: &str, options: PoolOptions, ring: Arc<KeyRing>) -> Result<Self, StoreError> {
        let connect: PgConnectOptions = url.parse::<PgConnectOptions>().map_err(StoreError::Database)?;
        Ok(Self::from_options(connect, options, ring))
    }

    /// The same from parsed options.
    pub fn from_options(connect: PgConnectOptions, options: PoolOptions, ring: Arc<KeyRing>) -> Self {
        let connect = connect.application_name("latchkey").options([
            ("statement_timeout", options.statement.as_millis().to_string()),
            ("lock_timeout", "2000".to_owned()),
            ("idle_in_transaction_session_timeout", "15000".to_owned()),
            // A token must be on disk before it is used, whatever the server's default is.
            ("synchronous_commit", "on".to_owned()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.wait)
            .connect_lazy_with(connect);
        Self {
            pool,
            ring,
            adopted: Arc::default(),
            audit_queues: Arc::default(),
        }
    }

    /// The pool, for tests and the migrator.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs the migrations that are missing. Safe beside running replicas and another migrator, which waits.
    ///
    /// # Errors
    /// The database is away, or it was migrated by a newer version.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        // A migration may wait longer for its turn than a statement may run.
        sqlx::query("set statement_timeout = 0")
            .execute(&mut *connection)
            .await?;
        sqlx::query("set lock_timeout = 0").execute(&mut *connection).await?;
        let result = MIGRATOR.run(&mut *connection).await;
        connection.close().await?;
        Ok(result?)
    }

    /// How many migrations are missing in the database.
    pub async fn missing_migrations(&self) -> Result<usize, StoreError> {
        let table: Option<String> = sqlx::query_scalar!("select to_regclass('_sqlx_migrations')::text")
            .fetch_one(&self.pool)
            .await?;
        if table.is_none() {
            return Ok(MIGRATOR.iter().count());
        }
        // Not checked at compile time: the table belongs to the migrator.
        let applied: Vec<i64> = sqlx::query_scalar("select version from _sqlx_migrations where success")
            .fetch_all(&self.pool)
            .await?;
        Ok(MIGRATOR
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .count())
    }

    /// The database's clock.
    pub async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        Ok(sqlx::query_scalar!(r#"select latchkey_now() as "now!""#)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Ends all connections, waiting for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Reads the column `environment` of a row.
pub(crate) fn environment(
    table: &'static str,
    record: uuid::Uuid,
    text: &str,
) -> Result<vault::Environment, StoreError> {
    text.parse()
        .map_err(|error: vault::UnknownEnvironment| StoreError::Inconsistent {
            table,
            record,
            what: error.to_string(),
        })
}
