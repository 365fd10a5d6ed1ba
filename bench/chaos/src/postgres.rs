//! A PostgreSQL server of the run's own: durable, crashed at will, gone with the run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use tokio::process::Child;
use tokio::sync::Mutex;

const DATABASE: &str = "latchkey";
const PORT: u16 = 5432;

/// The running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    folder: PathBuf,
    binaries: PathBuf,
    server: Mutex<Child>,
    pool: PgPool,
}

impl Postgres {
    /// Makes a cluster in this folder and starts it.
    pub(crate) async fn start(folder: PathBuf) -> anyhow::Result<Self> {
        let binaries = binaries()?;
        fs::create_dir_all(&folder)?;
        give_to_postgres(&folder)?;
        let made = as_postgres(&binaries.join("initdb"), &folder, false)
            .arg("-D")
            .arg(folder.join("data"))
            .args([
                "-U",
                DATABASE,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-instructions",
            ])
            .output()
            .context("initdb did not start")?;
        ensure!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let server = spawn(&folder, &binaries)?;
        let pool = PgPoolOptions::new()
            .max_connections(12)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options(&folder, DATABASE));
        let postgres = Self {
            folder,
            binaries,
            server: Mutex::new(server),
            pool,
        };
        postgres.ready().await?;
        let admin = PgPoolOptions::new().connect_lazy_with(options(&postgres.folder, "postgres"));
        sqlx::query(AssertSqlSafe(format!("create database {DATABASE}")))
            .execute(&admin)
            .await?;
        admin.close().await;
        Ok(postgres)
    }

    /// How to reach it without a proxy. Sessions may write also while the database is read-only for others.
    pub(crate) fn options(&self) -> PgConnectOptions {
        options(&self.folder, DATABASE)
    }

    /// The socket, for a proxy.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{PORT}"))
    }

    /// The address behind a proxy on this port.
    pub(crate) fn url(port: u16) -> String {
        format!("postgres://{DATABASE}@127.0.0.1:{port}/{DATABASE}?sslmode=disable")
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What `pg_ctl restart -m immediate` does: ends the server without a checkpoint, and starts it again.
    pub(crate) async fn crash(&self) -> anyhow::Result<()> {
        let mut server = self.server.lock().await;
        signal(&server, Signal::QUIT);
        server.wait().await?;
        *server = spawn(&self.folder, &self.binaries)?;
        drop(server);
        self.ready().await
    }

    /// Ends it in order.
    pub(crate) async fn stop(&self) {
        self.pool.close().await;
        let mut server = self.server.lock().await;
        signal(&server, Signal::INT);
        if tokio::time::timeout(Duration::from_secs(10), server.wait())
            .await
            .is_err()
        {
            drop(server.kill().await);
        }
    }

    /// Makes all sessions but ours read-only, or no longer.
    pub(crate) async fn read_only(&self, on: bool) -> anyhow::Result<()> {
        let on = if on { "on" } else { "off" };
        self.execute(&format!("alter system set default_transaction_read_only = {on}"))
            .await?;
        self.execute("select pg_reload_conf()").await
    }

    /// Runs a statement that may be run twice; tries again while the server is away.
    pub(crate) async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        for _ in 0..200 {
            match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await {
                Ok(_) => return Ok(()),
                Err(error @ sqlx::Error::Database(_)) if !is_away(&error) => {
                    return Err(error).with_context(|| sql.to_owned());
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        bail!("the database did not come back for: {sql}")
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let file = self.folder.join("data/postmaster.pid");
        for _ in 0..1_200 {
            // Its last line says "ready" once connections are accepted.
            if fs::read_to_string(&file).is_ok_and(|text| text.lines().any(|line| line.trim_end() == "ready")) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!(
            "PostgreSQL was not ready after 30 s; see {}",
            self.folder.join("log").display()
        )
    }
}

/// Whether the server is shutting down, starting, or full.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => database
            .code()
            .is_some_and(|code| code.starts_with("57P") || code == "53300"),
        _ => true,
    }
}

fn signal(server: &Child, signal: Signal) {
    let process = server.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(process) = process {
        // It may be gone already.
        kill_process(process, signal).ok();
    }
}

fn options(folder: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(folder)
        .port(PORT)
        .username(DATABASE)
        .database(database)
        .options([("default_transaction_read_only", "off")])
        .disable_statement_logging()
}

fn spawn(folder: &Path, binaries: &Path) -> anyhow::Result<Child> {
    let log = fs::File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = as_postgres(&binaries.join("postgres"), folder, true);
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    for setting in [
        "listen_addresses=",
        "max_connections=300",
        "fsync=on",
        "full_page_writes=on",
        // The product has to ask for durability by itself.
        "synchronous_commit=off",
        "timezone=UTC",
        "log_timezone=UTC",
    ] {
        command.arg("-c").arg(setting);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    tokio::process::Command::from(command)
        .spawn()
        .context("postgres did not start")
}

/// A program of PostgreSQL, with an empty environment and, as root, as the package's user. `tied`: ends with us.
fn as_postgres(program: &Path, folder: &Path, tied: bool) -> Command {
    let mut words: Vec<String> = Vec::new();
    if rustix::process::geteuid().is_root() {
        let words_of = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
        words.extend(words_of.map(str::to_owned));
    }
    if tied {
        // Last, as a change of user takes it back.
        words.extend(["setpriv", "--pdeathsig", "INT"].map(str::to_owned));
    }
    words.push(program.display().to_string());
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir(folder);
    command
}

fn give_to_postgres(folder: &Path) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let given = Command::new("chown").arg("postgres:postgres").arg(folder).status()?;
    ensure!(
        given.success(),
        "there is no user `postgres`: create one, or run this as another user than root"
    );
    Ok(())
}

/// The folder of `initdb` and `postgres`: what `pg_config` says, else the newest of the distribution's.
fn binaries() -> anyhow::Result<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort_by_key(version);
    told.into_iter()
        .chain(folders.into_iter().rev().map(|folder| folder.join("bin")))
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .context("no PostgreSQL server was found: install PostgreSQL 15 or newer, with `pg_config` on the path")
}
