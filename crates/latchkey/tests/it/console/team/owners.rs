//! Owners: the last one, and what they alone do.

use serde_json::json;
use store::Role;
use testkit::TestServer;

use super::super::{PASSWORD, Person, home, operator, sign_in_again};
use super::{actions, address, roles, shown};

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_stays() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let (id, owner) = operator(&server, Some(Role::Owner)).await;
    let own = format!("{team}/operators/{id}");
    for (action, form) in [
        ("role", vec![("role", "admin"), ("where", "everywhere")]),
        ("remove", vec![("where", "everywhere")]),
    ] {
        let refused = owner.post(&format!("{own}/{action}"), &form).await.expect(409);
        assert!(refused.text.contains("This is the last owner"), "{}", refused.text);
    }
    let refused = owner.post(&format!("{own}/switch"), &[("to", "off")]).await.expect(409);
    assert!(
        refused.text.contains("Nobody switches themselves off"),
        "{}",
        refused.text
    );
    // One who cannot sign in is no other owner.
    let (off, _) = operator(&server, Some(Role::Owner)).await;
    owner
        .post(&format!("{team}/operators/{off}/switch"), &[("to", "off")])
        .await
        .expect(303);
    owner
        .post(&format!("{own}/remove"), &[("where", "everywhere")])
        .await
        .expect(409);
    assert_eq!(roles(&server, id).await, "owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_who_demote_each_other_leave_one() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    for (round, (action, form)) in [
        ("role", vec![("role", "admin"), ("where", "everywhere")]),
        ("remove", vec![("where", "everywhere")]),
        ("switch", vec![("to", "off")]),
    ]
    .into_iter()
    .enumerate()
    {
        server.database.execute("delete from operators").await;
        let mut racing = tokio::task::JoinSet::new();
        let (one, ann) = operator(&server, Some(Role::Owner)).await;
        let (other, bob) = operator(&server, Some(Role::Owner)).await;
        for (person, target) in [(ann.clone(), other), (bob.clone(), one), (ann, other), (bob, one)] {
            let (path, form) = (format!("{team}/operators/{target}/{action}"), form.clone());
            racing.spawn(async move { person.post(&path, &form).await.status });
        }
        let ended = racing.join_all().await;
        let owners = "select count(*) from operators o join operator_roles r on r.operator_id = o.id
                      where r.role = 'owner' and o.disabled_at is null";
        assert_eq!(server.database.number(owners).await, 1, "round {round}: {ended:?}");
        assert!(ended.contains(&303), "round {round}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_switches_off_and_lets_choose_a_new_password() {
    let server = TestServer::start().await;
    let team = format!("{}/team", home(&server));
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let (id, person) = operator(&server, Some(Role::Developer)).await;
    let member = format!("{team}/operators/{id}");
    let once = store::OperatorLinkId::generate().to_string();
    let form = [("once", once.as_str())];
    let page = owner.post(&format!("{member}/reset"), &form).await.expect(200).text;
    let secret = shown(&page);
    // The page that is loaded again makes no other.
    let again = owner.post(&format!("{member}/reset"), &form).await.expect(409).text;
    assert!(
        again.contains("made a link already") && !again.contains("The link, shown this one time"),
        "{again}"
    );
    assert!(page.contains("/console/welcome#"), "{page}");
    assert!(
        !owner.get(&member).await.expect(200).text.contains(&secret),
        "shown once"
    );
    let accept = json!({ "secret": secret, "password": PASSWORD });
    // The reset has a page of its own.
    Person::new(&server)
        .call("/console/api/invitation/accept", &accept)
        .await
        .expect(410);
    let fresh = Person::new(&server);
    fresh.call("/console/api/welcome/accept", &accept).await.expect(200);
    person.get(&team).await.expect(303);
    fresh.get(&team).await.expect(200);

    let unused = shown(&owner.post(&format!("{member}/reset"), &[]).await.expect(200).text);
    let off = owner
        .post(&format!("{member}/switch"), &[("to", "off")])
        .await
        .expect(303);
    assert!(
        owner
            .get(&off.location)
            .await
            .expect(200)
            .text
            .contains("signed out everywhere")
    );
    fresh.get(&team).await.expect(303);
    let opened = fresh.call("/console/api/welcome", &json!({ "secret": unused })).await;
    assert_eq!(opened.status, 410, "links of theirs end too");
    let email = address(&server, id).await;
    fresh.sign_in(&email, PASSWORD).await.expect(401);
    owner
        .post(&format!("{member}/switch"), &[("to", "on")])
        .await
        .expect(303);
    fresh.get(&team).await.expect(303);
    sign_in_again(&server, id, &person).await;
    person.get(&team).await.expect(200);
    assert_eq!(
        actions(&server).await,
        "operator.reset_link_made operator.reset_link_made operator.switched_off operator.switched_on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_knows_operators_by_their_ids() {
    let server = TestServer::start().await;
    let (place, team) = (home(&server), format!("{}/team", home(&server)));
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    let (id, _) = operator(&server, Some(Role::Viewer)).await;
    let email = address(&server, id).await;
    let member = format!("{team}/operators/{id}");
    for (action, form) in [
        ("role", ("role", "support")),
        ("switch", ("to", "off")),
        ("switch", ("to", "on")),
        ("remove", ("", "")),
    ] {
        owner.post(&format!("{member}/{action}"), &[form]).await.expect(303);
    }
    assert_eq!(
        actions(&server).await,
        "operator.role_changed operator.switched_off operator.switched_on operator.role_removed"
    );
    let about = format!("select count(*) from audit_log where subject = 'operator:{id}'");
    assert_eq!(server.database.number(&about).await, 4);
    let naming = format!("select count(*) from audit_log where audit_log::text ilike '%{email}%'");
    assert_eq!(server.database.number(&naming).await, 0);
    // Whoever reads it sees the name of today, for as long as there is one.
    for name in ["Cleo Before", "Cleo Since"] {
        server
            .database
            .execute(&format!("update operators set name = '{name}' where id = '{id}'"))
            .await;
        let page = owner.get(&format!("{place}/audit")).await.expect(200).text;
        assert!(page.contains(name), "{name} in {page}");
    }
}
