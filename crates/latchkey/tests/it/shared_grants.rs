//! Where a revocation ends all that an account gave the OAuth client, the last of its connections is revoked and no other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use store::AppSettings;
use testkit::{OddProvider, Reply, StartedFlow, TestServer};
use vault::{Environment, SecretString};

use crate::credential::of;

const DEFINITION: &str = r#"
id: ID
name: Service ID
description: A service for tests.
categories: [testing]
docs: https://docs.example.test
sources: [https://docs.example.test]
variables:
  base: { title: Base, type: origin, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${variables.base}/authorize" }
    token: { url: "${variables.base}/token", client_auth: body }
    revoke: { url: "${variables.base}/revoke", tokens: [refresh_token], ends: grant }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.base}/api"
check:
  get: /me
  account: { id: "${body.id}", name: "${body.id}" }
"#;

/// Each with the id of its OAuth client.
const SERVICES: [(&str, &str); 3] = [
    ("letters", "client-1"),
    ("files", "client-1"),
    ("elsewhere", "client-2"),
];

pub(crate) struct Setting {
    provider: OddProvider,
    pub(crate) server: TestServer,
}

impl Setting {
    pub(crate) async fn new() -> Self {
        let provider = OddProvider::start().await;
        let definitions = SERVICES.map(|(id, _)| (format!("{id}.yaml"), DEFINITION.replace("ID", id)));
        let server = TestServer::builder()
            .allowing(&provider.url())
            .with_definitions(definitions)
            .start()
            .await;
        for (integration, client) in SERVICES {
            let settings = AppSettings {
                enabled: Some(true),
                client_id: Some(client.to_owned()),
                client_secret: Some(SecretString::from("secret-1")),
                variables: Some(BTreeMap::from([("base".to_owned(), provider.url())])),
                ..AppSettings::default()
            };
            server
                .store
                .set_app(server.project.id, Environment::Test, integration, &server.url, settings)
                .await
                .unwrap();
        }
        Self { provider, server }
    }

    /// Connects this account of the service for this identity.
    pub(crate) async fn connect(&self, integration: &str, identity: &str, account: &str) -> Value {
        self.provider
            .reply_at("/api/me", Reply::json(200, &json!({ "id": account })));
        let flow = self.begin(integration, identity).await;
        let browser = self.server.browser();
        let authorize = browser.leave(&flow).await;
        browser.get(&testkit::callback_of(&authorize, "code")).await.expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["status"], "success", "{outcome}");
        outcome["connection"].clone()
    }

    async fn begin(&self, integration: &str, identity: &str) -> StartedFlow {
        let session = self.server.session(&json!({ "identity": identity })).await;
        self.server.begin_with(&session, integration, "popup").await
    }

    async fn delete(&self, connection: &Value) -> Value {
        let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
        self.server.api("DELETE", &path).send().await.expect(200).json()
    }

    /// What becomes of the grant of a connection that is deleted now.
    async fn revocation(&self, connection: &Value) -> String {
        self.delete(connection).await["revocation"].as_str().unwrap().to_owned()
    }

    /// How often the service was told, once nothing waits any more.
    async fn told(&self) -> usize {
        let waiting = "select count(*) from revocations where status = 'pending'";
        let over = async {
            loop {
                self.server.broker.revoke_tick().await.unwrap();
                if self.server.database.number(waiting).await == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), over).await.unwrap();
        self.provider.seen("/revoke").len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_an_identity_is_revoked() {
    let setting = Setting::new().await;
    let letters = setting.connect("letters", "u-1", "ann").await;
    let files = setting.connect("files", "u-1", "ann").await;
    let deleted = setting.delete(&letters).await;
    assert_eq!(
        (&deleted["revocation"], &deleted["revocationReason"]),
        (&json!("shared"), &json!("grant_shared")),
        "{deleted}"
    );
    let message = deleted["revocationMessage"].as_str().unwrap();
    assert!(message.contains("another connection uses it"), "{message}");
    assert_eq!(setting.told().await, 0);
    let server = &setting.server;
    let told = server.api("GET", &of(&letters, "events")).send().await;
    let told = told.expect(200).json();
    assert_eq!(
        (&told["rows"][0]["message"], &told["rows"][0]["data"]["revocation"]),
        (&json!(message), &json!("shared"))
    );
    for table in [
        "credentials where connection_id not in (select id from connections where deleted_at is null)",
        "revocations",
    ] {
        let left = format!("select count(*) from {table}");
        assert_eq!(server.database.number(&left).await, 0, "{table}");
    }
    let key = files["key"].as_str().unwrap();
    server
        .api("GET", "/v1/passthrough/x")
        .connection(key)
        .send()
        .await
        .expect(200);
    assert_eq!(setting.revocation(&files).await, "pending");
    assert_eq!(setting.told().await, 1);
    assert_eq!(server.database.text("select status from revocations").await, "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_identity_or_account_has_a_grant_of_its_own() {
    let setting = Setting::new().await;
    let pairs = [
        (("letters", "u-1", "a1"), ("elsewhere", "u-1", "a1"), "pending"),
        // Two accounts, at two services and at one.
        (("letters", "u-2", "a2"), ("files", "u-2", "a3"), "pending"),
        (("letters", "u-4", "a4"), ("letters", "u-4", "a5"), "pending"),
        // One account, whoever connected it.
        (("letters", "u-3", "a9"), ("files", "u-5", "a9"), "shared"),
        (("letters", "u-6", "a6"), ("letters", "u-7", "a6"), "shared"),
    ];
    for (first, second, expected) in pairs {
        let one = setting.connect(first.0, first.1, first.2).await;
        setting.connect(second.0, second.1, second.2).await;
        assert_eq!(setting.revocation(&one).await, expected, "{first:?} {second:?}");
    }
    assert_eq!(setting.told().await, 3);
    // Who has to connect again has no grant to keep.
    let one = setting.connect("letters", "u-8", "a8").await;
    setting.connect("files", "u-8", "a8").await;
    let failed = "update connections set state = 'failed' where identity = 'u-8' and integration = 'files'";
    assert_eq!(setting.server.database.execute(failed).await, 1);
    assert_eq!(setting.revocation(&one).await, "pending");
    assert_eq!(setting.told().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_are_deleted_at_once_the_last_is_revoked() {
    let setting = Setting::new().await;
    for round in 1..=5 {
        let one = setting.connect("letters", "u-1", "ann").await;
        let two = setting.connect("files", "u-1", "ann").await;
        let three = setting.connect("letters", "u-1", "ann").await;
        let (one, two, three) = tokio::join!(
            setting.revocation(&one),
            setting.revocation(&two),
            setting.revocation(&three)
        );
        let mut ends = [one, two, three];
        ends.sort_unstable();
        assert_eq!(ends, ["pending", "shared", "shared"]);
        assert_eq!(setting.told().await, round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_an_identity_revokes_once() {
    let setting = Setting::new().await;
    for integration in ["letters", "files", "letters"] {
        setting.connect(integration, "u-1", "ann").await;
    }
    let erased = setting.server.api("DELETE", "/v1/identities/u-1").send().await;
    assert_eq!(erased.expect(200).json()["connections"], 3);
    assert_eq!(setting.told().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_came_to_nothing_ends_no_connection() {
    let setting = Setting::new().await;
    let server = &setting.server;
    setting.connect("letters", "u-1", "ann").await;
    for (identity, account, told, ends) in [("u-1", "ann", 0, "shared"), ("u-2", "bob", 1, "revoked shared")] {
        let me = Reply::json(200, &json!({ "id": account }));
        setting.provider.reply_at("/api/me", me);
        let flow = setting.begin("files", identity).await;
        let browser = server.browser();
        let callback = testkit::callback_of(&browser.leave(&flow).await, "code");
        let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
        setting.provider.reply(reply);
        let visit = tokio::spawn(async move { browser.get(&callback).await });
        held.arrived().await;
        // The replica is taken for dead: its flow ends as interrupted.
        server.advance(61).await;
        server.store.sweep_flows().await.unwrap();
        held.release();
        visit.await.unwrap().expect(303);
        assert_eq!(setting.told().await, told, "{identity}");
        let ended = "select string_agg(distinct status, ' ' order by status) from revocations";
        assert_eq!(server.database.text(ended).await, ends);
    }
    let kept = "select count(*) from revocations where sealed is not null or account_id is not null";
    assert_eq!(server.database.number(kept).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_somebody_connected_anew_is_not_revoked_any_more() {
    let setting = Setting::new().await;
    let server = &setting.server;
    let letters = setting.connect("letters", "u-1", "ann").await;
    // The service is away, and asked again later.
    setting.provider.reply_at("/revoke", Reply::HangUp);
    assert_eq!(setting.revocation(&letters).await, "pending");
    let tried = "select count(*) from revocations where attempts = 1 and lease_until is null";
    let waits = async {
        while server.database.number(tried).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waits).await.unwrap();
    let anew = setting.connect("files", "u-1", "ann").await;
    server.advance(61).await;
    assert_eq!(setting.told().await, 1, "the one that failed");
    assert_eq!(server.database.text("select status from revocations").await, "shared");
    assert_eq!(setting.revocation(&anew).await, "pending");
    assert_eq!(setting.told().await, 2);
}
