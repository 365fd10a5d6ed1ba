//! The chain of the audit log: append-only, written in groups, and every change is found.

use std::process::Command;

use serde_json::{Value, json};
use store::{AuditReport, ChainFault, ChainedEntry};
use testkit::TestServer;
use vault::Environment;

fn entry(server: &TestServer, number: usize) -> ChainedEntry {
    ChainedEntry {
        project: server.project.id,
        environment: Environment::Test,
        action: "credential.read",
        actor: "key:1".to_owned(),
        subject: format!("connection {number}"),
        detail: json!({ "result": "exported", "ip": "192.0.2.1", "generation": number }),
    }
}

async fn with_entries(count: usize) -> TestServer {
    let server = TestServer::start().await;
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..count {
        let (store, entry) = (server.store.clone(), entry(&server, number));
        writing.spawn(async move { store.audit_first(entry).await.unwrap() });
    }
    writing.join_all().await;
    server
}

async fn faults(server: &TestServer) -> Vec<ChainFault> {
    let report = server.store.verify_audit(&[]).await.unwrap();
    assert_eq!(report.intact, report.chains.iter().all(|chain| chain.faults.is_empty()));
    report.chains.into_iter().flat_map(|chain| chain.faults).collect()
}

/// As somebody who may do everything with the database.
async fn tamper(server: &TestServer, sql: &str) {
    for (trigger, sql) in [("disable", Some(sql)), ("enable", None)] {
        server
            .database
            .execute(&format!(
                "alter table audit_log {trigger} trigger audit_log_append_only"
            ))
            .await;
        if let Some(sql) = sql {
            assert!(server.database.execute(sql).await > 0, "{sql}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_wait_share_a_transaction() {
    let server = with_entries(200).await;
    let numbers = "select count(*) from audit_log where chain_no between 1 and 200";
    assert_eq!(server.database.number(numbers).await, 200);
    let transactions = "select count(distinct xmin::text) from audit_log where chain_no is not null";
    let transactions = server.database.number(transactions).await;
    assert!(transactions < 50, "{transactions} transactions for 200 entries");
    assert_eq!(faults(&server).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_write_one_chain() {
    let server = TestServer::start().await;
    let other = server.database.store(&server.master);
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = if number % 2 == 0 { &server.store } else { &other };
        let (store, entry) = (store.clone(), entry(&server, number));
        writing.spawn(async move { store.audit_first(entry).await.unwrap() });
    }
    writing.join_all().await;
    assert_eq!(server.database.number("select max(chain_no) from audit_log").await, 100);
    assert_eq!(faults(&server).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_refuses_changes() {
    let server = with_entries(2).await;
    for sql in [
        "update audit_log set actor = 'x'",
        "delete from audit_log",
        "truncate audit_log",
    ] {
        let refused = sqlx::query(sql).execute(server.database.pool()).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    // A version without chains still writes, and its rows are counted apart.
    let plain = "insert into audit_log (id, action, actor) values (gen_random_uuid(), 'flow.x', 'browser')";
    server.database.execute(plain).await;
    let report = server.store.verify_audit(&[]).await.unwrap();
    assert!(report.intact && report.unchained > 0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_found() {
    let server = with_entries(5).await;
    let edited = |faults: &[ChainFault], number| matches!(faults, [ChainFault::Edited { no, .. }] if *no == number);
    for (column, value) in [
        ("actor", "'key:2'"),
        ("subject", "subject || 'x'"),
        ("action", "'credential.exchange'"),
        ("environment", "'live'"),
        ("detail", "detail || '{\"result\": \"missing_scope\"}'"),
        ("created_at", "created_at + interval '1 microsecond'"),
        ("id", "gen_random_uuid()"),
    ] {
        let server = with_entries(5).await;
        tamper(
            &server,
            &format!("update audit_log set {column} = {value} where chain_no = 3"),
        )
        .await;
        let found = faults(&server).await;
        assert!(edited(&found, 3), "{column}: {found:?}");
    }
    tamper(&server, "delete from audit_log where chain_no = 2").await;
    assert_eq!(faults(&server).await, [ChainFault::Gap { from: 2, to: 2 }]);
    // Renumbered, so that the gap is closed.
    tamper(&server, "update audit_log set chain_no = 2 where chain_no = 3").await;
    assert!(!faults(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_was_cut_off_is_found() {
    let server = with_entries(5).await;
    let before = server.store.verify_audit(&[]).await.unwrap();
    tamper(&server, "delete from audit_log where chain_no = 5").await;
    assert_eq!(
        faults(&server).await,
        [ChainFault::HeadChanged { head: Some(5), last: 4 }]
    );
    // The head put back, too: only a head that was noted elsewhere tells.
    let cut = "update audit_chain set last_no = 4, last_tag = (select chain_tag from audit_log where chain_no = 4)";
    server.database.execute(cut).await;
    assert_eq!(faults(&server).await, []);
    let noted = noted(&before);
    let found = server.store.verify_audit(&noted).await.unwrap();
    assert!(!found.intact, "{found:?}");
    assert_eq!(found.chains[0].faults, [ChainFault::HeadBeyond { no: 5, last: 4 }]);
    let mut other = self::noted(&before);
    other[0].1 = 4;
    let found = server.store.verify_audit(&other).await.unwrap();
    assert_eq!(found.chains[0].faults, [ChainFault::HeadRewritten { no: 4 }]);
    // All of it.
    tamper(&server, "delete from audit_log where chain_no is not null").await;
    server.database.execute("delete from audit_chain").await;
    assert_eq!(faults(&server).await, []);
    let found = server.store.verify_audit(&noted).await.unwrap();
    assert!(!found.intact);
    assert_eq!(found.chains[0].faults, [ChainFault::NoSuchChain { no: 5 }]);
}

fn noted(report: &AuditReport) -> Vec<(broker::ProjectId, i64, Vec<u8>)> {
    report
        .chains
        .iter()
        .map(|chain| {
            let (_, head) = chain.head.split_once(':').unwrap();
            let (no, tag) = head.split_once(':').unwrap();
            let bytes = (0..32).map(|at| u8::from_str_radix(&tag[at * 2..at * 2 + 2], 16).unwrap());
            (chain.project, no.parse().unwrap(), bytes.collect())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tells() {
    let server = with_entries(3).await;
    let verify = |noted: Option<String>| {
        let master = server.master.to_text();
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command
            .args(["audit", "verify", "--json"])
            .env("LATCHKEY_DATABASE_URL", server.database.address())
            .env("LATCHKEY_MASTER_KEY", master.as_str())
            .env("LATCHKEY_PUBLIC_URL", &server.url);
        if let Some(noted) = noted {
            command.args(["--noted", &noted]);
        }
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("{}", String::from_utf8_lossy(&output.stderr));
        });
        (output.status.success(), report)
    };
    let (well, report) = verify(None);
    assert!(
        well && report["intact"] == true && report["chains"][0]["entries"] == 3,
        "{report}"
    );
    let chain = &report["chains"][0];
    let noted = chain["head"].as_str().unwrap().to_owned();
    assert!(verify(Some(noted.clone())).0, "a head is taken as it was printed");
    let (_, rest) = noted.split_once(':').unwrap();
    let (_, tag) = rest.split_once(':').unwrap();
    let project = chain["project"].as_str().unwrap();
    let nobodys = uuid::Uuid::now_v7();
    for (noted, fault) in [
        (format!("{project}:9:{tag}"), "head_beyond"),
        (format!("{nobodys}:3:{tag}"), "no_such_chain"),
    ] {
        let (well, report) = verify(Some(noted));
        let found = report["chains"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(|chain| chain["faults"].get(0));
        assert!(!well && found.unwrap()["fault"] == fault, "{report}");
    }
    tamper(&server, "update audit_log set actor = 'x' where chain_no = 1").await;
    let (well, report) = verify(None);
    assert!(
        !well && report["chains"][0]["faults"][0]["fault"] == "edited",
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_keys_entries_are_not_called_false() {
    let server = with_entries(2).await;
    let other = server.database.store(&vault::MasterKey::generate());
    let report = other.verify_audit(&[]).await.unwrap();
    assert!(report.intact && report.chains[0].unchecked == 2, "{report:?}");
}
