//! Where the PostgreSQL server of the tests comes from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use latchkey::cluster::{Cluster, ClusterOptions};
use sqlx::postgres::PgConnectOptions;
use testcontainers_modules::postgres::Postgres;
use testcontainers_modules::testcontainers::runners::AsyncRunner as _;
use testcontainers_modules::testcontainers::{ContainerAsync, ImageExt as _, TestcontainersError};
use tokio::sync::OnceCell;

/// A running server. Dropping it ends what was started for it.
#[derive(Debug)]
pub enum PostgresSource {
    /// One that was there before, named by `TEST_DATABASE_URL`.
    Given(Box<PgConnectOptions>),
    /// A private cluster of this process.
    Cluster(Cluster),
    /// A container of this process.
    Container(Box<ContainerAsync<Postgres>>, Box<PgConnectOptions>),
}

/// One server for the whole process.
static SOURCE: OnceCell<PostgresSource> = OnceCell::const_new();

impl PostgresSource {
    /// The process's server: `TEST_DATABASE_URL`, else a private cluster, else a container. `TEST_PG` (`url`, `embedded`
    /// or `docker`) takes one of them only.
    pub async fn get() -> &'static Self {
        SOURCE.get_or_init(Self::find).await
    }

    /// How to reach its maintenance database.
    pub fn options(&self) -> PgConnectOptions {
        match self {
            Self::Given(options) | Self::Container(_, options) => (**options).clone(),
            Self::Cluster(cluster) => cluster.url().parse().unwrap(),
        }
    }

    async fn find() -> Self {
        let only = setting("TEST_PG");
        let may = |name: &str| only.as_deref().is_none_or(|only| only == name);
        if may("url")
            && let Some(url) = setting("TEST_DATABASE_URL")
        {
            return Self::Given(Box::new(url.parse().expect("TEST_DATABASE_URL is postgres://…")));
        }
        let cluster = if may("embedded") {
            tokio::task::spawn_blocking(start_cluster).await.unwrap()
        } else {
            Err("TEST_PG says otherwise".to_owned())
        };
        let why = match cluster {
            Ok(cluster) => return Self::Cluster(cluster),
            Err(why) => why,
        };
        assert!(may("docker"), "no database for the tests: set TEST_DATABASE_URL");
        match container().await {
            Ok((container, options)) => Self::Container(Box::new(container), Box::new(options)),
            Err(error) => panic!(
                "no database for the tests: set TEST_DATABASE_URL, or install a PostgreSQL server ({why}), or Docker ({error})"
            ),
        }
    }
}

/// The official image in a container, gone when it is dropped.
///
/// # Errors
/// There is no Docker, or the image does not start.
pub async fn container() -> Result<(ContainerAsync<Postgres>, PgConnectOptions), TestcontainersError> {
    let container = Postgres::default().with_tag("17-alpine").start().await?;
    let options = PgConnectOptions::new()
        .host(&container.get_host().await?.to_string())
        .port(container.get_host_port_ipv4(5432).await?)
        .username("postgres")
        .password("postgres")
        .database("postgres");
    Ok((container, options))
}

/// A cluster in a folder of this process under `target`, without durability.
fn start_cluster() -> Result<Cluster, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/testkit");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    sweep_folders(&folder);
    let options = ClusterOptions {
        fsync_off: true,
        max_connections: Some(300),
        patience: Duration::from_mins(1),
        ..ClusterOptions::new(folder.join(std::process::id().to_string()))
    };
    Cluster::start(&options).map_err(|error| error.to_string())
}

/// Removes what processes that are gone left.
fn sweep_folders(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let dead: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| !is_alive(name)))
        .map(|entry| entry.path())
        .collect();
    for path in dead {
        // Another process may sweep too, and be first.
        drop(std::fs::remove_dir_all(path));
    }
}

/// Whether a process lives, where that can be seen; else it is taken to.
pub(crate) fn is_alive(pid: &str) -> bool {
    let processes = Path::new("/proc");
    !processes.join("self").exists() || processes.join(pid).exists()
}

/// A setting of the test run.
#[expect(
    clippy::disallowed_methods,
    reason = "the settings of a test run are its environment"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
