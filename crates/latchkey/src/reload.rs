//! The operator's own definitions, of a folder and of the database, looked at again while the server runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use broker::{Broker, Kind, Problem, Sources};
use catalog::{Catalog, Files};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::composition;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// What makes the watching look at once, besides the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// SIGHUP does, as servers have it.
    Reloads,
    /// SIGHUP ends the process, as when its terminal is closed.
    Ends,
}

/// Loads the definitions of the database beside the others, once the database answers. One with a mistake, as after an
/// upgrade, is left out.
pub async fn first(broker: &Broker, folder: Option<&Path>) -> anyhow::Result<()> {
    let mut pause = Duration::from_millis(100);
    loop {
        match beside(broker, folder).await {
            Err(error)
                if error
                    .downcast_ref::<Problem>()
                    .is_some_and(|one| one.kind() == Kind::Unavailable) =>
            {
                tracing::warn!("the definitions wait for the database: {error:#}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(INTERVAL);
            }
            other => return other,
        }
    }
}

/// The same, without waiting for the database.
pub async fn beside(broker: &Broker, folder: Option<&Path>) -> anyhow::Result<()> {
    broker.set_sources(sources(folder)?);
    let stored = broker
        .store()
        .definition_versions_in_force()
        .await
        .map_err(Problem::from)?;
    if !stored.is_empty() {
        broker.reload_definitions(true).await?;
    }
    Ok(())
}

/// Puts new definitions in force when the folder or the database changes, all at once. While any has a mistake, those of
/// before stay, and the mistakes are in the log, counted in `/readyz` and in the metrics. Ends with the task.
pub fn watch(broker: Broker, folder: Option<PathBuf>, hangup: Hangup) -> anyhow::Result<JoinHandle<()>> {
    let mut hung_up = match hangup {
        Hangup::Reloads => Some(signal(SignalKind::hangup())?),
        Hangup::Ends => None,
    };
    let mut watched = Watched::new(folder);
    Ok(tokio::spawn(async move {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                _ = interval.tick() => false,
                () = received(&mut hung_up) => true,
                () = broker.definition_changed() => false,
            };
            watched.look(&broker, asked).await;
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

fn sources(folder: Option<&Path>) -> anyhow::Result<Sources> {
    let own = folder
        .map(|folder| {
            Files::read(folder)
                .with_context(|| format!("LATCHKEY_INTEGRATIONS_DIR: {} cannot be read", folder.display()))
        })
        .transpose()?;
    Ok(Sources {
        built_in: composition::built_in(),
        own,
    })
}

/// Size and time of each file.
type Fingerprint = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// What was last seen.
struct Watched {
    folder: Option<PathBuf>,
    files: Option<Fingerprint>,
    /// Name and version of each definition of the database.
    stored: Option<Vec<(String, i64)>>,
}

impl Watched {
    fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            files: None,
            stored: None,
        }
    }

    /// Loads if something changed, or if somebody asks.
    async fn look(&mut self, broker: &Broker, asked: bool) {
        let stored = match broker.store().definition_versions_in_force().await {
            Ok(stored) => stored,
            Err(error) => {
                // Without the database nothing is called anyway. It is looked at again.
                tracing::debug!(%error, "the definitions of the database cannot be looked at");
                return;
            }
        };
        let files = self.folder.as_deref().map(fingerprint).unwrap_or_default();
        let changed = self.files.as_ref() != Some(&files) || self.stored.as_ref() != Some(&stored);
        if !changed && !asked {
            return;
        }
        let sources = match sources(self.folder.as_deref()) {
            Ok(sources) => sources,
            Err(error) => {
                tracing::warn!("the definitions of before stay in force: {error:#}");
                broker.keep_catalog(1);
                self.files = Some(files);
                return;
            }
        };
        broker.set_sources(sources);
        let before = broker.catalog();
        match broker.reload_definitions(false).await {
            Ok(mistakes) => {
                (self.files, self.stored) = (Some(files), Some(stored));
                if mistakes.is_empty() {
                    tell(&before, &broker.catalog());
                }
            }
            // Looked at again at the next turn.
            Err(problem) => tracing::warn!(%problem, "the definitions cannot be loaded now"),
        }
        // Told at once. Where it would be used it is refused without this.
        if let Err(problem) = broker.compare_destinations().await {
            tracing::warn!(%problem, "what the definitions name is compared later");
        }
    }
}

/// Says what is another one now.
fn tell(before: &Catalog, now: &Catalog) {
    let text = |catalog: &Catalog| -> BTreeMap<String, u64> {
        catalog
            .iter()
            .map(|one| (one.id.as_str().to_owned(), one.origin.fingerprint))
            .collect()
    };
    let (before, now) = (text(before), text(now));
    let changed: BTreeSet<&String> = now
        .iter()
        .filter(|(id, text)| before.get(*id) != Some(text))
        .map(|(id, _)| id)
        .collect();
    let gone: BTreeSet<&String> = before.keys().filter(|id| !now.contains_key(*id)).collect();
    if !changed.is_empty() || !gone.is_empty() {
        tracing::info!(?changed, ?gone, "definitions were loaded again");
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
