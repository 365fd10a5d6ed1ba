//! The demo of development: a small product with its page and its two backend calls. It has a caller of its own instead
//! of a key, because both sides are this process; everything else is what a customer's backend would do.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template as _;
use broker::{Broker, Caller, PassthroughCall};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::authkit::{TokenRequest, open_for};
use crate::connect::pages::DemoPage;
use crate::guard::FromOurPage;
use crate::headers::{Nonce, Set};
use crate::problems::{Kind, Problem};
use crate::{Site, only};

/// Most bytes of a service's answer that the demo shows.
const SHOWN: usize = 256 * 1024;

/// The demo project.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Whom the demo's backend speaks for.
    pub caller: Caller,
    /// The project's publishable id.
    pub publishable_id: String,
}

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig, demo: web::Data<Demo>) {
    config
        .app_data(demo)
        .service(
            web::resource("/demo")
                .route(web::get().to(page))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/demo/token")
                .route(web::post().to(token))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/demo/call")
                .route(web::post().to(call))
                .default_service(only("POST")),
        );
}

/// GET `/demo`
async fn page(site: web::Data<Site>, demo: web::Data<Demo>) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let template = DemoPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        base_url: &site.public_origin,
        publishable_id: &demo.publishable_id,
    };
    let body = template.render().map_err(|_| Problem::general(Kind::Internal))?;
    let mut response = HttpResponse::Ok();
    Set::Demo.apply(&nonce, &mut response);
    Ok(response.body(body))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// POST `/demo/token`: what a customer's token endpoint does. The person is always Ann.
async fn token(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    demo: web::Data<Demo>,
    request: HttpRequest,
    _body: FromOurPage<Nothing>,
) -> Result<HttpResponse, Problem> {
    open_for(
        &broker,
        &site,
        &demo.caller,
        &request,
        TokenRequest::of_user("ann", "Ann Lee"),
    )
    .await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    connection_key: String,
    path: String,
}

/// POST `/demo/call`: a GET through a connection; the answer with its status.
async fn call(
    broker: web::Data<Broker>,
    demo: web::Data<Demo>,
    body: FromOurPage<Call>,
) -> Result<HttpResponse, Problem> {
    let Call { connection_key, path } = body.0;
    let call = PassthroughCall {
        connection_key,
        method: http::Method::GET,
        path_and_query: if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        },
        headers: http::HeaderMap::new(),
        body: Box::pin(futures_util::stream::empty()),
    };
    let answer = broker.passthrough(&demo.caller, call).await?;
    let status = answer.status().as_u16();
    let mut stream = answer.into_body();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk =
            chunk.map_err(|_| Problem::new(Kind::FailedDependency, "The service's answer broke off. Try again."))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > SHOWN {
            bytes.truncate(SHOWN);
            break;
        }
    }
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
    Ok(HttpResponse::build(StatusCode::OK).json(json!({ "status": status, "body": body })))
}
