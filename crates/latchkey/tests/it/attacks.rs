//! What somebody may try on the way of a sign-in who has an address, a code, a page or another provider, and what it gets him.

use reqwest::header::HOST;
use serde_json::{Value, json};
use testkit::{Account, Browser, Consent, OddProvider, StartedFlow, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);
/// Names under which other servers take an address to go on to.
const TARGETS: &str = "redirect=https://evil.test&redirect_uri=https://evil.test&return_to=https://evil.test&next=https://evil.test\
                       &callback_url=https://evil.test&return_url=https://evil.test&f=evil";

/// Codes that were redeemed at the sandbox.
async fn token_requests(server: &TestServer) -> i64 {
    server
        .database
        .number("select count(*) from sandbox_codes where used_at is not null")
        .await
}

async fn before_callback(server: &TestServer) -> (StartedFlow, Browser, String) {
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;
    (flow, browser, callback)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_parameter_says_where_it_ends() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let (flow, browser) = (server.begin(&session).await, server.browser());
    let shown = browser.get(&format!("/connect/start?{TARGETS}")).await.expect(200);
    assert!(!shown.text.contains("evil.test"), "{}", shown.text);
    let evidence = browser.evidence(&[("sec-fetch-site", "same-origin")]).await;
    let start = |extra: Option<&str>| {
        let mut body =
            json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
        if let Some(name) = extra {
            body[name] = json!("https://evil.test");
        }
        body
    };
    for name in ["redirect", "redirect_uri", "return_to", "next", "return_url"] {
        browser
            .post("/connect/api/start", None, &start(Some(name)))
            .await
            .problem(400);
    }
    let next = browser
        .post("/connect/api/start", None, &start(None))
        .await
        .expect(200)
        .json();
    let callback = browser.consent(next["url"].as_str().unwrap(), ANN).await;
    let end = browser.get(&format!("{callback}&{TARGETS}")).await.expect(303);
    let done = format!("{}/connect/done?f={}", server.url, flow.flow);
    assert_eq!(end.header("location"), done);
    let shown = browser
        .get(&format!(
            "/connect/done?f={}&{}",
            flow.flow,
            TARGETS.replace("&f=evil", "")
        ))
        .await
        .expect(200);
    assert!(!shown.text.contains("evil.test"), "{}", shown.text);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_says_where_the_provider_answers() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let session = server.session(&json!({})).await;
    let flow = server.begin_with(&session, "odd", "popup").await;
    let browser = server.browser();
    let evidence = browser.evidence(&[("sec-fetch-site", "same-origin")]).await;
    let next: Value = server
        .client
        .post(format!("{}/connect/api/start", server.url))
        .header(HOST, "evil.test")
        .header("x-forwarded-host", "evil.test")
        .header("x-forwarded-proto", "gopher")
        .header("forwarded", "host=evil.test;proto=gopher")
        .header("x-original-url", "https://evil.test/")
        .header("origin", &server.url)
        .header("sec-fetch-site", "same-origin")
        .json(&json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let authorize = next["url"].as_str().unwrap();
    let asked = StartedFlow::parameter(authorize, "redirect_uri").unwrap();
    assert!(
        asked.starts_with(&format!("{}/connections/oauth/callback/", server.url)),
        "{asked}"
    );

    // The cookie of that answer was not kept: the flow is another browser's now. One that goes on shows the other half.
    let (_, browser, callback) = server.at_odd_callback(&session, "code").await;
    let end = browser
        .navigate(
            &callback,
            &[("x-forwarded-host", "evil.test"), ("sec-fetch-site", "cross-site")],
        )
        .await
        .expect(303);
    assert!(end.header("location").starts_with(&server.url));
    let sent = &provider.seen("/token")[0].body;
    let sent: std::collections::HashMap<String, String> =
        url::form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
    assert_eq!(sent["redirect_uri"], asked, "letter for letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callbacks_at_three_replicas_make_one_token_request() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let (second, third) = (server.beside().await, server.beside().await);
    let session = server.session(&json!({})).await;
    let (flow, browser, callback) = server.at_odd_callback(&session, "code").await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let at = [&server.url, &second.url, &third.url][number % 3];
        let (browser, address) = (browser.clone(), callback.replace(&server.url, at));
        calls.spawn(async move { browser.get(&address).await.status });
    }
    let statuses = calls.join_all().await;
    assert!(statuses.iter().all(|status| *status == 303), "{statuses:?}");
    assert_eq!(provider.seen("/token").len(), 1);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_issuer_ends_the_flow() {
    let server = TestServer::start().await;
    let (_, _, callback) = before_callback(&server).await;
    let issuer = StartedFlow::parameter(&callback, "iss").unwrap();
    for given in [
        None,
        Some(format!("{issuer}/")),
        Some(issuer.to_uppercase()),
        Some("https://evil.test".to_owned()),
        Some(String::new()),
    ] {
        let (flow, browser, callback) = before_callback(&server).await;
        let (address, query) = callback.split_once('?').unwrap();
        let mut changed = url::form_urlencoded::Serializer::new(String::new());
        changed.extend_pairs(url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "iss"));
        if let Some(given) = &given {
            changed.append_pair("iss", given);
        }
        browser
            .get(&format!("{address}?{}", changed.finish()))
            .await
            .expect(303);
        assert_eq!(
            browser.check(&flow.result).await["code"],
            "issuer_mismatch",
            "{given:?}"
        );
        assert_eq!(token_requests(&server).await, 0, "{given:?}");
    }
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_one_provider_is_not_given_to_another() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let session = server.session(&json!({})).await;
    // The attacker's provider sends the victim's browser, in the attacker's flow, to the honest one; its answer comes to
    // the honest address with the attacker's state.
    let (flow, browser, evil) = server.at_odd_callback(&session, "code").await;
    let (_, _, honest) = before_callback(&server).await;
    let (own, foreign) = (
        StartedFlow::parameter(&honest, "state").unwrap(),
        StartedFlow::parameter(&evil, "state").unwrap(),
    );
    for address in [
        honest.replace(&own, &foreign),
        // The other way round: the honest code at the attacker's address.
        evil.replace(
            "code=code",
            &format!("code={}", StartedFlow::parameter(&honest, "code").unwrap()),
        )
        .replace(&foreign, &own),
        // A code without a flow of this browser.
        honest.clone(),
    ] {
        assert_eq!(browser.get(&address).await.status, 400, "{address}");
    }
    assert_eq!(provider.seen("/token").len(), 0);
    assert_eq!(
        (token_requests(&server).await, server.stage(&flow).await.as_str()),
        (0, "away")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_has_one_name_and_a_referrer_is_no_target() {
    let server = TestServer::start().await;
    let (flow, browser, callback) = before_callback(&server).await;
    let (address, _) = callback.split_once('?').unwrap();
    let (state, code) = (
        StartedFlow::parameter(&callback, "state").unwrap(),
        StartedFlow::parameter(&callback, "code").unwrap(),
    );
    for query in [
        format!("code={code}&payload={state}"),
        format!("code={code}&customField={state}"),
        format!("code={code}&State={state}"),
        "installation_id=1&setup_action=install".to_owned(),
        format!("code={code}"),
        String::new(),
    ] {
        let answer = browser
            .navigate(
                &format!("{address}?{query}"),
                &[("referer", "https://evil.test/"), ("sec-fetch-site", "cross-site")],
            )
            .await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{query}");
        assert!(!answer.text.contains("evil.test"), "{query}");
    }
    assert_eq!(
        (token_requests(&server).await, server.stage(&flow).await.as_str()),
        (0, "away")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_of_ours_are_cut_off_from_who_opened_them() {
    let server = TestServer::start().await;
    let session = server.session(&json!({})).await;
    let (flow, browser) = (server.begin(&session).await, server.browser());
    let evidence = browser.evidence(&[("sec-fetch-site", "none")]).await;
    let body = json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
    browser.post("/connect/api/start", None, &body).await.expect(200);
    for (path, policy) in [
        (format!("/connect/confirm?f={}", flow.flow), "same-origin"),
        ("/connect/link/any".to_owned(), "same-origin-allow-popups"),
        // These only pass through: a stricter one would keep the popup from closing itself. Nothing can be granted there.
        ("/connect/start".to_owned(), "unsafe-none"),
        (format!("/connect/done?f={}", flow.flow), "unsafe-none"),
    ] {
        let page = browser.get(&path).await.expect(200);
        assert_eq!(page.header("cross-origin-opener-policy"), policy, "{path}");
        assert_eq!(page.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        let rules = page.header("content-security-policy");
        assert!(rules.contains("frame-ancestors 'none'"), "{path}: {rules}");
        assert!(
            rules.contains("default-src 'none'") && !rules.contains("unsafe-inline"),
            "{path}: {rules}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_somebodys_own_machine_gets_no_live_session() {
    let page = "http://localhost:3000";
    let server = TestServer::start().await;
    server.store.add_origin(server.project.id, page).await.unwrap();
    for (key, allowed) in [(&server.test_key, true), (&server.live_key, false)] {
        let made = server
            .api("POST", "/v1/authkit/token")
            .key(key)
            .json(&json!({}))
            .send()
            .await
            .expect(200);
        let session = made.json()["requestId"].as_str().unwrap().to_owned();
        let answer = server
            .browser()
            .post("/connect/api/session", Some(&session), &json!({ "embedder": page }))
            .await;
        if allowed {
            answer.expect(200);
        } else {
            assert_eq!(answer.problem(403), "embedder_not_allowed");
        }
    }
}
