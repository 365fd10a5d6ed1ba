//! Who is in the team, and what they are made.

use store::{OperatorId, Role};
use testkit::TestServer;

use super::super::{home, operator};
use super::{actions, address, elsewhere, roles};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_the_team_and_admins_change_it() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let (admin_id, admin) = operator(&server, Some(Role::Admin)).await;
    let (viewer_id, viewer) = operator(&server, Some(Role::Viewer)).await;
    let (stranger, _) = elsewhere(&server, Role::Admin).await;

    let page = viewer.get(&team).await.expect(200).text;
    for id in [admin_id, viewer_id] {
        assert!(page.contains(&address(&server, id).await), "{page}");
    }
    assert!(
        !page.contains(&address(&server, stranger).await),
        "somebody of another project"
    );
    assert!(
        !page.contains("team/invite\"") && page.contains("takes the role admin"),
        "{page}"
    );
    let member = format!("{team}/operators/{viewer_id}");
    let page = viewer.get(&member).await.expect(200).text;
    assert!(!page.contains("/role\""), "{page}");
    viewer.get(&format!("{team}/operators/{stranger}")).await.expect(404);
    viewer.get(&format!("{team}/operators/nonsense")).await.expect(404);
    let words = viewer.get(&format!("{team}/roles")).await.expect(200).text;
    assert!(
        words.contains("Read and export the audit log") && words.contains("Support"),
        "{words}"
    );

    // It holds at once, in the session that is there.
    let audit = format!("{}/audit", home(&server));
    viewer.get(&audit).await.expect(403);
    let changed = admin
        .post(&format!("{member}/role"), &[("role", "admin")])
        .await
        .expect(303);
    assert_eq!(changed.location, format!("{member}?done=role"));
    assert!(
        admin
            .get(&changed.location)
            .await
            .expect(200)
            .text
            .contains("The role was changed")
    );
    viewer.get(&audit).await.expect(200);
    viewer
        .post(&format!("{team}/operators/{admin_id}/role"), &[("role", "viewer")])
        .await
        .expect(303);
    admin.get(&audit).await.expect(403);
    viewer
        .post(&format!("{team}/operators/{admin_id}/remove"), &[])
        .await
        .expect(303);
    admin.get(&team).await.expect(404);
    assert_eq!(roles(&server, admin_id).await, "");
    assert_eq!(
        actions(&server).await,
        "operator.role_changed operator.role_changed operator.role_removed"
    );
    let detail = "select detail->>'before' || ' ' || (detail->>'role') from audit_log where action = 'operator.role_changed' order by id limit 1";
    assert_eq!(server.database.text(detail).await, "viewer admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_more_than_they_have_or_changes_who_is_above() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let (admin_id, admin) = operator(&server, Some(Role::Admin)).await;
    let (owner_id, owner) = operator(&server, Some(Role::Owner)).await;
    let (viewer_id, _) = operator(&server, Some(Role::Viewer)).await;
    let (stranger, _) = elsewhere(&server, Role::Viewer).await;
    let of = |id: OperatorId, what: &str| format!("{team}/operators/{id}/{what}");
    for (path, form, status, said) in [
        (
            of(viewer_id, "role"),
            vec![("role", "owner")],
            422,
            "An owner owns every project",
        ),
        (
            of(viewer_id, "role"),
            vec![("role", "owner"), ("where", "everywhere")],
            403,
            "takes the role owner",
        ),
        (
            of(viewer_id, "role"),
            vec![("role", "viewer"), ("where", "everywhere")],
            403,
            "takes the role owner",
        ),
        (
            of(admin_id, "role"),
            vec![("role", "owner"), ("where", "everywhere")],
            403,
            "takes the role owner",
        ),
        (
            of(owner_id, "role"),
            vec![("role", "viewer")],
            403,
            "above your own role",
        ),
        (of(owner_id, "remove"), vec![], 403, "above your own role"),
        (
            of(owner_id, "remove"),
            vec![("where", "everywhere")],
            403,
            "above your own role",
        ),
        (
            of(viewer_id, "switch"),
            vec![("to", "off")],
            403,
            "takes the role owner",
        ),
        (of(viewer_id, "reset"), vec![], 403, "takes the role owner"),
        (of(viewer_id, "role"), vec![("role", "emperor")], 422, "is no role"),
        (of(stranger, "role"), vec![("role", "viewer")], 404, "on the team"),
        (of(stranger, "remove"), vec![], 404, "on the team"),
    ] {
        let seen = admin.post(&path, &form).await;
        assert_eq!(seen.status, status, "{path} {form:?}: {}", seen.text);
        assert!(seen.text.contains(said), "{path} {form:?}: {}", seen.text);
    }
    for (id, expected) in [
        (admin_id, "admin"),
        (owner_id, "owner"),
        (viewer_id, "viewer"),
        (stranger, "viewer"),
    ] {
        assert_eq!(roles(&server, id).await, expected);
    }
    assert_eq!(actions(&server).await, "", "what was refused is not told as done");
    // An owner may all of it; somebody of another project alone is invited, not changed.
    owner
        .post(&of(stranger, "role"), &[("role", "viewer")])
        .await
        .expect(404);
    owner.post(&of(stranger, "switch"), &[("to", "off")]).await.expect(404);
    owner
        .post(
            &of(viewer_id, "role"),
            &[("role", "developer"), ("where", "everywhere")],
        )
        .await
        .expect(303);
    assert_eq!(roles(&server, viewer_id).await, "developer viewer");
    let page = owner.get(&of(viewer_id, "")).await;
    assert_eq!(page.status, 404, "no address but the person's own");
    owner.post(&of(viewer_id, "remove"), &[]).await.expect(303);
    let refused = owner.post(&of(viewer_id, "remove"), &[]).await.expect(409);
    assert!(
        refused.text.contains("no role in this project alone"),
        "{}",
        refused.text
    );
    owner
        .post(&of(viewer_id, "remove"), &[("where", "everywhere")])
        .await
        .expect(303);
    assert_eq!(roles(&server, viewer_id).await, "");
    // From another origin nothing happens at all.
    let foreign = owner.clone().from(Some("https://evil.example"));
    foreign.post(&of(admin_id, "remove"), &[]).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_team_is_paged() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    server.database.execute(&format!(
        "with made as (insert into operators (id, email, email_key)
             select gen_random_uuid(), 'p' || n || '@example.com', 'p' || n || '@example.com' from generate_series(1, 119) n
             returning id)
         insert into operator_roles (operator_id, project_id, role) select id, '{}', 'viewer' from made",
        server.project.id
    )).await;
    let (mut seen, mut address) = (0, format!("{}/team", home(&server)));
    for _ in 0..3 {
        let page = viewer.get(&address).await.expect(200).text;
        seen += page.matches("class=\"cell-link\"").count();
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
            break;
        };
        address = before.rsplit("href=\"").next().unwrap().to_owned();
    }
    assert_eq!(seen, 120);
    viewer.get(&format!("{}/team?after=x", home(&server))).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_a_role_confirmed_lately_that_it_is_them() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let (viewer, _) = operator(&server, Some(Role::Viewer)).await;
    let member = format!("{team}/operators/{viewer}");
    server.advance(601).await;
    let form = [("email", "cleo+new@example.com"), ("role", "developer")];
    let asked = admin.post(&format!("{team}/invite"), &form).await.expect(303);
    let query = asked.location.strip_prefix("/console/confirm?").unwrap();
    let (_, back) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
    assert!(
        !query.contains("cleo") && !back.contains("cleo"),
        "an email address in an address: {back}"
    );
    // Whoever comes back finds the form as it was.
    let page = admin.get(&back).await.expect(200).text;
    assert!(
        page.contains("value=\"cleo+new@example.com\"") || page.contains("value=\"cleo&#43;new@example.com\""),
        "{page}"
    );
    let given = admin.post(&format!("{member}/role"), &[("role", "admin")]).await;
    let given = given.expect(303);
    assert!(
        given.location.starts_with("/console/confirm?next="),
        "{}",
        given.location
    );
    assert_eq!(roles(&server, viewer).await, "viewer");
    assert_eq!(server.database.number("select count(*) from operator_links").await, 0);
    assert_eq!(actions(&server).await, "");
    // Neither does the broker, whichever page asks.
    let caller = broker::Caller {
        project: server.project.id,
        environment: store::Environment::Test,
        actor: broker::Actor::Operator(viewer),
        scopes: std::collections::BTreeSet::from([broker::Scope::Admin]),
    };
    let given = server
        .broker
        .set_role(&caller, None, viewer, false, Some(Role::Support));
    assert_eq!(given.await.unwrap_err().key(), "proof_needed");
    // Taking one asks for nothing.
    admin.post(&format!("{member}/remove"), &[]).await.expect(303);
}
