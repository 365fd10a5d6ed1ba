//! Public keys of operators' OAuth clients, for the services that verify what was signed with the private ones.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use broker::Broker;
use store::AppId;

use crate::problems::{Kind, Problem};

/// GET `/connections/oauth/jwks/{app}`: a JWK Set (RFC 7517 §5), the `jwks_uri` of RFC 7591 §2.
pub(crate) async fn of_app(broker: web::Data<Broker>, app: web::Path<String>) -> Result<HttpResponse, Problem> {
    let app: AppId = app.parse().map_err(|_| Problem::general(Kind::NotFound))?;
    let jwks = broker.public_keys(app).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        // Short enough that a new key is known soon.
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .body(jwks.to_string()))
}
