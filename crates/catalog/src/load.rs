//! From files to a catalog.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use crate::definition::Definition;
use crate::family::Families;
use crate::files::Files;
use crate::model::{Catalog, Integration};
use crate::problem::Problem;
use crate::report::{Place, Report};
use crate::schema::json_schema;
use crate::tree::Node;
use crate::{check, shape, tree};

/// What came of loading definitions: those that are right, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The definitions without a mistake.
    pub catalog: Catalog,
    /// The same as they are written, each laid over its family, by id.
    pub resolved: BTreeMap<String, Resolved>,
    /// The built-in ones that another took the place of, by id, as they are written.
    pub replaced: BTreeMap<String, Resolved>,
    /// Every mistake of every file.
    pub problems: Vec<Problem>,
    /// What was not asked of definitions before, and is of those that are written now. A server works with them all the
    /// same, so that an upgrade takes none away; where definitions are checked alone, these are mistakes too.
    pub advice: Vec<Problem>,
}

/// A definition as it is written, laid over the family that it extends. Defaults are not filled in.
#[derive(Clone, Debug)]
pub struct Resolved(Node);

impl Resolved {
    /// As JSON.
    pub fn json(&self) -> Value {
        self.0.json()
    }

    /// As YAML, with its keys in the order of the file and those of the family behind. Comments are gone.
    pub fn yaml(&self) -> String {
        let options = serde_saphyr::ser_options! { prefer_block_scalars: true };
        // A tree of texts, numbers, lists and mappings can always be written.
        serde_saphyr::to_string_with_options(&self.0, options).unwrap_or_default()
    }
}

/// Whose families can be extended beside those of the files themselves.
#[derive(Clone, Copy)]
enum Beside<'a> {
    /// Nobody's.
    Nothing,
    /// Those of the built-in definitions; their names are taken.
    BuiltIn(&'a Files),
    /// The same, where the files have none of this name: they may be the built-in ones themselves.
    Absent(&'a Files),
}

/// What has to be settled before a definition is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// Mistakes, and what is asked of those that are written now.
    All,
    /// Mistakes.
    Mistakes,
}

/// Loads the definitions of a folder alone, in the order of their names, with the families in it. A file with a mistake is
/// left out and reported; the others are loaded. The error is the directory's, when it cannot be read.
pub fn load_directory(path: &Path) -> std::io::Result<Loaded> {
    Ok(load_files(&Files::read(path)?, Beside::Nothing, Settled::All))
}

/// The id that a single definition says it is of, whether or not it is right otherwise.
pub fn id_of(files: &Files) -> Option<String> {
    let (_, text) = files.definitions.first()?;
    let node = tree::read(text).ok()?;
    node.json()["id"].as_str().map(ToOwned::to_owned)
}

/// Loads definitions from their texts, each with the name of its file; those under `families/` are families.
pub fn load_sources<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Loaded {
    load_files(&Files::new(files), Beside::Nothing, Settled::All)
}

/// Loads some definitions alone; they may extend families of the built-in ones too.
pub fn load_beside(built_in: &Files, files: &Files) -> Loaded {
    load_files(files, Beside::Absent(built_in), Settled::All)
}

/// Loads what a server works with: the built-in definitions, and an operator's own. One of those takes the place of a
/// built-in one where it says `overrides: true`, and only there.
pub fn load(built_in: &Files, own: Option<&Files>) -> Loaded {
    load_all(built_in, own, &Files::default())
}

/// The same with definitions that came by the API, each in a file of its id, which take the place of any other where they
/// say so. They may extend built-in families and no others, so that they mean the same on every replica, whatever folder it
/// has. Where one has a mistake, there is none of its id.
pub fn load_all(built_in: &Files, own: Option<&Files>, stored: &Files) -> Loaded {
    let mut all = load_files(built_in, Beside::Nothing, Settled::Mistakes);
    for integration in all.catalog.by_id.values_mut() {
        if let Some(integration) = Arc::get_mut(integration) {
            integration.origin.built_in = true;
        }
    }
    if let Some(own) = own {
        lay_over(
            &mut all,
            load_files(own, Beside::BuiltIn(built_in), Settled::Mistakes),
            false,
        );
    }
    if !(stored.definitions.is_empty() && stored.unread.is_empty()) {
        lay_over(
            &mut all,
            load_files(stored, Beside::BuiltIn(built_in), Settled::Mistakes),
            true,
        );
        withhold(&mut all, stored);
    }
    all
}

/// Where a definition that came by the API drops out, no other takes its id: connections would be served by a definition
/// that an operator replaced, and perhaps at other addresses.
fn withhold(all: &mut Loaded, stored: &Files) {
    let files = stored.definitions.iter().map(|(file, _)| file);
    let files = files.chain(stored.unread.iter().map(|problem| &problem.file));
    for id in files.filter_map(|file| Path::new(file).file_stem()?.to_str()) {
        if all.catalog.get(id).is_some_and(|found| !found.origin.stored) {
            all.catalog.by_id.remove(id);
            all.resolved.remove(id);
        }
    }
}

/// Lays definitions over others. They take the place of one only on purpose.
fn lay_over(all: &mut Loaded, mut own: Loaded, stored: bool) {
    for (id, mut integration) in std::mem::take(&mut own.catalog.by_id) {
        let other = all.catalog.by_id.get(&id);
        let taken = other.is_some_and(|other| stored || other.origin.built_in);
        let place = match other {
            Some(other) if !other.origin.built_in => format!("in the server's folder ({})", other.origin.file),
            _ => "built in".to_owned(),
        };
        let is_ours = ["sandbox", "sandbox-sites"].contains(&id.as_str());
        let message = match (taken, integration.origin.overrides) {
            (true, _) if stored && is_ours => Some(format!("`{id}` is part of the program: choose another id")),
            (true, false) => Some(format!(
                "`{id}` is {place}: write `overrides: true` to take its place, or choose another id"
            )),
            // The folder of another replica may have it.
            (false, true) if stored => None,
            (false, true) => Some(format!("there is no built-in `{id}` to override: take `overrides` out")),
            _ => None,
        };
        let resolved = own.resolved.remove(&id);
        let message = message.or_else(|| resolved.as_ref().filter(|_| stored).and_then(of_the_program));
        if let Some(message) = message {
            let key = if taken { "id" } else { "overrides" };
            if let Some(Resolved(node)) = &resolved {
                let mut report = Report::new(&integration.origin.file, node);
                report.add(&Place::default().key(key), message);
                own.problems.append(&mut report.problems);
            }
            continue;
        }
        if let Some(integration) = Arc::get_mut(&mut integration) {
            integration.origin.stored = stored;
        }
        if let (Some(before), true) = (
            all.resolved.remove(&id),
            other.is_some_and(|other| other.origin.built_in),
        ) {
            all.replaced.insert(id.clone(), before);
        }
        all.resolved.extend(resolved.map(|resolved| (id.clone(), resolved)));
        all.catalog.by_id.insert(id, integration);
    }
    all.problems.append(&mut own.problems);
    all.advice.append(&mut own.advice);
}

/// What only definitions of the program may name.
fn of_the_program(resolved: &Resolved) -> Option<String> {
    fn names_it(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains("instance.sandbox_url"),
            Value::Array(items) => items.iter().any(names_it),
            Value::Object(entries) => entries
                .iter()
                .any(|(key, value)| key.contains("instance.sandbox_url") || names_it(value)),
            _ => false,
        }
    }
    names_it(&resolved.json())
        .then(|| "`instance.sandbox_url` is the program's own service: no other definition can call it".to_owned())
}

fn load_files(files: &Files, beside: Beside<'_>, settled: Settled) -> Loaded {
    let schema = json_schema();
    let mut loaded = Loaded {
        problems: files.unread.clone(),
        ..Loaded::default()
    };
    let mut families = Families::default();
    // The mistakes of others are told where they are loaded themselves.
    if let Beside::BuiltIn(built_in) = beside {
        families = families.read(built_in, &schema, &mut Vec::new());
    }
    families = families.read(files, &schema, &mut loaded.problems);
    if let Beside::Absent(built_in) = beside {
        families = families.read(built_in, &schema, &mut Vec::new());
    }
    let mut defined_in: BTreeMap<String, &str> = BTreeMap::new();
    for (file, text) in &files.definitions {
        let own = match tree::read(text) {
            Ok(node) => node,
            Err(unreadable) => {
                loaded.problems.push(unreadable.problem(file));
                continue;
            }
        };
        let mut report = Report::new(file, &own);
        let base = families.of(&own, &mut report);
        let mut found = std::mem::take(&mut report.problems);
        if let Ok(base) = base {
            let node = match base {
                None => own,
                Some(base) => base.under(own),
            };
            let mut report = Report::new(file, &node).of_family(base.map_or(file, |base| base.file));
            let right = definition(&schema, &node, &mut report);
            if let Some(integration) = &right
                && let Some(other) = defined_in.get(integration.id.as_str())
            {
                let id = integration.id.as_str();
                let message = format!("the id `{id}` is taken by {other}: ids are unique");
                report.add(&Place::default().key("id"), message);
            }
            found.append(&mut report.problems);
            match settled {
                Settled::All => found.append(&mut report.advice),
                Settled::Mistakes => loaded.advice.append(&mut report.advice),
            }
            if let Some(mut integration) = right.filter(|_| found.is_empty()) {
                let id = integration.id.as_str().to_owned();
                integration.origin.file.clone_from(file);
                integration.origin.fingerprint = fingerprint(&node.json());
                defined_in.insert(id.clone(), file);
                loaded.resolved.insert(id.clone(), Resolved(node));
                loaded.catalog.by_id.insert(id, Arc::new(integration));
            }
        }
        found.sort_by_key(|problem| (problem.line, problem.column));
        // What is wrong in a family is wrong in each of its members, and told once.
        found.retain(|problem| !loaded.problems.iter().any(|other| problem.is_told_by(other)));
        loaded.problems.append(&mut found);
    }
    loaded
}

fn fingerprint(json: &Value) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    json.to_string().hash(&mut hasher);
    hasher.finish()
}

fn definition(schema: &Value, node: &Node, report: &mut Report<'_>) -> Option<Integration> {
    let json = shape::compare(schema, node, report);
    match Definition::deserialize(&json) {
        Ok(definition) => check::definition(definition, &json, report),
        Err(error) => {
            // Its cause was reported with its line already, unless schema and types disagree.
            if report.problems.is_empty() {
                report.add(&Place::default(), error.to_string());
            }
            None
        }
    }
}
