//! Calls through a connection: the provider's answer as it is, our own failures marked as ours.

use serde_json::json;
use testkit::{Account, Answer, Consent, Held, OddProvider, Reply, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);
const MARK: &str = "x-latchkey-error-source";

async fn connected(server: &TestServer) -> String {
    server.connect("u-42", ANN).await["key"].as_str().unwrap().to_owned()
}

fn is_ours(answer: &Answer, status: u16) -> String {
    assert_eq!(
        (answer.header(MARK), answer.header("x-pica-error-source")),
        ("latchkey", "latchkey"),
        "{}",
        answer.text
    );
    answer.problem(status)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_answer_comes_back() {
    let server = TestServer::start().await;
    let key = connected(&server).await;
    let me = server
        .api("GET", "/v1/passthrough/me")
        .connection(&key)
        .send()
        .await
        .expect(200);
    assert_eq!(me.json()["id"], "ann");
    assert_eq!(me.header("content-type"), "application/json");
    assert_eq!(me.header("x-pica-passthrough-content-type"), "application/json");
    assert!(me.header("content-security-policy").contains("sandbox"));
    let added = server
        .api("POST", "/v1/passthrough/items")
        .connection(&key)
        .json(&json!({ "name": "Tea" }))
        .send()
        .await;
    assert_eq!(added.expect(201).json()["name"], "Tea");
    // Its refusals are its own.
    for (path, status) in [("items?limit=0", 400), ("nothing", 404)] {
        let answer = server
            .api("GET", &format!("/v1/passthrough/{path}"))
            .connection(&key)
            .send()
            .await;
        assert_eq!((answer.status, answer.header(MARK)), (status, ""), "{}", answer.text);
        assert!(answer.json()["error"].is_string(), "{}", answer.text);
    }
    let other = server
        .api("GET", "/v1/passthrough/me")
        .header("x-one-connection-key", &key)
        .send()
        .await;
    other.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn path_query_headers_and_body_go_on_as_they_are() {
    let server = TestServer::start().await;
    let key = connected(&server).await;
    let (path, query) = ("echo/a%2Fb//c;d=1/%7Euser", "q=a+b%20c&q=&%C3%BC=~&secret=1&empty");
    let call = server
        .api("PUT", &format!("/v1/passthrough/{path}?{query}"))
        .connection(&key)
        .header("x-custom", "one")
        .header("cookie", "session=theirs")
        .header("authorization", "Bearer theirs")
        .header("content-type", "text/plain")
        .body("a body\n");
    let echo = call.send().await.expect(200);
    let seen = echo.json();
    assert_eq!(
        (&seen["method"], &seen["path"]),
        (&json!("PUT"), &json!(format!("/sandbox/api/{path}")))
    );
    assert_eq!((&seen["query"], &seen["body"]), (&json!(query), &json!("a body\n")));
    assert_eq!(
        (&seen["headers"]["x-custom"], &seen["headers"]["content-type"]),
        (&json!(["one"]), &json!(["text/plain"]))
    );
    assert_eq!(
        seen["headers"]["authorization"],
        json!(["Bearer [masked]"]),
        "the connection's own"
    );
    for header in ["cookie", "x-pica-secret", "x-pica-connection-key", "x-forwarded-for"] {
        assert!(seen["headers"].get(header).is_none(), "{header} in {seen}");
    }
    assert!(
        !echo.text.contains(&server.test_key) && !echo.text.contains("theirs"),
        "{}",
        echo.text
    );
    for (sent, arrives) in [
        ("echo%2Fone%2Ftwo", "/sandbox/api/echo/one/two"),
        ("echo", "/sandbox/api/echo"),
    ] {
        let echo = server
            .api("GET", &format!("/v1/passthrough/{sent}"))
            .connection(&key)
            .send()
            .await
            .expect(200);
        assert_eq!(echo.json()["path"], arrives);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_the_services_api() {
    let server = TestServer::start().await;
    let key = connected(&server).await;
    for path in [
        "..%2Foauth%2Ftoken",
        "%2e%2e/oauth/token",
        "echo/..%2F..%2Foauth/token",
        "echo/%2e%2e/%2e%2e/oauth/token",
        "/evil.test/x",
    ] {
        let raw = raw_get(&server, &format!("/v1/passthrough/{path}"), &key).await;
        let outside = raw.starts_with("HTTP/1.1 405")
            || raw.contains("unsupported_grant_type")
            || raw.contains("method_not_allowed");
        assert!(!outside, "{path}: {raw}");
    }
}

/// A request whose path no client tidied up.
async fn raw_get(server: &TestServer, path: &str, key: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = server.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nx-pica-secret: {}\r\nx-pica-connection-key: {key}\r\nconnection: close\r\n\r\n",
        server.test_key
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_pass() {
    let server = TestServer::start().await;
    let key = connected(&server).await;
    let body = "0123456789abcdef".repeat(60_000);
    let echo = server
        .api("POST", "/v1/passthrough/echo")
        .connection(&key)
        .body(body.clone())
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&echo["bodyBytes"], echo["body"].as_str()),
        (&json!(960_000), Some(body.as_str()))
    );
    let bytes: Vec<u8> = (0..=255).collect();
    let echo = server
        .api("POST", "/v1/passthrough/echo")
        .connection(&key)
        .body(bytes)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(echo["bodyBytes"], 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_streams_and_its_headers_stay_harmless() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    let key = connection["key"].as_str().unwrap();
    let held = Held::default();
    provider.reply_at("/api/slow", Reply::InTwo(held.clone(), "first ", "second"));
    let mut answer = server.api("GET", "/v1/passthrough/slow").connection(key).begin().await;
    assert_eq!(answer.status(), 200);
    // The second half was not sent yet.
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "first ");
    held.release();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "second");
    assert!(answer.chunk().await.unwrap().is_none());

    provider.reply_at(
        "/api/odd",
        Reply::With(418, "text/html", "<script>1</script>".to_owned()),
    );
    let odd = server
        .api("GET", "/v1/passthrough/odd")
        .connection(key)
        .send()
        .await
        .expect(418);
    assert_eq!(
        (
            odd.header("x-pica-passthrough-x-odd"),
            odd.header("x-odd"),
            odd.header("set-cookie")
        ),
        ("yes", "", "")
    );
    assert!(odd.header("content-security-policy").contains("sandbox"));
    assert_eq!((odd.header(MARK), odd.text.as_str()), ("", "<script>1</script>"));

    provider.reply_at("/api/gone", Reply::HangUp);
    let gone = server.api("GET", "/v1/passthrough/gone").connection(key).send().await;
    is_ours(&gone, 424);
    provider.close();
    let away = server.api("GET", "/v1/passthrough/away").connection(key).send().await;
    assert_eq!(is_ours(&away, 424), "provider_unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_failures_say_so() {
    let server = TestServer::start().await;
    let record = server.connect("u-42", ANN).await;
    let (id, key) = (record["id"].as_str().unwrap(), record["key"].as_str().unwrap());
    let call = || server.api("GET", "/v1/passthrough/me");
    is_ours(&call().send().await, 400);
    is_ours(
        &call()
            .connection(key)
            .header("x-one-connection-key", "another")
            .send()
            .await,
        400,
    );
    is_ours(&call().connection("test::sandbox::default::none|x").send().await, 404);
    is_ours(&call().connection(key).key(&server.live_key).send().await, 404);
    let narrow = server.key_with(&[broker::Scope::ConnectionsRead]).await;
    assert_eq!(
        is_ours(&call().connection(key).key(&narrow).send().await, 403),
        "missing_scope"
    );

    let path = format!("/v1/vault/connections/{id}");
    server
        .api("PATCH", &path)
        .json(&json!({ "active": false }))
        .send()
        .await
        .expect(200);
    assert_eq!(
        is_ours(&call().connection(key).send().await, 409),
        "connection_inactive"
    );
    server
        .api("PATCH", &path)
        .json(&json!({ "active": true }))
        .send()
        .await
        .expect(200);
    call().connection(key).send().await.expect(200);
    server.api("DELETE", &path).send().await.expect(200);
    is_ours(&call().connection(key).send().await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_our_failure_too() {
    let server = TestServer::start().await;
    let call = || {
        server
            .api("GET", "/v1/passthrough/me")
            .connection("test::sandbox::default::none|x")
    };
    is_ours(&call().no_key().send().await, 401);
    is_ours(&call().key("sk_test_lk_wrong").send().await, 401);
}
