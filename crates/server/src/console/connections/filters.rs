//! What the address of the list asks for.

use broker::{Broker, ConnectionId, ConnectionSearch, ConnectionState, LastUse};
use chrono::TimeDelta;

use super::super::listing::{self, Filter, Whom, behind, one_of};
use super::super::operator::Here;
use super::super::pages::StateWords;
use crate::paging::Query;
use crate::problems::Problem;

/// When a connection was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Used {
    Never,
    NotFor30Days,
    NotFor90Days,
}

impl Used {
    pub(super) const ALL: [Self; 3] = [Self::Never, Self::NotFor30Days, Self::NotFor90Days];

    /// In the address, and for people.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Never => ("never", "Never"),
            Self::NotFor30Days => ("30", "Not in the last 30 days"),
            Self::NotFor90Days => ("90", "Not in the last 90 days"),
        }
    }

    const fn search(self) -> LastUse {
        match self {
            Self::Never => LastUse::Never,
            Self::NotFor30Days => LastUse::NotFor(TimeDelta::days(30)),
            Self::NotFor90Days => LastUse::NotFor(TimeDelta::days(90)),
        }
    }
}

/// How a connection's switch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(super) const ALL: [Self; 2] = [Self::On, Self::Off];

    /// In the address, and for people.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::On => ("on", "Switched on"),
            Self::Off => ("off", "Switched off"),
        }
    }
}

/// A state in the address, and for people.
pub(super) const fn state_words(state: ConnectionState) -> (&'static str, &'static str) {
    (state.as_str(), StateWords::of(state).word)
}

/// What an address asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters {
    pub(super) text: Option<String>,
    pub(super) integration: Option<String>,
    pub(super) state: Option<ConnectionState>,
    pub(super) whom: Option<Whom>,
    pub(super) account: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) used: Option<Used>,
    pub(super) switch: Option<Switch>,
    pub(super) before: Option<ConnectionId>,
}

impl Filters {
    /// Reads the address.
    pub(super) fn read(broker: &Broker, here: &Here, query: &Query) -> Result<Self, Problem> {
        let text = |name| Ok::<_, Problem>(listing::text(query, name)?.map(ToOwned::to_owned));
        let state = query.get("state").map(str::parse).transpose();
        let used = query.get("used");
        let used = used.map(|value| one_of(&Used::ALL, value, "used", |used| used.words().0));
        let switch = query.get("active");
        let switch = switch.map(|value| one_of(&Switch::ALL, value, "active", |switch| switch.words().0));
        Ok(Self {
            text: text("q")?,
            integration: text("integration")?,
            state: state.map_err(Problem::bad_request)?,
            whom: Whom::read(broker, here, query)?,
            account: text("account")?,
            tag: text("tag")?,
            scope: text("scope")?,
            used: used.transpose()?,
            switch: switch.transpose()?,
            before: behind(query, "before", "a connection")?,
        })
    }

    /// What the broker is asked for.
    pub(super) fn search(&self, limit: i64) -> ConnectionSearch {
        ConnectionSearch {
            text: self.text.clone(),
            integration: self.integration.clone(),
            state: self.state,
            identity: self.whom.as_ref().map(|whom| whom.identity.id.clone()),
            identity_type: self.whom.as_ref().and_then(Whom::kind),
            account: self.account.clone(),
            tag: self.tag.clone(),
            scope: self.scope.clone(),
            active: self.switch.map(|switch| switch == Switch::On),
            used: self.used.map(Used::search),
            before: self.before,
            limit,
        }
    }

    /// The filters as addresses have them; `name_of` names an integration.
    pub(super) fn shown(&self, name_of: impl Fn(&str) -> String) -> listing::Filters {
        let plain = |name, title, value: &Option<String>| Filter::plain(name, title, value.as_deref());
        let integration = self.integration.as_deref();
        listing::Filters::of(
            "connections",
            [
                plain("q", "Search", &self.text),
                Filter::worded("integration", "Integration", integration.map(|id| (id, name_of(id)))),
                Filter::worded("state", "State", self.state.map(state_words)),
                Filter::worded("who", "Identity", self.whom.as_ref().map(Whom::filter)),
                plain("account", "Account", &self.account),
                plain("tag", "Tag", &self.tag),
                plain("scope", "Scope", &self.scope),
                Filter::worded("used", "Last used", self.used.map(Used::words)),
                Filter::worded("active", "Switch", self.switch.map(Switch::words)),
            ],
        )
    }

    /// The query of an address that asks for the same.
    pub(super) fn query(&self) -> String {
        let filters = self.shown(ToOwned::to_owned);
        match self.before {
            Some(id) => filters.query_behind("before", &id.to_string()),
            None => filters.query(),
        }
    }

    /// An address that asks for the same.
    pub(super) fn address(&self, here: &Here) -> String {
        listing::with_query(here.at("connections"), &self.query())
    }

    /// Whether one of the filters behind "More filters" is in force.
    pub(super) fn has_more(&self) -> bool {
        [&self.account, &self.tag, &self.scope].into_iter().any(Option::is_some)
            || self.whom.is_some()
            || self.used.is_some()
            || self.switch.is_some()
    }
}
