//! The projects that somebody has a role in, and making one.

use actix_web::http::StatusCode;
use actix_web::web::{Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Permission};
use store::ProjectId;

use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Notice, Shell, When};
use crate::console::routing::{page, post};
use crate::console::sent::Sent;
use crate::console::team::Wrong;
use crate::console::{see, show};
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/projects", page);
    post!(config, "/console/{project}/{environment}/projects/make", make);
    // Where there is no project yet, there is no place to make one from.
    post!(config, "/console/projects", make_first);
}

/// Rows of a page.
const ROWS: i64 = 50;

/// `/console/{project}/{environment}/projects`
#[derive(Debug, Template)]
#[template(path = "console/projects/list.html")]
struct ProjectsPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    notice: Option<Notice>,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    is_owner: bool,
    here: &'a Here,
    name: &'a str,
    wrong: Option<Wrong>,
    deleting: Vec<Deleting>,
}

/// A project that is being deleted.
#[derive(Debug)]
struct Deleting {
    name: String,
    since: When,
}

/// A project in the list.
#[derive(Debug)]
struct Row {
    href: String,
    /// Its settings, for those who may change them.
    settings: Option<String>,
    name: String,
    id: String,
    role: &'static str,
    is_default: bool,
    is_here: bool,
    made: When,
}

/// GET `/console/{project}/{environment}/projects`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let query = Query::parse(request.query_string());
    let notice = match query.get("done") {
        Some("deleted") => Some(DELETED.to_owned()),
        Some("deleted_default") => Some(format!("{DELETED} {} is the default project now.", here.project.name)),
        _ => None,
    };
    let shown = Shown {
        after: query.get("after"),
        notice: notice.map(|text| Notice::good(&text)),
        ..Shown::default()
    };
    draw(&broker, &site, &here, shown, StatusCode::OK).await
}

const DELETED: &str =
    "The project is deleted. Nothing of it is answered any more, and its tokens are being revoked at the services.";

/// What a page has beside the projects.
#[derive(Debug, Default)]
struct Shown<'a> {
    after: Option<&'a str>,
    notice: Option<Notice>,
    /// What was typed as a name and refused.
    name: &'a str,
    wrong: Option<Wrong>,
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    shown: Shown<'_>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let now = site.now();
    let after = shown.after;
    let last = match after {
        None => None,
        Some(id) => {
            let unknown =
                || Problem::bad_request("`after` is no project of yours. Begin again with the first projects.");
            let id: ProjectId = id.parse().map_err(|_| unknown())?;
            Some(broker.project_of(&here.signed, id).await?.ok_or_else(unknown)?)
        }
    };
    let (projects, more) = broker.projects_of(&here.signed, last.as_ref(), ROWS).await?;
    let next = projects.last().filter(|_| more);
    let deleting = broker.deletions(&here.signed).await?;
    let deleting = deleting.into_iter().map(|deletion| Deleting {
        since: When::new(deletion.since, now),
        name: deletion.name,
    });
    let rows = projects.iter().filter_map(|project| {
        let role = here.signed.role(project.id)?;
        let start = format!("/console/{}/{}", project.id, here.environment);
        Some(Row {
            settings: broker::may(role, Permission::Manage).then(|| format!("{start}/projects/settings")),
            href: start,
            name: project.name.clone(),
            id: project.id.to_string(),
            role: role.as_str(),
            is_default: project.is_default,
            is_here: project.id == here.project.id,
            made: When::new(project.created_at, now),
        })
    });
    let nonce = Nonce::generate();
    let page = ProjectsPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Projects),
        notice: shown.notice,
        rows: rows.collect(),
        first: after.map(|_| here.at("projects")),
        next: next.map(|project| here.at(&format!("projects?after={}", project.id))),
        is_owner: here.signed.is_owner(),
        here,
        name: shown.name,
        wrong: shown.wrong,
        deleting: deleting.collect(),
    };
    show(&nonce, status, &page)
}

/// POST `/console/{project}/{environment}/projects/make`
pub(super) async fn make(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.caller(Permission::Own)?;
    let sent = Sent::read(&site, &request, payload).await?;
    match broker.make_project(&here.signed, sent.text("name")).await {
        Ok(project) => Ok(see(&format!(
            "/console/{}/test/projects/settings?done=made",
            project.id
        ))),
        Err(problem) if problem.key() == "bad_name" => {
            let wrong = Wrong {
                field: "name",
                text: problem.message().to_owned(),
            };
            let shown = Shown {
                name: sent.text("name"),
                wrong: Some(wrong),
                ..Shown::default()
            };
            draw(&broker, &site, &here, shown, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// POST `/console/projects`
pub(super) async fn make_first(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let sent = Sent::read(&site, &request, payload).await?;
    let project = broker.make_project(&operator.0, sent.text("name")).await?;
    Ok(see(&format!(
        "/console/{}/test/projects/settings?done=made",
        project.id
    )))
}
