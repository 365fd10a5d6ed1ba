//! A service to connect to that is built in.
//!
//! What lives here: a small OAuth 2 provider with a consent page, an API-key variant, and an API to call with either.
//! It serves the test environment, the demo and the tests, so that nobody needs an account at a real service to build
//! an embed. Its state is in the database, so any replica answers.
//!
//! What never lives here: SQL, anything of the broker, or anything that the broker treats unlike a foreign service.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use store::{ProjectId, Store, StoreError};
use url::Url;
use vault::Environment;

mod access;
mod answer;
mod api;
mod authorize;
mod client;
mod echo;
mod faults;
mod oauth_error;
mod page;
mod parameters;
mod scope;
mod token;
mod wished_faults;

pub use faults::HANGING_LIMIT;
pub use store::sandbox::Client;

/// The path under which everything is served.
pub const PATH: &str = "/sandbox";

/// Largest body that is read, in bytes: 1 MiB.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// What the handlers need. Put it into the application as `web::Data<Sandbox>`.
#[derive(Clone, Debug)]
pub struct Sandbox {
    store: Store,
    public_url: Url,
}

impl Sandbox {
    /// A sandbox whose pages are reached at `public_url`, the origin of this Latchkey as browsers see it.
    pub fn new(store: Store, public_url: Url) -> Self {
        Self { store, public_url }
    }

    /// The issuer identifier (RFC 8414 §2), sent as `iss` with each authorization response (RFC 9207).
    pub fn issuer(&self) -> String {
        format!("{}{PATH}", self.public_url.as_str().trim_end_matches('/'))
    }
}

/// Why a project got no sandbox client.
#[derive(Debug, thiserror::Error)]
pub enum EnsureClientError {
    /// The sandbox holds no real accounts.
    #[error("the sandbox exists only in the test environment: use a key of `test`")]
    Live,
    /// The redirect address cannot be used.
    #[error("`{0}` is no redirect address: give an http or https address without a fragment")]
    RedirectUri(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The project's OAuth client at the sandbox, with `redirect_uri` registered. Made at the first call, the same ever
/// after; safe from several replicas at once.
///
/// # Errors
/// The environment is `live`, the address is not usable, or the database refused.
pub async fn ensure_client(
    store: &Store,
    project: ProjectId,
    environment: Environment,
    redirect_uri: &str,
) -> Result<Client, EnsureClientError> {
    if environment != Environment::Test {
        return Err(EnsureClientError::Live);
    }
    if !is_redirect_uri(redirect_uri) {
        return Err(EnsureClientError::RedirectUri(redirect_uri.to_owned()));
    }
    let client = store.sandbox_client(project).await?;
    store
        .register_sandbox_redirect_uri(&client.client_id, redirect_uri)
        .await?;
    Ok(client)
}

/// RFC 6749 §3.1.2: absolute, without a fragment.
fn is_redirect_uri(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none() && url.has_host())
}

/// Mounts everything under [`PATH`], and the metadata document where RFC 8414 §3.1 wants it.
pub fn configure(config: &mut ServiceConfig) {
    let oauth = web::scope("/oauth")
        .service(
            web::resource("/authorize")
                .route(web::get().to(authorize::show))
                .route(web::post().to(authorize::decide))
                .default_service(web::to(page::method_not_allowed)),
        )
        .service(endpoint("/token", web::post().to(token::token)))
        .service(endpoint("/revoke", web::post().to(token::revoke)))
        .default_service(web::to(answer::not_found));
    let api = web::scope("/api")
        .service(endpoint("/me", web::get().to(api::me)))
        .service(endpoint("/sites", web::get().to(api::list_sites)))
        .service(endpoint("/site", web::get().to(api::site)))
        .service(
            web::resource("/items")
                .route(web::get().to(api::list_items))
                .route(web::post().to(api::add_item))
                .default_service(web::to(answer::method_not_allowed)),
        )
        .service(web::resource(["/echo", "/echo/{rest:.*}"]).to(echo::echo))
        .default_service(web::to(answer::not_found))
        .wrap(from_fn(faults::around_api));
    config
        .service(
            web::scope(PATH)
                .app_data(web::PayloadConfig::new(BODY_LIMIT))
                .service(oauth)
                .service(api)
                .default_service(web::to(answer::not_found)),
        )
        .service(endpoint(
            "/.well-known/oauth-authorization-server/sandbox",
            web::get().to(token::metadata),
        ));
}

fn endpoint(path: &str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(answer::method_not_allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_addresses_are_absolute_and_without_fragment() {
        for good in [
            "https://latchkey.example.com/connections/oauth/callback/1",
            "http://127.0.0.1:8080/cb?x=1",
        ] {
            assert!(is_redirect_uri(good), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "https://example.com/cb#",
            "javascript:alert(1)",
            "data:text/html,x",
            "app://cb",
        ] {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
    }
}
