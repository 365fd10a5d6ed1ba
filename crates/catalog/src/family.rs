//! Families: what several definitions share, and how a definition is laid over its family.
//!
//! Mappings are merged key by key; a list, a text, a number of the definition replaces the family's; a key that the
//! definition sets to nothing (`null`) is taken away. Three lists have entries with a name, and are merged entry by entry:
//! `auth` by `id` (the kind, where there is none), `actions` by `id`, `sources` by address. Entries of the definition stand
//! first, in its order; those of the family that it does not name follow.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::is_id;
use crate::files::Files;
use crate::problem::Problem;
use crate::report::{Place, Report};
use crate::tree::{Content, Key, Node};
use crate::{shape, suggest, tree};

/// What a definition says for itself, and a family cannot say for it.
const OWN: [&str; 7] = [
    "id",
    "name",
    "description",
    "extends",
    "overrides",
    "confidence",
    "unconfirmed",
];

/// The families that definitions may extend, by name.
#[derive(Default)]
pub(crate) struct Families<'a> {
    by_name: BTreeMap<&'a str, Family<'a>>,
}

struct Family<'a> {
    file: &'a str,
    /// `None` for one with mistakes, which were reported.
    node: Option<Node>,
}

impl<'a> Families<'a> {
    /// Reads the families of some files; `known` are those that are there already, whose names are taken.
    pub(crate) fn read(mut self, files: &'a Files, schema: &Value, problems: &mut Vec<Problem>) -> Self {
        for (file, text) in &files.families {
            let name = name_of(file);
            let before = problems.len();
            let node = match tree::read(text) {
                Ok(node) => Some(node),
                Err(unreadable) => {
                    problems.push(unreadable.problem(file));
                    None
                }
            };
            if let Some(node) = &node {
                let mut report = Report::new(file, node);
                self.check(name, node, schema, &mut report);
                problems.append(&mut report.problems);
            }
            let node = node.filter(|_| problems.len() == before).map(|mut node| {
                node.move_to_family();
                node
            });
            self.by_name.entry(name).or_insert(Family { file, node });
        }
        self
    }

    fn check(&self, name: &str, node: &Node, schema: &Value, report: &mut Report<'_>) {
        let root = Place::default();
        if !is_id(name) {
            let message = format!("`{name}` is no name of a family: lower-case letters, digits and single hyphens");
            report.add(&root, message);
        }
        if let Some(other) = self.by_name.get(name) {
            let message = format!(
                "there is a family `{name}` already ({}): name the file otherwise",
                other.file
            );
            report.add(&root, message);
        }
        for key in OWN.iter().filter(|key| node.get(key).is_some()) {
            let message = match *key {
                "extends" => "a family extends no other: write out what it needs".to_owned(),
                key => format!("`{key}` belongs to one definition: take it out of the family"),
            };
            report.add(&root.key(key), message);
        }
        shape::compare_part(schema, node, report);
    }

    /// The family that a definition names; one that cannot be had is reported.
    pub(crate) fn of(&self, own: &Node, report: &mut Report<'_>) -> Result<Option<Base<'_>>, Reported> {
        let Some(named) = own.get("extends") else {
            return Ok(None);
        };
        let place = Place::default().key("extends");
        let Some(name) = named.text() else {
            let message = format!("expected the name of a family, found {}", named.content.describe());
            report.add(&place, message);
            return Err(Reported);
        };
        let Some(family) = self.by_name.get(name) else {
            let known: Vec<&str> = self.by_name.keys().copied().collect();
            let message = match known.as_slice() {
                [] => format!("there is no family `{name}`: write `families/{name}.yaml`"),
                known => format!("there is no family `{name}`; there is {}", known.join(", ")),
            };
            report.add_with(&place, message, suggest::nearest(name, known));
            return Err(Reported);
        };
        let Some(node) = &family.node else {
            let message = format!("the family `{name}` has mistakes of its own, in {}", family.file);
            report.add(&place, message);
            return Err(Reported);
        };
        Ok(Some(Base {
            file: family.file,
            node,
        }))
    }
}

/// A family that a definition extends.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    /// Its file.
    pub(crate) file: &'a str,
    node: &'a Node,
}

impl Base<'_> {
    /// The definition laid over the family.
    pub(crate) fn under(self, mut own: Node) -> Node {
        if let Content::Map(entries) = &mut own.content {
            entries.retain(|(key, _)| key.name != "extends");
        }
        merged(self.node, own, true)
    }
}

/// What went wrong is in the report.
pub(crate) struct Reported;

/// `families/google.yaml` holds the family `google`.
fn name_of(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(name, _)| name)
}

fn merged(base: &Node, own: Node, is_root: bool) -> Node {
    let position = own.position;
    let content = match (&base.content, own.content) {
        (Content::Map(theirs), Content::Map(ours)) => Content::Map(merged_keys(theirs, ours, is_root)),
        (_, content) => content,
    };
    Node { position, content }
}

fn merged_keys(theirs: &[(Key, Node)], ours: Vec<(Key, Node)>, is_root: bool) -> Vec<(Key, Node)> {
    let mut keys: Vec<(Key, Node)> = Vec::with_capacity(theirs.len() + ours.len());
    let rest = theirs
        .iter()
        .filter(|(key, _)| !ours.iter().any(|(other, _)| other.name == key.name));
    let rest: Vec<(Key, Node)> = rest.cloned().collect();
    for (key, value) in ours {
        let base = theirs
            .iter()
            .find(|(other, _)| other.name == key.name)
            .map(|(_, base)| base);
        match (base, &value.content) {
            (None, _) => keys.push((key, value)),
            (Some(_), Content::Null) => {}
            (Some(base), _) => {
                let name_of_entry = is_root.then(|| entry_name(&key.name)).flatten();
                let value = match name_of_entry {
                    Some(name) => merged_entries(base, value, name),
                    None => merged(base, value, false),
                };
                keys.push((key, value));
            }
        }
    }
    keys.extend(rest);
    keys
}

/// How an entry of a list is called.
type EntryName = fn(&Node) -> Option<&str>;

/// The lists whose entries have a name.
fn entry_name(list: &str) -> Option<EntryName> {
    match list {
        "auth" => Some(|entry| entry.get("id").or_else(|| entry.get("kind"))?.text()),
        "actions" => Some(|entry| entry.get("id")?.text()),
        "sources" => Some(|entry| entry.text().or_else(|| entry.get("url")?.text())),
        _ => None,
    }
}

fn merged_entries(base: &Node, own: Node, name: EntryName) -> Node {
    let (Content::List(theirs), position) = (&base.content, own.position) else {
        return own;
    };
    let ours = match own.content {
        Content::List(ours) => ours,
        content => return Node { position, content },
    };
    let same = |left: &Node, right: &Node| name(left).is_some_and(|text| name(right) == Some(text));
    let rest = theirs.iter().filter(|base| !ours.iter().any(|own| same(base, own)));
    let rest: Vec<Node> = rest.cloned().collect();
    let over = |own: Node| match theirs.iter().find(|base| same(base, &own)) {
        // Of another kind it is another way to sign in, and has the same id by mistake.
        Some(base) if !differ(base, &own, "kind") => merged(base, own, false),
        _ => own,
    };
    let mut entries: Vec<Node> = ours.into_iter().map(over).collect();
    entries.extend(rest);
    Node {
        position,
        content: Content::List(entries),
    }
}

fn differ(left: &Node, right: &Node, key: &str) -> bool {
    match (left.get(key).and_then(Node::text), right.get(key).and_then(Node::text)) {
        (Some(left), Some(right)) => left != right,
        _ => false,
    }
}
