//! The team: who is in it, invitations, and the log of both.

mod invitations;
mod members;
mod owners;

use store::{OperatorId, Role};
use testkit::TestServer;

use super::{Person, operator};

/// The secret of the link that a page shows this one time.
pub(super) fn shown(page: &str) -> String {
    let mut copied = page
        .split("data-copy=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap());
    let link = copied.find(|text| text.contains('#'));
    let link = link.unwrap_or_else(|| panic!("no link on {page}"));
    link.split_once('#').unwrap().1.to_owned()
}

async fn address(server: &TestServer, id: OperatorId) -> String {
    server
        .database
        .text(&format!("select email from operators where id = '{id}'"))
        .await
}

async fn roles(server: &TestServer, id: OperatorId) -> String {
    let roles = format!(
        "select coalesce(string_agg(role, ' ' order by project_id nulls first), '') from operator_roles where operator_id = '{id}'"
    );
    server.database.text(&roles).await
}

async fn actions(server: &TestServer) -> String {
    let noted = "select coalesce(string_agg(action, ' ' order by id), '') from audit_log
                 where action like 'operator.%' and action not like 'operator.sign%' and action <> 'operator.link_used'";
    server.database.text(noted).await
}

/// An operator with a role in another project alone.
async fn elsewhere(server: &TestServer, role: Role) -> (OperatorId, Person) {
    let (id, person) = operator(server, None).await;
    let (project, _) = server.another_project().await;
    server
        .database
        .execute(&format!(
            "insert into operator_roles (operator_id, project_id, role) values ('{id}', '{project}', '{}')",
            role.as_str()
        ))
        .await;
    (id, person)
}
