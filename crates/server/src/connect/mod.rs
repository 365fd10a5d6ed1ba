//! The hosted side of the connect flow: the modal's page, the pages that a browser passes on its way to a service and
//! back, and the calls that those pages make (connect-flow §2.4).

pub(crate) mod callback;
pub(crate) mod choose;
pub(crate) mod confirm;
pub(crate) mod connections;
pub(crate) mod cookies;
pub(crate) mod device;
pub(crate) mod done;
pub(crate) mod embed;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod flows;
pub(crate) mod jwks;
pub(crate) mod later;
pub(crate) mod links;
pub(crate) mod pages;
pub(crate) mod pictures;
pub(crate) mod session;
pub(crate) mod start;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::envelope::AsItIs;
use crate::headers::{Nonce, Set};
use crate::problems::{Kind, Problem};
use crate::texts::Texts;
use crate::{only, place, reading};
use pages::{Brand, MessagePage};

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .configure(links::routes)
        .configure(choose::routes)
        .configure(connections::routes)
        .configure(device::routes)
        .service(
            web::resource("/connect/brand/{publishable_id}/{picture}")
                .route(reading().to(pictures::picture))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/")
                .route(reading().to(embed::bare))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/embed/{publishable_id}")
                .route(reading().to(embed::project))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/connect/api/session")
                .route(web::post().to(session::open))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/form")
                .route(web::post().to(session::form))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/submit")
                .route(web::post().to(session::submit))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/flows")
                .route(web::post().to(flows::create))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/flows/{flow}/ticket")
                .route(web::post().to(flows::ticket))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/flows/{flow}/cancel")
                .route(web::post().to(flows::cancel))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/flows/{flow}/events")
                .route(web::get().to(events::stream))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/connect/api/check")
                .route(web::post().to(flows::check))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/start")
                .route(reading().to(start::page))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/connect/api/start")
                .route(web::post().to(start::start))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/api/start/resume")
                .route(web::post().to(start::resume))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/confirm")
                .route(reading().to(confirm::page))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/connect/api/confirm")
                .route(web::post().to(confirm::answer))
                .default_service(only("POST")),
        )
        .service(
            web::resource("/connect/done")
                .route(reading().to(done::page))
                .default_service(only("GET, HEAD")),
        );
    of_services(config);
}

/// What services come to: the person's browser on its way back, and whoever verifies a signature.
fn of_services(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/connections/oauth/callback/{app}")
                .route(web::get().to(callback::of_app))
                .default_service(only("GET")),
        )
        .service(
            web::resource("/connections/oauth/jwks/{app}")
                .route(reading().to(jwks::of_app))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource(["/connections/oauth/callback", "/oauth/callback"])
                .route(web::get().to(callback::plain))
                .default_service(only("GET")),
        );
}

/// A page with its header set.
fn page(set: Set<'_>, nonce: &Nonce, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let body = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be written");
        Problem::general(Kind::Internal)
    })?;
    let mut response = HttpResponse::build(status);
    set.apply(nonce, &mut response);
    let mut response = response.body(body);
    response.extensions_mut().insert(AsItIs);
    Ok(response)
}

/// A plain page with one thing to say, in the reader's language.
#[derive(Debug, Default)]
struct Message<'a> {
    texts: Texts,
    title: String,
    text: String,
    retry: Option<&'a str>,
    reload_after: Option<u32>,
    reference: Option<&'a str>,
}

impl Message<'_> {
    /// The texts `page-{name}-title` and `page-{name}-text`.
    fn named(texts: Texts, name: &str) -> Self {
        Self {
            texts,
            title: texts.get(&format!("page-{name}-title")),
            text: texts.get(&format!("page-{name}-text")),
            ..Self::default()
        }
    }

    fn page(&self, site: &crate::Site, request: &HttpRequest, status: StatusCode) -> Result<HttpResponse, Problem> {
        self.branded(site, brand_here(request), status)
    }

    fn branded(&self, site: &crate::Site, brand: Brand, status: StatusCode) -> Result<HttpResponse, Problem> {
        let nonce = Nonce::generate();
        let template = MessagePage {
            nonce: nonce.as_str(),
            assets: &site.assets,
            brand,
            texts: self.texts,
            title: &self.title,
            text: &self.text,
            retry: self.retry,
            reload_after: self.reload_after,
            reference: self.reference,
        };
        page(Set::Pass, &nonce, status, &template)
    }
}

/// The looks of the project whose own domain this is, or ours.
fn brand_here(request: &HttpRequest) -> Brand {
    place::looks(request).map(Brand::of).unwrap_or_default()
}

/// A value of the query, for addresses that are ours: `?f=…`. The raw text is not kept.
fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
