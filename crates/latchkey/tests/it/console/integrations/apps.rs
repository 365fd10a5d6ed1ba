//! Apps: their settings, their check, and addresses that move.

use latchkey::composition::built_in;
use store::Role;
use testkit::TestServer;

use super::super::{home, operator};
use super::{SECRET, value};

async fn dump_has(server: &TestServer, text: &str) -> bool {
    server.database.dump().await.contains(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_set_and_its_secret_never_shown() {
    let server = TestServer::start().await;
    let page = format!("{}/integrations/gmail", home(&server));
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let seen = viewer.get(&page).await.expect(200).text;
    assert!(
        seen.contains("takes the role developer") && !seen.contains("name=\"client_id\""),
        "{seen}"
    );
    let form = developer.get(&page).await.expect(200).text;
    assert!(form.contains("Switch it on: that makes the redirect address"), "{form}");
    assert_eq!(value(&form, "revision"), "0");

    let scope = "https://www.googleapis.com/auth/gmail.readonly";
    let save = async |pairs: &[(&str, &str)]| developer.post(&format!("{page}/app"), pairs).await;
    let refused = save(&[
        ("revision", "0"),
        ("client_id", "1234"),
        ("client_secret", SECRET),
        ("further", "own:scope"),
    ])
    .await;
    let saved = refused.expect(303);
    assert_eq!(saved.location, format!("{page}?done=saved"));
    let form = developer.get(&saved.location).await.expect(200).text;
    assert!(
        form.contains("The app is saved.") && form.contains("One is kept, last changed"),
        "{form}"
    );
    assert!(
        form.contains("own:scope") && form.contains("/connections/oauth/callback/"),
        "{form}"
    );
    assert!(!form.contains(SECRET) && !dump_has(&server, SECRET).await);
    assert_eq!(value(&form, "revision"), "1");

    // A refusal stands at its field; what was typed stays, the secret does not.
    for (field, pairs) in [
        ("client_id-problem", vec![("client_id", "12\u{7}34"), ("scope", scope)]),
        (
            "client_secret-problem",
            vec![("client_id", "12"), ("client_secret", "käse"), ("scope", scope)],
        ),
        ("scopes-problem", vec![("client_id", "12")]),
        ("client_id-problem", vec![("client_id", ""), ("scope", scope)]),
    ] {
        let mut pairs = pairs;
        pairs.push(("revision", "1"));
        pairs.push(("further", if field == "scopes-problem" { "" } else { "kept:further" }));
        let refused = save(&pairs).await;
        assert!(matches!(refused.status, 400 | 422), "{field}: {}", refused.status);
        assert!(
            refused.text.contains(&format!("id=\"{field}\"")),
            "{field} in {}",
            refused.text
        );
        assert!(
            field == "scopes-problem" || refused.text.contains("kept:further"),
            "{field}"
        );
        assert!(!refused.text.contains("käse"));
    }

    // The usual scopes are those of the definition again.
    let usual: Vec<String> = {
        let catalog = server.broker.catalog();
        let gmail = catalog.get("gmail").unwrap();
        let catalog::AuthKind::OAuth2(oauth2) = &gmail.auth[0].kind else {
            panic!()
        };
        oauth2.scopes.default.clone()
    };
    let mut pairs = vec![("revision", "1"), ("client_id", "5678")];
    pairs.extend(usual.iter().map(|scope| ("scope", scope.as_str())));
    save(&pairs).await.expect(303);
    let kept =
        "select concat_ws(' ', client_id, scopes is null, sealed is not null) from apps where integration = 'gmail'";
    assert_eq!(server.database.text(kept).await, "5678 t t");

    // Who began before is told, and loses nothing.
    let late = save(&[("revision", "1"), ("client_id", "mine"), ("scope", scope)])
        .await
        .expect(412);
    assert!(
        late.text.contains("Somebody else changed these settings"),
        "{}",
        late.text
    );
    assert!(
        late.text.contains("value=\"mine\"") && late.text.contains("5678"),
        "{}",
        late.text
    );
    assert_eq!(value(&late.text, "revision"), "2");
    save(&[("revision", "2"), ("client_id", "mine"), ("scope", scope)])
        .await
        .expect(303);
    assert_eq!(server.database.text(kept).await, "mine f t");
    let audited = "select string_agg(detail::text, '') from audit_log where action = 'app.set'";
    let audited = server.database.text(audited).await;
    assert!(
        audited.contains("client_secret_changed") && !audited.contains(SECRET),
        "{audited}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_checked_from_its_page() {
    let server = TestServer::start().await;
    let page = format!("{}/integrations/sandbox", home(&server));
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let found = developer.post(&format!("{page}/doctor"), &[]).await.expect(200).text;
    assert!(found.contains("Sandbox takes this app."), "{found}");
    server.database.execute("update apps set client_id = 'nobodys'").await;
    let soon = developer.post(&format!("{page}/doctor"), &[]).await.expect(429).text;
    assert!(
        soon.contains("checked a moment ago") && !soon.contains("People cannot connect"),
        "{soon}"
    );
    server.advance(11).await;
    let found = developer.post(&format!("{page}/doctor"), &[]).await.expect(200).text;
    assert!(
        found.contains("People cannot connect Sandbox") && found.contains("What to do:"),
        "{found}"
    );
    let (_, support) = operator(&server, Some(Role::Support)).await;
    support.post(&format!("{page}/doctor"), &[]).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_addresses_wait_for_an_admin() {
    let odd = testkit::OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&odd).start().await;
    server.import_odd("odd", &["one".to_owned()]).await;
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 0);
    let text = testkit::odd_definition().1.replace(
        "token: { url: \"${variables.base}",
        "token: { url: \"https://other.example.test",
    );
    let loaded = catalog::load(&built_in().with("odd.yaml", &text), None);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    server.broker.replace_catalog(loaded.catalog);
    assert_eq!(server.broker.compare_destinations().await.unwrap(), 1);
    let page = format!("{}/integrations/odd", home(&server));
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let (id, admin) = operator(&server, Some(Role::Admin)).await;
    let seen = developer.get(&page).await.expect(200).text;
    assert!(
        seen.contains("New addresses need your agreement") && seen.contains("other.example.test"),
        "{seen}"
    );
    assert!(seen.contains("To agree takes the role admin"), "{seen}");
    let seen = admin.get(&page).await.expect(200).text;
    let action = seen
        .split("action=\"")
        .find(|part| part.contains("/agree/"))
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    developer.post(action, &[]).await.expect(403);
    let agreed = admin.post(action, &[]).await.expect(303);
    assert!(agreed.location.ends_with("?done=agreed"));
    let noted =
        format!("select count(*) from audit_log where action = 'destination.agreed' and actor = 'operator:{id}'");
    assert_eq!(server.database.number(&noted).await, 1);
    assert!(!admin.get(&page).await.expect(200).text.contains("need your agreement"));
    let again = admin.post(action, &[]).await.expect(404);
    assert!(again.text.contains("does not wait any more"), "{}", again.text);
}
