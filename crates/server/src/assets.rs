//! Scripts, styles, logos and icons: embedded in the binary and served under one hash of the whole set, so that a page
//! never mixes two versions and a browser may keep them for ever.

mod encoded;
mod script;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest as _, Sha256};

use self::encoded::Encoded;
use crate::headers::CROSS_ORIGIN_RESOURCE_POLICY;
use crate::problems::{Kind, Problem};
use crate::texts::{self, Language};

#[derive(rust_embed::RustEmbed)]
#[folder = "../../assets"]
struct Files;

/// The npm package's module. Its last statement is its only `export`.
const EMBED_SCRIPT: &str = include_str!("../../../clients/embed/embed.js");

/// Names and addresses of the embedded files.
#[derive(Clone, Copy, Debug)]
pub struct Assets {
    hash: &'static str,
}

impl Assets {
    /// The files of this binary.
    pub fn new() -> Self {
        static HASH: LazyLock<String> = LazyLock::new(|| {
            let mut names: Vec<_> = Files::iter().collect();
            names.sort();
            let mut sum = Sha256::new();
            for name in names {
                if let Some(file) = Files::get(&name) {
                    sum.update(name.as_bytes());
                    sum.update([0]);
                    sum.update(file.metadata.sha256_hash());
                }
            }
            for language in Language::ALL {
                sum.update(language.source());
            }
            hex::encode(&sum.finalize()[..8])
        });
        Self { hash: &HASH }
    }

    /// The address of a file, as `connect/main.js`, on our own origin.
    pub fn url(&self, name: &str) -> String {
        format!("/assets/{}/{name}", self.hash)
    }

    /// The address of a logo, when there is a file for it.
    pub fn logo(&self, name: &str) -> Option<String> {
        let file = format!("logos/{name}.svg");
        Files::get(&file).map(|_| self.url(&file))
    }
}

impl Default for Assets {
    fn default() -> Self {
        Self::new()
    }
}

/// The type of a file, with the character set that all our texts have.
fn content_type(name: &str) -> String {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    match kind.type_() {
        mime_guess::mime::TEXT => format!("{}; charset=utf-8", kind.essence_str()),
        _ => kind.essence_str().to_owned(),
    }
}

/// Whether a file shrinks when it is compressed; pictures and fonts are compressed already.
fn is_text(name: &str) -> bool {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    kind.type_() == mime_guess::mime::TEXT || kind.suffix() == Some(mime_guess::mime::XML)
}

/// Notes on where files come from lie beside them.
fn is_served(name: &str) -> bool {
    std::path::Path::new(name)
        .extension()
        .is_some_and(|extension| extension != "md")
}

fn text_of(name: &str) -> Option<String> {
    String::from_utf8(Files::get(name)?.data.into_owned()).ok()
}

/// What is sent for a name: a script with all that it imports, the texts of a language, or the file as it is.
fn content(name: &str) -> Option<Vec<u8>> {
    if let Some(texts) = texts::script::named(name) {
        return Some(texts.into());
    }
    if std::path::Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "js")
    {
        return script::in_one_piece(name, &text_of).map(String::into_bytes);
    }
    Files::get(name).map(|file| file.data.into_owned())
}

/// A file as it is sent, made when it is first asked for.
async fn encoded(name: String) -> Option<Arc<Encoded>> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Encoded>>>> = LazyLock::new(Mutex::default);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = known().get(&name) {
        return Some(Arc::clone(file));
    }
    // Compressing as well as it goes takes its time. Two requests at once do it twice, and the same.
    let file = web::block(move || {
        let file = Arc::new(Encoded::new(content(&name)?, is_text(&name)));
        known().insert(name, Arc::clone(&file));
        Some(file)
    });
    file.await.ok().flatten()
}

/// GET `/assets/{hash}/{name}`
pub(crate) async fn asset(request: HttpRequest, path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (hash, name) = path.into_inner();
    // Another version's page must not run this version's scripts.
    let file = if hash == Assets::new().hash && is_served(&name) {
        encoded(name.clone()).await
    } else {
        None
    };
    let file = file.ok_or_else(|| Problem::general(Kind::NotFound))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(content_type(&name))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        // An SVG opened by itself is a page; it must not run anything.
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ));
    Ok(file.answer(&request, response))
}

/// GET `/favicon.ico`: our pages name their icon; browsers that ask all the same get none, once.
pub(crate) async fn no_icon() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .finish()
}

/// The script of customers' pages in one of its forms, with the name of what is in it for caches.
struct EmbedScript {
    file: Encoded,
    tag: String,
}

impl EmbedScript {
    /// For `import`.
    fn module() -> &'static Self {
        static SCRIPT: LazyLock<EmbedScript> =
            LazyLock::new(|| EmbedScript::new(format!("{EMBED_SCRIPT}home = import.meta.url;\n")));
        &SCRIPT
    }

    /// For `<script src>`: the same, which leaves the global `Latchkey`.
    fn classic() -> &'static Self {
        static SCRIPT: LazyLock<EmbedScript> = LazyLock::new(|| {
            let (body, names) = EMBED_SCRIPT.rsplit_once("\nexport ").unwrap_or((EMBED_SCRIPT, "{}"));
            let names = names.trim_end().trim_end_matches(';');
            EmbedScript::new(format!(
                "(() => {{\n{body}\nhome = document.currentScript?.src ?? null;\nglobalThis.Latchkey = {names};\n}})();\n"
            ))
        });
        &SCRIPT
    }

    fn new(text: String) -> Self {
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(text.as_bytes())[..8]));
        Self {
            file: Encoded::new(text.into_bytes(), true),
            tag,
        }
    }

    fn answer(&'static self, request: &HttpRequest) -> HttpResponse {
        let known = request
            .headers()
            .get(header::IF_NONE_MATCH)
            .is_some_and(|value| value.as_bytes() == self.tag.as_bytes());
        let mut response = if known {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        response
            .content_type("text/javascript; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
            .insert_header((header::ETAG, self.tag.as_str()))
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
        if known {
            response.finish()
        } else {
            self.file.answer(request, response)
        }
    }
}

/// GET `/embed/v1.mjs`, and `/embed.js`, where it was first: the module that a customer's page imports. A version that
/// pages would have to change for gets another number.
pub(crate) async fn embed_module(request: HttpRequest) -> HttpResponse {
    EmbedScript::module().answer(&request)
}

/// GET `/embed/v1.js`: the same for a script tag.
pub(crate) async fn embed_script(request: HttpRequest) -> HttpResponse {
    EmbedScript::classic().answer(&request)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(hash: &str, name: &str) -> Result<HttpResponse, Problem> {
        let request = actix_web::test::TestRequest::default().to_http_request();
        asset(request, web::Path::from((hash.to_owned(), name.to_owned()))).await
    }

    #[actix_web::test]
    async fn only_this_versions_files_are_served() {
        let response = get(Assets::new().hash, "tokens.css").await.unwrap();
        assert_eq!(
            response.headers().get(header::CONTENT_TYPE).unwrap(),
            "text/css; charset=utf-8"
        );
        assert!(
            response
                .headers()
                .get(header::CACHE_CONTROL)
                .unwrap()
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        assert_eq!(
            response.headers().get(CROSS_ORIGIN_RESOURCE_POLICY).unwrap(),
            "cross-origin"
        );
        for (hash, name) in [
            ("0000000000000000", "tokens.css"),
            (Assets::new().hash, "nothing.css"),
            (Assets::new().hash, "../Cargo.toml"),
            (Assets::new().hash, "connect/texts/xx.modal.js"),
            (Assets::new().hash, "logos/README.md"),
        ] {
            assert_eq!(get(hash, name).await.unwrap_err().kind(), Kind::NotFound, "{name}");
        }
    }

    #[test]
    fn the_embed_script_has_one_body_in_two_forms() {
        let module = EmbedScript::module().file.text();
        assert!(module.ends_with("\nexport { LatchkeyError, open, resume };\nhome = import.meta.url;\n"));
        let classic = EmbedScript::classic().file.text();
        // Either word is a syntax error in a script that is no module.
        assert!(!classic.contains("import.meta") && !classic.contains("\nexport "));
        assert!(classic.contains("globalThis.Latchkey = { LatchkeyError, open, resume };"));
        assert!(classic.contains("\nlet home = null;\n") && module.contains("\nlet home = null;\n"));
    }

    #[test]
    fn addresses_carry_the_hash() {
        let assets = Assets::new();
        assert_eq!(
            assets.url("connect/main.js"),
            format!("/assets/{}/connect/main.js", assets.hash)
        );
        assert!(assets.logo("gmail").is_some());
        assert!(assets.logo("no-such-logo").is_none());
    }
}
