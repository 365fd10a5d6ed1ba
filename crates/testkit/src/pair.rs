//! Two PostgreSQL servers of a test's own: one that is written to, and a standby that follows it and takes over.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;

use crate::Link;
use crate::database::program_of_postgres;

const USER: &str = "latchkey";
/// Parts of the sockets' names only.
const FIRST: u16 = 5432;
const SECOND: u16 = 5433;
const PATIENCE: Duration = Duration::from_mins(1);

/// Both servers. Dropping it ends them. Their default is not to wait for a disk: whoever needs that has to ask.
#[derive(Debug)]
pub struct Pair {
    first: Child,
    second: Child,
    /// The standby's way to the first.
    between: Link,
    // Goes when both have ended.
    folder: TempDir,
}

impl Pair {
    /// Starts both. With `synchronous`, the first says that a commit is done once the standby has it, and else at once.
    /// `None`, and a line that says so, where this machine has no PostgreSQL server.
    pub async fn start(synchronous: bool) -> Option<Self> {
        let programs = ["initdb", "postgres", "pg_ctl", "pg_basebackup"];
        if programs.iter().any(|name| program_of_postgres(name).is_none()) {
            #[expect(clippy::print_stdout, reason = "says that it was skipped")]
            {
                println!("skipped: there is no PostgreSQL server on this machine");
            }
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            let given = Command::new("chown")
                .arg("postgres:postgres")
                .arg(folder.path())
                .status();
            assert!(given.unwrap().success(), "there is no user `postgres`");
        }
        let place = folder.path();
        let initdb = [
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
            "first",
        ];
        run(place, "initdb", &initdb).await;
        let first = spawn(place, "first", FIRST).await;
        let between = Link::to(&options(place, FIRST)).await;
        let way = format!(
            "host=127.0.0.1 port={} user={USER} sslmode=disable gssencmode=disable",
            between.port()
        );
        let copying = [
            "--pgdata=second",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
            "--dbname",
            &way,
        ];
        run(place, "pg_basebackup", &copying).await;
        let second = spawn(place, "second", SECOND).await;
        let pair = Self {
            first,
            second,
            between,
            folder,
        };
        pair.is("select count(*) = 1 from pg_stat_replication where state = 'streaming'")
            .await;
        if synchronous {
            // Not in the copy: once it has taken over, it waits for nobody.
            let mut admin = pair.options().connect().await.unwrap();
            admin
                .execute("alter system set synchronous_standby_names = '*'")
                .await
                .unwrap();
            admin.execute("select pg_reload_conf()").await.unwrap();
            admin.close().await.unwrap();
            pair.is("select count(*) = 1 from pg_stat_replication where sync_state = 'sync'")
                .await;
        }
        Some(pair)
    }

    /// How to reach the maintenance database of the first.
    pub fn options(&self) -> PgConnectOptions {
        options(self.folder.path(), FIRST)
    }

    /// The standby gets nothing from now on.
    pub async fn part(&self) {
        self.between.cut();
        self.is("select count(*) = 0 from pg_stat_replication").await;
    }

    /// It follows again.
    pub async fn join(&self) {
        self.between.mend().await;
    }

    /// The standby has all that was committed, and gets nothing more.
    pub async fn let_standby_lag(&self) {
        // Also what is not on the first's own disk yet.
        self.is("select replay_lsn >= pg_current_wal_insert_lsn() from pg_stat_replication")
            .await;
        self.part().await;
    }

    /// Ends the first at once, in the middle of what it does.
    pub async fn kill_first(&mut self) {
        run(
            self.folder.path(),
            "pg_ctl",
            &["stop", "-D", "first", "-m", "immediate"],
        )
        .await;
        self.first.wait().unwrap();
    }

    /// Lets the standby take over; how to reach its maintenance database.
    pub async fn promote(&self) -> PgConnectOptions {
        run(self.folder.path(), "pg_ctl", &["promote", "-D", "second"]).await;
        options(self.folder.path(), SECOND)
    }

    /// Waits until the first says yes.
    async fn is(&self, question: &'static str) {
        let asking = async {
            let mut admin = self.options().connect().await.unwrap();
            while sqlx::query_scalar::<_, bool>(question)
                .fetch_optional(&mut admin)
                .await
                .unwrap()
                != Some(true)
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let asked = tokio::time::timeout(PATIENCE, asking).await;
        asked.unwrap_or_else(|_| panic!("never: {question}\n{}", logs(self.folder.path())));
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for server in [&mut self.second, &mut self.first] {
            // Its children notice, and end.
            drop(server.kill());
            drop(server.wait());
        }
    }
}

fn options(folder: &Path, port: u16) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(folder)
        .port(port)
        .username(USER)
        .database("postgres")
        .disable_statement_logging()
}

/// Starts the server of this data folder and waits until it answers.
async fn spawn(folder: &Path, data: &str, port: u16) -> Child {
    let log = File::create(folder.join(format!("{data}.log"))).unwrap();
    let mut command = program(folder, "postgres", true);
    command.args(["-D", data, "-p", &port.to_string(), "-k"]).arg(folder);
    for setting in [
        "listen_addresses=",
        "max_connections=60",
        "fsync=off",
        "synchronous_commit=off",
        "wal_receiver_status_interval=1s",
        "wal_retrieve_retry_interval=100ms",
        "timezone=UTC",
    ] {
        command.arg("-c").arg(setting);
    }
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let server = command.spawn().unwrap();
    let answering = async {
        while options(folder, port).connect().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answered = tokio::time::timeout(PATIENCE, answering).await;
    assert!(answered.is_ok(), "{data} did not answer\n{}", logs(folder));
    server
}

fn logs(folder: &Path) -> String {
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    read("first.log") + &read("second.log")
}

/// A program of PostgreSQL in this folder; as root, as the package's user. `tied`: it ends with the test.
fn program(folder: &Path, name: &str, tied: bool) -> Command {
    let mut words: Vec<PathBuf> = Vec::new();
    if is_root() {
        words.extend(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"].map(PathBuf::from));
    }
    if tied && program_of_postgres("setpriv").is_some() {
        // Last, as a change of user takes it back.
        words.extend(["setpriv", "--pdeathsig", "INT"].map(PathBuf::from));
    }
    words.push(program_of_postgres(name).unwrap());
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir(folder);
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a program to its end.
async fn run(folder: &Path, name: &str, arguments: &[&str]) {
    let mut command = tokio::process::Command::from(program(folder, name, false));
    let output = command.args(arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}\n{}", logs(folder));
}
