//! Connections whose values a person types in: fields of each kind, a user name and password, nothing.

use serde_json::{Value, json};
use testkit::{Answer, OddProvider, Reply, TestServer};

struct Work {
    provider: OddProvider,
    server: TestServer,
    session: String,
}

impl Work {
    async fn new() -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder().with_odd_provider(&provider).start().await;
        let session = server.session(&json!({ "identity": "u-1" })).await;
        Self {
            provider,
            server,
            session,
        }
    }

    async fn form(&self, session: &str, auth: &str) -> Value {
        let body = json!({ "integration": "odd-typed", "auth": auth });
        let form = self
            .server
            .browser()
            .post("/connect/api/form", Some(session), &body)
            .await;
        form.expect(200).json()
    }

    async fn submit(&self, auth: &str, values: Value) -> Answer {
        self.submit_in(&self.session, auth, values).await
    }

    async fn submit_in(&self, session: &str, auth: &str, values: Value) -> Answer {
        let body = json!({ "integration": "odd-typed", "auth": auth, "values": values, "embedder": testkit::SHOP });
        self.server
            .browser()
            .post("/connect/api/submit", Some(session), &body)
            .await
    }

    async fn call(&self, connection: &Value, path: &str) -> Answer {
        let key = connection["key"].as_str().unwrap();
        let call = self.server.api("GET", &format!("/v1/passthrough{path}"));
        call.connection(key).send().await
    }

    fn known(&self, id: &str) {
        let answer = json!({ "type": "known", "id": id, "name": "Acme" });
        self.provider.reply_at("/api/accounts/", Reply::json(200, &answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_fields_are_asked_checked_sent_and_stand_there_again() {
    let work = Work::new().await;
    let form = work.form(&work.session, "form").await;
    assert_eq!(form["auth"]["kind"], "form");
    let kinds: Vec<_> = form["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            (
                field["name"].as_str().unwrap(),
                field["type"].as_str().unwrap(),
                field["secret"].as_bool().unwrap(),
                field["required"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("account", "text", false, true),
            ("token", "text", true, true),
            ("region", "choice", false, false),
            ("seat", "number", false, false)
        ]
    );
    assert_eq!(form["fields"][0]["pattern"], "AC[0-9]{4}", "as a browser reads it");

    let wrong = work.submit("form", json!({ "account": "AC12", "seat": "one" })).await;
    assert_eq!(wrong.problem(422), "field_errors");
    let reasons = wrong.json()["meta"]["reasons"].clone();
    assert_eq!(
        reasons,
        json!({ "account": "pattern", "token": "required", "seat": "pattern" })
    );
    assert_eq!(work.provider.seen("/api").len(), 0);

    let values = json!({ "account": "AC1234", "token": "typed-canary-7d" });
    for nobody in [json!({ "type": "anonymous", "id": "7" }), json!({ "type": "known" })] {
        work.provider.reply_at("/api/accounts/", Reply::json(200, &nobody));
        assert_eq!(
            work.submit("form", values.clone()).await.problem(422),
            "credential_refused"
        );
    }
    work.known("7");
    let connection = work.submit("form", values).await.expect(200).json()["connection"].clone();
    let check = work.provider.seen("/api/accounts/AC1234").pop().unwrap();
    assert_eq!(check.target, "/api/accounts/AC1234?region=eu");
    // base64 of AC1234/token:typed-canary-7d, in lower case as the head is.
    assert!(
        check
            .head
            .contains(&"authorization: Basic QUMxMjM0L3Rva2VuOnR5cGVkLWNhbmFyeS03ZA==".to_lowercase()),
        "{}",
        check.head
    );
    assert!(!check.head.contains("x-seat"));
    let kept = work
        .server
        .database
        .text("select variables::text || account_id from connections")
        .await;
    assert_eq!(kept, r#"{"region": "eu", "account": "AC1234"}7"#);
    work.call(&connection, "/things").await.expect(200);
    assert_eq!(work.provider.seen("/api/things")[0].target, "/api/things?region=eu");

    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    work.known("7");
    let tested = work
        .server
        .api("POST", &format!("{path}/test"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(tested["ok"], json!(true), "{tested}");
    let again = work
        .server
        .api("POST", &format!("{path}/reconnect"))
        .send()
        .await
        .expect(200)
        .json();
    let again = again["requestId"].as_str().unwrap();
    let form = work.form(again, "form").await;
    assert_eq!(
        (&form["fields"][0]["default"], &form["fields"][1]["default"]),
        (&json!("AC1234"), &Value::Null)
    );
    assert!(!form.to_string().contains("typed-canary"));
    let values = json!({ "account": "AC1234", "token": "typed-canary-8e", "region": "us", "seat": "3" });
    work.known("8");
    assert_eq!(
        work.submit_in(again, "form", values.clone()).await.problem(409),
        "account_changed"
    );
    work.known("7");
    let same = work.submit_in(again, "form", values).await.expect(200).json()["connection"].clone();
    assert_eq!(same["id"], connection["id"]);
    work.call(&same, "/others").await.expect(200);
    let seen = work.provider.seen("/api/others").pop().unwrap();
    assert_eq!(seen.target, "/api/others?region=us");
    assert!(seen.head.contains("x-seat: 3"), "{}", seen.head);
    assert!(!work.server.database.dump().await.contains("typed-canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_once_more_is_answered_once_more_and_made_once() {
    let work = Work::new().await;
    let values = json!({ "account": "AC1234", "token": "typed-canary-7d" });
    work.known("7");
    let first = work.submit("form", values.clone()).await.expect(200).json();
    let asked = work.provider.seen("/api").len();
    let again = work.submit("form", values.clone()).await.expect(200);
    assert_eq!(again.json(), first);
    assert!(!again.text.contains("typed-canary"), "{}", again.text);
    assert_eq!(work.provider.seen("/api").len(), asked, "the service is asked nothing");

    // Other values were not kept, and nothing says that they were.
    for other in [
        json!({ "account": "AC1234", "token": "typed-canary-8e" }),
        json!({ "account": "AC1235", "token": "typed-canary-7d" }),
        json!({ "account": "AC1234", "token": "typed-canary-7d", "seat": "3" }),
        json!({ "account": "AC1234" }),
    ] {
        assert_eq!(work.submit("form", other).await.problem(409), "session_used");
    }
    let basic = json!({ "username": "ann@example.com", "password": "p" });
    assert_eq!(work.submit("basic", basic).await.problem(409), "session_used");
    for body in [
        json!({
            "integration": "sandbox", "auth": "api_key", "values": { "api_key": "sandbox_key_1234567890" },
            "embedder": testkit::SHOP,
        }),
        json!({
            "integration": "odd-typed", "auth": "form", "values": values, "embedder": "https://evil.example.test",
        }),
    ] {
        let browser = work.server.browser();
        let refused = browser.post("/connect/api/submit", Some(&work.session), &body).await;
        assert_eq!(refused.problem(409), "session_used", "{body}");
    }
    let made = "select count(*) from events where type in ('connection.created', 'session.completed')";
    assert_eq!(work.server.database.number(made).await, 2);

    // Nobody finds out by it what was typed in.
    let looks = "update connect_sessions set repeats = 10";
    work.server.database.execute(looks).await;
    assert_eq!(work.submit("form", values.clone()).await.problem(409), "session_used");
    work.server
        .database
        .execute("update connect_sessions set repeats = 0")
        .await;

    // A reconnect is told of its connection too. What was there before is not kept any more.
    let path = format!("/v1/vault/connections/{}", first["connection"]["id"].as_str().unwrap());
    let reconnect = work.server.api("POST", &format!("{path}/reconnect"));
    let session = reconnect.send().await.expect(200).json();
    let session = session["requestId"].as_str().unwrap();
    let newer = json!({ "account": "AC1234", "token": "typed-canary-9f", "seat": "3" });
    let without_seat = json!({ "account": "AC1234", "token": "typed-canary-9f" });
    work.known("7");
    for _ in 0..2 {
        let answer = work.submit_in(session, "form", newer.clone()).await.expect(200).json();
        assert_eq!(answer["connection"]["id"], first["connection"]["id"]);
    }
    for other in [&values, &without_seat] {
        let refused = work.submit_in(session, "form", other.clone()).await;
        assert_eq!(refused.problem(409), "session_used");
    }
    assert_eq!(work.submit("form", values).await.problem(409), "session_used");

    // Nor is one that was deleted; and a session that has ended says nothing.
    work.server.api("DELETE", &path).send().await.expect(200);
    assert_eq!(
        work.submit_in(session, "form", newer.clone()).await.problem(409),
        "session_used"
    );
    work.server.advance(31 * 60).await;
    assert_eq!(
        work.submit_in(session, "form", newer).await.problem(401),
        "session_expired"
    );
    let left = "select count(*) from connections where deleted_at is null";
    assert_eq!(work.server.database.number(left).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_name_and_password_are_sent_as_basic() {
    let work = Work::new().await;
    let form = work.form(&work.session, "basic").await;
    let labels: Vec<_> = form["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["Email", "Password"]);
    assert_eq!(
        work.submit("basic", json!({ "username": "ann", "password": "p" }))
            .await
            .problem(422),
        "field_errors"
    );
    assert_eq!(
        work.submit("basic", json!({ "username": "a:b@example.com", "password": "p" }))
            .await
            .problem(422),
        "field_errors"
    );
    let values = json!({ "username": "ann@example.com", "password": "pä:ss" });
    let connection = work.submit("basic", values).await.expect(200).json()["connection"].clone();
    let sent = "authorization: Basic YW5uQGV4YW1wbGUuY29tOnDDpDpzcw==".to_lowercase();
    assert!(
        work.provider.seen("/api/users/ann%40example.com")[0]
            .head
            .contains(&sent)
    );
    work.call(&connection, "/things").await.expect(200);
    assert!(work.provider.seen("/api/things")[0].head.contains(&sent));
    let kinds = "select auth_method || state from connections";
    assert_eq!(work.server.database.text(kinds).await, "basicoperational");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sign_in_nothing_is_asked_and_the_service_is_called() {
    let work = Work::new().await;
    let form = work.form(&work.session, "none").await;
    assert_eq!((&form["auth"]["kind"], &form["fields"]), (&json!("none"), &json!([])));
    assert_eq!(
        work.submit("none", json!({ "token": "x" })).await.problem(400),
        "unknown_value"
    );
    let connection = work.submit("none", json!({})).await.expect(200).json()["connection"].clone();
    assert_eq!(work.provider.seen("/api/status").len(), 1);
    work.call(&connection, "/things").await.expect(200);
    assert!(!work.provider.seen("/api/things")[0].head.contains("authorization"));
    // A host that the definition does not list: nothing is sent.
    let elsewhere = work.server.api("GET", "/v1/passthrough/elsewhere");
    let key = connection["key"].as_str().unwrap();
    let refused = elsewhere
        .connection(key)
        .header("X-Latchkey-Host", "evil.test")
        .send()
        .await;
    assert_eq!(refused.problem(400), "passthrough_refused");
    assert_eq!(work.provider.seen("/api/elsewhere").len(), 0);
    // Looked at after a week, by the check of this way to sign in.
    work.server.advance(7 * 86_400 + 60).await;
    assert_eq!(work.server.broker.check_idle_tick().await.unwrap(), 1);
    assert_eq!(work.provider.seen("/api/status").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_finds_the_way_by_its_fields() {
    let work = Work::new().await;
    let import = async |fields: Value| {
        let body = json!({ "platform": "odd-typed", "identity": "u-2", "prove": "none", "fields": fields });
        let key = work.server.key_with(&[broker::Scope::ConnectionsImport]).await;
        work.server
            .api("POST", "/v1/vault/connections")
            .key(&key)
            .json(&body)
            .send()
            .await
    };
    import(json!({ "username": "ann@example.com", "password": "p" }))
        .await
        .expect(201);
    import(json!({ "account": "AC1234", "token": "t" })).await.expect(201);
    let ways = "select string_agg(auth_method, ',' order by auth_method) from connections";
    assert_eq!(work.server.database.text(ways).await, "basic,form");
}

const OWN_PLACE: &str = r#"id: own-place
name: Own place
description: Runs where its people run it.
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  site: { title: Address, type: origin, default: "https://place.example.com" }
auth:
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
api: { base_url: "${variables.site}", headers: { X-Key: "${credential.key}" } }
check: { get: /me }
"#;

/// "Try again" would not help who mistyped the address.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_typed_and_cannot_be_reached_is_told_at_its_field() {
    let definitions = [("own-place.yaml".to_owned(), OWN_PLACE.to_owned())];
    let server = TestServer::builder().with_definitions(definitions).start().await;
    let settings = store::AppSettings {
        enabled: Some(true),
        ..store::AppSettings::default()
    };
    let origin = server.broker.public_origin();
    let set = server.broker.store().set_app(
        server.project.id,
        vault::Environment::Test,
        "own-place",
        origin,
        settings,
    );
    set.await.unwrap();
    let session = server.session(&json!({ "identity": "u-1" })).await;
    let submit = async |values: Value| {
        let body = json!({
            "integration": "own-place", "auth": "api_key", "values": values, "embedder": testkit::SHOP,
        });
        server
            .browser()
            .post("/connect/api/submit", Some(&session), &body)
            .await
    };
    let typed = submit(json!({ "key": "k", "site": "https://nothing.example.com" })).await;
    assert_eq!(typed.problem(422), "address_unreachable");
    let told = typed.json();
    let message = "Own place could not be reached at the address that was entered. Check the address, then try again.";
    assert_eq!(
        (&told["message"], &told["meta"]["fields"]["site"]),
        (&json!(message), &json!(message))
    );
    // The one that stood there is nobody's mistake at this form.
    let usual = submit(json!({ "key": "k" })).await;
    assert_eq!(usual.problem(503), "provider_unavailable");
}
