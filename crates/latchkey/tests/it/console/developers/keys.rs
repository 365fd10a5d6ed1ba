//! Keys: shown once, rolled, revoked.

use broker::Scope;
use store::Role;
use testkit::TestServer;

use super::super::{Person, Seen, home, operator};
use super::{between, shown, works};

async fn make_key(person: &Person, server: &TestServer, pairs: &[(&str, &str)]) -> Seen {
    person.post(&format!("{}/keys/new", home(server)), pairs).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let form = developer
        .get(&format!("{}/keys/new", home(&server)))
        .await
        .expect(200)
        .text;
    let ticked = form.matches("\" checked aria-describedby=\"scope-").count();
    assert_eq!(ticked, 4, "the default set: {form}");
    assert_eq!(
        form.matches(" disabled aria-describedby=\"scope-").count(),
        4,
        "what takes the role admin"
    );
    let id = between(&form, "name=\"id\" value=\"", "\"").to_owned();
    let pairs = [
        ("id", id.as_str()),
        ("name", "<b>back & end</b>"),
        ("scope", "connections:read"),
        ("scope", "passthrough"),
        ("end", "90"),
        ("addresses", "127.0.0.0/8\r\n2001:db8::/32"),
    ];
    let made = make_key(&developer, &server, &pairs).await.expect(200);
    let key = shown(&made);
    assert!(key.starts_with("sk_test_lk_") && works(&server, &key).await, "{key}");
    assert!(
        made.text.contains("&#60;b&#62;back") || made.text.contains("&lt;b&gt;back"),
        "{}",
        made.text
    );
    assert_eq!(made.location, "", "no address leads to it");

    // The same form again makes no second key and shows nothing.
    let again = make_key(&developer, &server, &pairs).await.expect(409);
    assert!(again.text.contains("This form has made its key already") && !again.text.contains(&key));
    let list = format!("{}/keys", home(&server));
    for address in [list.clone(), format!("{list}/{id}"), format!("{list}/new")] {
        let seen = developer.get(&address).await.expect(200);
        assert!(!seen.text.contains(&key), "{address}");
    }
    let page = developer.get(&format!("{list}/{id}")).await.expect(200).text;
    for part in [
        "127.0.0.0/8",
        "2001:db8::/32",
        "in 90 days",
        &key[..14],
        "Call services through connections.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let audit = server
        .database
        .text("select string_agg(a::text, E'\\n') from audit_log a")
        .await;
    assert!(audit.contains("key.created") && !audit.contains(&key), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_by_who_confirmed_lately_that_it_is_them() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let keys = format!("{}/keys", home(&server));
    let pairs = [("name", "nightly"), ("scope", "passthrough"), ("end", "never")];
    make_key(&developer, &server, &pairs).await.expect(200);
    let count = "select count(*) from api_keys";
    let before = server.database.number(count).await;
    let made = server
        .database
        .text("select id::text from api_keys where name = 'nightly'")
        .await;
    server.advance(601).await;
    let asked = developer.get(&format!("{keys}/new")).await.expect(303);
    assert!(
        asked.location.starts_with("/console/confirm?next="),
        "{}",
        asked.location
    );
    // Whoever filled the form slowly keeps what they typed.
    let late = make_key(&developer, &server, &pairs).await.expect(403);
    assert!(
        late.text.contains("/console/confirm in another tab") && late.text.contains("value=\"nightly\""),
        "{}",
        late.text
    );
    let rolled = developer
        .post(&format!("{keys}/{made}/roll"), &[("overlap", "1d")])
        .await
        .expect(303);
    assert!(rolled.location.starts_with("/console/confirm?next="));
    assert_eq!(server.database.number(count).await, before);
    // Ending one asks for nothing.
    developer.post(&format!("{keys}/{made}/revoke"), &[]).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_comes_back_as_it_was() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let long = "x".repeat(121);
    let whole = |name: &'static str, value: &'static str| {
        let mut pairs = vec![
            ("name", "nightly"),
            ("scope", "passthrough"),
            ("addresses", "192.0.2.1"),
            ("end", "never"),
        ];
        pairs.retain(|(other, _)| *other != name);
        pairs.push((name, value));
        pairs
    };
    for (pairs, status, message) in [
        (whole("name", ""), 422, "The key has no name."),
        (whole("scope", "nonsense"), 422, "The key would be able to do nothing."),
        (whole("scope", "admin"), 403, "not yours to make"),
        (whole("scope", "credentials:read"), 403, "not yours to make"),
        (whole("scope", "connections:import"), 403, "not yours to make"),
        (whole("scope", "branding:write"), 403, "not yours to make"),
        (whole("end", "nonsense"), 422, "Choose when the key ends."),
        (whole("end", "date"), 422, "This is no day."),
        (whole("addresses", "office"), 422, "is no network"),
    ] {
        let seen = make_key(&developer, &server, &pairs).await.expect(status);
        assert!(
            seen.text.contains(message) && seen.text.contains("-problem\" role=\"alert\""),
            "{message}: {}",
            seen.text
        );
        let kept = pairs.iter().find(|(name, _)| *name == "name").unwrap().1;
        assert!(seen.text.contains(&format!("value=\"{kept}\"")), "{message}");
    }
    make_key(&developer, &server, &[("name", &long), ("scope", "passthrough")])
        .await
        .expect(422);
    let past = [
        ("name", "x"),
        ("scope", "passthrough"),
        ("end", "date"),
        ("end_date", "2001-01-01"),
    ];
    let seen = make_key(&developer, &server, &past).await.expect(422);
    assert!(seen.text.contains("The key would have ended already."), "{}", seen.text);
    assert_eq!(
        server
            .database
            .number("select count(*) from audit_log where action = 'key.created'")
            .await,
        0
    );
    for scope in ["admin", "credentials:read", "connections:import", "branding:write"] {
        make_key(&admin, &server, &[("name", "x"), ("scope", scope)])
            .await
            .expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rolled_and_revoked() {
    let server = TestServer::start().await;
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let old = shown(
        &make_key(&developer, &server, &[("name", "backend"), ("scope", "passthrough")])
            .await
            .expect(200),
    );
    let id = server
        .database
        .text("select id::text from api_keys where name = 'backend'")
        .await;
    let page = format!("{}/keys/{id}", home(&server));
    let rolled = developer
        .post(&format!("{page}/roll"), &[("overlap", "1h")])
        .await
        .expect(200);
    let new = shown(&rolled);
    assert!(
        rolled.text.contains("The old key ends in an hour") && old != new,
        "{}",
        rolled.text
    );
    assert!(works(&server, &old).await && works(&server, &new).await);
    let seen = developer.get(&page).await.expect(200).text;
    assert!(
        seen.contains("Replaced") && seen.contains("the new key") && !seen.contains("Roll key"),
        "{seen}"
    );
    let twice = developer.post(&format!("{page}/roll"), &[]).await.expect(409);
    assert!(twice.text.contains("was replaced already"), "{}", twice.text);
    server.advance(3_601).await;
    assert!(!works(&server, &old).await && works(&server, &new).await);
    // The clock went on, not the session.
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let ended = developer.post(&format!("{page}/roll"), &[]).await.expect(409);
    assert!(
        !ended.text.contains("sk_test_lk_") || ended.text.contains("was replaced"),
        "{}",
        ended.text
    );

    let id = server
        .database
        .text("select id::text from api_keys where name = 'backend' order by id desc limit 1")
        .await;
    let page = format!("{}/keys/{id}", home(&server));
    let asked = developer.get(&page).await.expect(200).text;
    assert!(asked.contains("It was last used"), "{asked}");
    let seen = developer.post(&format!("{page}/revoke"), &[]).await.expect(303);
    assert_eq!(seen.location, format!("{}/keys?done=revoked", home(&server)));
    assert!(!works(&server, &new).await);
    let list = developer.get(&seen.location).await.expect(200).text;
    assert!(
        list.contains("Revoked") && list.contains("It works nowhere any more."),
        "{list}"
    );
    developer.post(&format!("{page}/revoke"), &[]).await.expect(404);
    assert_eq!(
        server
            .database
            .number("select count(*) from audit_log where action in ('key.rolled', 'key.revoked')")
            .await,
        2
    );
    // A developer does not take the place of a key that may more.
    server.key_with(&[Scope::Admin]).await;
    let strong = server
        .database
        .text("select id::text from api_keys where scopes = '{admin}'")
        .await;
    let page = format!("{}/keys/{strong}", home(&server));
    let seen = developer.get(&page).await.expect(200).text;
    assert!(
        seen.contains("takes the role admin") && !seen.contains("Roll key</button>"),
        "{seen}"
    );
    developer.post(&format!("{page}/roll"), &[]).await.expect(403);
}
