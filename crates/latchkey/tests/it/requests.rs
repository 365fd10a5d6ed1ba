//! The log of requests: facts about each call, and nothing that was in it.

use std::time::Duration;

use broker::Scope;
use serde_json::{Value, json};
use store::{LoggedRequest, RequestId, RequestKind};
use testkit::{Account, Consent, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);
const DAY: i64 = 86_400;

/// What the log says now, the newest first, read with a key.
async fn log(server: &TestServer, key: &str, query: &str) -> Vec<Value> {
    server.broker.write_requests().await.unwrap();
    let page = server.api("GET", &format!("/v1/requests{query}")).key(key).send().await;
    page.expect(200).json()["rows"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_leaves_its_facts_and_nothing_that_was_in_it() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let connection = server.connect("u-42", ANN).await;
    let (id, key) = (connection["id"].as_str().unwrap(), connection["key"].as_str().unwrap());
    let called = server
        .api(
            "POST",
            "/v1/passthrough/echo/canary-kept-path;p=canary-parameter?page=canary-value&canary-alone&empty=",
        )
        .connection(key)
        .header("x-custom", "canary-header")
        .header("authorization", "Bearer canary-authorization")
        .header("cookie", "a=canary-cookie")
        .header("x-request-id", "canary-own-id")
        .body("canary-body")
        .send()
        .await
        .expect(200);
    server
        .api("GET", "/v1/vault/connections?identity=canary-identity")
        .send()
        .await
        .expect(200);
    server
        .api("GET", &format!("/v1/vault/connections/{}", server.test_key))
        .send()
        .await
        .problem(404);
    // Nobody's: it gets no line.
    server
        .api("GET", "/v1/vault/connections/canary-nobody")
        .key("sk_test_lk_canary")
        .send()
        .await
        .problem(401);

    let rows = log(&server, &admin, "").await;
    let passed = rows.iter().find(|row| row["kind"] == "passthrough").unwrap();
    assert_eq!(passed["correlationId"], called.header("x-request-id"));
    for (name, value) in [
        ("method", json!("POST")),
        ("path", json!("/echo/canary-kept-path")),
        ("queryNames", json!(["page", "…", "empty"])),
        ("host", json!("127.0.0.1")),
        ("status", json!(200)),
        ("upstreamStatus", json!(200)),
        ("requestBytes", json!("canary-body".len())),
        ("responseBytes", json!(called.text.len())),
        ("connectionId", json!(id)),
        ("errorCode", json!(null)),
    ] {
        assert_eq!(passed[name], value, "{name}");
    }
    assert!(passed["durationMs"].as_i64().unwrap() >= 0 && passed["keyId"].is_string());
    let missed = rows.iter().find(|row| row["status"] == 404).unwrap();
    assert_eq!(
        (&missed["errorCode"], &missed["path"], &missed["upstreamStatus"]),
        (&json!("not_found"), &json!("/v1/vault/connections/…"), &json!(null))
    );

    let table = server
        .database
        .text("select string_agg(to_jsonb(r)::text, E'\\n') from requests r")
        .await;
    for canary in table.match_indices("canary") {
        let rest = &table[canary.0..];
        assert!(rest.starts_with("canary-kept-path"), "{rest:.60}");
    }
    for secret in [&server.test_key, &admin, &server.client_secret] {
        assert!(!table.contains(secret.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_failures_are_told_from_the_services() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let connection = server.connect("u-42", ANN).await;
    let key = connection["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/nothing")
        .connection(key)
        .send()
        .await
        .expect(404);
    server
        .api("GET", "/v1/passthrough/me")
        .connection("test::x|y")
        .send()
        .await
        .problem(404);
    server.api("GET", "/v1/passthrough/me").send().await.problem(400);
    server
        .database
        .execute("update connections set state = 'failed', state_message = 'Ended.'")
        .await;
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .problem(424);
    let rows = log(&server, &admin, "?kind=passthrough").await;
    let facts: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!([
                row["status"],
                row["upstreamStatus"],
                row["errorCode"],
                row["connectionId"].is_string()
            ])
        })
        .collect();
    assert_eq!(
        facts,
        [
            json!([424, null, "connection_failed", true]),
            json!([400, null, "err::application::bad_request", false]),
            json!([404, null, "not_found", false]),
            json!([404, 404, null, true]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_searched_and_paged_by_whoever_may() {
    let server = TestServer::start().await;
    let admin = server.key_with(&[Scope::Admin]).await;
    let connection = server.connect("u-42", ANN).await;
    let (id, key) = (connection["id"].as_str().unwrap(), connection["key"].as_str().unwrap());
    let mut correlation = String::new();
    for _ in 0..5 {
        let answer = server
            .api("GET", "/v1/passthrough/me")
            .connection(key)
            .send()
            .await
            .expect(200);
        answer.header("x-request-id").clone_into(&mut correlation);
    }
    server
        .api("GET", "/v1/vault/connections/nothing")
        .send()
        .await
        .problem(404);
    let all = log(&server, &admin, "?kind=passthrough&limit=100").await;
    assert_eq!(all.len(), 5);
    let key_id = all[0]["keyId"].as_str().unwrap();
    for (query, found) in [
        (format!("?connectionId={id}"), 5),
        (format!("?correlationId={correlation}"), 1),
        (format!("?keyId={key_id}&kind=passthrough&status=2xx"), 5),
        (format!("?connectionId={id}&status=5xx"), 0),
        ("?status=4xx".to_owned(), 1),
        ("?correlationId=nothing".to_owned(), 0),
    ] {
        assert_eq!(log(&server, &admin, &query).await.len(), found, "{query}");
    }
    for wrong in ["?kind=x", "?status=9xx", "?connectionId=x", "?keyId=x", "?after=x"] {
        let path = format!("/v1/requests{wrong}");
        server.api("GET", &path).key(&admin).send().await.problem(400);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/requests?kind=passthrough&limit=2{after}");
        let page = server.api("GET", &path).key(&admin).send().await.expect(200).json();
        seen.extend(page["rows"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, all);

    assert_eq!(
        server.api("GET", "/v1/requests").send().await.problem(403),
        "missing_scope"
    );
    let (other, _) = server.another_project().await;
    let (_, stranger) = server
        .broker
        .create_key(other, store::Environment::Test, "x", &[Scope::Admin])
        .await
        .unwrap();
    let stranger = secrecy::ExposeSecret::expose_secret(&stranger).to_owned();
    let found = log(&server, &stranger, &format!("?connectionId={id}")).await;
    assert!(found.is_empty(), "{found:?}");
    assert!(log(&server, &stranger, "?kind=passthrough").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replica_writes_by_itself_within_a_second() {
    let server = TestServer::start().await;
    server.api("GET", "/v1/vault/connections").send().await.expect(200);
    for _ in 0..40 {
        if server.database.number("select count(*) from requests").await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the line was not written");
}

fn line(server: &TestServer) -> LoggedRequest {
    LoggedRequest {
        id: RequestId::generate(),
        project: server.project.id,
        environment: store::Environment::Test,
        correlation_id: "x".to_owned(),
        kind: RequestKind::Api,
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query_names: String::new(),
        host: None,
        status: 200,
        upstream_status: None,
        duration_ms: 1,
        request_bytes: None,
        response_bytes: None,
        key: None,
        connection: None,
        error_code: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_full_drops_and_counts_and_no_call_waits() {
    let server = TestServer::builder().behind_link().start().await;
    server.database.link().cut();
    for _ in 0..21_000 {
        server.broker.log_request(line(&server));
    }
    let metrics = server
        .client
        .get(format!("{}/metrics", server.url))
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let dropped = metrics
        .lines()
        .find(|line| line.starts_with("latchkey_request_log_lines_total") && line.contains("dropped"))
        .unwrap_or_else(|| panic!("{metrics}"));
    let dropped: i64 = dropped.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(dropped > 0, "{dropped}");
    server.database.link().mend().await;
    for _ in 0..100 {
        drop(server.broker.write_requests().await);
        if server.database.number("select count(*) from requests").await >= 19_000 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("what waited was not written");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_kept_for_their_days() {
    let server = TestServer::start().await;
    server.broker.log_request(line(&server));
    server.broker.write_requests().await.unwrap();
    server.advance(6 * DAY).await;
    assert_eq!(server.broker.purge_tick().await.unwrap().requests, 0);
    server.advance(2 * DAY).await;
    assert_eq!(server.broker.purge_tick().await.unwrap().requests, 1);
    server.broker.log_request(line(&server));
    server.broker.write_requests().await.unwrap();
    assert_eq!(
        server.store.purge_requests(0, 100).await.unwrap(),
        1,
        "where the log is switched off, what was there goes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_search_is_served_by_an_index() {
    let server = TestServer::start().await;
    let mut connection = server.database.pool().acquire().await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off")
        .execute(&mut *connection)
        .await
        .unwrap();
    let of_project = format!("r.project_id = '{}' and r.environment = 'test'", server.project.id);
    for (narrowed, index) in [
        (of_project.clone(), "requests_by_project"),
        (
            format!("{of_project} and r.status >= 400 and r.status < 500"),
            "requests_failed",
        ),
        (
            "r.connection_id = gen_random_uuid()".to_owned(),
            "requests_by_connection",
        ),
        ("r.key_id = gen_random_uuid()".to_owned(), "requests_by_key"),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "explain select r.* from requests r where {narrowed} order by r.id desc limit 50"
        )))
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("Index"), "{narrowed}\n{plan}");
        assert!(
            plan.contains(index) || narrowed.contains("random"),
            "{narrowed}\n{plan}"
        );
    }
}
