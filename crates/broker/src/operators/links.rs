//! Links that let somebody in once.

use std::time::Duration;

use serde_json::json;
use store::{
    AcceptedWay, Accepting, AuditEntry, NewOperatorLink, OperatorId, OperatorLink, OperatorLinkId, OperatorLinkPurpose,
    Verified,
};
use vault::{SecretString, Token};

use super::sign_in::{Cookie, Visitor, visit};
use super::{email_key, password};
use crate::{Broker, Kind, Problem};

/// The owner's first link, and one for a lost password.
pub(super) const SHORT: Duration = Duration::from_hours(1);
/// An invitation.
pub(super) const LONG: Duration = Duration::from_hours(24 * 7);
/// Whom `latchkey dev` signs in.
pub(super) const DEVELOPER: &str = "developer@latchkey.localhost";

/// A link with its secret, which is shown once.
#[derive(Debug)]
pub struct MadeOperatorLink {
    /// Its id.
    pub id: OperatorLinkId,
    /// Its secret.
    pub token: Token,
    /// How long it opens.
    pub ttl: Duration,
    /// The page that reads it.
    pub(super) page: &'static str,
}

impl MadeOperatorLink {
    /// Its address. The secret stands behind `#`, so that no log on the way has it.
    pub fn url(&self, public_origin: &str) -> String {
        format!("{public_origin}/console/{}#{}", self.page, self.token.expose())
    }
}

/// What a link opens.
#[derive(Debug)]
pub struct OpenedOperatorLink {
    link: OperatorLink,
}

impl OpenedOperatorLink {
    /// What it is for.
    pub fn purpose(&self) -> &OperatorLinkPurpose {
        &self.link.purpose
    }
}

/// What a person gives to a link that makes an operator, or lets one choose a password.
#[derive(Debug)]
pub struct Acceptance {
    /// The address. That of an invitation is in the link.
    pub email: Option<String>,
    /// May be empty.
    pub name: String,
    /// The new password.
    pub password: SecretString,
}

/// Whom a link makes an operator.
pub(super) struct Person {
    email: String,
    /// As it is compared.
    key: String,
    name: String,
}

impl Person {
    pub(super) fn new(email: &str, name: &str) -> Result<Self, Problem> {
        Ok(Self {
            email: email.to_owned(),
            key: email_key(email)?,
            name: plain_name(name),
        })
    }
}

fn plain_name(name: &str) -> String {
    let plain = name.trim().chars().filter(|one| !one.is_control());
    plain.take(200).collect()
}

pub(super) fn over() -> Problem {
    Problem::new(
        Kind::Gone,
        "link_over",
        "This link was used, or has ended. Ask whoever gave it to you for a new one.",
    )
}

pub(super) fn invitation_over() -> Problem {
    Problem::new(
        Kind::Gone,
        "link_over",
        "This invitation was used, or has ended. Ask whoever invited you for a new one.",
    )
}

impl Broker {
    /// Makes a link for the first owner. It opens nothing once there is an operator.
    pub async fn make_setup_link(&self) -> Result<MadeOperatorLink, Problem> {
        if self.store().count_operators().await? > 0 {
            return Err(Problem::new(
                Kind::Conflict,
                "already_set_up",
                "There is an operator already. Use `latchkey operators reset EMAIL` for somebody who lost the password.",
            ));
        }
        self.make_operator_link(OperatorLinkPurpose::Setup, SHORT).await
    }

    /// Makes a link by which an operator chooses a new password.
    pub async fn make_reset_link(&self, email: &str) -> Result<MadeOperatorLink, Problem> {
        let found = self.store().operator_by_email(&email_key(email)?).await?;
        let (operator, _) = found.ok_or_else(|| Problem::not_found("An operator with this address"))?;
        self.make_operator_link(OperatorLinkPurpose::Reset(operator.id), SHORT)
            .await
    }

    /// Makes a link that signs the developer in, who is an owner of this private server.
    pub async fn make_development_link(&self) -> Result<MadeOperatorLink, Problem> {
        let operator = self.store().development_operator(DEVELOPER).await?;
        self.make_operator_link(OperatorLinkPurpose::SignIn(operator), LONG)
            .await
    }

    async fn make_operator_link(
        &self,
        purpose: OperatorLinkPurpose,
        ttl: Duration,
    ) -> Result<MadeOperatorLink, Problem> {
        let (id, token) = (OperatorLinkId::generate(), Token::generate());
        let new = NewOperatorLink {
            id,
            purpose,
            made_by: None,
            ttl,
        };
        self.store().make_operator_link(&token.digest(), &new).await?;
        Ok(MadeOperatorLink {
            id,
            token,
            ttl,
            page: "welcome",
        })
    }

    /// What a link opens, without spending it.
    pub async fn open_operator_link(&self, token: &Token) -> Result<OpenedOperatorLink, Problem> {
        let link = self.store().operator_link(&token.digest()).await?;
        link.map(|link| OpenedOperatorLink { link }).ok_or_else(over)
    }

    /// Signs in by a link that is only for that.
    pub async fn sign_in_by_link(&self, token: &Token, visitor: &Visitor) -> Result<Cookie, Problem> {
        let opened = self.open_operator_link(token).await?;
        let OperatorLinkPurpose::SignIn(operator) = opened.link.purpose else {
            return Err(over());
        };
        if !self.store().spend_operator_link(opened.link.id).await? {
            return Err(over());
        }
        let cookie = self.begin_session(operator, Verified::Link, visitor).await?;
        cookie.ok_or_else(over)
    }

    /// Makes the operator of a link, or sets the password of the one that it is for, and signs them in.
    pub async fn accept_operator_link(
        &self,
        token: &Token,
        acceptance: &Acceptance,
        visitor: &Visitor,
    ) -> Result<Cookie, Problem> {
        let opened = self.open_operator_link(token).await?;
        let email = match (&opened.link.purpose, &acceptance.email) {
            (OperatorLinkPurpose::SignIn(_), _) => return Err(over()),
            (OperatorLinkPurpose::Reset(_), _) => None,
            (OperatorLinkPurpose::Invitation { email, .. }, _) => Some(email.clone()),
            (OperatorLinkPurpose::Setup, Some(email)) => Some(email.trim().to_owned()),
            (OperatorLinkPurpose::Setup, None) => Some(String::new()),
        };
        let person = match &email {
            Some(email) => Person::new(email, &acceptance.name)?,
            None => Person {
                email: String::new(),
                key: String::new(),
                name: plain_name(&acceptance.name),
            },
        };
        let hash = password::hash(&acceptance.password, &[person.key.as_str(), person.name.as_str()]).await?;
        let operator = self
            .take_link(&opened, &person, AcceptedWay::Password(&hash), visitor)
            .await?;
        let cookie = self.begin_session(operator, Verified::Password(hash), visitor).await?;
        cookie.ok_or_else(over)
    }

    /// Spends a link for whoever accepts it; who that is from now on.
    pub(super) async fn take_link(
        &self,
        opened: &OpenedOperatorLink,
        person: &Person,
        way: AcceptedWay<'_>,
        visitor: &Visitor,
    ) -> Result<OperatorId, Problem> {
        let operator = match &opened.link.purpose {
            OperatorLinkPurpose::Reset(operator) => *operator,
            _ => OperatorId::generate(),
        };
        let accepting = Accepting {
            operator,
            email: &person.email,
            email_key: &person.key,
            name: &person.name,
            way,
        };
        let used = json!({ "address": visitor.address.to_string() });
        let mut entries = vec![visit("operator.link_used", Some(operator), &used)];
        let (joined, linked);
        if let OperatorLinkPurpose::Invitation { project, role, .. } = &opened.link.purpose {
            joined = json!({ "role": role.as_str() });
            entries.push(AuditEntry {
                project: *project,
                environment: None,
                action: "operator.joined",
                actor: format!("operator:{operator}"),
                subject: Some(format!("invitation:{}", opened.link.id)),
                detail: &joined,
            });
        }
        if let AcceptedWay::Login(login) = way {
            linked = json!({ "issuer": login.issuer });
            entries.push(AuditEntry {
                subject: Some(format!("login:{}", login.id)),
                ..visit("operator.sign_on_linked", Some(operator), &linked)
            });
        }
        let accepted = self
            .store()
            .accept_operator_link(&opened.link, accepting, entries)
            .await?;
        if accepted {
            return Ok(operator);
        }
        Err(Problem::new(
            Kind::Conflict,
            "operator_exists",
            "Somebody used this link just now, or this address is an operator's already. Sign in, or ask for another link.",
        ))
    }
}
