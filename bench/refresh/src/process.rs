//! The process that is measured: a real `latchkey serve`, and what it costs in memory and time.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use crate::provider::Provider;
use crate::world::World;

/// How it is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) parallel: usize,
    pub(crate) journal: bool,
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    pub(crate) address: String,
    child: Child,
    journal: Option<PathBuf>,
}

/// Seconds of processor time since each began.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Cpu {
    pub(crate) latchkey: f64,
    pub(crate) postgres: f64,
    pub(crate) bench: f64,
}

impl Cpu {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            latchkey: self.latchkey - before.latchkey,
            postgres: self.postgres - before.postgres,
            bench: self.bench - before.bench,
        }
    }
}

impl Server {
    pub(crate) async fn start(
        program: &Path,
        folder: &Path,
        world: &World,
        provider: &Provider,
        start: Start,
    ) -> anyhow::Result<Self> {
        // Nobody else takes it in the moment between.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("http://127.0.0.1:{port}");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("latchkey.log"))?;
        let mut command = Command::new(program);
        command
            .arg("serve")
            .env_clear()
            .env("LATCHKEY_DATABASE_URL", &world.url)
            .env("LATCHKEY_MASTER_KEY", world.master.to_text().as_str())
            .env("LATCHKEY_PUBLIC_URL", &address)
            .env("LATCHKEY_BIND", format!("127.0.0.1:{port}"))
            .env("LATCHKEY_INTEGRATIONS_DIR", &world.integrations)
            .env("LATCHKEY_ALLOW_PRIVATE_HOSTS", provider.addresses().join(","))
            .env("LATCHKEY_REFRESH_PARALLEL", start.parallel.to_string())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let journal = start.journal.then(|| folder.join("journal"));
        if let Some(journal) = &journal {
            command.env("LATCHKEY_JOURNAL_DIR", journal);
        }
        let child = command.spawn().with_context(|| {
            format!(
                "{} does not start: build it with `cargo build --release -p latchkey`",
                program.display()
            )
        })?;
        let mut server = Self {
            address,
            child,
            journal,
        };
        server.wait_until_alive(&folder.join("latchkey.log")).await?;
        Ok(server)
    }

    async fn wait_until_alive(&mut self, log: &Path) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        let address = self.address.trim_start_matches("http://").to_owned();
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("latchkey ended at its start ({status}): see {}", log.display());
            }
            if Instant::now() > until {
                bail!("latchkey did not listen within 30 s: see {}", log.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Memory now and at most, in MiB.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let value = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok())
                .unwrap_or(0.0)
                / 1024.0
        };
        (value("VmRSS:"), value("VmHWM:"))
    }

    pub(crate) fn cpu(&self, world: &World) -> Cpu {
        Cpu {
            latchkey: seconds(self.child.id()),
            postgres: world.postmaster().map_or(0.0, family),
            bench: seconds(std::process::id()),
        }
    }

    /// Stops it as an operator does.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM)?;
        }
        let until = Instant::now() + Duration::from_secs(40);
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                bail!("latchkey did not stop within 40 s");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if let Some(journal) = &self.journal {
            std::fs::remove_dir_all(journal)?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Not there any more after `stop`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fields of `/proc/PID/stat` behind the name: the parent, and time in user and kernel mode.
fn stat(process: &str) -> Option<(u32, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    // Linux counts in hundredths.
    Some((fields.get(1)?.parse().ok()?, ticks / 100.0))
}

fn seconds(process: u32) -> f64 {
    stat(&process.to_string()).map_or(0.0, |(_, seconds)| seconds)
}

/// A process and its living children.
fn family(parent: u32) -> f64 {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = entries
        .filter_map(|entry| stat(entry.file_name().to_str()?))
        .filter(|(of, _)| *of == parent);
    children.map(|(_, seconds)| seconds).sum::<f64>() + seconds(parent)
}
