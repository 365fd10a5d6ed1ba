//! The audit log, for those who may read it.

use std::collections::HashMap;

use serde_json::Value;
use store::{AuditEntry, AuditId, AuditLine, AuditSearch, AuditTail, ConnectionTitle, Page, ProjectId};
use uuid::Uuid;

use crate::export_turns::ExportTurn;
use crate::operators::Signed;
use crate::{Broker, Caller, Kind, Problem, Scope};

/// Most lines of one export.
pub const EXPORTED_LINES: usize = 100_000;
/// Lines that are read for it at once.
const EXPORTED_AT_ONCE: i64 = 1_000;

/// A page of the audit log.
#[derive(Debug)]
pub struct AuditPage {
    /// The newest first.
    pub lines: Vec<AuditLine>,
    /// Before which line the next page begins.
    pub next: Option<AuditId>,
}

/// How far an export is.
#[derive(Debug)]
pub struct AuditExport {
    turn: ExportTurn,
    part: AuditPart,
    search: AuditSearch,
    left: usize,
    is_over: bool,
}

/// Whose part of the log is read.
#[derive(Clone, Debug)]
pub enum AuditPart {
    /// A project's, in both environments.
    Project(Caller),
    /// What belongs to no project: who signed in, who was switched off, what concerns the whole server.
    Server(Signed),
}

impl AuditPart {
    /// The project, where there is one.
    fn project(&self) -> Result<Option<ProjectId>, Problem> {
        match self {
            Self::Project(caller) => {
                caller.require(Scope::Admin)?;
                caller.require_whole_project()?;
                Ok(Some(caller.project))
            }
            Self::Server(signed) if signed.is_owner() => Ok(None),
            Self::Server(_) => Err(Problem::new(
                Kind::Forbidden,
                "missing_permission",
                "To read what concerns the whole server takes the role owner. Ask an owner of this server.",
            )),
        }
    }

    fn actor(&self) -> String {
        match self {
            Self::Project(caller) => caller.actor(),
            Self::Server(signed) => signed.actor(),
        }
    }
}

/// What those who act in some lines, and what they act upon, are called.
#[derive(Clone, Debug, Default)]
pub struct AuditNames(HashMap<String, String>);

impl AuditNames {
    /// The name of an operator, key, connection, app or webhook, where it is still there.
    pub fn get(&self, actor: &str) -> Option<&str> {
        self.0.get(actor).map(String::as_str)
    }
}

/// The ids of one kind of actor, as `key`.
fn ids(lines: &[AuditLine], kind: &str) -> Vec<Uuid> {
    let texts = lines
        .iter()
        .flat_map(|line| [Some(line.actor.as_str()), line.subject.as_deref()])
        .flatten();
    let mut ids: Vec<Uuid> = texts
        .filter_map(|text| text.strip_prefix(kind)?.strip_prefix(':')?.parse().ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Connections that lines about credentials name, without a kind before: by id, or by the key of one that is not there yet
/// or was taken along.
fn credentials(lines: &[AuditLine]) -> (Vec<Uuid>, Vec<String>) {
    let subjects = lines.iter().filter_map(|line| line.subject.as_deref());
    let (keys, others): (Vec<&str>, Vec<&str>) = subjects.partition(|subject| is_connection_key(subject));
    (
        others.into_iter().filter_map(|id| id.parse().ok()).collect(),
        keys.into_iter().map(ToOwned::to_owned).collect(),
    )
}

/// Whether what a line of the log was done to is a connection's key, as `test::gmail::default::1`; others have their kind
/// before a colon.
pub fn is_connection_key(subject: &str) -> bool {
    subject.split_once(':').is_some_and(|(_, rest)| rest.starts_with(':'))
}

/// What a connection is called in a line: its service, what people know it by, and whose it is.
fn called(service: &str, connection: &ConnectionTitle) -> String {
    match (&connection.title, &connection.person) {
        (Some(title), Some(person)) if title != person => format!("{service}: {title} of {person}"),
        (Some(title), _) => format!("{service}: {title}"),
        (None, Some(person)) => format!("{service} of {person}"),
        (None, None) => format!("a connection to {service}"),
    }
}

impl Broker {
    /// Lines that fit, the newest first.
    pub async fn audit_page(&self, part: &AuditPart, mut search: AuditSearch) -> Result<AuditPage, Problem> {
        search.project = part.project()?;
        let limit = search.limit.clamp(1, 1_000);
        search.limit = limit + 1;
        let lines = self.store().search_audit(&search).await?;
        let Page { rows: lines, next } = Page::cut(lines, limit, |line| line.id);
        Ok(AuditPage { lines, next })
    }

    /// What was ever done here, by name.
    pub async fn audit_actions(&self, part: &AuditPart) -> Result<Vec<String>, Problem> {
        Ok(self.store().audit_actions(part.project()?).await?)
    }

    /// What those who act in these lines are called; operators and keys that are acted upon, too.
    pub async fn audit_names(&self, part: &AuditPart, lines: &[AuditLine]) -> Result<AuditNames, Problem> {
        let mut names = HashMap::new();
        let operators = ids(lines, "operator");
        if !operators.is_empty() {
            let found = self.store().operator_names(&operators).await?;
            names.extend(found.into_iter().map(|(id, name)| (format!("operator:{id}"), name)));
        }
        if let Some(project) = part.project()? {
            let keys = ids(lines, "key");
            if !keys.is_empty() {
                let found = self.store().api_key_names(project, &keys).await?;
                names.extend(found.into_iter().map(|(id, name)| (format!("key:{id}"), name)));
            }
        }
        Ok(AuditNames(names))
    }

    /// These, and what the connections, apps and webhooks of some lines are called.
    pub async fn audit_page_names(&self, part: &AuditPart, lines: &[AuditLine]) -> Result<AuditNames, Problem> {
        let mut names = self.audit_names(part, lines).await?;
        if let Some(project) = part.project()? {
            names.0.extend(self.names_of_things(project, lines).await?);
        }
        Ok(names)
    }

    /// What the connections, apps and webhooks of some lines are called.
    async fn names_of_things(&self, project: ProjectId, lines: &[AuditLine]) -> Result<Vec<(String, String)>, Problem> {
        let catalog = self.catalog();
        let service = |id: &str| catalog.get(id).map_or_else(|| id.to_owned(), |one| one.name.clone());
        let mut names = Vec::new();
        let (alone, keys) = credentials(lines);
        let connections = [ids(lines, "connection"), alone].concat();
        if !connections.is_empty() || !keys.is_empty() {
            let found = self.store().connection_titles(project, &connections, &keys).await?;
            for one in found {
                let name = called(&service(&one.integration), &one);
                names.push((format!("connection:{}", one.id), name.clone()));
                names.push((one.id.to_string(), name.clone()));
                names.push((one.key, name));
            }
        }
        let apps = ids(lines, "app");
        if !apps.is_empty() {
            let found = self.store().app_integrations(project, &apps).await?;
            names.extend(
                found
                    .into_iter()
                    .map(|(id, integration)| (format!("app:{id}"), format!("app of {}", service(&integration)))),
            );
        }
        let endpoints = ids(lines, "webhook");
        if !endpoints.is_empty() {
            let found = self.store().endpoint_urls(project, &endpoints).await?;
            names.extend(
                found
                    .into_iter()
                    .map(|(id, url)| (format!("webhook:{id}"), format!("webhook to {url}"))),
            );
        }
        Ok(names)
    }

    /// Whether the newest chained entries of a project are as they were written. Nothing for the whole server: no chain.
    pub async fn audit_tail(&self, part: &AuditPart) -> Result<Option<AuditTail>, Problem> {
        match part.project()? {
            Some(project) => Ok(Some(self.store().verify_audit_tail(project).await?)),
            None => Ok(None),
        }
    }

    /// Begins an export, after the log says that it leaves the server: in which form, and with which filters.
    ///
    /// # Errors
    /// A permission is missing; `export_running` (429) while two others are written, or one of theirs.
    pub async fn begin_audit_export(
        &self,
        part: AuditPart,
        search: AuditSearch,
        what: &Value,
    ) -> Result<AuditExport, Problem> {
        let project = part.project()?;
        let turn = self.export_turns().take(part.actor())?;
        let entry = AuditEntry {
            project,
            environment: None,
            action: "audit.exported",
            actor: part.actor(),
            subject: None,
            detail: what,
        };
        self.store().audit(entry).await?;
        Ok(AuditExport {
            turn,
            part,
            search,
            left: EXPORTED_LINES,
            is_over: false,
        })
    }

    /// The next lines of an export, with the names of those in them; nothing at its end.
    pub async fn go_on_exporting_audit(
        &self,
        export: &mut AuditExport,
    ) -> Result<Option<(Vec<AuditLine>, AuditNames)>, Problem> {
        if export.is_over {
            return Ok(None);
        }
        export.turn.goes_on()?;
        let left = i64::try_from(export.left).unwrap_or(i64::MAX);
        export.search.limit = left.min(EXPORTED_AT_ONCE);
        let page = self.audit_page(&export.part, export.search.clone()).await?;
        let names = self.audit_names(&export.part, &page.lines).await?;
        export.left = export.left.saturating_sub(page.lines.len());
        export.search.before = page.next;
        export.is_over = page.next.is_none() || export.left == 0;
        Ok(Some((page.lines, names)))
    }
}
