//! Operators: the people who sign in to the console.

mod attempts;
mod factor;
mod hashing;
mod invitations;
mod links;
mod password;
mod permission;
mod proof;
mod reveal;
mod sign_in;
mod single_sign_on;
mod team;

use store::{Membership, Operator, OperatorSession, ProjectId, Role, SignedIn};
use unicode_normalization::UnicodeNormalization as _;

pub use self::factor::{FactorSetup, RecoveryCodes};
pub use self::invitations::{InvitationView, NewInvitation};
pub use self::links::{Acceptance, MadeOperatorLink, OpenedOperatorLink};
pub use self::password::{LONGEST_PASSWORD, SHORTEST_PASSWORD};
pub use self::permission::{Permission, may, role_in};
pub use self::proof::Proof;
pub use self::reveal::Revealed;
pub use self::sign_in::{Cookie, Entered, SignIn, Visitor};
pub use self::single_sign_on::{SignOnFor, SignOnRefused, SignedOn, SingleSignOn, WayBack};
pub use self::team::TeamPage;
use crate::{Kind, Problem};

/// An operator in a session, with what they may do.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The person.
    pub operator: Operator,
    /// The session.
    pub session: OperatorSession,
    /// Seconds since the person last proved who they are.
    pub proved_ago: i64,
    memberships: Vec<Membership>,
}

impl Signed {
    pub(crate) fn from_row(row: SignedIn) -> Self {
        Self {
            operator: row.operator,
            session: row.session,
            proved_ago: row.proved_ago,
            memberships: row.memberships,
        }
    }

    /// What the person is in a project.
    pub fn role(&self, project: ProjectId) -> Option<Role> {
        role_in(&self.memberships, project)
    }

    /// The projects that they have a role in; nothing for those with one in all.
    pub(crate) fn projects(&self) -> Option<Vec<ProjectId>> {
        self.memberships.iter().map(|membership| membership.project).collect()
    }

    /// Whether the person owns the whole server.
    pub fn is_owner(&self) -> bool {
        self.memberships
            .iter()
            .any(|membership| membership.role == Role::Owner && membership.project.is_none())
    }

    /// Refuses somebody who may not. A project that they have no role in is not there for them.
    pub fn require(&self, project: ProjectId, permission: Permission) -> Result<Role, Problem> {
        let role = self.role(project).ok_or_else(|| Problem::not_found("This project"))?;
        if may(role, permission) {
            return Ok(role);
        }
        Err(Problem::new(
            Kind::Forbidden,
            "missing_permission",
            format!(
                "You are {} here. To {} takes the role {}: somebody who manages this project can give it to you.",
                role.as_str(),
                permission.words(),
                permission.least().as_str()
            ),
        )
        .with_meta(serde_json::json!({ "role": permission.least().as_str() })))
    }

    /// Who the audit log says it was.
    pub fn actor(&self) -> String {
        format!("operator:{}", self.operator.id)
    }
}

/// An email address as it is compared, where it can be one.
pub(crate) fn email_key(text: &str) -> Result<String, Problem> {
    let key: String = text.trim().nfkc().collect::<String>().to_lowercase();
    let parts = key.rsplit_once('@');
    let fits = parts.is_some_and(|(before, after)| !before.is_empty() && after.contains('.'));
    let plain = !key.chars().any(|one| one.is_control() || one.is_whitespace());
    if fits && plain && key.chars().count() <= 320 {
        return Ok(key);
    }
    Err(Problem::new(
        Kind::Unprocessable,
        "no_email",
        "This is no email address. It looks like ann@example.com.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_same_however_they_are_written() {
        for text in [
            "Ann@Example.com",
            " ann@example.com ",
            "ａnn@example.com",
            "ann@developer.localhost",
        ] {
            assert!(email_key(text).is_ok(), "{text}");
        }
        assert_eq!(email_key("ＡNN@Example.com").unwrap(), "ann@example.com");
        for text in [
            "",
            "ann",
            "@example.com",
            "ann@example",
            "a b@example.com",
            "ann@example.com\r\nx",
        ] {
            assert_eq!(email_key(text).unwrap_err().key(), "no_email", "{text}");
        }
    }
}
