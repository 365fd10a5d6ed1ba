//! Choices that nobody makes, or too late.

use serde_json::json;
use testkit::{Account, Consent, SHOP, TestServer};
use vault::Token;

use super::{Waiting, owned, revocations};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_chose_in_time() {
    let waiting = Waiting::new().await;
    waiting.server.advance(590).await;
    assert_eq!(waiting.stage().await, "choosing");
    waiting.server.advance(11).await;
    assert_eq!(waiting.stage().await, "expired");
    assert_eq!(waiting.pick(0).await.problem(410), "flow_expired");
    assert_eq!(waiting.modal("choices", &json!({})).await.problem(410), "flow_expired");
    assert_eq!(waiting.server.store.sweep_flows().await.unwrap().unchosen, 1);
    assert_eq!(waiting.pick(0).await.problem(410), "flow_expired");
    assert_eq!(waiting.outcome().await["code"], "expired");
    waiting.is_given_back().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_late_has_five_minutes_to_choose() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let flow = server.begin_with(&session, "sandbox-sites", "popup").await;
    let browser = server.browser();
    let authorize = browser.leave(&flow).await;
    server.advance(590).await;
    let callback = browser.consent(&authorize, Consent::Allow(Account::Ann)).await;
    browser.get(&callback).await.expect(303);
    server.advance(295).await;
    let path = format!("/connect/api/flows/{}/choose", flow.flow);
    browser
        .post(&path, Some(&session), &json!({ "pick": 0 }))
        .await
        .expect(200);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_too_soon_begins_no_choice() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    server.advance(9 * 60).await;
    let begin = |integration: &str| {
        let body = json!({
            "integration": integration, "mode": "popup", "ticket": Token::generate().expose(), "embedder": SHOP,
        });
        let (browser, session) = (server.browser(), session.clone());
        async move { browser.post("/connect/api/flows", Some(&session), &body).await }
    };
    assert_eq!(begin("sandbox-sites").await.problem(409), "session_expiring");
    begin("sandbox").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_at_the_choice_gives_the_grant_back() {
    let by_modal = Waiting::new().await;
    by_modal.modal("cancel", &json!({})).await.expect(204);
    assert_eq!(by_modal.stage().await, "cancelled");
    assert_eq!(by_modal.pick(0).await.problem(410), "flow_expired");
    by_modal.is_given_back().await;

    let by_window = Waiting::new().await;
    let stop = json!({ "pick": null });
    let answer = by_window.browser.post(&by_window.path("choose"), None, &stop).await;
    let url = answer.expect(200).json()["url"].as_str().unwrap().to_owned();
    assert!(url.contains("/connect/done"), "{url}");
    assert_eq!(by_window.stage().await, "cancelled");
    by_window.is_given_back().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_meanwhile_is_told() {
    let waiting = Waiting::new().await;
    let end = "update connect_sessions set revoked_at = latchkey_now()";
    waiting.server.database.execute(end).await;
    assert_eq!(waiting.pick(0).await.problem(410), "session_expired");
    let outcome = waiting.outcome().await;
    assert_eq!(
        (&outcome["stage"], &outcome["code"]),
        (&json!("failed"), &json!("session_expired"))
    );
    waiting.is_given_back().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_made_its_connection_makes_no_second_one() {
    let waiting = Waiting::new().await;
    let (flow, browser, _) = waiting.server.at_sites(&waiting.session, Account::Ben).await;
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    waiting.pick(0).await.expect(200);
    assert_eq!(waiting.outcome().await["code"], "session_used");
    assert_eq!(
        (waiting.connections().await, revocations(&waiting.server).await),
        (1, 1)
    );
}
