//! A project's own domain: which of our origins a request came to. Only origins that an operator stored are known; a `Host`
//! that is none of them means our own origin and is never written anywhere.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;
use store::{Project, ProjectId, StoreError};
use url::Url;
use vault::{Environment, Token};

use super::{Looks, entry};
use crate::{Broker, Caller, Kind, Problem, Scope, parse_origin};

/// A list of domains is as old at most, on every replica.
const STALE: Duration = Duration::from_secs(2);
/// A request waits this long for a new list, and goes on with the old one.
const PATIENCE: Duration = Duration::from_millis(500);

/// One of our origins, and whose it is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The origin, as browsers write it.
    pub origin: Arc<str>,
    /// The project whose own domain it is; `None` for our own origin.
    pub project: Option<ProjectId>,
    /// How that project looks.
    pub looks: Option<Arc<Looks>>,
}

impl Place {
    /// The place where there is no own domain.
    pub fn main(origin: &str) -> Self {
        Self {
            origin: origin.into(),
            project: None,
            looks: None,
        }
    }
}

type Listed = Arc<HashMap<String, Place>>;

/// The list of domains, with when it was read.
#[derive(Default)]
pub(crate) struct Domains {
    known: RwLock<Option<(Instant, Listed)>>,
    /// Held by the one that reads it anew.
    reading: tokio::sync::Mutex<()>,
}

impl Domains {
    fn known(&self) -> Option<(Instant, Listed)> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Broker {
    /// Which of our origins `host` (with its port, where it is not the default one) means.
    pub async fn place(&self, host: Option<&str>) -> Place {
        let main = || Place::main(self.public_origin());
        let Some(host) = host.map(str::to_ascii_lowercase) else {
            return main();
        };
        if authority(self.public_origin()) == host {
            return main();
        }
        let listed = self.listed_domains().await;
        listed.get(&host).cloned().unwrap_or_else(main)
    }

    /// The list, at most two seconds old while the database answers; while it does not, as it was.
    async fn listed_domains(&self) -> Listed {
        let domains = &self.0.domains;
        let known = domains.known();
        if let Some((read, listed)) = &known
            && read.elapsed() < STALE
        {
            return listed.clone();
        }
        let turn = match (&known, domains.reading.try_lock()) {
            (_, Ok(turn)) => turn,
            // Somebody reads it; what is known is good enough meanwhile.
            (Some((_, listed)), Err(_)) => return listed.clone(),
            (None, Err(_)) => domains.reading.lock().await,
        };
        // Read while this one waited?
        if let Some((read, listed)) = domains.known()
            && read.elapsed() < STALE
        {
            return listed;
        }
        let asked = tokio::time::timeout(PATIENCE, self.store().projects_with_domain()).await;
        let listed = match asked {
            Ok(Ok(projects)) => Arc::new(projects.iter().filter_map(|project| self.listed(project)).collect()),
            failed => {
                let error = failed.ok().and_then(Result::err).map(|error| error.to_string());
                tracing::warn!(error, "the list of own domains was not read; what was known is used");
                known.map(|(_, listed)| listed).unwrap_or_default()
            }
        };
        *domains.known.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&listed)));
        drop(turn);
        listed
    }

    fn listed(&self, project: &Project) -> Option<(String, Place)> {
        let origin = project.domain.as_deref()?;
        let place = Place {
            origin: origin.into(),
            project: Some(project.id),
            looks: Some(self.looks(project)),
        };
        Some((authority(origin).to_owned(), place))
    }

    /// Refuses a session of another project on an own domain (`place`). One that is not known is whoever's it is to say.
    pub async fn require_session_here(&self, request_id: &Token, place: Option<ProjectId>) -> Result<(), Problem> {
        if place.is_none() {
            return Ok(());
        }
        match self.store().session(&request_id.digest()).await? {
            Some(session) => require_place(place, session.project),
            None => Ok(()),
        }
    }

    /// Gives the caller's project its own domain, or takes it away. For operators: whoever holds a domain's name decides
    /// nothing here, but a proxy has to bring its requests to us.
    pub async fn set_domain(&self, caller: &Caller, domain: Option<&str>) -> Result<Option<String>, Problem> {
        caller.require(Scope::Admin)?;
        let domain = domain.map(|given| self.checked_domain(given)).transpose()?;
        self.require_no_callbacks(caller.project, domain.as_deref()).await?;
        let detail = json!({ "domain": domain });
        let entry = entry(caller, "branding.domain_changed", &detail);
        let set = self.store().set_domain(caller.project, domain.as_deref(), entry);
        set.await.map_err(taken)?;
        Ok(domain)
    }

    /// Services answer at the address that is registered with them: a domain with such addresses has to stay.
    async fn require_no_callbacks(&self, project: ProjectId, next: Option<&str>) -> Result<(), Problem> {
        let Some(before) = self
            .project(project)
            .await?
            .domain
            .filter(|before| Some(before.as_str()) != next)
        else {
            return Ok(());
        };
        let mut bound = Vec::new();
        for environment in [Environment::Test, Environment::Live] {
            let apps = self.store().apps(project, environment).await?;
            let there = apps.into_iter().filter(|app| app.callback_origin == before);
            bound.extend(there.map(|app| format!("{} ({environment})", app.integration)));
        }
        if bound.is_empty() {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Conflict,
            "domain_in_use",
            format!(
                "Services answer at {before}: {}. Register another redirect address with each, and tell it with `latchkey apps set --callback-origin`, before the domain goes.",
                bound.join(", ")
            ),
        ))
    }

    fn checked_domain(&self, given: &str) -> Result<String, Problem> {
        let refused = |why: String| Problem::new(Kind::Unprocessable, "domain_not_valid", why);
        let origin = parse_origin(given).map_err(|error| {
            refused(format!(
                "{error}. An own domain is written as https://connect.example.com."
            ))
        })?;
        if authority(&origin) == authority(self.public_origin()) {
            return Err(refused(format!(
                "{origin} is this server's own address. Give the project another one."
            )));
        }
        // Cookies that are for https alone would be lost on the other.
        let scheme = |origin: &str| {
            Url::parse(origin)
                .map(|url| url.scheme().to_owned())
                .unwrap_or_default()
        };
        if scheme(&origin) != scheme(self.public_origin()) {
            return Err(refused(format!(
                "{origin} and this server's own address {} must both be https, or both be local.",
                self.public_origin()
            )));
        }
        Ok(origin)
    }
}

/// An own domain shows its own project alone.
pub(crate) fn require_place(place: Option<ProjectId>, project: ProjectId) -> Result<(), Problem> {
    if place.is_none_or(|own| own == project) {
        return Ok(());
    }
    Err(Problem::new(
        Kind::Forbidden,
        "other_project",
        "This address belongs to another app. Whoever runs the app opens this window at the app's own address.",
    ))
}

/// Host and port, as `Host` has them.
fn authority(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, authority)| authority)
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict(_) => Problem::new(
            Kind::Conflict,
            "domain_taken",
            "Another project has this domain. Take it away there first: `latchkey branding domain --none --project …`.",
        ),
        error => error.into(),
    }
}
