//! A person's own connections: seen, ended and connected again by their session, and by no other.

use serde_json::{Value, json};
use testkit::{Account, Answer, Browser, Consent, SHOP, TestServer};

use super::{count, made, opened, revoke};

/// A browser with a session of a link to the connections of this identity; and the link.
async fn managing(server: &TestServer, body: &Value) -> (Browser, String, Value) {
    let (made, secret) = made(server, body).await;
    let browser = server.browser();
    let session = opened(&browser, &secret).await;
    (browser, session, made)
}

fn of(identity: &str) -> Value {
    json!({ "purpose": "manage", "identity": identity })
}

async fn list(browser: &Browser, session: &str, after: Option<&str>) -> Answer {
    let body = json!({ "embedder": null, "after": after });
    browser.post("/connect/api/connections", Some(session), &body).await
}

async fn act(browser: &Browser, session: &str, connection: &Value, what: &str) -> Answer {
    let path = format!("/connect/api/connections/{}/{what}", connection["id"].as_str().unwrap());
    browser.post(&path, Some(session), &json!({ "embedder": null })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_sees_ends_and_connects_again() {
    let server = TestServer::start().await;
    let first = server.connect("u-1", Consent::Allow(Account::Ann)).await;
    let second = server.connect("u-1", Consent::Allow(Account::Ben)).await;
    let (browser, session, link) = managing(&server, &of("u-1")).await;
    let listed = list(&browser, &session, None).await.expect(200).json();
    assert_eq!((&listed["total"], &listed["next"]), (&json!(2), &json!(null)));
    let row = &listed["connections"][0];
    assert_eq!(
        (
            &row["id"],
            &row["service"],
            &row["state"],
            &row["reconnectable"],
            &row["ending"]
        ),
        (
            &second["id"],
            &json!("Sandbox"),
            &json!("operational"),
            &json!(true),
            &json!("revoked")
        ),
        "{row}"
    );
    assert!(row["account"].is_string() && row["since"].is_string(), "{row}");
    assert!(!listed.to_string().contains("\"key\":"), "no connection key: {listed}");

    // Connected again, in a session for that one alone.
    let opened = act(&browser, &session, &first, "reconnect").await.expect(200).json();
    let inner = opened["requestId"].as_str().unwrap();
    let flow = server.begin(inner).await;
    super::finish(&browser, &flow).await;
    let outcome = browser.check(&flow.result).await;
    assert_eq!(
        (&outcome["status"], &outcome["connection"]["id"]),
        (&json!("success"), &first["id"])
    );
    assert_eq!(
        act(&browser, inner, &second, "disconnect").await.problem(403),
        "manage_not_allowed"
    );

    // Ended, with the truth about the service.
    let ended = act(&browser, &session, &second, "disconnect").await.expect(200).json();
    assert_eq!(ended["revocation"], "pending");
    server.broker.revoke_tick().await.unwrap();
    let again = act(&browser, &session, &second, "disconnect").await;
    assert_eq!(again.problem(404), "connection_gone");
    assert!(again.text.contains("This connection is not there any more."));
    assert_eq!(list(&browser, &session, None).await.json()["total"], 1);
    assert_eq!(count(&server, "events where type = 'connection.deleted'").await, 1);
    let key = second["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .problem(404);
    assert_eq!(
        count(&server, "audit_log where action = 'connection.disconnected'").await,
        1
    );

    // Taken back: session and what was begun in it are over.
    let opened = act(&browser, &session, &first, "reconnect").await.expect(200).json();
    revoke(&server, &link["id"]).await;
    for (secret, what) in [
        (session.as_str(), "the list"),
        (opened["requestId"].as_str().unwrap(), "a reconnect"),
    ] {
        let body = json!({ "embedder": null });
        let answer = browser.post("/connect/api/session", Some(secret), &body).await;
        assert_eq!(answer.problem(401), "session_expired", "{what}");
    }
    assert_eq!(
        act(&browser, &session, &first, "disconnect").await.problem(401),
        "session_expired"
    );
    assert_eq!(count(&server, "connections where deleted_at is null").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_the_access_stays_for_another_is_said_before() {
    let setting = crate::shared_grants::Setting::new().await;
    let first = setting.connect("letters", "u-1", "ann").await;
    setting.connect("files", "u-1", "ann").await;
    let (browser, session, _) = managing(&setting.server, &of("u-1")).await;
    let endings = async || -> Vec<String> {
        let listed = list(&browser, &session, None).await.expect(200).json();
        let rows = listed["connections"].as_array().unwrap().iter();
        rows.map(|row| row["ending"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(endings().await, ["shared", "shared"]);
    let ended = act(&browser, &session, &first, "disconnect").await.expect(200).json();
    assert_eq!(ended["revocation"], "shared");
    assert_eq!(endings().await, ["revoked"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_again_is_begun_once_at_a_time_and_ten_times_an_hour() {
    let server = TestServer::start().await;
    let connection = server.connect("u-1", Consent::Allow(Account::Ann)).await;
    let (browser, session, _) = managing(&server, &of("u-1")).await;
    let look = json!({ "embedder": null });
    let mut before: Option<String> = None;
    for _ in 0..10 {
        let opened = act(&browser, &session, &connection, "reconnect")
            .await
            .expect(200)
            .json();
        let inner = opened["requestId"].as_str().unwrap().to_owned();
        browser
            .post("/connect/api/session", Some(&inner), &look)
            .await
            .expect(200);
        if let Some(earlier) = before.replace(inner) {
            let ended = browser.post("/connect/api/session", Some(&earlier), &look).await;
            assert_eq!(ended.problem(401), "session_expired");
        }
    }
    let refused = act(&browser, &session, &connection, "reconnect").await;
    assert_eq!(refused.problem(429), "too_many_reconnects");
    assert!(
        refused.text.contains("connected again too often within the hour"),
        "{}",
        refused.text
    );
    // Nobody but the person opened them: their end is no event.
    server.advance(31 * 60).await;
    server.store.tell_expired_sessions().await.unwrap();
    let told = "select count(*) from events where type = 'session.expired'";
    assert_eq!(server.database.number(told).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_is_not_there() {
    let server = TestServer::start().await;
    server.connect("u-1", Consent::Allow(Account::Ann)).await;
    let theirs = server.connect("u-2", Consent::Allow(Account::Ben)).await;
    // The same word for a team is somebody else.
    let team = server
        .session(&json!({ "identity": "u-1", "identityType": "team" }))
        .await;
    let team = server.connect_in(&team, Consent::Allow(Account::Ann)).await;
    let (browser, session, _) = managing(&server, &of("u-1")).await;
    assert_eq!(list(&browser, &session, None).await.json()["total"], 1);
    for connection in [&theirs, &team] {
        for what in ["disconnect", "reconnect"] {
            assert_eq!(
                act(&browser, &session, connection, what).await.problem(404),
                "connection_gone"
            );
        }
    }
    // Another project's person of the same name, and the other environment.
    let (_, other) = server.another_project().await;
    let call = server.api("POST", "/v1/connect/links").key(&other).json(&of("u-1"));
    let link = call.send().await.expect(201).json();
    let (_, secret) = link["url"].as_str().unwrap().split_once('#').unwrap();
    let stranger = opened(&browser, secret).await;
    assert_eq!(list(&browser, &stranger, None).await.json()["total"], 0);
    assert_eq!(
        act(&browser, &stranger, &theirs, "disconnect").await.problem(404),
        "connection_gone"
    );
    let call = server
        .api("POST", "/v1/connect/links")
        .key(&server.live_key)
        .json(&of("u-1"));
    let link = call.send().await.expect(201).json();
    let (_, secret) = link["url"].as_str().unwrap().split_once('#').unwrap();
    let live = opened(&browser, secret).await;
    assert_eq!(list(&browser, &live, None).await.json()["total"], 0);
    // A link that is narrowed to some services shows and ends no others.
    let (_, narrow, _) = {
        let mut body = of("u-1");
        body["integrations"] = json!(["github"]);
        managing(&server, &body).await
    };
    assert_eq!(list(&browser, &narrow, None).await.json()["total"], 0);
    assert_eq!(count(&server, "connections where deleted_at is null").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_and_other_pages_reach_nothing() {
    let server = TestServer::start().await;
    let connection = server.connect("u-1", Consent::Allow(Account::Ann)).await;
    let session = server
        .session(&json!({ "identity": "u-1", "identityType": "user" }))
        .await;
    let browser = server.browser();
    let path = format!(
        "/connect/api/connections/{}/disconnect",
        connection["id"].as_str().unwrap()
    );
    // An embedded session counts only on a page of the project's list.
    for embedder in [json!(null), json!("https://evil.example.test")] {
        let refused = browser
            .post(&path, Some(&session), &json!({ "embedder": embedder }))
            .await;
        assert_eq!(refused.problem(403), "embedder_not_allowed");
    }
    // From another site, with the secret even.
    let foreign = server
        .client
        .post(format!("{}{path}", server.url))
        .bearer_auth(&session)
        .header("origin", "https://evil.example.test")
        .header("sec-fetch-site", "cross-site")
        .json(&json!({ "embedder": SHOP }))
        .send()
        .await
        .unwrap();
    assert_eq!(foreign.status().as_u16(), 403);
    // A form of another site: no JSON, no header.
    let form = server
        .client
        .post(format!("{}{path}", server.url))
        .header("origin", "https://evil.example.test")
        .body("embedder=x")
        .send()
        .await
        .unwrap();
    assert!(matches!(form.status().as_u16(), 401 | 403 | 415), "{}", form.status());
    let unknown = json!({ "embedder": SHOP, "identity": "u-2" });
    browser.post(&path, Some(&session), &unknown).await.problem(400);
    assert_eq!(count(&server, "connections where deleted_at is null").await, 1);
    // The page itself may; a session that was told not to may not, nor one that is over.
    let told_not = server
        .session(&json!({ "identity": "u-1", "identityType": "user", "manage": false }))
        .await;
    let body = json!({ "embedder": SHOP });
    let refused = browser.post(&path, Some(&told_not), &body).await;
    assert_eq!(refused.problem(403), "manage_not_allowed");
    let nobody = server.session(&json!({})).await;
    assert_eq!(
        browser.post(&path, Some(&nobody), &body).await.problem(403),
        "manage_not_allowed"
    );
    let view = browser
        .post("/connect/api/session", Some(&session), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(view["manage"], 1);
    let ended = browser.post(&path, Some(&session), &body).await.expect(200).json();
    assert_eq!(ended["revocation"], "pending");
    server.advance(1801).await;
    assert_eq!(
        browser.post(&path, Some(&session), &body).await.problem(401),
        "session_expired"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_come_page_by_page() {
    let server = TestServer::start().await;
    server.connect("u-1", Consent::Allow(Account::Ann)).await;
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity,
                 identity_type, account_name)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || n, identity,
                 identity_type, 'account ' || n
             from connections, generate_series(1, 999) n",
        )
        .await;
    let (browser, session, _) = managing(&server, &of("u-1")).await;
    let mut seen = std::collections::HashSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = list(&browser, &session, after.as_deref()).await.expect(200).json();
        assert_eq!(page["total"], 1000);
        let rows = page["connections"].as_array().unwrap();
        assert!(rows.len() <= 50);
        for row in rows {
            assert!(seen.insert(row["id"].as_str().unwrap().to_owned()), "twice: {row}");
        }
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen.len(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_that_connects_nothing_is_no_event() {
    let server = TestServer::start().await;
    managing(&server, &of("u-1")).await;
    server.session(&json!({ "identity": "u-1" })).await;
    server.advance(1801).await;
    assert_eq!(server.store.tell_expired_sessions().await.unwrap(), 1);
}
