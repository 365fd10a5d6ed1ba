//! Connections whose credential comes from elsewhere.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Call, OddProvider, Reply, TestServer};

struct Importing {
    provider: OddProvider,
    server: TestServer,
    key: String,
}

impl Importing {
    async fn new() -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder().with_odd_provider(&provider).start().await;
        let key = server.key_with(&[Scope::ConnectionsImport]).await;
        Self { provider, server, key }
    }

    fn call(&self, body: &Value) -> Call {
        self.server
            .api("POST", "/v1/vault/connections")
            .key(&self.key)
            .json(body)
    }

    /// Entries of the audit log about imports with this result.
    async fn audited(&self, result: &str) -> i64 {
        let sql = format!(
            "select count(*) from audit_log where action = 'connection.import' and detail->>'result' = '{result}'"
        );
        self.server.database.number(&sql).await
    }

    /// Access token and state of all connections that are there.
    async fn kept(&self) -> i64 {
        self.server
            .database
            .number("select count(*) from connections c join credentials k on k.connection_id = c.id where deleted_at is null")
            .await
    }
}

fn odd(prove: &str) -> Value {
    json!({
        "platform": "odd", "identity": "u-7", "identityType": "user", "tags": ["moved"], "name": "Old one",
        "tokens": { "accessToken": "imported-access", "refreshToken": "imported-refresh", "scopes": ["a", "b"] },
        "expiresIn": 3600, "account": { "id": "acc-1", "name": "Ann" }, "prove": prove,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_a_connection_like_any_other() {
    let work = Importing::new().await;
    let made = work.call(&odd("none")).send().await.expect(201).json();
    assert_eq!(
        (&made["platform"], &made["state"], &made["name"]),
        (&json!("odd"), &json!("unknown"), &json!("Old one"))
    );
    assert_eq!((&made["identity"], &made["tags"]), (&json!("u-7"), &json!(["moved"])));
    assert!(made["expiresAt"].is_string());
    let key = made["key"].as_str().unwrap();
    work.server
        .api("GET", "/v1/passthrough/x")
        .connection(key)
        .send()
        .await
        .expect(200);
    assert_eq!(work.provider.seen("/token").len(), 0, "`none` asks nobody");
    work.server.advance(3301).await;
    assert_eq!(work.server.broker.refresh_tick().await.unwrap().refreshed, 1);
    assert!(
        work.provider.seen("/token")[0]
            .body
            .contains("refresh_token=imported-refresh")
    );
    let path = format!("/v1/vault/connections/{}/events", made["id"].as_str().unwrap());
    let events = work.server.api("GET", &path).send().await.expect(200).json();
    let kinds: Vec<_> = events["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["type"])
        .collect();
    assert_eq!(
        kinds,
        ["oauth.refreshed", "connection.created"],
        "one change, one event"
    );
    let created = &events["rows"][1];
    assert_eq!(
        (&created["data"]["origin"], &created["data"]["identity"]),
        (&json!("import"), &json!("u-7"))
    );
    assert_eq!(created["message"], "Brought here with a credential from elsewhere.");
    assert_eq!(
        work.server.database.text("select origin from connections").await,
        "import"
    );
    let entry = "select concat(actor, ' ', subject, ' ', detail) from audit_log where action = 'connection.import'";
    let entry = work.server.database.text(entry).await;
    assert!(
        entry.starts_with("key:") && entry.contains(key) && !entry.contains("imported-"),
        "{entry}"
    );
    for narrow in [
        &work.server.test_key,
        &work.server.key_with(&[Scope::ConnectionsWrite]).await,
    ] {
        assert_eq!(
            work.call(&odd("none")).key(narrow).send().await.problem(403),
            "missing_scope"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proving_refresh_goes_through_the_lease() {
    let work = Importing::new().await;
    work.provider.reply(Reply::tokens("access-2", "refresh-2", 3600));
    let made = work.call(&odd("refresh")).send().await.expect(201).json();
    assert_eq!(made["state"], "operational");
    assert_eq!(
        work.server.database.number("select generation from credentials").await,
        2
    );

    work.provider.reply(Reply::json(
        400,
        &json!({ "error": "invalid_grant", "error_description": "imported-refresh is spent" }),
    ));
    let refused = work.call(&odd("refresh")).send().await;
    assert_eq!(refused.problem(424), "import_not_proved");
    assert!(
        refused.text.contains("Nothing was kept") && !refused.text.contains("imported-refresh"),
        "{}",
        refused.text
    );
    assert!(
        refused.text.contains("refused to renew the access. Nothing was kept.")
            && !refused.text.contains("asked once more"),
        "{}",
        refused.text
    );
    assert_eq!(work.kept().await, 1);
    // The log has how it ended, behind the entry that came first.
    while work.audited("import_not_proved").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(work.audited("accepted").await, 2);
    assert_eq!(
        work.server.database.number("select count(*) from revocations").await,
        0,
        "the grant is the caller's"
    );

    work.provider
        .reply(Reply::With(500, "text/html", "<h1>Oops</h1>".to_owned()));
    let mut body = odd("refresh");
    body["keep"] = json!(true);
    let kept = work.call(&body).send().await.expect(201).json();
    assert_eq!(kept["unproved"]["reason"], "import_not_proved");
    assert_eq!(work.kept().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_comes_before_anything_is_kept() {
    let work = Importing::new().await;
    let sandbox = |key: &str, keep: bool| json!({ "platform": "sandbox", "auth": "api_key", "fields": { "api_key": key }, "prove": "check", "keep": keep });
    let good = work
        .call(&sandbox("sandbox_key_ok", false))
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(good["state"], "operational");
    let refused = work.call(&sandbox("wrong-key-canary", false)).send().await;
    assert_eq!(refused.problem(422), "credential_refused");
    assert!(
        refused.text.contains("Nothing was kept") && !refused.text.contains("canary"),
        "{}",
        refused.text
    );
    assert_eq!(work.kept().await, 1);
    let kept = work
        .call(&sandbox("wrong-key-canary", true))
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&kept["state"], &kept["unproved"]["reason"]),
        (&json!("unknown"), &json!("credential_refused"))
    );
    assert_eq!((&kept["proved"], &good["proved"]), (&json!(false), &json!(true)));
    assert_eq!(
        kept["stateReason"], "credential_refused",
        "the state says it, too: {kept}"
    );
    let mut two = sandbox("canary-key", false);
    two["tokens"] = json!({ "accessToken": "canary-token" });
    let both = work.call(&two).send().await;
    assert_eq!(both.problem(422), "field_errors");
    assert!(
        both.json()["meta"]["fields"]["fields"].is_string() && !both.text.contains("canary"),
        "{}",
        both.text
    );
    let mut other = sandbox("sandbox_key_ok", false);
    other["account"] = json!({ "id": "somebody-else" });
    assert_eq!(work.call(&other).send().await.problem(422), "account_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_field_and_never_the_value() {
    let work = Importing::new().await;
    let with = |pointer: &str, value: Value| {
        let mut body = odd("none");
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let mut without_refresh = odd("refresh");
    without_refresh["tokens"] = json!({ "accessToken": "canary-value" });
    let mut both = odd("none");
    both["expiresAt"] = json!("2030-01-01T00:00:00Z");
    let mut fields = odd("none");
    fields["tokens"] = Value::Null;
    for (body, field) in [
        (
            with("/tokens/accessToken", json!("canary-value\u{e9}")),
            "tokens.accessToken",
        ),
        (with("/tokens/accessToken", json!("")), "tokens.accessToken"),
        (
            with("/tokens/refreshToken", json!("canary-value".repeat(2000))),
            "tokens.refreshToken",
        ),
        (without_refresh, "prove"),
        (both, "expiresAt"),
        (fields, "tokens"),
        (with("/prove", json!("check")), "prove"),
        (
            json!({ "platform": "sandbox", "auth": "api_key", "fields": { "api_key": "canary-value\n" }, "prove": "refresh" }),
            "prove",
        ),
        (
            json!({ "platform": "sandbox", "auth": "api_key", "fields": {} }),
            "api_key",
        ),
        (
            json!({ "platform": "sandbox", "auth": "api_key", "fields": { "api_key": "canary\tvalue" } }),
            "api_key",
        ),
    ] {
        let answer = work.call(&body).send().await;
        assert_eq!(answer.problem(422), "field_errors", "{body}");
        assert!(
            answer.json()["meta"]["fields"][field].is_string(),
            "{field}: {}",
            answer.text
        );
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
    assert_eq!(
        work.call(&with("/platform", json!("gmail"))).send().await.problem(422),
        "integration_not_offered"
    );
    let wrong_type = work
        .call(&with("/tokens/accessToken", json!({ "canary-value": 1 })))
        .send()
        .await;
    wrong_type.problem(400);
    assert!(!wrong_type.text.contains("canary"));
    assert_eq!(work.kept().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_makes_one_connection() {
    let work = Importing::new().await;
    let call = |key: &str, body: &Value| work.call(body).header("idempotency-key", key).send();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..5 {
        calls.spawn(call("k-1", &odd("none")));
    }
    let answers = calls.join_all().await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let ids: std::collections::HashSet<String> = answers
        .iter()
        .map(|answer| answer.json()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((created, ids.len(), work.kept().await), (1, 1, 1));
    let mut other = odd("none");
    other["tokens"]["accessToken"] = json!("another");
    assert_eq!(call("k-1", &other).await.problem(422), "idempotency_key_reused");
    call("k-2", &other).await.expect(201);
    call(&"k".repeat(300), &other).await.problem(400);
    // After a day the key is forgotten.
    work.server.advance(86_401).await;
    call("k-1", &other).await.expect(201);
    assert_eq!(work.kept().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_leaves_nothing_half_done() {
    let work = Importing::new().await;
    let caller = broker::Caller {
        project: work.server.project.id,
        environment: vault::Environment::Test,
        actor: broker::Actor::Key(store::ApiKeyId::generate()),
        scopes: [Scope::ConnectionsImport].into(),
    };
    let refused = Reply::json(400, &json!({ "error": "invalid_grant" }));
    for (reply, kept) in [(refused, 0), (Reply::tokens("access-2", "refresh-2", 3600), 1)] {
        let (held, reply) = reply.held();
        work.provider.reply(reply);
        let request = broker::ImportRequest {
            integration: "odd".to_owned(),
            tokens: Some(broker::ImportedTokens {
                access_token: "imported-access".into(),
                refresh_token: Some("imported-refresh".into()),
                token_type: None,
                scopes: None,
            }),
            prove: broker::Prove::Refresh,
            ..broker::ImportRequest::default()
        };
        let (broker, caller) = (work.server.broker.clone(), caller.clone());
        let asking = tokio::spawn(async move { broker.import_connection(&caller, request).await });
        held.arrived().await;
        asking.abort();
        asking.await.unwrap_err();
        held.release();
        let ended = "select count(*) from events where type in ('connection.deleted', 'oauth.refreshed')";
        tokio::time::timeout(std::time::Duration::from_secs(20), async {
            while work.server.database.number(ended).await != 1 + kept {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await
        .expect("it goes on to its end");
        assert_eq!(work.kept().await, kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_waits_for_the_proof_of_the_first() {
    let work = Importing::new().await;
    let refused = Reply::json(400, &json!({ "error": "invalid_grant" }));
    for (name, reply) in [("k-1", refused), ("k-2", Reply::tokens("access-2", "refresh-2", 3600))] {
        let is_good = name == "k-2";
        let (held, reply) = reply.held();
        work.provider.reply(reply);
        let call = || {
            let call = work.call(&odd("refresh")).header("idempotency-key", name);
            tokio::spawn(call.send())
        };
        let first = call();
        held.arrived().await;
        let second = call();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert!(!second.is_finished(), "what may be taken back is not told as made");
        held.release();
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        if is_good {
            first.expect(201);
            assert_eq!(second.expect(200).json()["state"], "operational");
        } else {
            for answer in [first, second] {
                assert_eq!(answer.problem(424), "import_not_proved");
                assert!(answer.text.contains("Nothing was kept"), "{}", answer.text);
            }
        }
    }
    assert_eq!((work.kept().await, work.provider.seen("/token").len()), (1, 2));
}
