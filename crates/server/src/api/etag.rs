//! Tags of what is read: a client that has a list already is told so (RFC 9110 §13.1.2), and one that changes something says
//! what it had read.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::problems::{Kind, Problem};

/// The list with its tag, or 304 to who has it. Caches ask each time.
pub(crate) fn tagged(request: &HttpRequest, list: &impl Serialize) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(list).map_err(|error| {
        tracing::error!(%error, "a list cannot be written");
        Problem::general(Kind::Internal)
    })?;
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
    let mut response = if is_known(request.headers(), &tag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
    response.insert_header((header::ETAG, tag.clone()));
    if is_known(request.headers(), &tag) {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(body))
}

/// Compared weakly: a proxy that compresses may have made the tag a weak one.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == "*" || one == tag)
}

/// The revision that `If-Match` names (RFC 9110 §13.1.1), as `read` answered it. `*` and no header are any.
pub(crate) fn if_match(request: &HttpRequest, read: &str) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let revision = tag.and_then(|tag| tag.parse().ok());
    revision.map(Some).ok_or_else(|| {
        Problem::bad_request(format!(
            "`If-Match` is not an `ETag` of `{read}`. Send one as it came, quotation marks and all, or leave it out."
        ))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn who_has_it_gets_no_second_copy() {
        let list = serde_json::json!({ "rows": [1] });
        let first = tagged(&TestRequest::get().to_http_request(), &list).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned();
        for (sent, status) in [
            (tag.clone(), StatusCode::NOT_MODIFIED),
            (format!("W/{tag}"), StatusCode::NOT_MODIFIED),
            (format!("\"x\", {tag}"), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"x\"".to_owned(), StatusCode::OK),
            (tag.trim_matches('"').to_owned(), StatusCode::OK),
        ] {
            let request = TestRequest::get().insert_header((header::IF_NONE_MATCH, sent.as_str()));
            let answer = tagged(&request.to_http_request(), &list).unwrap();
            assert_eq!(answer.status(), status, "{sent}");
            assert_eq!(answer.headers().get(header::ETAG).unwrap().to_str().unwrap(), tag);
        }
    }

    #[test]
    fn if_match_is_a_tag_of_ours_or_anything() {
        let with = |value: &'static str| {
            TestRequest::get()
                .insert_header((header::IF_MATCH, value))
                .to_http_request()
        };
        assert_eq!(
            if_match(&TestRequest::get().to_http_request(), "GET /v1/branding").unwrap(),
            None
        );
        assert_eq!(if_match(&with("*"), "GET /v1/branding").unwrap(), None);
        assert_eq!(if_match(&with("\"17\""), "GET /v1/branding").unwrap(), Some(17));
        for wrong in ["17", "W/\"17\"", "\"x\"", "\"1\", \"2\"", "\""] {
            let problem = if_match(&with(wrong), "GET /v1/branding").unwrap_err();
            assert!(problem.to_string().contains("`If-Match` is not an `ETag`"), "{problem}");
        }
    }
}
