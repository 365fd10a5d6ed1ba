//! `/` and `/embed/{pub}`: the modal's page. The query belongs to the page's script; it is never logged, and nothing of it
//! is read here but a `locale` at its beginning.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Kind};
use serde_json::json;

use super::evidence::referrer_origin;
use super::pages::{Brand, EmbedPage, EmbedProject, StaticNotice};
use super::{Message, brand_here, page};
use crate::Site;
use crate::headers::{Nonce, Set};
use crate::place::Arrived as _;
use crate::problems::Problem;
use crate::texts::Texts;

/// GET `/`: the address that published SDKs open when they are given our origin alone.
pub(crate) async fn bare(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    if asks_for_status(&request) {
        return Ok(HttpResponse::Ok().json(json!({ "type": "success", "success": true })));
    }
    if !is_framed(&request) {
        return notice(&site, Texts::asked_by(&request), brand_here(&request));
    }
    if let Some(own) = request.place(&site.public_origin).project {
        let found = broker.own_embed_page(own).await?;
        return framed(&site, Texts::asked_by(&request), &found);
    }
    let referrer = referrer_origin(request.headers());
    let found = broker.bare_embed_page(referrer.as_deref()).await?;
    if found.frame_ancestors.is_empty() {
        tracing::info!(origin = referrer, "a page that no project lists tried to embed");
    }
    framed(&site, Texts::asked_by(&request), &found)
}

/// GET `/embed/{pub}`: the recommended address.
pub(crate) async fn project(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    publishable_id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    // A browser that frames says so; anything else is no try to embed.
    let embedder = referrer_origin(request.headers()).filter(|_| request.headers().contains_key("sec-fetch-dest"));
    let embedder = embedder.filter(|_| is_framed(&request));
    let place = request.place(&site.public_origin).project;
    let texts = Texts::asked_by(&request);
    let found = match broker.embed_page(&publishable_id, embedder.as_deref(), place).await {
        // Never there, or that of a project that was deleted.
        Err(problem) if matches!(problem.kind(), Kind::NotFound | Kind::Gone) && is_opened(&request) => {
            return Message::named(texts, "embed-unknown").page(&site, &request, StatusCode::NOT_FOUND);
        }
        found => found?,
    };
    if !is_framed(&request) {
        let looks = found
            .project
            .as_ref()
            .map(|(_, looks)| Brand::of(looks.clone()))
            .unwrap_or_default();
        return notice(&site, texts, looks);
    }
    framed(&site, texts, &found)
}

/// A browser that says so is believed; one that says nothing is asked by the page's script.
pub(super) fn is_framed(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("sec-fetch-dest")
        .is_none_or(|dest| dest.as_bytes() == b"iframe")
}

/// Is the answer for a person's eyes, in a window of its own?
fn is_opened(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("sec-fetch-dest")
        .is_some_and(|dest| dest.as_bytes() == b"document")
}

/// Old clients probe the address. Only the beginning of the query is looked at.
pub(super) fn asks_for_status(request: &HttpRequest) -> bool {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accept.starts_with("application/json") && !request.query_string().starts_with("data=")
}

fn framed(site: &Site, texts: Texts, found: &broker::EmbedPage) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let project = found.project.as_ref();
    let template = EmbedPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        brand: project.map(|(_, looks)| Brand::of(looks.clone())).unwrap_or_default(),
        white_label: found.white_label,
        texts,
        project: project.map(|(name, looks)| EmbedProject {
            name,
            logo_url: looks.logo_url.as_deref(),
            logo_dark_url: looks.logo_dark_url.as_deref(),
        }),
        origins: &found.frame_ancestors,
    };
    let set = Set::Embed {
        ancestors: &found.frame_ancestors,
        images: &found.image_origins,
    };
    page(set, &nonce, StatusCode::OK, &template)
}

/// Opened by itself, the page would take its orders from whoever wrote the address.
fn notice(site: &Site, texts: Texts, brand: Brand) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let template = StaticNotice {
        nonce: nonce.as_str(),
        assets: &site.assets,
        brand,
        texts,
    };
    page(Set::Pass, &nonce, StatusCode::OK, &template)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_an_iframe_or_silence_counts_as_framed() {
        let dest = |dest: &'static str| {
            TestRequest::get()
                .insert_header(("sec-fetch-dest", dest))
                .to_http_request()
        };
        assert!(is_framed(&dest("iframe")));
        assert!(is_framed(&TestRequest::get().to_http_request()));
        for other in ["document", "frame", "object", "embed", "empty", ""] {
            assert!(!is_framed(&dest(other)), "{other}");
        }
    }

    #[test]
    fn a_probe_is_no_visit() {
        let probe = |uri: &str, accept: &'static str| {
            asks_for_status(
                &TestRequest::get()
                    .uri(uri)
                    .insert_header(("accept", accept))
                    .to_http_request(),
            )
        };
        assert!(probe("/", "application/json"));
        assert!(!probe("/?data=e30%3D", "application/json"));
        assert!(!probe("/", "text/html,application/xhtml+xml"));
    }
}
