//! Where services send the browser back to. The raw query goes to the broker unread: which parameters there are, and
//! whether one is doubled, is part of what it judges. It is never logged.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, CallbackEnd};
use store::AppId;

use super::events::Watched;
use super::{Message, cookies};
use crate::Site;
use crate::problems::Problem;
use crate::telemetry::Correlated as _;

/// GET `/connections/oauth/callback/{app}`
pub(crate) async fn of_app(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    watched: web::Data<Watched>,
    app: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Ok(app) = app.parse::<AppId>() else {
        let message = Message {
            title: "This address is not in use",
            text: "The redirect address at the service names no app of this server. Whoever runs the app compares it with \
                   `latchkey apps list`.",
            ..Message::default()
        };
        return message.page(&site, StatusCode::NOT_FOUND);
    };
    finish(&broker, &site, &watched, Some(app), &request).await
}

/// GET `/connections/oauth/callback`, `/oauth/callback`: for apps that are set so.
pub(crate) async fn plain(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    watched: web::Data<Watched>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    finish(&broker, &site, &watched, None, &request).await
}

async fn finish(
    broker: &Broker,
    site: &Site,
    watched: &Watched,
    app: Option<AppId>,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let browser = cookies::Kind::Browser.read(request, site.secure);
    let end = broker.callback(app, request.query_string(), browser.as_ref()).await;
    watched.moved();
    match end {
        CallbackEnd::Redirect(url) => Ok(HttpResponse::SeeOther()
            .insert_header((header::LOCATION, url.as_str()))
            .finish()),
        CallbackEnd::Page {
            status,
            title,
            message,
            retry,
        } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            let reference = request.request_id_text();
            let page = Message {
                title,
                text: &message,
                reload_after: retry.then_some(3),
                reference: Some(&reference),
                ..Message::default()
            };
            let mut response = page.page(site, status)?;
            if retry {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, header::HeaderValue::from_static("3"));
            }
            Ok(response)
        }
    }
}
