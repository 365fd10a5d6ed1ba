//! The API's own description: OpenAPI 3.1 at `/openapi.json`, readable at `/docs` without a resource from elsewhere.

use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::Config;

use super::{authkit, complete, connections, connectors, passthrough, users};
use crate::headers::{Nonce, Set};
use crate::problems::{Kind, Problem};

/// The document of `/v1`.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Latchkey",
        description = "Connections of your users to other services. Send the project's secret key in `X-Pica-Secret`, `X-One-Secret` or `Authorization: Bearer`."
    ),
    paths(
        authkit::token, authkit::open, users::flags, users::whoami, connections::list, connections::get,
        connections::patch, connections::delete, connectors::list, passthrough::call, complete::complete
    ),
    modifiers(&Secret)
)]
pub struct Document;

struct Secret;

impl Modify for Secret {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Pica-Secret")));
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("secret", scheme);
    }
}

/// GET `/openapi.json`
pub(crate) async fn document() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| Document::openapi().to_json().unwrap_or_default());
    HttpResponse::Ok().content_type("application/json").body(TEXT.as_str())
}

/// GET `/docs`: with a slash at the end, because the page's own addresses are relative.
pub(crate) async fn redirect() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

/// GET `/docs/{file}`: the reader and its files, from the binary.
pub(crate) async fn reader(path: web::Path<String>) -> Result<HttpResponse, Problem> {
    static CONFIG: LazyLock<Arc<Config<'static>>> =
        LazyLock::new(|| Arc::new(Config::from("/openapi.json").validator_url("none")));
    let missing = || Problem::general(Kind::NotFound);
    let file = utoipa_swagger_ui::serve(&path, CONFIG.clone())
        .map_err(|_| missing())?
        .ok_or_else(missing)?;
    let mut response = HttpResponse::Ok();
    Set::Docs.apply(&Nonce::generate(), &mut response);
    response.insert_header((header::CONTENT_TYPE, file.content_type.clone()));
    response.insert_header((header::CACHE_CONTROL, "public, max-age=3600"));
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response.body(file.bytes.into_owned()))
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[test]
    fn the_document_is_the_committed_one() {
        insta::assert_json_snapshot!(Document::openapi(), { ".info.version" => "[version]" });
    }

    #[actix_web::test]
    async fn the_reader_needs_nobody_else() {
        for name in ["", "swagger-ui-bundle.js", "swagger-initializer.js"] {
            let response = reader(web::Path::from(name.to_owned())).await.unwrap();
            assert!(
                response.headers().contains_key(header::CONTENT_SECURITY_POLICY),
                "{name}"
            );
            let body = to_bytes(response.into_body()).await.unwrap();
            let text = String::from_utf8_lossy(&body);
            assert!(!text.contains("src=\"http") && !text.contains("href=\"http"), "{name}");
        }
        assert!(reader(web::Path::from("nothing".to_owned())).await.is_err());
    }
}
