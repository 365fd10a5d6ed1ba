//! A definition to read: as it is in force, with the number of each line.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Replaced};
use chrono::{DateTime, Utc};

use super::difference::{Line, lines};
use super::one::Path;
use super::{definer, place};
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Notice, Shell, When};
use crate::console::{see, show};
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// How a definition compares with the built-in one in whose place it stands.
#[derive(Debug)]
struct Comparison {
    /// What it says instead.
    own: Vec<Line>,
    /// What changed in the built-in one since it was written, and since when.
    since: Option<(When, Vec<Line>)>,
    /// Where it is told that somebody looked at that.
    reviewed_href: Option<String>,
}

impl Comparison {
    fn new(here: &Here, id: &str, replaced: &Replaced, may_define: bool, now: DateTime<Utc>) -> Self {
        let since = replaced.written_from.as_ref().filter(|_| replaced.has_changed());
        Self {
            own: lines(&replaced.built_in, &replaced.own),
            since: since.map(|(text, at)| (When::new(*at, now), lines(text, &replaced.built_in))),
            reviewed_href: may_define.then(|| here.at(&format!("definitions/{id}/reviewed"))),
        }
    }
}

/// `…/integrations/{integration}/definition`
#[derive(Debug, Template)]
#[template(path = "console/integrations/definition.html")]
struct DefinitionPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    notice: Option<Notice>,
    name: &'a str,
    back: String,
    from: &'static str,
    comparison: Option<Comparison>,
    lines: Vec<&'a str>,
    /// Where it is changed, or one of one's own begins with it.
    edit_href: Option<String>,
    /// Its versions, where it is one's own.
    history_href: Option<String>,
    is_own: bool,
    api: String,
}

/// Where a definition comes from, in words.
pub(super) fn origin(from: &str, overrides: bool) -> &'static str {
    match (from, overrides) {
        ("api", false) => "Your own, kept in the database.",
        ("api", true) => "Your own, kept in the database, in place of the built-in one.",
        ("folder", false) => "From the folder of definitions on the server.",
        ("folder", true) => "From the folder of definitions on the server, in place of the built-in one.",
        _ => "Built in.",
    }
}

/// GET `…/integrations/{integration}/definition`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let found = broker.definition_for(&here.signed, place(&here), &path.2).await?;
    let id = found.view.id.as_str();
    let is_own = found.view.from == "api";
    let edit = if is_own { "id" } else { "like" };
    let may_define = super::may_define(&broker, &here).await?;
    let nonce = Nonce::generate();
    let page = DefinitionPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Integrations),
        notice: (Query::parse(request.query_string()).get("done") == Some("reviewed"))
            .then(|| Notice::good("Noted. You are told when the built-in definition changes again.")),
        name: &found.view.name,
        back: here.at(&format!("integrations/{id}")),
        from: origin(found.view.from, found.view.overrides),
        comparison: found
            .replaced
            .as_ref()
            .map(|replaced| Comparison::new(&here, id, replaced, may_define, site.now())),
        lines: found.document.lines().collect(),
        edit_href: may_define.then(|| here.at(&format!("definitions/edit?{edit}={id}"))),
        history_href: (is_own && may_define).then(|| here.at(&format!("definitions/{id}/history"))),
        is_own,
        api: format!("{}/v1/integration-definitions/{id}", site.public_origin),
    };
    show(&nonce, StatusCode::OK, &page)
}

/// POST `…/definitions/{definition}/reviewed`
pub(super) async fn reviewed(
    broker: web::Data<Broker>,
    operator: Operator,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let id = path.2.as_str();
    broker.review_definition(&definer(&here)?, id).await?;
    Ok(see(&here.at(&format!("integrations/{id}/definition?done=reviewed"))))
}
