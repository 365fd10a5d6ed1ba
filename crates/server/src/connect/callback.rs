//! Where services send the browser back to. The raw query goes to the broker unread: which parameters there are, and
//! whether one is doubled, is part of what it judges. It is never logged.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, CallbackEnd, CallbackPage};
use store::AppId;

use super::events::Watched;
use super::{Message, cookies};
use crate::Site;
use crate::place::Arrived as _;
use crate::problems::Problem;
use crate::telemetry::Correlated as _;
use crate::texts::Texts;

/// GET `/connections/oauth/callback/{app}`
pub(crate) async fn of_app(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    watched: web::Data<Watched>,
    app: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let Ok(app) = app.parse::<AppId>() else {
        let texts = Texts::on_the_way(&request, site.secure);
        return Message::named(texts, "callback-no-app").page(&site, &request, StatusCode::NOT_FOUND);
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
    let end = broker
        .callback(
            app,
            request.query_string(),
            browser.as_ref(),
            &request.place(&site.public_origin),
        )
        .await;
    watched.moved();
    match end {
        CallbackEnd::Redirect(url) => Ok(HttpResponse::SeeOther()
            .insert_header((header::LOCATION, url.as_str()))
            .finish()),
        CallbackEnd::Page(said) => {
            let reference = request.request_id_text();
            let retry = matches!(said, CallbackPage::Later { .. });
            let (status, message) = message(&said, Texts::on_the_way(request, site.secure));
            // Where a service calls the state otherwise, the last page of the sign-in has the reference.
            let state = super::query_value(request, "state").and_then(|text| vault::Token::parse(&text));
            if let (Some(state), false) = (state, retry) {
                broker.note_returned(&state, reference.clone(), "callback", message.text.clone());
            }
            let page = Message {
                reload_after: retry.then_some(3),
                reference: Some(&reference),
                ..message
            };
            let mut response = page.page(site, request, status)?;
            if retry {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, header::HeaderValue::from_static("3"));
            }
            Ok(response)
        }
    }
}

fn message(said: &CallbackPage, texts: Texts) -> (StatusCode, Message<'static>) {
    let (status, name) = match said {
        CallbackPage::Incomplete => (StatusCode::BAD_REQUEST, "callback-incomplete"),
        CallbackPage::Unknown => (StatusCode::BAD_REQUEST, "callback-unknown"),
        CallbackPage::OtherBrowser => (StatusCode::BAD_REQUEST, "callback-other-browser"),
        CallbackPage::Over => (StatusCode::GONE, "callback-over"),
        CallbackPage::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "callback-failed"),
        CallbackPage::Later { .. } => (StatusCode::SERVICE_UNAVAILABLE, "callback-later"),
    };
    let message = Message::named(texts, name);
    let CallbackPage::Later { service: Some(service) } = said else {
        return (status, message);
    };
    let text = texts.with("page-callback-put-back-text", &[("service", service)]);
    (status, Message { text, ..message })
}
