//! `ANY /sandbox/api/echo`: what arrived, so that a caller sees what was made of its request on the way.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::access::{API_KEY, AccessError, Caller};
use crate::{Sandbox, answer};

const MASK: &str = "[masked]";

/// Answers with the method, the raw path and query, the headers and the body. Credentials are masked.
pub(crate) async fn echo(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, AccessError> {
    Caller::of(&sandbox.store, request.headers()).await?;
    let Ok(body) = body else {
        let description = "the body is larger than 1 MiB, or did not arrive";
        return Ok(answer::error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", description));
    };
    let mask = Mask::of(request.headers());
    let text = std::str::from_utf8(&body).ok();
    Ok(answer::json(StatusCode::OK).json(json!({
        "method": request.method().as_str(),
        "path": mask.text(request.uri().path()),
        "query": request.uri().query().map(|query| mask.text(query)),
        "headers": mask.headers(request.headers()),
        "bodyBytes": body.len(),
        "body": text.map(|text| mask.text(text)),
        "bodyBase64": text.is_none().then(|| STANDARD.encode(&body)),
        "json": text.and_then(|text| serde_json::from_str::<serde_json::Value>(&mask.text(text)).ok()),
    })))
}

/// The credentials of one request, to be found wherever they went.
struct Mask(Vec<String>);

impl Mask {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.iter().filter(|(name, _)| is_credential(name.as_str()));
        let texts = values.filter_map(|(_, value)| value.to_str().ok());
        // Of `Bearer abc` the last word is the secret.
        let mut secrets: Vec<String> = texts
            .filter_map(|text| text.split(' ').next_back())
            .map(str::to_owned)
            .collect();
        // A short value would mask half of the answer, and protects nothing.
        secrets.retain(|secret| secret.len() >= 8);
        Self(secrets)
    }

    fn text(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    fn headers(&self, headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
        let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = match value.split_once(' ') {
                _ if !is_credential(name.as_str()) => self.text(&value),
                Some((scheme, _)) if name == "authorization" => format!("{scheme} {MASK}"),
                _ => MASK.to_owned(),
            };
            shown.entry(name.as_str().to_owned()).or_default().push(value);
        }
        shown
    }
}

fn is_credential(name: &str) -> bool {
    matches!(name, "authorization" | "proxy-authorization" | "cookie" | API_KEY)
        || ["secret", "token", "password", "api-key"]
            .iter()
            .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_credential_shows_nowhere() {
        let request = TestRequest::get()
            .insert_header(("authorization", "Bearer canary-token-1"))
            .insert_header(("x-one-secret", "canary-secret-2"))
            .insert_header(("cookie", "a=canary-cookie-3"))
            .append_header(("x-note", "one canary-token-1 here"))
            .append_header(("x-note", "two"))
            .to_http_request();
        let mask = Mask::of(request.headers());
        let shown = mask.headers(request.headers());
        assert_eq!(shown["authorization"], ["Bearer [masked]"]);
        assert_eq!(shown["x-one-secret"], ["[masked]"]);
        assert_eq!(shown["x-note"], ["one [masked] here", "two"]);
        assert!(!format!("{shown:?}").contains("canary"));
        assert_eq!(
            mask.text("?q=canary-token-1&s=canary-secret-2"),
            "?q=[masked]&s=[masked]"
        );
    }
}
