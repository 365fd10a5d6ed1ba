//! The modal's calls with its session: what can be connected, a form, and what was typed into it.

use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use broker::{Broker, SessionView, Submission, Submitted};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cookies;
use crate::Site;
use crate::api::record::{Times, record};
use crate::envelope::About;
use crate::guard::{FromOurPage, RequestToken, Values};
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// Who embeds the modal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    embedder: Option<String>,
}

/// POST `/connect/api/session`
pub(crate) async fn open(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    session: RequestToken,
    body: FromOurPage<Opening>,
) -> Result<HttpResponse, Problem> {
    let embed = cookies::Kind::Embed.read(&request, site.secure);
    let place = request.place(&site.public_origin).project;
    let viewed = broker
        .session(&session.0, body.0.embedder.as_deref(), embed, place)
        .await?;
    let browser = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    broker.note_opened(&session.0, browser.unwrap_or_default()).await;
    let mut response = HttpResponse::Ok();
    if let Some(cookie) = cookies::Kind::Embed.write(&viewed.embed, site.secure) {
        response.append_header((header::SET_COOKIE, cookie));
    }
    Ok(response.json(with_logos(&site, &viewed.view)?))
}

/// The broker names logos; their addresses are the server's.
fn with_logos(site: &Site, view: &SessionView) -> Result<Value, Problem> {
    let mut view = serde_json::to_value(view).map_err(|_| Problem::general(Kind::Internal))?;
    for integration in view["integrations"].as_array_mut().into_iter().flatten() {
        site.address_logo(integration);
    }
    Ok(view)
}

/// Which form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormRequest {
    integration: String,
    auth: Option<String>,
}

/// POST `/connect/api/form`
pub(crate) async fn form(
    broker: web::Data<Broker>,
    session: RequestToken,
    body: FromOurPage<FormRequest>,
) -> Result<HttpResponse, Problem> {
    let form = broker
        .form(&session.0, &body.0.integration, body.0.auth.as_deref())
        .await?;
    Ok(HttpResponse::Ok().json(form))
}

/// What was typed in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed {
    integration: String,
    auth: Option<String>,
    #[serde(default)]
    values: Values,
    name: Option<String>,
    embedder: Option<String>,
}

/// POST `/connect/api/submit`
pub(crate) async fn submit(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    session: RequestToken,
    body: FromOurPage<Typed>,
) -> Result<HttpResponse, Problem> {
    request.extensions_mut().insert(About(body.0.integration.clone()));
    let Typed {
        integration,
        auth,
        values,
        name,
        embedder,
    } = body.0;
    let submission = Submission {
        integration,
        auth,
        values: values.0,
        name,
        embedder,
    };
    let connection = match broker.submit(&session.0, submission).await? {
        Submitted::Connected(connection) => connection,
        Submitted::Choosing { flow, result } => {
            return Ok(HttpResponse::Ok().json(json!({
                "status": "choosing",
                "flow": flow.to_string(),
                "result": result.expose(),
            })));
        }
    };
    Ok(HttpResponse::Ok().json(json!({
        "status": "success",
        "connection": record(&broker, &site, &connection, Times::Milliseconds),
        "account": connection.account_name,
        "message": null,
    })))
}
