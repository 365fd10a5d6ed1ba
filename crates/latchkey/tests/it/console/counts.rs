//! Counts of very many connections: they stop, and say so.

use store::Role;
use testkit::{Account, Consent, TestServer};

use super::{home, operator};

/// Makes the connection one of so many.
async fn fill(server: &TestServer, key: &str, many: u32) {
    let copy = format!(
        "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, state)
         select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || '-' || n, identity,
                case when n % 10 = 0 then 'failed' else state end
         from connections, generate_series(2, {many}) n where key = '{key}'"
    );
    server.database.execute(&copy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_of_very_many_stops_and_says_so() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let key = connection["key"].as_str().unwrap();
    let (list, one) = (
        format!("{}/integrations?q=sandbox", home(&server)),
        format!("{}/integrations/sandbox", home(&server)),
    );
    fill(&server, key, 1_000).await;
    let page = viewer.get(&list).await.expect(200).text;
    assert!(page.contains(">1,000<span") && !page.contains("1,000+"), "{page}");
    let page = viewer.get(&one).await.expect(200).text;
    assert!(
        page.contains("<span>1,000</span>") && page.contains("<span>100</span>"),
        "{page}"
    );
    assert!(!page.contains("States of the newest"), "{page}");
    fill(&server, &format!("{key}-2"), 10_000).await;
    let page = viewer.get(&list).await.expect(200).text;
    assert!(page.contains(">1,000+<span"), "{page}");
    let page = viewer.get(&one).await.expect(200).text;
    assert!(page.contains("States of the newest 10,000 connections:"), "{page}");
    assert!(page.contains("<span>10,000+</span>"), "{page}");
}
