//! Token exchange for workloads (RFC 8693).

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Answer, Consent, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);

struct Workload {
    server: TestServer,
    connection: Value,
    key: String,
}

impl Workload {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let connection = server.connect("u-42", ANN).await;
        let key = server.key_with(&[Scope::CredentialsRead]).await;
        Self {
            server,
            connection,
            key,
        }
    }

    /// The usual form with these fields in place of its own; an empty one is left out.
    async fn ask(&self, key: Option<&str>, other: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", self.connection["key"].as_str().unwrap()),
            ("subject_token_type", "urn:latchkey:params:oauth:token-type:connection"),
        ];
        form.retain(|(name, _)| !other.iter().any(|(changed, _)| changed == name));
        form.extend(other.iter().copied().filter(|(_, value)| !value.is_empty()));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let call = self
            .server
            .api("POST", "/v1/token")
            .no_key()
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        match key {
            Some(key) => call.header("authorization", &format!("Bearer {key}")).send().await,
            None => call.send().await,
        }
    }

    async fn refused(&self, key: Option<&str>, other: &[(&str, &str)], status: u16) -> String {
        let answer = self.ask(key, other).await.expect(status);
        let body = answer.json();
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        let words = body["error_description"].as_str().unwrap();
        assert!(
            words.len() > 10 && words.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()),
            "{words}"
        );
        body["error"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_exchanged_for_its_token() {
    let work = Workload::new().await;
    let answer = work.ask(Some(&work.key), &[]).await.expect(200);
    let body = answer.json();
    assert_eq!(
        body["issued_token_type"],
        "urn:ietf:params:oauth:token-type:access_token"
    );
    assert_eq!(
        (&body["token_type"], &body["scope"]),
        (&json!("Bearer"), &json!("profile items"))
    );
    assert!((3500..=3600).contains(&body["expires_in"].as_i64().unwrap()), "{body}");
    assert!(body.get("refresh_token").is_none());
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        ("no-store", "no-cache")
    );
    // The token is one that the service takes.
    let me = reqwest::Client::get(&work.server.client, format!("{}/sandbox/api/me", work.server.url))
        .bearer_auth(body["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(me.status(), 200);
    work.ask(Some(&work.key), &[("scope", "items")]).await.expect(200);
    let entries =
        "select count(*) from audit_log where action = 'credential.exchange' and detail->>'result' = 'exported'";
    assert_eq!(work.server.database.number(entries).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_those_of_oauth() {
    let work = Workload::new().await;
    let key = Some(work.key.as_str());
    assert_eq!(work.refused(None, &[], 401).await, "invalid_client");
    assert_eq!(work.refused(Some("sk_test_lk_wrong"), &[], 401).await, "invalid_client");
    let unknown = work.ask(Some("sk_test_lk_wrong"), &[]).await;
    assert_eq!(unknown.header("www-authenticate"), "Bearer");
    assert_eq!(
        work.refused(Some(&work.server.test_key), &[], 400).await,
        "unauthorized_client"
    );
    for (other, error) in [
        (("grant_type", "client_credentials"), "unsupported_grant_type"),
        (("grant_type", ""), "invalid_request"),
        (("subject_token", ""), "invalid_request"),
        (("subject_token", "test::sandbox::default::none|x"), "invalid_request"),
        (
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            "invalid_request",
        ),
        (("scope", "profile everything"), "invalid_scope"),
        (("audience", "x"), "invalid_target"),
        (("actor_token", "x"), "invalid_request"),
    ] {
        assert_eq!(work.refused(key, &[other], 400).await, error, "{other:?}");
    }
    // Nothing left, and the log says so.
    let results =
        "select string_agg(distinct detail->>'result', ' ') from audit_log where action = 'credential.exchange'
                   and detail->>'result' in ('exported', 'invalid_scope')";
    assert_eq!(work.server.database.text(results).await, "invalid_scope");
    let (_, other) = work.server.another_project().await;
    assert_eq!(work.refused(Some(&other), &[], 400).await, "unauthorized_client");
    work.server
        .database
        .execute("update connections set state = 'failed', state_message = 'It said: “no”.'")
        .await;
    assert_eq!(work.refused(key, &[], 400).await, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_come_with_basic_and_is_answered_in_kind() {
    use base64::Engine as _;
    let work = Workload::new().await;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", work.connection["key"].as_str().unwrap()),
            ("subject_token_type", "urn:latchkey:params:oauth:token-type:connection"),
        ])
        .finish();
    let with = |pair: &str| {
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let call = work.server.api("POST", "/v1/token").no_key();
        call.header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", &basic)
            .body(form.clone())
            .send()
    };
    // Form-encoded, as RFC 6749 §2.3.1 wants it.
    let encoded = work.key.replace('_', "%5F");
    for pair in [
        format!("workload:{}", work.key),
        format!("workload:{encoded}"),
        format!("{}:", work.key),
    ] {
        with(&pair).await.expect(200);
    }
    for pair in ["workload:sk_test_lk_wrong", "no pair", ":"] {
        let refused = with(pair).await.expect(401);
        assert_eq!(refused.json()["error"], "invalid_client", "{pair}");
        assert!(refused.header("www-authenticate").starts_with("Basic realm="), "{pair}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let other = work.server.api(method, "/v1/token").send().await.expect(405);
        assert_eq!(
            (other.header("allow"), &other.json()["error"]),
            ("POST", &json!("invalid_request"))
        );
        assert!(
            other.json()["error_description"]
                .as_str()
                .unwrap()
                .contains("POST only")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_audit_log_there_is_no_token() {
    let work = Workload::new().await;
    let broken = "alter table audit_log add constraint broken check (action <> 'credential.exchange') not valid";
    work.server.database.execute(broken).await;
    assert_eq!(work.refused(Some(&work.key), &[], 503).await, "temporarily_unavailable");
    let answer = work.ask(Some(&work.key), &[]).await;
    assert!(!answer.header("retry-after").is_empty());
}
