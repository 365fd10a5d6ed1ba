//! What is broken, when and for how long: drawn from the seed before anything starts, so that a seed replays.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use crate::provider::GROUPS;

/// Milliseconds.
type Millis = u64;

/// One fault. Durations are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub(crate) enum Fault {
    /// `kill -9`; started again after a pause.
    Kill { replica: usize, down: Millis },
    /// `SIGSTOP`, later `SIGCONT`.
    Stop { replica: usize, lasts: Millis },
    /// `SIGSTOP`, and `kill -9` without a `SIGCONT` in between.
    StopThenKill {
        replica: usize,
        lasts: Millis,
        down: Millis,
    },
    /// All processes at once.
    KillAll { down: Millis },
    /// The replica that just served a new token is killed.
    KillAfterServe { down: Millis },
    /// The provider is slow, then the database is read-only, so that answers wait in hand; then all holders are killed.
    KillHolders { waits: Millis, down: Millis },
    /// `pg_ctl restart -m immediate`.
    DatabaseCrash,
    /// `default_transaction_read_only`.
    DatabaseReadOnly { lasts: Millis },
    /// The disk of a replica's journal is full.
    JournalFull { replica: usize, lasts: Millis },
    /// The database's clock is off by so many seconds.
    Clock { seconds: i64, lasts: Millis },
    /// The provider takes so long, before or after it decides.
    Slow {
        group: Group,
        before: Millis,
        after: Millis,
        lasts: Millis,
    },
    /// The provider does not answer at all, having decided or not.
    Hang { group: Group, decides: bool, lasts: Millis },
    /// The provider answers with this status, and 429 with `Retry-After`.
    Refuse { group: Group, status: u16, lasts: Millis },
    /// The provider says that the client is unknown.
    AppBroken { group: Group, lasts: Millis },
    /// So many requests are reset, before or after the provider decided.
    Reset { group: Group, decides: bool, requests: u32 },
    /// So many answers end in the middle.
    Truncate { group: Group, requests: u32 },
    /// So many good tokens are refused once.
    Hiccup { group: Group, requests: u32 },
    /// A replica's link is cut.
    Cut { link: Link, replica: usize, lasts: Millis },
    /// A replica's link takes everything and passes nothing on.
    HalfOpen { link: Link, replica: usize, lasts: Millis },
    /// A replica's link is late.
    Latency {
        link: Link,
        replica: usize,
        delay: Millis,
        lasts: Millis,
    },
    /// The person of a connection signs in again, whatever its state is: the one with this number, counted round.
    Reconnect { connection: u32 },
    /// The same for a connection whose refresh is in flight at a slow provider, which then gives a token or refuses.
    ReconnectInFlight { refused: bool },
}

/// The integrations that a fault of the provider is about: those whose number leaves this rest, or all. A service that is
/// away closes its circuit for up to a minute, and the others go on.
pub(crate) type Group = Option<u32>;

/// Between a replica and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Link {
    Database,
    Provider,
}

/// A fault with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Planned {
    /// From the beginning of the faults.
    pub(crate) at: Millis,
    #[serde(flatten)]
    pub(crate) fault: Fault,
}

/// How a schedule is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) replicas: usize,
    pub(crate) faults: usize,
    /// Mean time between two faults.
    pub(crate) gap: Millis,
    /// The largest step of the database's clock in seconds; 0 leaves it alone.
    pub(crate) clock_step: i64,
    /// Only faults of these names, as `kill_holders`; all without.
    pub(crate) only: Vec<String>,
}

/// What a fault takes hold of; nothing is broken twice at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Process(usize),
    Database,
    Journal(usize),
    Clock,
    Provider,
    DatabaseLink(usize),
    ProviderLink(usize),
    People,
}

/// Draws the schedule of a seed.
pub(crate) fn draw(seed: u64, shape: &Shape) -> Vec<Planned> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut busy: std::collections::HashMap<Part, Millis> = std::collections::HashMap::new();
    let mut plan = Vec::with_capacity(shape.faults);
    let mut at = 0;
    while plan.len() < shape.faults {
        at += rng.random_range(shape.gap / 4..=shape.gap * 7 / 4);
        let fault = loop {
            let fault = one(&mut rng, shape);
            if shape.only.is_empty() || shape.only.contains(&name(&fault)) {
                break fault;
            }
        };
        let parts = parts(&fault, shape.replicas);
        if parts.iter().any(|part| busy.get(part).is_some_and(|until| *until > at)) {
            continue;
        }
        for part in parts {
            busy.insert(part, at + length(&fault));
        }
        plan.push(Planned { at, fault });
    }
    plan
}

/// Draws one by weight.
fn one(rng: &mut StdRng, shape: &Shape) -> Fault {
    let replica = rng.random_range(0..shape.replicas);
    let lasts = rng.random_range(500..6_000);
    let down = rng.random_range(100..4_000);
    let link = if rng.random_bool(0.5) {
        Link::Database
    } else {
        Link::Provider
    };
    let group = rng.random_bool(0.9).then(|| rng.random_range(0..GROUPS));
    match rng.random_range(0..100) {
        0..21 => Fault::Kill { replica, down },
        21..30 => Fault::Stop {
            replica,
            lasts: rng.random_range(200..15_000),
        },
        30..33 => Fault::StopThenKill { replica, lasts, down },
        33 => Fault::KillAll { down },
        34..38 => Fault::KillAfterServe { down },
        38..42 => Fault::KillHolders {
            waits: rng.random_range(1_500..3_000),
            down,
        },
        42..45 => Fault::ReconnectInFlight {
            refused: rng.random_bool(0.5),
        },
        45..51 => Fault::DatabaseCrash,
        51..56 => Fault::DatabaseReadOnly { lasts },
        56..62 => Fault::JournalFull { replica, lasts },
        62..65 if shape.clock_step > 0 => Fault::Clock {
            seconds: rng.random_range(-shape.clock_step..=shape.clock_step),
            lasts,
        },
        62..70 => {
            let delay = rng.random_range(200..4_000);
            let before = rng.random_range(0..=delay);
            Fault::Slow {
                group,
                before,
                after: delay - before,
                lasts,
            }
        }
        70..73 => Fault::Hang {
            group,
            decides: rng.random_bool(0.2),
            lasts,
        },
        73..78 => Fault::Refuse {
            group,
            status: [500, 502, 503, 429, 408][rng.random_range(0..5)],
            lasts,
        },
        78 => Fault::AppBroken {
            group,
            lasts: rng.random_range(300..1_500),
        },
        79..83 => Fault::Reset {
            group,
            decides: rng.random_bool(0.4),
            requests: rng.random_range(1..3),
        },
        83..85 => Fault::Truncate { group, requests: 1 },
        85..88 => Fault::Hiccup {
            group,
            requests: rng.random_range(1..4),
        },
        88..91 => Fault::Cut { link, replica, lasts },
        91..93 => Fault::HalfOpen { link, replica, lasts },
        93..96 => Fault::Latency {
            link,
            replica,
            delay: rng.random_range(20..200),
            lasts,
        },
        _ => Fault::Reconnect {
            connection: rng.random_range(0..10_000),
        },
    }
}

/// A fault's name in a schedule.
pub(crate) fn name(fault: &Fault) -> String {
    let value = serde_json::to_value(fault).unwrap_or_default();
    value["fault"].as_str().unwrap_or_default().to_owned()
}

/// Refuses a name that no fault has.
pub(crate) fn check_names(only: &[String]) -> anyhow::Result<()> {
    let mut rng = StdRng::seed_from_u64(0);
    let any = Shape {
        replicas: 1,
        faults: 0,
        gap: 8,
        clock_step: 1,
        only: Vec::new(),
    };
    let known: std::collections::BTreeSet<String> = (0..2_000).map(|_| name(&one(&mut rng, &any))).collect();
    for name in only {
        anyhow::ensure!(known.contains(name), "there is no fault `{name}`; there are: {known:?}");
    }
    Ok(())
}

fn parts(fault: &Fault, replicas: usize) -> Vec<Part> {
    let all = || (0..replicas).map(Part::Process);
    match *fault {
        Fault::Kill { replica, .. } | Fault::Stop { replica, .. } | Fault::StopThenKill { replica, .. } => {
            vec![Part::Process(replica)]
        }
        Fault::KillAll { .. } | Fault::KillAfterServe { .. } => all().collect(),
        Fault::KillHolders { .. } => all().chain([Part::Database, Part::Provider]).collect(),
        Fault::DatabaseCrash | Fault::DatabaseReadOnly { .. } => vec![Part::Database],
        Fault::JournalFull { replica, .. } => vec![Part::Journal(replica)],
        Fault::Clock { .. } => vec![Part::Clock],
        Fault::Slow { .. }
        | Fault::Hang { .. }
        | Fault::Refuse { .. }
        | Fault::AppBroken { .. }
        | Fault::Reset { .. }
        | Fault::Truncate { .. }
        | Fault::Hiccup { .. } => vec![Part::Provider],
        Fault::Cut { link, replica, .. }
        | Fault::HalfOpen { link, replica, .. }
        | Fault::Latency { link, replica, .. } => vec![match link {
            Link::Database => Part::DatabaseLink(replica),
            Link::Provider => Part::ProviderLink(replica),
        }],
        Fault::Reconnect { .. } => vec![Part::People],
        Fault::ReconnectInFlight { .. } => vec![Part::People, Part::Provider],
    }
}

/// How long it takes hold, with a little time to put things right.
fn length(fault: &Fault) -> Millis {
    200 + match *fault {
        Fault::Kill { down, .. } | Fault::KillAll { down } => down,
        Fault::KillAfterServe { down } => 2_000 + down,
        Fault::StopThenKill { lasts, down, .. } => lasts + down,
        Fault::KillHolders { waits, down } => 2_000 + waits + down,
        Fault::DatabaseCrash => 1_500,
        Fault::Stop { lasts, .. }
        | Fault::DatabaseReadOnly { lasts }
        | Fault::JournalFull { lasts, .. }
        | Fault::Clock { lasts, .. }
        | Fault::Slow { lasts, .. }
        | Fault::Hang { lasts, .. }
        | Fault::Refuse { lasts, .. }
        | Fault::AppBroken { lasts, .. }
        | Fault::Cut { lasts, .. }
        | Fault::HalfOpen { lasts, .. }
        | Fault::Latency { lasts, .. } => lasts,
        Fault::Reset { .. } | Fault::Truncate { .. } | Fault::Hiccup { .. } => 1_000,
        Fault::Reconnect { .. } => 0,
        Fault::ReconnectInFlight { .. } => 3_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(faults: usize) -> Shape {
        Shape {
            replicas: 3,
            faults,
            gap: 600,
            clock_step: 600,
            only: Vec::new(),
        }
    }

    #[test]
    fn a_seed_replays() {
        assert_eq!(draw(7, &shape(1_000)), draw(7, &shape(1_000)));
        assert_ne!(draw(7, &shape(1_000)), draw(8, &shape(1_000)));
    }

    #[test]
    fn a_shorter_schedule_is_the_beginning_of_a_longer_one() {
        assert_eq!(draw(7, &shape(100)), draw(7, &shape(1_000))[..100]);
    }

    #[test]
    fn nothing_is_broken_twice_at_once() {
        let plan = draw(3, &shape(1_000));
        for (number, one) in plan.iter().enumerate() {
            for other in &plan[number + 1..] {
                let shared = parts(&one.fault, 3)
                    .iter()
                    .any(|part| parts(&other.fault, 3).contains(part));
                assert!(
                    !shared || one.at + length(&one.fault) <= other.at,
                    "{one:?} and {other:?}"
                );
            }
        }
    }

    #[test]
    fn every_fault_is_drawn() {
        let kinds: std::collections::HashSet<_> = draw(1, &shape(1_000))
            .iter()
            .map(|planned| std::mem::discriminant(&planned.fault))
            .collect();
        assert_eq!(kinds.len(), 22);
    }

    #[test]
    fn only_what_is_asked_for() {
        let only = vec!["kill_holders".to_owned(), "hiccup".to_owned()];
        let plan = draw(
            1,
            &Shape {
                only: only.clone(),
                ..shape(50)
            },
        );
        assert!(plan.iter().all(|planned| only.contains(&name(&planned.fault))));
    }

    #[test]
    fn a_stop_is_shorter_than_the_silence_that_frees_a_claim() {
        let stops = draw(1, &shape(1_000))
            .into_iter()
            .filter_map(|planned| match planned.fault {
                Fault::Stop { lasts, .. } | Fault::StopThenKill { lasts, .. } => Some(lasts),
                _ => None,
            });
        assert!(stops.max().unwrap() < 60_000);
    }
}
