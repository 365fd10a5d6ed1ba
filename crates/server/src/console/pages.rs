//! What the console's pages are given: one struct a template, nothing that decides. Names from outside are escaped by
//! askama and stand in `<bdi>`.

use askama::Template;
use broker::{Connection, ConnectionState};
use catalog::Catalog;
use chrono::{DateTime, Utc};

use super::connections::one::{Delivered, Edits};
use super::developers::recent::Recent;
use super::navigation::{self, Group, Section};
use super::operator::Here;
use crate::assets::Assets;

/// `/console/sign-in`
#[derive(Debug, Template)]
#[template(path = "console/sign_in.html")]
pub(super) struct SignInPage<'a> {
    pub(super) nonce: &'a str,
    pub(super) assets: &'a Assets,
    pub(super) next: &'a str,
    pub(super) email: &'a str,
    pub(super) problem: Option<&'a str>,
    /// Whether nobody can sign in yet.
    pub(super) is_new: bool,
    /// The provider of single sign-on, where one is set up.
    pub(super) provider: Option<&'a str>,
}

/// `/console/welcome`
#[derive(Debug, Template)]
#[template(path = "console/welcome.html")]
pub(super) struct WelcomePage<'a> {
    pub(super) nonce: &'a str,
    pub(super) assets: &'a Assets,
    pub(super) shortest: usize,
    pub(super) longest: usize,
    /// Whether it is the private server of `latchkey dev`, which prints another link.
    pub(super) development: bool,
}

/// What stands in a page's place.
#[derive(Debug, Template)]
#[template(path = "console/message.html")]
pub(super) struct MessagePage<'a> {
    pub(super) nonce: &'a str,
    pub(super) assets: &'a Assets,
    pub(super) title: &'a str,
    pub(super) message: &'a str,
    pub(super) way_on: &'a str,
    pub(super) way_on_label: &'a str,
    pub(super) reference: Option<&'a str>,
}

/// What is around every page of somebody who is signed in.
#[derive(Debug)]
pub(super) struct Shell<'a> {
    /// The place, on pages that belong to one.
    pub(super) here: Option<&'a Here>,
    /// The page that is marked in the navigation.
    pub(super) section: Section,
    pub(super) email: &'a str,
}

impl<'a> Shell<'a> {
    /// Around a page of a place.
    pub(super) fn of(here: &'a Here, section: Section) -> Self {
        Self {
            here: Some(here),
            section,
            email: &here.signed.operator.email,
        }
    }

    pub(super) fn is_test(&self) -> bool {
        self.here
            .is_some_and(|here| here.environment == broker::Environment::Test)
    }

    /// The same page in the other environment; of an object, its list.
    pub(super) fn in_environment(&self, environment: &str) -> String {
        let Some(here) = self.here else {
            return "/console".to_owned();
        };
        let page = navigation::path(self.section).unwrap_or_default();
        let line = if page.is_empty() { "" } else { "/" };
        format!("/console/{}/{environment}{line}{page}", here.project.id)
    }

    /// What stands at the side.
    pub(super) fn groups(&self) -> Vec<Group> {
        self.here
            .map_or_else(Vec::new, |here| navigation::groups(here, self.section))
    }

    /// Whether the page is the one of results, which has the box itself.
    pub(super) fn is_search(&self) -> bool {
        self.section == Section::Search
    }

    pub(super) fn is_account(&self) -> bool {
        self.section == Section::Account
    }
}

/// A point in time.
#[derive(Clone, Debug)]
pub(super) struct When {
    /// RFC 3339.
    pub(super) exact: String,
    /// The same for people.
    pub(super) title: String,
    /// How long ago, or how long until then.
    pub(super) words: String,
}

impl When {
    /// As seen at `now`.
    pub(super) fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let seconds = (now - at).num_seconds();
        let (number, unit) = match seconds.unsigned_abs() {
            0..10 => (0, ""),
            most @ 10..90 => (most, "second"),
            most @ 90..5_400 => ((most + 30) / 60, "minute"),
            most @ 5_400..129_600 => ((most + 1_800) / 3_600, "hour"),
            most => ((most + 43_200) / 86_400, "day"),
        };
        let number = if unit.is_empty() { 0 } else { number.max(1) };
        let plural = if number == 1 { "" } else { "s" };
        let words = match (unit, seconds < 0) {
            ("", true) => "now".to_owned(),
            ("", false) => "just now".to_owned(),
            (unit, true) => format!("in {number} {unit}{plural}"),
            (unit, false) => format!("{number} {unit}{plural} ago"),
        };
        Self {
            exact: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            title: at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            words,
        }
    }
}

/// How a connection is, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct StateWords {
    pub(super) icon: &'static str,
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
    pub(super) sentence: &'static str,
}

impl StateWords {
    pub(super) const fn of(state: ConnectionState) -> Self {
        let (icon, tone, word, sentence) = match state {
            ConnectionState::Operational => ("check", "good", "Works", "This connection works."),
            ConnectionState::Degraded => (
                "circle-alert",
                "attention",
                "Refresh fails",
                "The last refresh failed; the credential is still good, and the refresh is tried again.",
            ),
            ConnectionState::Failed => ("x", "bad", "Failed", "This connection cannot be used."),
            ConnectionState::Unknown => (
                "clock",
                "neutral",
                "Not proved",
                "Nobody has asked the service yet whether it accepts this credential.",
            ),
        };
        Self {
            icon,
            tone,
            word,
            sentence,
        }
    }

    /// While no refresh succeeds and the token has ended.
    const ENDED: Self = Self {
        sentence: "The last refresh failed, and the access token has ended: calls fail until a refresh succeeds.",
        ..Self::of(ConnectionState::Degraded)
    };

    pub(super) const OFF: Self = Self {
        icon: "ban",
        tone: "neutral",
        word: "Switched off",
        sentence: "This connection was switched off: calls with its key are refused.",
    };
}

/// A connection in a list, or at the head of its page.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) href: String,
    /// What people know it by.
    pub(super) title: String,
    pub(super) service: String,
    pub(super) logo: Option<String>,
    pub(super) letter: String,
    pub(super) identity: String,
    /// The identity's name for people, where it has one besides.
    pub(super) whose: Option<String>,
    pub(super) state: StateWords,
    pub(super) why: Option<String>,
    pub(super) used: Option<When>,
    pub(super) created: When,
    pub(super) changed: When,
}

impl Row {
    pub(super) fn new(
        here: &Here,
        assets: &Assets,
        catalog: &Catalog,
        connection: &Connection,
        now: DateTime<Utc>,
    ) -> Self {
        let integration = catalog.get(&connection.integration);
        let service = integration.map_or_else(|| connection.integration.clone(), |one| one.name.clone());
        let names = [&connection.name, &connection.account_name, &connection.account_id];
        let best = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        Self {
            href: here.at(&format!("connections/{}", connection.id)),
            title: best.unwrap_or(&service).clone(),
            logo: integration
                .and_then(|one| one.logo.as_deref())
                .and_then(|name| assets.logo(name)),
            letter: service.chars().next().map(String::from).unwrap_or_default(),
            identity: connection
                .owner
                .identity
                .as_deref()
                .or(connection.owner.display())
                .unwrap_or("–")
                .to_owned(),
            whose: connection.owner.identity.as_ref().and(connection.owner.label.clone()),
            state: match connection.state {
                _ if !connection.active => StateWords::OFF,
                ConnectionState::Degraded if connection.expires_at.is_some_and(|end| end <= now) => StateWords::ENDED,
                state => StateWords::of(state),
            },
            why: connection
                .state_message
                .clone()
                .or_else(|| connection.state_reason.clone()),
            used: connection.last_used_at.map(|at| When::new(at, now)),
            created: When::new(connection.created_at, now),
            changed: When::new(connection.updated_at, now),
            service,
        }
    }

    /// Whose it is, as people say it: the name where there is one, else the id.
    pub(super) fn person(&self) -> &str {
        self.whose.as_ref().unwrap_or(&self.identity)
    }
}

/// How many connections are in a state.
#[derive(Debug)]
pub(super) struct Count {
    /// In groups of three digits.
    pub(super) number: String,
    pub(super) state: StateWords,
    pub(super) href: String,
}

/// `/console` of somebody without a project.
#[derive(Debug, Template)]
#[template(path = "console/nothing.html")]
pub(super) struct NothingPage<'a> {
    pub(super) nonce: &'a str,
    pub(super) assets: &'a Assets,
    pub(super) shell: Shell<'a>,
    pub(super) is_owner: bool,
}

/// How something that was asked for ended.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) tone: &'static str,
    pub(super) text: String,
    /// Where it leads, and what the link says.
    pub(super) way_on: Option<(String, &'static str)>,
}

impl Notice {
    pub(super) fn good(text: &str) -> Self {
        Self {
            tone: "good",
            text: text.to_owned(),
            way_on: None,
        }
    }

    pub(super) fn bad(text: &str) -> Self {
        Self {
            tone: "bad",
            text: text.to_owned(),
            way_on: None,
        }
    }

    pub(super) fn attention(text: &str) -> Self {
        Self {
            tone: "attention",
            text: text.to_owned(),
            way_on: None,
        }
    }

    /// The same with a link behind it.
    pub(super) fn leading(mut self, href: String, words: &'static str) -> Self {
        self.way_on = Some((href, words));
        self
    }
}

/// A browser that somebody is signed in with.
#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) browser: String,
    pub(super) address: String,
    pub(super) began: When,
    pub(super) seen: When,
    pub(super) ends: When,
    pub(super) is_this: bool,
}

/// One value of a list to choose from.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// A filter in force, and the address without it.
#[derive(Debug)]
pub(super) struct Chip {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) href: String,
}

/// Something that happened to a connection.
#[derive(Debug)]
pub(super) struct TimelineRow {
    pub(super) kind: String,
    pub(super) summary: String,
    /// How its deliveries stand; empty where nobody subscribes to it.
    pub(super) deliveries: Vec<Delivered>,
    pub(super) at: When,
}

/// `/console/{project}/{environment}/connections/{connection}`
#[derive(Debug, Template)]
#[template(path = "console/connection.html")]
pub(super) struct ConnectionPage<'a> {
    pub(super) nonce: &'a str,
    pub(super) assets: &'a Assets,
    pub(super) shell: Shell<'a>,
    pub(super) here: &'a Here,
    pub(super) notice: Option<Notice>,
    pub(super) row: Row,
    pub(super) id: String,
    pub(super) key: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) scopes: Option<&'a [String]>,
    pub(super) ends: Option<When>,
    pub(super) may_help: bool,
    pub(super) may_reveal: bool,
    /// The address of the connection in the API.
    pub(super) api: String,
    pub(super) edits: Edits,
    pub(super) timeline: Vec<TimelineRow>,
    pub(super) earlier: Option<String>,
    /// What was called through it, for whoever may see that.
    pub(super) recent: Option<Recent>,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn times_are_told_as_people_say_them() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        for (seconds, words) in [
            (0, "just now"),
            (-5, "now"),
            (-20, "in 20 seconds"),
            (60, "60 seconds ago"),
            (120, "2 minutes ago"),
            (59 * 60, "59 minutes ago"),
            (2 * 3_600, "2 hours ago"),
            (3 * 86_400, "3 days ago"),
            (-3_600, "in 60 minutes"),
            (-7_200, "in 2 hours"),
        ] {
            assert_eq!(When::new(now - TimeDelta::seconds(seconds), now).words, words);
        }
        assert_eq!(When::new(now, now).exact, "2024-10-04T00:00:00Z");
    }
}
