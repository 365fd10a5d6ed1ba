//! `/v1/operators`: the team of the key's project. A live key with the scope `admin` may what an admin
//! of the project may.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Invitation, Member, NewInvitation, OperatorId, OperatorLinkId, Role, Scope};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// Somebody who signs in to the console.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperatorRow {
    /// The id.
    id: String,
    /// The address.
    email: String,
    /// The name; may be empty.
    name: String,
    /// What they are in this project: the higher of both roles.
    role: &'static str,
    /// The role in this project alone.
    role_in_project: Option<&'static str>,
    /// The role in all projects.
    role_everywhere: Option<&'static str>,
    /// When they last signed in.
    signed_in_at: Option<String>,
    /// Since when they may not sign in.
    disabled_at: Option<String>,
    /// When they came.
    created_at: String,
}

/// The team, or a part of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorPage {
    /// By address.
    rows: Vec<OperatorRow>,
    /// What `after` of the next page is; null on the last.
    next: Option<String>,
}

/// An invitation that is open.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationRow {
    /// The id.
    id: String,
    /// Who is invited.
    email: String,
    /// As what.
    role: &'static str,
    /// Whether to all projects.
    everywhere: bool,
    /// Who invited, where that is an operator who is still there.
    made_by: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it ends.
    expires_at: String,
}

/// The invitations that are open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// The newest first.
    rows: Vec<InvitationRow>,
}

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct InvitationBody {
    /// The address.
    email: String,
    /// `viewer`, `support`, `developer` or `admin`.
    role: String,
    /// Whether the link goes to the address by mail, where this server sends any.
    #[serde(default)]
    mail: bool,
}

/// An invitation that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationMade {
    /// The id.
    id: String,
    /// The link with its secret, this one time.
    url: String,
    /// Seconds until it ends.
    expires_in: u64,
    /// Whether the mail server took it.
    mailed: bool,
    /// Why it did not, where it was asked to.
    mail_problem: Option<String>,
}

/// What somebody becomes.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RoleBody {
    /// `viewer`, `support`, `developer` or `admin`.
    role: String,
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn row(member: Member) -> OperatorRow {
    OperatorRow {
        role: member.role().unwrap_or(Role::Viewer).as_str(),
        role_in_project: member.here.map(Role::as_str),
        role_everywhere: member.everywhere.map(Role::as_str),
        id: member.operator.id.to_string(),
        email: member.operator.email,
        name: member.operator.name,
        signed_in_at: member.operator.signed_in_at.map(text),
        disabled_at: member.operator.disabled_at.map(text),
        created_at: text(member.operator.created_at),
    }
}

fn invitation(one: Invitation) -> InvitationRow {
    InvitationRow {
        id: one.id.to_string(),
        email: one.email,
        role: one.role.as_str(),
        everywhere: one.project.is_none(),
        made_by: one.made_by,
        created_at: text(one.created_at),
        expires_at: text(one.ends_at),
    }
}

fn role(given: &str) -> Result<Role, Problem> {
    given
        .parse()
        .map_err(|said: String| Problem::new(Kind::Unprocessable, format!("`role`: {said}.")))
}

fn operator(id: &str) -> Result<OperatorId, Problem> {
    id.parse().map_err(|_| Problem::general(Kind::NotFound))
}

/// Lists who works in the project, by address.
#[utoipa::path(
    get, path = "/v1/operators", operation_id = "listOperators", tag = "Team",
    params(
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 100; 50 without")
    ),
    responses(
        (status = 200, body = OperatorPage, description = "A page of the team"),
        (status = 400, description = "`after` is no id"),
        (status = 403, description = "The key is no live key with the scope `admin`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn list(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::Admin)?;
    let query = Query::parse(request.query_string());
    let after = query.get("after").map(str::parse).transpose();
    let after = after.map_err(|_| Problem::bad_request("`after` is no id. Send `next` of the page before."))?;
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let page = broker.team(&caller.0, after, limit).await?;
    Ok(HttpResponse::Ok().json(OperatorPage {
        rows: page.rows.into_iter().map(row).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// Changes somebody's role in the project. It holds at once.
#[utoipa::path(
    patch, path = "/v1/operators/{id}", operation_id = "setOperatorRole", tag = "Team",
    params(("id" = String, Path, description = "The operator's id")),
    request_body(content = RoleBody, description = "The role in this project"),
    responses(
        (status = 200, body = OperatorRow, description = "The operator as they are now"),
        (status = 403, description = "The key is no live key with the scope `admin`, the person is above an admin, or the role is above what the key gives"),
        (status = 404, description = "Not on the team"),
        (status = 408, description = "The body did not come in time"), (status = 413, description = "The body is too large"),
        (status = 422, description = "There is no such role, or it is an owner's")
    ),
    security(("secret" = []))
)]
pub(crate) async fn patch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::Admin)?;
    let id = operator(&id)?;
    let sent: RoleBody = body(&site, &request, payload).await?;
    broker
        .set_role(&caller.0, None, id, false, Some(role(&sent.role)?))
        .await?;
    Ok(HttpResponse::Ok().json(row(broker.member(&caller.0, id).await?)))
}

/// Removes somebody from the project, at once. A role in all projects is for owners to take.
#[utoipa::path(
    delete, path = "/v1/operators/{id}", operation_id = "removeOperator", tag = "Team",
    params(("id" = String, Path, description = "The operator's id")),
    responses(
        (status = 204, description = "They have no role in this project any more"),
        (status = 403, description = "The key is no live key with the scope `admin`, or the person is above an admin"),
        (status = 404, description = "Not on the team"),
        (status = 409, description = "Their role is for all projects")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::Admin)?;
    broker.set_role(&caller.0, None, operator(&id)?, false, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the invitations that are open. Their secrets are not shown again.
#[utoipa::path(
    get, path = "/v1/operators/invitations", operation_id = "listInvitations", tag = "Team",
    responses(
        (status = 200, body = InvitationList, description = "The newest first, at most 100"),
        (status = 403, description = "The key is no live key with the scope `admin`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn invitations(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    let open = broker.invitations(&caller.0).await?;
    Ok(HttpResponse::Ok().json(InvitationList {
        rows: open.into_iter().map(invitation).collect(),
    }))
}

/// Invites somebody to the project: a link that opens once, within a week. An earlier one to the same address ends.
#[utoipa::path(
    post, path = "/v1/operators/invitations", operation_id = "inviteOperator", tag = "Team",
    request_body(content = InvitationBody, description = "Whom, as what"),
    responses(
        (status = 201, body = InvitationMade, description = "The invitation, with its link"),
        (status = 400, description = "A field is missing"),
        (status = 403, description = "The key is no live key with the scope `admin`, or the role is above what the key gives"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "Somebody with this address is on the team already"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "This is no address, or no role that a key can give")
    ),
    security(("secret" = []))
)]
pub(crate) async fn invite(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::Admin)?;
    let sent: InvitationBody = body(&site, &request, payload).await?;
    let wanted = NewInvitation {
        id: OperatorLinkId::generate(),
        role: role(&sent.role)?,
        email: sent.email,
        everywhere: false,
    };
    let link = broker.invite(&caller.0, None, &wanted).await?;
    let mailed = if sent.mail {
        Some(broker.mail_invitation(&caller.0, None, &link, &wanted).await?)
    } else {
        None
    };
    Ok(HttpResponse::Created().json(InvitationMade {
        id: link.id.to_string(),
        url: link.url(&site.public_origin),
        expires_in: link.ttl.as_secs(),
        mailed: matches!(mailed, Some(Ok(()))),
        mail_problem: mailed.and_then(Result::err),
    }))
}

/// Ends an invitation: its link opens nothing any more.
#[utoipa::path(
    delete, path = "/v1/operators/invitations/{id}", operation_id = "endInvitation", tag = "Team",
    params(("id" = String, Path, description = "The invitation's id")),
    responses(
        (status = 204, description = "It is over"),
        (status = 403, description = "The key is no live key with the scope `admin`"),
        (status = 404, description = "Not open, or to all projects")
    ),
    security(("secret" = []))
)]
pub(crate) async fn end_invitation(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::Admin)?;
    let id: OperatorLinkId = id.parse().map_err(|_| Problem::general(Kind::NotFound))?;
    broker.end_invitation(&caller.0, false, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
