//! Who may frame the modal: the origins of a project, and nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use store::Project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;
use vault::Environment;

use crate::{Broker, Kind, Looks, Problem, ProjectId};

/// What the embed page needs.
#[derive(Clone, Debug)]
pub struct EmbedPage {
    /// Names and colours for the first paint; none when nothing is known about who embeds.
    pub project: Option<(String, Arc<Looks>)>,
    /// Whether our own line is hidden.
    pub white_label: bool,
    /// Sources of `frame-ancestors`; empty means `'none'`.
    pub frame_ancestors: Vec<String>,
    /// Origins that pictures may come from, besides ours.
    pub image_origins: Vec<String>,
}

/// Loopback pages in development; any port.
const LOOPBACK: [&str; 2] = ["http://localhost:*", "http://127.0.0.1:*"];

/// Longest origin that is remembered.
const LONGEST_ORIGIN: usize = 300;

/// Refused pages that are written down at the same time.
const NOTED_AT_ONCE: usize = 2;
/// Refused pages of a project that are written down in [`NOTING`], each once.
const NOTED: usize = 10;
/// How long a page that was written down is left alone; the store counts a try a minute.
const NOTING: Duration = Duration::from_mins(1);

/// What was noted of late on this replica: anybody can send an embedder's name, and each is a transaction.
pub(crate) struct Refusals {
    turns: Arc<Semaphore>,
    lately: Mutex<HashMap<ProjectId, (Instant, HashSet<String>)>>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(NOTED_AT_ONCE)),
            lately: Mutex::default(),
        }
    }
}

impl Refusals {
    /// A turn to write `origin` down, or none: it was written down just now, so were many others, or the turns are taken.
    fn admit(&self, project: ProjectId, origin: &str, now: Instant) -> Option<OwnedSemaphorePermit> {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        // So it holds the projects of a minute.
        lately.retain(|_, (since, _)| now.duration_since(*since) < NOTING);
        let (_, noted) = lately.entry(project).or_insert_with(|| (now, HashSet::new()));
        if noted.len() >= NOTED || noted.contains(origin) {
            return None;
        }
        let turn = Arc::clone(&self.turns).try_acquire_owned().ok()?;
        noted.insert(origin.to_owned());
        Some(turn)
    }
}

/// An origin that cannot be put on a list.
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is not an origin that may embed: {why}")]
pub struct InvalidOrigin {
    given: String,
    why: &'static str,
}

/// Reads an origin for the list: https, host, perhaps a port, nothing else. `http` only on loopback.
pub fn parse_origin(given: &str) -> Result<String, InvalidOrigin> {
    let refuse = |why| InvalidOrigin {
        given: given.to_owned(),
        why,
    };
    if given.contains('*') {
        return Err(refuse("write each origin out, wildcards are not possible"));
    }
    let url = Url::parse(given).map_err(|_| refuse("write it as https://app.example.com"))?;
    let Some(host) = url.host_str() else {
        return Err(refuse("it has no host"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("leave out the user part"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("leave out everything behind the host and port"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => return Err(refuse("use https; http is for localhost only")),
        _ => return Err(refuse("use https")),
    }
    Ok(url.origin().ascii_serialization())
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

/// Whether an origin is a page on this machine, as development has it.
fn is_loopback_origin(origin: &str) -> bool {
    Url::parse(origin).is_ok_and(|url| {
        url.scheme() == "http"
            && url
                .host_str()
                .is_some_and(|host| matches!(host, "localhost" | "127.0.0.1"))
    })
}

impl Broker {
    /// The embed page of a project. `embedder` is the origin that the browser says embeds it; one that is not on the list is
    /// noted for the operator. On an own domain (`place`) there is the page of its own project alone.
    pub async fn embed_page(
        &self,
        publishable_id: &str,
        embedder: Option<&str>,
        place: Option<ProjectId>,
    ) -> Result<EmbedPage, Problem> {
        let found = self.store().project_by_publishable_id(publishable_id).await?;
        let Some(project) = found.filter(|project| place.is_none_or(|own| own == project.id)) else {
            if place.is_none() && self.store().is_embed_being_deleted(publishable_id).await? {
                return Err(crate::projects::project_deleted());
            }
            return Err(Problem::not_found("This embed address"));
        };
        let id = project.id;
        let page = self.page_of(vec![project]).await?;
        if let Some(embedder) = embedder.filter(|origin| !page.frame_ancestors.iter().any(|listed| listed == origin)) {
            self.note_refused(id, embedder);
        }
        Ok(page)
    }

    /// The embed page of the project whose own domain was opened without more.
    pub async fn own_embed_page(&self, project: ProjectId) -> Result<EmbedPage, Problem> {
        self.page_of(vec![self.project(project).await?]).await
    }

    /// The embed page without a project in its address: the projects that list the embedding page's origin, or the
    /// default project when the browser does not say it.
    pub async fn bare_embed_page(&self, referrer_origin: Option<&str>) -> Result<EmbedPage, Problem> {
        let mut projects = match referrer_origin {
            Some(origin) => self.store().projects_by_origin(origin).await?,
            None => Vec::new(),
        };
        let loopback = self.settings().development && referrer_origin.is_some_and(is_loopback_origin);
        if projects.is_empty() {
            let default = self.store().default_project().await?;
            match (referrer_origin, default) {
                // The page may be meant for another project; the operator sees it in one place at least.
                (Some(origin), Some(default)) if !loopback => self.note_refused(default.id, origin),
                (_, default) => projects.extend(default),
            }
        }
        self.page_of(projects).await
    }

    /// Remembers a page that was refused, in the background: the refusal does not wait for it.
    fn note_refused(&self, project: ProjectId, embedder: &str) {
        // What cannot be put on the list is no question to the operator.
        let Ok(origin) = parse_origin(embedder) else { return };
        let loopback = self.settings().development && is_loopback_origin(&origin);
        if loopback || origin == self.public_origin() || origin.len() > LONGEST_ORIGIN {
            return;
        }
        // The list is a help to the operator: better short of a page than a way for strangers to keep the database busy.
        let Some(turn) = self.0.refusals.admit(project, &origin, Instant::now()) else {
            return;
        };
        let store = self.store().clone();
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(error) = store.note_refused_embedder(project, &origin).await {
                tracing::debug!(%error, "a refused page was not noted");
            }
        });
    }

    async fn page_of(&self, projects: Vec<Project>) -> Result<EmbedPage, Problem> {
        let mut ancestors = Vec::new();
        for project in &projects {
            ancestors.extend(self.store().origins(project.id).await?);
        }
        let image_origins = ancestors.clone();
        if self.settings().development && !projects.is_empty() {
            ancestors.extend(LOOPBACK.map(str::to_owned));
        }
        ancestors.sort();
        ancestors.dedup();
        let white_label = projects.iter().all(|project| project.white_label) && !projects.is_empty();
        // With several projects the first paint must not name one of them to the customers of another.
        let project = match projects.as_slice() {
            [only] => Some((only.shown_name().to_owned(), self.looks(only))),
            _ => None,
        };
        Ok(EmbedPage {
            project,
            white_label,
            frame_ancestors: ancestors,
            image_origins,
        })
    }

    /// The inner wall: the page that embeds must be on the list of the session's project.
    pub(crate) async fn require_embedder(
        &self,
        project: ProjectId,
        environment: Environment,
        embedder: Option<&str>,
    ) -> Result<(), Problem> {
        let refuse = |message: String| Err(Problem::new(Kind::Forbidden, "embedder_not_allowed", message));
        let Some(embedder) = embedder else {
            return refuse("The page that embeds this window did not say who it is.".to_owned());
        };
        let local = self.settings().development && environment == Environment::Test && is_loopback_origin(embedder);
        // A page on somebody's own machine is for development, whatever the list says.
        let plain_in_live = environment == Environment::Live && embedder.starts_with("http://");
        let listed = self
            .store()
            .origins(project)
            .await?
            .iter()
            .any(|origin| origin == embedder);
        if local || listed && !plain_in_live {
            return Ok(());
        }
        let shown = crate::texts::quoted(embedder);
        tracing::warn!(embedder = shown, %project, "a page that is not on the project's list tried to embed");
        if !listed {
            self.note_refused(project, embedder);
        }
        refuse(format!(
            "{shown} is not on the list of pages that may open this window. Whoever runs it adds it with `latchkey projects origins add`."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_normalised() {
        for (given, expected) in [
            ("https://App.Example.Test", "https://app.example.test"),
            ("https://app.example.test:443/", "https://app.example.test"),
            ("https://app.example.test:8443", "https://app.example.test:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            assert_eq!(parse_origin(given).unwrap(), expected);
        }
    }

    #[test]
    fn a_stranger_makes_few_notes_a_minute() {
        let refusals = Refusals::default();
        let (project, other) = (ProjectId::generate(), ProjectId::generate());
        let start = Instant::now();
        let noted = |project, count: usize, now| {
            (0..count)
                .filter(|number| {
                    refusals
                        .admit(project, &format!("https://flood-{number}.test"), now)
                        .is_some()
                })
                .count()
        };
        assert_eq!(noted(project, 1000, start), NOTED);
        assert_eq!(noted(other, 1, start), 1, "each project for itself");
        assert_eq!(noted(other, 1, start), 0, "the same page once");
        assert_eq!(noted(project, 1000, start + NOTING / 2), 0);
        assert_eq!(noted(project, 3, start + NOTING), 3);
        assert_eq!(refusals.lately.lock().unwrap().len(), 1, "who is quiet is forgotten");
    }

    #[test]
    fn notes_wait_for_nobody() {
        let refusals = Refusals::default();
        let (project, now) = (ProjectId::generate(), Instant::now());
        let admit = |origin: &str| refusals.admit(project, origin, now);
        let held: Vec<_> = ["https://a.test", "https://b.test"].map(admit).into_iter().collect();
        assert!(held.iter().all(Option::is_some));
        assert!(admit("https://c.test").is_none(), "dropped while the turns are taken");
        drop(held);
        assert!(
            admit("https://c.test").is_some(),
            "and not taken for one that was written down"
        );
    }

    #[test]
    fn bad_origins_say_why() {
        for given in [
            "*",
            "https://*.a.test",
            "null",
            "https://a.test/path",
            "https://a.test?x",
            "https://a.test@evil.test",
            "http://a.test",
            "ftp://a.test",
            "javascript:alert(1)",
            "",
        ] {
            assert!(parse_origin(given).is_err(), "{given}");
        }
    }

    #[test]
    fn only_plain_loopback_counts_as_development() {
        assert!(is_loopback_origin("http://localhost:5173"));
        assert!(is_loopback_origin("http://127.0.0.1:1"));
        for other in [
            "https://localhost",
            "http://localhost.evil.test",
            "http://evil.test",
            "null",
            "http://127.0.0.1.evil.test",
        ] {
            assert!(!is_loopback_origin(other), "{other}");
        }
    }
}
