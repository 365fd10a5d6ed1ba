//! Headers and answers that all parts share.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::json;

/// An answer that no cache keeps and no page frames.
pub(crate) fn plain(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header(("cross-origin-resource-policy", "same-origin"));
    response
}

/// A JSON answer, which a browser that is pointed at it runs nothing of.
pub(crate) fn json(status: StatusCode) -> HttpResponseBuilder {
    let mut response = plain(status);
    response.insert_header((
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; sandbox",
    ));
    response
}

/// A JSON error outside of OAuth's own list.
pub(crate) fn error(status: StatusCode, code: &str, description: &str) -> HttpResponse {
    json(status).json(json!({ "error": code, "error_description": description }))
}

/// 404.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    let path = request.path();
    error(
        StatusCode::NOT_FOUND,
        "not_found",
        &format!("the sandbox has nothing at {path}"),
    )
}

/// 405.
pub(crate) async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    let method = request.method();
    error(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &format!("{method} is not possible here"),
    )
}
