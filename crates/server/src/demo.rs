//! The demo of development: a small product with its page and its two backend calls. It has a caller of its own instead
//! of a key, because both sides are this process; everything else is what a customer's backend would do.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
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
use crate::{Site, only, reading};

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
                .route(reading().to(page))
                .default_service(only("GET, HEAD")),
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

/// The demo, for callers on this machine. Its calls ask for no key: on an address of the network they would hand sessions
/// and a person's accounts to everybody there.
struct Local(web::Data<Demo>);

impl FromRequest for Local {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(local(request).map(Self))
    }
}

fn local(request: &HttpRequest) -> Result<web::Data<Demo>, Problem> {
    let lost = || Problem::general(Kind::Internal);
    let demo = request.app_data::<web::Data<Demo>>().ok_or_else(lost)?;
    let site = request.app_data::<web::Data<Site>>().ok_or_else(lost)?;
    let is_local = site
        .limits
        .who(request)
        .is_some_and(|address| address.to_canonical().is_loopback());
    if is_local {
        return Ok(demo.clone());
    }
    Err(Problem::keyed(
        Kind::Forbidden,
        "demo_is_local",
        "The demo answers only the machine that it runs on. Open it there, or forward its port to yours.",
    ))
}

/// GET `/demo`
async fn page(site: web::Data<Site>, Local(demo): Local) -> Result<HttpResponse, Problem> {
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
    Local(demo): Local,
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
async fn call(broker: web::Data<Broker>, Local(demo): Local, body: FromOurPage<Call>) -> Result<HttpResponse, Problem> {
    let Call { connection_key, path } = body.0;
    let call = PassthroughCall {
        action_of: None,
        connection_key,
        method: http::Method::GET,
        path_and_query: if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        },
        headers: http::HeaderMap::new(),
        body: Box::pin(futures_util::stream::empty()),
        called: std::sync::Arc::default(),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use actix_web::test::TestRequest;
    use broker::Environment;
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::Rates;
    use crate::limits::Limits;

    fn asked_by(peer: &str, forwarded: Option<&str>) -> Result<web::Data<Demo>, Problem> {
        let rates = Rates {
            key: None,
            source: None,
        };
        let limits = Arc::new(Limits::new(rates, vec!["127.0.0.0/8".parse().unwrap()]));
        let broker = crate::tests::broker("http://127.0.0.1:8080");
        let site = Site::new(&broker, limits, Arc::new(|| DateTime::UNIX_EPOCH));
        let nil = Uuid::nil().to_string();
        let demo = Demo {
            caller: Caller {
                project: nil.parse().unwrap(),
                environment: Environment::Test,
                actor: broker::Actor::CommandLine,
                scopes: BTreeSet::new(),
            },
            publishable_id: "pub_x".to_owned(),
        };
        let request = TestRequest::post()
            .app_data(web::Data::new(site))
            .app_data(web::Data::new(demo))
            .peer_addr(peer.parse().unwrap());
        let request = match forwarded {
            Some(address) => request.insert_header(("x-forwarded-for", address)),
            None => request,
        };
        local(&request.to_http_request())
    }

    #[actix_web::test]
    async fn only_this_machine_gets_the_demo() {
        for peer in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(asked_by(peer, None).is_ok(), "{peer}");
        }
        for peer in ["192.168.0.7:1", "[fe80::1]:1", "0.0.0.0:1"] {
            let problem = asked_by(peer, Some("127.0.0.1")).unwrap_err();
            assert_eq!(problem.key(), "demo_is_local", "{peer}");
        }
        assert!(asked_by("127.0.0.1:1", Some("203.0.113.9")).is_err());
    }
}
