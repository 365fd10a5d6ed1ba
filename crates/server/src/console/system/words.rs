//! The server in words: rows of the system page.

use broker::{KeyUse, System};
use catalog::Catalog;
use chrono::{DateTime, Utc};
use store::{OpenCircuit, Queues};

use crate::console::home::grouped;
use crate::console::pages::When;

/// A replica that is silent for so many pulses is away: a minute.
const AWAY: i64 = 12;
/// A queue is counted up to here.
const COUNTED: i64 = 10_000;

/// A process that serves.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) id: String,
    /// Whether it wrote this page.
    pub(super) is_here: bool,
    pub(super) is_away: bool,
    pub(super) version: String,
    pub(super) journal: &'static str,
    pub(super) started: When,
    pub(super) seen: When,
}

impl Replica {
    pub(super) fn all(system: &System, now: DateTime<Utc>) -> Vec<Self> {
        let row = |row: &store::ReplicaRow| Self {
            id: row.id.to_string(),
            is_here: row.id == system.here,
            is_away: row.missed > AWAY,
            version: row.version.clone().unwrap_or_else(|| "Not told".to_owned()),
            journal: match (row.has_journal, row.replayed) {
                (_, false) => "Not replayed yet",
                (Some(true), true) => "Replayed",
                (Some(false), true) => "None",
                (None, true) => "–",
            },
            started: When::new(row.started_at, now),
            seen: When::new(row.seen_at, now),
        };
        system.replicas.iter().map(row).collect()
    }
}

/// A loop, with the replica where it was longest ago.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) name: String,
    pub(super) each: String,
    pub(super) last: When,
    pub(super) replica: String,
    pub(super) is_stuck: bool,
}

impl Loop {
    /// One line for each loop: where several replicas run it, the one that is furthest behind.
    pub(super) fn all(system: &System, now: DateTime<Utc>) -> Vec<Self> {
        let mut lines: Vec<&store::LoopRow> = Vec::new();
        for row in &system.loops {
            match lines.iter_mut().find(|known| known.name == row.name) {
                Some(known) if row.age_seconds > known.age_seconds => *known = row,
                Some(_) => {}
                None => lines.push(row),
            }
        }
        let line = |row: &store::LoopRow| Self {
            name: row.name.clone(),
            each: seconds(i64::from(row.interval_seconds)),
            last: When::new(row.beat_at, now),
            replica: short(&row.replica.to_string()),
            is_stuck: System::is_stuck(row),
        };
        lines.into_iter().map(line).collect()
    }
}

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: &'static str,
    pub(super) waiting: String,
    pub(super) since: Option<When>,
}

impl Queue {
    pub(super) fn all(queues: &Queues, now: DateTime<Utc>) -> Vec<Self> {
        let line = |name, queue: store::Queue| Self {
            name,
            waiting: if queue.waiting >= COUNTED {
                format!("{} or more", grouped(COUNTED))
            } else {
                grouped(queue.waiting)
            },
            since: queue.since.filter(|at| *at <= now).map(|at| When::new(at, now)),
        };
        vec![
            line("Refreshes that are due", queues.refreshes),
            line("Grants to end at their service", queues.revocations),
            line("Webhook deliveries", queues.deliveries),
            line("Mails", queues.mails),
        ]
    }
}

/// An app that is not asked.
#[derive(Debug)]
pub(super) struct Circuit {
    pub(super) href: String,
    pub(super) service: String,
    pub(super) project: String,
    pub(super) environment: String,
    pub(super) why: String,
    pub(super) opened: Option<When>,
    pub(super) until: Option<When>,
}

impl Circuit {
    pub(super) fn all(circuits: &[OpenCircuit], catalog: &Catalog, now: DateTime<Utc>) -> Vec<Self> {
        let line = |one: &OpenCircuit| Self {
            href: format!(
                "/console/{}/{}/integrations/{}",
                one.project, one.environment, one.integration
            ),
            service: catalog
                .get(&one.integration)
                .map_or_else(|| one.integration.clone(), |known| known.name.clone()),
            project: one.project_name.clone(),
            environment: one.environment.clone(),
            why: one.message.clone().unwrap_or_default(),
            opened: one.opened_at.map(|at| When::new(at, now)),
            until: one.not_before.filter(|at| *at > now).map(|at| When::new(at, now)),
        };
        circuits.iter().map(line).collect()
    }
}

/// A data key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) made: When,
    pub(super) is_current: bool,
    /// What it still seals.
    pub(super) left: String,
}

impl Key {
    pub(super) fn all(keys: &[KeyUse], now: DateTime<Utc>) -> Vec<Self> {
        let line = |one: &KeyUse| Self {
            id: short(&one.key.id.to_string()),
            project: one.project.clone(),
            made: When::new(one.key.created_at, now),
            is_current: one.key.is_current,
            left: match (one.key.is_current, one.left) {
                (true, _) => "Seals what is new".to_owned(),
                (false, Some(0)) => "Seals nothing any more: `latchkey keyring retire` deletes it".to_owned(),
                (false, Some(left)) => {
                    format!("{} values wait to be sealed anew", grouped(left))
                }
                (false, None) => "Very many values wait to be sealed anew".to_owned(),
            },
        };
        keys.iter().map(line).collect()
    }
}

/// Facts of the database, with their names.
pub(super) fn database(system: &System) -> Vec<(&'static str, String)> {
    let facts = &system.database;
    let migration = facts.migration.map_or_else(
        || "Unknown".to_owned(),
        |(version, at)| format!("{version:04}, run on {}", at.format("%Y-%m-%d")),
    );
    vec![
        ("Postgres", facts.version.clone()),
        ("Size on disk", bytes(facts.size)),
        (
            "Connections",
            format!("{} of {} used", facts.connections, facts.connections_at_most),
        ),
        (
            "Standbys",
            match (facts.standbys, facts.lag_seconds) {
                (0, _) => "None seen".to_owned(),
                (number, Some(lag)) => format!("{number}, {lag:.1} s behind at most"),
                (number, None) => format!("{number}, none behind"),
            },
        ),
        ("Newest migration", migration),
        (
            "Missing migrations",
            match system.missing_migrations {
                0 => "None".to_owned(),
                missing => missing.to_string(),
            },
        ),
    ]
}

/// The start of an id, which tells it apart among few.
fn short(id: &str) -> String {
    // Ids of one moment begin alike; they end differently.
    id.rsplit('-').next().unwrap_or(id).to_owned()
}

fn seconds(number: i64) -> String {
    match number {
        60 => "1 minute".to_owned(),
        1 => "1 second".to_owned(),
        number => format!("{number} seconds"),
    }
}

/// Bytes for people.
fn bytes(number: i64) -> String {
    let (mut value, mut unit) = (number, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 10_240 {
            break;
        }
        value /= 1_024;
        unit = next;
    }
    format!("{} {unit}", grouped(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        for (number, text) in [
            (500, "500 B"),
            (20_480, "20 KiB"),
            (52_428_800, "50 MiB"),
            (107_374_182_400, "100 GiB"),
        ] {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(short("0198c5a0-7f6e-7c51-b6a5-2f0d8c1e4a71"), "2f0d8c1e4a71");
    }
}
