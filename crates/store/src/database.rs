//! The pool, its limits and the migrations.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool};
use vault::KeyRing;

use crate::StoreError;
use crate::home::HomeWatch;

/// All migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Longest wait for the connection on which migrations run.
const MIGRATION_CONNECT: Duration = Duration::from_secs(5);

/// The oldest server that has everything that the queries ask for.
const OLDEST: i32 = 15;

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
    /// How to reach the database, without what we ask of each session.
    pub(crate) plain: Arc<PgConnectOptions>,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) adopted: Arc<AtomicBool>,
    pub(crate) home: Arc<HomeWatch>,
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
        let plain = Arc::new(connect.clone());
        let connect = connect.application_name("latchkey").options([
            ("statement_timeout", options.statement.as_millis().to_string()),
            ("lock_timeout", "2000".to_owned()),
            ("idle_in_transaction_session_timeout", "15000".to_owned()),
            // A token must be on disk before it is used, whatever the server's default is. Where an operator asks for more,
            // `check_pooler` takes that.
            ("synchronous_commit", "on".to_owned()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.wait)
            .connect_lazy_with(connect);
        Self {
            pool,
            plain,
            ring,
            adopted: Arc::default(),
            home: Arc::default(),
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
    /// The database is away, or it was migrated by a newer version; its server is too old, or it is not in UTF-8.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // The lock is a transaction's: behind a pooler in transaction mode a session's, as the migrator takes by itself,
        // would stay behind and stop the next one for good.
        let mut turn = self.pool.begin().await?;
        for waits in [
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
        ] {
            sqlx::query(AssertSqlSafe(format!("set local {waits} = 0")))
                .execute(&mut *turn)
                .await?;
        }
        let (database, version, encoding): (String, i32, String) = sqlx::query_as(
            "select current_database()::text, current_setting('server_version_num')::int, current_setting('server_encoding')",
        )
        .fetch_one(&mut *turn)
        .await?;
        expect_fit(&database, version, &encoding)?;
        sqlx::query("select pg_advisory_xact_lock($1)")
            .bind(migrators_lock(&database))
            .execute(&mut *turn)
            .await?;
        // A migration may take longer than a statement may. Asked for at the start of a connection of its own: what is set
        // later would stay with the pooler's connection.
        let unlimited = [("statement_timeout", "0"), ("lock_timeout", "0")];
        let options = self.pool.connect_options().as_ref().clone().options(unlimited);
        // A pooler without a session left would let it wait for ever.
        let mut connection = tokio::time::timeout(MIGRATION_CONNECT, options.connect())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
        let mut migrator = sqlx::migrate::Migrator::with_migrations(MIGRATOR.iter().cloned().collect());
        let result = migrator.set_locking(false).run(&mut connection).await;
        connection.close().await?;
        turn.commit().await?;
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

/// The lock of sqlx's migrator, so that one of an older version waits for us and we for it.
fn migrators_lock(database: &str) -> i64 {
    0x3d32_ad9e * i64::from(crc32fast::hash(database.as_bytes()))
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

/// That the tables can be made here. `version` is PostgreSQL's number of it, as 150004.
fn expect_fit(database: &str, version: i32, encoding: &str) -> Result<(), StoreError> {
    let major = version / 10_000;
    if major < OLDEST {
        return Err(StoreError::Unfit(format!(
            "the server is PostgreSQL {major}, and {OLDEST} or newer is needed. Upgrade it, or give the address of another."
        )));
    }
    // Names are folded letter by letter, which the server does in this encoding only.
    if encoding != "UTF8" {
        return Err(StoreError::Unfit(format!(
            "the database `{database}` is encoded in {encoding}, and UTF8 is needed. Make another, as with \
             `create database {database}_utf8 encoding 'UTF8' locale 'C' template template0`, bring what is in this one \
             there with pg_dump and pg_restore, and give its address."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::expect_fit;

    #[test]
    fn an_old_server_and_another_encoding_are_told() {
        assert!(expect_fit("latchkey", 150_000, "UTF8").is_ok());
        let old = expect_fit("latchkey", 140_012, "UTF8").unwrap_err().to_string();
        assert_eq!(
            old,
            "the server is PostgreSQL 14, and 15 or newer is needed. Upgrade it, or give the address of another."
        );
        let other = expect_fit("shop", 170_000, "LATIN1").unwrap_err().to_string();
        assert!(
            other.starts_with("the database `shop` is encoded in LATIN1, and UTF8 is needed."),
            "{other}"
        );
    }
}
