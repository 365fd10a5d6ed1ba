//! The private Postgres cluster of development.
//!
//! [`Cluster::start`] finds a PostgreSQL server on this machine, gives it a data folder of its own, and runs it as a child
//! that listens on a Unix socket only. It never outlives this process for long, and whatever `kill -9` leaves behind is
//! put in order by the next start. Nothing here speaks SQL, and nothing here reads the environment: what a variable says
//! comes in as an option.
//!
//! In the folder: `pg<major>/` (the data), `run/` (the socket), `postgres.log`, `cluster.lock`.

mod account;
mod binaries;
mod error;
mod folder;
mod server;

use std::{
    fs::{self, File},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use account::Account;
use binaries::Binaries;
pub use error::ClusterError;
use folder::{check_version, create, data_folder, lock};
use server::Server;

/// The longest path of a Unix socket in bytes (`sun_path` of Linux less its final zero; PostgreSQL checks the same).
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// The database, and the superuser of the cluster.
const DATABASE: &str = "latchkey";
/// Part of the socket's name only; there is no TCP port.
const PORT: u16 = 5432;
/// In a URL's query the path of a folder stays readable.
const PATH_IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// What a cluster is started with.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The folder of everything that is kept, such as `.latchkey`. Made if absent.
    pub folder: PathBuf,
    /// The folder with `initdb` and `postgres` (`LATCHKEY_PG_BINDIR`). `None` searches: `pg_config`, the distribution's
    /// folders (newest first), `PATH`, `pg/` beside the executable.
    pub bin_dir: Option<PathBuf>,
    /// As root only: the account that runs the server. `None` takes the owner of the data, else `postgres`.
    pub run_as: Option<String>,
    /// For tests: nothing is made durable, which is faster, and a crash of the machine loses the data.
    pub fsync_off: bool,
    /// `max_connections` of the server, else its default of 100.
    pub max_connections: Option<u16>,
    /// How long start, and the end of what an earlier run left, may take each.
    pub patience: Duration,
}

impl ClusterOptions {
    /// A durable cluster in `folder`, with a server that is searched for.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            bin_dir: None,
            run_as: None,
            fsync_off: false,
            max_connections: None,
            patience: Duration::from_secs(30),
        }
    }
}

/// A running private cluster. Dropping it stops the server too, but cannot tell how that went.
#[derive(Debug)]
pub struct Cluster {
    // In this order: the server ends before its folder goes and the lock is given up.
    server: Server,
    socket: SocketFolder,
    _lock: File,
    data: PathBuf,
    log: PathBuf,
    patience: Duration,
}

impl Cluster {
    /// Starts the cluster, creates it if it is new, recovers it if it crashed, and returns when it accepts connections.
    /// Takes about a second when new and a tenth of it later.
    ///
    /// This blocks: call it from a blocking thread. The server is tied to a thread of its own, not to the caller's.
    ///
    /// # Errors
    ///
    /// Every reason of [`ClusterError`], each with its remedy. Nothing keeps running then.
    pub fn start(options: &ClusterOptions) -> Result<Self, ClusterError> {
        fs::create_dir_all(&options.folder)
            .map_err(ClusterError::system(format!("create {}", options.folder.display())))?;
        let folder = fs::canonicalize(&options.folder)
            .map_err(ClusterError::system(format!("find {}", options.folder.display())))?;
        let lock = lock(&folder)?;
        let binaries = binaries::choose(&folder, options.bin_dir.as_deref())?;
        let data = data_folder(&folder, binaries.major);
        let account = Account::choose(options.run_as.as_deref(), &data)?;
        let log = folder.join("postgres.log");
        if data.exists() {
            check_version(&data, &binaries)?;
            let mut pg_ctl = account.command(&binaries.program("pg_ctl"), &data, false)?;
            pg_ctl.args(["stop", "-m", "fast", "-w", "-t", "20"]);
            server::end_orphans(&data, options.patience, pg_ctl)?;
        } else {
            create(&data, &binaries, account, options.fsync_off)?;
        }
        let socket = socket_folder(&folder, account)?;
        let server = start_server(options, &binaries, account, &data, &socket.0, &log)?;
        Ok(Self {
            server,
            socket,
            _lock: lock,
            data,
            log,
            patience: options.patience,
        })
    }

    /// The database's address, for `sqlx` and for `psql`:
    /// `postgres:///latchkey?host=/path/to/run&port=5432&user=latchkey`. Without a password: only the account of the
    /// server and root can get to the socket.
    pub fn url(&self) -> String {
        let host = percent_encode(self.socket.0.as_os_str().as_bytes(), PATH_IN_QUERY);
        format!("postgres:///{DATABASE}?host={host}&port={PORT}&user={DATABASE}")
    }

    /// Where the data lies.
    pub fn data_folder(&self) -> &Path {
        &self.data
    }

    /// The server's log of this run; that of the run before lies beside it with the ending `.1`.
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    /// The server's process id. `None` for the moment between an unasked death and the new start, and after the end.
    pub fn process_id(&self) -> Option<u32> {
        self.server.process()
    }

    /// Stops the server cleanly (open transactions are rolled back) and waits for its end.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Stop`] when it did not react and was killed. Its data is recovered by the next start.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        let process = self.server.process();
        if self.server.stop(self.patience) {
            return Err(ClusterError::Stop {
                process: process.unwrap_or_default(),
            });
        }
        Ok(())
    }
}

/// Goes with the cluster, so that nothing of it stays under `/tmp`.
#[derive(Debug)]
struct SocketFolder(PathBuf);

impl Drop for SocketFolder {
    fn drop(&mut self) {
        // Not empty means that a server is still in it; the next start takes the folder as it is.
        drop(fs::remove_dir(&self.0));
    }
}

/// `run/` in the cluster's folder when the server can get there and the path is short enough, else a folder under
/// `/tmp`, where a name may be taken by somebody else.
fn socket_folder(folder: &Path, account: Account) -> Result<SocketFolder, ClusterError> {
    let inside = folder.join("run");
    if socket_length(&inside) <= SOCKET_PATH_LIMIT && account.reaches(folder) && account.make_private_folder(&inside)? {
        return Ok(SocketFolder(inside));
    }
    // FNV-1a: the same folder gives the same name, so that a kept address stays good.
    let hash = folder
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
    for attempt in 0..16u32 {
        let outside = PathBuf::from(format!("/tmp/latchkey-{:08x}", hash.wrapping_add(attempt)));
        if account.make_private_folder(&outside)? {
            return Ok(SocketFolder(outside));
        }
    }
    Err(ClusterError::SocketPath {
        length: socket_length(&inside),
        path: inside,
    })
}

fn socket_length(folder: &Path) -> usize {
    folder.as_os_str().len() + format!("/.s.PGSQL.{PORT}").len()
}

/// Starts the server and waits until it is ready. What a killed server left may need a moment, so that is tried again.
fn start_server(
    options: &ClusterOptions,
    binaries: &Binaries,
    account: Account,
    data: &Path,
    socket: &Path,
    log: &Path,
) -> Result<Server, ClusterError> {
    if log.exists() {
        fs::rename(log, log.with_extension("log.1"))
            .map_err(ClusterError::system(format!("put aside {}", log.display())))?;
    }
    let until = Instant::now() + options.patience;
    let mut pause = Duration::from_millis(100);
    loop {
        let failed = |reason: String| ClusterError::Start {
            reason,
            log: log.to_owned(),
            output: end_of(&fs::read_to_string(log).unwrap_or_default()),
        };
        let server = Server::spawn(server_command(options, binaries, account, data, socket, log)?)?;
        let status = loop {
            if server.process().is_some_and(|process| server::is_ready(data, process)) {
                server.proven();
                return Ok(server);
            }
            if let Some(status) = server.ended() {
                break status;
            }
            if Instant::now() > until {
                return Err(failed(format!(
                    "it was not ready after {} s",
                    options.patience.as_secs()
                )));
            }
            thread::sleep(Duration::from_millis(10));
        };
        let error = failed(format!("it ended at once ({status})"));
        // What the last children of a killed server still hold.
        let passes = matches!(&error, ClusterError::Start { output, .. }
            if output.contains("lock file") || output.contains("shared memory block"));
        if !passes || Instant::now() + pause > until {
            return Err(error);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

fn server_command(
    options: &ClusterOptions,
    binaries: &Binaries,
    account: Account,
    data: &Path,
    socket: &Path,
    log: &Path,
) -> Result<Command, ClusterError> {
    use std::os::unix::{fs::OpenOptionsExt as _, process::CommandExt as _};
    let opening = || ClusterError::system(format!("open {}", log.display()));
    let output = File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(log)
        .map_err(opening())?;
    let errors = output.try_clone().map_err(opening())?;

    let mut command = account.command(&binaries.program("postgres"), data, true)?;
    command.arg("-k").arg(socket).args(["-p", &PORT.to_string()]);
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        "unix_socket_permissions=0700".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
    ];
    settings.extend(
        options
            .max_connections
            .map(|number| format!("max_connections={number}")),
    );
    if options.fsync_off {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
    }
    for setting in settings {
        command.arg("-c").arg(setting);
    }
    // Its own group: Ctrl-C in a terminal reaches us, who then stop the server in order.
    command.stdout(output).stderr(errors).process_group(0);
    Ok(command)
}

/// The last lines of a log, for a message.
fn end_of(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(6)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_path_counts_its_name() {
        assert_eq!(socket_length(Path::new("/run/x")), "/run/x/.s.PGSQL.5432".len());
    }

    #[test]
    fn only_the_end_of_a_log_is_told() {
        let log: Vec<_> = (0..20).map(|line| format!("line {line}\n\n")).collect();
        let log = log.concat();
        assert_eq!(end_of(&log).lines().count(), 6);
        assert!(end_of(&log).ends_with("line 19"));
        assert_eq!(end_of(""), "");
    }
}
