//! Invitations by mail, and by hand where there is none or the mail server does not take it.

use store::Role;
use testkit::{MailServer, TestServer};

use super::{PASSWORD, Person, home, operator};

const CLEO: &str = "cleo@example.com";

async fn mailing() -> (MailServer, TestServer) {
    let mail = MailServer::start().await;
    let server = TestServer::builder().mailing(mail.mailer(&mail.url())).start().await;
    (mail, server)
}

async fn invite(server: &TestServer, person: &Person, by_mail: bool) -> String {
    let mut form = vec![("email", CLEO), ("role", "support")];
    if by_mail {
        form.push(("by_mail", "true"));
    }
    let path = format!("{}/team/invite", home(server));
    person.post(&path, &form).await.expect(200).text
}

async fn mailed(server: &TestServer) -> String {
    let noted =
        "select coalesce(string_agg(detail::text, ' '), '') from audit_log where action = 'operator.invitation_mailed'";
    server.database.text(noted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_goes_out_by_mail_and_lets_in_once() {
    let (mail, server) = mailing().await;
    let (id, admin) = operator(&server, Some(Role::Admin)).await;
    let form = admin.get(&format!("{}/team", home(&server))).await.expect(200).text;
    assert!(form.contains("name=\"by_mail\" value=\"true\" checked"), "{form}");
    let page = invite(&server, &admin, true).await;
    assert!(
        page.contains("The invitation was mailed to cleo@example.com.") && !page.contains("/console/invitation#"),
        "{page}"
    );
    let taken = mail.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].to, [CLEO]);
    assert_eq!(
        taken[0].header("Subject").as_deref(),
        Some(format!("{id}@example.com invites you to Shop").as_str())
    );
    let (text, html) = (taken[0].part("text/plain"), taken[0].part("text/html"));
    assert!(
        text.contains("invites you to Shop on") && text.contains("as support.") && text.contains("for 7 days"),
        "{text}"
    );
    let link = text
        .lines()
        .find(|line| line.contains("/console/invitation#"))
        .unwrap()
        .trim();
    assert!(link.starts_with(&server.url) && html.contains(link), "{html}");
    let secret = link.split_once('#').unwrap().1;
    let cleo = Person::new(&server);
    let body = serde_json::json!({ "secret": secret, "name": "Cleo", "password": PASSWORD });
    cleo.call("/console/api/invitation/accept", &body).await.expect(200);
    cleo.call("/console/api/invitation/accept", &body).await.expect(410);
    let noted = mailed(&server).await;
    assert!(noted.contains("\"taken\": true") && !noted.contains(secret), "{noted}");
    assert!(
        !server.database.dump().await.contains(secret),
        "its secret is kept nowhere"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mail_server_does_not_take_is_given_by_hand() {
    let (mail, server) = mailing().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    mail.refuse_recipient("550 no such mailbox");
    let page = invite(&server, &admin, true).await;
    assert!(
        page.contains("The invitation was made, and not mailed:")
            && page.contains("Give the link to cleo@example.com yourself.")
            && page.contains("/console/invitation#"),
        "{page}"
    );
    assert!(mailed(&server).await.contains("\"taken\": false"));
    mail.set_down(true);
    let page = invite(&server, &admin, true).await;
    assert!(
        page.contains("the mail server cannot be used; whoever runs this server finds the reason in its log."),
        "{page}"
    );
    assert!(page.contains("/console/invitation#"), "{page}");
    assert_eq!(mail.taken().len(), 0);
    // Whoever wants the link gets the link.
    mail.set_down(false);
    let page = invite(&server, &admin, false).await;
    assert!(
        page.contains("Give this link to cleo@example.com") && !page.contains("not mailed"),
        "{page}"
    );
    assert_eq!(mail.taken().len(), 0);
    let (noted, open) = (
        mailed(&server).await,
        "select count(*) from operator_links where purpose = 'invitation' and ends_at > latchkey_now()",
    );
    assert_eq!(noted.matches("taken").count(), 2);
    assert_eq!(server.database.number(open).await, 1, "each ends the one before");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_there_is_a_link_alone() {
    let server = TestServer::start().await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let form = admin.get(&format!("{}/team", home(&server))).await.expect(200).text;
    assert!(
        !form.contains("by_mail") && form.contains("this server sends no mail"),
        "{form}"
    );
    let page = invite(&server, &admin, true).await;
    assert!(
        page.contains("/console/invitation#") && !page.contains("not mailed"),
        "{page}"
    );
    assert_eq!(mailed(&server).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_invites_by_mail_in_the_name_of_its_project() {
    let (mail, server) = mailing().await;
    let scopes = [broker::Scope::Admin];
    let made = server
        .broker
        .create_key(server.project.id, store::Environment::Live, "x", &scopes)
        .await;
    let key = secrecy::ExposeSecret::expose_secret(&made.unwrap().1).to_owned();
    let ask = async |mail: bool| {
        let body = serde_json::json!({ "email": CLEO, "role": "support", "mail": mail });
        let call = server.api("POST", "/v1/operators/invitations").key(&key).json(&body);
        call.send().await.expect(201).json()
    };
    let sent = ask(true).await;
    assert_eq!(
        (&sent["mailed"], &sent["mailProblem"]),
        (&true.into(), &serde_json::Value::Null)
    );
    assert_eq!(
        mail.taken()[0].header("Subject").as_deref(),
        Some("The team of Shop invites you to Shop")
    );
    assert_eq!(ask(false).await["mailed"], false);
    mail.refuse_recipient("550 no such mailbox");
    let refused = ask(true).await;
    assert_eq!(refused["mailed"], false);
    assert!(
        refused["mailProblem"].as_str().is_some_and(|why| why.contains("550")),
        "{refused}"
    );
    assert_eq!(mail.taken().len(), 1);
}
