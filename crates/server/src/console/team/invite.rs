//! Inviting somebody, and ending an invitation.

use actix_web::http::StatusCode;
use actix_web::web::{Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, MadeOperatorLink, NewInvitation, OperatorLinkId, Permission, Role};

use super::members::{InviteForm, Shown, draw};
use super::{ShownLink, Wrong, link_id};
use crate::Site;
use crate::console::operator::{Here, Operator, unproved};
use crate::console::pages::Notice;
use crate::console::routing::post;
use crate::console::see;
use crate::console::sent::Sent;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    post!(config, "/console/{project}/{environment}/team/invite", invite);
    post!(
        config,
        "/console/{project}/{environment}/team/invitations/{invitation}/end",
        end,
        3
    );
}

/// POST `/console/{project}/{environment}/team/invite`: the page with the link, this one time.
pub(super) async fn invite(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let by_mail = sent.given("by_mail").is_some() && broker.settings().mail.is_some();
    // Whoever comes back from the proof finds the address where it was, and no log of a proxy does.
    let typed: String = sent.text("email").chars().take(320).collect();
    let filled: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("for", &broker.reference(here.project.id, &typed))
        .append_pair("role", sent.text("role"))
        .append_pair("by", if by_mail { "mail" } else { "hand" })
        .finish();
    if let Some(ask) = unproved(&here.signed, &here.at(&format!("team?{filled}"))) {
        return Ok(ask);
    }
    let role: Option<Role> = sent.text("role").parse().ok();
    let form = |wrong| InviteForm {
        email: sent.text("email").to_owned(),
        role,
        everywhere: sent.text("where") == "everywhere",
        by_hand: !by_mail,
        wrong,
    };
    let refuse = |status, field, text: String| {
        let shown = Shown {
            form: form(Some(Wrong { field, text })),
            ..Shown::default()
        };
        (status, shown)
    };
    let (status, shown) = match role {
        None => refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "role",
            "Choose a role. The page about roles says what each may do.".to_owned(),
        ),
        Some(role) => {
            let wanted = NewInvitation {
                id: link_id(&sent),
                email: sent.text("email").to_owned(),
                role,
                everywhere: sent.text("where") == "everywhere",
            };
            match broker.invite(&caller, Some(&here.signed), &wanted).await {
                Ok(link) => {
                    let mailed = if by_mail {
                        Some(
                            broker
                                .mail_invitation(&caller, Some(&here.signed), &link, &wanted)
                                .await?,
                        )
                    } else {
                        None
                    };
                    (StatusCode::OK, made(&site, &link, &wanted, mailed))
                }
                Err(problem) => {
                    let field = match problem.key() {
                        "no_email" | "on_team_already" | "link_made_already" => "email",
                        "role_above_own" => "role",
                        "owner_of_all" | "missing_permission" => "where",
                        _ => return Err(problem.into()),
                    };
                    let text = problem.message().to_owned();
                    refuse(Problem::from(problem).kind().status(), field, text)
                }
            }
        }
    };
    draw(&broker, &site, &here, shown, status).await
}

/// The page after an invitation was made: where it was mailed, nobody else needs the link.
fn made(site: &Site, link: &MadeOperatorLink, wanted: &NewInvitation, mailed: Option<Result<(), String>>) -> Shown {
    let (email, role) = (wanted.email.trim(), wanted.role.as_str());
    let notice = match mailed {
        Some(Ok(())) => {
            let text = format!(
                "The invitation was mailed to {email}. Its link works once, within a week; whoever uses it joins as {role}."
            );
            return Shown {
                notice: Some(Notice::good(&text)),
                ..Shown::default()
            };
        }
        Some(Err(why)) => Some(Notice::bad(&format!(
            "The invitation was made, and not mailed: {} Give the link to {email} yourself.",
            lower_first(&why)
        ))),
        None => None,
    };
    let what = format!("Give this link to {email} by a way that you trust. Whoever uses it first joins as {role}.");
    Shown {
        notice,
        link: Some(ShownLink::new(site, link, what)),
        ..Shown::default()
    }
}

/// A sentence behind a colon.
fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|one| one.to_lowercase().to_string());
    format!("{}{}", first.unwrap_or_default(), characters.as_str())
}

/// POST `/console/{project}/{environment}/team/invitations/{invitation}/end`
pub(super) async fn end(
    broker: web::Data<Broker>,
    operator: Operator,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    let id: OperatorLinkId = path.2.parse().map_err(|_| Problem::general(Kind::NotFound))?;
    broker.end_invitation(&caller, here.signed.is_owner(), id).await?;
    Ok(see(&here.at("team?done=ended")))
}
