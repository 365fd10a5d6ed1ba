//! The private cluster against a real server: start, stop, every kind of sudden death, and what may not happen.
//!
//! Needs a PostgreSQL server on the machine and skips nothing: without one these tests fail with the remedy.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use latchkey::cluster::{Cluster, ClusterError, ClusterOptions};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

fn options(folder: &Path) -> ClusterOptions {
    ClusterOptions {
        fsync_off: true,
        max_connections: Some(20),
        ..ClusterOptions::new(folder)
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A folder that the server's account can reach.
fn place() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

fn within(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if done() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

fn sql<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn remember(url: &str, word: &'static str) {
    sql(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection
            .execute("CREATE TABLE IF NOT EXISTS word (word text)")
            .await
            .unwrap();
        sqlx::query("INSERT INTO word VALUES ($1)")
            .bind(word)
            .execute(&mut connection)
            .await
            .unwrap();
    });
}

fn remembered(url: &str) -> Vec<String> {
    sql(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let rows = connection
            .fetch_all("SELECT word FROM word ORDER BY word")
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    })
}

fn setting(url: &str, name: &'static str) -> String {
    sql(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    })
}

/// Every process of a server in the folder, whoever started it.
fn processes(data: &Path) -> Vec<String> {
    let data = fs::canonicalize(data).unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|folder| folder == data))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn kill(signal: &str, process: u32) {
    let status = Command::new("kill")
        .args([signal, &process.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Another process that holds a cluster: this test binary, running only `holder`.
struct Holder {
    process: Child,
    url: String,
    server: u32,
}

impl Holder {
    fn start(folder: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        Self::run(
            Command::new(program).args(["--ignored", "--exact", "--nocapture", "holder"]),
            folder,
        )
    }

    fn run(command: &mut Command, folder: &Path) -> Self {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(process.stdin.as_mut().unwrap(), "{}", folder.display()).unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines
            .map(Result::unwrap)
            .find_map(|line| line.split_once("holding ").map(|(_, told)| told.to_owned()));
        let line = line.expect("the holder tells what it holds");
        let (server, url) = line.split_once(' ').unwrap();
        Self {
            process,
            url: url.to_owned(),
            server: server.parse().unwrap(),
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
#[ignore = "run by the other tests, as another process"]
fn holder() {
    let mut folder = String::new();
    std::io::stdin().read_line(&mut folder).unwrap();
    if folder.trim().is_empty() {
        return;
    }
    // Durable, as in development: without that, a killed server may forget what it promised last.
    let options = ClusterOptions {
        fsync_off: false,
        ..options(Path::new(folder.trim()))
    };
    let cluster = Cluster::start(&options).unwrap();
    // One write: the test framework prints on the same stream.
    let told = format!("\nholding {} {}\n", cluster.process_id().unwrap(), cluster.url());
    std::io::stdout().write_all(told.as_bytes()).unwrap();
    std::io::stdin().read_line(&mut folder).unwrap();
    cluster.stop().unwrap();
}

#[test]
fn starts_stops_and_keeps_what_was_written() {
    let place = place();
    let folder = place.path().join(".latchkey");
    let cluster = Cluster::start(&options(&folder)).unwrap();
    let url = cluster.url();
    remember(&url, "kept");
    assert_eq!(setting(&url, "listen_addresses"), "");
    assert_eq!(setting(&url, "fsync"), "off");
    assert_eq!(setting(&url, "max_connections"), "20");
    assert_eq!(setting(&url, "server_encoding"), "UTF8");
    assert_eq!(setting(&url, "lc_collate"), "C");
    let data = cluster.data_folder().to_owned();
    assert!(data.starts_with(fs::canonicalize(&folder).unwrap()));
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o700);
    assert_ne!(fs::metadata(&data).unwrap().uid(), 0);
    cluster.stop().unwrap();
    assert_eq!(processes(&data), Vec::<String>::new());
    assert!(
        !data.join("postmaster.pid").exists(),
        "a clean stop removes the server's pid file"
    );

    let begin = Instant::now();
    let cluster = Cluster::start(&ClusterOptions {
        max_connections: None,
        fsync_off: false,
        ..options(&folder)
    })
    .unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(remembered(&cluster.url()), ["kept"]);
    assert_eq!(cluster.url(), url, "a kept address stays good");
    assert_eq!(setting(&url, "fsync"), "on");
    drop(cluster);
    assert_eq!(processes(&data), Vec::<String>::new());
}

#[test]
fn a_server_killed_while_in_use_is_started_again() {
    let place = place();
    let cluster = Cluster::start(&ClusterOptions {
        fsync_off: false,
        ..options(place.path())
    })
    .unwrap();
    let url = cluster.url();
    remember(&url, "before");
    let first = cluster.process_id().unwrap();
    kill("-KILL", first);
    let back = within(Duration::from_secs(30), || {
        cluster.process_id().is_some_and(|process| process != first)
            && sql(async { PgConnection::connect(&url).await.is_ok() })
    });
    assert!(back, "{}", fs::read_to_string(cluster.log_file()).unwrap());
    assert_eq!(remembered(&url), ["before"]);
    cluster.stop().unwrap();
}

#[test]
fn a_second_start_on_the_folder_is_refused_and_names_the_first() {
    let place = place();
    let holder = Holder::start(place.path());
    let message = Cluster::start(&options(place.path())).unwrap_err().to_string();
    assert!(
        message.contains(&format!("process {}", holder.process.id())),
        "{message}"
    );
    assert!(message.contains("Stop that one first"), "{message}");
    remember(&holder.url, "undisturbed");
}

#[test]
fn a_killed_holder_leaves_no_server_behind() {
    let place = place();
    let mut holder = Holder::start(place.path());
    remember(&holder.url, "durable");
    let data = data_of(place.path());
    assert!(!processes(&data).is_empty());
    holder.process.kill().unwrap();
    holder.process.wait().unwrap();
    let gone = within(Duration::from_secs(10), || processes(&data).is_empty());
    assert!(gone, "still there: {:?}", processes(&data));
    assert!(!data.join("postmaster.pid").exists(), "the server stopped in order");
    let cluster = Cluster::start(&options(place.path())).unwrap();
    assert_eq!(remembered(&cluster.url()), ["durable"]);
}

#[test]
fn holder_and_server_killed_together_recover() {
    let place = place();
    let mut holder = Holder::start(place.path());
    remember(&holder.url, "durable");
    // The holder first, or it would start the server again.
    kill("-STOP", holder.process.id());
    kill("-KILL", holder.server);
    holder.process.kill().unwrap();
    holder.process.wait().unwrap();
    let cluster = Cluster::start(&options(place.path())).unwrap();
    assert_eq!(remembered(&cluster.url()), ["durable"]);
    cluster.stop().unwrap();
}

#[test]
fn a_server_without_its_owner_is_stopped_and_started_anew() {
    let place = place();
    let cluster = Cluster::start(&options(place.path())).unwrap();
    remember(&cluster.url(), "durable");
    let data = cluster.data_folder().to_owned();
    cluster.stop().unwrap();
    // As where `setpriv` is missing: a server that did not end with the process that started it.
    let postgres = fs::read_to_string(data.join("postmaster.opts")).unwrap();
    let postgres = postgres.split_whitespace().next().unwrap().to_owned();
    let mut command = if is_root() {
        Command::new("setpriv")
    } else {
        Command::new(&postgres)
    };
    if is_root() {
        let owner = fs::metadata(&data).unwrap();
        command.args([
            "--reuid",
            &owner.uid().to_string(),
            "--regid",
            &owner.gid().to_string(),
            "--clear-groups",
            &postgres,
        ]);
    }
    command
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&data)
        .args(["-c", "listen_addresses="]);
    let mut orphan = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ready = within(Duration::from_secs(30), || {
        fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| text.contains("ready"))
    });
    assert!(ready);
    // Reaps it, as the system's first process would.
    let number = orphan.id();
    let reaper = thread::spawn(move || orphan.wait().unwrap());
    let cluster = Cluster::start(&options(place.path())).unwrap();
    assert_ne!(cluster.process_id(), Some(number));
    assert!(reaper.join().unwrap().success(), "it was asked to stop, not killed");
    assert_eq!(remembered(&cluster.url()), ["durable"]);
}

#[test]
fn a_start_that_was_killed_in_the_middle_leaves_nothing_in_the_way() {
    let place = place();
    let major = {
        let cluster = Cluster::start(&options(place.path())).unwrap();
        cluster.data_folder().file_name().unwrap().to_owned()
    };
    let data = place.path().join(major);
    // Half a data folder, under the name that it has until it is complete.
    fs::rename(&data, data.with_extension("new")).unwrap();
    fs::remove_file(data.with_extension("new").join("pg_hba.conf")).unwrap();
    let cluster = Cluster::start(&options(place.path())).unwrap();
    remember(&cluster.url(), "new");
    assert!(!data.with_extension("new").exists());
}

#[test]
fn a_long_path_gets_a_socket_elsewhere() {
    let place = place();
    let folder = place.path().join("a".repeat(60)).join("b b&c=d%e".repeat(6));
    let cluster = Cluster::start(&options(&folder)).unwrap();
    assert!(cluster.url().contains("host=/tmp/latchkey-"), "{}", cluster.url());
    remember(&cluster.url(), "far");
    let url = cluster.url();
    let (_, socket) = url.split_once("host=").unwrap();
    let socket = PathBuf::from(socket.split_once('&').unwrap().0);
    assert!(socket.exists());
    cluster.stop().unwrap();
    assert!(!socket.exists(), "nothing of it stays there");
}

#[test]
fn a_path_with_odd_characters_is_written_into_the_address() {
    let place = place();
    let cluster = Cluster::start(&options(&place.path().join("a b&c=d%é"))).unwrap();
    assert!(
        cluster.url().contains("a%20b%26c%3Dd%25%C3%A9/run&"),
        "{}",
        cluster.url()
    );
    remember(&cluster.url(), "odd");
}

#[test]
fn a_folder_closed_to_the_servers_account_works_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let folder = place.path().join("home/.latchkey");
    for word in ["first", "second"] {
        let cluster = Cluster::start(&options(&folder)).unwrap();
        remember(&cluster.url(), word);
        assert_eq!(cluster.url().contains("host=/tmp/latchkey-"), is_root());
        cluster.stop().unwrap();
    }
    let mut holder = Holder::start(&folder);
    assert_eq!(remembered(&holder.url), ["first", "second"]);
    holder.process.kill().unwrap();
    holder.process.wait().unwrap();
    let data = data_of(&folder);
    assert!(within(Duration::from_secs(10), || processes(&data).is_empty()));
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let place = place();
    let data = {
        let cluster = Cluster::start(&options(place.path())).unwrap();
        cluster.data_folder().to_owned()
    };
    fs::write(data.join("postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let error = Cluster::start(&options(place.path())).unwrap_err();
    assert!(matches!(error, ClusterError::Start { .. }), "{error:?}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
    assert_eq!(processes(&data), Vec::<String>::new());
}

#[test]
fn an_unknown_account_is_explained() {
    let place = place();
    let asked = ClusterOptions {
        run_as: Some("no-such-user-here".into()),
        ..options(place.path())
    };
    let message = Cluster::start(&asked).unwrap_err().to_string();
    assert!(
        message.contains("no-such-user-here") && message.contains("as root"),
        "{message}"
    );
}

/// Root runs the same journey once more as a normal user, since the two differ in nearly every step.
#[test]
fn a_normal_user_needs_no_other_account() {
    if !is_root() {
        return;
    }
    let place = place();
    // The program lies where only root may look, perhaps.
    let program = place.path().join("holder");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let folder = place.path().join("theirs");
    fs::create_dir(&folder).unwrap();
    let nobody = 65_534;
    std::os::unix::fs::chown(&folder, Some(nobody), Some(nobody)).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&program);
    command
        .args(["--ignored", "--exact", "--nocapture", "holder"])
        .current_dir("/");
    let mut holder = Holder::run(&mut command, &folder);
    let data = data_of(&folder);
    assert_eq!(fs::metadata(&data).unwrap().uid(), nobody);
    remember(&holder.url, "theirs");
    holder.process.kill().unwrap();
    holder.process.wait().unwrap();
    assert!(
        within(Duration::from_secs(10), || processes(&data).is_empty()),
        "it left a server behind"
    );
    // Root takes the owner of the data for the server's account.
    let cluster = Cluster::start(&options(&folder)).unwrap();
    assert_eq!(remembered(&cluster.url()), ["theirs"]);
}

fn data_of(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut data = entries
        .map(|entry| entry.path())
        .filter(|path| path.join("PG_VERSION").exists());
    data.next().expect("the cluster has data")
}
