//! Connect attempts.

use serde_json::json;
use store::Role;
use testkit::{Consent, SHOP, TestServer};
use vault::Token;

use super::super::{home, operator};
use super::ANN;

#[tokio::test(flavor = "multi_thread")]
async fn attempts_say_how_far_they_came() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let list = format!("{}/sessions", home(&server));
    let empty = viewer.get(&list).await.expect(200).text;
    assert!(empty.contains("Nobody has tried to connect anything lately"), "{empty}");

    server.connect("u-done", ANN).await;
    let refused = server.session(&json!({ "identity": "u-refused" })).await;
    let flow = server.begin(&refused).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Deny).await;
    let next = browser.get(&callback).await.expect(303).header("location").to_owned();
    browser.get(&next).await;
    let away = server.session(&json!({ "identity": "u-away" })).await;
    let gone = server.begin(&away).await;
    server.browser().leave(&gone).await;
    server.session(&json!({ "identity": "u-unopened" })).await;

    let page = viewer.get(&list).await.expect(200).text;
    for text in ["u-done", "u-refused", "u-away", "u-unopened", "Connected", "Under way"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    for (query, rows) in [
        ("?outcome=connected", 1),
        ("?outcome=open", 2),
        ("?identity=u-away", 1),
        ("?identity=u-awa", 0),
        ("?integration=sandbox", 3),
        ("?integration=sandbox&outcome=connected", 1),
        ("?outcome=left", 0),
    ] {
        let page = viewer.follow(&format!("{list}{query}")).await.expect(200).text;
        assert_eq!(page.matches("<tr><th scope=\"row\">").count(), rows, "{query}: {page}");
    }
    // Nobody gave the session a name; the connection has one.
    server
        .database
        .execute("update connections set label = 'Ann Lee' where identity = 'u-done'")
        .await;
    let named = "<bdi>Ann Lee</bdi> <bdi class=\"quiet\">u-done</bdi>";
    let page = viewer.get(&list).await.expect(200).text;
    assert!(page.contains(named) && page.contains("<bdi>u-away</bdi>"), "{page}");
    let (before, _) = page.split_once(named).unwrap();
    let (_, href) = before.rsplit_once("class=\"cell-link\" href=\"").unwrap();
    let one = viewer.get(href.split('"').next().unwrap()).await.expect(200).text;
    assert!(
        one.contains("Attempt of <bdi>Ann Lee</bdi>") && one.contains("u-done"),
        "{one}"
    );
    viewer.get(&format!("{list}?outcome=maybe")).await.expect(400);
    viewer.get(&format!("{list}?before=x")).await.expect(400);

    let found = viewer.get(&format!("{list}?reference={}", gone.flow)).await.expect(303);
    let one = viewer.get(&found.location).await.expect(200).text;
    for text in [
        "At the service: the person did not come back.",
        "Sent to the service",
        "not reached",
        "u-away",
        "away",
    ] {
        assert!(one.contains(text), "{text} in {one}");
    }
    // Neither another project nor another environment has it.
    let session = found.location.rsplit('/').next().unwrap();
    let (other, _) = server.another_project().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    for place in [
        format!("/console/{other}/test"),
        format!("/console/{}/live", server.project.id),
    ] {
        owner.get(&format!("{place}/sessions/{session}")).await.expect(404);
        let unknown = owner
            .get(&format!("{place}/sessions?reference={session}"))
            .await
            .expect(200)
            .text;
        assert!(unknown.contains("No attempt here has this reference"), "{unknown}");
    }
    owner.get(&format!("{list}/{session}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_screen_quotes_is_found() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let list = format!("{}/sessions", home(&server));
    let session = server.session(&json!({ "identity": "u-typo" })).await;
    let browser = server.browser();
    browser
        .post("/connect/api/session", Some(&session), &json!({ "embedder": SHOP }))
        .await
        .expect(200);
    let body = json!({
        "integration": "nosuch", "auth": null, "values": {}, "name": null, "mode": "popup",
        "ticket": Token::generate().expose(), "proof": null, "embedder": SHOP,
    });
    let refused = browser.post("/connect/api/flows", Some(&session), &body).await;
    assert!(refused.status >= 400);
    let reference = refused.json()["correlationId"].as_str().unwrap().to_owned();
    let mut found = None;
    for _ in 0..50 {
        let seen = viewer
            .get(&format!("{list}?reference={}", reference.to_uppercase()))
            .await;
        if seen.status == 303 {
            found = Some(seen.location);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    let one = viewer.get(&found.expect("it is noted")).await.expect(200).text;
    assert!(
        one.contains("u-typo") && one.contains(&reference) && one.contains("nosuch"),
        "{one}"
    );
    assert!(one.contains(">Failed<") || one.contains("Failed"), "{one}");
    let listed = viewer.get(&format!("{list}?outcome=failed")).await.expect(200).text;
    assert!(listed.contains("u-typo"), "{listed}");
    // A session is not filled by whoever has it.
    for _ in 0..30 {
        browser.post("/connect/api/flows", Some(&session), &body).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(server.database.number("select count(*) from connect_problems").await <= 21);
    let none = viewer.get(&format!("{list}?reference=nonsense")).await.expect(200).text;
    assert!(
        none.contains("No attempt here has this reference") && none.contains("value=\"nonsense\""),
        "{none}"
    );
}
