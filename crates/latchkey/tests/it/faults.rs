//! The sandbox's faults through the whole server: who may choose them, and each of them once on the wire, as Latchkey's own
//! refresh meets it.

use std::time::Duration;

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Answer, Consent, TestServer};

const ALL: &str = "/v1/sandbox/faults";

fn of(connection: &Value) -> String {
    format!("{ALL}/{}", connection["id"].as_str().unwrap())
}

async fn set(server: &TestServer, path: &str, faults: &Value) -> Value {
    server.api("PUT", path).json(faults).send().await.expect(200).json()
}

async fn hits(server: &TestServer, path: &str) -> Value {
    server.api("GET", path).send().await.expect(200).json()["hits"].clone()
}

/// Connected for tokens of an hour, and due: whatever goes wrong, the old token is good for five minutes more.
async fn due(server: &TestServer) -> Value {
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    server.advance(3301).await;
    connection
}

/// Brings the next try on, whatever pause the last one earned, and makes it.
async fn refresh(server: &TestServer) -> broker::Tick {
    server
        .database
        .execute("update credentials set refresh_at = latchkey_now()")
        .await;
    // What the service asked to wait is over.
    server
        .database
        .execute("update refresh_circuits set not_before = null")
        .await;
    server.broker.refresh_tick().await.unwrap()
}

async fn call(server: &TestServer, connection: &Value) -> Answer {
    let key = connection["key"].as_str().unwrap();
    server.api("GET", "/v1/passthrough/me").connection(key).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_set_shown_and_cleared() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let nothing = json!({ "connection": null, "faults": null, "hits": 0 });
    assert_eq!(server.api("GET", ALL).send().await.expect(200).json(), nothing);
    let faults = json!({ "fault": "rate_limited", "retryAfter": "soon", "on": ["refresh", "api"], "times": 2 });
    assert_eq!(
        set(&server, ALL, &faults).await,
        json!({ "connection": null, "faults": faults, "hits": 0 })
    );
    let told = call(&server, &connection).await;
    assert_eq!((told.status, told.header("retry-after")), (429, "soon"));
    assert_eq!(hits(&server, ALL).await, 1);

    let key = connection["key"].as_str().unwrap().replace('|', "%7C");
    for path in [of(&connection), format!("{ALL}/{key}")] {
        let own = set(&server, &path, &json!({})).await;
        assert_eq!(
            (&own["connection"], &own["faults"]),
            (&connection["id"], &json!({})),
            "{path}"
        );
    }
    call(&server, &connection).await.expect(200);
    let cleared = server.api("DELETE", &of(&connection)).send().await.expect(200).json();
    assert_eq!(cleared["faults"], Value::Null);
    call(&server, &connection).await.expect(429);
    assert_eq!(server.api("DELETE", ALL).send().await.expect(200).json(), nothing);
    call(&server, &connection).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_found_after_refreshes_and_no_token_is_told() {
    let server = TestServer::start().await;
    let connection = due(&server).await;
    let other = server.connect("u-43", Consent::Allow(Account::Ben)).await;
    assert_eq!(refresh(&server).await.refreshed, 2);
    let told = server
        .api("PUT", &of(&connection))
        .json(&json!({ "fault": "server_error" }))
        .send()
        .await
        .expect(200);
    assert!(!told.text.contains("sandbox_"), "{}", told.text);
    assert_eq!(refresh(&server).await.refreshed, 1, "the other one is well");
    assert_eq!(
        (hits(&server, &of(&connection)).await, hits(&server, &of(&other)).await),
        (json!(1), json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_test_key_with_the_scope_chooses_for_its_own_project() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let (_, other) = server.another_project().await;
    let reader = server.key_with(&[Scope::ConnectionsRead]).await;
    let faults = json!({ "fault": "html" });
    for method in ["GET", "PUT", "DELETE"] {
        for path in [ALL.to_owned(), of(&connection)] {
            let call = || server.api(method, &path).json(&faults);
            assert_eq!(
                call().key(&server.live_key).send().await.problem(403),
                "sandbox_is_test_only"
            );
            assert_eq!(call().key(&reader).send().await.problem(403), "missing_scope");
            call().no_key().send().await.problem(401);
        }
        let foreign = server.api(method, &of(&connection)).json(&faults).key(&other);
        assert_eq!(foreign.send().await.problem(404), "not_found", "{method}");
        let nobody = server
            .api(method, &format!("{ALL}/{}", uuid::Uuid::new_v4()))
            .json(&faults);
        assert_eq!(nobody.send().await.problem(404), "not_found", "{method}");
    }
    server
        .api("PUT", ALL)
        .json(&faults)
        .key(&other)
        .send()
        .await
        .expect(200);
    assert_eq!(
        refresh(&server).await.refreshed,
        1,
        "another project's choice is not ours"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_grant_has_no_faults() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    server.database.execute("delete from sandbox_grants").await;
    let told = server.api("PUT", &of(&connection)).json(&json!({})).send().await;
    assert_eq!(told.problem(409), "no_sandbox_grant");
    server.database.execute("delete from sandbox_clients").await;
    assert_eq!(server.api("GET", ALL).send().await.problem(409), "sandbox_not_enabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_does_not_fit_is_named() {
    let server = TestServer::start().await;
    for (faults, named) in [
        (json!({ "fault": "canary" }), "fault must be one of slow,"),
        (json!({ "fault": "slow", "times": 0 }), "times must be"),
        (json!({ "tokenSeconds": "canary" }), "tokenSeconds must be"),
        (json!({ "canary": 1 }), "a field that does not exist"),
        (json!(["canary"]), "an object"),
    ] {
        let told = server.api("PUT", ALL).json(&faults).send().await;
        assert_eq!(told.problem(400), "invalid_faults", "{faults}");
        let message = told.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(named) && !message.contains("canary"), "{message}");
    }
    assert_eq!(hits(&server, ALL).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_hit_once_works_the_next_time() {
    let server = TestServer::start().await;
    let connection = due(&server).await;
    let path = of(&connection);
    for faults in [
        json!({ "fault": "server_error", "times": 1 }),
        json!({ "fault": "rate_limited", "times": 1 }),
        json!({ "fault": "rate_limited", "retryAfter": "date+30", "times": 1 }),
        json!({ "fault": "rate_limited", "retryAfter": "junk", "times": 1 }),
        json!({ "fault": "html", "times": 1 }),
        json!({ "fault": "error_in_success", "times": 1 }),
        json!({ "fault": "client_refused", "times": 1 }),
    ] {
        set(&server, &path, &faults).await;
        assert_eq!(refresh(&server).await.refreshed, 0, "{faults}");
        assert_eq!(hits(&server, &path).await, 1, "{faults}");
        let well = refresh(&server).await;
        assert_eq!((well.refreshed, well.failed), (1, 0), "{faults}");
        call(&server, &connection).await.expect(200);
    }
    for faults in [
        json!({ "fault": "slow", "delayMs": 5 }),
        json!({ "rotation": "none" }),
        json!({ "rotation": "strict" }),
        json!({ "rotation": "grace", "graceAnswer": "same" }),
        json!({ "tokenSeconds": 7200 }),
        json!({ "omitExpiresIn": true }),
        json!({ "scope": "profile" }),
    ] {
        set(&server, &path, &faults).await;
        assert_eq!(refresh(&server).await.refreshed, 1, "{faults}");
        call(&server, &connection).await.expect(200);
    }
    server.api("DELETE", &path).send().await.expect(200);
    assert_eq!(refresh(&server).await.refreshed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_not_meant_leaves_the_grant_alone() {
    let server = TestServer::start().await;
    let connection = due(&server).await;
    set(
        &server,
        &of(&connection),
        &json!({ "fault": "refresh_refused", "times": 1 }),
    )
    .await;
    assert_eq!(refresh(&server).await.refreshed, 0);
    assert_eq!(hits(&server, &of(&connection)).await, 1);
    let live = "select count(*) from sandbox_grants where revoked_at is null";
    assert_eq!(server.database.number(live).await, 1);
    let unused = "select count(*) from sandbox_tokens where kind = 'refresh' and used_at is null";
    assert_eq!(server.database.number(unused).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_is_not_done() {
    let server = TestServer::builder().patience(Duration::from_millis(400)).start().await;
    let connection = due(&server).await;
    set(&server, &of(&connection), &json!({ "fault": "hanging", "times": 1 })).await;
    assert_eq!(refresh(&server).await.refreshed, 0);
    assert_eq!(hits(&server, &of(&connection)).await, 1);
    let used = "select count(*) from sandbox_tokens where kind = 'refresh' and used_at is not null";
    assert_eq!(server.database.number(used).await, 0);
    assert_eq!(refresh(&server).await.refreshed, 1);
    call(&server, &connection).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_was_done() {
    let server = TestServer::start().await;
    let connection = due(&server).await;
    set(
        &server,
        &of(&connection),
        &json!({ "fault": "answer_lost", "times": 1, "rotation": "grace" }),
    )
    .await;
    assert_eq!(refresh(&server).await.refreshed, 0);
    let used = "select count(*) from sandbox_tokens where kind = 'refresh' and used_at is not null";
    assert_eq!(server.database.number(used).await, 1);
    // The head is lost with the body: nothing tells the client that the work was done.
    set(
        &server,
        &of(&connection),
        &json!({ "fault": "answer_lost", "on": ["api"], "rotation": "grace" }),
    )
    .await;
    let direct = server
        .client
        .get(format!("{}/sandbox/api/me", server.url))
        .bearer_auth(access_token(&server, &connection).await);
    let error = direct.send().await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
}

async fn access_token(server: &TestServer, connection: &Value) -> String {
    use vault::ExposeSecret as _;
    let key = connection["key"].as_str().unwrap();
    let callable = server
        .store
        .callable(server.project.id, vault::Environment::Test, key)
        .await;
    let callable = callable.unwrap().unwrap();
    callable
        .credential
        .tokens()
        .unwrap()
        .access_token
        .expose_secret()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_refused_ends_the_flow() {
    let server = TestServer::start().await;
    set(&server, ALL, &json!({ "fault": "expired_code", "times": 1 })).await;
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Allow(Account::Ann)).await;
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "error");
    assert_eq!(server.database.number("select count(*) from sandbox_grants").await, 0);
    server.connect("u-42", Consent::Allow(Account::Ann)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_stays_where_revocation_is_missing() {
    let server = TestServer::start().await;
    let live = "select count(*) from sandbox_grants where revoked_at is null";
    for chosen in ["not_found", "unsupported_token_type"] {
        let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
        set(&server, &of(&connection), &json!({ "revocation": chosen })).await;
        let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
        server.api("DELETE", &path).send().await.expect(200);
        server.broker.revoke_tick().await.unwrap();
    }
    assert_eq!(server.database.number(live).await, 2);
}

/// Runs `latchkey sandbox faults …` on the server's database; what it printed.
fn command(server: &TestServer, words: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(["sandbox", "faults"])
        .args(words)
        .arg("--json")
        .env_remove("DATABASE_URL")
        .env("LATCHKEY_DATABASE_URL", server.database.address())
        .env("LATCHKEY_MASTER_KEY", server.master.to_text())
        .env("LATCHKEY_PUBLIC_URL", &server.url)
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_the_same() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let (id, project) = (connection["id"].as_str().unwrap(), server.project.id.to_string());
    let run = |words: &[&str]| {
        let words: Vec<&str> = words.iter().copied().chain(["--project", &project]).collect();
        tokio::task::block_in_place(|| command(&server, &words))
    };
    let json_of = |output: std::process::Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let said = json_of(run(&[
        "set",
        "--connection",
        id,
        "--fault",
        "rate_limited",
        "--retry-after",
        "30",
        "--on",
        "refresh",
        "--on",
        "api",
        "--times",
        "2",
        "--rotation",
        "grace",
        "--grace-seconds",
        "9",
        "--omit-expires-in",
    ]));
    assert_eq!(
        said["faults"],
        json!({
            "fault": "rate_limited", "retryAfter": "30", "on": ["refresh", "api"], "times": 2, "rotation": "grace",
            "graceSeconds": 9, "omitExpiresIn": true,
        })
    );
    call(&server, &connection).await.expect(429);
    assert_eq!(json_of(run(&["show", "--connection", id]))["hits"], 1);
    assert_eq!(json_of(run(&["show"]))["faults"], Value::Null);
    assert_eq!(json_of(run(&["clear", "--connection", id]))["faults"], Value::Null);
    call(&server, &connection).await.expect(200);
    for (words, told) in [
        (&["set", "--fault", "fire"][..], "fault must be one of"),
        (&["show", "--environment", "live"][..], "`test` only"),
        (&["show", "--connection", "nobody"][..], "does not exist"),
    ] {
        let refused = run(words);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains(told), "{said}");
    }
}

/// State, reason and the events of refreshes that are hit, as `docs/sandbox.md` has them.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_seen_of_each_fault_is_what_the_page_says() {
    let page = include_str!("../../../../docs/sandbox.md");
    let (_, table) = page.split_once("| `fault` | state | reason | event |").unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let says = |fault: &str, more: &str| {
        let named = format!("`{fault}`");
        let row = rows.iter().find(|row| row[0].contains(&named) && row[0].contains(more));
        let row = row.unwrap_or_else(|| panic!("{fault} {more} has no row"));
        let plain = |text: &str| text.replace('`', "");
        (plain(row[1]), plain(row[2]), plain(row[3]))
    };
    for (fault, more, times, expired) in [
        ("slow", "", 1, false),
        ("hanging", "", 1, false),
        ("server_error", "", 1, false),
        ("html", "", 1, false),
        ("error_in_success", "", 1, false),
        ("answer_lost", "", 1, false),
        ("refresh_refused", "once", 1, false),
        ("refresh_refused", "twice", 2, false),
        ("rate_limited", "is good", 1, false),
        ("rate_limited", "has ended", 1, true),
        ("client_refused", "", 1, false),
        ("client_refused", "three times", 3, false),
    ] {
        let server = TestServer::builder().patience(Duration::from_secs(2)).start().await;
        let connection = due(&server).await;
        if expired {
            server.advance(600).await;
        }
        let mut faults = json!({ "fault": fault });
        if fault == "slow" {
            faults["delayMs"] = json!(5);
        }
        set(&server, &of(&connection), &faults).await;
        let begun = server.database.number("select count(*) from events").await;
        for _ in 0..times {
            refresh(&server).await;
        }
        let found = server
            .database
            .text("select concat_ws(' ', state, coalesce(state_reason, '–')) from connections")
            .await;
        let last = format!(
            "select coalesce((select type from (select type, row_number() over (order by id) as n from events) e
                              where n > {begun} order by n desc limit 1), '–')"
        );
        let event = server.database.text(&last).await;
        let (state, reason, told) = says(fault, more);
        assert_eq!(found, format!("{state} {reason}"), "{fault} {more}");
        assert!(
            told.starts_with(&event),
            "{fault} {more}: the page says {told}, and it was {event}"
        );
    }
}
