//! Counting: what happens is counted in memory and added to the hour in the database each ten seconds, and when the
//! server stops. On the way of a call this is a lock that no other thread waits for and a few additions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::{Added, Environment, ProjectId};

use crate::{Broker, Problem};

/// What is counted here. `made`, `lost` and `connected` are marked by the store, with the change itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// A session was opened.
    Opened,
    /// Somebody picked a service.
    Picked,
    /// Somebody left for the service, or sent it what they typed.
    Sent,
    /// A credential was refreshed.
    Refreshed,
    /// A refresh failed.
    NotRefreshed,
    /// A call was passed through.
    Called,
    /// The service did not answer it, or answered that it failed (500 and above).
    NotAnswered,
}

/// Names in the database, in the order of [`Counted`].
pub(crate) const COUNTED: [&str; 7] = [
    "opened",
    "picked",
    "sent",
    "refreshed",
    "not_refreshed",
    "called",
    "not_answered",
];

/// Upper ends of the buckets that the time of a call falls into, in milliseconds; the last one has none.
pub(crate) const BUCKETS: [u32; 13] = [5, 10, 25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 15_000, 60_000];

/// Names of the buckets in the database: `time_5` holds what took 5 ms at most.
pub(crate) const BUCKET_NAMES: [&str; BUCKETS.len() + 1] = [
    "time_5",
    "time_10",
    "time_25",
    "time_50",
    "time_100",
    "time_200",
    "time_400",
    "time_800",
    "time_1600",
    "time_3200",
    "time_6400",
    "time_15000",
    "time_60000",
    "time_more",
];

const CELLS: usize = COUNTED.len() + BUCKET_NAMES.len();
type Cells = [u32; CELLS];
type Shard = HashMap<(ProjectId, Environment), HashMap<String, Cells>>;

/// Threads take these in turn.
const SHARDS: usize = 16;

/// What was counted since the last time.
#[derive(Default)]
pub(crate) struct Numbers {
    shards: [Mutex<Shard>; SHARDS],
    /// Held by the one that writes, so that nobody reads between taking and adding.
    writing: tokio::sync::Mutex<()>,
}

/// The shard of this thread.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    MINE.with(|mine| *mine)
}

/// Which bucket a time falls into.
fn bucket(took: Duration) -> usize {
    let limit = |most: &&u32| took.as_micros() <= u128::from(**most) * 1_000;
    BUCKETS.iter().position(|most| limit(&most)).unwrap_or(BUCKETS.len())
}

impl Numbers {
    fn mine(&self) -> MutexGuard<'_, Shard> {
        self.shards[shard()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, place: (ProjectId, Environment), integration: &str, cells: &[usize]) {
        let mut shard = self.mine();
        let of_place = shard.entry(place).or_default();
        let known = if let Some(known) = of_place.get_mut(integration) {
            known
        } else {
            of_place.entry(integration.to_owned()).or_insert([0; CELLS])
        };
        for cell in cells {
            known[*cell] = known[*cell].saturating_add(1);
        }
    }

    fn take(&self) -> Vec<Added> {
        let mut all: HashMap<(ProjectId, Environment, String), [i64; CELLS]> = HashMap::new();
        for shard in &self.shards {
            let taken = std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
            for ((project, environment), integrations) in taken {
                for (integration, cells) in integrations {
                    let sums = all.entry((project, environment, integration)).or_insert([0; CELLS]);
                    for (sum, cell) in sums.iter_mut().zip(cells) {
                        *sum += i64::from(cell);
                    }
                }
            }
        }
        let rows = all
            .into_iter()
            .flat_map(|((project, environment, integration), cells)| {
                let names = COUNTED.into_iter().chain(BUCKET_NAMES);
                let counted = names.zip(cells).filter(|(_, count)| *count > 0);
                counted.map(move |(name, count)| Added {
                    project,
                    environment,
                    name,
                    integration: integration.clone(),
                    count,
                })
            });
        rows.collect()
    }

    fn give_back(&self, added: Vec<Added>) {
        let names: Vec<&str> = COUNTED.into_iter().chain(BUCKET_NAMES).collect();
        let mut shard = self.mine();
        for one in added {
            let Some(cell) = names.iter().position(|name| *name == one.name) else {
                continue;
            };
            let integrations = shard.entry((one.project, one.environment)).or_default();
            let cells = integrations.entry(one.integration).or_insert([0; CELLS]);
            cells[cell] = cells[cell].saturating_add(u32::try_from(one.count).unwrap_or(u32::MAX));
        }
    }
}

impl Broker {
    /// Counts something of an integration; `""` where there is none.
    pub(crate) fn count(&self, place: (ProjectId, Environment), integration: &str, what: Counted) {
        self.0.numbers.add(place, integration, &[what as usize]);
    }

    /// Counts a call that was passed through.
    pub(crate) fn count_call(
        &self,
        place: (ProjectId, Environment),
        integration: &str,
        took: Duration,
        is_answered: bool,
    ) {
        let time = COUNTED.len() + bucket(took);
        let cells = [Counted::Called as usize, time, Counted::NotAnswered as usize];
        let counted = if is_answered { 2 } else { 3 };
        self.0.numbers.add(place, integration, &cells[..counted]);
    }

    /// Adds what this replica counted to the hour. What cannot be written now is kept for the next time.
    pub async fn write_numbers(&self) -> Result<(), Problem> {
        let _turn = self.0.numbers.writing.lock().await;
        let added = self.0.numbers.take();
        if let Err(error) = self.store().add_numbers(&added).await {
            self.0.numbers.give_back(added);
            return Err(error.into());
        }
        Ok(())
    }

    /// The same for the loop, which also adds the marks of what was made and lost.
    pub(crate) async fn numbers_tick(&self) -> Result<(), Problem> {
        self.write_numbers().await?;
        self.store().fold_marks().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (ProjectId, Environment) {
        (ProjectId::generate(), Environment::Test)
    }

    fn sum(added: &[Added], name: &str) -> i64 {
        added.iter().filter(|one| one.name == name).map(|one| one.count).sum()
    }

    #[test]
    fn a_time_falls_into_the_first_bucket_that_holds_it() {
        for (milliseconds, name) in [
            (0, "time_5"),
            (5, "time_5"),
            (6, "time_10"),
            (800, "time_800"),
            (60_000, "time_60000"),
            (60_001, "time_more"),
        ] {
            assert_eq!(BUCKET_NAMES[bucket(Duration::from_millis(milliseconds))], name);
        }
        for (most, name) in BUCKETS.iter().zip(BUCKET_NAMES) {
            assert_eq!(name, format!("time_{most}"));
        }
    }

    #[test]
    fn threads_count_beside_each_other_and_nothing_is_lost() {
        let numbers = Numbers::default();
        let place = place();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        numbers.add(place, "gmail", &[Counted::Called as usize]);
                    }
                });
            }
        });
        assert_eq!(sum(&numbers.take(), "called"), 80_000);
        assert!(numbers.take().is_empty(), "taken once");
    }

    #[test]
    fn what_was_not_written_is_counted_the_next_time() {
        let numbers = Numbers::default();
        numbers.add(place(), "", &[Counted::Opened as usize]);
        let taken = numbers.take();
        numbers.give_back(taken);
        numbers.add(place(), "", &[Counted::Opened as usize]);
        assert_eq!(sum(&numbers.take(), "opened"), 2);
    }

    /// However often something is counted, it takes the room of once.
    #[test]
    fn a_million_counts_are_kept_in_one_place() {
        let numbers = Numbers::default();
        let place = place();
        for _ in 0..1_000_000 {
            numbers.add(place, "gmail", &[Counted::Called as usize, COUNTED.len()]);
        }
        let kept = |shard: &Mutex<Shard>| shard.lock().unwrap().values().map(HashMap::len).sum::<usize>();
        assert_eq!(numbers.shards.iter().map(kept).sum::<usize>(), 1);
        let taken = numbers.take();
        assert_eq!(
            (taken.len(), sum(&taken, "called"), sum(&taken, "time_5")),
            (2, 1_000_000, 1_000_000)
        );
    }
}
