//! Verified finish: the customer's backend says who finished. And reconnecting.

use serde_json::{Value, json};
use store::{ProjectChange, Verify};
use testkit::{Account, Answer, Browser, Consent, StartedFlow, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);
const VERIFY_URL: &str = "https://shop.example.test/verify?x=1";

struct Finished {
    server: TestServer,
    browser: Browser,
    flow: StartedFlow,
    code: String,
}

impl Finished {
    /// A flow of `u-42` whose callback came, in a project that verifies always.
    async fn new() -> Self {
        let server = TestServer::start().await;
        let change = ProjectChange {
            verify: Some(Verify::Always),
            verify_url: Some(VERIFY_URL.to_owned()),
            ..ProjectChange::default()
        };
        assert!(server.store.change_project(server.project.id, change).await.unwrap());
        let session = server
            .session(&json!({ "identity": "u-42", "identityType": "user" }))
            .await;
        let flow = server.begin(&session).await;
        let browser = server.browser();
        let callback = browser.sign_in(&flow, ANN).await;
        let end = browser.get(&callback).await.expect(303).header("location").to_owned();
        assert!(end.starts_with("https://shop.example.test/verify?x=1&code="), "{end}");
        assert_eq!(StartedFlow::parameter(&end, "flow").as_ref(), Some(&flow.flow));
        let code = StartedFlow::parameter(&end, "code").unwrap();
        let again = browser.get(&callback).await.expect(303).header("location").to_owned();
        assert!(!again.contains(&code) && again.contains("/connect/done"), "{again}");
        Self {
            server,
            browser,
            flow,
            code,
        }
    }

    async fn complete(&self, code: &str, identity: &str) -> Answer {
        let body = json!({ "code": code, "identity": identity });
        self.server.api("POST", "/v1/connect/complete").json(&body).send().await
    }

    async fn stage(&self) -> Value {
        self.browser.check(&self.flow.result).await["stage"].clone()
    }

    async fn connections(&self) -> i64 {
        self.server.database.number("select count(*) from connections").await
    }

    /// That the quarantined grant is gone here and taken back at the provider.
    async fn is_revoked(&self) {
        assert_eq!(
            self.server
                .database
                .number("select count(*) from flows where quarantined is not null")
                .await,
            0
        );
        self.server.broker.revoke_tick().await.unwrap();
        assert_eq!(
            self.server.database.text("select status from revocations").await,
            "revoked"
        );
        assert_eq!(
            self.server
                .database
                .number("select count(*) from sandbox_grants where revoked_at is null")
                .await,
            0
        );
        assert_eq!(self.connections().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_identity_completes_once() {
    let finished = Finished::new().await;
    assert_eq!(
        (finished.stage().await, finished.connections().await),
        (json!("verifying"), 0)
    );
    assert_eq!(finished.browser.check(&finished.flow.result).await["status"], "pending");
    let completed = finished.complete(&finished.code, "u-42").await.expect(200).json();
    assert_eq!(
        (&completed["connection"]["identity"], &completed["return_url"]),
        (&json!("u-42"), &json!(null))
    );
    assert_eq!(finished.stage().await, "succeeded");
    let key = completed["connection"]["key"].as_str().unwrap();
    finished
        .server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200);
    let again = finished.complete(&finished.code, "u-42").await;
    assert!(matches!(again.status, 409 | 410), "{}", again.text);
    assert_eq!(finished.connections().await, 1);
    assert_eq!(
        finished
            .server
            .database
            .number("select count(*) from revocations")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_identity_ends_it() {
    let finished = Finished::new().await;
    assert_eq!(
        finished.complete(&finished.code, "u-43").await.problem(403),
        "another_identity"
    );
    assert_eq!(finished.stage().await, "rejected");
    finished.complete(&finished.code, "u-42").await.problem(410);
    finished.is_revoked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kind_of_identity_is_another() {
    let finished = Finished::new().await;
    let body = json!({ "code": finished.code, "identity": "u-42", "identityType": "team" });
    let answer = finished
        .server
        .api("POST", "/v1/connect/complete")
        .json(&body)
        .send()
        .await;
    assert_eq!(answer.problem(403), "another_identity");
    finished.is_revoked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_minutes_later_it_is_gone() {
    let finished = Finished::new().await;
    finished.server.advance(240).await;
    assert_eq!(finished.server.store.sweep_flows().await.unwrap().unconfirmed, 0);
    finished.server.advance(61).await;
    finished.complete(&finished.code, "u-42").await.problem(410);
    assert_eq!(finished.server.store.sweep_flows().await.unwrap().unconfirmed, 1);
    assert_eq!(finished.stage().await, "rejected");
    finished.is_revoked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_of_one_project_and_environment() {
    let finished = Finished::new().await;
    let (_, stranger) = finished.server.another_project().await;
    for key in [&stranger, &finished.server.live_key] {
        let body = json!({ "code": finished.code, "identity": "u-42" });
        finished
            .server
            .api("POST", "/v1/connect/complete")
            .key(key)
            .json(&body)
            .send()
            .await
            .problem(404);
    }
    finished
        .complete(&vault::Token::generate().expose(), "u-42")
        .await
        .problem(404);
    finished.complete("short", "u-42").await.problem(400);
    finished.complete(&finished.code, "u-42").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_completions_at_once_make_one_connection() {
    let finished = Finished::new().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let call = finished.server.api("POST", "/v1/connect/complete");
        let body = json!({ "code": finished.code, "identity": "u-42" });
        calls.spawn(async move { call.json(&body).send().await.status });
    }
    let statuses = calls.join_all().await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(finished.connections().await, 1);
    // The losers must not take back the grant of the winner.
    finished.server.broker.revoke_tick().await.unwrap();
    assert_eq!(
        finished
            .server
            .database
            .number("select count(*) from sandbox_grants where revoked_at is null")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_account_is_reconnected_under_the_same_key() {
    let server = TestServer::start().await;
    let first = server.connect("u-42", ANN).await;
    let session = server.session(&json!({ "connection": first["id"] })).await;
    let view = server
        .browser()
        .post(
            "/connect/api/session",
            Some(&session),
            &json!({ "embedder": testkit::SHOP }),
        )
        .await;
    assert_eq!(view.expect(200).json()["reconnect"]["integration"], "sandbox");
    let second = server.connect_in(&session, ANN).await;
    assert_eq!(
        (&second["id"], &second["key"], &second["identity"]),
        (&first["id"], &first["key"], &json!("u-42"))
    );
    assert_eq!(server.database.number("select generation from credentials").await, 2);
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
    server
        .api("GET", "/v1/passthrough/me")
        .connection(second["key"].as_str().unwrap())
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_does_not_replace_it() {
    let server = TestServer::start().await;
    let first = server.connect("u-42", ANN).await;
    let session = server.session(&json!({ "connection": first["id"] })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Allow(Account::Ben)).await;
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["code"], "account_changed");
    let me = server
        .api("GET", "/v1/passthrough/me")
        .connection(first["key"].as_str().unwrap())
        .send()
        .await;
    assert_eq!(me.expect(200).json()["id"], "ann");
    assert_eq!(server.database.number("select generation from credentials").await, 1);
    server.broker.revoke_tick().await.unwrap();
    assert_eq!(
        server
            .database
            .text("select account from sandbox_grants where revoked_at is null")
            .await,
        "ann"
    );
    // The session is still good for the right account.
    server.connect_in(&session, ANN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_connection_is_not_reconnected() {
    let server = TestServer::start().await;
    let first = server.connect("u-42", ANN).await;
    let session = server.session(&json!({ "connection": first["id"] })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    let id = first["id"].as_str().unwrap();
    server
        .api("DELETE", &format!("/v1/vault/connections/{id}"))
        .send()
        .await
        .expect(200);
    let end = browser.get(&callback).await;
    assert_eq!(end.status, 303, "{}", end.text);
    let outcome = browser.check(&flow.result).await;
    assert_eq!(outcome["status"], "error", "{outcome}");
    assert_eq!(server.database.number("select count(*) from credentials").await, 0);
    server.advance(121).await;
    server.broker.revoke_tick().await.unwrap();
    let live = "select count(*) from sandbox_grants where revoked_at is null";
    assert_eq!(
        server.database.number(live).await,
        0,
        "no grant may stay behind at the provider"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_decides_for_embedded_flows() {
    let server = TestServer::start().await;
    assert_eq!(server.project.verify, Verify::Hosted, "unless somebody chose");
    for (verify, stage) in [
        (Verify::Off, "succeeded"),
        // Only links that somebody was sent.
        (Verify::Hosted, "succeeded"),
        (Verify::Always, "verifying"),
    ] {
        let change = ProjectChange {
            verify: Some(verify),
            verify_url: Some(VERIFY_URL.to_owned()),
            ..ProjectChange::default()
        };
        server.store.change_project(server.project.id, change).await.unwrap();
        let session = server.session(&json!({ "identity": "u-42" })).await;
        let flow = server.begin(&session).await;
        let browser = server.browser();
        let callback = browser.sign_in(&flow, ANN).await;
        browser.get(&callback).await;
        assert_eq!(server.stage(&flow).await, stage, "{verify:?}");
    }
}
