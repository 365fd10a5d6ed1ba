//! The question, and picks of every kind.

use serde_json::json;
use store::{ProjectChange, Verify};
use testkit::{Account, Consent, StartedFlow, TestServer, rewritten_state};
use vault::Token;

use super::{Waiting, owned, revocations, site};

#[tokio::test(flavor = "multi_thread")]
async fn several_are_asked_and_the_pick_is_what_the_connection_is_for() {
    let waiting = Waiting::new().await;
    let now = waiting.outcome().await;
    assert_eq!((&now["status"], &now["stage"]), (&json!("pending"), &json!("choosing")));
    assert_eq!(waiting.connections().await, 0);
    let list = waiting.modal("choices", &json!({})).await.expect(200).json();
    assert_eq!((&list["here"], &list["changed"]), (&json!(true), &json!(false)));
    let names: Vec<&str> = list["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| choice["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Acme", "Acme Labs", "Northwind Traders"]);
    assert_eq!(list["choices"][1]["description"], "https://acme-labs.sites.example.com");
    assert_eq!(list["app"]["name"], "Shop");
    let picked = waiting.pick(1).await.expect(200).json();
    assert_eq!(picked, json!({ "url": null }), "a modal learns no address");
    let end = waiting.outcome().await;
    assert_eq!(
        (&end["status"], &end["account"]),
        (&json!("success"), &json!("Acme Labs · Ann"))
    );
    assert_eq!(site(&waiting.server, &end["connection"]).await, "acme-labs");
    assert_eq!(revocations(&waiting.server).await, 0);
    let held = "select count(*) from flows where quarantined is not null or sealed is not null";
    assert_eq!(waiting.server.database.number(held).await, 0);
    assert_eq!(waiting.pick(1).await.problem(409), "choice_made");
    assert_eq!(waiting.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_one_is_taken_without_asking() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let (flow, browser, next) = server.at_sites(&session, Account::Ben).await;
    assert!(next.contains("/connect/done"), "{next}");
    let end = browser.check(&flow.result).await;
    assert_eq!(site(&server, &end["connection"]).await, "acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_that_was_at_the_service_may_choose_too() {
    let waiting = Waiting::new().await;
    let address = format!("/connect/choose?f={}", waiting.flow.flow);
    let page = waiting.browser.get(&address).await.expect(200);
    assert!(
        page.text.contains(&waiting.flow.flow) && !page.text.contains("Acme"),
        "{}",
        page.text
    );
    let done = format!("/connect/done?f={}", waiting.flow.flow);
    assert_eq!(waiting.browser.get(&done).await.expect(303).header("location"), address);
    let stranger = waiting.server.browser().get(&address).await.expect(303);
    assert_eq!(stranger.header("location"), done);
    let list = waiting
        .browser
        .post(&waiting.path("choices"), None, &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!((&list["here"], &list["elsewhere"]), (&json!(true), &json!(true)));
    let picked = waiting
        .browser
        .post(&waiting.path("choose"), None, &json!({ "pick": 2 }))
        .await
        .expect(200)
        .json();
    assert!(picked["url"].as_str().unwrap().contains("/connect/done?f="), "{picked}");
    let end = waiting.outcome().await;
    assert_eq!(site(&waiting.server, &end["connection"]).await, "northwind");
    assert_eq!(waiting.browser.get(&address).await.expect(303).header("location"), done);
    waiting.browser.get(&done).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_pick_changes_nothing() {
    let waiting = Waiting::new().await;
    for pick in [3, i64::from(u32::MAX)] {
        assert_eq!(waiting.pick(pick).await.problem(422), "choice_unknown");
    }
    for body in [
        json!({ "pick": -1 }),
        json!({ "pick": "acme" }),
        json!({ "pick": 0, "site": "evil" }),
        json!({ "pick": 1.5 }),
    ] {
        let refused = waiting.modal("choose", &body).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
    }
    let body = json!({ "pick": 0 });
    let other = owned(&waiting.server).await;
    let unknown = Token::generate().expose();
    let browser = waiting.server.browser();
    for bearer in [&other, &unknown, &waiting.flow.result] {
        for what in ["choose", "choices"] {
            let body = if what == "choose" { body.clone() } else { json!({}) };
            let refused = browser.post(&waiting.path(what), Some(bearer), &body).await;
            assert_eq!(refused.status, 404, "{}", refused.text);
        }
    }
    // A browser that is at another flow.
    let (_, elsewhere, _) = waiting.server.at_sites(&other, Account::Ann).await;
    assert_eq!(
        elsewhere.post(&waiting.path("choose"), None, &body).await.problem(404),
        "flow_unknown"
    );
    assert_eq!(
        browser.post(&waiting.path("choose"), None, &body).await.problem(404),
        "flow_unknown"
    );
    assert_eq!(
        (waiting.stage().await, waiting.connections().await),
        (json!("choosing"), 0)
    );
    waiting.pick(0).await.expect(200);
    assert_eq!(waiting.stage().await, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_picks_at_once_one_goes_on() {
    let waiting = Waiting::new().await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..20 {
        let browser = if number % 2 == 0 {
            waiting.server.browser()
        } else {
            waiting.browser.clone()
        };
        let bearer = (number % 2 == 0).then(|| waiting.session.clone());
        let path = waiting.path("choose");
        calls.spawn(async move {
            let answer = browser
                .post(&path, bearer.as_deref(), &json!({ "pick": number % 3 }))
                .await;
            match answer.status {
                200 => None,
                _ => Some(answer.problem(409)),
            }
        });
    }
    let answers = calls.join_all().await;
    assert_eq!(
        answers.iter().filter(|answer| answer.is_none()).count(),
        1,
        "{answers:?}"
    );
    assert!(answers.iter().flatten().all(|key| key == "choice_made"), "{answers:?}");
    assert_eq!(
        (waiting.stage().await, waiting.connections().await),
        (json!("succeeded"), 1)
    );
    assert_eq!(revocations(&waiting.server).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_backend_confirms_the_window_chooses() {
    let server = TestServer::builder().with_sites().start().await;
    let change = ProjectChange {
        verify: Some(Verify::Always),
        verify_url: Some("https://shop.example.test/verify".to_owned()),
        ..ProjectChange::default()
    };
    assert!(server.store.change_project(server.project.id, change).await.unwrap());
    let waiting = Waiting::on(server).await;
    let list = waiting.modal("choices", &json!({})).await.expect(200).json();
    assert_eq!((&list["here"], &list["choices"]), (&json!(false), &json!([])));
    assert_eq!(waiting.pick(1).await.problem(409), "choose_elsewhere");
    let picked = waiting
        .browser
        .post(&waiting.path("choose"), None, &json!({ "pick": 1 }))
        .await
        .expect(200)
        .json();
    let url = picked["url"].as_str().unwrap();
    assert!(url.starts_with("https://shop.example.test/verify?code="), "{url}");
    assert_eq!(
        (waiting.stage().await, waiting.connections().await),
        (json!("verifying"), 0)
    );
    let code = StartedFlow::parameter(url, "code").unwrap();
    let body = json!({ "code": code, "identity": "u-42" });
    let complete = waiting.server.api("POST", "/v1/connect/complete").json(&body);
    let connection = complete.send().await.expect(200).json()["connection"].clone();
    assert_eq!(site(&waiting.server, &connection).await, "acme-labs");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_customers_own_tab_the_tab_chooses_and_goes_back() {
    const PAGE: &str = "https://shop.example.test/settings";
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let flow = server.begin_with(&session, "sandbox-sites", "redirect").await;
    let browser = server.browser();
    let state = rewritten_state(&flow.result, PAGE, false);
    let redeemed = browser
        .redeem_in_same_window(&flow, &state, Some(PAGE))
        .await
        .expect(200)
        .json();
    assert_eq!(redeemed["next"], "provider", "{redeemed}");
    let authorize = redeemed["url"].as_str().unwrap();
    let callback = browser.consent(authorize, Consent::Allow(Account::Ann)).await;
    let next = browser.get(&callback).await.expect(303).header("location").to_owned();
    assert!(next.contains("/connect/choose"), "{next}");
    let path = |what: &str| format!("/connect/api/flows/{}/{what}", flow.flow);
    let list = browser
        .post(&path("choices"), None, &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!((&list["here"], &list["elsewhere"]), (&json!(true), &json!(false)));
    let elsewhere = server
        .browser()
        .post(&path("choose"), Some(&session), &json!({ "pick": 0 }))
        .await;
    assert_eq!(elsewhere.problem(409), "choose_elsewhere");
    let picked = browser
        .post(&path("choose"), None, &json!({ "pick": 0 }))
        .await
        .expect(200)
        .json();
    let url = picked["url"].as_str().unwrap();
    assert!(url.starts_with(PAGE), "{url}");
    assert_eq!(
        StartedFlow::parameter(url, "one_auth_state").as_ref(),
        Some(&flow.result)
    );
}
