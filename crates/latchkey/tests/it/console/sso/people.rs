//! Who signs in: a linked account, and nobody else.

use serde_json::json;
use store::{AuditEntry, Linked, NewOperatorLogin, OperatorId, OperatorLoginId, OperatorSessionId, Role};
use testkit::TestServer;
use uuid::Uuid;

use super::super::team::shown;
use super::super::{PASSWORD, Person, factor, home, operator, operators, owner, secret};
use super::{Away, LINK, Provider, START, linked, new_key, server, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_account_signs_in() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    let person = linked(&server, &provider, "s-1").await;
    let account = person.get("/console/account").await.expect(200).text;
    assert!(account.contains("ann@example.com</bdi>") && account.contains("Link another account of Odd"));
    let page = Person::new(&server).get("/console/sign-in").await.expect(200).text;
    assert!(
        page.contains("Continue with Odd") && page.contains("Password"),
        "{page}"
    );

    let (ann, away) = start(&server).await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "latchkey-console"),
        ("code_challenge_method", "S256"),
        ("scope", "openid email profile"),
        ("prompt", ""),
    ] {
        assert_eq!(away.get(name), value, "{name}");
    }
    assert_eq!(away.get("redirect_uri"), format!("{}/console/sso/callback", server.url));
    let came = provider.back(&server, &ann, &away, "s-1").await.expect(303);
    assert_eq!(came.location, "/console/account");
    ann.get("/console/account").await.expect(200);
    let sent = provider.odd.seen("/token").pop().unwrap();
    assert!(
        sent.authorization.starts_with("Basic ") && sent.body.contains("code_verifier="),
        "{sent:?}"
    );
    // Once: the same answer opens nothing any more.
    let again = ann.get(&away.callback()).await.expect(410);
    assert!(again.text.contains("was used already"), "{}", again.text);
    let signed =
        "select count(*) from audit_log where action = 'operator.signed_in' and detail ->> 'with' = 'single_sign_on'";
    assert_eq!(server.database.number(signed).await, 1);
    assert_eq!(
        server.database.number("select count(*) from operator_sign_ons").await,
        0
    );

    // No other site is led to, and the provider is the factor: no code is asked for.
    factor::set_up(&server, &person).await;
    let other = Person::new(&server);
    let away = Away::of(&other.post(START, &[("next", "https://evil.example/")]).await);
    let came = provider.back(&server, &other, &away, "s-1").await.expect(303);
    assert_eq!(came.location, "/console");
    other.get("/console/account").await.expect(200);

    // A new key of the provider is asked for.
    let newer = new_key("k2");
    provider.show_keys(&[&provider.key, &newer]);
    let (ann, away) = start(&server).await;
    provider.say(&newer, &provider.claims(&server, &away, "s-1").await);
    ann.get(&away.callback()).await.expect(303);
    assert_eq!(provider.odd.seen("/keys").len(), 2);
    assert_eq!(provider.odd.seen("/.well-known").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_no_identity_and_neither_is_a_subject_alone() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    let unknown = "Nobody here uses this sign-in yet. Sign in with your password and link it under Account";
    // The same address in another account.
    let (eve, away) = start(&server).await;
    let refused = provider.back(&server, &eve, &away, "s-2").await.expect(403);
    assert!(
        refused.text.contains(unknown) && eve.cookie("lk_operator").is_none(),
        "{}",
        refused.text
    );
    // The same subject, of another issuer.
    server
        .database
        .execute(
            "insert into operator_logins (id, operator_id, issuer, subject)
             select gen_random_uuid(), operator_id, 'https://other.example/', 's-3' from operator_logins",
        )
        .await;
    let (eve, away) = start(&server).await;
    let refused = provider.back(&server, &eve, &away, "s-3").await.expect(403);
    assert!(refused.text.contains(unknown) && eve.cookie("lk_operator").is_none());
    let same = "select count(*) from operator_logins where subject in ('s-1', 's-3')";
    assert_eq!(server.database.number(same).await, 2);
    assert_eq!(server.database.number("select count(*) from operator_logins").await, 2);
    let noted = "select count(*) from audit_log where action = 'operator.sign_on_refused' and detail ->> 'reason' = 'sso_unknown'";
    assert_eq!(server.database.number(noted).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_switched_off_stays_out() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    server
        .database
        .execute("update operators set disabled_at = latchkey_now()")
        .await;
    let (ann, away) = start(&server).await;
    let refused = provider.back(&server, &ann, &away, "s-1").await.expect(403);
    assert!(
        refused.text.contains("Your account here is switched off"),
        "{}",
        refused.text
    );
    assert!(ann.cookie("lk_operator").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_one_operators_and_goes_with_a_reset() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    let ann = linked(&server, &provider, "s-1").await;
    let (_, bob) = operator(&server, Some(Role::Admin)).await;
    let away = Away::of(&bob.post(LINK, &[]).await);
    let refused = provider.back(&server, &bob, &away, "s-1").await.expect(409);
    assert!(
        refused.text.contains("signs in another operator here"),
        "{}",
        refused.text
    );
    // Back in another session than it was begun in.
    let away = Away::of(&bob.post(LINK, &[]).await);
    bob.keep("lk_operator", &ann.cookie("lk_operator").unwrap());
    let refused = provider.back(&server, &bob, &away, "s-2").await.expect(401);
    assert!(
        refused.text.contains("Your session ended while you were away"),
        "{}",
        refused.text
    );
    assert_eq!(server.database.number("select count(*) from operator_logins").await, 1);
    // Whoever had the password may have linked an account of their own.
    let printed = operators(&server, &["reset", "ann@example.com", "--json"]).1;
    let reset = secret(&printed);
    Person::new(&server)
        .accept(&reset, "", "another harbour 11 crocus")
        .await
        .expect(200);
    assert_eq!(server.database.number("select count(*) from operator_logins").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn linking_asks_for_a_proof_and_the_only_way_in_stays() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    let ann = linked(&server, &provider, "s-1").await;
    let id = server.database.text("select id::text from operator_logins").await;
    let unlink = format!("/console/account/logins/{id}/unlink");
    server.advance(601).await;
    for path in [LINK, unlink.as_str()] {
        let asked = ann.post(path, &[]).await.expect(303);
        assert!(
            asked.location.starts_with("/console/confirm?next="),
            "{}",
            asked.location
        );
    }
    ann.post("/console/confirm", &[("password", PASSWORD)])
        .await
        .expect(303);
    // Without a password it is the only way.
    let password = server.database.text("select password from operators").await;
    server.database.execute("update operators set password = null").await;
    let refused = ann.post(&unlink, &[]).await.expect(409);
    assert!(refused.text.contains("your only way to sign in"), "{}", refused.text);
    let set = format!("update operators set password = '{password}'");
    server.database.execute(&set).await;
    let (other, away) = start(&server).await;
    provider.back(&server, &other, &away, "s-1").await.expect(303);
    let done = ann.post(&unlink, &[]).await.expect(303);
    assert_eq!(done.location, "/console/account?done=unlinked");
    // What it has let in is out, and it lets nobody in.
    other.get("/console/account").await.expect(303);
    ann.get("/console/account").await.expect(200);
    let (other, away) = start(&server).await;
    provider.back(&server, &other, &away, "s-1").await.expect(403);
    ann.post(&unlink, &[]).await.expect(404);
    let noted =
        "select string_agg(action, ' ' order by id) from audit_log where action like 'operator.sign_on_%linked'";
    assert_eq!(
        server.database.text(noted).await,
        "operator.sign_on_linked operator.sign_on_unlinked"
    );
    // The log is for ever, and has no address of a person.
    let told = "select count(*) from audit_log where action like 'operator.sign_on_%' and detail::text like '%@%'";
    assert_eq!(server.database.number(told).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_accepted_with_it() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let form = [("email", "cleo@example.com"), ("role", "support"), ("place", "project")];
    let invite = format!("{}/team/invite", home(&server));
    let invitation = shown(&admin.post(&invite, &form).await.expect(200).text);
    let cleo = Person::new(&server);
    let begin = async || Away::of(&cleo.post(START, &[("secret", &invitation), ("name", "Cleo")]).await);

    // An account of somebody who is here joins nobody, and leaves the invitation open.
    let taken = begin().await;
    let refused = provider.back(&server, &cleo, &taken, "s-1").await.expect(409);
    assert!(refused.text.contains("You have not joined") && refused.text.contains("/console/invitation"));
    let away = begin().await;
    let came = provider.back(&server, &cleo, &away, "s-9").await.expect(303);
    assert_eq!(came.location, "/console");
    let made = "select o.email || ' ' || o.name || ' ' || r.role || ' ' || l.subject || ' ' || (o.password is null)
                from operators o join operator_roles r on r.operator_id = o.id join operator_logins l on l.operator_id = o.id
                where o.name = 'Cleo'";
    assert_eq!(
        server.database.text(made).await,
        "cleo@example.com Cleo support s-9 true"
    );
    cleo.get(&home(&server)).await.expect(200);
    // Spent, by it too.
    let refused = cleo.post(START, &[("secret", &invitation)]).await.expect(410);
    assert!(refused.text.contains("This invitation was used"), "{}", refused.text);
    // A link that is for something else makes nobody.
    let reset = secret(&operators(&server, &["reset", "ann@example.com", "--json"]).1);
    cleo.post(START, &[("secret", &reset)]).await.expect(410);
    cleo.post(START, &[("secret", "nonsense")]).await.expect(404);
    let (again, away) = start(&server).await;
    provider.back(&server, &again, &away, "s-9").await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_there_is_no_button() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let page = Person::new(&server).get("/console/sign-in").await.expect(200).text;
    assert!(!page.contains("/console/sso/"), "{page}");
    let account = person.get("/console/account").await.expect(200).text;
    assert!(!account.contains("Single sign-on"), "{account}");
    let refused = person.post(START, &[]).await.expect(404);
    assert!(
        refused.text.contains("Single sign-on is not set up"),
        "{}",
        refused.text
    );
    let system = person.get(&format!("{}/system", home(&server))).await.expect(200).text;
    assert!(
        system.contains(&format!("{}/console/sso/callback", server.url)),
        "{system}"
    );
    let welcome = json!({ "secret": vault::Token::generate().expose() });
    person.call("/console/api/welcome", &welcome).await.expect(410);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_at_the_provider() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    let person = owner(&server).await;
    let checks = format!("{}/system/checks", home(&server));
    let page = person.get(&checks).await.expect(200).text;
    assert!(page.contains("answers, and says what a sign-in needs"), "{page}");
    let silent = Provider::start(false).await;
    silent.odd.forget_replies();
    let server = super::server(&silent).await;
    let person = owner(&server).await;
    let checks = format!("{}/system/checks", home(&server));
    let page = person.get(&checks).await.expect(200).text;
    assert!(
        page.contains("issuer is missing") && page.contains("LATCHKEY_SSO_ISSUER"),
        "{page}"
    );
}

/// A provider may take its time, and a new password be chosen meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_linked_in_a_session_that_ended_on_the_way() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    owner(&server).await;
    let id = async |sql: &str| -> Uuid { server.database.text(sql).await.parse().unwrap() };
    let operator = OperatorId(id("select id::text from operators").await);
    let session = OperatorSessionId(id("select id::text from operator_sessions").await);
    let link = async || {
        let new = NewOperatorLogin {
            id: OperatorLoginId::generate(),
            issuer: "https://id.example",
            subject: "s-1",
            label: "ann@example.com",
        };
        let entry = AuditEntry {
            project: None,
            environment: None,
            action: "operator.sign_on_linked",
            actor: "operator:ann".to_owned(),
            subject: None,
            detail: &json!({}),
        };
        server.store.link_login(operator, session, new, entry).await.unwrap()
    };
    server
        .database
        .execute("update operators set disabled_at = now()")
        .await;
    assert_eq!(link().await, Linked::SessionOver);
    server.database.execute("update operators set disabled_at = null").await;
    assert_eq!(link().await, Linked::Yes);
    server.database.execute("delete from operator_logins").await;
    server.database.execute("delete from operator_sessions").await;
    assert_eq!(link().await, Linked::SessionOver);
    assert_eq!(server.database.number("select count(*) from operator_logins").await, 0);
}
