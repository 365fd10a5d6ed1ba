//! `/v1/branding`: how the project looks to people, and its pictures.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{BrandingRequest, BrandingView, Broker, IMAGE_LIMIT, ImageSlot, NewImage, Scope};
use serde::Deserialize;
use utoipa::ToSchema;

use super::etag::if_match;
use crate::Site;
use crate::guard::{body, bytes};
use crate::key::Authenticated;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// How a project looks. What is left out is ours; only `name` stays. `logo`, `favicon`, `domain` and `adjusted` are in
/// answers, and read over in requests.
#[derive(Debug, ToSchema)]
#[schema(as = Branding, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "the description of `broker::BrandingRequest` and `broker::BrandingView`"
)]
pub(crate) struct Branding {
    /// The name that people see, at most 120 characters.
    name: Option<String>,
    /// `light` or `dark`; without, what the person's system says.
    #[schema(value_type = Option<String>, pattern = "^(light|dark)$")]
    theme: Option<String>,
    /// The colour of what one presses. In a request also one `#rrggbb` for both.
    accent: Option<Sides>,
    /// The colour of the modal's ground. In a request also one `#rrggbb` for both.
    background: Option<Sides>,
    /// How round the modal's corners are, in pixels, 0 to 24; those of controls follow.
    radius: Option<u8>,
    /// Names of fonts that people may have, first choice first: `Inter, "Segoe UI", sans-serif`.
    font: Option<String>,
    /// Words by language: `en`, `de`, `fr`, `es`, `pt-BR`, `it`, `nl`, `ja`, `zh-Hans`, `ko`, `ar`.
    texts: Option<BTreeMap<String, Words>>,
    /// Your privacy policy, https.
    privacy_url: Option<String>,
    /// Your terms, https.
    terms_url: Option<String>,
    /// Whether "Secured by Latchkey" is shown; it is, unless `false`.
    powered_by: Option<bool>,
    /// Set with `PUT /v1/branding/logo`.
    #[schema(read_only)]
    logo: Option<Logo>,
    /// Set with `PUT /v1/branding/favicon`.
    #[schema(read_only)]
    favicon: Option<Image>,
    /// Your own domain, which the operator of this server sets.
    #[schema(read_only)]
    domain: Option<String>,
    /// Colours that are shown otherwise than they were given, so that they can be seen and read.
    #[schema(read_only)]
    adjusted: Option<Vec<Adjusted>>,
}

/// One colour for light and one for dark.
#[derive(Debug, ToSchema)]
#[schema(as = BrandingSides)]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Sides {
    /// `#rrggbb`
    light: Option<String>,
    /// `#rrggbb`
    dark: Option<String>,
}

/// Your words in one language.
#[derive(Debug, ToSchema)]
#[schema(as = BrandingWords)]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Words {
    /// Heads the list of services; 60 characters.
    title: Option<String>,
    /// Stands under it; 160 characters.
    lead: Option<String>,
    /// Stands on the screen of a service before it is connected; 300 characters.
    explain: Option<String>,
    /// Stands on the screen that says it is connected; 160 characters.
    success: Option<String>,
}

/// The two logos.
#[derive(Debug, ToSchema)]
#[schema(as = BrandingLogo)]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Logo {
    light: Option<Image>,
    dark: Option<Image>,
}

/// A picture that this server serves.
#[derive(Debug, ToSchema)]
#[schema(as = BrandingImage, rename_all = "camelCase")]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Image {
    url: String,
    media_type: String,
    width: i32,
    height: i32,
}

/// A colour that was moved in lightness.
#[derive(Debug, ToSchema)]
#[schema(as = BrandingAdjusted)]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Adjusted {
    /// As `accent.light`.
    field: String,
    /// As it was given.
    given: String,
    /// As it is shown.
    shown: String,
    /// Why.
    reason: String,
}

/// Where a picture is fetched from, once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BrandingPictureAddress)]
pub(crate) struct PictureAddress {
    /// An https address of a PNG, JPEG or WebP picture.
    url: String,
}

fn answer(view: &BrandingView) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, format!("\"{}\"", view.revision)))
        .json(view)
}

fn revision(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    if_match(request, "GET /v1/branding")
}

/// How the project looks.
#[utoipa::path(
    get, path = "/v1/branding", operation_id = "getBranding", tag = "Branding",
    responses(
        (status = 200, body = Branding, description = "How it looks. `ETag` changes with it"),
        (status = 403, description = "The key does not have the scope `branding:write`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    Ok(answer(&broker.branding(&caller.0).await?))
}

/// Replaces how the project looks; pictures and domain stay.
#[utoipa::path(
    put, path = "/v1/branding", operation_id = "setBranding", tag = "Branding",
    params(("if-match" = Option<String>, Header, description = "The `ETag` that you read: nothing is changed when it is another by now")),
    request_body(content = Branding, description = "All of it; what is left out is ours again"),
    responses(
        (status = 200, body = Branding, description = "How it looks now; `adjusted` has the colours that were moved"),
        (status = 400, description = "A field does not exist or has another type; the message names it"),
        (status = 403, description = "The key does not have the scope `branding:write`"),
        (status = 408, description = "The body did not come in time"),
        (status = 412, description = "It was changed since you read it (`branding_changed`)"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "A value is not one (`branding_not_valid`); `meta.fields` has each field with what to write")
    ),
    security(("secret" = []))
)]
pub(crate) async fn put(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::BrandingWrite)?;
    let revision = revision(&request)?;
    let wanted: BrandingRequest = body(&site, &request, payload).await?;
    Ok(answer(&broker.set_branding(&caller.0, revision, wanted).await?))
}

/// Shows another logo: the bytes of a PNG, JPEG or WebP picture of at most 256 KiB and 1024 pixels, or JSON with its
/// address, which is fetched once.
#[utoipa::path(
    put, path = "/v1/branding/logo", operation_id = "setLogo", tag = "Branding",
    params(
        ("variant" = Option<String>, Query, description = "`light` (without), or `dark` for another logo on dark ground"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that you read")
    ),
    request_body(content(
        (Vec<u8> = "application/octet-stream"),
        (PictureAddress = "application/json")
    )),
    responses(
        (status = 200, body = Branding, description = "How the project looks now"),
        (status = 403, description = "The key does not have the scope `branding:write`"),
        (status = 408, description = "The body did not come in time"),
        (status = 412, description = "It was changed since you read it (`branding_changed`)"),
        (status = 422, description = "The picture is not taken: `image_not_supported`, `image_too_large`, `image_dimensions`, `image_not_fetched`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn put_logo(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    put_image(&broker, &site, &caller, &request, payload, logo(&request)?).await
}

/// Takes a logo away.
#[utoipa::path(
    delete, path = "/v1/branding/logo", operation_id = "deleteLogo", tag = "Branding",
    params(
        ("variant" = Option<String>, Query, description = "`light` (without), or `dark`"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that you read")
    ),
    responses(
        (status = 200, body = Branding, description = "How the project looks now"),
        (status = 403, description = "The key does not have the scope `branding:write`"),
        (status = 412, description = "It was changed since you read it (`branding_changed`)")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete_logo(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let slot = logo(&request)?;
    let view = broker.set_image(&caller.0, revision(&request)?, slot, None).await?;
    Ok(answer(&view))
}

/// Shows another icon on our pages. As for a logo; without one, the logo is the icon.
#[utoipa::path(
    put, path = "/v1/branding/favicon", operation_id = "setFavicon", tag = "Branding",
    params(("if-match" = Option<String>, Header, description = "The `ETag` that you read")),
    request_body(content(
        (Vec<u8> = "application/octet-stream"),
        (PictureAddress = "application/json")
    )),
    responses(
        (status = 200, body = Branding, description = "How the project looks now"),
        (status = 403, description = "The key does not have the scope `branding:write`"),
        (status = 408, description = "The body did not come in time"),
        (status = 412, description = "It was changed since you read it (`branding_changed`)"),
        (status = 422, description = "The picture is not taken, as for a logo")
    ),
    security(("secret" = []))
)]
pub(crate) async fn put_favicon(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    put_image(&broker, &site, &caller, &request, payload, ImageSlot::Favicon).await
}

/// Takes the icon away.
#[utoipa::path(
    delete, path = "/v1/branding/favicon", operation_id = "deleteFavicon", tag = "Branding",
    params(("if-match" = Option<String>, Header, description = "The `ETag` that you read")),
    responses(
        (status = 200, body = Branding, description = "How the project looks now"),
        (status = 403, description = "The key does not have the scope `branding:write`"),
        (status = 412, description = "It was changed since you read it (`branding_changed`)")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete_favicon(
    broker: web::Data<Broker>,
    caller: Authenticated,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let revision = revision(&request)?;
    Ok(answer(
        &broker.set_image(&caller.0, revision, ImageSlot::Favicon, None).await?,
    ))
}

async fn put_image(
    broker: &Broker,
    site: &Site,
    caller: &Authenticated,
    request: &HttpRequest,
    payload: Payload,
    slot: ImageSlot,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::BrandingWrite)?;
    let revision = revision(request)?;
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"));
    let image = if is_json {
        let address: PictureAddress = body(site, request, payload).await?;
        NewImage::Url(address.url)
    } else {
        // The refusal of a picture says more than that of a body.
        let read = bytes(site, request, payload, IMAGE_LIMIT).await;
        NewImage::Bytes(read.map_err(|problem| match problem.kind() {
            Kind::PayloadTooLarge => broker::image_too_large().into(),
            _ => problem,
        })?)
    };
    Ok(answer(&broker.set_image(&caller.0, revision, slot, Some(image)).await?))
}

fn logo(request: &HttpRequest) -> Result<ImageSlot, Problem> {
    match Query::parse(request.query_string()).get("variant") {
        None | Some("light") => Ok(ImageSlot::LogoLight),
        Some("dark") => Ok(ImageSlot::LogoDark),
        Some(_) => Err(Problem::bad_request(
            "`variant` is `light` or `dark`. Send one of these, or none.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema as _;

    use super::*;

    #[test]
    fn the_description_has_the_fields_that_are_read() {
        let schema = serde_json::to_value(Branding::schema()).unwrap();
        for field in schema["properties"].as_object().unwrap().keys() {
            let read = serde_json::from_value::<BrandingRequest>(serde_json::json!({ field: null }));
            assert!(read.is_ok(), "{field}: {read:?}");
        }
        assert_eq!(schema["properties"].as_object().unwrap().len(), 14);
    }
}
