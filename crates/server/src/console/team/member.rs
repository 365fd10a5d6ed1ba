//! One person of the team, and what can be done about them.

use actix_web::http::StatusCode;
use actix_web::web::{Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Member, OperatorId, OperatorLinkId, Permission, Role};

use super::members::{choices, name, title};
use super::{ShownLink, link_id};
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator, unproved};
use crate::console::pages::{Choice, Notice, Shell, When};
use crate::console::routing::{page, post};
use crate::console::sent::Sent;
use crate::console::{see, show};
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(
        config,
        "/console/{project}/{environment}/team/operators/{operator}",
        page
    );
    post!(
        config,
        "/console/{project}/{environment}/team/operators/{operator}/role",
        set_role
    );
    post!(
        config,
        "/console/{project}/{environment}/team/operators/{operator}/remove",
        remove
    );
    post!(
        config,
        "/console/{project}/{environment}/team/operators/{operator}/switch",
        switch
    );
    post!(
        config,
        "/console/{project}/{environment}/team/operators/{operator}/reset",
        reset
    );
}

/// The place and id in an address.
type Path = web::Path<(String, String, String)>;

/// `/console/{project}/{environment}/team/operators/{operator}`
#[derive(Debug, Template)]
#[template(path = "console/team/member.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is said of one person and of the one who looks"
)]
struct MemberPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    link: Option<ShownLink>,
    id: String,
    href: String,
    title: String,
    email: &'a str,
    role: &'static str,
    in_project: Option<&'static str>,
    everywhere: Option<&'static str>,
    signed_in: Option<When>,
    /// Whether a second factor is asked for; told to those who manage the team.
    factor: Option<bool>,
    created: When,
    off: Option<When>,
    is_self: bool,
    /// Whether the operator who looks may change this one.
    may_change: bool,
    manages: bool,
    is_owner: bool,
    roles: Vec<Choice>,
    roles_everywhere: Vec<Choice>,
    /// The id that a link for a new password will have: the form makes one however often it is sent.
    once: String,
    /// What they did, for those who may see it.
    audit: Option<String>,
    /// The address of the person in the API.
    api: String,
}

fn id(text: &str) -> Result<OperatorId, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            Kind::NotFound,
            "Nobody with this id is on the team of this project. Look at the team again.",
        )
    })
}

/// GET `/console/{project}/{environment}/team/operators/{operator}`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let member = broker.member(&here.caller(Permission::See)?, id(&path.2)?).await?;
    let query = Query::parse(request.query_string());
    let notice = match query.get("done") {
        Some("role") => Some(Notice::good("The role was changed. It holds from now on.")),
        Some("off") => Some(Notice::good(
            "The person was switched off, and is signed out everywhere.",
        )),
        Some("on") => Some(Notice::good("The person may sign in again.")),
        _ => None,
    };
    draw(&broker, &site, &here, &member, notice, None, StatusCode::OK).await
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    member: &Member,
    notice: Option<Notice>,
    link: Option<ShownLink>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let now = site.now();
    let operator = &member.operator;
    let role = member.role().unwrap_or(Role::Viewer);
    let in_project = Role::ALL.into_iter().filter(|role| *role != Role::Owner);
    let most = here.role;
    let manages = here.may(Permission::Manage);
    let factor = if manages {
        let view = broker.store().factor_view(operator.id).await;
        Some(view.map_err(broker::Problem::from)?.is_some())
    } else {
        None
    };
    let nonce = Nonce::generate();
    let page = MemberPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Team),
        notice,
        link,
        id: operator.id.to_string(),
        href: here.at(&format!("team/operators/{}", operator.id)),
        title: name(member),
        email: &operator.email,
        role: title(role),
        in_project: member.here.map(title),
        everywhere: member.everywhere.map(title),
        signed_in: operator.signed_in_at.map(|at| When::new(at, now)),
        factor,
        created: When::new(operator.created_at, now),
        off: operator.disabled_at.map(|at| When::new(at, now)),
        is_self: operator.id == here.signed.operator.id,
        may_change: here.may(Permission::Manage) && role <= most,
        manages,
        is_owner: here.signed.is_owner(),
        roles: in_project
            .rev()
            .filter(|role| *role <= most)
            .map(|role| Choice {
                value: role.as_str().to_owned(),
                label: title(role).to_owned(),
                chosen: Some(role) == member.here,
            })
            .collect(),
        roles_everywhere: choices(here, member.everywhere.unwrap_or(Role::Viewer)),
        once: OperatorLinkId::generate().to_string(),
        audit: here
            .may(Permission::Manage)
            .then(|| here.at(&format!("audit?actor=operator%3A{}", operator.id))),
        api: format!("{}/v1/operators/{}", site.public_origin, operator.id),
        here,
    };
    show(&nonce, status, &page)
}

/// What a refused action leaves: the page as it is, with what was said.
async fn refused(
    broker: &Broker,
    site: &Site,
    here: &Here,
    target: OperatorId,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    if problem.kind() == broker::Kind::NotFound {
        return Err(problem.into());
    }
    let member = broker.member(&here.caller(Permission::See)?, target).await?;
    let notice = Notice::bad(problem.message());
    let status = Problem::from(problem).kind().status();
    draw(broker, site, here, &member, Some(notice), None, status).await
}

/// POST `/console/{project}/{environment}/team/operators/{operator}/role`
pub(super) async fn set_role(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    let target = id(&path.2)?;
    broker.member(&caller, target).await?;
    if let Some(ask) = unproved(&here.signed, &here.at(&format!("team/operators/{target}"))) {
        return Ok(ask);
    }
    let sent = Sent::read(&site, &request, payload).await?;
    let role: Role = sent
        .text("role")
        .parse()
        .map_err(|said: String| Problem::new(Kind::Unprocessable, format!("{said}. Choose one of them.")))?;
    let everywhere = sent.text("where") == "everywhere";
    match broker
        .set_role(&caller, Some(&here.signed), target, everywhere, Some(role))
        .await
    {
        // Their own page may be out of reach for them now.
        Ok(()) => Ok(see(&here.at(&format!("team/operators/{target}?done=role")))),
        Err(problem) => refused(&broker, &site, &here, target, problem).await,
    }
}

/// POST `/console/{project}/{environment}/team/operators/{operator}/remove`
pub(super) async fn remove(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    let target = id(&path.2)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let everywhere = sent.text("where") == "everywhere";
    match broker
        .set_role(&caller, Some(&here.signed), target, everywhere, None)
        .await
    {
        Ok(()) if target == here.signed.operator.id => Ok(see("/console")),
        Ok(()) => Ok(see(&here.at("team?done=removed"))),
        Err(problem) => refused(&broker, &site, &here, target, problem).await,
    }
}

/// POST `/console/{project}/{environment}/team/operators/{operator}/switch`
pub(super) async fn switch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Own)?;
    let target = id(&path.2)?;
    let sent = Sent::read(&site, &request, payload).await?;
    // Twice the same button leads to the same end.
    let off = sent.text("to") != "on";
    match broker.switch_operator(&caller, target, off).await {
        Ok(()) => {
            let done = if off { "off" } else { "on" };
            Ok(see(&here.at(&format!("team/operators/{target}?done={done}"))))
        }
        Err(problem) => refused(&broker, &site, &here, target, problem).await,
    }
}

/// POST `/console/{project}/{environment}/team/operators/{operator}/reset`: the page with the link, this one time.
pub(super) async fn reset(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Own)?;
    let target = id(&path.2)?;
    let member = broker.member(&caller, target).await?;
    // Whoever has such a link has the account.
    if let Some(ask) = unproved(&here.signed, &here.at(&format!("team/operators/{target}"))) {
        return Ok(ask);
    }
    let sent = Sent::read(&site, &request, payload).await?;
    let link = match broker.make_reset_link_for(&here.signed, target, link_id(&sent)).await {
        Ok(link) => link,
        Err(problem) if problem.key() == "link_made_already" => {
            return refused(&broker, &site, &here, target, problem).await;
        }
        Err(problem) => return Err(problem.into()),
    };
    let what = format!(
        "Give this link to {} by a way that you trust. Whoever uses it first chooses a new password for them.",
        member.operator.email
    );
    let link = ShownLink::new(&site, &link, what);
    draw(&broker, &site, &here, &member, None, Some(link), StatusCode::OK).await
}
