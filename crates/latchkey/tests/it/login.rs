//! Typed-in values that buy a token: bought when the connection is made, and again when the token ends.

use broker::{Scope, Tick};
use serde_json::{Value, json};
use testkit::{Answer, OddProvider, Reply, TestServer};

async fn odd() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

fn token(token: &str) -> Reply {
    Reply::json(200, &json!({ "token": token, "expires_in": 3600, "home": "main" }))
}

async fn submit(server: &TestServer) -> Answer {
    let session = server.session(&json!({ "identity": "u-1" })).await;
    let body = json!({
        "integration": "odd-key", "auth": "login", "embedder": testkit::SHOP,
        "values": { "user": "ann", "password": "login-canary-77aa" },
    });
    server
        .browser()
        .post("/connect/api/submit", Some(&session), &body)
        .await
}

/// A connection whose token is `first`.
async fn connected(provider: &OddProvider, server: &TestServer) -> Value {
    provider.reply_at("/login", token("first"));
    submit(server).await.expect(200).json()["connection"].clone()
}

async fn call(server: &TestServer, connection: &Value) -> Answer {
    let key = connection["key"].as_str().unwrap();
    server.api("GET", "/v1/passthrough/x").connection(key).send().await
}

async fn state(server: &TestServer) -> String {
    server
        .database
        .text("select state || coalesce(':' || state_reason, '') from connections")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_bought_and_bought_again_before_it_ends() {
    let (provider, server) = odd().await;
    let connection = connected(&provider, &server).await;
    let asked = &provider.seen("/login")[0];
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body, json!({ "user": "ann", "password": "login-canary-77aa" }));
    assert_eq!(connection["state"], "operational");
    let home = server.database.text("select variables->>'home' from connections").await;
    assert_eq!(home, "main", "what the answer told is kept");
    assert!(
        provider.seen("/api/me")[0].target.contains("session=first"),
        "the check is made with it"
    );
    call(&server, &connection).await.expect(200);
    assert!(provider.seen("/api/x")[0].target.contains("session=first"));

    server.advance(3301).await;
    provider.reply_at("/login", token("second"));
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(provider.seen("/login").len(), 2);
    call(&server, &connection).await.expect(200);
    assert!(provider.seen("/api/x")[1].target.contains("session=second"));
    assert_eq!(server.broker.refresh_tick().await.unwrap(), Tick::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_test_the_answer_tells_what_the_definition_has_wrong() {
    let (provider, server) = odd().await;
    let cause = |answer: &Answer| answer.json()["meta"]["cause"].as_str().unwrap_or_default().to_owned();
    provider.reply_at("/login", Reply::json(200, &json!({ "tokens": "first-canary" })));
    let answer = submit(&server).await;
    assert_eq!(answer.problem(503), "provider_unavailable");
    let told = cause(&answer);
    assert!(told.contains("it has no token where the definition says"), "{told}");
    assert!(!told.contains("canary"), "{told}");

    provider.reply_at("/login", Reply::json(404, &json!({})));
    let answer = submit(&server).await;
    assert_eq!(answer.problem(503), "provider_unavailable");
    assert!(cause(&answer).contains("HTTP 404"), "{}", cause(&answer));
    // What the service says itself is told as before.
    provider.reply_at("/login", Reply::json(401, &json!({ "message": "No" })));
    let answer = submit(&server).await;
    assert_eq!(answer.problem(422), "credential_refused");
    assert_eq!(cause(&answer), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_finds_it_ended_waits_for_the_next() {
    let (provider, server) = odd().await;
    let connection = connected(&provider, &server).await;
    server.advance(3700).await;
    provider.reply_at("/login", token("second"));
    let (one, two) = tokio::join!(call(&server, &connection), call(&server, &connection));
    one.expect(200);
    two.expect(200);
    assert_eq!(provider.seen("/login").len(), 2, "one log-in for both");
    assert!(
        provider
            .seen("/api/x")
            .iter()
            .all(|seen| seen.target.contains("session=second"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_end_is_noticed_by_the_services_refusal() {
    let (provider, server) = odd().await;
    let connection = connected(&provider, &server).await;
    server.advance(600).await;
    provider.reply_at("/api/x", Reply::json(401, &json!({ "error": "ended" })));
    provider.reply_at("/login", token("second"));
    call(&server, &connection).await.expect(200);
    assert!(
        provider
            .seen("/api/x")
            .last()
            .unwrap()
            .target
            .contains("session=second")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_fails_the_connection_at_the_second_refusal() {
    let (provider, server) = odd().await;
    connected(&provider, &server).await;
    server.advance(3301).await;
    let refusal = || Reply::json(401, &json!({ "message": "Wrong password login-canary-77aa" }));
    provider.reply_at("/login", refusal());
    assert_eq!(server.broker.refresh_tick().await.unwrap().failed, 1);
    assert_eq!(state(&server).await, "degraded:grant_refused");
    server.advance(61).await;
    provider.reply_at("/login", refusal());
    server.broker.refresh_tick().await.unwrap();
    assert_eq!(state(&server).await, "failed:grant_gone");
    let everything = server
        .database
        .text("select string_agg(events::text, ' ') || string_agg(distinct c::text, ' ') from events, connections c")
        .await;
    assert!(everything.contains("Wrong password") && !everything.contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_costs_nothing() {
    let (provider, server) = odd().await;
    let connection = connected(&provider, &server).await;
    server.advance(3301).await;
    provider.reply_at("/login", Reply::json(503, &json!({})));
    assert_eq!(server.broker.refresh_tick().await.unwrap().failed, 1);
    call(&server, &connection).await.expect(200);
    server.advance(700).await;
    provider.reply_at("/login", token("second"));
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert_eq!(state(&server).await, "operational");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values_are_told_in_the_form_and_nothing_is_kept() {
    let (provider, server) = odd().await;
    provider.reply_at("/login", Reply::json(403, &json!({ "message": "No such user" })));
    let problem = submit(&server).await.expect(422).json();
    assert_eq!(problem["key"], "credential_refused");
    assert!(
        problem["message"].as_str().unwrap().contains("“No such user”"),
        "{problem}"
    );
    provider.reply_at(
        "/login",
        Reply::json(200, &json!({ "token": "t", "home": "NOT ALLOWED" })),
    );
    assert_eq!(submit(&server).await.expect(424).json()["key"], "value_refused");
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_the_credential_gets_the_token_and_not_the_password() {
    let (provider, server) = odd().await;
    let connection = connected(&provider, &server).await;
    let reader = server.key_with(&[Scope::CredentialsRead]).await;
    let id = connection["id"].as_str().unwrap();
    let answer = server
        .api("GET", &format!("/v1/vault/connections/{id}/credential"))
        .key(&reader)
        .send()
        .await
        .expect(200);
    let credential = answer.json();
    assert_eq!(
        (&credential["type"], &credential["accessToken"]),
        (&json!("issued"), &json!("first"))
    );
    assert!(!credential.to_string().contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_nobody_uses_is_renewed_and_not_looked_at_with_an_old_token() {
    let (provider, server) = odd().await;
    connected(&provider, &server).await;
    server.advance(8 * 86_400).await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0);
    provider.reply_at("/login", token("second"));
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
    server.advance(8 * 86_400).await;
    assert_eq!(server.broker.check_idle_tick().await.unwrap(), 0);
    assert_eq!(state(&server).await, "operational");
}
