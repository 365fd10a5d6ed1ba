//! The doctor: each thing that a server needs is looked at, with a verdict and how to mend it.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use store::{ProjectId, ReplicaRow};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::adoption::NOT_ADOPTED;
use crate::doctor::{Leads, Verdict};
use crate::operators::{Permission, Signed};
use crate::{Broker, Problem};

/// What was looked at.
#[derive(Clone, Debug)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// How to mend it, where there is something to mend.
    pub mend: Option<String>,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Good,
            found: found.into(),
            mend: None,
        }
    }

    fn of(name: &'static str, verdict: Verdict, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            name,
            verdict,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }
}

/// A replica that is silent for so many pulses is away: a minute.
const AWAY: i64 = 12;
/// Clocks may differ by this.
const SKEW: TimeDelta = TimeDelta::seconds(5);
/// Deliveries may wait this long.
const WAITING: TimeDelta = TimeDelta::hours(1);
/// A standby may be behind by this, in seconds.
const LAG: f64 = 30.0;
/// A good way to the database is not looked at again for this long: the look opens connections of its own.
const KEPT: Duration = Duration::from_secs(30);

/// Own domains that are looked at, all at once.
const DOMAINS: usize = 20;

/// When the way to the database was last found to be good. Whoever looks meanwhile waits for the one look.
#[derive(Debug, Default)]
pub(crate) struct WayToDatabase(Mutex<Option<Instant>>);

use Verdict::{Attention, Bad};

impl Broker {
    /// Looks at everything that the server needs. `now` is this host's clock.
    pub async fn check_system(
        &self,
        signed: &Signed,
        project: ProjectId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Check>, Problem> {
        signed.require(project, Permission::Own)?;
        let mut checks = vec![self.check_database(now).await];
        let Ok(system) = self.system(signed, project).await else {
            // What else there is to know lies in the database.
            return Ok(checks.into_iter().flatten().collect());
        };
        checks.push(vec![
            check_migrations(system.missing_migrations),
            self.check_pooler().await,
            self.check_home().await,
            check_connections(system.database.connections, system.database.connections_at_most),
            check_standbys(system.database.standbys, system.database.lag_seconds),
            check_replicas(&system.replicas, system.version),
            check_loops(&system.stuck().map(|row| row.name.as_str()).collect()),
            self.check_journal(),
            self.check_definitions(),
            self.check_destinations(),
            check_circuits(&system.circuits.iter().map(|one| one.integration.as_str()).collect()),
            check_deliveries(system.queues.deliveries.since, system.database.now),
            self.check_address(),
            self.check_domains().await,
            self.check_mail(),
            self.check_single_sign_on().await,
        ]);
        Ok(checks.into_iter().flatten().collect())
    }

    /// The database and the clocks.
    async fn check_database(&self, now: DateTime<Utc>) -> Vec<Check> {
        let begun = Instant::now();
        let there = match self.store().now().await {
            Ok(there) => there,
            Err(error) => {
                tracing::warn!(%error, "the database was looked at");
                return vec![Check::of(
                    "Database",
                    Bad,
                    "It does not answer.",
                    "Look whether Postgres runs and LATCHKEY_DATABASE_URL is right. The cause stands in the log.",
                )];
            }
        };
        let took = begun.elapsed().as_millis();
        let answers = format!("It answers in {took} ms.");
        let database = if took < 200 {
            Check::good("Database", answers)
        } else {
            Check::of(
                "Database",
                Attention,
                answers,
                "Run the database near the server: every request waits for it.",
            )
        };
        let apart = (there - now).abs();
        let seconds = apart.num_seconds();
        let clocks = if apart <= SKEW {
            Check::good("Clocks", "This host and the database agree.")
        } else {
            Check::of(
                "Clocks",
                Attention,
                format!("This host and the database differ by {seconds} s."),
                "Keep both clocks with a time service (NTP). Signatures and sign-ins fail when a clock is minutes off.",
            )
        };
        vec![database, clocks]
    }

    async fn check_pooler(&self) -> Check {
        let good = Check::good(
            "Way to the database",
            "Statements and settings arrive as they are sent.",
        );
        let mut found_good = self.0.way_to_database.0.lock().await;
        if found_good.is_some_and(|at| at.elapsed() < KEPT) {
            return good;
        }
        let found = self.store().check_pooler().await;
        *found_good = found.is_ok().then(Instant::now);
        match found {
            Ok(()) => good,
            Err(error) => Check::of(
                "Way to the database",
                Bad,
                format!("{error}."),
                "The database documentation (docs/DATABASE.md) says which poolers and modes work.",
            ),
        }
    }

    async fn check_home(&self) -> Check {
        if self.is_at_home().await {
            Check::good(
                "Home of the database",
                "This is the database that the server belongs to.",
            )
        } else {
            Check::of(
                "Home of the database",
                Bad,
                "The database was restored or copied. Nothing is refreshed, revoked or delivered.",
                NOT_ADOPTED,
            )
        }
    }

    fn check_journal(&self) -> Check {
        if let Some(obstacle) = self.refresh_obstacle() {
            return Check::of(
                "Refresh",
                Bad,
                format!("This replica refreshes nothing now: {obstacle}."),
                "It goes on by itself once that is over. The log has the cause.",
            );
        }
        if self.0.refreshes.has_journal() || self.settings().development {
            return Check::good("Refresh", "This replica refreshes, and keeps what services answer.");
        }
        Check::of(
            "Refresh",
            Attention,
            "This replica has no journal: a refreshed token is lost if the process dies while the database is away.",
            "Set LATCHKEY_JOURNAL_DIR to a folder on a disk of this replica alone.",
        )
    }

    fn check_definitions(&self) -> Check {
        match self.catalog_mistakes() {
            0 => Check::good("Definitions", "All definitions of services are in force."),
            mistakes => Check::of(
                "Definitions",
                Attention,
                format!("The newest definitions have mistakes ({mistakes}). Those of before are in force."),
                "Run `latchkey integrations check`, which names each, and mend the files.",
            ),
        }
    }

    fn check_destinations(&self) -> Check {
        match self.destination_changes() {
            0 => Check::good("Addresses for secrets", "Somebody agreed to all of them."),
            changes => Check::of(
                "Addresses for secrets",
                Attention,
                format!("Nobody agreed to new addresses yet ({changes}). Their connections wait."),
                "Look at them with `latchkey integrations agree --show`.",
            ),
        }
    }

    fn check_address(&self) -> Check {
        let origin = self.public_origin();
        if origin.starts_with("https://") || self.settings().development {
            return Check::good(
                "Public address",
                format!("{origin} is where people and services come to."),
            );
        }
        Check::of(
            "Public address",
            Attention,
            format!("{origin} is not https. Browsers keep sign-ins safe over https only."),
            "Put a proxy that ends TLS in front, and set LATCHKEY_PUBLIC_URL to its https address.",
        )
    }

    /// Whether each project's own domain leads here.
    async fn check_domains(&self) -> Check {
        let Ok(projects) = self.store().projects_with_domain().await else {
            return Check::of(
                DOMAINS_NAME,
                Attention,
                "Which there are could not be read.",
                "Look at the database first.",
            );
        };
        let domains: Vec<String> = projects.into_iter().filter_map(|project| project.domain).collect();
        let all = domains.len();
        let looked: Vec<(String, Leads)> = futures_util::stream::iter(domains.into_iter().take(DOMAINS))
            .map(|domain| async move {
                let leads = self.where_leads(&domain).await;
                (domain, leads)
            })
            .buffered(DOMAINS)
            .collect()
            .await;
        check_domains(&looked, all)
    }

    async fn check_single_sign_on(&self) -> Check {
        const NAME: &str = "Single sign-on";
        let Some(provider) = self.single_sign_on() else {
            return Check::good(NAME, "Not set up: operators sign in with passwords.");
        };
        let issuer = provider.party.issuer();
        match self.look_at_single_sign_on(provider).await {
            Ok(()) => Check::good(NAME, format!("{issuer} answers, and says what a sign-in needs.")),
            Err(why) => Check::of(
                NAME,
                Bad,
                format!("{issuer} cannot be used: {why}."),
                "Compare LATCHKEY_SSO_ISSUER with `issuer` in its /.well-known/openid-configuration, letter for letter. Passwords work meanwhile.",
            ),
        }
    }

    fn check_mail(&self) -> Check {
        if self.settings().mail.is_some() {
            return Check::good("Mail", "A mail server is set up. `latchkey mail test` sends one.");
        }
        Check::good("Mail", "Not set up: people are not written to when a connection fails.")
    }
}

const DOMAINS_NAME: &str = "Own domains";

/// `all` is how many there are.
fn check_domains(looked: &[(String, Leads)], all: usize) -> Check {
    let mut verdict = Verdict::Good;
    let mut lost = Vec::new();
    for (domain, leads) in looked {
        let (worse, what) = match leads {
            Leads::Here => continue,
            Leads::Elsewhere(status) => (Bad, format!("At {domain} something else answers (HTTP {status}).")),
            Leads::Nowhere(why) => (Attention, format!("{domain} could not be reached: {why}.")),
        };
        verdict = verdict.max(worse);
        lost.push(what);
    }
    let mut found = match (looked, lost.len()) {
        ([], _) => "No project has one.".to_owned(),
        ([(domain, _)], 0) => format!("{domain} leads to this server."),
        (_, 0) => format!("{} lead to this server.", looked.len()),
        _ => lost.join(" "),
    };
    if looked.len() < all {
        found = format!("{found} The first {} of {all} were looked at.", looked.len());
    }
    if verdict == Verdict::Good {
        return Check::good(DOMAINS_NAME, found);
    }
    Check::of(
        DOMAINS_NAME,
        verdict,
        found,
        "Have its DNS entry and a proxy bring its requests here. From some networks a server cannot reach its own public address, and browsers can: open it from outside.",
    )
}

fn check_migrations(missing: usize) -> Check {
    if missing == 0 {
        return Check::good("Migrations", "None is missing.");
    }
    Check::of(
        "Migrations",
        Bad,
        format!("{missing} are missing."),
        "Start a replica of this version: it runs them. Its log says why if it cannot.",
    )
}

fn check_connections(used: i64, most: i64) -> Check {
    let found = format!("{used} of {most} are used.");
    if used * 5 < most * 4 {
        return Check::good("Connections to the database", found);
    }
    Check::of(
        "Connections to the database",
        Attention,
        found,
        "Raise max_connections of the database, or lower LATCHKEY_DATABASE_CONNECTIONS.",
    )
}

fn check_standbys(standbys: i64, lag: Option<f64>) -> Check {
    match lag {
        Some(lag) if lag > LAG => Check::of(
            "Standbys",
            Attention,
            format!("The last of {standbys} is {lag:.0} s behind."),
            "Look at the standby's disk and network: what it does not have is lost if it takes over.",
        ),
        _ if standbys == 0 => Check::good("Standbys", "None follows, or this role may not see them."),
        _ => Check::good("Standbys", format!("{standbys} follow.")),
    }
}

fn check_replicas(replicas: &[ReplicaRow], version: &str) -> Check {
    let away = replicas.iter().filter(|one| one.missed > AWAY).count();
    let alive = replicas.len() - away;
    let versions: BTreeSet<&str> = replicas
        .iter()
        .filter(|one| one.missed <= AWAY)
        .filter_map(|one| one.version.as_deref())
        .chain([version])
        .collect();
    if versions.len() > 1 {
        let listed: Vec<&str> = versions.into_iter().collect();
        return Check::of(
            "Replicas",
            Attention,
            format!("{alive} run, in different versions: {}.", listed.join(", ")),
            "Fine while an update is rolled out. Bring all to the same version after it.",
        );
    }
    if away > 0 {
        return Check::of(
            "Replicas",
            Attention,
            format!("{alive} run, {away} were not heard of for a minute."),
            "A replica that was stopped for good is forgotten after a day. Start one that should run.",
        );
    }
    let one = if alive == 1 {
        "One runs.".to_owned()
    } else {
        format!("{alive} run.")
    };
    Check::good("Replicas", one)
}

fn check_loops(stuck: &BTreeSet<&str>) -> Check {
    if stuck.is_empty() {
        return Check::good("Loops", "All go round.");
    }
    let names: Vec<&str> = stuck.iter().copied().collect();
    Check::of(
        "Loops",
        Bad,
        format!("Stuck: {}.", names.join(", ")),
        "The log of that replica has the cause. Restart it if there is none.",
    )
}

fn check_circuits(open: &BTreeSet<&str>) -> Check {
    if open.is_empty() {
        return Check::good("Circuits", "All are closed: services answer.");
    }
    let names: Vec<&str> = open.iter().copied().collect();
    Check::of(
        "Circuits",
        Attention,
        format!("Open: {}.", names.join(", ")),
        "See what each service said under Circuits. A changed client secret is tried at once.",
    )
}

fn check_deliveries(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Check {
    match since {
        Some(since) if now - since > WAITING => Check::of(
            "Deliveries",
            Attention,
            format!("The first waits for {} minutes.", (now - since).num_minutes()),
            "Mostly an endpoint does not answer: the webhooks page shows what it said.",
        ),
        _ => Check::good("Deliveries", "None waits for long."),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn replica(version: &str, missed: i64) -> ReplicaRow {
        ReplicaRow {
            id: Uuid::nil(),
            version: Some(version.to_owned()),
            has_journal: None,
            replayed: true,
            started_at: DateTime::UNIX_EPOCH,
            seen_at: DateTime::UNIX_EPOCH,
            missed,
        }
    }

    #[test]
    fn each_verdict_that_is_not_good_says_how_to_mend_it() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        for check in [
            check_migrations(1),
            check_connections(90, 100),
            check_standbys(1, Some(31.0)),
            check_replicas(&[replica("1", 0), replica("2", 0)], "1"),
            check_replicas(&[replica("1", 0), replica("1", 13)], "1"),
            check_loops(&BTreeSet::from(["refresh"])),
            check_circuits(&BTreeSet::from(["gmail"])),
            check_deliveries(Some(now - TimeDelta::hours(2)), now),
            check_domains(&[("https://a.example".to_owned(), Leads::Elsewhere(404))], 1),
            check_domains(&[("https://a.example".to_owned(), Leads::Nowhere("no".to_owned()))], 1),
        ] {
            assert!(check.verdict > Verdict::Good && check.mend.is_some(), "{check:?}");
        }
        for check in [
            check_migrations(0),
            check_connections(79, 100),
            check_standbys(0, None),
            check_standbys(1, Some(0.1)),
            check_replicas(&[replica("1", 0), replica("1", 1)], "1"),
            check_loops(&BTreeSet::new()),
            check_circuits(&BTreeSet::new()),
            check_deliveries(None, now),
            check_domains(&[], 0),
            check_domains(&[("https://a.example".to_owned(), Leads::Here)], 2),
        ] {
            assert_eq!(check.verdict, Verdict::Good, "{check:?}");
        }
    }
}
