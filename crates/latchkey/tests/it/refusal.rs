//! Refusals of `/v1`: one body for all, keys from headers only, and nothing of what is another's.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Answer, Consent, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_one_body() {
    let server = TestServer::start().await;
    let list = || server.api("GET", "/v1/vault/connections");
    let no_key = list().no_key().send().await;
    assert_eq!(no_key.problem(401), "err::application::unauthorized");
    assert_eq!(no_key.header("www-authenticate"), "Bearer");
    snapshot!("unauthorized", no_key.json());
    for wrong in [
        "sk_test_lk_x",
        "nothing",
        "sk_live_lk_0000000000000000000000000000000000000000000",
    ] {
        assert_eq!(list().key(wrong).send().await.problem(401), "unknown_key");
    }
    let narrow = server.key_with(&[Scope::ConnectionsRead]).await;
    list().key(&narrow).send().await.expect(200);
    let forbidden = server.api("POST", "/v1/authkit/token").key(&narrow).send().await;
    assert_eq!(forbidden.problem(403), "missing_scope");
    server.api("GET", "/v1/nothing/here").send().await.problem(404);
    server
        .api("GET", "/v1/vault/connections/no-such")
        .send()
        .await
        .problem(404);
    let method = server.api("PUT", "/v1/authkit/token").send().await;
    method.problem(405);
    assert_eq!(method.header("allow"), "POST");
    for malformed in ["{", "[]", "\"text\"", "{\"identity\":{}}"] {
        let call = server
            .api("POST", "/v1/authkit/token")
            .header("content-type", "application/json")
            .body(malformed);
        call.send().await.problem(400);
    }
    let large = server
        .api("POST", "/v1/authkit/token")
        .body("x".repeat(70_000))
        .send()
        .await;
    large.problem(413);
    assert_eq!(server.database.number("select count(*) from connect_sessions").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_from_headers_and_from_one_only() {
    let server = TestServer::start().await;
    let list = || server.api("GET", "/v1/vault/connections");
    list()
        .header("x-one-secret", &server.live_key)
        .send()
        .await
        .problem(400);
    let two = server
        .api("GET", "/v1/users/flags")
        .header("authorization", &format!("Bearer {}", server.live_key));
    two.send().await.problem(400);
    list()
        .header("authorization", "Bearer something-else")
        .send()
        .await
        .expect(200);
    for name in ["secret", "api_key", "key", "access_token", "x-pica-secret"] {
        let path = format!("/v1/users/flags?{name}={}", server.test_key);
        server.api("GET", &path).no_key().send().await.problem(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_unknown_at_once() {
    let server = TestServer::start().await;
    server
        .database
        .execute("update api_keys set revoked_at = latchkey_now() where environment = 'test'")
        .await;
    assert_eq!(
        server.api("GET", "/v1/users/flags").send().await.problem(401),
        "unknown_key"
    );
    server
        .api("GET", "/v1/users/flags")
        .key(&server.live_key)
        .send()
        .await
        .expect(200);
    server
        .database
        .execute("update api_keys set expires_at = latchkey_now() + interval '60 seconds'")
        .await;
    server.advance(61).await;
    assert_eq!(
        server
            .api("GET", "/v1/users/flags")
            .key(&server.live_key)
            .send()
            .await
            .problem(401),
        "unknown_key"
    );
}

/// The body without its id, which differs from answer to answer.
fn said(answer: &Answer) -> Value {
    let mut body = answer.json();
    assert!(body["correlationId"].take().is_string());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_is_not_there() {
    let server = TestServer::start().await;
    let record = server.connect("u-42", ANN).await;
    let (id, key) = (record["id"].as_str().unwrap(), record["key"].as_str().unwrap());
    let (_, stranger) = server.another_project().await;
    let unknown = "0190a000-0000-7000-8000-000000000000";
    for foreign in [&stranger, &server.live_key] {
        for method in ["GET", "PATCH", "DELETE"] {
            let call = |name: &str| {
                server
                    .api(method, &format!("/v1/vault/connections/{name}"))
                    .key(foreign)
                    .json(&json!({}))
            };
            let nobodys = call(unknown).send().await;
            nobodys.problem(404);
            for name in [id, key] {
                let answer = call(name).send().await;
                answer.problem(404);
                assert_eq!(said(&answer), said(&nobodys), "{method}");
            }
        }
        let through = |key: &str| server.api("GET", "/v1/passthrough/me").key(foreign).connection(key);
        let (theirs, nobodys) = (
            through(key).send().await,
            through("test::sandbox::default::0|x").send().await,
        );
        theirs.problem(404);
        assert_eq!(said(&theirs), said(&nobodys));
        let reconnect = server
            .api("POST", "/v1/authkit/token")
            .key(foreign)
            .json(&json!({ "connection": id }));
        reconnect.send().await.problem(404);
        let list = server
            .api("GET", "/v1/vault/connections")
            .key(foreign)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(list["total"], 0);
    }
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where deleted_at is null and active")
            .await,
        1
    );
}
