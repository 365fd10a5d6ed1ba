//! The whole server without its database: what is true of every answer, whatever the broker says.

mod requests;

use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, test, web};
use broker::{Broker, Settings};
use catalog::Catalog;
use chrono::DateTime;
use protocol::{Egress, EgressPolicy, Protocol};
use serde_json::Value;
use store::{PoolOptions, Replica, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracing_actix_web::TracingLogger;
use uuid::Uuid;
use vault::{KeyRing, MasterKey, Token};

use crate::guard::Pace;
use crate::limits::{HEAD_BYTES, Limits};
use crate::{Bound, Options, Rates, Running, Site, envelope, telemetry};

/// A broker whose database cannot be reached.
pub(crate) fn broker(public_url: &str) -> Broker {
    let master = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
    let options = PoolOptions {
        connections: 1,
        wait: Duration::from_millis(200),
        statement: Duration::from_secs(1),
    };
    let store = Store::connect_lazily(
        "postgres://nobody@127.0.0.1:1/none",
        options,
        Arc::new(KeyRing::new(&master)),
    )
    .unwrap();
    let settings = Settings {
        public_url: public_url.parse().unwrap(),
        sandbox_url: "http://127.0.0.1:9/sandbox".to_owned(),
        development: false,
        replica: Replica {
            id: Uuid::nil(),
            boot: Uuid::nil(),
        },
        refresh_margin: Duration::from_mins(5),
        refresh_interval: Duration::from_secs(5),
        refresh_parallel: 1,
        event_retention: Duration::from_hours(30 * 24),
        request_log_days: 7,
        single_sign_on: None,
        operator_project: None,
        mail: None,
    };
    let protocol = Protocol::new(Egress::new(EgressPolicy::default()).unwrap());
    Broker::new(store, protocol, Catalog::default(), settings, [7; 32].into(), None)
}

fn start(public_url: &str) -> Running {
    start_at(Pace::default(), public_url)
}

fn start_at(pace: Pace, public_url: &str) -> Running {
    start_with(pace, public_url, None)
}

fn start_with(pace: Pace, public_url: &str, source: Option<std::num::NonZeroU32>) -> Running {
    let options = Options {
        workers: Some(1),
        rates: Rates { key: None, source },
        trusted_proxies: Vec::new(),
        clock: Arc::new(|| DateTime::from_timestamp(1_700_000_000, 0).unwrap()),
        demo: None,
        sandbox: None,
        metrics: true,
        configuration: vec![("LATCHKEY_PUBLIC_URL", true), ("LATCHKEY_SMTP_URL", false)],
    };
    Bound::to("127.0.0.1:0")
        .unwrap()
        .serve_at(pace, broker(public_url), options)
        .unwrap()
}

const PUBLIC: &str = "https://latchkey.example.test";

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

async fn raw(server: &Running, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // A server that refuses early may close before all is written.
    let _ = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn ask(server: &Running, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nhost: evil.test\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    if !body.is_empty() {
        request.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
    }
    raw(server, format!("{request}\r\n{body}").as_bytes()).await
}

async fn get(server: &Running, path: &str) -> Answer {
    ask(server, &format!("GET {path}"), &[], "").await
}

#[actix_web::test]
async fn every_refusal_is_the_one_body_with_an_id() {
    let server = start(PUBLIC);
    let long = "x".repeat(HEAD_BYTES);
    let large = format!("{{\"embedder\":\"{}\"}}", "x".repeat(70_000));
    let token = format!("Bearer {}", Token::generate().expose());
    let ours = [
        ("origin", PUBLIC),
        ("content-type", "application/json"),
        ("authorization", token.as_str()),
    ];
    for (line, headers, body, status, code) in [
        ("GET /nothing", &[][..], "", 404, 2005),
        ("GET /public/v1/embed-tokens/get", &[], "", 404, 2005),
        ("DELETE /healthz", &[], "", 405, 2004),
        ("POST /connections/oauth/callback", &[], "", 405, 2004),
        (
            "POST /connections/oauth/callback/018f0000-0000-7000-8000-000000000000",
            &[],
            "",
            405,
            2004,
        ),
        ("TRACE /healthz", &[], "", 405, 2004),
        (
            "OPTIONS /connect/api/session",
            &[
                ("origin", "https://evil.test"),
                ("access-control-request-method", "POST"),
            ],
            "",
            404,
            2005,
        ),
        (
            "OPTIONS /v1/passthrough/me",
            &[("access-control-request-method", "GET")],
            "",
            404,
            2005,
        ),
        ("GET /v1/vault/connections", &[], "", 401, 2010),
        ("GET /v1/vault/connections?api_key=sk_test_lk_x", &[], "", 401, 2010),
        ("GET /v1/passthrough/me", &[], "", 401, 2010),
        (
            "POST /v1/authkit/token",
            &[("x-pica-secret", "a"), ("x-one-secret", "b")],
            "",
            400,
            2000,
        ),
        ("GET /healthz", &[("x-long", &long)], "", 431, 2015),
        (
            "POST /connect/api/session",
            &[("authorization", &token)],
            "{}",
            403,
            2002,
        ),
        (
            "POST /connect/api/session",
            &[("origin", PUBLIC), ("content-type", "application/json")],
            "{}",
            401,
            2010,
        ),
        ("POST /connect/api/session", &ours, &large, 413, 2013),
        (
            "POST /connect/api/session",
            &ours,
            r#"{"embedder":null,"project":"x"}"#,
            400,
            2000,
        ),
        ("POST /connect/api/session", &ours, r#"{"embedder":null}"#, 503, 2008),
    ] {
        let answer = ask(&server, line, headers, body).await;
        assert_eq!(answer.status, status, "{line} {}", answer.body);
        let body = answer.json();
        assert_eq!(body["code"], code, "{line}");
        assert_eq!(body["status"], status, "{line}");
        assert!(!body["message"].as_str().unwrap().is_empty(), "{line}");
        assert_eq!(body["correlationId"].as_str(), answer.header("x-request-id"), "{line}");
        assert!(!body["correlationId"].as_str().unwrap().is_empty(), "{line}");
        assert_eq!(
            answer.header("x-request-id"),
            answer.header("x-one-correlation-id"),
            "{line}"
        );
        if status == 503 {
            assert_eq!(answer.header("retry-after"), Some("3"), "{line}");
        }
        if status == 405 && !line.starts_with("TRACE") {
            assert!(answer.header("allow").unwrap().contains("GET"), "{line}");
        }
    }
    server.stop().await;
}

#[actix_web::test]
async fn every_answer_has_the_headers_and_none_is_readable_across_origins() {
    let server = start(PUBLIC);
    for path in [
        "/",
        "/nothing",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs/",
        "/connect/start",
        "/connect/done",
        "/connect/confirm",
        "/connect/link/any",
        "/connections/oauth/callback",
        "/v1/users/flags",
        "/demo",
    ] {
        let answer = ask(&server, &format!("GET {path}"), &[("origin", "https://evil.test")], "").await;
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
        for name in [
            "content-security-policy",
            "permissions-policy",
            "cross-origin-resource-policy",
            "cache-control",
        ] {
            assert!(answer.header(name).is_some(), "{path} {name}");
        }
        assert!(!answer.head.to_ascii_lowercase().contains("access-control-"), "{path}");
        assert!(answer.header("server").is_none(), "{path}");
    }
    server.stop().await;
}

#[actix_web::test]
async fn pages_for_people_are_pages() {
    let server = start("http://127.0.0.1:8080");
    let start_page = get(&server, "/connect/start?state=canary").await;
    assert_eq!(start_page.status, 200);
    assert!(start_page.body.contains("latchkey:evidence"));
    assert!(!start_page.body.contains("canary"));
    assert_eq!(start_page.header("cross-origin-opener-policy"), Some("unsafe-none"));
    assert!(start_page.header("strict-transport-security").is_none());

    let framed = ask(&server, "GET /connect/start", &[("sec-fetch-dest", "iframe")], "").await;
    assert_eq!(framed.status, 403);
    assert!(framed.body.contains("<html"));

    let notice = ask(&server, "GET /?data=canary", &[("sec-fetch-dest", "document")], "").await;
    assert_eq!(notice.status, 200);
    assert!(
        !notice.body.contains("<script")
            && notice
                .header("content-security-policy")
                .unwrap()
                .contains("frame-ancestors 'none'")
    );
    let probe = ask(&server, "GET /", &[("accept", "application/json")], "").await;
    assert_eq!(probe.json(), serde_json::json!({ "type": "success", "success": true }));

    // Malformed: judged before the database is asked.
    let doubled = get(&server, "/connections/oauth/callback?code=a&code=b&state=c").await;
    assert_eq!(doubled.status, 400);
    assert!(doubled.body.contains("<html") && !doubled.body.contains("code=a"));
    assert_eq!(
        get(&server, "/connections/oauth/callback/not-an-app?code=a")
            .await
            .status,
        404
    );
    assert_eq!(get(&server, "/connect/done?f=x").await.status, 200);
    assert_eq!(get(&server, "/connect/confirm?f=x").await.status, 404);

    let evidence = start_page
        .body
        .split("latchkey:evidence\" content=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let ours = [
        ("origin", "http://127.0.0.1:8080"),
        ("content-type", "application/json"),
    ];
    let ticket = Token::generate().expose();
    let body = |evidence: &str| {
        format!(r#"{{"ticket":"{ticket}","proof":null,"state":null,"evidence":"{evidence}","referrer":null}}"#)
    };
    let away = ask(&server, "POST /connect/api/start", &ours, &body(evidence)).await;
    assert_eq!(away.status, 503, "{}", away.body);
    let forged = ask(&server, "POST /connect/api/start", &ours, &body("forged.forged")).await;
    assert_eq!(
        (forged.status, forged.json()["key"].as_str().unwrap().to_owned()),
        (403, "not_from_app".to_owned())
    );
    server.stop().await;
}

/// What people see of the modal's page and of the pages around a sign-in, while the database is away.
#[actix_web::test]
async fn a_page_that_cannot_be_answered_now_says_so_and_comes_back() {
    let server = start("http://127.0.0.1:8080");
    let cookie = format!("lk_b={}", Token::generate().expose());
    let headers = [("cookie", cookie.as_str()), ("accept-language", "de")];
    for name in ["done", "choose", "confirm"] {
        let line = format!("GET /connect/{name}?f=018f0000-0000-7000-8000-000000000000");
        let page = ask(&server, &line, &headers, "").await;
        assert_eq!(
            (page.status, page.header("retry-after")),
            (503, Some("3")),
            "{name} {}",
            page.body
        );
        for part in [">Einen Moment</h1>", "data-reload-after=\"3000\"", "lang=\"de\""] {
            assert!(page.body.contains(part), "{name}: {part} in {}", page.body);
        }
        assert!(page.body.contains(page.header("x-request-id").unwrap()), "{name}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
    }

    for path in ["/embed/pub_x?data=canary", "/?data=canary"] {
        let line = format!("GET {path}");
        let page = ask(&server, &line, &[("sec-fetch-dest", "iframe")], "").await;
        assert_eq!(
            (page.status, page.header("refresh"), page.header("retry-after")),
            (503, Some("3"), Some("3")),
            "{path} {}",
            page.body
        );
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors *"), "{path}: {policy}");
        assert!(page.header("x-frame-options").is_none(), "{path}");
        assert_eq!(page.header("cross-origin-resource-policy"), Some("cross-origin"));
        assert!(page.body.contains(">One moment</h1>"), "{path} {}", page.body);
        for part in ["<script", "script-src", "<a ", "<button", "<form", "canary"] {
            assert!(!page.body.contains(part) && !policy.contains(part), "{path}: {part}");
        }
        let opened = ask(&server, &line, &[("sec-fetch-dest", "document")], "").await;
        let policy = opened.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
    let opened = ask(&server, "GET /embed/pub_x", &[("sec-fetch-dest", "document")], "").await;
    assert_eq!(opened.status, 503);
    assert!(opened.body.contains("data-reload-after"), "{}", opened.body);
    server.stop().await;
}

#[actix_web::test]
async fn too_many_requests_are_a_page_for_people_and_json_for_programs() {
    let one = std::num::NonZeroU32::new(1);
    let server = start_with(Pace::default(), "http://127.0.0.1:8080", one);
    assert_eq!(get(&server, "/healthz").await.status, 200);
    for (path, comes_back) in [
        ("/connect/link/any", true),
        ("/connections/oauth/callback?code=a&state=b", true),
        // Anybody may have led here, and only a page of ours proves whose sign-in it is.
        ("/connect/start", false),
    ] {
        let page = get(&server, path).await;
        assert_eq!(page.status, 429, "{path} {}", page.body);
        assert!(
            page.body.contains("<html") && page.header("retry-after").is_some(),
            "{path}"
        );
        assert_eq!(page.body.contains("data-reload-after"), comes_back, "{path}");
        assert!(page.header("refresh").is_none(), "{path}");
    }
    let framed = ask(&server, "GET /embed/pub_x", &[("sec-fetch-dest", "iframe")], "").await;
    assert_eq!(framed.status, 429);
    assert_eq!(framed.header("refresh"), framed.header("retry-after"));
    for line in [
        "GET /connect/api/flows/018f0000-0000-7000-8000-000000000000/events",
        "POST /connect/api/session",
        "POST /connect/done",
        "GET /embed/v1.js",
        "GET /v1/vault/connections",
    ] {
        let answer = ask(&server, line, &[], "").await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_u64()),
            (429, Some(2009)),
            "{line}"
        );
    }
    server.stop().await;
}

#[actix_web::test]
async fn operators_are_told() {
    let server = start(PUBLIC);
    let health = get(&server, "/healthz").await.json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["instance"].as_str().unwrap().len(), 16);
    assert_eq!(ask(&server, "HEAD /healthz", &[], "").await.status, 200);
    let ready = get(&server, "/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["ready"], false);
    let metrics = get(&server, "/metrics").await;
    assert!(metrics.body.contains("latchkey_http_requests_total") && metrics.body.contains("route=\"/readyz\""));
    server.stop().await;
}

#[actix_web::test]
async fn files_are_served_for_ever_and_only_under_their_hash() {
    let server = start(PUBLIC);
    for path in ["/embed/v1.mjs", "/embed/v1.js", "/embed.js"] {
        let script = get(&server, path).await;
        assert_eq!(
            (script.status, script.header("access-control-allow-origin")),
            (200, Some("*")),
            "{path}"
        );
        let tag = script.header("etag").unwrap().to_owned();
        let again = ask(&server, &format!("GET {path}"), &[("if-none-match", &tag)], "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
    }
    let url = crate::Assets::new().url("tokens.css");
    let style = get(&server, &url).await;
    assert_eq!(style.status, 200);
    assert!(style.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(get(&server, "/assets/tokens.css").await.status, 404);
    assert_eq!(get(&server, "/assets/0000000000000000/tokens.css").await.status, 404);
    server.stop().await;
}

#[actix_web::test]
async fn a_panic_is_a_500_that_says_nothing() {
    let limits = Arc::new(Limits::new(
        Rates {
            key: None,
            source: None,
        },
        Vec::new(),
    ));
    let broker = broker(PUBLIC);
    let site = Site::new(&broker, limits, Arc::new(|| DateTime::UNIX_EPOCH));
    let app = App::new()
        .app_data(web::Data::new(site))
        .app_data(web::Data::new(broker))
        .route("/panic", web::get().to(panicking))
        .route("/connect/done", web::get().to(panicking))
        .wrap(from_fn(envelope::envelope))
        .wrap(TracingLogger::<telemetry::Spans>::new());
    let app = test::init_service(app).await;
    let request = test::TestRequest::get().uri("/panic").to_request();
    let response = test::try_call_service(&app, request)
        .await
        .unwrap_err()
        .error_response();
    assert_eq!(response.status(), 500);
    assert!(response.headers().contains_key("x-request-id"));
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (
            body["code"].as_u64(),
            body["message"].as_str().unwrap().contains("canary")
        ),
        (Some(2003), false)
    );
    assert!(!body["correlationId"].as_str().unwrap().is_empty());

    let request = test::TestRequest::get().uri("/connect/done").to_request();
    let response = test::try_call_service(&app, request)
        .await
        .unwrap_err()
        .error_response();
    assert_eq!(response.status(), 500);
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    let page = String::from_utf8_lossy(&body);
    assert!(
        page.contains(">One moment</h1>") && !page.contains("canary"),
        "for people it is a page: {page}"
    );
}

async fn panicking() -> HttpResponse {
    panic!("canary")
}
