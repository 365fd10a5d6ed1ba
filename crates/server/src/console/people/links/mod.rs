//! Hosted links: the list, a new one whose address is shown once, what happened to one, and taking it back.

mod list;
mod make;
mod one;

use broker::{Link, LinkPurpose, PeopleNames};
use catalog::Catalog;
use chrono::{DateTime, Utc};
use store::{LinkSource, LinkState};

use super::{Here, ServiceConfig, StateWords, When, form, page, post};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    form!(config, "/console/{project}/{environment}/links", list::list, make::make);
    page!(config, "/console/{project}/{environment}/links/{link}", one::one);
    post!(
        config,
        "/console/{project}/{environment}/links/{link}/revoke",
        one::revoke
    );
}

const fn state_words(state: LinkState) -> StateWords {
    let (icon, tone, word, sentence) = match state {
        LinkState::Open => ("clock", "attention", "Waiting", "Nobody has opened it yet."),
        LinkState::Opened => (
            "activity",
            "attention",
            "Opened",
            "Somebody opened it and has not finished; it can be opened again.",
        ),
        LinkState::Used => (
            "check",
            "good",
            "Used",
            "It did what it was made for, or its connection was connected again otherwise.",
        ),
        LinkState::Revoked => ("ban", "neutral", "Revoked", "It was taken back and opens nothing."),
        LinkState::Expired => ("clock", "neutral", "Ended", "Its time is over."),
        LinkState::Deleted => (
            "ban",
            "neutral",
            "Revoked",
            "The connection that it was for was deleted.",
        ),
    };
    StateWords {
        icon,
        tone,
        word,
        sentence,
    }
}

/// A link in the list, or at the head of its page.
#[derive(Debug)]
struct Line {
    href: String,
    who: String,
    /// The identity's name for people, where it has one besides.
    whose: Option<String>,
    what: String,
    state: StateWords,
    source: &'static str,
    made: When,
    ends: When,
    /// Its time counts, or is over: not of one that was used or taken back before.
    has_end: bool,
    is_live: bool,
}

impl Line {
    fn new(here: &Here, catalog: &Catalog, link: &Link, names: &PeopleNames, now: DateTime<Utc>) -> Self {
        let name = |id: &String| catalog.get(id).map_or_else(|| id.clone(), |one| one.name.clone());
        let services = link.integrations.as_deref().map_or_else(
            || "any service".to_owned(),
            |ids| ids.iter().map(name).collect::<Vec<_>>().join(", "),
        );
        Self {
            href: here.at(&format!("links/{}", link.id)),
            who: link
                .owner
                .identity
                .as_deref()
                .or(link.owner.display())
                .unwrap_or("–")
                .to_owned(),
            whose: names.of(&link.owner).map(ToOwned::to_owned),
            what: match (link.purpose, link.connection) {
                (LinkPurpose::Manage, _) => "Manage own connections".to_owned(),
                (LinkPurpose::Connect, Some(_)) => format!("Connect {services} again"),
                (LinkPurpose::Connect, None) => format!("Connect {services}"),
            },
            state: state_words(link.state),
            source: match link.source {
                LinkSource::Mail => "A mail carried it",
                LinkSource::Api => "Made here or by your backend",
            },
            made: When::new(link.created_at, now),
            ends: When::new(link.expires_at, now),
            has_end: link.state.is_live() || matches!(link.state, LinkState::Expired),
            is_live: link.state.is_live(),
        }
    }
}
