//! Everybody with a role in a project, and the invitations that are open.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Member, OperatorLinkId, Permission, Role};

use super::{ShownLink, Wrong};
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Choice, Notice, Shell, When};
use crate::console::routing::page;
use crate::console::show;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/team", page);
}

/// People of a page.
const ROWS: i64 = 50;

/// `/console/{project}/{environment}/team`
#[derive(Debug, Template)]
#[template(path = "console/team/members.html")]
struct TeamPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    may_manage: bool,
    is_owner: bool,
    link: Option<ShownLink>,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    invitations: Vec<Invited>,
    form: InviteForm,
    /// The id that an invitation will have: the form makes one however often it is sent.
    once: String,
    /// Whether this server sends mail.
    may_mail: bool,
    /// The address of the team in the API.
    api: String,
}

/// Somebody of the team.
#[derive(Debug)]
struct Row {
    href: String,
    title: String,
    email: String,
    role: &'static str,
    everywhere: bool,
    signed_in: Option<When>,
    is_off: bool,
    is_self: bool,
}

/// An invitation that is open.
#[derive(Debug)]
struct Invited {
    id: String,
    email: String,
    role: &'static str,
    everywhere: bool,
    made_by: Option<String>,
    made: When,
    ends: When,
    may_end: bool,
}

/// The form that invites, with what was typed when it was refused.
#[derive(Debug, Default)]
pub(super) struct InviteForm {
    pub(super) email: String,
    pub(super) role: Option<Role>,
    pub(super) everywhere: bool,
    /// Whoever wants the link instead.
    pub(super) by_hand: bool,
    pub(super) wrong: Option<Wrong>,
}

impl InviteForm {
    fn wrong(&self, field: &str) -> Option<&str> {
        let wrong = self.wrong.as_ref().filter(|wrong| wrong.field == field);
        wrong.map(|wrong| wrong.text.as_str())
    }

    /// The roles that somebody may give.
    fn roles(&self, here: &Here) -> Vec<Choice> {
        choices(here, self.role.unwrap_or(Role::Viewer))
    }
}

/// The roles that somebody may give, one of them chosen.
pub(super) fn choices(here: &Here, chosen: Role) -> Vec<Choice> {
    let most = here.role;
    let roles = Role::ALL.into_iter().rev().filter(|role| *role <= most);
    roles
        .map(|role| Choice {
            value: role.as_str().to_owned(),
            label: title(role).to_owned(),
            chosen: role == chosen,
        })
        .collect()
}

/// A role as a word of its own.
pub(super) const fn title(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Support => "Support",
        Role::Developer => "Developer",
        Role::Admin => "Admin",
        Role::Owner => "Owner",
    }
}

/// What people know somebody by.
pub(in crate::console) fn name(member: &Member) -> String {
    let operator = &member.operator;
    if operator.name.trim().is_empty() {
        operator.email.clone()
    } else {
        operator.name.clone()
    }
}

/// GET `/console/{project}/{environment}/team`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let query = Query::parse(request.query_string());
    let typed = query.get("for").and_then(|kept| broker.referred(here.project.id, kept));
    let shown = Shown {
        after: query.get("after").map(ToOwned::to_owned),
        notice: query.get("done").and_then(done),
        form: InviteForm {
            email: typed.unwrap_or_default(),
            role: query.get("role").and_then(|role| role.parse().ok()),
            by_hand: query.get("by") == Some("hand"),
            ..InviteForm::default()
        },
        ..Shown::default()
    };
    draw(&broker, &site, &here, shown, StatusCode::OK).await
}

fn done(what: &str) -> Option<Notice> {
    let text = match what {
        "ended" => "The invitation was ended. Its link opens nothing any more.",
        "removed" => "The person was removed. They see this project no more.",
        _ => return None,
    };
    Some(Notice::good(text))
}

/// What a page has beside the team.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) after: Option<String>,
    pub(super) notice: Option<Notice>,
    pub(super) link: Option<ShownLink>,
    pub(super) form: InviteForm,
}

pub(super) async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    shown: Shown,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let after = shown.after.as_deref().map(str::parse).transpose();
    let after =
        after.map_err(|_| Problem::bad_request("`after` is no id of an operator. Begin again with the whole team."))?;
    let team = broker.team(&caller, after, ROWS).await?;
    let (may_manage, is_owner) = (here.may(Permission::Manage), here.signed.is_owner());
    let now = site.now();
    let invitations = if may_manage {
        broker.invitations(&here.caller(Permission::Manage)?).await?
    } else {
        Vec::new()
    };
    let invitations = invitations.into_iter().map(|invitation| Invited {
        id: invitation.id.to_string(),
        email: invitation.email,
        role: title(invitation.role),
        everywhere: invitation.project.is_none(),
        made_by: invitation.made_by,
        made: When::new(invitation.created_at, now),
        ends: When::new(invitation.ends_at, now),
        may_end: invitation.project.is_some() || is_owner,
    });
    let nonce = Nonce::generate();
    let page = TeamPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Team),
        notice: shown.notice,
        may_manage,
        is_owner,
        link: shown.link,
        rows: team
            .rows
            .iter()
            .filter_map(|member| {
                Some(Row {
                    href: here.at(&format!("team/operators/{}", member.operator.id)),
                    title: name(member),
                    email: member.operator.email.clone(),
                    role: title(member.role()?),
                    everywhere: member.everywhere >= member.here,
                    signed_in: member.operator.signed_in_at.map(|at| When::new(at, now)),
                    is_off: member.operator.disabled_at.is_some(),
                    is_self: member.operator.id == here.signed.operator.id,
                })
            })
            .collect(),
        first: after.map(|_| here.at("team")),
        next: team.next.map(|id| here.at(&format!("team?after={id}"))),
        invitations: invitations.collect(),
        form: shown.form,
        once: OperatorLinkId::generate().to_string(),
        may_mail: broker.settings().mail.is_some(),
        api: format!("{}/v1/operators", site.public_origin),
        here,
    };
    show(&nonce, status, &page)
}
