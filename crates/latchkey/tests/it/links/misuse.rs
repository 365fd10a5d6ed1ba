//! Links in wrong hands, taken back in the middle, opened by two.

use serde_json::json;
use testkit::StartedFlow;

use super::{complete, count, finish, link, made, opened, peek, press, revoke, verifying};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_finishes_and_nothing_comes_of_it() {
    let server = verifying().await;
    let (made, secret) = made(&server, &json!({ "identity": "u-1", "integrations": ["sandbox"] })).await;
    // The link was forwarded. The stranger's own session with the customer says who they are.
    let stranger = server.browser();
    let flow = server.begin(&opened(&stranger, &secret).await).await;
    let code = StartedFlow::parameter(&finish(&stranger, &flow).await, "code").unwrap();
    assert_eq!(server.stage(&flow).await, "verifying");
    assert_eq!(count(&server, "connections").await, 0, "nothing readable meanwhile");
    assert_eq!(complete(&server, &code, "u-2").await.problem(403), "another_identity");
    complete(&server, &code, "u-1").await.problem(410);
    server.broker.revoke_tick().await.unwrap();
    assert_eq!(count(&server, "sandbox_grants where revoked_at is null").await, 0);
    assert_eq!(count(&server, "flows where quarantined is not null").await, 0);
    assert_eq!(count(&server, "connections").await, 0);
    // The link was not spent by it: the right person still connects.
    assert_eq!(link(&server, &made["id"]).await["state"], "opened");
    let person = server.browser();
    let flow = server.begin(&opened(&person, &secret).await).await;
    let code = StartedFlow::parameter(&finish(&person, &flow).await, "code").unwrap();
    complete(&server, &code, "u-1").await.expect(200);
    assert_eq!(link(&server, &made["id"]).await["state"], "used");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_open_it_and_one_connection_comes_of_it() {
    let server = verifying().await;
    let (_, secret) = made(&server, &json!({ "identity": "u-1", "verify": false })).await;
    let (one, two) = (server.browser(), server.browser());
    let (first, second) = tokio::join!(press(&one, &secret), press(&two, &secret));
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(count(&server, "connect_sessions where revoked_at is null").await, 1);
    // Whoever came last is at it; the other opens it once more and is at it then.
    let early = opened(&one, &secret).await;
    let flow = server.begin(&early).await;
    let callback = one.sign_in(&flow, super::ANN).await;
    let late = opened(&two, &secret).await;
    let refused = one.get(&callback).await;
    assert_eq!(refused.status, 410, "{}", refused.text);
    assert_eq!(count(&server, "connections").await, 0);
    let flow = server.begin(&late).await;
    finish(&two, &flow).await;
    assert_eq!(two.check(&flow.result).await["status"], "success");
    assert_eq!(press(&one, &secret).await.problem(410), "link_used");
    assert_eq!(count(&server, "connections").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_back_it_ends_sessions_and_sign_ins_at_once() {
    let server = verifying().await;
    let body = json!({ "identity": "u-1", "integrations": ["sandbox"] });

    // Before the provider sends the browser back.
    let (first, secret) = made(&server, &body).await;
    let browser = server.browser();
    let session = opened(&browser, &secret).await;
    let flow = server.begin(&session).await;
    let callback = browser.sign_in(&flow, super::ANN).await;
    let row = revoke(&server, &first["id"]).await;
    assert_eq!(row["state"], "revoked");
    for answer in [peek(&browser, &secret).await, press(&browser, &secret).await] {
        assert_eq!(answer.problem(410), "link_revoked");
        assert!(answer.text.contains("This link was taken back."), "{}", answer.text);
    }
    let body_of_session = json!({ "embedder": null });
    let ended = browser
        .post("/connect/api/session", Some(&session), &body_of_session)
        .await;
    assert_eq!(ended.problem(401), "session_expired");
    let outcome = browser.check(&flow.result).await;
    assert_eq!(
        (&outcome["status"], &outcome["code"]),
        (&json!("error"), &json!("link_revoked"))
    );
    browser.get(&callback).await;
    assert_eq!(count(&server, "sandbox_grants").await, 0, "no code was exchanged");

    // While the customer's backend has to say who finished.
    let (second, secret) = made(&server, &body).await;
    let flow = server.begin(&opened(&browser, &secret).await).await;
    let code = StartedFlow::parameter(&finish(&browser, &flow).await, "code").unwrap();
    revoke(&server, &second["id"]).await;
    complete(&server, &code, "u-1").await.problem(410);
    server.broker.revoke_tick().await.unwrap();
    assert_eq!(count(&server, "sandbox_grants where revoked_at is null").await, 0);
    assert_eq!(count(&server, "flows where quarantined is not null").await, 0);
    assert_eq!(count(&server, "connections").await, 0);
    let noted = server
        .database
        .text("select string_agg(detail->>'flows', ',' order by id) from audit_log where action = 'link.revoked'")
        .await;
    assert_eq!(noted, "1,1");
    // Once more is no more.
    revoke(&server, &second["id"]).await;
    assert_eq!(count(&server, "audit_log where action = 'link.revoked'").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_outlives_its_link_ends_with_the_revocation() {
    let server = verifying().await;
    let (made, secret) = made(&server, &json!({ "identity": "u-1", "verify": false, "ttl": 300 })).await;
    let browser = server.browser();
    let session = opened(&browser, &secret).await;
    server.advance(301).await;
    assert_eq!(press(&browser, &secret).await.problem(410), "link_expired");
    let body = json!({ "embedder": null });
    browser
        .post("/connect/api/session", Some(&session), &body)
        .await
        .expect(200);
    revoke(&server, &made["id"]).await;
    let ended = browser.post("/connect/api/session", Some(&session), &body).await;
    assert_eq!(ended.problem(401), "session_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_connect_shows_nothing_of_what_is_there() {
    let server = verifying().await;
    let connection = server.connect("u-1", super::ANN).await;
    let (_, secret) = made(&server, &json!({ "identity": "u-1", "verify": false })).await;
    let browser = server.browser();
    let session = opened(&browser, &secret).await;
    let body = json!({ "embedder": null });
    let view = browser
        .post("/connect/api/session", Some(&session), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(view["manage"], json!(null));
    assert!(!view.to_string().contains("Ann"), "no account of what is there: {view}");
    let integrations = view["integrations"].as_array().unwrap();
    assert!(
        !integrations.is_empty() && integrations.iter().all(|one| one["connected"] == 0),
        "{view}"
    );
    // The person's own session has it, and one of a team with the same name does not.
    for (kind, there) in [("user", 1), ("team", 0)] {
        let session = server
            .session(&json!({ "identity": "u-1", "identityType": kind }))
            .await;
        let body = json!({ "embedder": testkit::SHOP });
        let view = browser
            .post("/connect/api/session", Some(&session), &body)
            .await
            .expect(200)
            .json();
        let all = view["integrations"].as_array().unwrap();
        let sandbox = all.iter().find(|one| one["id"] == "sandbox").unwrap();
        assert_eq!(sandbox["connected"], there, "{kind}: {view}");
        assert_eq!(
            view["manage"],
            if kind == "user" { json!(1) } else { json!(null) },
            "{view}"
        );
    }
    let id = connection["id"].as_str().unwrap();
    for path in [
        "/connect/api/connections".to_owned(),
        format!("/connect/api/connections/{id}/disconnect"),
        format!("/connect/api/connections/{id}/reconnect"),
    ] {
        let refused = browser.post(&path, Some(&session), &body).await;
        assert_eq!(refused.problem(403), "manage_not_allowed", "{path}");
        assert!(refused.text.contains("cannot be looked after in this session"));
    }
}
