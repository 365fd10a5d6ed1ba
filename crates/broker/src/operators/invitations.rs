//! Invitations to a team, and links for colleagues who lost their password.

use serde_json::{Value, json};
use store::{
    AuditEntry, Invitation, Invited, Joined, Membership, NewOperatorLink, OperatorId, OperatorLinkId,
    OperatorLinkPurpose, ProjectId, Role,
};
use vault::Token;

use super::links::{LONG, MadeOperatorLink, SHORT, invitation_over};
use super::team::Standing;
use super::{Signed, email_key};
use crate::{Actor, Broker, Caller, Kind, Problem, Scope};

/// Whom to invite.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The id that it gets. A request that comes again with it makes no second one.
    pub id: OperatorLinkId,
    /// The address.
    pub email: String,
    /// As what.
    pub role: Role,
    /// To all projects instead of the caller's.
    pub everywhere: bool,
}

/// What somebody who opens an invitation is told.
#[derive(Debug)]
pub struct InvitationView {
    /// Whom it is for.
    pub email: String,
    /// As what.
    pub role: Role,
    /// The project's name; none for all projects.
    pub project: Option<String>,
    /// Whether the address is an operator's already.
    pub is_known: bool,
    /// Whether this very person is signed in.
    pub is_theirs: bool,
}

impl Broker {
    /// Makes an invitation. Its secret is in what comes back and nowhere else. An earlier one to the same address and place
    /// ends.
    ///
    /// # Errors
    /// `no_email`, `on_team_already`, `role_above_own`, `role_above_key`, `key_is_limited`, `proof_needed`, `owner_of_all`;
    /// `link_made_already` for a request that came before; the caller does not manage the project.
    pub async fn invite(
        &self,
        caller: &Caller,
        signed: Option<&Signed>,
        wanted: &NewInvitation,
    ) -> Result<MadeOperatorLink, Problem> {
        caller.require_whole_project()?;
        self.require_giver(caller, signed).await?;
        let key = email_key(&wanted.email)?;
        let project = (!wanted.everywhere).then_some(caller.project);
        let (id, token) = (wanted.id, Token::generate());
        let new = NewOperatorLink {
            id,
            purpose: OperatorLinkPurpose::Invitation {
                email: wanted.email.trim().to_owned(),
                project,
                role: wanted.role,
            },
            made_by: operator(caller),
            ttl: LONG,
        };
        let entry = entry(
            caller,
            project,
            "operator.invited",
            format!("invitation:{id}"),
            &Value::Null,
        );
        let judge = |acting: Option<&[Membership]>| {
            Standing::of(caller, acting).may_give(wanted.role, wanted.everywhere)?;
            Ok::<_, Problem>(json!({
                "email": wanted.email.trim(),
                "role": wanted.role.as_str(),
                "everywhere": wanted.everywhere,
            }))
        };
        match self.store().invite(&token.digest(), &new, &key, entry, judge).await? {
            Invited::Made => Ok(MadeOperatorLink {
                id,
                token,
                ttl: LONG,
                page: "invitation",
            }),
            Invited::IsThere => Err(Problem::new(
                Kind::Conflict,
                "on_team_already",
                "Somebody with this address is on the team already. Change their role on their own page.",
            )),
            Invited::MadeAlready => Err(made_already(
                "This form made an invitation already; its link was mailed, or shown once. Send the form again to make another; one to the same address ends then.",
            )),
        }
    }

    /// The invitations to the caller's project, and to all, that are still open.
    pub async fn invitations(&self, caller: &Caller) -> Result<Vec<Invitation>, Problem> {
        caller.require(Scope::Admin)?;
        caller.require_whole_project()?;
        Ok(self.store().invitations(caller.project).await?)
    }

    /// Ends an invitation: its link opens nothing any more. One to all projects is for owners to end.
    pub async fn end_invitation(&self, caller: &Caller, owner: bool, id: OperatorLinkId) -> Result<(), Problem> {
        caller.require(Scope::Admin)?;
        caller.require_whole_project()?;
        let entry = entry(
            caller,
            Some(caller.project),
            "operator.invitation_ended",
            format!("invitation:{id}"),
            &Value::Null,
        );
        if self.store().end_invitation(caller.project, owner, id, entry).await? {
            return Ok(());
        }
        Err(Problem::new(
            Kind::NotFound,
            "invitation_over",
            "This invitation is not open any more: it was used, ended, or is for an owner to end.",
        ))
    }

    /// Makes a link by which a colleague chooses a new password; for owners. `id` is the one that it gets.
    ///
    /// # Errors
    /// `link_made_already` for a request that came before; who asks is no owner.
    pub async fn make_reset_link_for(
        &self,
        owner: &Signed,
        target: OperatorId,
        id: OperatorLinkId,
    ) -> Result<MadeOperatorLink, Problem> {
        if !owner.is_owner() {
            return Err(Problem::new(
                Kind::Forbidden,
                "missing_permission",
                "To let somebody choose a new password takes the role owner. Ask an owner of this server.",
            ));
        }
        let detail = Value::Object(serde_json::Map::default());
        let entry = AuditEntry {
            project: None,
            environment: None,
            action: "operator.reset_link_made",
            actor: owner.actor(),
            subject: Some(format!("operator:{target}")),
            detail: &detail,
        };
        let token = Token::generate();
        let new = NewOperatorLink {
            id,
            purpose: OperatorLinkPurpose::Reset(target),
            made_by: Some(owner.operator.id),
            ttl: SHORT,
        };
        let digest = token.digest();
        if !self.store().make_noted_operator_link(&digest, &new, entry).await? {
            return Err(made_already(
                "This button made a link already, which was shown once. Press it again to make another.",
            ));
        }
        Ok(MadeOperatorLink {
            id,
            token,
            ttl: SHORT,
            page: "welcome",
        })
    }

    /// What an invitation is about, for whoever has its link.
    pub async fn open_invitation(&self, token: &Token, signed: Option<&Signed>) -> Result<InvitationView, Problem> {
        let link = self
            .store()
            .operator_link(&token.digest())
            .await?
            .ok_or_else(invitation_over)?;
        let OperatorLinkPurpose::Invitation { email, project, role } = link.purpose else {
            return Err(invitation_over());
        };
        let key = email_key(&email)?;
        let project = match project {
            Some(id) => self.store().project(id).await?.map(|project| project.name),
            None => None,
        };
        Ok(InvitationView {
            is_known: self.store().operator_by_email(&key).await?.is_some(),
            is_theirs: signed.is_some_and(|signed| email_key(&signed.operator.email).is_ok_and(|own| own == key)),
            email,
            role,
            project,
        })
    }

    /// Gives an operator the role of an invitation to their own address; the project that it was to.
    pub async fn join(&self, token: &Token, signed: &Signed) -> Result<Option<ProjectId>, Problem> {
        let link = self
            .store()
            .operator_link(&token.digest())
            .await?
            .ok_or_else(invitation_over)?;
        let OperatorLinkPurpose::Invitation { email, project, role } = &link.purpose else {
            return Err(invitation_over());
        };
        let entry = AuditEntry {
            project: *project,
            environment: None,
            action: "operator.joined",
            actor: signed.actor(),
            subject: Some(format!("invitation:{}", link.id)),
            detail: &json!({ "role": role.as_str() }),
        };
        let joined = self
            .store()
            .join(&link, &email_key(email)?, signed.operator.id, entry)
            .await?;
        match joined {
            Joined::Yes => Ok(*project),
            Joined::Over => Err(invitation_over()),
            Joined::NotTheirs => Err(Problem::new(
                Kind::Forbidden,
                "invitation_of_another",
                format!(
                    "This invitation is for {email}, and you are signed in as {}. Sign out, and sign in with that address.",
                    signed.operator.email
                ),
            )),
        }
    }
}

fn made_already(message: &'static str) -> Problem {
    Problem::new(Kind::Conflict, "link_made_already", message)
}

fn operator(caller: &Caller) -> Option<OperatorId> {
    match caller.actor {
        Actor::Operator(id) => Some(id),
        Actor::Key(_) | Actor::CommandLine => None,
    }
}

fn entry<'a>(
    caller: &Caller,
    project: Option<ProjectId>,
    action: &'static str,
    subject: String,
    detail: &'a Value,
) -> AuditEntry<'a> {
    AuditEntry {
        project,
        environment: None,
        action,
        actor: caller.actor(),
        subject: Some(subject),
        detail,
    }
}
