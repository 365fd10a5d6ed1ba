//! What is secret is nowhere in clear: not in a dump of the database, not in `/metrics`, not in the log at `trace`.

use std::io::Write;
use std::sync::{Arc, Mutex};

use broker::Scope;
use serde_json::{Value, json};
use store::{AppSettings, ClientKey, ProjectChange, Verify};
use testkit::{
    Account, Consent, MailServer, OddProvider, Reply, StartedFlow, TestServer, callback_of, rewritten_state,
};
use tracing_subscriber::EnvFilter;
use vault::{Environment, SecretString};

use crate::console::sso;

const CLIENT_SECRET: &str = "canary-client-secret-5d1f";
const CLIENT_KEY: &str = include_str!("../../../conformance/keys/p256.pem");
const SMTP_PASSWORD: &str = "canary-smtp-password-c09e";

/// Everything that is logged in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Our own crates at `trace`, the others as the product's logger has them.
    fn install() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let filter = "trace,hyper=info,hyper_util=info,h2=info,reqwest=info,rustls=info,actix_http=info,actix_server=info,\
                      mio=info,want=info,tokio_util=info,sqlx=info,actix_web=info";
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(filter))
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        // Only one log a process: under `cargo test` this is the only test that installs one.
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Secrets with what they are.
#[derive(Default)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn plant(&mut self, what: &'static str, value: impl Into<String>) {
        let value = value.into();
        assert!(value.len() >= 16, "{what} is too short to be told apart");
        self.0.push((what, value));
    }

    /// What of it is in a text, in any form.
    fn found_in(&self, text: &str) -> Vec<&'static str> {
        let found = |value: &str| testkit::forms_of(value).iter().any(|form| text.contains(form));
        self.0
            .iter()
            .filter(|(_, value)| found(value))
            .map(|(what, _)| *what)
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_anywhere_in_clear() {
    let log = Log::install();
    let mut canaries = Canaries::default();
    let provider = OddProvider::start().await;
    let mail = MailServer::start().await;
    mail.require("shop", SMTP_PASSWORD);
    canaries.plant("password of the mail server", SMTP_PASSWORD);
    let server = TestServer::builder()
        .with_odd_provider(&provider)
        .with_codes()
        .signing_on(&provider, sso::SECRET)
        .mailing(mail.mailer(&mail.url_with("shop", SMTP_PASSWORD)))
        .start()
        .await;
    canaries.plant("test key", server.test_key.clone());
    canaries.plant("live key", server.live_key.clone());
    canaries.plant("client secret of the sandbox", server.client_secret.clone());
    let settings = AppSettings {
        client_secret: Some(SecretString::from(CLIENT_SECRET)),
        client_key: Some(ClientKey {
            private: SecretString::from(CLIENT_KEY),
            public: json!({ "kty": "EC" }),
        }),
        ..AppSettings::default()
    };
    server
        .store
        .set_app(server.project.id, Environment::Test, "odd", &server.url, settings)
        .await
        .unwrap();
    canaries.plant("client secret", CLIENT_SECRET);
    for line in CLIENT_KEY.lines().filter(|line| !line.starts_with('-')) {
        canaries.plant("private key of the client", line);
    }
    typed_in(&server, &mut canaries).await;
    in_an_embed_token(&server, &mut canaries).await;
    for end in [End::Connected, End::Left, End::Refused, End::SameWindow] {
        sign_in(&server, &provider, &mut canaries, end).await;
    }
    by_code(&server, &provider, &mut canaries).await;
    quarantined(&server, &mut canaries).await;
    used(&server, &provider, &mut canaries).await;
    told(&server, &provider, &mut canaries).await;
    imported(&server, &provider, &mut canaries).await;
    given_out(&server, &mut canaries).await;
    mailed(&server, &mail, &mut canaries).await;
    linked(&server, &mut canaries).await;
    mistaken(&server, &mut canaries).await;
    for (what, value) in sso::secrets_of_sign_ons(&server, provider).await {
        canaries.plant(what, value);
    }

    let dump = server.database.dump().await;
    assert!(dump.contains("u-2") && dump.len() > 10_000, "the dump holds the rows");
    assert_eq!(canaries.found_in(&dump), Vec::<&str>::new(), "in the database");
    let metrics = server.api("GET", "/metrics").no_key().send().await.expect(200).text;
    assert!(metrics.contains("latchkey_http_requests_total"));
    assert_eq!(canaries.found_in(&metrics), Vec::<&str>::new(), "in the metrics");
    let log = log.text();
    assert!(log.contains("request"), "there is a log");
    let leaks: Vec<&str> = log.lines().filter(|line| !canaries.found_in(line).is_empty()).collect();
    assert_eq!(leaks, Vec::<&str>::new(), "in the log");
}

/// The session of an old client, which comes in with a body and goes out again.
async fn in_an_embed_token(server: &TestServer, canaries: &mut Canaries) {
    let link = server
        .api("POST", "/v1/event-links/create")
        .send()
        .await
        .expect(200)
        .json();
    let token = link["token"].as_str().unwrap();
    canaries.plant("session of an event link", token);
    for body in [
        json!({ "linkSettings": { "connectedPlatforms": [], "eventIncToken": token } }),
        json!({ "linkSettings": { "connectedPlatforms": {}, "eventIncToken": token }, "expiresAt": "soon" }),
    ] {
        server.api("POST", "/v1/embed-tokens/create").json(&body).send().await;
    }
}

/// A key that is refused, and one that is kept.
async fn typed_in(server: &TestServer, canaries: &mut Canaries) {
    let session = server.session(&json!({ "identity": "u-1" })).await;
    for (key, status) in [("canary-refused-api-key-77a1", 422), ("sandbox_key_canary_9b2e4f", 200)] {
        let body = json!({
            "integration": "sandbox", "auth": "api_key", "values": { "api_key": key }, "embedder": testkit::SHOP,
        });
        server
            .browser()
            .post("/connect/api/submit", Some(&session), &body)
            .await
            .expect(status);
        canaries.plant("api key", key);
    }
    canaries.plant("session", session);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Connected,
    Left,
    Refused,
    SameWindow,
}

/// A code that the person enters at the service: one each that became tokens, was refused, was echoed, and waits.
async fn by_code(server: &TestServer, provider: &OddProvider, canaries: &mut Canaries) {
    for end in ["granted", "refused", "echoed", "waits"] {
        let session = server.session(&json!({ "identity": "u-2" })).await;
        let code = format!("canary-device-code-{end}-77d1");
        canaries.plant("device code", code.clone());
        let given = json!({
            "device_code": code, "user_code": "WDJB-MJHT", "verification_uri": "https://service.test/device", "expires_in": 900,
        });
        provider.reply_at("/device", Reply::json(200, &given));
        let body = json!({ "integration": "odd-device", "embedder": testkit::SHOP });
        let begun = server
            .browser()
            .post("/connect/api/codes", Some(&session), &body)
            .await
            .expect(201);
        canaries.plant("result handle", begun.json()["result"].as_str().unwrap());
        let said = |error: &str| {
            Reply::json(
                400,
                &json!({ "error": error, "error_description": format!("for {code}") }),
            )
        };
        provider.reply(match end {
            "granted" => {
                canaries.plant("token for a code", "canary-token-for-a-code-1b");
                Reply::tokens("canary-token-for-a-code-1b", "canary-token-for-a-code-2b", 3600)
            }
            "refused" => said("access_denied"),
            "echoed" => said(&code),
            _ => said("authorization_pending"),
        });
        server.advance(5).await;
        assert_eq!(server.broker.poll_tick().await.unwrap().asked, 1, "{end}");
    }
    assert_eq!(provider.seen("/device").len(), 4);
}

async fn sign_in(server: &TestServer, provider: &OddProvider, canaries: &mut Canaries, end: End) {
    let session = server.session(&json!({ "identity": "u-2" })).await;
    let flow = server
        .begin_with(
            &session,
            "odd",
            if end == End::SameWindow { "redirect" } else { "popup" },
        )
        .await;
    let browser = server.browser();
    let authorize = if end == End::SameWindow {
        let state = rewritten_state(&flow.result, "https://shop.example.test/x", false);
        let next = browser
            .redeem_in_same_window(&flow, &state, Some("https://shop.example.test/"))
            .await
            .expect(200);
        next.json()["url"].as_str().unwrap().to_owned()
    } else {
        browser.leave(&flow).await
    };
    let code = format!("canary-code-{end:?}-0f5c6d");
    let (access, refresh) = (
        format!("canary-access-{end:?}-a8d3"),
        format!("canary-refresh-{end:?}-b7e2"),
    );
    if end == End::Refused {
        // A provider that says again what it was sent.
        let body = json!({ "error": "invalid_grant", "error_description": format!("{code} {CLIENT_SECRET}") });
        provider.reply(Reply::json(400, &body));
    } else if end != End::Left {
        provider.reply(Reply::tokens(&access, &refresh, 3600));
    }
    if end != End::Left {
        browser.get(&callback_of(&authorize, &code)).await.expect(303);
    }
    let state = StartedFlow::parameter(&authorize, "state").unwrap();
    for (what, value) in [
        ("session", session),
        ("state", state),
        ("code", code),
        ("access token", access),
        ("refresh token", refresh),
        ("ticket", flow.ticket),
        ("proof", flow.proof),
        ("result handle", flow.result),
        ("cookie", browser.cookie().unwrap()),
    ] {
        canaries.plant(what, value);
    }
}

/// A grant that waits for the customer's backend.
async fn quarantined(server: &TestServer, canaries: &mut Canaries) {
    let change = ProjectChange {
        verify: Some(Verify::Always),
        verify_url: Some("https://shop.example.test/verify".to_owned()),
        ..ProjectChange::default()
    };
    server.store.change_project(server.project.id, change).await.unwrap();
    let session = server.session(&json!({ "identity": "u-3" })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Allow(Account::Ann)).await;
    canaries.plant(
        "code of the sandbox",
        StartedFlow::parameter(&callback, "code").unwrap(),
    );
    let end = browser.get(&callback).await.expect(303).header("location").to_owned();
    canaries.plant("completion code", StartedFlow::parameter(&end, "code").unwrap());
}

/// A call, a refresh and a deletion.
async fn used(server: &TestServer, provider: &OddProvider, canaries: &mut Canaries) {
    let odd = server
        .api("GET", "/v1/vault/connections?platform=odd")
        .send()
        .await
        .expect(200)
        .json();
    let (key, id) = (
        odd["rows"][0]["key"].as_str().unwrap(),
        odd["rows"][0]["id"].as_str().unwrap(),
    );
    server
        .api("GET", "/v1/passthrough/x?token=canary-query-66e0c1")
        .connection(key)
        .send()
        .await
        .expect(200);
    canaries.plant("query of passthrough", "canary-query-66e0c1");
    server.advance(3301).await;
    provider.reply(Reply::tokens("canary-access-new-c4c4", "canary-refresh-new-d5d5", 3600));
    assert!(server.broker.refresh_tick().await.unwrap().refreshed > 0);
    canaries.plant("new access token", "canary-access-new-c4c4");
    canaries.plant("new refresh token", "canary-refresh-new-d5d5");
    server
        .api("DELETE", &format!("/v1/vault/connections/{id}"))
        .send()
        .await
        .expect(200);
    server.broker.revoke_tick().await.unwrap();
}

/// A webhook whose receiver says again what signed it, before and during a rotation.
async fn told(server: &TestServer, provider: &OddProvider, canaries: &mut Canaries) {
    let key = server.key_with(&[Scope::WebhooksWrite]).await;
    canaries.plant("key for webhooks", key.clone());
    let call = async |path: &str, body: &Value| {
        let answer = server.api("POST", path).key(&key).json(body).send().await;
        assert!(answer.status < 300, "{}", answer.text);
        answer.json()
    };
    let wanted =
        json!({ "url": format!("{}/hook", provider.url()), "secret": "whsec_Y2FuYXJ5LXdlYmhvb2stc2VjcmV0LTkxZDM=" });
    let made = call("/v1/webhooks/subscriptions", &wanted).await;
    let place = format!("/v1/webhooks/subscriptions/{}", made["id"].as_str().unwrap());
    let rotated = call(&format!("{place}/rotate-secret"), &json!({})).await;
    let secrets = [made["secret"].as_str().unwrap(), rotated["secret"].as_str().unwrap()];
    let echo = format!("{} {}", secrets[0], secrets[1]);
    provider.reply_at("/hook", Reply::With(500, "text/plain", echo));
    let tested = call(&format!("{place}/test"), &json!({})).await;
    assert_eq!(tested["log"][0]["response"], "[hidden] [hidden]", "{tested}");
    for secret in secrets {
        canaries.plant("signing secret", secret);
        canaries.plant("signing secret without its prefix", &secret["whsec_".len()..]);
    }
    let refused = json!({ "url": provider.url(), "secret": "whsec_canary-malformed-secret-51aa" });
    let answer = server
        .api("POST", "/v1/webhooks/subscriptions")
        .key(&key)
        .json(&refused)
        .send()
        .await;
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    canaries.plant("signing secret that does not fit", "whsec_canary-malformed-secret-51aa");
}

/// Imports that are kept, refused, not proved and malformed, and a forced refresh that the provider answers with an echo.
async fn imported(server: &TestServer, provider: &OddProvider, canaries: &mut Canaries) {
    let key = server
        .key_with(&[Scope::ConnectionsImport, Scope::ConnectionsWrite])
        .await;
    let import = |access: &str, refresh: &str, prove: &str| {
        let body = json!({
            "platform": "odd", "tokens": { "accessToken": access, "refreshToken": refresh }, "expiresIn": 3600, "prove": prove,
        });
        let call = server.api("POST", "/v1/vault/connections").key(&key).json(&body);
        call.header("idempotency-key", &format!("canary-idempotency-{refresh}"))
    };
    let kept = import("canary-import-access-1a", "canary-import-refresh-1b", "none");
    let id = kept.send().await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let echo = |token: &str| {
        let words = format!("{token} was used");
        Reply::json(400, &json!({ "error": "invalid_request", "error_description": words }))
    };
    provider.reply(echo("canary-import-refresh-1b"));
    let forced = server.api("POST", &format!("/v1/vault/connections/{id}/refresh"));
    forced.send().await.problem(424);
    provider.reply(echo("canary-import-refresh-2b"));
    let unproved = import("canary-import-access-2a", "canary-import-refresh-2b", "refresh");
    unproved.send().await.problem(424);
    let unsendable = import("canary-import-access-3a\u{e9}", "canary-import-refresh-3b", "none");
    unsendable.send().await.problem(422);
    let field = "canary-import-field-4a";
    let body = json!({ "platform": "sandbox", "auth": "api_key", "fields": { "api_key": field }, "prove": "check" });
    let refused = server.api("POST", "/v1/vault/connections").key(&key).json(&body);
    refused.send().await.problem(422);
    let malformed = json!({ "platform": "odd", "tokens": { "accessToken": ["canary-import-malformed-5a"] } });
    let malformed = server.api("POST", "/v1/vault/connections").key(&key).json(&malformed);
    malformed.send().await.problem(400);
    for value in [
        "canary-import-access-1a",
        "canary-import-refresh-1b",
        "canary-import-access-2a",
        "canary-import-refresh-2b",
        "canary-import-access-3a",
        "canary-import-refresh-3b",
        field,
        "canary-import-malformed-5a",
        "canary-idempotency-canary-import-refresh-1b",
    ] {
        canaries.plant("import", value);
    }
    canaries.plant("key for imports", key);
}

/// Credentials that leave by each way.
async fn given_out(server: &TestServer, canaries: &mut Canaries) {
    let key = server.key_with(&[Scope::CredentialsRead, Scope::ConnectionsRead]).await;
    let rows = server
        .api("GET", "/v1/vault/connections?limit=100")
        .send()
        .await
        .expect(200);
    let mut given = 0;
    for row in rows.json()["rows"].as_array().unwrap() {
        let path = format!("/v1/vault/connections/{}/credential", row["id"].as_str().unwrap());
        let read = server.api("GET", &path).key(&key).send().await;
        given += i32::from(read.status == 200);
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={}&subject_token_type=urn:latchkey:params:oauth:token-type:connection",
            row["key"].as_str().unwrap()
        );
        let exchanged = server.api("POST", "/v1/token").key(&key).body(form).send().await;
        assert_eq!(exchanged.status, read.status, "{}", exchanged.text);
    }
    assert!(given >= 2, "tokens and a key were given out");
    let wrong = server
        .api("POST", "/v1/token")
        .key(&key)
        .body("subject_token=canary-subject-token-7d7d");
    wrong.send().await.expect(400);
    canaries.plant("subject token", "canary-subject-token-7d7d");
    canaries.plant("key for credentials", key);
}

/// A mail whose text the mail server says again in its refusal, then one that it takes, and its link opened.
async fn mailed(server: &TestServer, mail: &MailServer, canaries: &mut Canaries) {
    let change = ProjectChange {
        mail: Some(true),
        verify: Some(Verify::Hosted),
        ..ProjectChange::default()
    };
    server.store.change_project(server.project.id, change).await.unwrap();
    let session = server
        .session(&json!({ "identity": "u-4", "email": "u4@example.test" }))
        .await;
    server.connect_in(&session, Consent::AllowShortly(Account::Ann)).await;
    server
        .database
        .execute("update sandbox_grants set revoked_at = latchkey_now()")
        .await;
    for _ in 0..2 {
        server.advance(11).await;
        server.broker.refresh_tick().await.unwrap();
    }
    mail.refuse_data("451 4.7.1 looks like spam: {link}");
    assert_eq!(server.broker.mail_tick().await.unwrap().failed, 1);
    let noted = server.database.text("select last_error from mails").await;
    assert!(
        noted.contains("looks like spam") && noted.contains("[hidden]"),
        "{noted}"
    );
    server.advance(70).await;
    assert_eq!(server.broker.mail_tick().await.unwrap().sent, 1);
    let secret = mail.taken()[0].secret();
    let browser = server.browser();
    browser.get(&mail.taken()[0].link()).await.expect(200);
    let body = json!({ "secret": secret, "click": true });
    let opened = browser.post("/connect/api/links/open", None, &body).await.expect(200);
    canaries.plant("session of a link", opened.json()["requestId"].as_str().unwrap());
    canaries.plant("link", secret);
}

/// Links of a customer's backend, with and without an `Idempotency-Key`, opened, listed and taken back.
async fn linked(server: &TestServer, canaries: &mut Canaries) {
    let browser = server.browser();
    for key in [None, Some("canary-link-idempotency-key-6b6b")] {
        let body = json!({ "identity": "u-2", "purpose": "manage" });
        let mut call = server.api("POST", "/v1/connect/links").json(&body);
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
            canaries.plant("Idempotency-Key of a link", key);
        }
        let made = call.send().await.expect(201).json();
        let (address, secret) = made["url"].as_str().unwrap().split_once('#').unwrap();
        browser.get(address).await.expect(200);
        let press = json!({ "secret": secret, "click": true });
        let opened = browser.post("/connect/api/links/open", None, &press).await.expect(200);
        let opened = opened.json();
        let session = opened["requestId"].as_str().unwrap();
        let nobody = json!({ "embedder": null });
        let listed = browser.post("/connect/api/connections", Some(session), &nobody).await;
        let listed = listed.expect(200).json();
        let own = listed["connections"][0]["id"].as_str().unwrap();
        let path = format!("/connect/api/connections/{own}/reconnect");
        let again = browser
            .post(&path, Some(session), &json!({ "embedder": null }))
            .await
            .expect(200);
        canaries.plant("session of a reconnect", again.json()["requestId"].as_str().unwrap());
        canaries.plant("session of a link of the API", session);
        canaries.plant("link of the API", secret);
        let listed = server.api("GET", "/v1/connect/links").send().await.expect(200).text;
        assert_eq!(canaries.found_in(&listed), Vec::<&str>::new(), "in the list");
        let path = format!("/v1/connect/links/{}", made["id"].as_str().unwrap());
        server.api("DELETE", &path).send().await.expect(200);
    }
}

/// Requests that are refused, and addresses that hold secrets.
async fn mistaken(server: &TestServer, canaries: &mut Canaries) {
    let wrong = "sk_test_lk_canary-wrong-key-3f3f";
    server
        .api("GET", "/v1/users/flags")
        .key(wrong)
        .send()
        .await
        .problem(401);
    canaries.plant("wrong key", wrong);
    for (what, path, value) in [
        (
            "state of the start page",
            "/connect/start?state=",
            "canary-start-state-12ab",
        ),
        ("data of the embed page", "/?data=", "canary-link-headers-98fe"),
        (
            "code of a callback",
            "/connections/oauth/callback?state=x&code=",
            "canary-stray-code-41d7",
        ),
        (
            "key in the query",
            "/v1/users/flags?secret=",
            "canary-key-in-query-8c8c",
        ),
    ] {
        server.api("GET", &format!("{path}{value}")).no_key().send().await;
        canaries.plant(what, value);
    }
    let body = "{\"identity\": [\"canary-malformed-body-2e2e\"]}";
    server
        .api("POST", "/v1/authkit/token")
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .problem(400);
    canaries.plant("body that does not fit", "canary-malformed-body-2e2e");
}
