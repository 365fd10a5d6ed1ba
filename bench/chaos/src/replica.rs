//! A replica: a `latchkey serve` process that is killed, stopped and started again at the same address.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::history::Recorder;

/// What a replica is started with.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) binary: PathBuf,
    pub(crate) address: SocketAddr,
    /// The whole environment.
    pub(crate) environment: Vec<(String, String)>,
    /// Where its logs go, one file a life.
    pub(crate) logs: PathBuf,
}

/// One replica over all its lives.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) number: usize,
    setup: Setup,
    recorder: Recorder,
    process: Mutex<Process>,
    pub(crate) kills: AtomicUsize,
    pub(crate) aborts: AtomicUsize,
    pub(crate) starts: AtomicUsize,
}

#[derive(Debug, Default)]
struct Process {
    child: Option<Child>,
    life: usize,
    /// The failpoint of its next lives.
    failpoint: Option<String>,
    stopped: Option<usize>,
}

impl Process {
    fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().and_then(Child::id);
        if let Some(process) = id.and_then(|id| Pid::from_raw(id.cast_signed())) {
            // It may be gone already.
            kill_process(process, signal).ok();
        }
    }
}

impl Replica {
    pub(crate) fn new(number: usize, setup: Setup, recorder: Recorder) -> Self {
        Self {
            number,
            setup,
            recorder,
            process: Mutex::default(),
            kills: AtomicUsize::new(0),
            aborts: AtomicUsize::new(0),
            starts: AtomicUsize::new(0),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.setup.address
    }

    /// Starts it, unless it runs.
    pub(crate) async fn start(&self) -> anyhow::Result<()> {
        let mut process = self.process.lock().await;
        if process.child.is_some() {
            return Ok(());
        }
        let start = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.setup.logs.join(format!("replica-{}.{start}.log", self.number));
        let log = fs::File::create(&log).with_context(|| log.display().to_string())?;
        process.life = self.recorder.life_begins(self.number);
        // The kernel kills it when we die, however we die.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(&self.setup.binary)
            .arg("serve")
            .env_clear()
            .envs(self.setup.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.setup.logs)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(failpoint) = &process.failpoint {
            command.env("FAILPOINTS", failpoint);
        }
        process.child = Some(command.spawn().context("setpriv (util-linux) did not start")?);
        Ok(())
    }

    /// `kill -9`, and waits for its end.
    pub(crate) async fn kill(&self) {
        let mut process = self.process.lock().await;
        if process.child.is_none() {
            return;
        }
        self.kills.fetch_add(1, Ordering::Relaxed);
        // Before the signal: what is done from here on is not relied on.
        self.recorder.life_ends(process.life);
        self.end_stop(&mut process);
        if let Some(mut child) = process.child.take() {
            drop(child.kill().await);
        }
    }

    /// `SIGSTOP`.
    pub(crate) async fn stop(&self) {
        let mut process = self.process.lock().await;
        if process.child.is_some() && process.stopped.is_none() {
            process.stopped = Some(self.recorder.stop_begins(self.number));
            process.signal(Signal::STOP);
        }
    }

    /// `SIGCONT`.
    pub(crate) async fn go_on(&self) {
        let mut process = self.process.lock().await;
        process.signal(Signal::CONT);
        self.end_stop(&mut process);
    }

    fn end_stop(&self, process: &mut Process) {
        if let Some(stop) = process.stopped.take() {
            self.recorder.stop_ends(stop);
        }
    }

    /// Its lives from the next start on abort here: `name=action` as the crate `fail` reads it.
    pub(crate) async fn set_failpoint(&self, failpoint: Option<String>) {
        self.process.lock().await.failpoint = failpoint;
    }

    /// Whether its next life has a failpoint.
    pub(crate) async fn has_failpoint(&self) -> bool {
        self.process.lock().await.failpoint.is_some()
    }

    /// How it ended, if it did so by itself since the last look.
    pub(crate) async fn ended(&self) -> Option<ExitStatus> {
        let mut process = self.process.lock().await;
        let status = process.child.as_mut()?.try_wait().ok()??;
        self.recorder.life_ends(process.life);
        self.end_stop(&mut process);
        process.child = None;
        self.aborts.fetch_add(1, Ordering::Relaxed);
        Some(status)
    }

    /// Waits until `/readyz` says so.
    pub(crate) async fn ready(&self, client: &reqwest::Client, patience: Duration) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + patience;
        let address = format!("http://{}/readyz", self.setup.address);
        let mut last = "no answer".to_owned();
        while tokio::time::Instant::now() < until {
            let call = client.get(&address).timeout(Duration::from_secs(2)).send();
            match call.await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => last = answer.text().await.unwrap_or_default(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!(
            "replica {} is not ready after {} s: {last}",
            self.number,
            patience.as_secs()
        )
    }
}
