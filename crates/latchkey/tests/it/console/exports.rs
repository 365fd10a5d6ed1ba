//! How many files are written at once, and how one ends.

use reqwest::Response;
use store::Role;
use testkit::{Account, Consent, TestServer};

use super::{Person, home, operator};

/// Sends a form and leaves the answer unread.
async fn begin(person: &Person, path: &str, body: &'static str) -> Response {
    let cookies: Vec<String> = {
        let jar = person.jar.lock().unwrap();
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect()
    };
    let request = person
        .client
        .post(format!("{}{path}", person.url))
        .header("cookie", cookies.join("; "))
        .header("origin", &person.url)
        .header("content-type", "application/x-www-form-urlencoded");
    request.body(body).send().await.unwrap()
}

/// More than lies between a server and somebody who does not read.
async fn many(server: &TestServer) {
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, label)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, 'many-' || n, 'many',
                    repeat('x', 2000)
             from connections, generate_series(1, 12000) n",
        )
        .await;
}

/// The page that says so, and when to ask again.
async fn refused(answer: Response) {
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "10");
    let text = answer.text().await.unwrap();
    for part in [
        "<!doctype html>",
        "Too much at once",
        "Another export is running. Try again when it is done.",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_are_written_at_once_and_one_for_each() {
    let server = TestServer::start().await;
    server.connect("u-1", Consent::Allow(Account::Ann)).await;
    many(&server).await;
    let connections = format!("{}/connections/export", home(&server));
    let audit = format!("{}/audit/export", home(&server));
    let (_, first) = operator(&server, Some(Role::Admin)).await;
    let (_, second) = operator(&server, Some(Role::Support)).await;
    let (_, third) = operator(&server, Some(Role::Admin)).await;

    let slow = begin(&first, &connections, "").await;
    assert_eq!(slow.status(), 200);
    // The same operator has no second one, of whatever kind.
    for (path, body) in [(&connections, ""), (&audit, "format=csv")] {
        refused(begin(&first, path, body).await).await;
    }
    let other = begin(&second, &connections, "").await;
    assert_eq!(other.status(), 200);
    for (path, body) in [(&connections, ""), (&audit, "format=jsonl")] {
        refused(begin(&third, path, body).await).await;
    }
    // A refused one is in no log.
    assert_eq!(server.store.audit_count("connections.exported").await.unwrap(), 2);
    assert_eq!(server.store.audit_count("audit.exported").await.unwrap(), 0);

    // Whoever reads to the end makes room with it, and has missed nothing meanwhile.
    let whole = slow.text().await.unwrap();
    assert_eq!(whole.lines().count(), 12_002);
    third.post(&audit, &[("format", "csv")]).await.expect(200);
    first.post(&connections, &[]).await.expect(200);
    // Whoever goes away does, too.
    drop(other);
    let mut again = begin(&second, &connections, "").await;
    for _ in 0..200 {
        if again.status() == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        again = begin(&second, &connections, "").await;
    }
    assert_eq!(again.status(), 200, "the place of one who went away stays taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_database_stops_is_broken_off() {
    let server = TestServer::start().await;
    server.connect("u-1", Consent::Allow(Account::Ann)).await;
    let export = format!("{}/connections/export", home(&server));
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let mut holder = server.database.pool().begin().await.unwrap();
    sqlx::query("lock table connections in access exclusive mode")
        .execute(&mut *holder)
        .await
        .unwrap();
    // Nobody takes what was written until then for the whole.
    let answer = begin(&support, &export, "").await;
    assert_eq!(answer.status(), 200);
    let broken = answer.bytes().await;
    assert!(broken.is_err(), "{broken:?}");
    holder.rollback().await.unwrap();
    let whole = support.post(&export, &[]).await.expect(200).text;
    assert_eq!(whole.lines().count(), 2, "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_broken_off_when_its_reader_may_not_any_more() {
    let server = TestServer::start().await;
    server.connect("u-1", Consent::Allow(Account::Ann)).await;
    many(&server).await;
    let export = format!("{}/connections/export", home(&server));
    for ending in [
        "update operator_roles set role = 'viewer' where operator_id",
        "delete from operator_roles where operator_id",
        "update operators set disabled_at = latchkey_now() where id",
        "delete from operator_sessions where operator_id",
    ] {
        let (id, support) = operator(&server, Some(Role::Support)).await;
        let answer = begin(&support, &export, "").await;
        assert_eq!(answer.status(), 200);
        server.database.execute(&format!("{ending} = '{id}'")).await;
        let read = answer.bytes().await;
        assert!(read.is_err(), "{ending}: {}", read.unwrap().len());
    }
}
