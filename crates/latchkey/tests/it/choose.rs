//! A sign-in that reaches several sites: the person picks one, from the list that is sealed in the flow.

use serde_json::{Value, json};
use store::{ProjectChange, Verify};
use testkit::{Account, Answer, Browser, Consent, OddProvider, Reply, SHOP, StartedFlow, TestServer, rewritten_state};
use vault::Token;

/// A flow of `u-42` at Sandbox Sites that waits for the choice.
struct Waiting {
    server: TestServer,
    session: String,
    flow: StartedFlow,
    browser: Browser,
}

impl Waiting {
    async fn new() -> Self {
        Self::on(TestServer::builder().with_sites().start().await).await
    }

    async fn on(server: TestServer) -> Self {
        let session = owned(&server).await;
        let (flow, browser, next) = server.at_sites(&session, Account::Ann).await;
        assert!(next.ends_with(&format!("/connect/choose?f={}", flow.flow)), "{next}");
        Self {
            server,
            session,
            flow,
            browser,
        }
    }

    fn path(&self, what: &str) -> String {
        format!("/connect/api/flows/{}/{what}", self.flow.flow)
    }

    /// The modal, in another browser context than the window that was at the service.
    async fn modal(&self, what: &str, body: &Value) -> Answer {
        let modal = self.server.browser();
        modal.post(&self.path(what), Some(&self.session), body).await
    }

    async fn pick(&self, pick: i64) -> Answer {
        self.modal("choose", &json!({ "pick": pick })).await
    }

    async fn stage(&self) -> Value {
        self.browser.check(&self.flow.result).await["stage"].clone()
    }

    async fn outcome(&self) -> Value {
        self.browser.check(&self.flow.result).await
    }

    async fn connections(&self) -> i64 {
        self.server.database.number("select count(*) from connections").await
    }

    /// That the grant is gone here and taken back at the service.
    async fn is_given_back(&self) {
        let database = &self.server.database;
        let held = "select count(*) from flows where quarantined is not null or sealed is not null";
        assert_eq!(database.number(held).await, 0);
        self.server.broker.revoke_tick().await.unwrap();
        assert_eq!(database.text("select status from revocations").await, "revoked");
        let living = "select count(*) from sandbox_grants where revoked_at is null";
        assert_eq!(database.number(living).await, 0);
        assert_eq!(self.connections().await, 0);
    }
}

async fn owned(server: &TestServer) -> String {
    server
        .session(&json!({ "identity": "u-42", "identityType": "user" }))
        .await
}

/// The site that calls through a connection are for.
async fn site(server: &TestServer, connection: &Value) -> Value {
    let key = connection["key"].as_str().unwrap();
    let call = server.api("GET", "/v1/passthrough/site").connection(key);
    call.send().await.expect(200).json()["id"].clone()
}

async fn revocations(server: &TestServer) -> i64 {
    server.database.number("select count(*) from revocations").await
}

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
async fn nobody_chose_in_time() {
    let waiting = Waiting::new().await;
    waiting.server.advance(599).await;
    assert_eq!(waiting.stage().await, "choosing");
    waiting.server.advance(2).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_dies_over_a_pick_leaves_the_choice() {
    let waiting = Waiting::new().await;
    let id = waiting.flow.flow.parse().unwrap();
    assert!(waiting.server.store.claim_choice(id).await.unwrap());
    assert_eq!(waiting.stage().await, "exchanging");
    assert_eq!(waiting.pick(0).await.problem(409), "choice_made");
    assert_eq!(waiting.modal("choices", &json!({})).await.problem(409), "choice_made");
    waiting.server.advance(61).await;
    let swept = waiting.server.store.sweep_flows().await.unwrap();
    assert_eq!((swept.interrupted, swept.unchosen), (0, 0));
    assert_eq!(waiting.stage().await, "choosing");
    waiting.pick(0).await.expect(200);
    assert_eq!(waiting.stage().await, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choice_is_made_at_another_replica() {
    let waiting = Waiting::new().await;
    let beside = waiting.server.beside().await;
    let post = |what: &str, body: Value| {
        let url = format!("{}{}", beside.url, waiting.path(what));
        // Its own page sends this origin: the public one.
        let request = waiting.server.client.post(url).header("origin", &waiting.server.url);
        let request = request
            .header("sec-fetch-site", "same-origin")
            .bearer_auth(&waiting.session);
        request.json(&body).send()
    };
    let list: Value = post("choices", json!({})).await.unwrap().json().await.unwrap();
    assert_eq!(list["choices"].as_array().map(Vec::len), Some(3), "{list}");
    assert_eq!(post("choose", json!({ "pick": 2 })).await.unwrap().status(), 200);
    let end = waiting.outcome().await;
    assert_eq!(site(&waiting.server, &end["connection"]).await, "northwind");
}

/// A session to connect this one again.
async fn again(server: &TestServer, connection: &Value) -> String {
    server.session(&json!({ "connection": connection["id"] })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_takes_the_earlier_choice_or_asks_with_a_warning() {
    let waiting = Waiting::new().await;
    waiting.pick(1).await.expect(200);
    let connection = waiting.outcome().await["connection"].clone();
    let server = waiting.server;
    let session = again(&server, &connection).await;
    let (flow, browser, next) = server.at_sites(&session, Account::Ann).await;
    assert!(next.contains("/connect/done"), "taken silently: {next}");
    let same = browser.check(&flow.result).await["connection"].clone();
    assert_eq!((&same["id"], &same["key"]), (&connection["id"], &connection["key"]));
    assert_eq!(site(&server, &same).await, "acme-labs");

    // The site is gone at the service.
    let gone = r#"update connections set variables = '{"site": "gone"}'"#;
    assert_eq!(server.database.execute(gone).await, 1);
    let session = again(&server, &connection).await;
    let (flow, browser, next) = server.at_sites(&session, Account::Ann).await;
    assert!(next.contains("/connect/choose"), "{next}");
    let path = |what: &str| format!("/connect/api/flows/{}/{what}", flow.flow);
    let list = browser
        .post(&path("choices"), Some(&session), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(list["changed"], true);
    let pick = json!({ "pick": 0 });
    browser.post(&path("choose"), Some(&session), &pick).await.expect(200);
    let moved = browser.check(&flow.result).await["connection"].clone();
    assert_eq!((&moved["id"], &moved["key"]), (&connection["id"], &connection["key"]));
    assert_eq!(site(&server, &moved).await, "acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_does_not_move_to_the_only_other_one_unasked() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let (flow, browser, _) = server.at_sites(&session, Account::Ben).await;
    let connection = browser.check(&flow.result).await["connection"].clone();
    let gone = r#"update connections set variables = '{"site": "gone"}'"#;
    server.database.execute(gone).await;
    let session = again(&server, &connection).await;
    let (_, _, next) = server.at_sites(&session, Account::Ben).await;
    assert!(next.contains("/connect/choose"), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_refused_after_the_choice() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let (flow, browser, _) = server.at_sites(&session, Account::Ben).await;
    let connection = browser.check(&flow.result).await["connection"].clone();
    let gone = r#"update connections set variables = '{"site": "gone"}'"#;
    server.database.execute(gone).await;
    let session = again(&server, &connection).await;
    let (flow, browser, _) = server.at_sites(&session, Account::Ann).await;
    let path = format!("/connect/api/flows/{}/choose", flow.flow);
    browser
        .post(&path, Some(&session), &json!({ "pick": 0 }))
        .await
        .expect(200);
    assert_eq!(browser.check(&flow.result).await["code"], "account_changed");
    assert_eq!(revocations(&server).await, 1);
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

async fn submit(server: &TestServer, session: &str, key: &str) -> Answer {
    let body = json!({
        "integration": "sandbox-sites", "auth": "api_key", "values": { "api_key": key }, "name": "Mine", "embedder": SHOP,
    });
    server.browser().post("/connect/api/submit", Some(session), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_in_key_that_reaches_several_is_asked_too() {
    let server = TestServer::builder().with_sites().start().await;
    let session = owned(&server).await;
    let none = submit(&server, &session, "sandbox_key_sites_0").await;
    assert_eq!(none.problem(424), "nothing_to_choose");
    let refused = submit(&server, &session, "sandbox_key_revoked").await;
    assert_eq!(refused.problem(422), "credential_refused");
    let asked = submit(&server, &session, "sandbox_key_sites_300")
        .await
        .expect(200)
        .json();
    assert_eq!(asked["status"], "choosing", "{asked}");
    let path = |what: &str| format!("/connect/api/flows/{}/{what}", asked["flow"].as_str().unwrap());
    let modal = server.browser();
    let list = modal
        .post(&path("choices"), Some(&session), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (list["choices"].as_array().map(Vec::len), &list["here"]),
        (Some(300), &json!(true))
    );
    let rows = server
        .database
        .text("select string_agg(f::text, ' ') from flows f")
        .await;
    assert!(!rows.contains("sandbox_key") && !rows.contains("Site 12"), "{rows}");
    assert_eq!(server.database.number("select count(*) from connections").await, 0);
    let pick = json!({ "pick": 299 });
    modal.post(&path("choose"), Some(&session), &pick).await.expect(200);
    let end = modal.check(asked["result"].as_str().unwrap()).await;
    assert_eq!(end["status"], "success", "{end}");
    assert_eq!(site(&server, &end["connection"]).await, "site-300");

    let session = owned(&server).await;
    let one = submit(&server, &session, "sandbox_key_sites_1")
        .await
        .expect(200)
        .json();
    assert_eq!(one["status"], "success", "{one}");
    assert_eq!(site(&server, &one["connection"]).await, "site-1");

    // Nobody chooses: there is nothing to take back, and nothing stays.
    let session = owned(&server).await;
    submit(&server, &session, "sandbox_key_sites_2").await.expect(200);
    server.advance(601).await;
    assert_eq!(server.store.sweep_flows().await.unwrap().unchosen, 1);
    let held = "select count(*) from flows where quarantined is not null or sealed is not null";
    assert_eq!((server.database.number(held).await, revocations(&server).await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_in_key_is_proved_at_the_site_that_was_chosen() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .with_odd_provider(&provider)
        .with_sites()
        .start()
        .await;
    let sites = json!([{ "id": "a", "name": "A" }, { "id": "b", "name": "B" }]);
    let asked = async |session: &str| {
        provider.reply_at("/api/sites", Reply::json(200, &sites));
        let body =
            json!({ "integration": "odd-sites", "auth": "api_key", "values": { "api_key": "k" }, "embedder": SHOP });
        let answer = server.browser().post("/connect/api/submit", Some(session), &body).await;
        answer.expect(200).json()
    };
    let pick = async |session: &str, flow: &Value| {
        let path = format!("/connect/api/flows/{}/choose", flow["flow"].as_str().unwrap());
        server.browser().post(&path, Some(session), &json!({ "pick": 1 })).await
    };
    let result = async |flow: &Value| server.browser().check(flow["result"].as_str().unwrap()).await;

    // The service is away: the choice stays, and is made again.
    let session = owned(&server).await;
    let flow = asked(&session).await;
    provider.reply_at("/api/me", Reply::json(500, &json!({})));
    assert_eq!(pick(&session, &flow).await.problem(503), "provider_unavailable");
    assert_eq!(result(&flow).await["stage"], "choosing");
    provider.reply_at("/api/me", Reply::json(200, &json!({ "id": "7", "name": "Ann" })));
    pick(&session, &flow).await.expect(200);
    assert_eq!(result(&flow).await["account"], "B · Ann");
    assert_eq!(server.database.number("select count(*) from connections").await, 1);

    // The service refuses the key there: nothing is saved.
    let session = owned(&server).await;
    let flow = asked(&session).await;
    provider.reply_at("/api/me", Reply::json(401, &json!({ "message": "not at this site" })));
    pick(&session, &flow).await.expect(200);
    let end = result(&flow).await;
    assert_eq!(end["code"], "credential_refused", "{end}");
    assert!(end["message"].as_str().unwrap().contains("“not at this site”"), "{end}");
    assert_eq!(server.database.number("select count(*) from connections").await, 1);
}
