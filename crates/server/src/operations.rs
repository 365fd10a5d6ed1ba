//! What operators and their machines ask: alive, ready, metrics.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use broker::Broker;
use serde_json::json;

use crate::envelope::AsItIs;
use crate::problems::{Kind, Problem};
use crate::{only, reading, telemetry};

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig, metrics: bool) {
    config
        .service(
            web::resource("/healthz")
                .route(reading().to(alive))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/readyz")
                .route(reading().to(ready))
                .default_service(only("GET, HEAD")),
        );
    if metrics {
        config.service(
            web::resource("/metrics")
                .route(reading().to(numbers))
                .default_service(only("GET, HEAD")),
        );
    }
}

/// GET `/healthz`: the process answers, and of which server it is. It says nothing about the database.
async fn alive(broker: web::Data<Broker>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok", "instance": broker.instance_tag() }))
}

/// GET `/readyz`: whether requests should come here.
async fn ready(broker: web::Data<Broker>) -> HttpResponse {
    let readiness = broker.readiness().await;
    let mut response = if readiness.ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    let mut response = response.json(readiness);
    response.extensions_mut().insert(AsItIs);
    response
}

/// GET `/metrics`: Prometheus' text format.
async fn numbers(broker: web::Data<Broker>) -> Result<HttpResponse, Problem> {
    broker.publish_loops();
    let recorder = telemetry::recorder().map_err(|_| Problem::general(Kind::Internal))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(recorder.render()))
}
