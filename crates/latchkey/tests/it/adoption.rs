//! A restored or copied database refreshes nothing, revokes nothing and delivers nothing until somebody adopts it.

use std::process::Command;

use broker::{Environment, Tick};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};
use store::{InstanceMode, PoolOptions, Store};
use testkit::{Database, OddProvider, Reply, TestServer};
use vault::{KeyRing, MasterKey};

async fn setting() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

/// A connection of the odd provider; its key.
async fn connect(provider: &OddProvider, server: &TestServer, name: &str, seconds: u64) -> Value {
    provider.reply(Reply::tokens(
        &format!("access-{name}"),
        &format!("refresh-{name}"),
        seconds,
    ));
    server.connect_odd().await
}

fn asked(provider: &OddProvider) -> (usize, usize) {
    (provider.seen("/token").len(), provider.seen("/revoke").len())
}

/// Runs `latchkey adopt` on the server's database: whether it went well, its output, its complaint.
fn adopt(server: &TestServer, arguments: &[&str]) -> (bool, String, String) {
    let done = tokio::task::block_in_place(|| {
        Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .arg("adopt")
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env("LATCHKEY_DATABASE_URL", server.database.address())
            .env("LATCHKEY_MASTER_KEY", server.master.to_text())
            .output()
            .unwrap()
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

fn adopted(server: &TestServer, arguments: &[&str]) -> Value {
    let (ok, stdout, stderr) = adopt(server, arguments);
    assert!(ok, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

async fn through(server: &TestServer, connection: &Value) -> testkit::Answer {
    server
        .api("GET", "/v1/passthrough/x")
        .connection(connection["key"].as_str().unwrap())
        .send()
        .await
}

/// An endpoint that wants every event, so that each leaves a delivery.
async fn subscribe(server: &TestServer) {
    let endpoint = format!(
        "insert into webhook_endpoints (id, project_id, environment, url, types)
         values (gen_random_uuid(), '{}', 'test', 'https://shop.example.test/hook', '{{}}')",
        server.project.id
    );
    server.database.execute(&endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_asks_no_service_until_it_is_adopted() {
    let (provider, server) = setting().await;
    subscribe(&server).await;
    let good = connect(&provider, &server, "good", 3600).await;
    let gone = connect(&provider, &server, "gone", 3000).await;
    let deleted = connect(&provider, &server, "deleted", 3600).await;
    // Not over the API, which would wake the revoker.
    let id = deleted["id"].as_str().unwrap().parse().unwrap();
    let found = server.store.connection(server.project.id, Environment::Test, id).await;
    server
        .store
        .delete_connection(&found.unwrap().unwrap(), store::Reach::Token)
        .await
        .unwrap();
    let copy = server.over(server.database.copy().await, &provider).await;
    assert!(server.store.look_home_now().await.unwrap() && !copy.store.is_at_home());

    through(&copy, &good).await.expect(200);
    copy.advance(3601).await;
    let before = asked(&provider);
    assert_eq!(copy.broker.refresh_tick().await.unwrap(), Tick::default());
    assert_eq!(copy.broker.revoke_tick().await.unwrap(), 0);
    let answer = through(&copy, &good).await;
    assert_eq!(answer.problem(503), "not_adopted");
    assert!(answer.text.contains("`latchkey adopt`") && answer.header("retry-after") == "60");
    assert_eq!(asked(&provider), before);
    let ready = copy.api("GET", "/readyz").no_key().send().await.expect(200).json();
    assert_eq!((&ready["ready"], &ready["adopted"]), (&json!(true), &json!(false)));
    assert!(ready["adoption"].as_str().unwrap().contains("latchkey adopt"));
    let metrics = copy.api("GET", "/metrics").no_key().send().await.text;
    assert!(metrics.contains("latchkey_adopted 0"), "{metrics}");

    // Shown, not done.
    let (ok, shown, complaint) = adopt(&copy, &[]);
    assert!(
        !ok && shown.contains("restored or copied") && complaint.contains("--yes"),
        "{shown}{complaint}"
    );
    assert!(!copy.store.look_home_now().await.unwrap());

    let done = adopted(&copy, &["--yes", "--json"]);
    assert_eq!(
        (&done["epoch"], &done["marked"], &done["pending_revocations"]),
        (&json!(2), &json!(2), &json!(1)),
        "{done}"
    );
    let dropped = "select count(*) from webhook_deliveries where status = 'failed' and last_error like 'dropped: %'";
    assert_eq!(json!(copy.database.number(dropped).await), done["dropped_deliveries"]);
    assert!(done["dropped_deliveries"].as_i64().unwrap() >= 3);
    assert!(copy.store.look_home_now().await.unwrap(), "without a restart");
    assert_eq!(copy.store.uncertain_count().await.unwrap(), 2);
    report_names_what_was_lost(&provider, &copy, &good, &gone).await;
    assert_eq!(copy.broker.revoke_tick().await.unwrap(), 1, "it was wanted");
    assert!(server.store.look_home_now().await.unwrap(), "the original is as it was");
}

async fn report_names_what_was_lost(provider: &OddProvider, copy: &TestServer, good: &Value, gone: &Value) {
    let waiting = adopted(copy, &["--report", "--json"]);
    assert_eq!(
        (&waiting["waiting"], &waiting["lost_connections"]),
        (&json!(2), &json!([]))
    );
    // The longest overdue is asked first.
    provider.reply(Reply::json(400, &json!({ "error": "invalid_grant" })));
    while copy.store.uncertain_count().await.unwrap() > 0 {
        copy.broker.refresh_tick().await.unwrap();
        copy.advance(600).await;
    }
    let report = adopted(copy, &["--report", "--json"]);
    let lost = report["lost_connections"].as_array().unwrap();
    assert_eq!(
        (lost.len(), &report["lost"], &report["proved"], &report["waiting"]),
        (1, &json!(1), &json!(1), &json!(0))
    );
    let states = format!(
        "select state from connections where id = '{}'",
        lost[0]["id"].as_str().unwrap()
    );
    assert_eq!(copy.database.text(&states).await, "failed");
    let of = if lost[0]["id"] == gone["id"] { gone } else { good };
    assert_eq!((&lost[0]["key"], &lost[0]["integration"]), (&of["key"], &json!("odd")));
    assert!(
        lost[0]["reason"].is_string() && lost[0]["identity"].is_null(),
        "{lost:?}"
    );
    let (_, text, _) = adopt(copy, &["--report"]);
    assert!(
        text.contains("1 proved good, 1 lost") && text.contains(of["key"].as_str().unwrap()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_move_doubts_nothing() {
    let (provider, server) = setting().await;
    subscribe(&server).await;
    let connection = connect(&provider, &server, "one", 3600).await;
    let copy = server.over(server.database.copy().await, &provider).await;
    let done = adopted(&copy, &["--yes", "--trust", "--json"]);
    assert_eq!((&done["marked"], &done["dropped_deliveries"]), (&json!(0), &json!(0)));
    assert!(copy.store.look_home_now().await.unwrap());
    assert_eq!(copy.store.uncertain_count().await.unwrap(), 0);
    copy.advance(3601).await;
    through(&copy, &connection).await.expect(200);
    let log = "select count(*) from audit_log where action = 'instance.adopted' and actor = 'cli'";
    assert_eq!(copy.database.number(log).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_an_end_is_marked_and_an_api_key_is_not() {
    let (provider, server) = setting().await;
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "a", "refresh_token": "r", "token_type": "Bearer" }),
    ));
    let endless = server.connect_odd().await;
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "only", "token_type": "Bearer" }),
    ));
    server.connect_odd().await;
    let adoption = server.store.adopt("test", false).await.unwrap();
    assert_eq!(adoption.marked, 1);
    let marked =
        "select connection_id::text from credentials where uncertain_since is not null and refresh_at is not null";
    assert_eq!(json!(server.database.text(marked).await), endless["id"]);
    let totals = server.store.adoption_totals(&adoption).await.unwrap();
    assert_eq!(
        (totals.waiting, totals.proved, totals.lost, totals.deleted),
        (1, 0, 0, 0)
    );
    let path = format!("/v1/vault/connections/{}", endless["id"].as_str().unwrap());
    server.api("DELETE", &path).send().await.expect(200);
    let totals = server.store.adoption_totals(&adoption).await.unwrap();
    assert_eq!((totals.waiting, totals.deleted), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_not_at_home_wherever_it_is_restored() {
    let (provider, server) = setting().await;
    connect(&provider, &server, "one", 3600).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump");
    if server.database.dump_to(&file).await.is_none() {
        // CI has it; a machine with a server in a container may not.
        return;
    }
    let elsewhere = Database::empty().await;
    elsewhere.restore(&file, false).await.unwrap();
    let restored = server.over(elsewhere, &provider).await;
    restored.advance(3301).await;
    assert_eq!(restored.broker.refresh_tick().await.unwrap(), Tick::default());
    assert_eq!(asked(&provider), (1, 0));

    // Last night's dump over the same database: the same cluster, the same database, and old tokens.
    server.database.restore(&file, true).await.unwrap();
    let in_place = server.database.store(&server.master);
    in_place
        .adopt_instance(Some(InstanceMode::Production), &server.master)
        .await
        .unwrap();
    assert!(!in_place.is_at_home());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_tells_copies_of_a_volume_apart() {
    let database = Database::create().await;
    let master = MasterKey::generate();
    let at_home = async |name: Option<&str>| {
        let store = database.store(&master).named(name.map(ToOwned::to_owned));
        store
            .adopt_instance(Some(InstanceMode::Production), &master)
            .await
            .unwrap();
        store.is_at_home()
    };
    assert!(at_home(Some("production")).await && at_home(Some("production")).await);
    assert!(!at_home(Some("staging")).await && !at_home(None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_earlier_version_is_at_home_where_it_is() {
    let database = Database::create().await;
    let master = MasterKey::generate();
    let store = database.store(&master);
    assert!(!store.is_at_home(), "nobody looked yet");
    let settle = async || {
        store
            .adopt_instance(Some(InstanceMode::Production), &master)
            .await
            .unwrap()
    };
    settle().await;
    database
        .execute("update instance set home = null, home_at = null, home_database = null")
        .await;
    // A command records nothing: it may have other variables than the server.
    store.adopt_instance(None, &master).await.unwrap();
    assert_eq!(store.residence().await.unwrap().home, None);
    settle().await;
    let residence = store.residence().await.unwrap();
    assert_eq!(residence.home, Some(store.here().await.unwrap().marks));
    assert!(store.is_at_home() && residence.epoch == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_ask_for_the_cluster_has_a_home_too() {
    let database = Database::create().await;
    let master = MasterKey::generate();
    let role = format!("latchkey_plain_{}", std::process::id());
    for statement in [
        format!("create role {role}"),
        "revoke execute on function pg_control_system() from public".to_owned(),
        format!("grant select, insert, update on all tables in schema public to {role}"),
    ] {
        database.execute(&statement).await;
    }
    let options = database.options().options([("role", role.as_str())]);
    let ring = std::sync::Arc::new(KeyRing::new(&master));
    let store = Store::from_options(options, PoolOptions::default(), ring);
    store
        .adopt_instance(Some(InstanceMode::Production), &master)
        .await
        .unwrap();
    let here = store.here().await.unwrap();
    assert!(here.marks.starts_with("-/") && !here.cluster_known, "{here:?}");
    assert!(store.is_at_home());
    store.close().await;
    let mut admin = database.options().connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop owned by {role}; drop role {role}")))
        .execute(&mut admin)
        .await
        .unwrap();
    admin.close().await.unwrap();
}
