//! A service that signs its callbacks, calls the state otherwise and knows one token only.

use catalog::{Inputs, Slot, Template};
use serde_json::json;
use testkit::{Browser, OddProvider, Reply, StartedFlow, TestServer};
use vault::ExposeSecret as _;

struct Setting {
    provider: OddProvider,
    server: TestServer,
    session: String,
}

/// What the service signs, in the order in which it is signed.
fn signed(message: &str) -> String {
    let template = Template::parse("${hex(hmac_sha256(app.client_secret, query.message))}");
    let inputs = Inputs::new()
        .text("app", "client_secret", "odd-secret")
        .text("query", "message", message);
    let text = template.unwrap().render(&inputs, Slot::Plain).unwrap();
    text.expose_secret().to_owned()
}

impl Setting {
    async fn new() -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder()
            .with_odd_provider(&provider)
            .with_signed_callbacks()
            .start()
            .await;
        let session = server.session(&json!({})).await;
        Self {
            provider,
            server,
            session,
        }
    }

    /// A flow whose browser stands before its callback: flow, browser, address, state.
    async fn before_callback(&self) -> (StartedFlow, Browser, String, String) {
        let flow = self.server.begin_with(&self.session, "odd-signed", "popup").await;
        let browser = self.server.browser();
        let authorize = browser.leave(&flow).await;
        assert_eq!(StartedFlow::parameter(&authorize, "state"), None);
        let parameter = |name| StartedFlow::parameter(&authorize, name).unwrap();
        (flow, browser, parameter("redirect_uri"), parameter("ticket"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_without_its_signature_spends_no_code() {
    let setting = Setting::new().await;
    for (name, query) in [
        ("missing", "code=c&ticket=STATE&shop=a.test".to_owned()),
        ("empty", "code=c&ticket=STATE&shop=a.test&hmac=".to_owned()),
        (
            "of another shop",
            format!("code=c&ticket=STATE&shop=b.test&hmac={}", "HMAC"),
        ),
        (
            "of nobody",
            format!("code=c&ticket=STATE&shop=a.test&hmac={}", "0".repeat(64)),
        ),
    ] {
        let (flow, browser, address, state) = setting.before_callback().await;
        let hmac = signed(&format!("code=c&shop=a.test&ticket={state}"));
        let query = query.replace("STATE", &state).replace("HMAC", &hmac);
        browser.get(&format!("{address}?{query}")).await.expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["code"], "signature_mismatch", "{name}: {outcome}");
    }
    assert_eq!(setting.provider.seen("/token").len(), 0);

    // The state by the common name is none here, and nothing is spent or ended by it.
    let (flow, browser, address, state) = setting.before_callback().await;
    let hmac = signed(&format!("code=c&shop=a.test&state={state}"));
    let answer = browser
        .get(&format!("{address}?code=c&shop=a.test&state={state}&hmac={hmac}"))
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(setting.server.stage(&flow).await, "away");

    // A refusal is not signed and says what it is.
    browser
        .get(&format!("{address}?error=access_denied&ticket={state}"))
        .await
        .expect(303);
    assert_eq!(browser.check(&flow.result).await["code"], "access_denied");
    assert_eq!(
        setting.server.database.number("select count(*) from connections").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_callback_connects_and_the_one_token_lives_on() {
    let setting = Setting::new().await;
    let (server, provider) = (&setting.server, &setting.provider);
    let (flow, browser, address, state) = setting.before_callback().await;
    let hmac = signed(&format!("code=c&shop=a.test&ticket={state}"));
    provider.reply(Reply::json(200, &json!({ "access_token": "at-1", "expires_in": 3600 })));
    browser
        .get(&format!("{address}?shop=a.test&hmac={hmac}&ticket={state}&code=c"))
        .await
        .expect(303);
    let outcome = browser.check(&flow.result).await;
    assert_eq!(outcome["status"], "success", "{outcome}");
    let sent: serde_json::Value = serde_json::from_str(&provider.seen("/token")[0].body).unwrap();
    assert_eq!(
        (&sent["code"], &sent["client_secret"]),
        (&json!("c"), &json!("odd-secret"))
    );

    for (old, new) in [("at-1", "at-2"), ("at-2", "at-3")] {
        server.advance(3301).await;
        provider.reply_at(
            "/again",
            Reply::json(200, &json!({ "access_token": new, "expires_in": 3600 })),
        );
        assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 1);
        let target = provider.seen("/again").pop().unwrap().target;
        let query = target.split_once('?').unwrap().1;
        let mut pairs: Vec<String> = query.split('&').map(str::to_owned).collect();
        pairs.sort();
        assert_eq!(
            pairs,
            [
                &format!("access_token={old}"),
                "client_id=odd-client",
                "grant_type=again"
            ]
        );
    }

    let place = format!(
        "/v1/vault/connections/{}",
        outcome["connection"]["id"].as_str().unwrap()
    );
    server.api("DELETE", &place).send().await.expect(200);
    let pending = "select count(*) from revocations where status = 'pending'";
    while server.database.number(pending).await > 0 {
        server.broker.revoke_tick().await.unwrap();
    }
    assert_eq!(server.database.text("select status from revocations").await, "revoked");
    let revoked = provider.seen("/revoke");
    assert_eq!(revoked.len(), 1, "one token, one call: {revoked:?}");
    assert_eq!((revoked[0].target.as_str(), revoked[0].body.as_str()), ("/revoke", ""));
}
