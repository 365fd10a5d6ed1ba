//! The server's process: kept by one thread, looked for after a crash.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::ClusterError;

/// So many deaths in a row, each within a minute of its start, and the server is not started again.
const QUICK_DEATHS: u32 = 8;
const QUICK: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A running server. Its thread starts it, waits for it, and starts it again when it dies unasked: the death signal of
/// `setpriv --pdeathsig` is tied to the thread that starts a process, so this thread lives as long as the server.
#[derive(Debug)]
pub(super) struct Server {
    shared: Arc<Shared>,
    keeper: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The process that runs and was not waited for yet, so its number cannot be another's.
    process: Option<u32>,
    /// Set when the thread has given up or was told to stop.
    ended: Option<ExitStatus>,
    /// A death is final from now on.
    stopping: bool,
    /// Before the server was ready once, a death is told instead of mended.
    proven: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change below is a single assignment, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Starts the process. `command` is run again for every restart.
    pub(super) fn spawn(command: Command) -> Result<Self, ClusterError> {
        let shared = Arc::new(Shared::default());
        let (report, started) = mpsc::channel();
        let for_keeper = Arc::clone(&shared);
        let starting = "start PostgreSQL";
        let keeper = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || keep(command, &for_keeper, &report))
            .map_err(ClusterError::system(starting))?;
        match started.recv() {
            Ok(Ok(())) => Ok(Self {
                shared,
                keeper: Some(keeper),
            }),
            Ok(Err(error)) => Err(ClusterError::system(starting)(error)),
            Err(_) => Err(ClusterError::system(starting)(io::Error::other("its thread ended"))),
        }
    }

    /// From now on the server is started again when it dies.
    pub(super) fn proven(&self) {
        self.shared.state().proven = true;
    }

    /// The process id, while there is a process.
    pub(super) fn process(&self) -> Option<u32> {
        self.shared.state().process
    }

    /// How it ended, once it did for good.
    pub(super) fn ended(&self) -> Option<ExitStatus> {
        self.shared.state().ended
    }

    /// Fast shutdown; after `patience` immediate shutdown, then the end. True if the server had to be killed.
    pub(super) fn stop(&mut self, patience: Duration) -> bool {
        let Some(keeper) = self.keeper.take() else { return false };
        self.shared.state().stopping = true;
        self.shared.changed.notify_all();
        let ended = self.signal_and_wait(Signal::INT, patience)
            || self.signal_and_wait(Signal::QUIT, Duration::from_secs(5))
            || {
                self.signal_and_wait(Signal::KILL, Duration::from_secs(5));
                false
            };
        if self.ended().is_some() {
            // It has nothing left to do but return.
            drop(keeper.join());
        }
        !ended
    }

    fn signal_and_wait(&self, signal: Signal, patience: Duration) -> bool {
        let mut state = self.shared.state();
        if let Some(process) = state.process {
            signal_process(process, signal);
        }
        let until = Instant::now() + patience;
        while state.ended.is_none() {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return false;
            };
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(10));
    }
}

/// The body of the thread.
fn keep(mut command: Command, shared: &Shared, report: &mpsc::Sender<io::Result<()>>) {
    let mut deaths = 0;
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return drop(report.send(Err(error))),
    };
    shared.state().process = Some(child.id());
    drop(report.send(Ok(())));
    loop {
        let started = Instant::now();
        let status = wait_for(&mut child, shared);
        deaths = if started.elapsed() < QUICK { deaths + 1 } else { 1 };
        let pause = LONGEST_PAUSE.min(Duration::from_millis(100) * 2u32.pow(deaths));
        let mut state = shared.state();
        if state.proven && !state.stopping && deaths < QUICK_DEATHS {
            tracing::warn!(%status, "the private PostgreSQL server ended unasked; it is started again");
            state = shared
                .changed
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if !state.stopping
                && let Ok(next) = command.spawn()
            {
                state.process = Some(next.id());
                child = next;
                continue;
            }
        }
        if !state.stopping && state.proven {
            tracing::error!(%status, "the private PostgreSQL server keeps ending and is not started again");
        }
        state.ended = Some(status);
        shared.changed.notify_all();
        return;
    }
}

/// Waits until the process has ended. The zombie is kept until the state says that there is no process: so nobody
/// signals a number that the system has given away again.
fn wait_for(child: &mut Child, shared: &Shared) -> ExitStatus {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let wait_only = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    if let Some(pid) = pid_of(child.id()) {
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), wait_only) {}
    }
    shared.state().process = None;
    loop {
        match child.wait() {
            Ok(status) => return status,
            // Only an interrupted call fails for a child that is ours and was not waited for.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn pid_of(process: u32) -> Option<Pid> {
    i32::try_from(process).ok().and_then(Pid::from_raw)
}

fn signal_process(process: u32, signal: Signal) {
    if let Some(pid) = pid_of(process) {
        // It may have ended in this moment, which is what was wanted.
        let _ = kill_process(pid, signal);
    }
}

/// Line 1 of `postmaster.pid` is the server's process id; line 8 says "ready" once it accepts connections. `pg_ctl`
/// waits in this way too (PostgreSQL 10 and newer, `src/bin/pg_ctl/pg_ctl.c`).
pub(super) fn is_ready(data: &Path, process: u32) -> bool {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else {
        return false;
    };
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(&process.to_string()) && lines.nth(6) == Some("ready")
}

/// Ends what an earlier run left in the data folder: a server without its owner, or the last children of a killed one.
/// Call it with the folder's lock held. Without `/proc`, `pg_ctl` is asked to do it.
pub(super) fn end_orphans(data: &Path, patience: Duration, mut pg_ctl_stop: Command) -> Result<(), ClusterError> {
    let file = data.join("postmaster.pid");
    if !Path::new("/proc/self/cwd").exists() {
        if file.exists() {
            // A stale file makes it fail, which is no harm: the server itself judges stale files.
            drop(pg_ctl_stop.output());
        }
        return Ok(());
    }
    let begin = Instant::now();
    let mut told = 0;
    loop {
        let processes = servers_in(data);
        let recorded = recorded_process(&file);
        if processes.is_empty() {
            // The number in a stale file may belong to something else by now, and the server would take that for a
            // server. Nobody is in the folder, so the file is nobody's.
            if recorded.is_some_and(|process| Path::new("/proc").join(process.to_string()).exists()) {
                fs::remove_file(&file).map_err(ClusterError::system(format!("remove the stale {}", file.display())))?;
            }
            return Ok(());
        }
        if begin.elapsed() > patience {
            let processes = processes.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            return Err(ClusterError::Orphan {
                folder: data.to_owned(),
                processes,
            });
        }
        let server = recorded.filter(|process| processes.contains(process));
        if told == 0 {
            tracing::info!(
                ?processes,
                "a PostgreSQL server of an earlier run is still there and is stopped first"
            );
            told = 1;
            if let Some(server) = server {
                signal_process(server, Signal::INT);
            }
        } else if told == 1 && begin.elapsed() > patience / 3 {
            told = 2;
            for process in processes {
                signal_process(process, Signal::QUIT);
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn recorded_process(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}

/// Every process of a server has its data folder as working directory; that cannot be forged by a reused number.
fn servers_in(data: &Path) -> Vec<u32> {
    let data = fs::canonicalize(data).unwrap_or_else(|_| data.to_owned());
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = |file: &str| -> PathBuf { entry.path().join(file) };
            // Somebody's shell may stand in the folder too.
            fs::read_link(name("cwd")).is_ok_and(|folder| folder == data)
                && fs::read_to_string(name("comm")).is_ok_and(|name| name.trim() == "postgres")
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn within(seconds: u64, mut done: impl FnMut() -> bool) -> bool {
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            if done() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    #[test]
    fn an_unproven_server_that_dies_is_told() {
        let server = Server::spawn(shell("exit 3")).unwrap();
        assert!(within(5, || server.ended().is_some()));
        assert_eq!(server.ended().unwrap().code(), Some(3));
        assert_eq!(server.process(), None);
    }

    #[test]
    fn a_proven_server_that_dies_is_started_again() {
        let mut server = Server::spawn(shell("exec sleep 60")).unwrap();
        server.proven();
        let first = server.process().unwrap();
        signal_process(first, Signal::KILL);
        assert!(within(5, || server.process().is_some_and(|process| process != first)));
        assert!(!server.stop(Duration::from_secs(5)));
        assert!(server.ended().is_some());
    }

    #[test]
    fn a_server_that_ignores_everything_is_killed() {
        let place = tempfile::tempdir().unwrap();
        let ignoring = place.path().join("ignoring");
        let script = format!(
            "trap '' INT QUIT; : > '{}'; while :; do sleep 0.05; done",
            ignoring.display()
        );
        let mut server = Server::spawn(shell(&script)).unwrap();
        assert!(within(10, || ignoring.exists()));
        let begin = Instant::now();
        assert!(server.stop(Duration::from_millis(200)));
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(Server::spawn(Command::new("/no/such/program")).is_err());
    }

    #[test]
    fn readiness_is_read_from_the_right_process() {
        let place = tempfile::tempdir().unwrap();
        assert!(!is_ready(place.path(), 7));
        let write = |status: &str| {
            let text = format!("7\n/data\n1700000000\n5432\n/run\n\n  1  2\n{status}\n");
            fs::write(place.path().join("postmaster.pid"), text).unwrap();
        };
        write("starting");
        assert!(!is_ready(place.path(), 7));
        write("ready   ");
        assert!(is_ready(place.path(), 7));
        assert!(!is_ready(place.path(), 8));
    }

    #[test]
    fn a_stale_file_with_a_number_of_somebody_else_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("postmaster.pid");
        fs::write(&file, format!("{}\n", std::process::id())).unwrap();
        end_orphans(place.path(), Duration::from_secs(1), shell("true")).unwrap();
        assert!(!file.exists());
    }
}
