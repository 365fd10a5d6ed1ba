//! A round: which apps are due, how much of each, claimed at once.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use store::{DueApp, Lease, ProjectId, Quota};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::attempt::Outcome;
use crate::{Broker, Problem};

/// What one look for due refreshes did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Claimed.
    pub claimed: usize,
    /// Refreshed and committed.
    pub refreshed: usize,
    /// Failed for now or for good.
    pub failed: usize,
}

/// How a round ended.
enum Round {
    /// Nothing is due.
    Idle,
    /// Something is due, but its service is to be asked slowly, or there is no place.
    Held,
    /// Refreshes on their way.
    Begun(Vec<JoinHandle<Outcome>>),
}

/// Between two looks while what is due has to wait.
const HELD: Duration = Duration::from_millis(100);
/// Tokens of which nobody knows whether they are still good are tried slowly.
const UNCERTAIN_A_SECOND: i64 = 5;
const HELD_AT_MOST: Duration = Duration::from_secs(5);

impl Broker {
    /// Refreshes all that is due and waits for the end of it. For tests and single steps; the scheduler has
    /// [`Broker::refresh_turn`].
    pub async fn refresh_tick(&self) -> Result<Tick, Problem> {
        let mut tick = Tick::default();
        self.recover().await?;
        let mut held_since = None;
        loop {
            let tasks = match self.round().await? {
                Round::Idle => return Ok(tick),
                Round::Held => {
                    let since = *held_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > HELD_AT_MOST {
                        return Ok(tick);
                    }
                    tokio::time::sleep(HELD).await;
                    continue;
                }
                Round::Begun(tasks) => tasks,
            };
            held_since = None;
            tick.claimed += tasks.len();
            for task in tasks {
                match task.await {
                    Ok(Outcome::Refreshed) => tick.refreshed += 1,
                    Ok(Outcome::Failed(_)) | Err(_) => tick.failed += 1,
                    Ok(Outcome::Superseded | Outcome::NotSent) => {}
                }
            }
        }
    }

    /// One turn of the scheduler: claims as long as something is due, and leaves what is on its way to itself. `alive`
    /// is called between rounds.
    pub(crate) async fn refresh_turn(&self, alive: impl Fn() -> BoxFuture<'static, ()> + Send) -> Result<(), Problem> {
        self.recover().await?;
        let mut held_since = None;
        while !self.0.refreshes.stopping.load(Ordering::Acquire) {
            match self.round().await? {
                Round::Idle => return Ok(()),
                Round::Held => {
                    let since = *held_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= Duration::from_secs(1) {
                        return Ok(());
                    }
                    drop(tokio::time::timeout(HELD, self.0.refreshes.scheduled.freed()).await);
                }
                // A few places at a time make few large claims out of many small ones.
                Round::Begun(tasks) => {
                    held_since = None;
                    if tasks.len() * 4 < self.settings().refresh_parallel {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            }
            alive().await;
        }
        Ok(())
    }

    async fn round(&self) -> Result<Round, Problem> {
        let refreshes = &self.0.refreshes;
        if !self.is_at_home().await {
            return Ok(Round::Idle);
        }
        if let Some(journal) = &refreshes.journal
            && !journal.is_writable().await
        {
            return Ok(Round::Idle);
        }
        if refreshes.obstacle().is_some() {
            return Ok(Round::Idle);
        }
        let mut tasks = self.begin_uncertain().await?;
        match self.begin_due().await? {
            Round::Begun(more) => {
                tasks.extend(more);
                Ok(Round::Begun(tasks))
            }
            other if tasks.is_empty() => Ok(other),
            _ => Ok(Round::Begun(tasks)),
        }
    }

    async fn begin_due(&self) -> Result<Round, Problem> {
        let refreshes = &self.0.refreshes;
        let due = self.store().due_apps().await?;
        if due.is_empty() {
            return Ok(Round::Idle);
        }
        let now = Instant::now();
        let round = refreshes.rounds.fetch_add(1, Ordering::Relaxed);
        let room = |app: &DueApp| {
            let place = refreshes.scheduled.allowance(app.app, &app.integration);
            place.min(refreshes.paces.allowance(app.app, now))
        };
        let quotas = share(&due, refreshes.scheduled.free(), round, room);
        if quotas.is_empty() {
            return Ok(Round::Held);
        }
        let leases = match self.store().claim_due(self.settings().replica, &quotas).await {
            Ok(leases) => leases,
            Err(error) => {
                // Perhaps it was committed, and only its answer was lost.
                refreshes.claims_in_doubt.store(true, Ordering::Release);
                return Err(error.into());
            }
        };
        let mut claimed: HashMap<_, usize> = HashMap::new();
        for lease in &leases {
            *claimed.entry(lease.app).or_default() += 1;
        }
        for (app, count) in claimed {
            refreshes.paces.took(app, now, count);
        }
        let tasks: Vec<_> = leases.into_iter().filter_map(|lease| self.begin(lease)).collect();
        if tasks.is_empty() {
            return Ok(Round::Held);
        }
        Ok(Round::Begun(tasks))
    }

    /// Tokens that an adoption made uncertain, a few a second.
    async fn begin_uncertain(&self) -> Result<Vec<JoinHandle<Outcome>>, Problem> {
        let refreshes = &self.0.refreshes;
        if refreshes.scheduled.free() == 0 || !refreshes.uncertain_turn() {
            return Ok(Vec::new());
        }
        let leases = self
            .store()
            .claim_uncertain(self.settings().replica, UNCERTAIN_A_SECOND)
            .await
            .inspect_err(|_| refreshes.claims_in_doubt.store(true, Ordering::Release))?;
        Ok(leases.into_iter().filter_map(|lease| self.begin(lease)).collect())
    }

    /// Sends a claimed refresh on its way. Without a place in the journal it is given back.
    fn begin(&self, lease: Lease) -> Option<JoinHandle<Outcome>> {
        let refreshes = &self.0.refreshes;
        let slot = match &refreshes.journal {
            Some(journal) => journal.reserve().map(Some),
            None => Some(None),
        };
        // An inline refresh of the same connection ends its flight a moment after its lease.
        let (Some(slot), Some(flight)) = (slot, self.begin_flight(lease.fence.connection)) else {
            let broker = self.clone();
            tokio::spawn(async move {
                if broker.store().free_lease(&lease, 0.2).await.is_err() {
                    broker.0.refreshes.claims_in_doubt.store(true, Ordering::Release);
                }
            });
            return None;
        };
        let place = refreshes.scheduled.take(lease.app, &lease.integration);
        Some(tokio::spawn(self.clone().attend(lease, slot, place, flight)))
    }
}

/// Shares the free places: evenly between projects, and inside a project evenly between its apps, at most what each has
/// room for. With more apps than places the turn goes round.
fn share(due: &[DueApp], free: usize, round: usize, room: impl Fn(&DueApp) -> usize) -> Vec<Quota> {
    let mut of_project: HashMap<ProjectId, usize> = HashMap::new();
    for app in due {
        *of_project.entry(app.project).or_default() += 1;
    }
    let projects = of_project.len().max(1);
    let begin = if due.len() > free { round % due.len() } else { 0 };
    let mut left = free;
    let mut quotas = Vec::new();
    let order: Vec<&DueApp> = due.iter().skip(begin).chain(due.iter().take(begin)).collect();
    for app in &order {
        let fair = free / projects / of_project.get(&app.project).copied().unwrap_or(1).max(1);
        let limit = fair.max(1).min(room(app)).min(left);
        if limit > 0 {
            left -= limit;
            quotas.push((*app, limit));
        }
    }
    // What others have no room for goes to those who have, without another claim.
    let full: HashSet<_> = quotas.iter().map(|(app, _)| app.app).collect();
    for (app, limit) in &mut quotas {
        let more = room(app).saturating_sub(*limit).min(left);
        *limit += more;
        left -= more;
    }
    debug_assert!(full.len() == quotas.len(), "an app stands once");
    quotas
        .into_iter()
        .map(|(app, limit)| Quota {
            app: app.app,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            open: app.open,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use store::AppId;

    use super::*;

    fn due(project: ProjectId) -> DueApp {
        DueApp {
            app: AppId::generate(),
            project,
            integration: "a".to_owned(),
            open: false,
        }
    }

    #[test]
    fn projects_share_evenly_and_what_is_left_is_used() {
        let (large, small) = (ProjectId::generate(), ProjectId::generate());
        let apps = [due(large), due(large), due(large), due(small)];
        let limits: Vec<u32> = share(&apps, 60, 0, |_| 100).iter().map(|quota| quota.limit).collect();
        assert_eq!(limits, [10, 10, 10, 30]);
        let limits: Vec<u32> = share(&apps, 60, 0, |app| if app.project == small { 4 } else { 100 })
            .iter()
            .map(|quota| quota.limit)
            .collect();
        assert_eq!(limits, [36, 10, 10, 4]);
    }

    #[test]
    fn with_more_apps_than_places_everybody_has_a_turn() {
        let apps: Vec<_> = (0..7).map(|_| due(ProjectId::generate())).collect();
        let mut seen = HashSet::new();
        for round in 0..7 {
            let quotas = share(&apps, 2, round, |_| 1);
            assert_eq!(quotas.len(), 2);
            seen.extend(quotas.into_iter().map(|quota| quota.app));
        }
        assert_eq!(seen.len(), 7);
    }

    #[test]
    fn nothing_is_shared_without_room() {
        assert!(share(&[due(ProjectId::generate())], 10, 0, |_| 0).is_empty());
        assert!(share(&[due(ProjectId::generate())], 0, 3, |_| 9).is_empty());
    }
}
