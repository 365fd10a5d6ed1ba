//! What the console's home shows: what needs somebody, and the numbers of the last hours and days.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use store::{
    AppAttention, ConnectionState, Ending, Environment, FailingEndpoint, FirstSteps, Number, OpenCircuit,
    PendingChange, ProjectId, Share,
};
use tokio::time::Instant;

use crate::numbers::{BUCKET_NAMES, BUCKETS};
use crate::{Broker, Caller, LoopHealth, Problem, Scope};

/// Ends of access are told of so many days before.
const ENDING_DAYS: i32 = 7;
/// Rows of each kind at most.
const SHOWN: i64 = 5;
const DAY: i32 = 24;
const WEEK: i32 = 7 * DAY;
const MONTH: i32 = 30 * DAY;

/// An answer about many holds for this long, and for a hundred times as long as it took: then asking takes a hundredth of
/// the time at most.
const KEPT: Duration = Duration::from_secs(10);
const KEPT_TIMES: u32 = 100;
/// So many connections are many.
const MANY: i64 = 50_000;
/// So many that were made or lost, or calls, in the time that is drawn.
const MANY_EVENTS: i64 = 5_000;

type States = BTreeMap<ConnectionState, i64>;
type Place = (ProjectId, Environment);

/// Answers about many, for whoever asks again: seconds make no difference there. About few nothing is kept.
pub(crate) struct Kept<T>(Mutex<HashMap<Place, KeptAnswer<T>>>);

struct KeptAnswer<T> {
    answer: Arc<T>,
    until: Instant,
    /// Somebody asks anew.
    asking: bool,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    fn all(&self) -> MutexGuard<'_, HashMap<Place, KeptAnswer<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, and whether whoever asks now should ask anew beside giving it.
    fn get(&self, place: Place, now: Instant) -> Option<(Arc<T>, bool)> {
        let mut all = self.all();
        let kept = all.get_mut(&place)?;
        let anew = kept.until < now && !std::mem::replace(&mut kept.asking, true);
        Some((Arc::clone(&kept.answer), anew))
    }

    fn put(&self, place: Place, answer: T, is_many: bool, begun: Instant) -> Arc<T> {
        let now = Instant::now();
        let answer = Arc::new(answer);
        let mut all = self.all();
        if is_many {
            let kept = KeptAnswer {
                answer: Arc::clone(&answer),
                until: now + KEPT.max((now - begun) * KEPT_TIMES),
                asking: false,
            };
            all.insert(place, kept);
        } else {
            all.remove(&place);
        }
        answer
    }

    fn forget(&self, place: Place) {
        self.all().remove(&place);
    }
}

/// What needs somebody, besides connections that failed or are degraded.
#[derive(Debug, Default)]
pub struct Attention {
    /// Access that ends within a week and cannot be renewed, the next first.
    pub ending: Vec<Ending>,
    /// Apps whose circuit is open.
    pub circuits: Vec<OpenCircuit>,
    /// Integrations whose app a check or its service found wrong, by name, but those whose circuit is open.
    pub apps: Vec<(String, AppAttention)>,
    /// Changes of addresses for secrets that nobody agreed to.
    pub changes: Vec<PendingChange>,
    /// Endpoints that do not take their deliveries.
    pub endpoints: Vec<FailingEndpoint>,
    /// Loops of this replica that stand still.
    pub loops: Vec<LoopHealth>,
}

/// Connections of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// When it began (UTC).
    pub day: DateTime<Utc>,
    /// Made.
    pub made: i64,
    /// Failed, or ended while they worked.
    pub lost: i64,
}

/// How far people came with one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The integration.
    pub integration: String,
    /// Picked it.
    pub picked: i64,
    /// Left for the service, or sent it what they typed.
    pub sent: i64,
    /// Were connected.
    pub connected: i64,
}

/// What was tried in an hour, and how much of it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub at: DateTime<Utc>,
    /// All tries.
    pub all: i64,
    /// Those that failed.
    pub failed: i64,
    /// How long they took, where that is known.
    pub times: Option<Times>,
}

/// How long calls took, in milliseconds, as far as buckets tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Half of them took this at most.
    pub half: u32,
    /// 95 of 100 took this at most.
    pub most: u32,
}

/// The numbers of a project's environment.
#[derive(Clone, Debug)]
pub struct HomeNumbers {
    /// The last 30 days, the earliest first.
    pub days: Vec<Made>,
    /// Sessions that were opened in the last seven days.
    pub opened: i64,
    /// What became of them, by service; the most picked first.
    pub steps: Vec<Step>,
    /// Refreshes of the last 24 hours.
    pub refreshes: Vec<Hour>,
    /// Calls of the last 24 hours.
    pub calls: Vec<Hour>,
    /// How long those took.
    pub times: Option<Times>,
}

impl Broker {
    /// How far the setting up of the caller's project is.
    pub async fn first_steps(&self, caller: &Caller) -> Result<FirstSteps, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        Ok(self.store().first_steps(caller.project, caller.environment).await?)
    }

    /// What needs somebody here.
    pub async fn attention(&self, caller: &Caller) -> Result<Attention, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let (store, project, environment) = (self.store(), caller.project, caller.environment);
        let mut changes = self.waiting_changes(Some((project, environment)), None).await?;
        changes.truncate(usize::try_from(SHOWN).unwrap_or_default());
        let mut loops = self.readiness().await.loops;
        loops.retain(|one| !one.alive);
        let circuits = store.circuits(Some((project, environment))).await?;
        let mut noted = store.app_attention(project, environment).await?;
        let mut apps = Vec::new();
        if !noted.is_empty() {
            for app in store.apps(project, environment).await? {
                let is_told = circuits.iter().any(|circuit| circuit.integration == app.integration);
                if let Some(attention) = noted.remove(&app.id).filter(|_| !is_told) {
                    apps.push((app.integration, attention));
                }
            }
            apps.truncate(usize::try_from(SHOWN).unwrap_or_default());
        }
        Ok(Attention {
            ending: store.ending_soon(project, environment, ENDING_DAYS, SHOWN).await?,
            circuits,
            apps,
            endpoints: store.failing_endpoints(project, environment).await?,
            changes,
            loops,
        })
    }

    /// The numbers of here, with those of this replica's last seconds. Where there are many, as they were up to ten seconds
    /// ago, or a hundred times as long as it took to add them up.
    pub async fn home_numbers(&self, caller: &Caller) -> Result<Arc<HomeNumbers>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let place = (caller.project, caller.environment);
        let Some((numbers, anew)) = self.0.drawn.get(place, Instant::now()) else {
            return self.add_up(place).await;
        };
        if anew {
            let broker = self.clone();
            tokio::spawn(async move {
                if let Err(problem) = broker.add_up(place).await {
                    tracing::warn!(%problem, "the numbers of home were not added up");
                    broker.0.drawn.forget(place);
                }
            });
        }
        Ok(numbers)
    }

    async fn add_up(&self, place: Place) -> Result<Arc<HomeNumbers>, Problem> {
        let begun = Instant::now();
        let numbers = self.home_numbers_now(place).await?;
        let made: i64 = numbers.days.iter().map(|day| day.made + day.lost).sum();
        let calls: i64 = numbers
            .calls
            .iter()
            .chain(&numbers.refreshes)
            .map(|hour| hour.all)
            .sum();
        let is_many = made + calls > MANY_EVENTS;
        Ok(self.0.drawn.put(place, numbers, is_many, begun))
    }

    async fn home_numbers_now(&self, (project, environment): Place) -> Result<HomeNumbers, Problem> {
        if let Err(problem) = self.write_numbers().await {
            tracing::debug!(%problem, "the newest numbers are not shown yet");
        }
        let store = self.store();
        let now = store.now().await?;
        let made = store
            .numbers(project, environment, &[store::MADE, store::LOST], MONTH, "day")
            .await?;
        let names = ["opened", "picked", "sent", store::CONNECTED];
        let shares = store.numbers_by_integration(project, environment, &names, WEEK).await?;
        let mut names = vec!["refreshed", "not_refreshed", "called", "not_answered"];
        names.extend(BUCKET_NAMES);
        let numbers = store.numbers(project, environment, &names, DAY, "hour").await?;
        let hourly = Series::of(&numbers);
        let hours = || spans(now, TimeDelta::hours(1), DAY);
        Ok(HomeNumbers {
            days: days(now, &made),
            opened: shares
                .iter()
                .filter(|one| one.name == "opened")
                .map(|one| one.count)
                .sum(),
            steps: steps(shares),
            refreshes: hours()
                .map(|at| {
                    let failed = hourly.at("not_refreshed", at);
                    Hour {
                        at,
                        all: hourly.at("refreshed", at) + failed,
                        failed,
                        times: None,
                    }
                })
                .collect(),
            calls: hours()
                .map(|at| Hour {
                    at,
                    all: hourly.at("called", at),
                    failed: hourly.at("not_answered", at),
                    times: times(&BUCKET_NAMES.map(|name| hourly.at(name, at))),
                })
                .collect(),
            times: times(&BUCKET_NAMES.map(|name| hourly.sum(name))),
        })
    }

    /// How many connections there are in each state. Where there are many, as it was up to ten seconds ago, or a hundred
    /// times as long as it took to count them.
    pub async fn count_states(&self, caller: &Caller) -> Result<Arc<States>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let place = (caller.project, caller.environment);
        let Some((states, anew)) = self.0.counts.get(place, Instant::now()) else {
            return self.count_states_now(place).await;
        };
        if anew {
            let broker = self.clone();
            tokio::spawn(async move {
                if let Err(problem) = broker.count_states_now(place).await {
                    tracing::warn!(%problem, "connections were not counted");
                    broker.0.counts.forget(place);
                }
            });
        }
        Ok(states)
    }

    async fn count_states_now(&self, place: Place) -> Result<Arc<States>, Problem> {
        let begun = Instant::now();
        let counts = self.store().count_by_state(place.0, place.1).await?;
        let known = counts
            .into_iter()
            .filter_map(|(state, count)| Some((state.parse().ok()?, count)));
        let states: States = known.collect();
        let is_many = states.values().sum::<i64>() > MANY;
        Ok(self.0.counts.put(place, states, is_many, begun))
    }
}

/// Counts by name and time.
struct Series<'a>(HashMap<(&'a str, DateTime<Utc>), i64>);

impl<'a> Series<'a> {
    fn of(numbers: &'a [Number]) -> Self {
        let pairs = numbers.iter().map(|one| ((one.name.as_str(), one.at), one.count));
        Self(pairs.collect())
    }

    fn at(&self, name: &'a str, at: DateTime<Utc>) -> i64 {
        self.0.get(&(name, at)).copied().unwrap_or_default()
    }

    fn sum(&self, name: &str) -> i64 {
        self.0
            .iter()
            .filter(|((of, _), _)| *of == name)
            .map(|(_, count)| count)
            .sum()
    }
}

/// The beginnings of the last spans of time, the earliest first.
fn spans(now: DateTime<Utc>, span: TimeDelta, number: i32) -> impl Iterator<Item = DateTime<Utc>> {
    let last = now.duration_trunc(span).unwrap_or(now);
    (0..number).rev().map(move |back| last - span * back)
}

fn days(now: DateTime<Utc>, numbers: &[Number]) -> Vec<Made> {
    let series = Series::of(numbers);
    spans(now, TimeDelta::days(1), MONTH / DAY)
        .map(|day| Made {
            day,
            made: series.at(store::MADE, day),
            lost: series.at(store::LOST, day),
        })
        .collect()
}

fn steps(shares: Vec<Share>) -> Vec<Step> {
    let mut steps: BTreeMap<String, Step> = BTreeMap::new();
    for share in shares.into_iter().filter(|one| one.name != "opened") {
        let step = steps.entry(share.integration.clone()).or_default();
        step.integration = share.integration;
        match share.name.as_str() {
            "picked" => step.picked = share.count,
            "sent" => step.sent = share.count,
            _ => step.connected = share.count,
        }
    }
    let mut steps: Vec<Step> = steps.into_values().collect();
    steps.sort_by_key(|step| std::cmp::Reverse((step.picked, step.connected)));
    steps
}

/// How long calls took, from how many fell into each bucket.
fn times(buckets: &[i64; BUCKETS.len() + 1]) -> Option<Times> {
    let all: i64 = buckets.iter().sum();
    (all > 0).then(|| Times {
        half: share_took(buckets, all, 50),
        most: share_took(buckets, all, 95),
    })
}

/// What this share (in hundredths) took at most: as if the calls of a bucket were spread over it evenly.
fn share_took(buckets: &[i64], all: i64, share: i64) -> u32 {
    let wanted = (all * share + 99) / 100;
    let (mut before, mut lower) = (0, 0);
    for (count, upper) in buckets.iter().zip(BUCKETS) {
        if before + count >= wanted && *count > 0 {
            let within = i64::from(upper - lower) * (wanted - before) / count;
            return lower + u32::try_from(within).unwrap_or_default();
        }
        before += count;
        lower = upper;
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_about_many_are_kept_for_a_while_and_asked_anew_once() {
        let kept = Kept::<i64>::default();
        let place = (ProjectId::generate(), Environment::Test);
        let now = Instant::now();
        let later = now + KEPT * 2;
        kept.put(place, 1, false, now);
        assert!(kept.get(place, now).is_none(), "about few nothing is kept");
        kept.put(place, 2, true, now);
        let seen = |at| kept.get(place, at).map(|(answer, anew)| (*answer, anew));
        assert_eq!(seen(now), Some((2, false)));
        assert_eq!(seen(later), Some((2, true)));
        assert_eq!(seen(later), Some((2, false)), "by one");
        kept.put(place, 3, true, now);
        assert_eq!(seen(later), Some((3, true)));
        kept.forget(place);
        assert_eq!(seen(later), None);
    }

    #[test]
    fn times_are_read_from_buckets() {
        assert_eq!(times(&[0; 14]), None);
        let mut buckets = [0; 14];
        buckets[4] = 100; // 50 to 100 ms
        assert_eq!(times(&buckets), Some(Times { half: 75, most: 97 }));
        buckets[13] = 900; // beyond the last bucket
        let read = times(&buckets).unwrap();
        assert_eq!((read.half, read.most), (60_000, 60_000));
        let mut one = [0; 14];
        one[0] = 1;
        assert_eq!(times(&one), Some(Times { half: 5, most: 5 }));
    }

    #[test]
    fn hours_without_a_number_are_there_too() {
        let now = DateTime::from_timestamp(1_800_000_123, 0).unwrap();
        let hours: Vec<_> = spans(now, TimeDelta::hours(1), 24).collect();
        assert_eq!(hours.len(), 24);
        assert!(hours[23] <= now && now - hours[23] < TimeDelta::hours(1));
        assert_eq!(hours[23] - hours[0], TimeDelta::hours(23));
        let day = now.duration_trunc(TimeDelta::days(1)).unwrap();
        let of_today = [Number {
            name: "made".to_owned(),
            at: day,
            count: 3,
        }];
        let days = days(now, &of_today);
        assert_eq!((days.len(), days[29].made, days[0].made), (30, 3, 0));
    }

    #[test]
    fn steps_are_put_together_by_service() {
        let share = |name: &str, integration: &str, count| Share {
            name: name.to_owned(),
            integration: integration.to_owned(),
            count,
        };
        let steps = steps(vec![
            share("opened", "", 9),
            share("picked", "slack", 2),
            share("picked", "gmail", 5),
            share("sent", "gmail", 4),
            share("connected", "gmail", 3),
        ]);
        assert_eq!(steps.len(), 2);
        let first = &steps[0];
        assert_eq!(
            (first.integration.as_str(), first.picked, first.sent, first.connected),
            ("gmail", 5, 4, 3)
        );
    }
}
