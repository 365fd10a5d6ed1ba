//! Requests that are malformed, slow, or ask for the head alone.

use super::*;

#[actix_web::test]
async fn smuggled_requests_are_refused() {
    let server = start(PUBLIC);
    for request in [
        &b"POST /v1/authkit HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc"[..],
        b"POST /v1/authkit HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/authkit HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-a: b\r\n c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost : a\r\n\r\n",
    ] {
        let answer = raw(&server, request).await;
        assert!(
            answer.status == 400 || answer.status == 0,
            "{} {}",
            String::from_utf8_lossy(request),
            answer.head
        );
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_body_that_stops_is_cut_with_its_connection() {
    let pace = Pace {
        idle: Duration::from_millis(200),
        total: Duration::from_millis(600),
        streamed_idle: Duration::from_millis(200),
    };
    let server = start_at(pace, PUBLIC);
    // The sender keeps the connection open; only the server ends it.
    let head = format!(
        "POST /connect/api/session HTTP/1.1\r\nhost: a\r\norigin: {PUBLIC}\r\ncontent-type: application/json\r\n\
         authorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{",
        Token::generate().expose()
    );
    let answer = tokio::time::timeout(Duration::from_secs(5), raw(&server, head.as_bytes()))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (408, Some(2016)));
    assert_eq!(answer.header("connection"), Some("close"));
    server.stop().await;
}

#[actix_web::test]
async fn the_key_is_judged_before_the_body_is_waited_for() {
    let server = start(PUBLIC);
    for path in [
        "POST /v1/authkit",
        "POST /v1/connect/complete",
        "PATCH /v1/vault/connections/x",
    ] {
        let head = format!("{path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{{");
        let answer = tokio::time::timeout(Duration::from_secs(5), raw(&server, head.as_bytes()))
            .await
            .unwrap();
        assert_eq!(answer.status, 401, "{path}");
    }
    server.stop().await;
}

#[actix_web::test]
async fn the_head_alone_is_answered_where_something_can_be_looked_at() {
    let server = start(PUBLIC);
    let style = crate::Assets::new().url("tokens.css");
    for path in [
        "/",
        "/docs",
        "/docs/",
        "/docs/swagger-ui.css",
        "/embed/v1.js",
        "/embed/v1.mjs",
        "/embed.js",
        "/openapi.json",
        "/metrics",
        "/healthz",
        "/readyz",
        "/connect/start",
        "/connect/done",
        "/connect/confirm",
        "/connect/link/any",
        &style,
    ] {
        let whole = get(&server, path).await;
        let head = ask(&server, &format!("HEAD {path}"), &[], "").await;
        assert_eq!(head.status, whole.status, "{path}");
        assert_eq!(head.header("content-type"), whole.header("content-type"), "{path}");
        assert!(!whole.body.is_empty() && head.body.is_empty(), "{path}");
    }
    // A HEAD must not use a code up.
    assert_eq!(
        ask(&server, "HEAD /connections/oauth/callback?code=a&state=b", &[], "")
            .await
            .status,
        405
    );
    server.stop().await;
}

#[actix_web::test]
async fn the_documents_address_needs_no_redirect() {
    let server = start(PUBLIC);
    let page = get(&server, "/docs").await;
    assert_eq!(page.status, 200);
    let files: Vec<&str> = page
        .body
        .split(['"'])
        .filter(|part| part.starts_with("/docs/"))
        .collect();
    assert!(files.len() >= 5, "{}", page.body);
    for file in files {
        assert_eq!(get(&server, file).await.status, 200, "{file}");
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_nul_is_no_part_of_an_address() {
    let server = start(PUBLIC);
    for path in [
        "/embed/%00",
        "/v1/vault/connections/%00",
        "/v1/vault/connections?identity=%00",
        "/v1/vault/connections&identity=%00?limit=1",
        "/sandbox/oauth/authorize?client_id=%00",
    ] {
        let answer = get(&server, path).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_u64()),
            (400, Some(2000)),
            "{path}"
        );
    }
    // What is passed through is the service's business: here only the key is missing.
    assert_eq!(get(&server, "/v1/passthrough/a?b=%00").await.status, 401);
    server.stop().await;
}

#[actix_web::test]
async fn who_asks_too_often_is_told_the_limit() {
    let server = start_with(Pace::default(), PUBLIC, std::num::NonZeroU32::new(1));
    assert_eq!(get(&server, "/healthz").await.status, 200);
    let answer = get(&server, "/healthz").await;
    assert_eq!(answer.status, 429);
    let wait = answer.header("retry-after").unwrap();
    for (name, value) in [
        ("ratelimit-limit", "1"),
        ("ratelimit-remaining", "0"),
        ("ratelimit-reset", wait),
        ("x-pica-rate-limit-limit", "1"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    server.stop().await;
}
