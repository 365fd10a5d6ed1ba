//! Credentials that nothing renews are looked at once a week where nobody uses them, and after a call that was refused.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use store::AppSettings;
use testkit::{OddProvider, Reply, TestServer};
use vault::{Environment, SecretString};

const WEEK: i64 = 7 * 86_400;

/// A sign-in that gives no refresh token.
const UNRENEWED: &str = r#"
id: unrenewed
name: Unrenewed
description: A service for tests.
categories: [testing]
docs: https://docs.example.test
sources: [https://docs.example.test]
variables:
  base: { title: Base, type: origin, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${variables.base}/authorize" }
    token: { url: "${variables.base}/token", client_auth: body }
    refresh: { supported: false }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.base}/api"
"#;
const CHECK: &str = r#"
check:
  get: /me
  account: { id: "${body.id}", name: "${body.name}" }
"#;

/// More headers ride on the type of the body.
const SAYS_INVALID: &str =
    "application/json\r\nwww-authenticate: Bearer realm=\"api\", error=\"invalid_token\", error_description=\"over\"";

/// A connection by OAuth whose token nothing renews; its definition may have no check.
async fn unrenewed(check: &str) -> (OddProvider, TestServer, Value) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .allowing(&provider.url())
        .with_definitions([("unrenewed.yaml".to_owned(), format!("{UNRENEWED}{check}"))])
        .start()
        .await;
    let settings = AppSettings {
        enabled: Some(true),
        client_id: Some("client-1".to_owned()),
        client_secret: Some(SecretString::from("secret-1")),
        variables: Some(BTreeMap::from([("base".to_owned(), provider.url())])),
        ..AppSettings::default()
    };
    let project = server.project.id;
    let set = server
        .store
        .set_app(project, Environment::Test, "unrenewed", &server.url, settings);
    set.await.unwrap();
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "idle-canary-51c8", "token_type": "Bearer" }),
    ));
    let session = server.session(&json!({ "identity": "u-1" })).await;
    let flow = server.begin_with(&session, "unrenewed", "popup").await;
    let browser = server.browser();
    let authorize = browser.leave(&flow).await;
    browser.get(&testkit::callback_of(&authorize, "code")).await.expect(303);
    let outcome = browser.check(&flow.result).await;
    assert_eq!(outcome["status"], "success", "{outcome}");
    let connection = outcome["connection"].clone();
    (provider, server, connection)
}

/// A call through a connection; the service's status.
async fn call(server: &TestServer, connection: &Value) -> u16 {
    let key = connection["key"].as_str().unwrap();
    let call = server.api("GET", "/v1/passthrough/things").connection(key);
    call.send().await.status
}

/// Waits for what is noted beside the answer.
async fn becomes(server: &TestServer, what: &str, wanted: &str) {
    let sql = format!("select coalesce({what}, '') from connections");
    let reached = async {
        while server.database.text(&sql).await != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(10), reached).await;
    assert!(reached.is_ok(), "{what} is {}", server.database.text(&sql).await);
}

/// A connection by a typed-in key of the odd provider.
async fn keyed() -> (OddProvider, TestServer, Value) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = typed_in(&server, "u-1").await;
    (provider, server, connection)
}

async fn typed_in(server: &TestServer, identity: &str) -> Value {
    let session = server.session(&json!({ "identity": identity })).await;
    let body = json!({
        "integration": "odd-key", "auth": "api_key", "values": { "api_key": "idle-canary-51c8" }, "embedder": testkit::SHOP,
    });
    let made = server
        .browser()
        .post("/connect/api/submit", Some(&session), &body)
        .await;
    made.expect(200).json()["connection"].clone()
}

fn refused() -> Reply {
    Reply::json(401, &json!({ "error": "this key was revoked: idle-canary-51c8" }))
}

async fn state(server: &TestServer) -> String {
    server
        .database
        .text("select state || coalesce(':' || state_reason, '') from connections")
        .await
}

async fn told(server: &TestServer, kind: &str) -> i64 {
    server
        .database
        .number(&format!("select count(*) from events where type = '{kind}'"))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_found_out_and_counts_the_second_time() {
    let (provider, server, _) = keyed().await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0, "it is new");
    server.advance(WEEK + 60).await;
    provider.reply_at("/api/me", refused());
    let (one, two) = tokio::join!(server.broker.check_idle_tick(), server.broker.check_idle_tick());
    assert_eq!(one.unwrap() + two.unwrap(), 1, "one look, whoever looks");
    assert_eq!(state(&server).await, "degraded:key_refused");
    server.advance(1800).await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0, "not before an hour");
    server.advance(1900).await;
    provider.reply_at("/api/me", refused());
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    assert_eq!(state(&server).await, "failed:key_refused");
    server.advance(10 * WEEK).await;
    assert_eq!(
        server.broker.check_idle_tick().await.unwrap(),
        0,
        "a failed one is left alone"
    );
    assert_eq!(provider.seen("/api/me").len(), 3);
    assert_eq!(
        (
            told(&server, "connection.degraded").await,
            told(&server, "connection.failed").await
        ),
        (1, 1)
    );
    let events = server
        .database
        .text("select string_agg(payload::text, ' ') from events")
        .await;
    assert!(!events.contains("idle-canary-51c8"), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_nothing_renews_is_looked_at_like_a_key() {
    let (provider, server, _) = unrenewed(CHECK).await;
    server.advance(WEEK + 60).await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    assert_eq!(state(&server).await, "operational");
    server.advance(WEEK + 60).await;
    for found in ["degraded:key_refused", "failed:key_refused"] {
        provider.reply_at("/api/me", refused());
        assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
        assert_eq!(state(&server).await, found);
        server.advance(3700).await;
    }
    assert_eq!(provider.seen("/api/me").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_makes_the_check_due_once_an_hour() {
    let (provider, server, connection) = unrenewed(CHECK).await;
    let again = || provider.reply_at("/api/things", Reply::json(401, &json!({})));
    again();
    assert_eq!(call(&server, &connection).await, 401);
    becomes(&server, "(check_at = refused_at)::text", "true").await;
    // The call was the trouble, and not the credential.
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    assert_eq!(state(&server).await, "operational");
    let noted = "select refused_at::text || check_at::text from connections";
    let before = server.database.text(noted).await;
    for _ in 0..3 {
        again();
        assert_eq!(call(&server, &connection).await, 401);
    }
    assert_eq!(
        server.database.text(noted).await,
        before,
        "a stream of them writes once"
    );
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0);
    // An hour later it is asked again, and the second refusal counts.
    server.advance(3700).await;
    again();
    assert_eq!(call(&server, &connection).await, 401);
    becomes(&server, "(check_at = refused_at)::text", "true").await;
    for found in ["degraded:key_refused", "failed:key_refused"] {
        provider.reply_at("/api/me", refused());
        assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
        assert_eq!(state(&server).await, found);
        assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0, "not at once");
        server.advance(3700).await;
    }
    assert_eq!(call(&server, &connection).await, 424);
    assert_eq!(
        (
            told(&server, "connection.degraded").await,
            told(&server, "connection.failed").await
        ),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_check_the_word_of_the_service_is_taken() {
    let (provider, server, connection) = unrenewed("").await;
    let word = || provider.reply_at("/api/things", Reply::With(401, SAYS_INVALID, "{}".to_owned()));
    let shown = "state || coalesce(':' || state_reason, '')";
    // A bare 401 may be about the call.
    provider.reply_at("/api/things", Reply::json(401, &json!({})));
    assert_eq!(call(&server, &connection).await, 401);
    word();
    assert_eq!(call(&server, &connection).await, 401);
    becomes(&server, shown, "degraded:key_refused").await;
    assert_eq!(call(&server, &connection).await, 200);
    becomes(&server, "state", "operational").await;
    assert_eq!(told(&server, "connection.recovered").await, 1);
    server.advance(3700).await;
    word();
    assert_eq!(call(&server, &connection).await, 401);
    becomes(&server, shown, "degraded:key_refused").await;
    word();
    assert_eq!(call(&server, &connection).await, 401);
    assert_eq!(state(&server).await, "degraded:key_refused", "not within an hour");
    server.advance(3700).await;
    assert_eq!(
        server.broker.check_idle_tick().await.unwrap(),
        0,
        "there is nothing to ask"
    );
    word();
    assert_eq!(call(&server, &connection).await, 401);
    becomes(&server, shown, "failed:key_refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_answer_heals_and_proves() {
    let (provider, server, _) = keyed().await;
    server.advance(WEEK + 60).await;
    provider.reply_at("/api/me", refused());
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    server.advance(3700).await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    assert_eq!(
        (
            state(&server).await.as_str(),
            told(&server, "connection.recovered").await
        ),
        ("operational", 1)
    );
    server
        .database
        .execute("update connections set state = 'unknown'")
        .await;
    server.advance(WEEK + 60).await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    assert_eq!(
        (state(&server).await.as_str(), told(&server, "connection.tested").await),
        ("operational", 1)
    );
    // It begins anew: one refusal is not the second.
    server.advance(WEEK + 60).await;
    provider.reply_at("/api/me", refused());
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    assert_eq!(state(&server).await, "degraded:key_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_or_odd_changes_nothing() {
    let (provider, server, _) = keyed().await;
    server.advance(WEEK + 60).await;
    let before = server.database.number("select count(*) from events").await;
    let odd = [
        Reply::With(500, "text/html", "<h1>Oops</h1>".to_owned()),
        Reply::HangUp,
        Reply::With(429, "text/plain", "slow down".to_owned()),
        Reply::json(200, &json!({ "id": "somebody-else" })),
    ];
    for reply in odd {
        provider.reply_at("/api/me", reply);
        assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0);
        assert_eq!(state(&server).await, "operational");
        assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0, "not at once");
        server.advance(3700).await;
    }
    assert_eq!(server.database.number("select count(*) from events").await, before);
    assert_eq!(provider.seen("/api/me").len(), 5);
    assert_eq!(
        server.broker.check_idle_tick().await.unwrap(),
        1,
        "and then it is asked again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_switched_off_or_not_a_key_is_not_asked_about() {
    let (provider, server, _) = keyed().await;
    server.connect_odd().await;
    typed_in(&server, "u-2").await;
    server.advance(WEEK + 60).await;
    server
        .database
        .execute("update connections set last_used_at = latchkey_now() - interval '1 day' where identity = 'u-1';")
        .await;
    server
        .database
        .execute("update connections set active = false where identity = 'u-2'")
        .await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0);
    let never = "select count(*) from connections where auth_method like 'oauth%' and check_at is null";
    assert_eq!(server.database.number(never).await, 1);
    server.advance(WEEK).await;
    assert_eq!(
        server.broker.check_idle_tick().await.unwrap(),
        1,
        "six days later it is idle"
    );
    assert_eq!(provider.seen("/api/me").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_nobody_adopted_asks_nothing() {
    let (provider, server, _) = keyed().await;
    server.advance(WEEK + 60).await;
    server.database.execute("update instance set home = 'elsewhere'").await;
    server.store.look_home_now().await.unwrap();
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0);
    assert_eq!(provider.seen("/api/me").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_look_is_served_by_its_index() {
    let (_provider, server, _) = keyed().await;
    let mut connection = server.database.pool().acquire().await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off")
        .execute(&mut *connection)
        .await
        .unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select id from connections where check_at <= latchkey_now() and deleted_at is null
         order by check_at limit 500 for update skip locked",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    assert!(plan.join("\n").contains("connections_check_due"), "{plan:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_passes_heals_a_key_that_was_refused() {
    let (provider, server, connection) = keyed().await;
    let test = async || {
        let path = format!("/v1/vault/connections/{}/test", connection["id"].as_str().unwrap());
        server.advance(31).await;
        server.api("POST", &path).send().await.expect(200).json()
    };
    for (refusals, before) in [(1, "degraded:key_refused"), (2, "failed:key_refused")] {
        let recovered = told(&server, "connection.recovered").await;
        let tested = told(&server, "connection.tested").await;
        server.advance(WEEK + 60).await;
        for _ in 0..refusals {
            provider.reply_at("/api/me", refused());
            assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
            server.advance(3700).await;
        }
        assert_eq!(state(&server).await, before);
        // One that fails changes nothing.
        provider.reply_at("/api/me", refused());
        let bad = test().await;
        assert_eq!(
            (&bad["ok"], &bad["reason"]),
            (&json!(false), &json!("credential_refused"))
        );
        assert_eq!(state(&server).await, before);
        let good = test().await;
        assert_eq!(
            (&good["ok"], &good["tested"], &good["state"]),
            (&json!(true), &json!(true), &json!("operational")),
            "{good}"
        );
        assert_eq!(state(&server).await, "operational");
        assert_eq!(
            (
                told(&server, "connection.recovered").await,
                told(&server, "connection.tested").await
            ),
            (recovered + 1, tested + 1),
            "one event for the change, one for the test that failed"
        );
    }
    // It is looked at again like any other.
    server.advance(WEEK + 60).await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 1);
    // Another reason is not a test's to heal.
    server
        .database
        .execute("update connections set state = 'failed', state_reason = 'moved', state_message = 'Moved.'")
        .await;
    let moved = test().await;
    assert_eq!(
        (&moved["ok"], &moved["reason"]),
        (&json!(false), &json!("connection_failed"))
    );
    assert_eq!(state(&server).await, "failed:moved");
}
