//! A grant that was less than asked for is completed on the same connection, and nothing makes that one worse.

use serde_json::{Value, json};
use testkit::{Account, Answer, Browser, Consent, StartedFlow, TestServer};

const PROFILE_ONLY: Consent = Consent::AllowOnly(Account::Ann, "profile");

/// A connection of `u-42` that got `profile` alone.
struct Partial {
    server: TestServer,
    session: String,
    flow: StartedFlow,
    connection: Value,
}

impl Partial {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let session = server
            .session(&json!({ "identity": "u-42", "identityType": "user" }))
            .await;
        let (flow, outcome) = sign_in(&server, &session, PROFILE_ONLY).await;
        assert_eq!(outcome["missing"], json!(["Read and change your items"]), "{outcome}");
        Self {
            connection: outcome["connection"].clone(),
            server,
            session,
            flow,
        }
    }

    async fn widen(&self) -> Answer {
        let path = format!("/connect/api/flows/{}/widen", self.flow.flow);
        self.server.browser().post(&path, Some(&self.session), &json!({})).await
    }

    /// The session to grant the rest in.
    async fn rest(&self) -> String {
        let opened = self.widen().await.expect(201).json();
        opened["requestId"].as_str().unwrap().to_owned()
    }

    async fn calls(&self, path: &str) -> u16 {
        let key = self.connection["key"].as_str().unwrap();
        let call = self.server.api("GET", &format!("/v1/passthrough{path}"));
        call.connection(key).send().await.status
    }

    /// That the connection has what it had: its own grant lives, and nothing waits to be revoked.
    async fn is_as_it_was(&self) {
        assert_eq!((self.calls("/me").await, self.calls("/items").await), (200, 403));
        let database = &self.server.database;
        assert_eq!(database.number("select count(*) from revocations").await, 0);
        assert_eq!(database.number("select count(*) from connections").await, 1);
        assert_eq!(database.text("select state from connections").await, "operational");
        let held = "select count(*) from flows where quarantined is not null or sealed is not null";
        assert_eq!(database.number(held).await, 0);
    }
}

async fn sign_in(server: &TestServer, session: &str, consent: Consent) -> (StartedFlow, Value) {
    let flow = server.begin(session).await;
    let browser: Browser = server.browser();
    let callback = browser.sign_in(&flow, consent).await;
    browser.get(&callback).await.expect(303);
    let outcome = browser.check(&flow.result).await;
    (flow, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_is_granted_to_the_same_connection() {
    let partial = Partial::new().await;
    assert_eq!(partial.calls("/items").await, 403);
    let session = partial.rest().await;
    let (_, outcome) = sign_in(&partial.server, &session, Consent::Allow(Account::Ann)).await;
    assert_eq!(
        (&outcome["status"], &outcome["missing"]),
        (&json!("success"), &json!([])),
        "{outcome}"
    );
    for field in ["id", "key", "identity"] {
        assert_eq!(outcome["connection"][field], partial.connection[field], "{field}");
    }
    assert_eq!((partial.calls("/me").await, partial.calls("/items").await), (200, 200));
    assert_eq!(
        partial.server.database.number("select count(*) from connections").await,
        1
    );
    assert_eq!(partial.widen().await.problem(409), "nothing_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_or_another_account_leaves_it_as_it_was() {
    let partial = Partial::new().await;
    let session = partial.rest().await;
    let (_, denied) = sign_in(&partial.server, &session, Consent::Deny).await;
    assert_eq!(denied["code"], "access_denied", "{denied}");
    partial.is_as_it_was().await;
    // The same again is no more and no less.
    let (_, same) = sign_in(&partial.server, &session, PROFILE_ONLY).await;
    assert_eq!(
        (&same["status"], &same["missing"][0]),
        (&json!("success"), &json!("Read and change your items"))
    );
    partial.is_as_it_was().await;

    let partial = Partial::new().await;
    let session = partial.rest().await;
    let (_, other) = sign_in(&partial.server, &session, Consent::Allow(Account::Ben)).await;
    assert_eq!(other["code"], "account_changed", "{other}");
    assert_eq!((partial.calls("/me").await, partial.calls("/items").await), (200, 403));
    let queued = "select count(*) from revocations";
    assert_eq!(
        partial.server.database.number(queued).await,
        1,
        "Ben's grant is taken back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn less_than_before_is_refused_and_not_revoked() {
    let partial = Partial::new().await;
    let session = partial.rest().await;
    // The account cannot be read without `profile`, so what is compared is put in by hand.
    let had = "update connections set scopes = array['profile', 'items']";
    partial.server.database.execute(had).await;
    let (_, less) = sign_in(&partial.server, &session, PROFILE_ONLY).await;
    assert_eq!(
        (&less["stage"], &less["code"]),
        (&json!("failed"), &json!("less_access")),
        "{less}"
    );
    assert!(less["message"].as_str().unwrap().contains("left as it was"), "{less}");
    partial.is_as_it_was().await;
    let living = "select count(*) from sandbox_grants where revoked_at is null";
    assert_eq!(
        partial.server.database.number(living).await,
        2,
        "neither grant is revoked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_left_costs_nothing() {
    let partial = Partial::new().await;
    let session = partial.rest().await;
    let flow = partial.server.begin(&session).await;
    let browser = partial.server.browser();
    browser.leave(&flow).await;
    let path = format!("/connect/api/flows/{}/cancel", flow.flow);
    browser.post(&path, Some(&session), &json!({})).await.expect(204);
    assert_eq!(browser.check(&flow.result).await["stage"], "cancelled");
    partial.is_as_it_was().await;
    // Nobody is told that a session to grant the rest was not used.
    partial.server.advance(31 * 60).await;
    partial.server.broker.expired_sessions_tick().await.unwrap();
    let told = "select count(*) from events where type = 'session.expired'";
    assert_eq!(partial.server.database.number(told).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_session_that_connected_may_ask_for_the_rest() {
    let partial = Partial::new().await;
    let path = format!("/connect/api/flows/{}/widen", partial.flow.flow);
    let other = partial.server.session(&json!({ "identity": "u-43" })).await;
    let browser = partial.server.browser();
    for bearer in [&other, &partial.flow.result] {
        let refused = browser.post(&path, Some(bearer), &json!({})).await;
        assert!(matches!(refused.status, 401 | 404), "{}", refused.text);
    }
    assert_eq!(browser.post(&path, None, &json!({})).await.status, 401);
    // A session that is spent makes no new connection all the same.
    let session = partial.rest().await;
    let view = json!({ "embedder": testkit::SHOP });
    let seen = browser
        .post("/connect/api/session", Some(&session), &view)
        .await
        .expect(200)
        .json();
    assert_eq!(seen["reconnect"]["integration"], "sandbox", "{seen}");
    for _ in 0..9 {
        partial.rest().await;
    }
    assert_eq!(partial.widen().await.problem(409), "cannot_widen");
    partial.server.advance(31 * 60).await;
    assert_eq!(partial.widen().await.problem(401), "session_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_known_account_or_that_is_gone_is_not_widened() {
    let partial = Partial::new().await;
    let unknown = "update connections set account_id = null";
    partial.server.database.execute(unknown).await;
    assert_eq!(partial.widen().await.problem(409), "cannot_widen");

    let partial = Partial::new().await;
    let session = partial.rest().await;
    let id = partial.connection["id"].as_str().unwrap();
    let path = format!("/v1/vault/connections/{id}");
    partial.server.api("DELETE", &path).send().await.expect(200);
    assert_eq!(partial.widen().await.problem(409), "nothing_missing");
    let body = json!({
        "integration": "sandbox", "mode": "popup", "ticket": vault::Token::generate().expose(), "embedder": testkit::SHOP,
    });
    let begun = partial
        .server
        .browser()
        .post("/connect/api/flows", Some(&session), &body)
        .await;
    assert!(matches!(begun.status, 401 | 404), "{}", begun.text);
}
