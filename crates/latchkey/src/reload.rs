//! The operator's own definitions, looked at again while the server runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use broker::Broker;
use catalog::Loaded;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::composition;

/// Between two looks at the folder.
const INTERVAL: Duration = Duration::from_secs(5);

/// What makes the watching look at once, besides the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// SIGHUP does, as servers have it.
    Reloads,
    /// SIGHUP ends the process, as when its terminal is closed.
    Ends,
}

/// Puts new definitions in force when the folder changes, all at once. While any file has a mistake, those of before stay, and
/// the mistakes are in the log, counted in `/readyz` and in the metrics. Ends with the task.
pub fn watch(broker: Broker, folder: PathBuf, hangup: Hangup) -> anyhow::Result<JoinHandle<()>> {
    let mut hung_up = match hangup {
        Hangup::Reloads => Some(signal(SignalKind::hangup())?),
        Hangup::Ends => None,
    };
    let mut watched = Watched::new(folder);
    Ok(tokio::spawn(async move {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let told = tokio::select! {
                _ = interval.tick() => false,
                () = received(&mut hung_up) => true,
            };
            // Reading files takes its time, which belongs to no other task.
            let looked = tokio::task::spawn_blocking(move || {
                let found = watched.look(told);
                (watched, found)
            });
            let Ok((next, found)) = looked.await else {
                tracing::error!("the look at the definitions ended in a panic; they are not looked at any more");
                return;
            };
            watched = next;
            if let Some(found) = found {
                watched.take(&broker, found);
            }
        }
    }))
}

async fn received(hung_up: &mut Option<tokio::signal::unix::Signal>) {
    match hung_up {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Size and time of each file.
type Fingerprint = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// A folder and what was last seen of it.
struct Watched {
    folder: PathBuf,
    seen: Option<Fingerprint>,
    /// The definitions in force, as text.
    in_force: BTreeMap<String, String>,
}

impl Watched {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            seen: None,
            in_force: BTreeMap::new(),
        }
    }

    /// Loads if something changed, or if somebody asks.
    fn look(&mut self, asked: bool) -> Option<anyhow::Result<Loaded>> {
        let now = fingerprint(&self.folder);
        if self.seen.as_ref() == Some(&now) && !asked {
            return None;
        }
        self.seen = Some(now);
        Some(composition::load_definitions(Some(&self.folder)))
    }

    fn take(&mut self, broker: &Broker, found: anyhow::Result<Loaded>) {
        let loaded = match found {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::warn!("the definitions of before stay in force: {error:#}");
                broker.keep_catalog(1);
                return;
            }
        };
        if !loaded.problems.is_empty() {
            for problem in &loaded.problems {
                tracing::warn!("the definitions of before stay in force: {problem}");
            }
            broker.keep_catalog(loaded.problems.len());
            return;
        }
        let text = |(id, resolved): (&String, &catalog::Resolved)| (id.clone(), resolved.json().to_string());
        let now: BTreeMap<String, String> = loaded.resolved.iter().map(text).collect();
        // At the first look the server has just loaded them itself.
        if !self.in_force.is_empty() {
            let changed: BTreeSet<&String> = now
                .iter()
                .filter(|(id, text)| self.in_force.get(*id) != Some(text))
                .map(|(id, _)| id)
                .collect();
            let gone: BTreeSet<&String> = self.in_force.keys().filter(|id| !now.contains_key(*id)).collect();
            tracing::info!(?changed, ?gone, "definitions were loaded again");
        }
        self.in_force = now;
        broker.replace_catalog(loaded.catalog);
    }
}

/// What cannot be seen is not there.
fn fingerprint(folder: &Path) -> Fingerprint {
    let mut seen = Fingerprint::new();
    for folder in [folder.to_owned(), folder.join("families")] {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if let Ok(metadata) = std::fs::metadata(entry.path()) {
                seen.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
            }
        }
    }
    seen
}
