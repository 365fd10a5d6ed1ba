//! The connect flow in the customer's own window.

use serde_json::json;
use testkit::{Account, Browser, Consent, SHOP, StartedFlow, TestServer, rewritten_state};

const ANN: Consent = Consent::Allow(Account::Ann);
const PAGE: &str = "https://shop.example.test/settings?tab=1#connections";

async fn begun(server: &TestServer) -> StartedFlow {
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let flow = server.begin_with(&session, "sandbox", "redirect").await;
    let expected = format!("{}/connect/start?state={}", server.url, flow.result);
    assert_eq!(flow.url.as_deref(), Some(expected.as_str()));
    flow
}

/// From the start page to where the browser is sent in the end.
async fn finish(browser: &Browser, flow: &StartedFlow, state: &str, consent: Consent) -> String {
    let next = browser
        .redeem_in_same_window(flow, state, Some(PAGE))
        .await
        .expect(200)
        .json();
    assert_eq!(next["next"], "provider", "{next}");
    let authorize = next["url"].as_str().unwrap();
    let sent = StartedFlow::parameter(authorize, "state").unwrap();
    assert!(sent.len() == 43 && !sent.contains('~') && sent != flow.result, "{sent}");
    let callback = browser.consent(authorize, consent).await;
    browser.get(&callback).await.expect(303).header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_part_state_comes_back_as_parameters() {
    let server = TestServer::start().await;
    let (flow, browser) = (begun(&server).await, server.browser());
    let end = finish(&browser, &flow, &rewritten_state(&flow.result, PAGE, false), ANN).await;
    assert_eq!(
        end,
        format!(
            "https://shop.example.test/settings?tab=1&one_auth_state={}#connections",
            flow.result
        )
    );
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    let by_state = browser
        .post("/connect/api/check", None, &json!({ "state": flow.result }))
        .await
        .expect(200);
    assert_eq!(by_state.json()["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_told_in_the_two_part_form() {
    let server = TestServer::start().await;
    let (flow, browser) = (begun(&server).await, server.browser());
    let end = finish(
        &browser,
        &flow,
        &rewritten_state(&flow.result, PAGE, false),
        Consent::Deny,
    )
    .await;
    assert_eq!(
        StartedFlow::parameter(&end, "one_auth_state"),
        Some(flow.result.clone())
    );
    let error = StartedFlow::parameter(&end, "one_auth_error").unwrap();
    assert!(!error.is_empty() && error.chars().count() <= 200, "{error}");
    assert!(end.ends_with("#connections"));
    assert_eq!(browser.check(&flow.result).await["code"], "access_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_version_leaves_the_address_alone() {
    let server = TestServer::start().await;
    for consent in [ANN, Consent::Deny] {
        let (flow, browser) = (begun(&server).await, server.browser());
        let end = finish(&browser, &flow, &rewritten_state(&flow.result, PAGE, true), consent).await;
        assert_eq!(end, PAGE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_page_it_ends_on_ours() {
    let server = TestServer::start().await;
    let (flow, browser) = (begun(&server).await, server.browser());
    let end = finish(&browser, &flow, &flow.result, ANN).await;
    assert_eq!(end, format!("{}/connect/done?f={}", server.url, flow.flow));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pages_are_not_gone_back_to() {
    let server = TestServer::start().await;
    server
        .store
        .add_origin(server.project.id, "https://other.example.test")
        .await
        .unwrap();
    let (flow, browser) = (begun(&server).await, server.browser());
    let handle = vault::Token::generate().expose();
    for state in [
        rewritten_state(&flow.result, "https://evil.test/", false),
        // On the project's list, but not the page that began.
        rewritten_state(&flow.result, "https://other.example.test/", false),
        rewritten_state(&flow.result, "https://shop.example.test.evil.test/", true),
        rewritten_state(&flow.result, "https://shop.example.test@evil.test/", true),
        rewritten_state(&flow.result, "http://shop.example.test/", false),
        rewritten_state(&flow.result, "javascript:alert(1)", false),
        rewritten_state(&handle, PAGE, false),
        format!("{}~not base64!", flow.result),
        format!("~{}", flow.result),
    ] {
        let answer = browser.redeem_in_same_window(&flow, &state, Some(PAGE)).await;
        assert_eq!(answer.problem(403), "return_not_allowed", "{state}");
    }
    // Nothing of it spent the ticket.
    finish(&browser, &flow, &rewritten_state(&flow.result, PAGE, true), ANN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_taken_off_the_list_is_not_gone_back_to() {
    let server = TestServer::start().await;
    let (flow, browser) = (begun(&server).await, server.browser());
    let state = rewritten_state(&flow.result, PAGE, false);
    let next = browser
        .redeem_in_same_window(&flow, &state, Some(PAGE))
        .await
        .expect(200)
        .json();
    let callback = browser.consent(next["url"].as_str().unwrap(), ANN).await;
    server.store.remove_origin(server.project.id, SHOP).await.unwrap();
    let end = browser.get(&callback).await.expect(303);
    assert_eq!(
        end.header("location"),
        format!("{}/connect/done?f={}", server.url, flow.flow)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_referrer_decides() {
    let server = TestServer::start().await;
    let (flow, browser) = (begun(&server).await, server.browser());
    let state = rewritten_state(&flow.result, PAGE, true);
    let foreign = browser
        .redeem_in_same_window(&flow, &state, Some("https://evil.test/"))
        .await;
    assert_eq!(foreign.problem(403), "not_from_app");
    let silent = browser
        .redeem_in_same_window(&flow, &state, None)
        .await
        .expect(200)
        .json();
    assert_eq!(silent["next"], "confirm");
    let body = json!({ "flow": flow.flow, "code": null, "accept": true });
    let confirmed = browser
        .post("/connect/api/confirm", None, &body)
        .await
        .expect(200)
        .json();
    let callback = browser.consent(confirmed["url"].as_str().unwrap(), ANN).await;
    assert_eq!(browser.get(&callback).await.expect(303).header("location"), PAGE);
}
