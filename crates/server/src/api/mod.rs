//! `/v1`: what customers' backends call with a secret key (wire contract §2.2 and §3).

pub(crate) mod authkit;
pub(crate) mod complete;
pub(crate) mod connections;
pub(crate) mod connectors;
pub(crate) mod openapi;
pub(crate) mod passthrough;
pub(crate) mod record;
pub(crate) mod users;

use actix_web::web::{self, ServiceConfig};

use crate::only;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/v1/authkit")
                .route(web::post().to(authkit::open))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/v1/authkit/token")
                .route(web::post().to(authkit::token))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/v1/users/flags")
                .route(web::get().to(users::flags))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/v1/users/whoami")
                .route(web::get().to(users::whoami))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/v1/available-connectors")
                .route(web::get().to(connectors::list))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/v1/connect/complete")
                .route(web::post().to(complete::complete))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/v1/connections/oauth/check")
                .route(web::get().to(crate::connect::flows::old_check))
                .default_service(only("GET")),
        )
        // The second form is what @picahq/ai 2.4.3 sends: its filters begin with `&` and stand in the path.
        .service(
            web::resource([
                "/v1/vault/connections",
                "/v1/vault/connections{filters:&[^/]*}",
                "/v1/connections",
            ])
            .route(web::get().to(connections::list))
            .default_service(only("GET")),
        )
        .service(
            web::resource(["/v1/vault/connections/{id:.+}", "/v1/connections/{id:.+}"])
                .route(web::get().to(connections::get))
                .route(web::patch().to(connections::patch))
                .route(web::delete().to(connections::delete))
                .default_service(only("GET, PATCH, DELETE")),
        )
        .service(
            web::resource("/v1/passthrough/{path:.*}")
                .route(
                    web::route()
                        .guard(actix_web::guard::fn_guard(passthrough::is_known_method))
                        .to(passthrough::call),
                )
                .default_service(only("GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS")),
        );
}
