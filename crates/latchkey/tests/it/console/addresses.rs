//! An address that an operator gives with an app: who moves it once something is kept that would go there.

use store::Role;
use testkit::{OddProvider, TestServer};

use super::{Person, Seen, home, operator};

const REFUSED: &str = "This address decides where secrets go. An admin changes it.";
const BASE: &str = "select variables ->> 'base' from apps where integration = 'odd'";
const SAVED: &str = "select count(*) from audit_log where action = 'app.set'";

/// The form of an app, as it is and with this in it.
async fn save(person: &Person, server: &TestServer, integration: &str, pairs: &[(&str, &str)]) -> Seen {
    let page = format!("{}/integrations/{integration}", home(server));
    let shown = person.get(&page).await.expect(200).text;
    let revision = shown.split("name=\"revision\" value=\"").nth(1).unwrap();
    let mut all = vec![("revision", revision.split('"').next().unwrap()), ("key", "keep")];
    all.extend_from_slice(pairs);
    person.post(&format!("{page}/app"), &all).await
}

async fn odd(server: &TestServer, person: &Person, base: &str, secret: &str) -> Seen {
    let pairs = [
        ("client_id", "odd-client"),
        ("client_secret", secret),
        ("variable.base", base),
    ];
    save(person, server, "odd", &pairs).await
}

struct Stage {
    old: OddProvider,
    new: OddProvider,
    server: TestServer,
}

async fn stage() -> Stage {
    let (old, new) = (OddProvider::start().await, OddProvider::start().await);
    let server = TestServer::builder()
        .with_odd_provider(&old)
        .allowing(&new.url())
        .start()
        .await;
    Stage { old, new, server }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_builds_sends_nothing_that_is_kept_to_another_address() {
    let Stage { old, new, server } = stage().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let page = format!("{}/integrations/odd", home(&server));

    // A secret is kept.
    assert!(
        developer.get(&page).await.expect(200).text.contains(REFUSED),
        "told before"
    );
    let refused = odd(&server, &developer, &new.url(), "").await.expect(403).text;
    let stands = refused.split("id=\"variable-base-problem\"").nth(1);
    assert!(stands.is_some_and(|text| text.contains(REFUSED)), "{refused}");
    assert!(
        refused.contains(&format!("value=\"{}\"", new.url())),
        "what was typed in stays: {refused}"
    );
    odd(&server, &developer, "", "").await.expect(403);
    assert_eq!(server.database.text(BASE).await, old.url());
    assert_eq!(server.database.number(SAVED).await, 0);
    developer.post(&format!("{page}/doctor"), &[]).await.expect(200);
    assert!(new.seen("").is_empty() && !old.seen("/token").is_empty());
    // Whatever else is in the form is theirs to change.
    odd(&server, &developer, &old.url(), "").await.expect(303);

    // Nobody is connected, and the secret that is kept goes away.
    odd(&server, &developer, &new.url(), "another-s3cret").await.expect(303);
    odd(&server, &developer, &old.url(), "odd-secret").await.expect(303);

    // Somebody is connected.
    server.import_odd("odd", &["one".to_owned()]).await;
    let refused = odd(&server, &developer, &new.url(), "another-s3cret").await.expect(403);
    assert!(
        refused.text.contains(REFUSED) && !refused.text.contains("another-s3cret"),
        "{}",
        refused.text
    );
    // Their grant waits to be revoked.
    server
        .database
        .execute(
            "with gone as (update connections set deleted_at = latchkey_now() where integration = 'odd' returning *)
             insert into revocations (id, project_id, environment, app_id, integration, auth_method, deadline_at)
             select id, project_id, environment, app_id, integration, auth_method, latchkey_now() + interval '1 day' from gone",
        )
        .await;
    odd(&server, &developer, &new.url(), "another-s3cret").await.expect(403);
    server
        .database
        .execute("update revocations set status = 'failed'")
        .await;
    odd(&server, &developer, &new.url(), "another-s3cret").await.expect(303);
    assert_eq!(server.database.text(BASE).await, new.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_typed_in_is_kept_too() {
    let Stage { old, new, server } = stage().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let moved = async |to: &str| save(&developer, &server, "odd-key", &[("variable.base", to)]).await;
    // There is no secret of the app, and nobody's key.
    moved(&new.url()).await.expect(303);
    moved(&old.url()).await.expect(303);
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key)
             select id, project_id, environment, id, integration, 'api_key', 'test::odd-key::x' from apps
             where integration = 'odd-key'",
        )
        .await;
    let refused = moved(&new.url()).await.expect(403).text;
    assert!(
        refused.contains(REFUSED) && !refused.contains("anew in the same save"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_moves_an_address_with_a_fresh_proof() {
    let Stage { old, new, server } = stage().await;
    server.import_odd("odd", &["one".to_owned()]).await;
    let (id, admin) = operator(&server, Some(Role::Admin)).await;
    server.advance(601).await;
    let refused = odd(&server, &admin, &new.url(), "").await.expect(403).text;
    let stands = refused.split("id=\"variable-base-problem\"").nth(1);
    assert!(
        stands.is_some_and(|text| text.contains("/console/confirm")),
        "{refused}"
    );
    assert_eq!(server.database.text(BASE).await, old.url());
    assert_eq!(server.database.number(SAVED).await, 0);
    // Without a move no proof is asked for.
    odd(&server, &admin, &old.url(), "").await.expect(303);
    super::sign_in_again(&server, id, &admin).await;
    odd(&server, &admin, &new.url(), "").await.expect(303);
    let noted =
        "select detail ->> 'variables_changed' || (detail -> 'addresses_changed' -> 'base')::text from audit_log
                 where action = 'app.set' order by created_at desc limit 1";
    assert_eq!(
        server.database.text(noted).await,
        format!(
            "[\"base\"]{{\"after\": \"{}\", \"before\": \"{}\"}}",
            new.url(),
            old.url()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_address_is_given_by_who_builds_and_a_default_is_one() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let gitlab = async |instance: &str, secret: &str| {
        let scopes = catalog_scopes(&server, "gitlab");
        let mut pairs = vec![
            ("client_id", "lab"),
            ("client_secret", secret),
            ("variable.instance", instance),
        ];
        pairs.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        save(&developer, &server, "gitlab", &pairs).await
    };
    gitlab("https://one.example.test", "").await.expect(303);
    gitlab("https://two.example.test", "").await.expect(303);
    gitlab("", "lab-s3cret").await.expect(303);
    // It was where the definition says.
    let refused = gitlab("https://two.example.test", "").await.expect(403).text;
    assert!(refused.contains(REFUSED), "{refused}");
    gitlab("https://gitlab.com", "").await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_is_still_to_come_moves_nothing() {
    let Stage { old, new, server } = stage().await;
    server
        .database
        .execute("update apps set sealed = null where integration = 'odd'")
        .await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let pairs = [
        ("revision", "2"),
        ("client_id", "odd-client"),
        ("variable.base", &new.url()),
    ];
    let path = format!("{}/integrations/odd/app", home(&server));
    let revision = "select revision from apps where integration = 'odd'";
    assert_eq!(server.database.number(revision).await, 1);
    let early = developer.post(&path, &pairs).await.expect(412);
    assert!(early.text.contains("Somebody else changed"), "{}", early.text);
    assert_eq!(server.database.text(BASE).await, old.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_variables_are_in_no_log() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let scopes = catalog_scopes(&server, "google-ads");
    for token in ["never-logged-token", "another-logged-token"] {
        let mut pairs = vec![("client_id", "1234"), ("variable.developer_token", token)];
        pairs.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        save(&developer, &server, "google-ads", &pairs).await.expect(303);
        // A secret is not compared with the one that is kept: what is given counts as changed, and an empty field does not.
        pairs.retain(|(name, _)| *name != "variable.developer_token");
        save(&developer, &server, "google-ads", &pairs).await.expect(303);
    }
    let names = "select string_agg(detail ->> 'variables_changed' || (detail ->> 'addresses_changed'), ' ' order by created_at, id)
                 from audit_log where action = 'app.set'";
    assert_eq!(
        server.database.text(names).await,
        "[\"developer_token\"]{} []{} [\"developer_token\"]{} []{}"
    );
    let whole = server
        .database
        .text("select string_agg(detail::text, '') from audit_log")
        .await;
    assert!(!whole.contains("logged-token"), "{whole}");
}

fn catalog_scopes(server: &TestServer, id: &str) -> Vec<String> {
    let catalog = server.broker.catalog();
    let catalog::AuthKind::OAuth2(oauth2) = &catalog.get(id).unwrap().auth[0].kind else {
        panic!("{id}")
    };
    oauth2.scopes.default.clone()
}

/// A service whose only secret of the app is a value.
const TOKEN_ONLY: &str = "id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
variables:
  instance: { title: Instance, type: url, set_by: operator }
  admin_token: { title: Token of the admin, set_by: operator, secret: true, pattern: \"[a-z-]+\" }
auth:
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
api:
  base_url: \"${variables.instance}/v1\"
  headers: { X-Key: \"${credential.key}\", X-Admin: \"${variables.admin_token}\" }
check: { get: /me }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_a_secret_is_sent_to_no_other_address() {
    let server = TestServer::builder()
        .with_definitions([("acme.yaml".to_owned(), TOKEN_ONLY.to_owned())])
        .start()
        .await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let acme = async |instance: &str, token: &str| {
        let pairs = [("variable.instance", instance), ("variable.admin_token", token)];
        save(&developer, &server, "acme", &pairs).await
    };
    let (one, two) = ("https://one.example.test", "https://two.example.test");
    // Nothing is kept yet.
    acme(two, "").await.expect(303);
    acme(one, "first-token").await.expect(303);
    let page = format!("{}/integrations/acme", home(&server));
    assert!(
        developer.get(&page).await.expect(200).text.contains(REFUSED),
        "told before"
    );
    let refused = acme(two, "").await.expect(403).text;
    let stands = refused.split("id=\"variable-instance-problem\"").nth(1);
    assert!(
        stands.is_some_and(|text| text.contains(REFUSED) && text.contains("each value that is a secret")),
        "{refused}"
    );
    let instance = "select variables ->> 'instance' from apps where integration = 'acme'";
    assert_eq!(server.database.text(instance).await, one);
    acme(one, "").await.expect(303);
    // Given anew, it is not what is kept.
    acme(two, "second-token").await.expect(303);
    assert_eq!(server.database.text(instance).await, two);

    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let pairs = [("variable.instance", one)];
    save(&admin, &server, "acme", &pairs).await.expect(303);
    server.advance(601).await;
    let pairs = [("variable.instance", two)];
    save(&admin, &server, "acme", &pairs).await.expect(403);
    assert_eq!(server.database.text(instance).await, one);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_a_secret_is_taken_away_where_it_is_optional() {
    let text = TOKEN_ONLY.replace("secret: true,", "secret: true, optional: true,");
    let required = TOKEN_ONLY.replace("id: acme", "id: other");
    let server = TestServer::builder()
        .with_definitions([("acme.yaml".to_owned(), text), ("other.yaml".to_owned(), required)])
        .start()
        .await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let base = ("variable.instance", "https://one.example.test");
    let kept = async |integration: &str| {
        let page = format!("{}/integrations/{integration}", home(&server));
        let text = developer.get(&page).await.expect(200).text;
        (
            text.contains("One is kept."),
            text.contains("name=\"remove.admin_token\""),
        )
    };
    let names =
        "select array_to_string(secret_names, ' ') || (secrets_sealed is null) from apps where integration = 'acme'";
    assert_eq!(kept("acme").await, (false, false));
    let token = ("variable.admin_token", "first-token");
    save(&developer, &server, "acme", &[base, token]).await.expect(303);
    save(&developer, &server, "other", &[base, token]).await.expect(303);
    assert_eq!(kept("acme").await, (true, true));
    assert_eq!(kept("other").await, (true, false), "a required one is only replaced");
    assert_eq!(server.database.text(names).await, "admin_tokenfalse");
    // An empty field keeps it; what is given anew is kept, whatever is marked.
    let removed = ("remove.admin_token", "true");
    save(&developer, &server, "acme", &[base]).await.expect(303);
    assert_eq!(kept("acme").await, (true, true));
    let token = ("variable.admin_token", "second-token");
    save(&developer, &server, "acme", &[base, token, removed])
        .await
        .expect(303);
    assert_eq!(kept("acme").await, (true, true));

    save(&developer, &server, "acme", &[base, removed]).await.expect(303);
    assert_eq!(kept("acme").await, (false, false));
    assert_eq!(server.database.text(names).await, "true");
    let noted = "select detail ->> 'variables_changed' from audit_log where action = 'app.set' order by created_at desc, id desc limit 1";
    assert_eq!(server.database.text(noted).await, "[\"admin_token\"]");
}
