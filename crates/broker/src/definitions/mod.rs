//! Definitions of an operator's own, by the API: checked as a whole set, kept with their versions, and put in force on
//! every replica at its next look.

mod checked;
mod loaded;
mod trial;

use std::sync::{Arc, PoisonError};

use catalog::{Files, Loaded};
use serde::Serialize;
use serde_json::{Value, json};
use store::{
    AuditEntry, Change, DefinitionVersion, Environment, Expected, Membership, ProjectId, Role, StoredDefinition,
};

pub(crate) use self::loaded::LastLoaded;
pub use self::loaded::Replaced;
pub use self::trial::{Trial, TrialError, Tried};

use self::checked::file_of;
use self::loaded::versions_of;
use crate::operators::{Permission, Signed};
use crate::{Actor, Broker, Caller, Kind, Problem, Scope};

/// Longest document.
pub const DEFINITION_LIMIT: usize = 256 * 1024;

/// What is wrong with one whose tag is not the one of its text.
const DAMAGED: &str = "the row was changed in the database past this server: put the definition anew, or take it away";

/// The texts that definitions are loaded from, besides those in the database.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Those of the program.
    pub built_in: Files,
    /// Those of the server's folder.
    pub own: Option<Files>,
}

/// A definition as an operator sees it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionView {
    /// The integration.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `built-in`, `folder` or `api`.
    pub from: &'static str,
    /// Whether it takes the place of another.
    pub overrides: bool,
    /// Of one that came by the API.
    pub version: Option<i64>,
}

/// A definition with its text.
#[derive(Clone, Debug)]
pub struct DefinitionText {
    /// As a row shows it.
    pub view: DefinitionView,
    /// YAML or JSON, as it was sent; of others, laid over the family.
    pub document: String,
    /// The built-in one in whose place it stands.
    pub replaced: Option<Replaced>,
}

/// What came of a definition that was put.
#[derive(Clone, Debug)]
pub struct PutDefinition {
    /// The version in force; `None` for a trial.
    pub version: Option<i64>,
    /// As a row shows it.
    pub view: DefinitionView,
}

impl Broker {
    /// Says what definitions are loaded from.
    pub fn set_sources(&self, sources: Sources) {
        *self.0.sources.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sources);
    }

    /// What definitions are loaded from.
    pub fn sources(&self) -> Arc<Sources> {
        self.0.sources.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns when somebody changed a definition on this replica.
    pub async fn definition_changed(&self) {
        self.0.definition_changed.notified().await;
    }

    /// Loads all definitions with those of the database. Nothing is put in force.
    pub async fn load_definitions(&self) -> Result<Loaded, Problem> {
        let stored = self.store().stored_definitions().await?;
        self.load_with(stored).await
    }

    async fn load_with(&self, stored: Vec<StoredDefinition>) -> Result<Loaded, Problem> {
        let sources = self.sources();
        let (mut texts, mut damaged) = (Vec::new(), Vec::new());
        for one in stored {
            let file = file_of(&one.integration);
            match one.document {
                Some(text) => texts.push((file, text)),
                None => damaged.push(file),
            }
        }
        let files = damaged
            .iter()
            .fold(Files::new(texts), |files, file| files.with_unread(file, DAMAGED));
        // Reading all takes its time, which belongs to no other task.
        tokio::task::spawn_blocking(move || catalog::load_all(&sources.built_in, sources.own.as_ref(), &files))
            .await
            .map_err(|_| Problem::internal("The definitions could not be read."))
    }

    /// Loads all definitions anew and puts them in force. With a mistake in any, those of before stay, unless `at_start`:
    /// then there are none of before, and those with mistakes are left out. The mistakes.
    pub async fn reload_definitions(&self, at_start: bool) -> Result<Vec<catalog::Problem>, Problem> {
        // One after the other, so that what was read last is in force at the end.
        let _turn = self.0.reloading.lock().await;
        let last = self.load_anew().await?;
        let loaded = &last.loaded;
        for advice in &loaded.advice {
            tracing::warn!("a definition is in force, and would be refused if it were written now: {advice}");
        }
        if loaded.problems.is_empty() {
            self.replace_catalog(loaded.catalog.clone());
        } else {
            for problem in &loaded.problems {
                let what = if at_start {
                    "a definition is left out"
                } else {
                    "the definitions of before stay in force"
                };
                tracing::warn!("{what}: {problem}");
            }
            if at_start {
                self.replace_catalog(loaded.catalog.clone());
            }
            self.keep_catalog(loaded.problems.len());
        }
        Ok(loaded.problems.clone())
    }

    /// All definitions in force on this replica.
    ///
    /// # Errors
    /// The key may not; the database is away.
    pub async fn definitions(&self, caller: &Caller) -> Result<Vec<DefinitionView>, Problem> {
        self.require_operator(caller).await?;
        let stored = self.store().definition_versions_in_force().await?;
        let catalog = self.catalog();
        Ok(catalog.iter().map(|one| view(one, &stored)).collect())
    }

    /// One definition with its text.
    ///
    /// # Errors
    /// `not_found`; the key may not; the database is away.
    pub async fn definition(&self, caller: &Caller, id: &str) -> Result<DefinitionText, Problem> {
        self.require_operator(caller).await?;
        self.text_of(id).await
    }

    /// The same for an operator who builds with it, to read.
    ///
    /// # Errors
    /// `not_found`; the operator may not; the database is away.
    pub async fn definition_for(
        &self,
        signed: &Signed,
        (project, environment): (ProjectId, Environment),
        id: &str,
    ) -> Result<DefinitionText, Problem> {
        signed.caller(project, environment, Permission::Build)?;
        self.text_of(id).await
    }

    async fn text_of(&self, id: &str) -> Result<DefinitionText, Problem> {
        let last = self.last_loaded().await?;
        let integration = last.loaded.catalog.get(id).ok_or_else(unknown)?;
        let view = view(integration, &last.versions);
        let document = match view.version {
            Some(version) => self
                .store()
                .definition_version(id, version)
                .await?
                .ok_or_else(unknown)?,
            None => last
                .loaded
                .resolved
                .get(id)
                .map(catalog::Resolved::yaml)
                .unwrap_or_default(),
        };
        Ok(DefinitionText {
            replaced: self.replaced(&last, id).await?,
            view,
            document,
        })
    }

    /// Checks a definition beside all others, and puts it in force unless it is a trial.
    ///
    /// # Errors
    /// `definition_mistakes` with each mistake; `other_definitions_have_mistakes` with those; `definition_changed`,
    /// `version_needed`, `too_many_definitions`; the key may not; the database is away.
    pub async fn put_definition(
        &self,
        caller: &Caller,
        id: &str,
        document: String,
        expected: Option<Expected>,
        dry_run: bool,
    ) -> Result<PutDefinition, Problem> {
        self.require_operator(caller).await?;
        let stored = self.store().stored_definitions().await?;
        let mut versions = versions_of(&stored);
        let current = versions
            .iter()
            .find(|(other, _)| other == id)
            .map(|(_, version)| *version);
        let expected = match (expected, current) {
            (Some(expected), _) => expected,
            (None, None) => Expected::None,
            (None, Some(_)) if dry_run => Expected::Any,
            (None, Some(version)) => {
                return Err(Problem::new(
                    Kind::Conflict,
                    "version_needed",
                    format!(
                        "`{id}` is there already, as version {version}. Read it, and send `If-Match` with its `ETag`."
                    ),
                ));
            }
        };
        let (integration, base) = self.checked(id, &document, stored).await?;
        versions.retain(|(other, _)| other != id);
        if dry_run {
            return Ok(PutDefinition {
                version: None,
                view: view(&integration, &versions),
            });
        }
        let change = self
            .store()
            .put_definition(
                id,
                (&document, base.as_deref()),
                expected,
                entry(caller, "definition.put", id),
                |version| json!({ "version": version, "bytes": document.len() }),
            )
            .await?;
        let version = made(id, change)?;
        versions.push((id.to_owned(), version));
        self.0.definition_changed.notify_one();
        Ok(PutDefinition {
            version: Some(version),
            view: view(&integration, &versions),
        })
    }

    /// Takes a definition away.
    ///
    /// # Errors
    /// `definition_in_use` with the number of its connections, unless another definition of this id comes in its place;
    /// `definition_changed`; `not_found`; the key may not; the database is away.
    pub async fn remove_definition(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<Expected>,
    ) -> Result<i64, Problem> {
        self.require_operator(caller).await?;
        let mut stored = self.store().stored_definitions().await?;
        if !stored.iter().any(|one| one.integration == id) {
            return Err(unknown());
        }
        stored.retain(|one| one.integration != id);
        let others = self.load_with(stored).await?;
        let connections = self.store().connections_of_integration(id).await?;
        if connections > 0 && others.catalog.get(id).is_none() {
            return Err(Problem::new(
                Kind::Conflict,
                "definition_in_use",
                format!("{connections} connections use `{id}`, and nothing could be called through them without it. Delete them first."),
            )
            .with_meta(json!({ "connections": connections })));
        }
        let change = self
            .store()
            .remove_definition(
                id,
                expected.unwrap_or(Expected::Any),
                entry(caller, "definition.removed", id),
                |version| json!({ "version": version }),
            )
            .await?;
        let version = made(id, change)?;
        self.0.definition_changed.notify_one();
        Ok(version)
    }

    /// The versions that are kept, the newest first.
    ///
    /// # Errors
    /// `not_found`; the key may not; the database is away.
    pub async fn definition_versions(&self, caller: &Caller, id: &str) -> Result<Vec<DefinitionVersion>, Problem> {
        self.require_operator(caller).await?;
        let versions = self.store().definition_versions(id).await?;
        if versions.is_empty() {
            return Err(unknown());
        }
        Ok(versions)
    }

    /// The text of a version.
    ///
    /// # Errors
    /// `not_found`; the key may not; the database is away.
    pub async fn definition_version(&self, caller: &Caller, id: &str, version: i64) -> Result<String, Problem> {
        self.require_operator(caller).await?;
        let document = self.store().definition_version(id, version).await?;
        document.ok_or_else(|| Problem::not_found("This version"))
    }

    /// Puts an earlier version in force once more, as a new one.
    ///
    /// # Errors
    /// As reading the version and putting it.
    pub async fn restore_definition(
        &self,
        caller: &Caller,
        id: &str,
        version: i64,
        expected: Option<Expected>,
    ) -> Result<PutDefinition, Problem> {
        let document = self.definition_version(caller, id, version).await?;
        let expected = expected.unwrap_or(Expected::Any);
        self.put_definition(caller, id, document, Some(expected), false).await
    }

    /// Whether somebody may read and change definitions, which hold for the whole server.
    ///
    /// # Errors
    /// The database is away.
    pub async fn may_define(&self, caller: &Caller) -> Result<bool, Problem> {
        match self.require_operator(caller).await {
            Ok(()) => Ok(true),
            Err(problem) if problem.kind() == Kind::Forbidden => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// Definitions are those of the whole server, and a key is one of a project: where there are several projects, one of
    /// them is named for this. It is a key of `live`, since that is what changes.
    async fn require_operator(&self, caller: &Caller) -> Result<(), Problem> {
        caller.require(Scope::Admin)?;
        match caller.actor {
            Actor::CommandLine => return Ok(()),
            Actor::Operator(id) => {
                let memberships = self.store().memberships(id).await?;
                let owns_all = |one: &Membership| one.project.is_none() && one.role == Role::Owner;
                if memberships.iter().any(owns_all) {
                    return Ok(());
                }
            }
            Actor::Key(_) => {}
        }
        let refuse = |message: &str| Err(Problem::new(Kind::Forbidden, "not_the_operator", message));
        if caller.environment != Environment::Live {
            return refuse("Definitions hold for `live` as well. Use a key of `live`.");
        }
        let is_operator = match self.settings().operator_project {
            Some(project) => project == caller.project,
            None => self.store().project_count().await? <= 1,
        };
        if is_operator {
            return Ok(());
        }
        if matches!(caller.actor, Actor::Operator(_)) {
            return refuse(
                "Definitions hold for every project of this server. An owner of the server changes them, or whoever manages the project that `LATCHKEY_OPERATOR_PROJECT` names.",
            );
        }
        refuse(
            "Definitions hold for every project of this server. Use a key of the project that `LATCHKEY_OPERATOR_PROJECT` names, or `latchkey integrations push`.",
        )
    }
}

/// The id that a definition says it is of, whether or not it is right otherwise.
pub fn id_in(document: &str) -> Option<String> {
    catalog::id_of(&Files::new([("definition.yaml", document)]))
}

/// What the log says of a change; the version comes to it where it is made.
fn entry(caller: &Caller, action: &'static str, id: &str) -> AuditEntry<'static> {
    AuditEntry {
        project: Some(caller.project),
        environment: Some(caller.environment),
        action,
        actor: caller.actor(),
        subject: Some(format!("definition:{id}")),
        detail: &Value::Null,
    }
}

fn unknown() -> Problem {
    Problem::not_found("This definition")
}

fn made(id: &str, change: Change) -> Result<i64, Problem> {
    match change {
        Change::Made(version) => Ok(version),
        Change::Other(Some(version)) => Err(Problem::new(
            Kind::PreconditionFailed,
            "definition_changed",
            format!("`{id}` is version {version} by now. Read it, put your change in, and send it with that `ETag`."),
        )),
        Change::Other(None) => Err(Problem::new(
            Kind::PreconditionFailed,
            "definition_changed",
            format!("`{id}` is not there any more. Send it without `If-Match` to make it anew."),
        )),
        Change::Full => Err(Problem::new(
            Kind::Conflict,
            "too_many_definitions",
            "There are 500 definitions already, which is the most. Take away one that nobody uses.",
        )),
    }
}

fn view(integration: &catalog::Integration, stored: &[(String, i64)]) -> DefinitionView {
    let id = integration.id.as_str();
    let origin = &integration.origin;
    DefinitionView {
        id: id.to_owned(),
        name: integration.name.clone(),
        from: match (origin.built_in, origin.stored) {
            (true, _) => "built-in",
            (false, true) => "api",
            (false, false) => "folder",
        },
        overrides: origin.overrides,
        version: stored
            .iter()
            .find(|(other, _)| other == id && origin.stored)
            .map(|(_, version)| *version),
    }
}
