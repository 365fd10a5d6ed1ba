//! The audit log: found by filters, told in words, exported without formulas.

use serde_json::{Value, json};
use store::{AuditEntry, ChainedEntry, Environment, Role};
use testkit::{Account, Consent, TestServer};

use super::{Person, home, operator};

async fn note(server: &TestServer, action: &'static str, actor: &str, subject: Option<&str>, detail: &Value) {
    let entry = AuditEntry {
        project: Some(server.project.id),
        environment: Some(Environment::Test),
        action,
        actor: actor.to_owned(),
        subject: subject.map(ToOwned::to_owned),
        detail,
    };
    server.store.audit(entry).await.unwrap();
}

fn lines(page: &str) -> usize {
    page.matches("class=\"log-line\"").count()
}

async fn read(person: &Person, server: &TestServer, query: &str) -> String {
    person
        .get(&format!("{}/audit{query}", home(server)))
        .await
        .expect(200)
        .text
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "each filter on the same lines")]
async fn lines_are_found_by_who_what_and_when() {
    let server = TestServer::start().await;
    let (id, admin) = operator(&server, Some(Role::Admin)).await;
    let empty = read(&admin, &server, "").await;
    assert!(empty.contains("Nothing was written down yet"), "{empty}");
    server
        .database
        .execute(&format!("update operators set name = 'Ann <b>' where id = '{id}'"))
        .await;
    let me = format!("operator:{id}");
    let connection = store::ConnectionId::generate();
    let subject = format!("connection:{connection}");
    note(
        &server,
        "connection.test",
        &me,
        Some(&subject),
        &json!({ "integration": "sandbox" }),
    )
    .await;
    note(
        &server,
        "connection.delete",
        "key:0192f0c1-2345-7000-8000-000000000000",
        Some(&subject),
        &json!({}),
    )
    .await;
    note(&server, "link.created", "cli", None, &json!({ "a": "<script>" })).await;
    // One of another project, and one long ago.
    let (other, _) = server.another_project().await;
    let old = |project: String| {
        format!(
            "insert into audit_log (id, project_id, action, actor, created_at)
             select (lpad(to_hex((extract(epoch from t) * 1000)::bigint), 12, '0') || '70008000000000000001')::uuid, '{project}',
                    'flow.not_me', 'browser', t
             from (values (timestamptz '2024-02-10T23:59:59Z')) v (t)"
        )
    };
    server.database.execute(&old(server.project.id.to_string())).await;
    server.database.execute(&format!(
        "insert into audit_log (id, project_id, action, actor) values (gen_random_uuid(), '{other}', 'connection.test', 'cli')"
    )).await;
    for (query, found) in [
        (String::new(), 4),
        (format!("?actor=operator%3A{id}"), 1),
        ("?actor=cli".to_owned(), 1),
        ("?actor=nobody".to_owned(), 0),
        ("?action=connection.".to_owned(), 2),
        ("?action=connection.d".to_owned(), 1),
        ("?action=link.created".to_owned(), 1),
        ("?action=Connection".to_owned(), 0),
        ("?action=%25".to_owned(), 0),
        ("?action=zzz".to_owned(), 0),
        (format!("?subject=connection%3A{connection}"), 2),
        (format!("?subject={connection}"), 2),
        (
            format!("?subject={connection}&action=connection.t&actor=operator%3A{id}"),
            1,
        ),
        (format!("?subject={connection}&actor=cli"), 0),
        ("?to=2024-02-10".to_owned(), 1),
        ("?from=2024-02-10&to=2024-02-10".to_owned(), 1),
        ("?from=2024-02-11".to_owned(), 3),
        ("?to=2024-02-09".to_owned(), 0),
        ("?from=2024-02-11&action=flow.".to_owned(), 0),
    ] {
        let page = read(&admin, &server, &query).await;
        assert_eq!(lines(&page), found, "{query}: {page}");
        assert_eq!(page.contains("No line fits"), found == 0, "{query}");
    }
    let page = read(&admin, &server, "").await;
    for text in [
        "Ann &#60;b&#62; tested a connection",
        "A key that is gone deleted a connection",
        "The command line made a link",
        "A person said that a sign-in is not theirs",
        &format!("href=\"{}/connections/{connection}\"", home(&server)),
        "&#60;script&#62;",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert!(!page.contains("<script>\""), "{page}");
    let chips = read(&admin, &server, "?actor=cli&action=link.").await;
    assert!(
        chips.contains("/audit?action=link.\"") && chips.contains("/audit?actor=cli\""),
        "each chip leads to the others: {chips}"
    );
    for wrong in [
        "?from=yesterday",
        "?to=2024-13-01",
        "?before=x",
        "?from=99999-01-01",
        &format!("?actor={}", "x".repeat(201)),
    ] {
        admin.get(&format!("{}/audit{wrong}", home(&server))).await.expect(400);
    }
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    developer
        .get(&format!("{}/audit?actor=cli", home(&server)))
        .await
        .expect(403);
    admin.get(&format!("/console/{other}/test/audit")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_each_line_once() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    for number in 0..120 {
        let action = ["connection.test", "connection.delete", "link.created"][number % 3];
        note(
            &server,
            action,
            "cli",
            None,
            &json!({ "number": format!("n{number}n") }),
        )
        .await;
    }
    for (query, expected) in [("", 120), ("?action=connection.", 80), ("?actor=cli&action=link", 40)] {
        let (mut seen, mut query) = (Vec::new(), query.to_owned());
        loop {
            let page = read(&admin, &server, &query).await;
            seen.extend(
                page.split("\": &#34;n")
                    .skip(1)
                    .map(|part| part.split("n&").next().unwrap().to_owned()),
            );
            seen.extend(
                page.split("&#34;number&#34;: &#34;n")
                    .skip(1)
                    .map(|part| part.split("n&").next().unwrap().to_owned()),
            );
            let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
                break;
            };
            let next = before
                .rsplit("href=\"")
                .next()
                .unwrap()
                .replace("&amp;", "&")
                .replace("&#38;", "&");
            query = next.split_once("/audit").unwrap().1.to_owned();
        }
        assert_eq!(seen.len(), expected, "{query}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), expected, "{query}: no line twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_reads_what_belongs_to_no_project() {
    let server = TestServer::start().await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    Person::new(&server)
        .sign_in("nobody@example.com", "nothing")
        .await
        .expect(401);
    let page = read(&owner, &server, "?of=server").await;
    assert!(page.contains("A sign-in to the console was refused"), "{page}");
    assert!(!read(&owner, &server, "").await.contains("A sign-in to the console"));
    let server_part = format!("{}/audit?of=server", home(&server));
    admin.get(&server_part).await.expect(403);
    let export = format!("{}/audit/export?of=server", home(&server));
    admin.post(&export, &[("format", "csv")]).await.expect(403);
    assert!(!read(&admin, &server, "").await.contains("Show the whole server"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_told_intact_until_somebody_writes_over_it() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    assert!(read(&admin, &server, "").await.contains("None was written yet"));
    for _ in 0..3 {
        let entry = ChainedEntry {
            project: server.project.id,
            environment: Environment::Test,
            action: "credential.read",
            actor: "cli".to_owned(),
            subject: "connection:1".to_owned(),
            detail: json!({ "result": "refused" }),
        };
        server.store.audit_first(entry).await.unwrap();
    }
    let page = read(&admin, &server, "").await;
    assert!(
        page.contains("intact up to entry 3") && page.contains("entry 3 of the chain"),
        "{page}"
    );
    server
        .database
        .execute("alter table audit_log disable trigger audit_log_append_only;")
        .await;
    server
        .database
        .execute("update audit_log set actor = 'key:1' where chain_no = 2")
        .await;
    let page = read(&admin, &server, "").await;
    assert!(
        page.contains("Entry 2") && page.contains("is not as it was written"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_written_down_and_holds_no_formula() {
    let server = TestServer::start().await;
    let (id, admin) = operator(&server, Some(Role::Admin)).await;
    server
        .database
        .execute("update operators set name = '=HYPERLINK(\"https://evil.example\",\"x\")'")
        .await;
    let me = format!("operator:{id}");
    for subject in ["=1+1", "+1", "-1", "@SUM(A1)", "plain, with comma", "a\"b\r\nc"] {
        note(
            &server,
            "connection.test",
            &me,
            Some(subject),
            &json!({ "name": "=cmd|' /C calc'!A0" }),
        )
        .await;
    }
    let export = format!("{}/audit/export", home(&server));
    admin.post(&export, &[("format", "xlsx")]).await.expect(422);
    admin.post(&export, &[]).await.expect(422);
    admin
        .clone()
        .from(Some("https://evil.example"))
        .post(&export, &[("format", "csv")])
        .await
        .expect(403);
    let noted = "select count(*) from audit_log where action = 'audit.exported'";
    assert_eq!(
        server.database.number(noted).await,
        0,
        "what was refused was not exported"
    );
    let file = admin
        .post(&format!("{export}?action=connection."), &[("format", "csv")])
        .await
        .expect(200);
    assert!(file.kind.starts_with("text/csv"), "{}", file.kind);
    assert_eq!(server.database.number(noted).await, 1);
    assert!(file.text.starts_with("time,environment,action,actor"), "{}", file.text);
    assert_eq!(file.text.matches("connection.test").count(), 6);
    // Read as a spreadsheet reads it.
    for cell in cells(&file.text) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    for held in [
        "'=1+1",
        "'@SUM(A1)",
        "\"plain, with comma\"",
        "\"a\"\"b\r\nc\"",
        "'=HYPERLINK",
    ] {
        assert!(file.text.contains(held), "{held} in {}", file.text);
    }
    let file = admin
        .post(&format!("{export}?actor=operator%3A{id}"), &[("format", "jsonl")])
        .await
        .expect(200);
    let rows: Vec<Value> = file
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // The first export is the newest line of this actor, but one.
    assert_eq!(rows.len(), 8, "{}", file.text);
    assert_eq!(rows[0]["action"], "audit.exported");
    assert_eq!(rows[0]["detail"]["format"], "jsonl");
    assert_eq!(rows[1]["detail"]["filters"], json!({ "action": "connection." }));
    assert_eq!(rows[7]["subject"], "=1+1");
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    developer.post(&export, &[("format", "csv")]).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_export_comes_in_pieces_and_ends() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    server.database.execute(&format!(
        "insert into audit_log (id, project_id, action, actor)
         select (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000000000000001')::uuid, '{}', 'connection.test', 'cli'
         from generate_series(1, 2500) n",
        server.project.id
    )).await;
    let export = format!("{}/audit/export?actor=cli", home(&server));
    let file = admin.post(&export, &[("format", "csv")]).await.expect(200);
    assert_eq!(file.text.lines().count(), 2_501);
    let mut ids: Vec<&str> = file.text.lines().map(|line| line.split(',').nth(7).unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2_501, "no line twice");
}

/// The cells of a CSV file (RFC 4180).
fn cells(text: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(one) = characters.next() {
        match one {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => cells.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            other => cell.push(other),
        }
    }
    cells
}

#[tokio::test(flavor = "multi_thread")]
async fn things_are_called_what_people_call_them() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let made = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let connection = made["id"].as_str().unwrap();
    let app = server
        .database
        .text("select id::text from apps where integration = 'sandbox'")
        .await;
    let webhook = store::EndpointId::generate();
    server
        .database
        .execute("update connections set name = 'Work <mail>'")
        .await;
    server
        .database
        .execute(&format!(
            "insert into webhook_endpoints (id, project_id, environment, url, types)
             select '{webhook}', project_id, environment, 'https://hooks.example.com/latchkey', '{{}}' from apps limit 1"
        ))
        .await;
    for (action, subject) in [
        ("connection.test", format!("connection:{connection}")),
        ("app.set", format!("app:{app}")),
        ("webhook.changed", format!("webhook:{webhook}")),
    ] {
        note(&server, action, "cli", Some(&subject), &json!({})).await;
    }
    // Lines about credentials name a connection by its id alone, or by its key.
    let key = server.database.text("select key from connections").await;
    for (action, subject) in [("credential.reveal", connection), ("connection.import", key.as_str())] {
        let entry = ChainedEntry {
            project: server.project.id,
            environment: Environment::Test,
            action,
            actor: "cli".to_owned(),
            subject: subject.to_owned(),
            detail: json!({ "result": "exported" }),
        };
        server.store.audit_first(entry).await.unwrap();
    }
    let page = read(&admin, &server, "").await;
    let called = "<bdi>Sandbox: Work &#60;mail&#62; of u-42</bdi>";
    let linked = format!("<a href=\"{}/connections/{connection}\">{called}", home(&server));
    // The sign-in that made it, the test and the credential; a key leads nowhere.
    assert_eq!(page.matches(&linked).count(), 3, "{page}");
    assert_eq!(page.matches(called).count(), 4, "{page}");
    // All of what was done to it is found by its id.
    for (action, words) in [
        ("credential.", "looked at the credential"),
        ("connection.t", "tested a connection"),
    ] {
        let found = read(&admin, &server, &format!("?subject={connection}&action={action}")).await;
        assert!(lines(&found) == 1 && found.contains(words), "{action}: {found}");
        let found = read(&admin, &server, &format!("?subject={connection}")).await;
        assert!(found.contains(words), "{action}: {found}");
    }
    for name in [
        "Sandbox: Work &#60;mail&#62;",
        "app of Sandbox",
        "webhook to https://hooks.example.com/latchkey",
    ] {
        assert!(page.contains(name), "{name}: {page}");
    }
    // What is gone is named by what it was, not by whose.
    server
        .database
        .execute("update connections set deleted_at = latchkey_now()")
        .await;
    let page = read(&admin, &server, "").await;
    assert!(
        page.contains("a connection to Sandbox") && !page.contains("Work &#60;mail"),
        "{page}"
    );
}
