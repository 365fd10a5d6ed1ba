//! A project's pictures. Their address is made of their bytes, so browsers may keep them for ever.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::Broker;

use crate::Site;
use crate::headers::CROSS_ORIGIN_RESOURCE_POLICY;
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// GET `/connect/brand/{publishable id}/logo-{digest}`
pub(crate) async fn picture(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    address: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (publishable_id, name) = address.into_inner();
    let digest = name
        .strip_prefix("logo-")
        .filter(|digest| digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .ok_or_else(|| Problem::general(Kind::NotFound))?;
    let place = request.place(&site.public_origin).project;
    let image = broker.image(&publishable_id, digest, place).await?;
    Ok(HttpResponse::Ok()
        .content_type(image.media_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        // Whatever a browser might see in the bytes: opened by itself it can do nothing.
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(image.bytes))
}
