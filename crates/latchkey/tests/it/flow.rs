//! The connect flow in a window of its own, at the sandbox, with everything that a browser or an attacker may do wrong.

use serde_json::json;
use testkit::{Account, Answer, Browser, Consent, StartedFlow, TestServer};
use vault::Token;

const ANN: Consent = Consent::Allow(Account::Ann);

/// Codes that were redeemed at the sandbox: each is one token request that counted.
async fn token_requests(server: &TestServer) -> i64 {
    server
        .database
        .number("select count(*) from sandbox_codes where used_at is not null")
        .await
}

async fn audits(server: &TestServer, action: &str) -> i64 {
    server.store.audit_count(action).await.unwrap()
}

/// A flow whose browser stands before its callback.
async fn before_callback(server: &TestServer) -> (StartedFlow, Browser, String) {
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    (flow, browser, callback)
}

fn is_done(answer: &Answer, server: &TestServer, flow: &StartedFlow) {
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(
        answer.header("location"),
        format!("{}/connect/done?f={}", server.url, flow.flow)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_session_to_connection() {
    let server = TestServer::start().await;
    let session = server
        .session(&json!({ "identity": "u-42", "identityType": "user", "label": "Ann Lee" }))
        .await;
    let browser = server.browser();
    let view = browser
        .post(
            "/connect/api/session",
            Some(&session),
            &json!({ "embedder": testkit::SHOP }),
        )
        .await
        .expect(200);
    assert_eq!(
        (&view.json()["identity_label"], &view.json()["integrations"][0]["id"]),
        (&json!("Ann Lee"), &json!("sandbox"))
    );

    let flow = server.begin(&session).await;
    assert_eq!(browser.check(&flow.result).await["stage"], "created");
    let authorize = browser.leave(&flow).await;
    let state = StartedFlow::parameter(&authorize, "state").unwrap();
    assert_eq!(state.len(), 43);
    assert_ne!(state, flow.result);
    assert_eq!(
        StartedFlow::parameter(&authorize, "code_challenge_method").as_deref(),
        Some("S256")
    );
    assert_eq!(browser.check(&flow.result).await["stage"], "away");

    let callback = browser.consent(&authorize, ANN).await;
    is_done(&browser.get(&callback).await, &server, &flow);
    let done = browser.get(&format!("/connect/done?f={}", flow.flow)).await.expect(200);
    assert!(done.text.contains("Sandbox"));
    let neutral = server
        .browser()
        .get(&format!("/connect/done?f={}", flow.flow))
        .await
        .expect(200);
    assert!(!neutral.text.contains("Sandbox"), "a stranger's browser learns nothing");

    let outcome = browser.check(&flow.result).await;
    assert_eq!(
        (&outcome["status"], &outcome["stage"]),
        (&json!("success"), &json!("succeeded"))
    );
    assert_eq!(
        (&outcome["connection"]["identity"], &outcome["connection"]["state"]),
        (&json!("u-42"), &json!("operational"))
    );
    assert_eq!(token_requests(&server).await, 1);
    let used = browser
        .post(
            "/connect/api/session",
            Some(&session),
            &json!({ "embedder": testkit::SHOP }),
        )
        .await;
    assert_eq!(used.problem(410), "session_used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_state_costs_nothing() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let state = StartedFlow::parameter(&callback, "state").unwrap();
    let forged = [
        callback.replace(&state, &Token::generate().expose()),
        callback.replace(&state, &flow.result),
        callback.replace(&state, &format!("{state}~aHR0cHM6Ly9ldmlsLnRlc3Q")),
        callback.replace(&state, &state[..42]),
        callback.replace(&format!("state={state}"), "state="),
    ];
    for address in forged {
        let answer = browser.get(&address).await;
        assert_eq!(answer.status, 400, "{address}");
        assert!(answer.header("content-type").starts_with("text/html"));
    }
    assert_eq!(
        (token_requests(&server).await, server.stage(&flow).await.as_str()),
        (0, "away")
    );
    is_done(&browser.get(&callback).await, &server, &flow);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_state_shows_the_same_page() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    for _ in 0..5 {
        is_done(&browser.get(&callback).await, &server, &flow);
    }
    assert_eq!(token_requests(&server).await, 1);
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
    assert_eq!(
        server.browser().get(&callback).await.status,
        400,
        "without the cookie it is refused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_gets_nothing_and_burns_nothing() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    assert_eq!(server.browser().get(&callback).await.status, 400);
    assert_eq!(audits(&server, "flow.state_cookie_missing").await, 1);
    let (_, stranger, _) = before_callback(&server).await;
    assert_ne!(stranger.cookie(), browser.cookie());
    assert_eq!(stranger.get(&callback).await.status, 400);
    assert_eq!(audits(&server, "flow.state_cookie_mismatch").await, 1);
    assert_eq!(
        (token_requests(&server).await, server.stage(&flow).await.as_str()),
        (0, "away")
    );
    is_done(&browser.get(&callback).await, &server, &flow);
    assert_eq!(server.stage(&flow).await, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_wrong_browser_ends_it() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let (_, stranger, _) = before_callback(&server).await;
    for _ in 0..3 {
        assert_eq!(stranger.get(&callback).await.status, 400);
    }
    assert_eq!(server.stage(&flow).await, "rejected");
    browser.get(&callback).await;
    assert_eq!(token_requests(&server).await, 0);
    assert_eq!(browser.check(&flow.result).await["status"], "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callbacks_make_one_token_request() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (browser, callback) = (browser.clone(), callback.clone());
        calls.spawn(async move { browser.get(&callback).await });
    }
    while let Some(answer) = calls.join_next().await {
        is_done(&answer.unwrap(), &server, &flow);
    }
    assert_eq!(token_requests(&server).await, 1);
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
    assert_eq!(server.database.number("select count(*) from sandbox_grants").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_queries_are_refused_before_anything_is_read() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let state = StartedFlow::parameter(&callback, "state").unwrap();
    for odd in [
        format!("{callback}&code=another"),
        format!("{callback}&state={state}"),
        format!("{callback}&error=access_denied"),
        format!("{callback}&a[]=1"),
        format!("{callback}&access_token=x"),
        format!("{callback}&pad={}", "x".repeat(17_000)),
        callback.replace("code=", "kode="),
    ] {
        assert_eq!(browser.get(&odd).await.status, 400, "{odd:.200}");
    }
    assert_eq!(
        (token_requests(&server).await, server.stage(&flow).await.as_str()),
        (0, "away")
    );
    let posted = server.client.post(&callback).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    is_done(&browser.get(&callback).await, &server, &flow);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_of_another_app_is_unknown() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let (other, _) = server.another_project().await;
    let app = server
        .store
        .app_of(other, vault::Environment::Test, "sandbox")
        .await
        .unwrap()
        .unwrap();
    let own = server
        .store
        .app_of(server.project.id, vault::Environment::Test, "sandbox")
        .await
        .unwrap()
        .unwrap();
    let foreign = callback.replace(&own.id.to_string(), &app.id.to_string());
    assert_eq!(browser.get(&foreign).await.status, 400);
    let plain = callback.replace(&format!("/{}", own.id), "");
    assert_eq!(
        browser.get(&plain).await.status,
        400,
        "the plain address is for apps that are set so"
    );
    assert_eq!(
        (token_requests(&server).await, server.stage(&flow).await.as_str()),
        (0, "away")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_told_in_our_words() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Deny).await;
    is_done(&browser.get(&callback).await, &server, &flow);
    let outcome = browser.check(&flow.result).await;
    assert_eq!(
        (&outcome["status"], &outcome["code"], &outcome["stage"]),
        (&json!("error"), &json!("access_denied"), &json!("failed"))
    );
    assert!(outcome["message"].as_str().unwrap().contains("Sandbox"), "{outcome}");
    // The session was not spent: the same modal tries again.
    server.connect_in(&session, ANN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_provider_are_plain_text() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let (address, _) = callback.split_once('?').unwrap();
    let state = StartedFlow::parameter(&callback, "state").unwrap();
    let issuer = StartedFlow::parameter(&callback, "iss").unwrap();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("error", "server_error")
        .append_pair("error_description", "<script>alert(1)</script>\u{202e}http://evil.test")
        .append_pair("error_uri", "http://evil.test/help")
        .append_pair("state", &state)
        .append_pair("iss", &issuer)
        .finish();
    is_done(&browser.get(&format!("{address}?{query}")).await, &server, &flow);
    let done = browser.get(&format!("/connect/done?f={}", flow.flow)).await.expect(200);
    assert!(
        !done.text.contains("<script>alert") && !done.text.contains("evil.test/help"),
        "{}",
        done.text
    );
    assert!(!done.text.contains("href=\"http://evil"), "{}", done.text);
    let outcome = browser.check(&flow.result).await;
    assert!(!outcome["message"].as_str().unwrap().contains('\u{202e}'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_ends_ten_minutes_after_it_left() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    server.advance(601).await;
    assert_eq!(browser.check(&flow.result).await["stage"], "expired");
    assert_eq!(browser.get(&callback).await.status, 410);
    server.store.sweep_flows().await.unwrap();
    assert_eq!(browser.get(&callback).await.status, 410);
    assert_eq!(token_requests(&server).await, 0);
    assert_eq!(server.stage(&flow).await, "expired");
    server.advance(901).await;
    let gone = browser.post("/connect/api/check", Some(&flow.result), &json!({})).await;
    gone.problem(404);
    let sealed = "select count(*) from flows where sealed is not null";
    assert_eq!(server.database.number(sealed).await, 0, "its secrets went with its end");
    server.advance(7 * 86_400).await;
    server.store.sweep_flows().await.unwrap();
    assert_eq!(server.database.number("select count(*) from flows").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_session_takes_no_callback() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    assert!(
        server
            .store
            .revoke_session(&Token::parse(&session).unwrap().digest())
            .await
            .unwrap()
    );
    assert_eq!(browser.get(&callback).await.status, 410);
    assert_eq!(token_requests(&server).await, 0);
    let flows = json!({ "integration": "sandbox", "mode": "popup", "ticket": Token::generate().expose(), "embedder": testkit::SHOP });
    let refused = browser.post("/connect/api/flows", Some(&session), &flows).await;
    assert_eq!(refused.problem(401), "session_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_flows_of_one_session_make_one_connection() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let (one, two) = (server.begin(&session).await, server.begin(&session).await);
    let browser = server.browser();
    let first = browser.sign_in(&one, ANN).await;
    let second = browser.sign_in(&two, Consent::Allow(Account::Ben)).await;
    is_done(&browser.get(&first).await, &server, &one);
    is_done(&browser.get(&second).await, &server, &two);
    assert_eq!(browser.check(&one.result).await["status"], "success");
    let lost = browser.check(&two.result).await;
    assert_eq!(
        (&lost["status"], &lost["code"]),
        (&json!("error"), &json!("session_used"))
    );
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
    // The grant that lost is taken back at the provider.
    let queued = format!(
        "select count(*) from revocations where flow_id = '{}' and status = 'pending'",
        two.flow
    );
    assert_eq!(server.database.number(&queued).await, 1);
    assert_eq!(server.broker.revoke_tick().await.unwrap(), 1);
    assert_eq!(server.database.text("select status from revocations").await, "revoked");
    assert_eq!(
        server
            .database
            .text("select account from sandbox_grants where revoked_at is null")
            .await,
        "ann"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_flow_makes_no_token_request() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    browser
        .post(
            &format!("/connect/api/flows/{}/cancel", flow.flow),
            Some(&session),
            &json!({}),
        )
        .await
        .expect(204);
    assert_eq!(browser.check(&flow.result).await["stage"], "cancelled");
    assert_eq!(browser.get(&callback).await.status, 410);
    assert_eq!(token_requests(&server).await, 0);
    // Nobody else's session cancels it.
    let (other, _, _) = before_callback(&server).await;
    let stranger = server.session(&json!({})).await;
    browser
        .post(
            &format!("/connect/api/flows/{}/cancel", other.flow),
            Some(&stranger),
            &json!({}),
        )
        .await;
    assert_eq!(server.stage(&other).await, "away");
}
