//! A link from a mail: looking spends nothing, one connection comes of it, and then it is over.

use serde_json::{Value, json};
use store::ProjectChange;
use testkit::{Account, Answer, Browser, Consent, StartedFlow};
use vault::Token;

use super::{DAY, Setting};

async fn peek(browser: &Browser, secret: &str) -> Answer {
    browser
        .post("/connect/api/links/peek", None, &json!({ "secret": secret }))
        .await
}

async fn press(browser: &Browser, secret: &str) -> Answer {
    let body = json!({ "secret": secret, "click": true });
    browser.post("/connect/api/links/open", None, &body).await
}

async fn session(browser: &Browser, secret: &str) -> String {
    let opened = press(browser, secret).await.expect(200).json();
    opened["requestId"].as_str().unwrap().to_owned()
}

/// A failed connection of Ann's, and the secret of the link that she was sent.
async fn mailed() -> (Setting, Value, String) {
    let setting = Setting::start().await;
    let connection = setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    assert_eq!(setting.tick().await, (1, 0));
    let secret = setting.mail.taken()[0].secret();
    (setting, connection, secret)
}

/// From the session to the provider, on our own page, without a page around it.
async fn begin(browser: &Browser, session: &str) -> StartedFlow {
    let (ticket, proof) = (Token::generate().expose(), Token::generate().expose());
    let body = json!({
        "integration": "sandbox", "auth": null, "values": {}, "name": null, "mode": "popup", "ticket": ticket,
        "proof": proof, "embedder": null,
    });
    let answer = browser
        .post("/connect/api/flows", Some(session), &body)
        .await
        .expect(201)
        .json();
    let text = |field: &str| answer[field].as_str().unwrap().to_owned();
    StartedFlow {
        flow: text("flow"),
        result: text("result"),
        code: text("code"),
        ticket,
        proof,
        url: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leads_to_a_connection_that_works_again() {
    let (setting, connection, secret) = mailed().await;
    let server = &setting.server;
    let link = setting.mail.taken()[0].link();
    assert!(link.starts_with(&format!("{}/connect/link/", server.url)), "{link}");
    let browser = server.browser();
    // What a scanner does: it opens the page, runs its script, again and again.
    let (address, _) = link.split_once('#').unwrap();
    for _ in 0..3 {
        let page = browser.get(address).await.expect(200);
        assert!(page.text.contains("connect/link.js") && !page.text.contains(&secret));
        assert!(
            page.header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        let seen = peek(&browser, &secret).await.expect(200).json();
        assert_eq!(
            (
                &seen["app"]["name"],
                &seen["service"]["id"],
                &seen["owner"],
                &seen["failed"]
            ),
            (&json!("Shop"), &json!("sandbox"), &json!("u-1"), &json!(true)),
            "{seen}"
        );
    }
    assert_eq!(
        setting.count("connect_sessions where hosted").await,
        0,
        "nothing was spent"
    );

    let session = session(&browser, &secret).await;
    let shown = browser
        .post("/connect/api/session", Some(&session), &json!({ "embedder": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["reconnect"]["integration"], "sandbox", "{shown}");
    assert_eq!(shown["integrations"].as_array().unwrap().len(), 1);
    let flow = begin(&browser, &session).await;
    let callback = browser.sign_in(&flow, Consent::Allow(Account::Ann)).await;
    browser.get(&callback).await.expect(303);
    let outcome = browser.check(&flow.result).await;
    assert_eq!(outcome["status"], "success", "{outcome}");
    assert_eq!(
        (&outcome["connection"]["id"], &outcome["connection"]["key"]),
        (&connection["id"], &connection["key"])
    );
    let key = connection["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200);

    // Once is once.
    for answer in [peek(&browser, &secret).await, press(&browser, &secret).await] {
        assert_eq!(answer.problem(410), "link_used");
        assert!(
            answer
                .text
                .contains("This was reconnected already. There is nothing to do.")
        );
    }
    let used = browser
        .post("/connect/api/session", Some(&session), &json!({ "embedder": null }))
        .await;
    used.problem(410);
    assert_eq!(setting.count("audit_log where action = 'link.opened'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_refused_and_the_link_stays() {
    let (setting, connection, secret) = mailed().await;
    let browser = setting.server.browser();
    let first = session(&browser, &secret).await;
    let flow = begin(&browser, &first).await;
    let callback = browser.sign_in(&flow, Consent::Allow(Account::Ben)).await;
    browser.get(&callback).await.expect(303);
    let outcome = browser.check(&flow.result).await;
    assert_eq!(outcome["status"], "error", "{outcome}");
    assert_eq!(outcome["code"], "account_changed", "{outcome}");
    let state = format!(
        "connections where state = 'failed' and id = '{}'",
        connection["id"].as_str().unwrap()
    );
    assert_eq!(setting.count(&state).await, 1);
    peek(&browser, &secret).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_service_names_no_account_the_backend_says_who_finished() {
    let (setting, connection, secret) = mailed().await;
    let server = &setting.server;
    let change = ProjectChange {
        verify_url: Some("https://shop.example.test/verify".to_owned()),
        ..ProjectChange::default()
    };
    server.store.change_project(server.project.id, change).await.unwrap();
    server
        .database
        .execute("update connections set account_id = null")
        .await;
    let complete = async |code: &str, identity: &str| {
        let body = json!({ "code": code, "identity": identity, "identityType": "user" });
        server.api("POST", "/v1/connect/complete").json(&body).send().await
    };
    // The mail was forwarded: somebody else opens the link and signs in with an account of theirs.
    let stranger = server.browser();
    let opened = session(&stranger, &secret).await;
    let flow = begin(&stranger, &opened).await;
    let callback = stranger.sign_in(&flow, Consent::Allow(Account::Ben)).await;
    let end = stranger.get(&callback).await.expect(303).header("location").to_owned();
    let code = StartedFlow::parameter(&end, "code").unwrap();
    assert_eq!(server.stage(&flow).await, "verifying");
    let still_failed = format!(
        "connections where state = 'failed' and id = '{}'",
        connection["id"].as_str().unwrap()
    );
    assert_eq!(setting.count(&still_failed).await, 1, "nothing is usable yet");
    assert_eq!(complete(&code, "u-2").await.problem(403), "another_identity");
    complete(&code, "u-1").await.problem(410);
    assert_eq!(setting.count(&still_failed).await, 1);
    assert_eq!(setting.count("flows where quarantined is not null").await, 0);
    server.broker.revoke_tick().await.unwrap();
    assert_eq!(setting.count("sandbox_grants where revoked_at is null").await, 0);

    // The link was not spent by it, and its owner finishes.
    let owner = server.browser();
    let opened = session(&owner, &secret).await;
    let flow = begin(&owner, &opened).await;
    let callback = owner.sign_in(&flow, Consent::Allow(Account::Ann)).await;
    let end = owner.get(&callback).await.expect(303).header("location").to_owned();
    let code = StartedFlow::parameter(&end, "code").unwrap();
    complete(&code, "u-1").await.expect(200);
    assert_eq!(setting.count(&still_failed).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn opened_again_it_ends_the_session_before() {
    let (setting, _, secret) = mailed().await;
    let browser = setting.server.browser();
    let first = session(&browser, &secret).await;
    let second = session(&browser, &secret).await;
    let body = json!({ "embedder": null });
    let ended = browser.post("/connect/api/session", Some(&first), &body).await;
    assert_eq!(ended.problem(401), "session_expired");
    browser
        .post("/connect/api/session", Some(&second), &body)
        .await
        .expect(200);
    // Two at once: one of them holds.
    let (one, two) = tokio::join!(press(&browser, &secret), press(&browser, &secret));
    assert_eq!((one.status, two.status), (200, 200));
    let live = "connect_sessions where hosted and revoked_at is null";
    assert_eq!(setting.count(live).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_its_time_with_its_connection_and_when_it_was_mended_elsewhere() {
    let (setting, connection, secret) = mailed().await;
    let browser = setting.server.browser();
    setting.server.advance(7 * DAY - 60).await;
    peek(&browser, &secret).await.expect(200);
    setting.server.advance(61).await;
    for answer in [peek(&browser, &secret).await, press(&browser, &secret).await] {
        assert_eq!(answer.problem(410), "link_expired");
        assert!(
            answer
                .text
                .contains("This link has ended. Open the app that sent it, and reconnect there.")
        );
    }
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    setting.server.api("DELETE", &path).send().await.expect(200);
    let answer = peek(&browser, &secret).await;
    assert_eq!(answer.problem(410), "link_deleted");
    assert!(answer.text.contains("was deleted"));

    let (setting, connection, secret) = mailed().await;
    let session = setting.server.session(&json!({ "connection": connection["id"] })).await;
    setting.server.connect_in(&session, Consent::Allow(Account::Ann)).await;
    assert_eq!(
        press(&setting.server.browser(), &secret).await.problem(410),
        "link_used"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_guesses_one_and_nothing_opens_it_by_the_way() {
    let (setting, _, secret) = mailed().await;
    let browser = setting.server.browser();
    let guess = Token::generate().expose();
    let answer = peek(&browser, &guess).await;
    assert_eq!(answer.problem(404), "link_unknown");
    assert!(answer.text.contains("as it stands in the mail"));
    let unpressed = json!({ "secret": secret, "click": false });
    let answer = browser.post("/connect/api/links/open", None, &unpressed).await;
    assert_eq!(answer.problem(400), "not_pressed");
    // Another site's page.
    let foreign = setting
        .server
        .client
        .post(format!("{}/connect/api/links/open", setting.server.url))
        .header("origin", "https://evil.example.test")
        .header("sec-fetch-site", "cross-site")
        .json(&json!({ "secret": secret, "click": true }))
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status().as_u16(), 403);
    // A page cannot be framed, and a link is opened by POST only.
    assert_eq!(
        setting
            .server
            .api("GET", "/connect/api/links/open")
            .no_key()
            .send()
            .await
            .status,
        405
    );
    assert_eq!(setting.count("connect_sessions where hosted").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_verify_off_nobody_is_asked() {
    let (setting, connection, secret) = mailed().await;
    let server = &setting.server;
    let change = ProjectChange {
        verify: Some(store::Verify::Off),
        verify_url: Some("https://shop.example.test/verify".to_owned()),
        ..ProjectChange::default()
    };
    server.store.change_project(server.project.id, change).await.unwrap();
    server
        .database
        .execute("update connections set account_id = null")
        .await;
    let owner = server.browser();
    let opened = session(&owner, &secret).await;
    let flow = begin(&owner, &opened).await;
    let callback = owner.sign_in(&flow, Consent::Allow(Account::Ann)).await;
    let end = owner.get(&callback).await.expect(303).header("location").to_owned();
    assert!(end.contains("/connect/done"), "{end}");
    assert_eq!(server.stage(&flow).await, "succeeded");
    let works = format!(
        "connections where state = 'operational' and id = '{}'",
        connection["id"].as_str().unwrap()
    );
    assert_eq!(setting.count(&works).await, 1);
}
