//! The erasure of an identity: typed out before it is done.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use broker::{Broker, Permission};

use super::identity::{Asked, draw, nobody};
use super::{Here, HttpRequest, HttpResponse, Notice, Problem, Sent, ServiceConfig, Site};
use super::{post, see, web};
use crate::console::listing::{Whom, kind_of};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    post!(config, "/console/{project}/{environment}/identities/erase", erase);
}

/// POST `/console/{project}/{environment}/identities/erase`
async fn erase(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Manage)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let id = sent.given("id").map(ToOwned::to_owned).ok_or_else(nobody)?;
    let kind = kind_of(sent.given("type"))?;
    let whom = Whom::of(&broker, &here, &id, kind);
    let typed = sent.trimmed("typed");
    if typed != id {
        let asked = Asked {
            typed,
            typed_problem: Some("This is not the identity. Type it exactly as it stands above."),
            ..Asked::of(&whom)
        };
        return draw(&broker, &site, &here, asked, StatusCode::BAD_REQUEST).await;
    }
    let erased = broker.erase_identity(&caller, &id, kind).await?;
    if erased.complete {
        return Ok(see(&here.at("identities?erased=true")));
    }
    let notice = Notice::bad(&format!(
        "{} connections were deleted and more are left: one turn takes so many. Erase again to go on.",
        erased.connections
    ));
    let asked = Asked {
        notice: Some(notice),
        typed,
        ..Asked::of(&whom)
    };
    draw(&broker, &site, &here, asked, StatusCode::OK).await
}
