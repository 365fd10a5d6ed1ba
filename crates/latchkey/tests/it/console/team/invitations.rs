//! Invitations.

use serde_json::{Value, json};
use store::Role;
use testkit::TestServer;

use super::super::{PASSWORD, Person, home, operator};
use super::{actions, address, elsewhere, roles, shown};

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_colleague_joins_with_the_role_and_no_more() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let form = [("email", " Cleo@Example.com "), ("role", "support")];
    let page = admin.post(&format!("{team}/invite"), &form).await.expect(200).text;
    let secret = shown(&page);
    let again = admin.get(&team).await.expect(200).text;
    assert!(
        again.contains("Cleo@Example.com") && !again.contains(&secret),
        "shown once: {again}"
    );
    assert!(
        !server.database.dump().await.contains(&secret),
        "only its digest is kept"
    );

    let cleo = Person::new(&server);
    let looked = cleo
        .call("/console/api/invitation", &json!({ "secret": secret }))
        .await
        .expect(200)
        .json();
    assert_eq!(looked["email"], "Cleo@Example.com");
    assert_eq!((&looked["role"], &looked["known"]), (&json!("support"), &json!(false)));
    assert_eq!(looked["project"], server.project.name.as_str());
    let join = |password: &str| json!({ "secret": secret, "name": "Cleo", "password": password });
    let weak = cleo
        .call("/console/api/invitation/accept", &join("short"))
        .await
        .expect(422);
    assert_eq!(weak.json()["key"], "weak_password");
    cleo.call("/console/api/invitation/accept", &join(PASSWORD))
        .await
        .expect(200);
    let home = home(&server);
    cleo.get(&team).await.expect(200);
    for path in ["audit", "projects/settings"] {
        let refused = cleo.get(&format!("{home}/{path}")).await.expect(403);
        assert!(refused.text.contains("You are support here"), "{}", refused.text);
    }
    cleo.post(&format!("{team}/invite"), &form).await.expect(403);
    let over = Person::new(&server)
        .call("/console/api/invitation/accept", &join(PASSWORD))
        .await
        .expect(410);
    assert_eq!(over.json()["key"], "link_over");
    let listed = admin.get(&team).await.expect(200).text;
    assert!(
        !listed.contains("Invitations that are open") && listed.contains("Cleo"),
        "{listed}"
    );
    assert_eq!(actions(&server).await, "operator.invited operator.joined");
    // Somebody who is there is not invited again.
    let refused = admin
        .post(
            &format!("{team}/invite"),
            &[("email", "CLEO@example.com"), ("role", "viewer")],
        )
        .await;
    let refused = refused.expect(409).text;
    assert!(
        refused.contains("on the team already") && refused.contains("CLEO@example.com"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_an_invitation_that_is_loaded_again_makes_no_other() {
    let server = TestServer::start().await;
    let invite = format!("{}/team/invite", home(&server));
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let once = store::OperatorLinkId::generate().to_string();
    let form = [
        ("email", "cleo@example.com"),
        ("role", "support"),
        ("once", once.as_str()),
    ];
    let secret = shown(&admin.post(&invite, &form).await.expect(200).text);
    let again = admin.post(&invite, &form).await.expect(409).text;
    assert!(
        again.contains("made an invitation already") && again.contains("value=\"cleo@example.com\""),
        "{again}"
    );
    assert!(!again.contains("The link, shown this one time"), "{again}");
    assert_eq!(actions(&server).await, "operator.invited");
    // The first one still opens.
    let looked = Person::new(&server)
        .call("/console/api/invitation", &json!({ "secret": secret }))
        .await;
    looked.expect(200);
    // The form that came back makes another.
    let (_, next) = again.split_once("name=\"once\" value=\"").unwrap();
    let next = next.split('"').next().unwrap();
    let form = [("email", "cleo@example.com"), ("role", "support"), ("once", next)];
    assert_ne!(shown(&admin.post(&invite, &form).await.expect(200).text), secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_joins_after_signing_in() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let (id, known) = elsewhere(&server, Role::Developer).await;
    let email = address(&server, id).await;
    let invite = |role: &'static str, place: &'static str| {
        let (owner, path, email) = (owner.clone(), format!("{team}/invite"), email.clone());
        async move {
            let form = [("email", email.as_str()), ("role", role), ("where", place)];
            shown(&owner.post(&path, &form).await.expect(200).text)
        }
    };
    known.get(&team).await.expect(404);
    let secret = invite("developer", "project").await;
    let body = json!({ "secret": secret });
    let nobody = Person::new(&server);
    let looked = nobody.call("/console/api/invitation", &body).await.expect(200).json();
    assert_eq!((&looked["known"], &looked["theirs"]), (&json!(true), &json!(false)));
    assert_eq!(looked["signed_in_as"], Value::Null);
    // No password is set over the one that is there.
    let taking = json!({ "secret": secret, "password": PASSWORD });
    let refused = nobody.call("/console/api/invitation/accept", &taking).await.expect(409);
    assert_eq!(refused.json()["key"], "operator_exists");
    let sent = nobody.call("/console/api/invitation/join", &body).await.expect(303);
    assert!(sent.location.starts_with("/console/sign-in"), "{}", sent.location);
    let (_, another) = operator(&server, None).await;
    let refused = another.call("/console/api/invitation/join", &body).await.expect(403);
    assert_eq!(refused.json()["key"], "invitation_of_another");
    let foreign = known.clone().from(Some("https://evil.example"));
    foreign.call("/console/api/invitation/join", &body).await.expect(403);

    let looked = known.call("/console/api/invitation", &body).await.expect(200).json();
    assert_eq!(looked["theirs"], true);
    let joined = known
        .call("/console/api/invitation/join", &body)
        .await
        .expect(200)
        .json();
    assert_eq!(joined["next"], home(&server));
    known.get(&team).await.expect(200);
    assert_eq!(roles(&server, id).await, "developer developer");
    known.call("/console/api/invitation/join", &body).await.expect(410);
    // To all projects, with less than is there: the more stays.
    let body = json!({ "secret": invite("viewer", "everywhere").await });
    let looked = known.call("/console/api/invitation", &body).await.expect(200).json();
    assert_eq!(looked["project"], Value::Null);
    known.call("/console/api/invitation/join", &body).await.expect(200);
    assert_eq!(roles(&server, id).await, "viewer developer developer");
    known
        .post(
            &format!("{team}/invite"),
            &[("email", "x@example.com"), ("role", "viewer")],
        )
        .await
        .expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let invite = format!("{team}/invite");
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let (admin_id, admin) = operator(&server, Some(Role::Admin)).await;
    let open = |secret: String| {
        let person = Person::new(&server);
        async move {
            person
                .call("/console/api/invitation", &json!({ "secret": secret }))
                .await
                .status
        }
    };
    let form = [("email", "cleo@example.com"), ("role", "admin")];
    // By a newer one to the same address.
    let first = shown(&admin.post(&invite, &form).await.expect(200).text);
    let second = shown(&admin.post(&invite, &form).await.expect(200).text);
    assert_eq!((open(first).await, open(second.clone()).await), (410, 200));
    // By hand.
    let page = admin.get(&team).await.expect(200).text;
    let end = page
        .split("action=\"")
        .find(|part| part.contains("/invitations/"))
        .unwrap();
    let end = end.split('"').next().unwrap().to_owned();
    let ended = admin.post(&end, &[]).await.expect(303);
    assert!(
        admin
            .get(&ended.location)
            .await
            .expect(200)
            .text
            .contains("The invitation was ended")
    );
    assert_eq!(open(second).await, 410);
    admin.post(&end, &[]).await.expect(404);
    // With what its maker may: less, then nothing.
    let above = shown(&admin.post(&invite, &form).await.expect(200).text);
    let below = [("email", "dora@example.com"), ("role", "viewer")];
    let below = shown(&admin.post(&invite, &below).await.expect(200).text);
    let member = format!("{team}/operators/{admin_id}");
    owner
        .post(&format!("{member}/role"), &[("role", "developer")])
        .await
        .expect(303);
    assert_eq!((open(above).await, open(below.clone()).await), (410, 200));
    owner.post(&format!("{member}/remove"), &[]).await.expect(303);
    assert_eq!(open(below).await, 410);
    // One to all projects is an owner's to end.
    let form = [("email", "eve@example.com"), ("role", "owner"), ("where", "everywhere")];
    let all = shown(&owner.post(&invite, &form).await.expect(200).text);
    server
        .database
        .execute(&format!(
            "insert into operator_roles (operator_id, project_id, role) values ('{admin_id}', '{}', 'admin')",
            server.project.id
        ))
        .await;
    let page = admin.get(&team).await.expect(200).text;
    assert!(page.contains("eve@example.com") && !page.contains("/end\""), "{page}");
    let id = server
        .database
        .text("select id::text from operator_links where email = 'eve@example.com'")
        .await;
    admin
        .post(&format!("{team}/invitations/{id}/end"), &[])
        .await
        .expect(404);
    // By its time.
    server.advance(7 * 86_400 + 1).await;
    assert_eq!(open(all).await, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_invitation_loses_nothing() {
    let server = TestServer::start().await;
    let invite = format!("{}/team/invite", home(&server));
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let long = format!("{}@example.com", "x".repeat(400));
    for (email, role, place, status, said) in [
        ("cleo", "support", "", 422, "This is no email address"),
        ("", "support", "", 422, "This is no email address"),
        (long.as_str(), "support", "", 422, "This is no email address"),
        ("<b>@example.com>", "", "", 422, "Choose a role"),
        ("cleo@example.com", "emperor", "", 422, "Choose a role"),
        ("cleo@example.com", "owner", "", 422, "An owner owns every project"),
        ("cleo@example.com", "viewer", "everywhere", 403, "takes the role owner"),
        ("cleo@example.com", "owner", "everywhere", 403, "takes the role owner"),
    ] {
        let seen = admin
            .post(&invite, &[("email", email), ("role", role), ("where", place)])
            .await;
        let page = seen.expect(status).text;
        let typed = email.replace('<', "&#60;").replace('>', "&#62;");
        assert!(
            page.contains(said) && page.contains(&format!("value=\"{typed}\"")),
            "{email}: {page}"
        );
        assert!(
            !page.contains("console/invitation#") && page.contains("role=\"alert\""),
            "{page}"
        );
    }
    assert_eq!(server.database.number("select count(*) from operator_links").await, 0);
    assert_eq!(actions(&server).await, "");
}
