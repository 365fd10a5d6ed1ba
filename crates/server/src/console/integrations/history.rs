//! The versions of a definition: who changed what, the way back, and its end.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, DefinitionVersion, Expected};
use store::OperatorId;

use super::difference::{Line, lines};
use super::{definer, field};
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Notice, Shell, When};
use crate::console::{see, show};
use crate::guard;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// A version in the list.
#[derive(Debug)]
struct VersionRow {
    version: i64,
    removed: bool,
    made: When,
    by: String,
    href: String,
    is_shown: bool,
}

/// `/console/{project}/{environment}/definitions/{definition}/history`
#[derive(Debug, Template)]
#[template(path = "console/integrations/history.html")]
struct HistoryPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    id: &'a str,
    rows: Vec<VersionRow>,
    /// The newest version.
    newest: i64,
    is_removed: bool,
    shown: i64,
    shown_removed: bool,
    /// The version that it is compared with.
    before: Option<i64>,
    lines: Vec<Line>,
    action: String,
    edit_href: String,
    /// The integration's own page, where it is offered in this environment.
    integration_href: Option<String>,
    api: String,
}

impl HistoryPage<'_> {
    fn is_newest_shown(&self) -> bool {
        self.shown == self.newest
    }
}

/// The place and definition in an address.
type Path = web::Path<(String, String, String)>;

/// GET `…/definitions/{definition}/history`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let query = Query::parse(request.query_string());
    let notice = match query.get("done") {
        Some("saved") => Some(Notice::good(
            "The definition is saved. It is in force here within seconds.",
        )),
        Some("restored") => Some(Notice::good("The earlier version is in force again, as a new one.")),
        _ => None,
    };
    let version = query.get("version").and_then(|text| text.parse().ok());
    draw(&broker, &site, &here, &path.2, version, notice, StatusCode::OK).await
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    id: &str,
    version: Option<i64>,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = definer(here)?;
    let versions = broker.definition_versions(&caller, id).await?;
    let newest = versions.first().ok_or_else(|| Problem::general(Kind::NotFound))?;
    let shown = match version {
        Some(version) => versions.iter().position(|one| one.version == version),
        None => Some(0),
    };
    let shown = shown.ok_or_else(|| Problem::new(Kind::NotFound, "This version is not kept, or never was."))?;
    let one = &versions[shown];
    let before = versions.get(shown + 1);
    let text = async |version: Option<&DefinitionVersion>| match version {
        Some(version) if !version.removed => broker.definition_version(&caller, id, version.version).await,
        _ => Ok(String::new()),
    };
    let (old, new) = (text(before).await?, text(Some(one)).await?);
    let names = names(broker, &versions).await?;
    let now = site.now();
    let rows = versions.iter().map(|row| VersionRow {
        version: row.version,
        removed: row.removed,
        made: When::new(row.made_at, now),
        by: names
            .get(row.made_by.as_str())
            .cloned()
            .unwrap_or_else(|| by(&row.made_by)),
        href: here.at(&format!("definitions/{id}/history?version={}", row.version)),
        is_shown: row.version == one.version,
    });
    let nonce = Nonce::generate();
    let page = HistoryPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Integrations),
        notice,
        id,
        rows: rows.collect(),
        newest: newest.version,
        is_removed: newest.removed,
        shown: one.version,
        shown_removed: one.removed,
        before: before.map(|before| before.version),
        lines: lines(&old, &new),
        action: here.at(&format!("definitions/{id}")),
        edit_href: here.at(&format!("definitions/edit?id={id}")),
        integration_href: is_offered(broker, here, id).then(|| here.at(&format!("integrations/{id}"))),
        api: format!("{}/v1/integration-definitions/{id}", site.public_origin),
        here,
    };
    show(&nonce, status, &page)
}

/// Whether the definition that is in force is one of this environment.
fn is_offered(broker: &Broker, here: &Here, id: &str) -> bool {
    let catalog = broker.catalog();
    let integration = catalog.get(id);
    integration.is_some_and(|one| one.environments.iter().any(|name| name == here.environment.as_str()))
}

/// Addresses of operators, by how a version names them.
async fn names(broker: &Broker, versions: &[DefinitionVersion]) -> Result<HashMap<String, String>, Problem> {
    let mut ids: Vec<_> = versions
        .iter()
        .filter_map(|version| version.made_by.strip_prefix("operator:")?.parse::<OperatorId>().ok())
        .map(|id| id.0)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let found = broker.store().operator_addresses(&ids).await;
    let found = found.map_err(broker::Problem::from)?;
    Ok(found
        .into_iter()
        .map(|(id, email)| (format!("operator:{id}"), email))
        .collect())
}

fn by(actor: &str) -> String {
    match actor.split_once(':') {
        Some(("key", id)) => format!("API key {id}"),
        Some(("operator", _)) => "An operator who is gone".to_owned(),
        _ if actor == "cli" => "The command line".to_owned(),
        _ => actor.to_owned(),
    }
}

async fn acting(
    broker: &Broker,
    site: &Site,
    operator: Operator,
    path: &Path,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Here, Vec<(String, String)>), Problem> {
    let here = Here::find(broker, operator, &path.0, &path.1).await?;
    definer(&here)?;
    let form = guard::form(site, request, payload).await?;
    Ok((here, form))
}

fn expected(form: &[(String, String)]) -> Option<Expected> {
    field(form, "newest").parse().ok().map(Expected::Version)
}

/// POST `…/definitions/{definition}/restore`
pub(super) async fn restore(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (here, form) = acting(&broker, &site, operator, &path, &request, payload).await?;
    let caller = definer(&here)?;
    let unknown = || Problem::new(Kind::NotFound, "This version is not kept, or never was.");
    let version: i64 = field(&form, "version").parse().map_err(|_| unknown())?;
    let id = path.2.as_str();
    let is_removed = field(&form, "removed") == "true";
    let wanted = if is_removed {
        Some(Expected::None)
    } else {
        expected(&form)
    };
    match broker.restore_definition(&caller, id, version, wanted).await {
        Ok(_) => Ok(see(&here.at(&format!("definitions/{id}/history?done=restored")))),
        Err(problem) => refused(&broker, &site, &here, id, Some(version), problem).await,
    }
}

/// POST `…/definitions/{definition}/delete`
pub(super) async fn delete(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (here, form) = acting(&broker, &site, operator, &path, &request, payload).await?;
    let id = path.2.as_str();
    match broker.remove_definition(&definer(&here)?, id, expected(&form)).await {
        Ok(_) => Ok(see(&here.at("definitions?removed=true"))),
        Err(problem) => refused(&broker, &site, &here, id, None, problem).await,
    }
}

/// The page again, with why not.
async fn refused(
    broker: &Broker,
    site: &Site,
    here: &Here,
    id: &str,
    version: Option<i64>,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    let message = match problem.key() {
        "definition_changed" => "Somebody else changed this definition since you opened the page, so nothing was done. The newest version is below.".to_owned(),
        "definition_mistakes" => format!("{} It was right for an earlier server; change it and save it anew.", problem.message()),
        _ => problem.message().to_owned(),
    };
    let status = Problem::from(problem).kind().status();
    draw(broker, site, here, id, version, Some(Notice::bad(&message)), status).await
}
