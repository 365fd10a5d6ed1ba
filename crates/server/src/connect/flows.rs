//! The modal's calls about a flow: begin it, give it a new ticket, stop it, ask how it stands.

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use broker::{Broker, FlowMode, FlowView, NewFlowRequest};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::FlowId;
use utoipa::ToSchema;
use vault::Token;

use super::{cookies, query_value};
use crate::Site;
use crate::api::record::{Record, Times, record};
use crate::envelope::About;
use crate::guard::{FromOurPage, RequestToken, TokenText, Values, bearer};
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// How the browser will go to the service.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Popup,
    Redirect,
    Top,
}

impl From<Mode> for FlowMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Popup => Self::Popup,
            Mode::Redirect => Self::Redirect,
            Mode::Top => Self::Top,
        }
    }
}

/// A flow to begin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beginning {
    integration: String,
    auth: Option<String>,
    #[serde(default)]
    values: Values,
    name: Option<String>,
    mode: Mode,
    ticket: TokenText,
    proof: Option<TokenText>,
    embedder: Option<String>,
}

/// POST `/connect/api/flows`
pub(crate) async fn create(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    session: RequestToken,
    body: FromOurPage<Beginning>,
) -> Result<HttpResponse, Problem> {
    request.extensions_mut().insert(About(body.0.integration.clone()));
    let new = NewFlowRequest {
        integration: body.0.integration,
        auth: body.0.auth,
        values: body.0.values.0,
        name: body.0.name,
        mode: body.0.mode.into(),
        ticket: body.0.ticket.0,
        proof: body.0.proof.map(|proof| proof.0),
        embedder: body.0.embedder,
        embed: cookies::Kind::Embed.read(&request, site.secure),
        place: request.place(&site.public_origin),
    };
    let started = broker.start_flow(&session.0, new).await?;
    Ok(HttpResponse::Created().json(json!({
        "flow": started.flow.to_string(),
        "result": started.result.expose(),
        "code": started.code,
        "url": started.url,
        "expires_at": started.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    })))
}

/// A new ticket.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticket {
    ticket: TokenText,
    proof: Option<TokenText>,
}

/// POST `/connect/api/flows/{flow}/ticket`
pub(crate) async fn ticket(
    broker: web::Data<Broker>,
    flow: web::Path<String>,
    session: RequestToken,
    body: FromOurPage<Ticket>,
) -> Result<HttpResponse, Problem> {
    let proof = body.0.proof.as_ref().map(|proof| &proof.0);
    broker
        .renew_ticket(&session.0, flow_id(&flow)?, &body.0.ticket.0, proof)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A body without fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// POST `/connect/api/flows/{flow}/cancel`
pub(crate) async fn cancel(
    broker: web::Data<Broker>,
    flow: web::Path<String>,
    session: RequestToken,
    _body: FromOurPage<Nothing>,
) -> Result<HttpResponse, Problem> {
    broker.cancel_flow(&session.0, flow_id(&flow)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Reads a flow's id; anything else is as good as an unknown one.
pub(crate) fn flow_id(text: &str) -> Result<FlowId, Problem> {
    text.parse().map_err(|_| Problem::general(Kind::NotFound))
}

/// How a flow stands, as the modal reads it.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub(crate) struct Status {
    status: &'static str,
    stage: &'static str,
    connection: Option<Record>,
    message: Option<String>,
    code: Option<String>,
    verify_url: Option<String>,
    account: Option<String>,
    missing: Vec<String>,
}

impl Status {
    /// Writes a flow for the wire.
    pub(crate) fn of(broker: &Broker, site: &Site, flow: &FlowView) -> Self {
        Self {
            status: flow.status,
            stage: flow.stage.as_str(),
            connection: flow
                .connection
                .as_ref()
                .map(|connection| record(broker, site, connection, Times::Milliseconds)),
            message: flow.message.clone(),
            code: flow.code.clone(),
            verify_url: None,
            account: flow.account.clone(),
            missing: flow.missing.clone(),
        }
    }
}

/// Whose outcome, when it is not in the header: the SDK's `checkState`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checking {
    state: Option<String>,
}

/// POST `/connect/api/check`
pub(crate) async fn check(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Checking>,
) -> Result<HttpResponse, Problem> {
    let handle = bearer(request.headers())
        .or_else(|| handle(body.0.state.as_deref()?))
        .ok_or_else(unknown)?;
    let flow = broker.flow_status(&handle).await?;
    flow_here(&request, &site, &flow)?;
    Ok(HttpResponse::Ok().json(Status::of(&broker, &site, &flow)))
}

/// How a sign-in stands, for copies of the vendor's newest modal.
#[utoipa::path(
    get, path = "/v1/connections/oauth/check", operation_id = "checkSignIn", tag = "Connect",
    params(("state" = String, Query, description = "The sign-in's result handle; unguessable, so no key is asked for")),
    responses(
        (status = 200, body = Checked, description = "How it stands; the connection when it is there"),
        (status = 404, description = "The sign-in is not known, or it ended a while ago")
    )
)]
pub(crate) async fn old_check(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let handle = query_value(&request, "state")
        .as_deref()
        .and_then(handle)
        .ok_or_else(unknown)?;
    let flow = broker.flow_status(&handle).await?;
    let Status {
        status,
        connection,
        message,
        ..
    } = Status::of(&broker, &site, &flow);
    Ok(HttpResponse::Ok().json(Checked {
        status,
        connection,
        message,
    }))
}

/// How a sign-in stands, in the three fields of the older shape.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// `pending`, `success` or `error`.
    status: &'static str,
    /// The connection, once it is there.
    connection: Option<Record>,
    /// What went wrong, for people.
    message: Option<String>,
}

/// The handle in a state, with or without what an SDK hung on to it.
fn handle(state: &str) -> Option<Token> {
    Token::parse(state.split('~').next().unwrap_or_default())
}

/// A project's own domain knows the sign-ins of that project alone.
pub(crate) fn flow_here(request: &HttpRequest, site: &Site, flow: &FlowView) -> Result<(), Problem> {
    let place = request.place(&site.public_origin).project;
    if place.is_none_or(|own| own == flow.project) {
        return Ok(());
    }
    Err(unknown())
}

/// The answer to a handle that nobody has.
pub(crate) fn unknown() -> Problem {
    Problem::keyed(
        Kind::NotFound,
        "flow_unknown",
        "This sign-in is not known, or it ended a while ago. Start again in the app.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_may_carry_what_an_sdk_added() {
        let token = Token::generate().expose();
        for state in [token.clone(), format!("{token}~aHR0cHM"), format!("{token}~aHR0cHM~v3")] {
            assert!(handle(&state).is_some(), "{state}");
        }
        assert!(handle("").is_none() && handle("~x").is_none());
    }

    #[test]
    fn the_browser_names_no_connection_and_no_owner() {
        let ticket = Token::generate().expose();
        let good = format!(r#"{{"integration":"gmail","mode":"popup","ticket":"{ticket}"}}"#);
        serde_json::from_str::<Beginning>(&good).unwrap();
        for field in ["connection", "identity", "environment", "project", "user_id"] {
            let wrong = format!(r#"{{"integration":"gmail","mode":"popup","ticket":"{ticket}","{field}":"x"}}"#);
            assert!(serde_json::from_str::<Beginning>(&wrong).is_err(), "{field}");
        }
    }
}
