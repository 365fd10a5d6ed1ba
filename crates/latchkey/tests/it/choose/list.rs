//! The list: sealed while it waits, and odd ones.

use serde_json::json;
use testkit::{OddProvider, Reply, TestServer};

use super::{owned, revocations};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_list_are_sealed_while_they_wait() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .with_odd_provider(&provider)
        .with_sites()
        .start()
        .await;
    let (access, refresh) = ("canary-choice-access-41c2", "canary-choice-refresh-9d07");
    provider.reply(Reply::tokens(access, refresh, 3600));
    let list = json!([{ "id": "canary-site-one-77aa", "name": "Canary Site Eins" }, { "id": "b", "name": "B" }]);
    provider.reply_at("/api/sites", Reply::json(200, &list));
    let session = owned(&server).await;
    let flow = server.begin_with(&session, "odd-sites", "popup").await;
    let browser = server.browser();
    let authorize = browser.leave(&flow).await;
    browser.get(&testkit::callback_of(&authorize, "code")).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["stage"], "choosing");
    let rows = "select string_agg(f::text, ' ') || (select coalesce(string_agg(e::text, ' '), '') from events e)
                || (select coalesce(string_agg(a::text, ' '), '') from audit_log a) from flows f";
    let rows = server.database.text(rows).await;
    for secret in [access, refresh, "canary-site-one-77aa", "Canary Site Eins"] {
        let found = testkit::forms_of(secret).into_iter().find(|form| rows.contains(form));
        assert_eq!(found, None, "{rows}");
    }
    // A list that no longer opens is told, and its grant is given back.
    let path = format!("/connect/api/flows/{}/choose", flow.flow);
    browser
        .post(&path, Some(&session), &json!({ "pick": 0 }))
        .await
        .expect(200);
    let connection = browser.check(&flow.result).await["connection"].clone();
    provider.reply_at("/api/me", Reply::json(200, &json!({})));
    let key = connection["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/me")
        .connection(key)
        .send()
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_empty_refused_or_odd_has_its_name() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .with_odd_provider(&provider)
        .with_sites()
        .start()
        .await;
    let cases = [
        (Reply::json(200, &json!([])), "nothing_to_choose", "give you access"),
        (
            Reply::json(403, &json!({ "message": "no sites for you" })),
            "choices_refused",
            "It said: “no sites for you”",
        ),
        (
            Reply::json(200, &json!({ "a": 1 })),
            "choices_unexpected",
            "Whoever runs the app",
        ),
        (
            Reply::json(200, &json!([{ "id": "NOT OK" }])),
            "value_refused",
            "does not allow",
        ),
        (
            Reply::json(500, &json!({})),
            "provider_unavailable",
            "Start again in a minute",
        ),
    ];
    for (number, (reply, code, words)) in cases.into_iter().enumerate() {
        provider.reply_at("/api/sites", reply);
        let session = owned(&server).await;
        let flow = server.begin_with(&session, "odd-sites", "popup").await;
        let browser = server.browser();
        let authorize = browser.leave(&flow).await;
        browser.get(&testkit::callback_of(&authorize, "code")).await.expect(303);
        let end = browser.check(&flow.result).await;
        assert_eq!((&end["stage"], &end["code"]), (&json!("failed"), &json!(code)), "{end}");
        assert!(end["message"].as_str().unwrap().contains(words), "{end}");
        assert_eq!(revocations(&server).await, i64::try_from(number).unwrap() + 1, "{code}");
    }
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
}
