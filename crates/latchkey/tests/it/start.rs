//! How a flow begins: who may ask, what a ticket is good for, and what proves the browser.

use serde_json::json;
use testkit::{Account, Consent, StartedFlow, TestServer};
use vault::Token;

const ANN: Consent = Consent::Allow(Account::Ann);

#[tokio::test(flavor = "multi_thread")]
async fn a_session_revoked_before_the_start_page_starts_nothing() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    server
        .store
        .revoke_session(&Token::parse(&session).unwrap().digest())
        .await
        .unwrap();
    assert_eq!(server.browser().redeem(&flow).await.problem(410), "flow_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_for_once_and_for_two_minutes() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let unknown = StartedFlow {
        ticket: Token::generate().expose(),
        ..flow.clone()
    };
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
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 409).count(),
        9,
        "{statuses:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_ticket_replaces_the_old_one_until_a_window_took_it() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let renewed = StartedFlow {
        ticket: Token::generate().expose(),
        ..flow.clone()
    };
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
async fn a_link_without_evidence_asks_for_the_code() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-42", "label": "Ann Lee" })).await;
    let flow = server.begin(&session).await;
    let victim = server.browser();
    let evidence = victim.evidence(&[("sec-fetch-site", "none")]).await;
    let body = json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
    let next = victim.post("/connect/api/start", None, &body).await.expect(200).json();
    assert_eq!((&next["next"], &next["flow"]), (&json!("confirm"), &json!(flow.flow)));
    assert_eq!(server.stage(&flow).await, "confirming");
    let page = victim
        .get(&format!("/connect/confirm?f={}", flow.flow))
        .await
        .expect(200);
    assert!(
        page.text.contains("Ann Lee") && page.text.contains("shop.example.test"),
        "{}",
        page.text
    );
    assert_eq!(
        server
            .browser()
            .get(&format!("/connect/confirm?f={}", flow.flow))
            .await
            .status,
        404
    );

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
    assert_eq!(server.stage(&flow).await, "rejected");
    confirm(json!(flow.code), true).await.problem(410);

    // With the right code it goes on; with "this was not me" it ends.
    for accept in [true, false] {
        let flow = server.begin(&session).await;
        let browser = server.browser();
        let evidence = browser.evidence(&[("sec-fetch-site", "none")]).await;
        let body =
            json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
        browser.post("/connect/api/start", None, &body).await.expect(200);
        let body = json!({ "flow": flow.flow, "code": flow.code.to_lowercase(), "accept": accept });
        let answer = browser
            .post("/connect/api/confirm", None, &body)
            .await
            .expect(200)
            .json();
        assert_eq!(answer["url"].is_string(), accept, "{answer}");
        assert_eq!(server.stage(&flow).await, if accept { "away" } else { "rejected" });
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
        let body =
            json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
        browser.post("/connect/api/start", None, &body).await
    };
    for forged in ["", "x", "e30.AAAA", &evidence[1..]] {
        assert_eq!(start(forged).await.problem(403), "not_from_app");
    }
    let framed = server
        .client
        .get(format!("{}/connect/start", server.url))
        .header("sec-fetch-dest", "iframe");
    assert_eq!(framed.send().await.unwrap().status(), 403);
    // An opener that is there and does not answer may have moved this window: it is asked.
    let body = json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null, "opener": true });
    assert_eq!(
        browser.post("/connect/api/start", None, &body).await.expect(200).json()["next"],
        "confirm"
    );
    let (old, flow) = (evidence, server.begin(&session).await);
    server.advance(60).await;
    let body = json!({ "ticket": flow.ticket, "proof": flow.proof, "state": null, "evidence": old, "referrer": null });
    browser.post("/connect/api/start", None, &body).await.expect(200);
    let flow = server.begin(&session).await;
    server.advance(61).await;
    let body = json!({ "ticket": flow.ticket, "proof": flow.proof, "state": null, "evidence": old, "referrer": null });
    assert_eq!(
        browser.post("/connect/api/start", None, &body).await.problem(410),
        "flow_expired",
        "a window that slept, not an attack"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reloaded_start_page_goes_on_with_a_new_state() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let first = browser.leave(&flow).await;
    let resumed = browser
        .post("/connect/api/start/resume", None, &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(resumed["flows"][0]["flow"], json!(flow.flow));
    let second = resumed["flows"][0]["url"].as_str().unwrap();
    let old = browser.consent(&first, ANN).await;
    assert_eq!(browser.get(&old).await.status, 400, "the old state died");
    let new = browser.consent(second, ANN).await;
    browser.get(&new).await.expect(303);
    assert_eq!(server.stage(&flow).await, "succeeded");
    server
        .browser()
        .post("/connect/api/start/resume", None, &json!({}))
        .await
        .problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_are_refused() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let browser = server.browser();
    for embedder in [
        json!("https://evil.example.test"),
        json!("null"),
        json!(null),
        json!("http://shop.example.test"),
    ] {
        let answer = browser
            .post("/connect/api/session", Some(&session), &json!({ "embedder": embedder }))
            .await;
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
    assert_eq!(
        call(&server.url, "same-origin", "application/json")
            .await
            .unwrap()
            .status(),
        200
    );
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
    // Of thirty minutes, seventeen must be left: to open the window, to sign in, to be confirmed.
    server.advance(720).await;
    browser
        .post("/connect/api/flows", Some(&session), &body())
        .await
        .expect(201);
    server.advance(61).await;
    assert_eq!(
        browser
            .post("/connect/api/flows", Some(&session), &body())
            .await
            .problem(409),
        "session_expiring"
    );
    server.advance(1040).await;
    let answer = browser
        .post(
            "/connect/api/session",
            Some(&session),
            &json!({ "embedder": testkit::SHOP }),
        )
        .await;
    assert_eq!(answer.problem(401), "session_expired");
    let unknown = Token::generate().expose();
    let answer = browser
        .post(
            "/connect/api/session",
            Some(&unknown),
            &json!({ "embedder": testkit::SHOP }),
        )
        .await;
    assert_eq!(answer.problem(401), "session_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_connects_only_what_it_names() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "integrations": ["gmail"] })).await;
    let browser = server.browser();
    for integration in ["sandbox", "gmail", "no-such"] {
        let body = json!({ "integration": integration, "mode": "popup", "ticket": Token::generate().expose(), "embedder": testkit::SHOP });
        assert_eq!(
            browser
                .post("/connect/api/flows", Some(&session), &body)
                .await
                .problem(404),
            "integration_not_offered"
        );
    }
    for field in ["connection", "identity", "environment"] {
        let mut body = json!({ "integration": "sandbox", "mode": "popup", "ticket": Token::generate().expose(), "embedder": testkit::SHOP });
        body[field] = json!("x");
        browser
            .post("/connect/api/flows", Some(&session), &body)
            .await
            .problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_proved_and_kept() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-7" })).await;
    let browser = server.browser();
    let form = browser
        .post(
            "/connect/api/form",
            Some(&session),
            &json!({ "integration": "sandbox", "auth": "api_key" }),
        )
        .await;
    assert_eq!(form.expect(200).json()["fields"][0]["name"], "api_key");
    let submit = async |value: &str| {
        let body = json!({ "integration": "sandbox", "auth": "api_key", "values": { "api_key": value }, "embedder": testkit::SHOP });
        browser.post("/connect/api/submit", Some(&session), &body).await
    };
    let empty = submit("").await;
    assert_eq!(empty.problem(422), "field_errors");
    let meta = &empty.json()["meta"];
    assert_eq!(meta["fields"]["api_key"], "Enter the API key.");
    assert_eq!(meta["reasons"], json!({ "api_key": "required" }));
    let odd = submit("sandbox_key_1234567890\u{201c}abcdef").await;
    assert_eq!(odd.problem(422), "field_errors");
    let meta = &odd.json()["meta"];
    assert_eq!(meta["reasons"], json!({ "api_key": "characters" }));
    assert!(
        meta["fields"]["api_key"]
            .as_str()
            .unwrap()
            .contains("a character that cannot be sent")
    );
    assert!(!odd.text.contains("1234567890"), "{}", odd.text);
    let refused = submit("canary-refused-key").await;
    assert_eq!(refused.problem(422), "credential_refused");
    // The form has one field, so that is the one.
    let body = refused.json();
    assert_eq!(body["meta"]["fields"], json!({ "api_key": body["message"] }));
    assert_eq!(body["meta"]["reasons"], json!({ "api_key": "refused" }));
    assert!(!refused.text.contains("canary"), "{}", refused.text);
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
    let connected = submit("sandbox_key_1234567890abcdef").await.expect(200).json();
    assert_eq!(
        (&connected["status"], &connected["connection"]["identity"]),
        (&json!("success"), &json!("u-7"))
    );
    // Once more, because no answer came; another key is not kept, and nothing says that it is.
    let again = submit("sandbox_key_1234567890abcdef").await.expect(200).json();
    assert_eq!(again, connected);
    assert_eq!(
        submit("sandbox_key_0987654321abcdef").await.problem(409),
        "session_used"
    );
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
    let key = connected["connection"]["key"].as_str().unwrap();
    let me = server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(me["kind"], "api_key");
}
