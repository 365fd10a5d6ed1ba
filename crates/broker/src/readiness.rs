//! Whether this replica can serve.

use serde::Serialize;

use crate::Broker;
use crate::adoption::NOT_ADOPTED;

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
pub struct Readiness {
    /// All of the below are well.
    pub ready: bool,
    /// `ok`, or what is wrong with the database.
    pub database: String,
    /// Migrations that are missing.
    pub missing_migrations: usize,
    /// `ok`, or why this replica refreshes nothing now.
    pub refresh: String,
    /// `ok`, or how many mistakes the newest definitions have; those of before are in force then.
    pub definitions: String,
    /// `ok`, or how many changes of addresses for secrets nobody agreed to; what is behind them is paused.
    pub destinations: String,
    /// Background loops of this replica.
    pub loops: Vec<LoopHealth>,
    /// Whether this is the database that the server belongs to. `false` does not stop it from serving.
    pub adopted: bool,
    /// What to do when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adoption: Option<&'static str>,
}

impl Readiness {
    fn not_ready(database: &str, missing_migrations: usize) -> Self {
        Self {
            definitions: "ok".to_owned(),
            destinations: "ok".to_owned(),
            ready: false,
            database: database.to_owned(),
            missing_migrations,
            refresh: "waits for the database".to_owned(),
            loops: Vec::new(),
            adopted: false,
            adoption: None,
        }
    }
}

/// A background loop.
#[derive(Debug, Serialize)]
pub struct LoopHealth {
    /// Its name.
    pub name: String,
    /// Whether it ran within two of its intervals.
    pub alive: bool,
    /// Seconds since it last ran.
    pub age_seconds: f64,
}

impl Broker {
    /// Looks at database, migrations and loops.
    pub async fn readiness(&self) -> Readiness {
        let missing = match self.store().missing_migrations().await {
            Ok(missing) => missing,
            Err(error) => {
                tracing::warn!(%error, "not ready: the database is away");
                return Readiness::not_ready(
                    "not available: check that Postgres runs and that LATCHKEY_DATABASE_URL is right",
                    0,
                );
            }
        };
        if missing > 0 {
            return Readiness::not_ready("ok", missing);
        }
        if !self.store().is_adopted() {
            return Readiness::not_ready("answers; mode and master key are being compared", 0);
        }
        let beats = match self.store().heartbeats(self.settings().replica.id).await {
            Ok(beats) => beats,
            Err(error) => {
                tracing::warn!(%error, "not ready: the signs of life of the loops cannot be read");
                return Readiness::not_ready("does not answer every question; try again in a few seconds", 0);
            }
        };
        let loops: Vec<LoopHealth> = beats
            .into_iter()
            .map(|beat| LoopHealth {
                // Two intervals and a little: a tick that is about to be noted is not stuck.
                alive: beat.age_seconds <= f64::from(beat.interval_seconds).mul_add(2.0, 5.0),
                name: beat.name,
                age_seconds: beat.age_seconds,
            })
            .collect();
        let obstacle = self.refresh_obstacle();
        let adopted = self.is_at_home().await;
        Readiness {
            ready: obstacle.is_none() && loops.iter().all(|health| health.alive),
            database: "ok".to_owned(),
            missing_migrations: 0,
            refresh: obstacle.unwrap_or("ok").to_owned(),
            definitions: match self.catalog_mistakes() {
                0 => "ok".to_owned(),
                mistakes => format!(
                    "those of before are in force: the newest have mistakes ({mistakes}), which the log and \
                     `latchkey integrations check` name"
                ),
            },
            destinations: match self.destination_changes() {
                0 => "ok".to_owned(),
                changes => format!(
                    "nobody agreed to new addresses for secrets yet ({changes}); their connections wait: \
                     `latchkey integrations agree --show` tells which"
                ),
            },
            loops,
            adopted,
            adoption: (!adopted).then_some(NOT_ADOPTED),
        }
    }
}
