//! The pages that the navigation leads to.

use broker::Permission;

use super::operator::Here;
use super::search::begins;

/// A page that has a place in the navigation, or is a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Home,
    Connections,
    Identities,
    Sessions,
    Links,
    Embedders,
    Integrations,
    Branding,
    Embed,
    Keys,
    Webhooks,
    Requests,
    Team,
    Audit,
    Projects,
    System,
    /// The operator's own; not in the navigation.
    Account,
    /// What the box in the top bar finds.
    Search,
    /// A page that stands for another, or for none.
    Elsewhere,
}

/// A line of the navigation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    section: Section,
    /// Under the place.
    path: &'static str,
    pub(super) icon: &'static str,
    pub(super) word: &'static str,
    needs: Permission,
}

const fn entry(
    section: Section,
    path: &'static str,
    icon: &'static str,
    word: &'static str,
    needs: Permission,
) -> Entry {
    Entry {
        section,
        path,
        icon,
        word,
        needs,
    }
}

use Permission::{Build, Help, Manage, Own, See};

/// Groups with their titles.
const GROUPS: [(&str, &[Entry]); 4] = [
    (
        "",
        &[
            entry(Section::Home, "", "house", "Home", See),
            entry(Section::Connections, "connections", "plug", "Connections", See),
            entry(Section::Identities, "identities", "users-round", "Identities", See),
            entry(Section::Sessions, "sessions", "activity", "Sessions", See),
            entry(Section::Links, "links", "link", "Links", See),
        ],
    ),
    (
        "Product",
        &[
            entry(
                Section::Integrations,
                "integrations",
                "layout-grid",
                "Integrations",
                See,
            ),
            entry(Section::Branding, "branding", "palette", "Branding", See),
            entry(Section::Embedders, "embedders", "shield-alert", "Embedders", See),
        ],
    ),
    (
        "Developers",
        &[
            entry(Section::Embed, "embed", "code", "Embed", See),
            entry(Section::Keys, "keys", "key-round", "API keys", Build),
            entry(Section::Webhooks, "webhooks", "webhook", "Webhooks", Build),
            entry(Section::Requests, "requests", "scroll-text", "Requests", Build),
        ],
    ),
    (
        "Organisation",
        &[
            entry(Section::Team, "team", "users", "Team", See),
            entry(Section::Audit, "audit", "history", "Audit log", Manage),
            entry(Section::Projects, "projects", "folder", "Projects", See),
            entry(Section::System, "system", "server", "System", Own),
        ],
    ),
];

/// Pages that others lead to, and that people look for by name.
const INNER: [(&str, &str, Permission); 6] = [
    ("Roles", "team/roles", See),
    ("Settings of the project", "projects/settings", Manage),
    ("Add connection", "add-connection", Help),
    ("Definitions", "definitions", Manage),
    ("New API key", "keys/new", Build),
    ("New webhook", "webhooks/new", Build),
];

/// A group of lines that this operator has a use for.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
}

/// A line, as a page shows it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) entry: Entry,
    pub(super) href: String,
    pub(super) is_here: bool,
}

/// What stands beside a page of a place.
pub(super) fn groups(here: &Here, section: Section) -> Vec<Group> {
    let shown = |entries: &[Entry]| {
        let lines = entries.iter().filter(|entry| here.may(entry.needs)).map(|entry| Line {
            href: here.at(entry.path),
            is_here: entry.section == section,
            entry: *entry,
        });
        lines.collect::<Vec<_>>()
    };
    let groups = GROUPS.iter().map(|(title, entries)| Group {
        title,
        lines: shown(entries),
    });
    groups.filter(|group| !group.lines.is_empty()).collect()
}

/// Pages whose name begins so, of those that this operator has a use for.
pub(super) fn found(here: &Here, start: &str) -> impl Iterator<Item = (&'static str, String)> {
    let mut pages = Vec::new();
    for entry in GROUPS.iter().flat_map(|(_, entries)| entries.iter()) {
        if here.may(entry.needs) && begins(&entry.word.to_lowercase(), start) {
            pages.push((entry.word, here.at(entry.path)));
        }
    }
    for (word, path, needs) in INNER {
        if here.may(needs) && begins(&word.to_lowercase(), start) {
            pages.push((word, here.at(path)));
        }
    }
    pages.into_iter()
}

/// The section of a path under a place, by its first part.
pub(super) fn at(path: &str) -> Option<Section> {
    let mut all = GROUPS.iter().flat_map(|(_, entries)| entries.iter());
    all.find(|entry| entry.path == path).map(|entry| entry.section)
}

/// The path of a section under a place.
pub(super) fn path(section: Section) -> Option<&'static str> {
    let mut all = GROUPS.iter().flat_map(|(_, entries)| entries.iter());
    all.find(|entry| entry.section == section).map(|entry| entry.path)
}
