//! OAuth 1.0a: three signed steps, calls that are signed one by one, and the callback that has no state of its own.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Answer, Browser, OddProvider, Reply, SHOP, Seen, StartedFlow, TestServer};
use vault::Token;

const FORM: &str = "application/x-www-form-urlencoded";

struct Setting {
    provider: OddProvider,
    server: TestServer,
    session: String,
}

impl Setting {
    async fn new() -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder()
            .with_odd_provider(&provider)
            .with_oauth1()
            .start()
            .await;
        let session = server.session(&json!({ "identity": "u-1" })).await;
        Self {
            provider,
            server,
            session,
        }
    }

    fn request_token(&self, token: &str) {
        let body = format!("oauth_token={token}&oauth_token_secret=hdhd%260244&oauth_callback_confirmed=true");
        self.provider.reply_at("/initiate", Reply::With(200, "text/html", body));
    }

    fn access_token(&self) {
        let body = "oauth_token=nnch%2F734&oauth_token_secret=canary-pfkkd&user_id=38895958&screen_name=ann";
        self.provider.reply_at("/buy", Reply::With(200, FORM, body.to_owned()));
    }

    /// A flow whose browser stands before its callback, with the address that the service was told.
    async fn before_callback(&self, token: &str) -> (StartedFlow, Browser, String) {
        self.request_token(token);
        let flow = self.server.begin_with(&self.session, "odd-oauth1", "popup").await;
        let browser = self.server.browser();
        let authorize = browser.leave(&flow).await;
        assert_eq!(
            authorize,
            format!("{}/allow?oauth_token={token}&mode=plain", self.provider.url())
        );
        let asked = self.provider.seen("/initiate").pop().unwrap().signed_with();
        (flow, browser, asked["oauth_callback"].clone())
    }

    async fn connected(&self) -> Value {
        let (flow, browser, callback) = self.before_callback("hh5s").await;
        self.access_token();
        browser
            .get(&format!("{callback}&oauth_token=hh5s&oauth_verifier=hfdp"))
            .await
            .expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["status"], "success", "{outcome}");
        outcome["connection"].clone()
    }

    async fn connections(&self) -> i64 {
        self.server.database.number("select count(*) from connections").await
    }

    fn is_signed(&self, seen: &Seen, token_secret: &str) -> bool {
        seen.is_signed_by(&self.provider.url(), "odd-secret", token_secret)
    }
}

fn call(server: &TestServer, connection: &Value, method: &str, path: &str) -> testkit::Call {
    let key = connection["key"].as_str().unwrap();
    server.api(method, &format!("/v1/passthrough{path}")).connection(key)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_and_every_call_is_signed() {
    let setting = Setting::new().await;
    let connection = setting.connected().await;
    let (server, provider) = (&setting.server, &setting.provider);

    let first = &provider.seen("/initiate")[0];
    let with = first.signed_with();
    assert_eq!(first.body, "scope=read+%26+write");
    assert_eq!(
        (with["realm"].as_str(), with["oauth_consumer_key"].as_str()),
        ("Odd realm", "odd-client")
    );
    assert_eq!(with.get("oauth_token"), None);
    assert!(setting.is_signed(first, ""), "{first:?}");
    let second = &provider.seen("/buy")[0];
    let with = second.signed_with();
    assert_eq!(
        (with["oauth_token"].as_str(), with["oauth_verifier"].as_str()),
        ("hh5s", "hfdp")
    );
    assert!(setting.is_signed(second, "hdhd&0244"), "{second:?}");
    let check = &provider.seen("/api/me")[0];
    assert_eq!(check.signed_with()["oauth_token"], "nnch/734");
    assert!(setting.is_signed(check, "canary-pfkkd"), "{check:?}");
    assert_eq!(connection["state"], "operational");
    let learnt = server.database.text("select variables->>'user' from connections").await;
    assert_eq!(learnt, "38895958");

    call(server, &connection, "GET", "/items?name=a+b&x=%C3%A9&x=1&empty")
        .send()
        .await
        .expect(200);
    call(server, &connection, "POST", "/form")
        .header("content-type", FORM)
        .body("status=Hello+Ladies%20%2B+more&b5=%3D%253D")
        .send()
        .await
        .expect(200);
    call(server, &connection, "POST", "/json")
        .json(&json!({ "status": "not=signed&at=all" }))
        .send()
        .await
        .expect(200);
    let mut nonces = Vec::new();
    for seen in ["/api/items", "/api/form", "/api/json"].map(|path| provider.seen(path).pop().unwrap()) {
        assert!(setting.is_signed(&seen, "canary-pfkkd"), "{seen:?}");
        assert!(!setting.is_signed(&seen, "another"), "the test tells signatures apart");
        assert!(seen.head.contains("x-company: 38895958"), "{}", seen.head);
        nonces.push(seen.signed_with()["oauth_nonce"].clone());
    }
    assert_eq!(
        provider.seen("/api/form")[0].body,
        "status=Hello+Ladies%20%2B+more&b5=%3D%253D"
    );
    nonces.dedup();
    assert_eq!(nonces.len(), 3, "each has its own nonce");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_sealed_and_erased_and_told_to_nobody_else() {
    let setting = Setting::new().await;
    let connection = setting.connected().await;
    let server = &setting.server;
    let everything = server
        .database
        .text("select concat((select string_agg(c::text, ' ') from connections c), (select string_agg(e::text, ' ') from events e), (select string_agg(f::text, ' ') from flows f), (select string_agg(x::text, ' ') from credentials x))")
        .await;
    for secret in ["canary-pfkkd", "nnch/734", "hdhd&0244", "hfdp"] {
        assert!(!everything.contains(secret), "{secret}");
    }
    let held = "select count(*) from flows where quarantined is not null or sealed is not null";
    assert_eq!(server.database.number(held).await, 0);

    let reader = server.key_with(&[Scope::CredentialsRead]).await;
    let id = connection["id"].as_str().unwrap();
    let path = format!("/v1/vault/connections/{id}/credential");
    let read = server.api("GET", &path).key(&reader).send().await.expect(200).json();
    assert_eq!(read["type"], "oauth1");
    assert_eq!(read["fields"]["oauth_token_secret"], "canary-pfkkd");
    assert_eq!((&read["accessToken"], &read["expiresAt"]), (&Value::Null, &Value::Null));

    // Nothing is due for it, and there is nothing to refresh or to revoke with.
    server.advance(400 * 86_400).await;
    assert_eq!(server.broker.refresh_tick().await.unwrap(), broker::Tick::default());
    call(server, &connection, "GET", "/later").send().await.expect(200);
    let place = format!("/v1/vault/connections/{id}");
    assert_eq!(
        server
            .api("POST", &format!("{place}/refresh"))
            .send()
            .await
            .problem(409),
        "not_refreshable"
    );
    server.api("DELETE", &place).send().await.expect(200);
    server.broker.revoke_tick().await.unwrap();
    assert_eq!(setting.provider.seen("/revoke").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_token_that_was_asked_for_is_taken() {
    let setting = Setting::new().await;
    for (query, key) in [
        ("oauth_token=foreign&oauth_verifier=hfdp", "token_mismatch"),
        ("oauth_token=&oauth_verifier=hfdp", "token_mismatch"),
        ("denied=hh5s&oauth_verifier=hfdp", "token_mismatch"),
        ("denied=hh5s", "access_denied"),
        ("oauth_token=hh5s&denied=true&oauth_verifier=hfdp", "access_denied"),
        ("oauth_token=hh5s", "access_denied"),
        ("oauth_token=hh5s&oauth_verifier=", "access_denied"),
        ("oauth_token=hh5s&oauth_problem=user_refused", "access_denied"),
        ("oauth_problem=consumer_key_unknown", "provider_refused"),
        ("code=c", "access_denied"),
    ] {
        let (flow, browser, callback) = setting.before_callback("hh5s").await;
        browser.get(&format!("{callback}&{query}")).await.expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["code"], key, "{query}: {outcome}");
    }
    // Without a word of OAuth 1, or with a doubled one, nothing is read at all.
    let (flow, browser, callback) = setting.before_callback("hh5s").await;
    for query in [
        "",
        "&oauth_verifier=hfdp",
        "&oauth_token=hh5s&oauth_token=hh5s&oauth_verifier=hfdp",
    ] {
        assert_eq!(browser.get(&format!("{callback}{query}")).await.status, 400, "{query}");
    }
    assert_eq!(setting.server.stage(&flow).await, "away");
    assert_eq!(setting.provider.seen("/buy").len(), 0);
    assert_eq!(setting.connections().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_belongs_to_its_browser_and_counts_once() {
    let setting = Setting::new().await;
    let (flow, browser, callback) = setting.before_callback("hh5s").await;
    let answer = format!("{callback}&oauth_token=hh5s&oauth_verifier=hfdp");
    assert_eq!(
        setting.server.browser().get(&answer).await.status,
        400,
        "without its cookie"
    );
    let (_, other, _) = setting.before_callback("other").await;
    assert_eq!(other.get(&answer).await.status, 400, "with another's cookie");
    let other_state = answer.replace(
        &StartedFlow::parameter(&callback, "state").unwrap(),
        &Token::generate().expose(),
    );
    assert_eq!(browser.get(&other_state).await.status, 400, "with another state");
    assert_eq!(setting.provider.seen("/buy").len(), 0);
    let noted = "select count(*) from audit_log where action like 'flow.state_cookie_%'";
    assert_eq!(setting.server.database.number(noted).await, 2);

    setting.access_token();
    let (one, two) = tokio::join!(browser.get(&answer), browser.get(&answer));
    assert_eq!((one.status, two.status), (303, 303));
    assert_eq!(browser.get(&answer).await.status, 303, "a reload");
    assert_eq!(setting.provider.seen("/buy").len(), 1);
    while browser.check(&flow.result).await["status"] == "pending" {
        tokio::task::yield_now().await;
    }
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    assert_eq!(setting.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_gives_no_good_token_leaves_no_connection() {
    let setting = Setting::new().await;
    let not_confirmed = "oauth_token=a&oauth_token_secret=b";
    for (reply, status, key) in [
        (
            Reply::With(200, FORM, not_confirmed.to_owned()),
            424,
            "provider_unavailable",
        ),
        (
            Reply::With(
                200,
                FORM,
                "oauth_callback_confirmed=true&oauth_token_secret=b".to_owned(),
            ),
            424,
            "provider_unavailable",
        ),
        (
            Reply::With(200, "text/html", "<h1>Hello</h1>".to_owned()),
            424,
            "provider_unavailable",
        ),
        (
            Reply::With(401, "text/plain", "Bad signature odd-secret".to_owned()),
            424,
            "app_broken",
        ),
        (Reply::json(503, &json!({})), 503, "provider_unavailable"),
    ] {
        setting.provider.reply_at("/initiate", reply.clone());
        let flow = setting.server.begin_with(&setting.session, "odd-oauth1", "popup").await;
        let answer = setting.server.browser().redeem(&flow).await;
        assert_eq!(answer.problem(status), key, "{reply:?}");
    }
    for (reply, key) in [
        (
            Reply::With(401, FORM, "oauth_problem=signature_invalid".to_owned()),
            "app_broken",
        ),
        (
            Reply::With(
                401,
                FORM,
                "oauth_problem=verifier_invalid&oauth_problem_advice=Too+late+hdhd%260244".to_owned(),
            ),
            "provider_refused",
        ),
        (
            Reply::With(200, FORM, "oauth_token=a".to_owned()),
            "provider_unavailable",
        ),
        (Reply::json(500, &json!({})), "provider_unavailable"),
        (
            Reply::With(
                200,
                FORM,
                "oauth_token=a&oauth_token_secret=b&user_id=evil.test".to_owned(),
            ),
            "value_refused",
        ),
    ] {
        let (flow, browser, callback) = setting.before_callback("hh5s").await;
        setting.provider.reply_at("/buy", reply.clone());
        browser
            .get(&format!("{callback}&oauth_token=hh5s&oauth_verifier=hfdp"))
            .await
            .expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["code"], key, "{reply:?}: {outcome}");
        assert!(!outcome.to_string().contains("hdhd"), "{outcome}");
    }
    assert_eq!(setting.connections().await, 0);

    // Nothing was sent: the page tries again with the same answer.
    let (flow, browser, callback) = setting.before_callback("hh5s").await;
    setting.provider.close();
    let answer = format!("{callback}&oauth_token=hh5s&oauth_verifier=hfdp");
    assert_eq!(browser.get(&answer).await.status, 503);
    setting.provider.open().await;
    setting.access_token();
    browser.get(&answer).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_cannot_sign_himself() {
    let setting = Setting::new().await;
    let connection = setting.connected().await;
    let (server, provider) = (&setting.server, &setting.provider);
    let refused = call(server, &connection, "GET", "/own?oauth_token=mine").send().await;
    assert_eq!(refused.problem(400), "passthrough_refused");
    let refused = call(server, &connection, "POST", "/own")
        .header("content-type", FORM)
        .body("a=1&oauth%5Fnonce=mine")
        .send()
        .await;
    assert_eq!(refused.problem(400), "passthrough_refused");
    assert!(refused.text.contains("oauth_nonce"), "{}", refused.text);
    let long = format!("a={}", "x".repeat(1024 * 1024));
    let refused = call(server, &connection, "POST", "/own")
        .header("content-type", FORM)
        .body(long)
        .send()
        .await;
    assert!(
        refused.text.contains("too_large"),
        "{} {}",
        refused.status,
        refused.text
    );
    call(server, &connection, "GET", "/own")
        .header("authorization", "OAuth oauth_token=\"mine\"")
        .send()
        .await
        .expect(200);
    let seen = provider.seen("/api/own");
    assert_eq!(seen.len(), 1);
    assert!(setting.is_signed(&seen[0], "canary-pfkkd"));
}

async fn submit(setting: &Setting, account: &str) -> Answer {
    let body = json!({
        "integration": "odd-oauth1", "auth": "token", "embedder": SHOP,
        "values": {
            "account": account, "consumer_key": "ck", "consumer_secret": "cs-canary", "token_id": "ti", "token_secret": "ts-canary",
        },
    });
    let browser = setting.server.browser();
    browser.post("/connect/api/submit", Some(&setting.session), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_in_values_sign_too() {
    let setting = Setting::new().await;
    let connection = submit(&setting, "1234567-sb1").await.expect(200).json()["connection"].clone();
    call(&setting.server, &connection, "GET", "/record?limit=1")
        .send()
        .await
        .expect(200);
    for path in ["/api/me", "/api/record"] {
        let seen = &setting.provider.seen(path)[0];
        let with = seen.signed_with();
        assert_eq!(
            (with["realm"].as_str(), with["oauth_signature_method"].as_str()),
            ("1234567_SB1", "HMAC-SHA256")
        );
        assert_eq!(
            (with["oauth_consumer_key"].as_str(), with["oauth_token"].as_str()),
            ("ck", "ti")
        );
        assert!(
            seen.is_signed_by(&setting.provider.url(), "cs-canary", "ts-canary"),
            "{seen:?}"
        );
        assert!(!format!("{seen:?}").contains("canary"), "secrets sign and are not sent");
    }
    let plain = Setting::new().await;
    submit(&plain, "1234567").await.expect(200);
    assert_eq!(plain.provider.seen("/api/me")[0].signed_with()["realm"], "1234567");
    // The service says no: it is told in the form.
    let refused = Setting::new().await;
    refused
        .provider
        .reply_at("/api/me", Reply::json(401, &json!({ "message": "No such token" })));
    assert_eq!(submit(&refused, "1").await.problem(422), "credential_refused");
    assert_eq!(refused.connections().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_elsewhere_is_imported() {
    let setting = Setting::new().await;
    let server = &setting.server;
    let key = server.key_with(&[Scope::ConnectionsImport]).await;
    let import = async |fields: Value| {
        let body = json!({
            "platform": "odd-oauth1", "auth": "oauth1", "identity": "u-2", "prove": "check",
            "fields": fields, "variables": { "user": "7" },
        });
        server
            .api("POST", "/v1/vault/connections")
            .key(&key)
            .json(&body)
            .send()
            .await
    };
    let refused = import(json!({ "oauth_token": "it" })).await;
    assert_eq!(refused.problem(422), "field_errors");
    let made = import(json!({ "oauth_token": "it", "oauth_token_secret": "its-canary" }))
        .await
        .expect(201)
        .json();
    call(server, &made, "GET", "/imported").send().await.expect(200);
    for path in ["/api/me", "/api/imported"] {
        assert!(setting.is_signed(&setting.provider.seen(path)[0], "its-canary"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ways_with_other_names_of_the_state_live_side_by_side() {
    let setting = Setting::new().await;
    let server = &setting.server;
    let session = server.session(&json!({ "identity": "u-2" })).await;
    let (ticket, proof) = (Token::generate().expose(), Token::generate().expose());
    let body = json!({
        "integration": "odd-oauth1", "auth": "oauth2", "values": {}, "name": null, "mode": "popup",
        "ticket": ticket, "proof": proof, "embedder": SHOP,
    });
    let started = server
        .browser()
        .post("/connect/api/flows", Some(&session), &body)
        .await
        .expect(201)
        .json();
    let text = |name: &str| started[name].as_str().unwrap().to_owned();
    let flow = StartedFlow {
        flow: text("flow"),
        result: text("result"),
        code: text("code"),
        ticket,
        proof,
        url: None,
    };
    let browser = server.browser();
    let authorize = browser.leave(&flow).await;
    let parameter = |name| StartedFlow::parameter(&authorize, name).unwrap();
    let (redirect, state) = (parameter("redirect_uri"), parameter("ticket"));
    assert_eq!(
        browser.get(&format!("{redirect}?code=c&state={state}")).await.status,
        400,
        "that is the other's name"
    );
    assert_eq!(server.stage(&flow).await, "away");
    assert_eq!(setting.provider.seen("/token").len(), 0);
    browser
        .get(&format!("{redirect}?code=c&ticket={state}"))
        .await
        .expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    // And the first way calls it `state`, as ever.
    let (flow, browser, callback) = setting.before_callback("hh5s").await;
    let answer = format!("{callback}&oauth_token=hh5s&oauth_verifier=hfdp");
    assert_eq!(browser.get(&answer.replace("state=", "ticket=")).await.status, 400);
    assert_eq!(server.stage(&flow).await, "away");
}
