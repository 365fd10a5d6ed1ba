use actix_web::body::to_bytes;
use actix_web::test::TestRequest;

use super::*;

fn target(uri: &str) -> String {
    raw_target(&TestRequest::get().uri(uri).to_http_request())
}

#[test]
fn path_and_query_stay_as_they_were_sent() {
    for path in [
        "/me",
        "/a/b%2Fc/d@e:f,g",
        "/a//b/./c/../d/",
        "/users/%20/x?ids[]=1&ids[]=2&a=b%20c&a=&z",
        "/a/b?x=1+2&y=%7E|%7C&redirect=http://h/p?q=1",
    ] {
        assert_eq!(target(&format!("/v1/passthrough{path}")), path);
    }
}

#[test]
fn a_path_that_came_as_one_parameter_gets_its_slashes_back() {
    assert_eq!(
        target("/v1/passthrough/gmail%2Fv1%2Fusers?x=%2F"),
        "/gmail/v1/users?x=%2F"
    );
    assert_eq!(target("/v1/passthrough/%2F%2Fevil.test%2Fx"), "/evil.test/x");
    assert_eq!(target("/v1/passthrough/"), "/");
    assert_eq!(target("/v1/passthrough"), "");
    assert_eq!(target("/v1/passthrough?a=b"), "?a=b");
}

#[test]
fn one_connection_key_of_either_family() {
    let key = |pairs: &[(&str, &str)]| {
        let request = pairs
            .iter()
            .fold(TestRequest::get(), |request, pair| request.append_header(*pair));
        connection_key(request.to_http_request().headers())
    };
    assert_eq!(key(&[("X-One-Connection-Key", "test::a|u")]).unwrap(), "test::a|u");
    assert_eq!(
        key(&[("x-one-connection-key", "a"), ("x-pica-connection-key", "a")]).unwrap(),
        "a"
    );
    for wrong in [
        &[][..],
        &[("x-pica-connection-key", "")],
        &[("x-one-connection-key", "a"), ("x-pica-connection-key", "b")],
    ] {
        assert_eq!(key(wrong).unwrap_err().kind(), Kind::BadRequest);
    }
}

fn provider(headers: &[(&str, &str)], body: &'static str) -> http::Response<BodyStream> {
    let mut response = http::Response::builder().status(404);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let stream: BodyStream = Box::pin(futures_util::stream::iter([Ok(Bytes::from_static(body.as_bytes()))]));
    response.body(stream).unwrap()
}

#[actix_web::test]
async fn a_providers_answer_cannot_act_on_our_origin() {
    let response = provider_answer(provider(
        &[
            ("content-type", "text/html"),
            ("content-length", "5"),
            ("set-cookie", "a=b"),
            ("access-control-allow-origin", "*"),
            ("refresh", "0;url=//evil.test"),
            ("clear-site-data", "\"*\""),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("content-security-policy", "default-src *"),
            ("location", "https://evil.test"),
            ("retry-after", "7"),
        ],
        "<b>hi",
    ));
    assert_eq!(response.status(), 404);
    let headers = response.headers();
    assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), "text/html");
    assert_eq!(headers.get("x-pica-passthrough-content-type").unwrap(), "text/html");
    assert_eq!(headers.get("x-pica-passthrough-location").unwrap(), "https://evil.test");
    assert_eq!(headers.get(header::RETRY_AFTER).unwrap(), "7");
    assert_eq!(
        headers.get(header::CONTENT_SECURITY_POLICY).unwrap(),
        "sandbox; default-src 'none'; frame-ancestors 'none'"
    );
    for gone in [
        "set-cookie",
        "x-pica-passthrough-set-cookie",
        "access-control-allow-origin",
        "refresh",
        "location",
        "clear-site-data",
        "x-hop",
        "x-pica-passthrough-x-hop",
        "x-pica-passthrough-connection",
        "x-pica-error-source",
    ] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
    assert!(response.extensions().get::<AsItIs>().is_some());
    assert_eq!(to_bytes(response.into_body()).await.unwrap(), "<b>hi");
}

#[actix_web::test]
async fn a_callers_body_may_be_slow_but_not_stall() {
    let idle = Duration::from_millis(100);
    let drip = |wait: u64| {
        Box::pin(futures_util::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            (sent < 8).then(|| (Ok(Bytes::from_static(b"a")), sent + 1))
        }))
    };
    let stalled = Rc::new(Cell::new(false));
    let chunks: Vec<_> = incoming(drip(20), idle, stalled.clone(), None).collect().await;
    assert!(chunks.len() == 8 && chunks.iter().all(Result::is_ok) && !stalled.get());
    let chunks: Vec<_> = incoming(drip(60_000), idle, stalled.clone(), None).collect().await;
    assert!(matches!(chunks.as_slice(), [Err(EgressError::RequestBody(_))]));
    assert!(stalled.get());
}

#[actix_web::test]
async fn a_body_of_unknown_length_streams() {
    let response = provider_answer(provider(&[], "abc"));
    assert_eq!(to_bytes(response.into_body()).await.unwrap(), "abc");
}
