//! The connect flow in a window of its own, at the sandbox, with everything that a browser or an attacker may do wrong.

use serde_json::json;
use testkit::{Account, Answer, Browser, Consent, StartedFlow, TestServer};
use vault::Token;

const ANN: Consent = Consent::Allow(Account::Ann);

/// Codes that were redeemed at the sandbox: each is one token request that counted.
async fn token_requests(server: &TestServer) -> i64 {
    server.database.number("select count(*) from sandbox_codes where used_at is not null").await
}

async fn stage(server: &TestServer, flow: &StartedFlow) -> String {
    server.database.text(&format!("select status from flows where id = '{}'", flow.flow)).await
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
    assert_eq!(answer.header("location"), format!("{}/connect/done?f={}", server.url, flow.flow));
}

#[tokio::test(flavor = "multi_thread")]
async fn from_session_to_connection() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-42", "identityType": "user", "label": "Ann Lee" })).await;
    let browser = server.browser();
    let view = browser.post("/connect/api/session", Some(&session), &json!({ "embedder": testkit::SHOP })).await.expect(200);
    assert_eq!((&view.json()["identity_label"], &view.json()["integrations"][0]["id"]), (&json!("Ann Lee"), &json!("sandbox")));

    let flow = server.begin(&session).await;
    assert_eq!(browser.check(&flow.result).await["stage"], "created");
    let authorize = browser.leave(&flow).await;
    let state = StartedFlow::parameter(&authorize, "state").unwrap();
    assert_eq!(state.len(), 43);
    assert_ne!(state, flow.result);
    assert_eq!(StartedFlow::parameter(&authorize, "code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(browser.check(&flow.result).await["stage"], "away");

    let callback = browser.consent(&authorize, ANN).await;
    is_done(&browser.get(&callback).await, &server, &flow);
    let done = browser.get(&format!("/connect/done?f={}", flow.flow)).await.expect(200);
    assert!(done.text.contains("Sandbox"));
    let neutral = server.browser().get(&format!("/connect/done?f={}", flow.flow)).await.expect(200);
    assert!(!neutral.text.contains("Sandbox"), "a stranger's browser learns nothing");

    let outcome = browser.check(&flow.result).await;
    assert_eq!((&outcome["status"], &outcome["stage"]), (&json!("success"), &json!("succeeded")));
    assert_eq!((&outcome["connection"]["identity"], &outcome["connection"]["state"]), (&json!("u-42"), &json!("operational")));
    assert_eq!(token_requests(&server).await, 1);
    let used = browser.post("/connect/api/session", Some(&session), &json!({ "embedder": testkit::SHOP })).await;
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
    assert_eq!((token_requests(&server).await, stage(&server, &flow).await.as_str()), (0, "away"));
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
    assert_eq!(server.browser().get(&callback).await.status, 400, "without the cookie it is refused");
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
    assert_eq!((token_requests(&server).await, stage(&server, &flow).await.as_str()), (0, "away"));
    is_done(&browser.get(&callback).await, &server, &flow);
    assert_eq!(stage(&server, &flow).await, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_wrong_browser_ends_it() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let (_, stranger, _) = before_callback(&server).await;
    for _ in 0..3 {
        assert_eq!(stranger.get(&callback).await.status, 400);
    }
    assert_eq!(stage(&server, &flow).await, "rejected");
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
    assert_eq!((token_requests(&server).await, stage(&server, &flow).await.as_str()), (0, "away"));
    let posted = server.client.post(&callback).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    is_done(&browser.get(&callback).await, &server, &flow);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_of_another_app_is_unknown() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let (other, _) = server.another_project().await;
    let app = server.store.app_of(other, vault::Environment::Test, "sandbox").await.unwrap().unwrap();
    let own = server.store.app_of(server.project.id, vault::Environment::Test, "sandbox").await.unwrap().unwrap();
    let foreign = callback.replace(&own.id.to_string(), &app.id.to_string());
    assert_eq!(browser.get(&foreign).await.status, 400);
    let plain = callback.replace(&format!("/{}", own.id), "");
    assert_eq!(browser.get(&plain).await.status, 400, "the plain address is for apps that are set so");
    assert_eq!((token_requests(&server).await, stage(&server, &flow).await.as_str()), (0, "away"));
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
    assert_eq!((&outcome["status"], &outcome["code"], &outcome["stage"]), (&json!("error"), &json!("access_denied"), &json!("failed")));
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
    assert!(!done.text.contains("<script>alert") && !done.text.contains("evil.test/help"), "{}", done.text);
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
    assert_eq!(stage(&server, &flow).await, "expired");
    server.advance(901).await;
    let gone = browser.post("/connect/api/check", Some(&flow.result), &json!({})).await;
    gone.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_session_takes_no_callback() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    assert!(server.store.revoke_session(&Token::parse(&session).unwrap().digest()).await.unwrap());
    assert_eq!(browser.get(&callback).await.status, 410);
    assert_eq!(token_requests(&server).await, 0);
    let flows = json!({ "integration": "sandbox", "mode": "popup", "ticket": Token::generate().expose(), "embedder": testkit::SHOP });
    let refused = browser.post("/connect/api/flows", Some(&session), &flows).await;
    assert_eq!(refused.problem(401), "session_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_revoked_before_the_start_page_starts_nothing() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    server.store.revoke_session(&Token::parse(&session).unwrap().digest()).await.unwrap();
    assert_eq!(server.browser().redeem(&flow).await.problem(410), "flow_expired");
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
    assert_eq!((&lost["status"], &lost["code"]), (&json!("error"), &json!("session_used")));
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
    // The grant that lost is taken back at the provider.
    let queued = format!("select count(*) from revocations where flow_id = '{}' and status = 'pending'", two.flow);
    assert_eq!(server.database.number(&queued).await, 1);
    assert_eq!(server.broker.revoke_tick().await.unwrap(), 1);
    assert_eq!(server.database.text("select status from revocations").await, "revoked");
    assert_eq!(server.database.text("select account from sandbox_grants where revoked_at is null").await, "ann");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_for_once_and_for_two_minutes() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let unknown = StartedFlow { ticket: Token::generate().expose(), ..flow.clone() };
    assert_eq!(browser.redeem(&unknown).await.problem(404), "ticket_unknown");
    browser.redeem(&flow).await.expect(200);
    assert_eq!(browser.redeem(&flow).await.problem(409), "ticket_spent");
    assert_eq!(server.browser().redeem(&flow).await.problem(409), "ticket_spent");
    let late = server.begin(&session).await;
    server.advance(121).await;
    assert_eq!(browser.redeem(&late).await.problem(410), "flow_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ticket_at_once_in_many_windows_binds_one() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (browser, flow) = (server.browser(), flow.clone());
        calls.spawn(async move { browser.redeem(&flow).await.status });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 9, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_ticket_replaces_the_old_one_until_a_window_took_it() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let renewed = StartedFlow { ticket: Token::generate().expose(), ..flow.clone() };
    let path = format!("/connect/api/flows/{}/ticket", flow.flow);
    let body = json!({ "ticket": renewed.ticket, "proof": Token::generate().expose() });
    let browser = server.browser();
    browser.post(&path, Some(&session), &body).await.expect(204);
    assert_eq!(browser.redeem(&flow).await.problem(404), "ticket_unknown");
    browser.redeem(&renewed).await.expect(200);
    let body = json!({ "ticket": Token::generate().expose(), "proof": null });
    browser.post(&path, Some(&session), &body).await.problem(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_flow_makes_no_token_request() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    browser.post(&format!("/connect/api/flows/{}/cancel", flow.flow), Some(&session), &json!({})).await.expect(204);
    assert_eq!(browser.check(&flow.result).await["stage"], "cancelled");
    assert_eq!(browser.get(&callback).await.status, 410);
    assert_eq!(token_requests(&server).await, 0);
    // Nobody else's session cancels it.
    let (other, _, _) = before_callback(&server).await;
    let stranger = server.session(&json!({})).await;
    browser.post(&format!("/connect/api/flows/{}/cancel", other.flow), Some(&stranger), &json!({})).await;
    assert_eq!(stage(&server, &other).await, "away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_without_evidence_asks_for_the_code() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-42", "label": "Ann Lee" })).await;
    let flow = server.begin(&session).await;
    let victim = server.browser();
    let evidence = victim.evidence(&[("sec-fetch-site", "none")]).await;
    let body = json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
    let next = victim.post("/connect/api/start", None, &body).await.expect(200).json();
    assert_eq!((&next["next"], &next["flow"]), (&json!("confirm"), &json!(flow.flow)));
    assert_eq!(stage(&server, &flow).await, "confirming");
    let page = victim.get(&format!("/connect/confirm?f={}", flow.flow)).await.expect(200);
    assert!(page.text.contains("Ann Lee") && page.text.contains("shop.example.test"), "{}", page.text);
    assert_eq!(server.browser().get(&format!("/connect/confirm?f={}", flow.flow)).await.status, 404);

    let confirm = async |code: serde_json::Value, accept: bool| {
        let body = json!({ "flow": flow.flow, "code": code, "accept": accept });
        victim.post("/connect/api/confirm", None, &body).await
    };
    for left in (1..=4).rev() {
        let wrong = confirm(json!("0000"), true).await;
        assert_eq!(wrong.problem(403), "wrong_code");
        assert_eq!(wrong.json()["meta"]["tries_left"], left);
    }
    confirm(json!("0000"), true).await.problem(410);
    assert_eq!(stage(&server, &flow).await, "rejected");
    confirm(json!(flow.code), true).await.problem(410);

    // With the right code it goes on; with "this was not me" it ends.
    for accept in [true, false] {
        let flow = server.begin(&session).await;
        let browser = server.browser();
        let evidence = browser.evidence(&[("sec-fetch-site", "none")]).await;
        let body = json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
        browser.post("/connect/api/start", None, &body).await.expect(200);
        let body = json!({ "flow": flow.flow, "code": flow.code.to_lowercase(), "accept": accept });
        let answer = browser.post("/connect/api/confirm", None, &body).await.expect(200).json();
        assert_eq!(answer["url"].is_string(), accept, "{answer}");
        assert_eq!(stage(&server, &flow).await, if accept { "away" } else { "rejected" });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_ours_and_fresh() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let evidence = browser.evidence(&[("sec-fetch-site", "same-origin")]).await;
    let start = async |evidence: &str| {
        let body = json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
        browser.post("/connect/api/start", None, &body).await
    };
    for forged in ["", "x", "e30.AAAA", &evidence[1..]] {
        assert_eq!(start(forged).await.problem(403), "not_from_app");
    }
    let framed = server.client.get(format!("{}/connect/start", server.url)).header("sec-fetch-dest", "iframe");
    assert_eq!(framed.send().await.unwrap().status(), 403);
    // An opener that is there and does not answer may have moved this window: it is asked.
    let body = json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null, "opener": true });
    assert_eq!(browser.post("/connect/api/start", None, &body).await.expect(200).json()["next"], "confirm");
    let (old, flow) = (evidence, server.begin(&session).await);
    server.advance(119).await;
    let body = json!({ "ticket": flow.ticket, "proof": flow.proof, "state": null, "evidence": old, "referrer": null });
    browser.post("/connect/api/start", None, &body).await.expect(200);
    let flow = server.begin(&session).await;
    server.advance(2).await;
    let body = json!({ "ticket": flow.ticket, "proof": flow.proof, "state": null, "evidence": old, "referrer": null });
    assert_eq!(browser.post("/connect/api/start", None, &body).await.problem(403), "not_from_app");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reloaded_start_page_goes_on_with_a_new_state() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let first = browser.leave(&flow).await;
    let resumed = browser.post("/connect/api/start/resume", None, &json!({})).await.expect(200).json();
    assert_eq!(resumed["flows"][0]["flow"], json!(flow.flow));
    let second = resumed["flows"][0]["url"].as_str().unwrap();
    let old = browser.consent(&first, ANN).await;
    assert_eq!(browser.get(&old).await.status, 400, "the old state died");
    let new = browser.consent(second, ANN).await;
    is_done(&browser.get(&new).await, &server, &flow);
    assert_eq!(stage(&server, &flow).await, "succeeded");
    server.browser().post("/connect/api/start/resume", None, &json!({})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_are_refused() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let browser = server.browser();
    for embedder in [json!("https://evil.example.test"), json!("null"), json!(null), json!("http://shop.example.test")] {
        let answer = browser.post("/connect/api/session", Some(&session), &json!({ "embedder": embedder })).await;
        assert_eq!(answer.problem(403), "embedder_not_allowed", "{embedder}");
        let body = json!({ "integration": "sandbox", "mode": "popup", "ticket": Token::generate().expose(), "embedder": embedder });
        let answer = browser.post("/connect/api/flows", Some(&session), &body).await;
        assert_eq!(answer.problem(403), "embedder_not_allowed", "{embedder}");
    }
    let call = |origin: &str, site: &str, kind: &str| {
        server
            .client
            .post(format!("{}/connect/api/session", server.url))
            .header("origin", origin)
            .header("sec-fetch-site", site)
            .header("content-type", kind)
            .bearer_auth(&session)
            .body(json!({ "embedder": testkit::SHOP }).to_string())
            .send()
    };
    assert_eq!(call(&server.url, "same-origin", "application/json").await.unwrap().status(), 200);
    for (origin, site, kind) in [
        (testkit::SHOP, "cross-site", "application/json"),
        (&server.url, "cross-site", "application/json"),
        ("null", "same-origin", "application/json"),
        (&server.url, "same-origin", "text/plain"),
    ] {
        let answer = call(origin, site, kind).await.unwrap();
        assert_eq!(answer.status(), 403, "{origin} {site} {kind}");
        assert!(answer.headers().get("access-control-allow-origin").is_none());
    }
    let preflight = server
        .client
        .request(reqwest::Method::OPTIONS, format!("{}/connect/api/session", server.url))
        .header("origin", testkit::SHOP)
        .header("access-control-request-method", "POST");
    assert_eq!(preflight.send().await.unwrap().status(), 404);
    assert_eq!(server.database.number("select count(*) from flows").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_soon_starts_no_flow() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let body = || json!({ "integration": "sandbox", "mode": "popup", "ticket": Token::generate().expose(), "embedder": testkit::SHOP });
    let browser = server.browser();
    server.advance(1199).await;
    browser.post("/connect/api/flows", Some(&session), &body()).await.expect(201);
    server.advance(2).await;
    assert_eq!(browser.post("/connect/api/flows", Some(&session), &body()).await.problem(409), "session_expiring");
    server.advance(600).await;
    let answer = browser.post("/connect/api/session", Some(&session), &json!({ "embedder": testkit::SHOP })).await;
    assert_eq!(answer.problem(401), "session_expired");
    let unknown = Token::generate().expose();
    let answer = browser.post("/connect/api/session", Some(&unknown), &json!({ "embedder": testkit::SHOP })).await;
    assert_eq!(answer.problem(401), "session_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_connects_only_what_it_names() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "integrations": ["gmail"] })).await;
    let browser = server.browser();
    for integration in ["sandbox", "gmail", "no-such"] {
        let body = json!({ "integration": integration, "mode": "popup", "ticket": Token::generate().expose(), "embedder": testkit::SHOP });
        assert_eq!(browser.post("/connect/api/flows", Some(&session), &body).await.problem(404), "integration_not_offered");
    }
    for field in ["connection", "identity", "environment"] {
        let mut body = json!({ "integration": "sandbox", "mode": "popup", "ticket": Token::generate().expose(), "embedder": testkit::SHOP });
        body[field] = json!("x");
        browser.post("/connect/api/flows", Some(&session), &body).await.problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_proved_and_kept() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-7" })).await;
    let browser = server.browser();
    let form = browser.post("/connect/api/form", Some(&session), &json!({ "integration": "sandbox", "auth": "api_key" })).await;
    assert_eq!(form.expect(200).json()["fields"][0]["name"], "api_key");
    let submit = async |value: &str| {
        let body = json!({ "integration": "sandbox", "auth": "api_key", "values": { "api_key": value }, "embedder": testkit::SHOP });
        browser.post("/connect/api/submit", Some(&session), &body).await
    };
    let empty = submit("").await;
    assert_eq!(empty.problem(422), "field_errors");
    assert!(empty.json()["meta"]["fields"]["api_key"].is_string());
    let refused = submit("canary-refused-key").await;
    assert_eq!(refused.problem(422), "credential_refused");
    assert!(!refused.text.contains("canary"), "{}", refused.text);
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
    let connected = submit("sandbox_key_1234567890abcdef").await.expect(200).json();
    assert_eq!((&connected["status"], &connected["connection"]["identity"]), (&json!("success"), &json!("u-7")));
    assert_eq!(submit("sandbox_key_1234567890abcdef").await.problem(409), "session_used");
    let key = connected["connection"]["key"].as_str().unwrap();
    let me = server.api("GET", "/v1/passthrough/me").connection(key).send().await.expect(200).json();
    assert_eq!(me["kind"], "api_key");
}
