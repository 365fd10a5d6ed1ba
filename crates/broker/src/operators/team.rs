//! The team of a project: who is in it, and what they may be made by whom.

use serde_json::{Value, json};
use store::{AuditEntry, Member, Membership, OperatorId, Page, ProjectId, Role, TeamChange, TeamFacts};

use super::proof::proof_needed;
use super::{Permission, Signed, role_in};
use crate::{Actor, Broker, Caller, Kind, Problem, Scope};

/// A page of the team, by address.
pub type TeamPage = Page<Member, OperatorId>;

/// What who acts is to a project.
pub(super) struct Standing {
    here: Option<Role>,
    owner: bool,
    /// Of a key, the most that it gives.
    key_gives: Option<Role>,
}

impl Standing {
    /// Of an operator by what they are at this moment; a key with the scope `admin` stands for an admin of its project. It
    /// gives a role that reveals credentials only when it reads them itself.
    pub(super) fn of(caller: &Caller, acting: Option<&[Membership]>) -> Self {
        match (caller.actor, acting) {
            (Actor::Operator(_), acting) => {
                let roles = acting.unwrap_or_default();
                Self {
                    here: role_in(roles, caller.project),
                    owner: owns(roles),
                    key_gives: None,
                }
            }
            (Actor::Key(_), _) => Self {
                here: caller.scopes.contains(&Scope::Admin).then_some(Role::Admin),
                owner: false,
                key_gives: Some(if caller.scopes.contains(&Scope::CredentialsRead) {
                    Role::Admin
                } else {
                    Role::Developer
                }),
            },
            (Actor::CommandLine, _) => Self {
                here: Some(Role::Owner),
                owner: true,
                key_gives: None,
            },
        }
    }

    /// Refuses to give a role that is above who gives it, or that is for owners to give.
    pub(super) fn may_give(&self, role: Role, everywhere: bool) -> Result<(), Problem> {
        self.manages()?;
        if role == Role::Owner && !everywhere {
            return Err(Problem::new(
                Kind::Unprocessable,
                "owner_of_all",
                "An owner owns every project. Choose all projects for this role.",
            ));
        }
        if everywhere {
            self.owns("give a role in all projects")?;
        }
        if self.here < Some(role) {
            return Err(Problem::new(
                Kind::Forbidden,
                "role_above_own",
                format!(
                    "Nobody gives a role above their own. To make somebody {} takes that role.",
                    role.as_str()
                ),
            ));
        }
        if self.key_gives.is_some_and(|most| most < role) {
            return Err(Problem::new(
                Kind::Forbidden,
                "role_above_key",
                format!(
                    "This key gives at most the role developer: {} may see credentials, and the key may not. Use a key that has the scope `credentials:read` as well, or give the role in the console.",
                    role.as_str()
                ),
            ));
        }
        Ok(())
    }

    fn manages(&self) -> Result<(), Problem> {
        if self.here >= Some(Role::Admin) {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Forbidden,
            "missing_permission",
            "To change the team takes the role admin: somebody who manages this project can give it to you.",
        ))
    }

    fn owns(&self, what: &str) -> Result<(), Problem> {
        if self.owner {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Forbidden,
            "missing_permission",
            format!("To {what} takes the role owner. Ask an owner of this server."),
        ))
    }
}

fn owns(roles: &[Membership]) -> bool {
    let is_owner = |one: &Membership| one.role == Role::Owner && one.project.is_none();
    roles.iter().any(is_owner)
}

fn not_there() -> Problem {
    Problem::new(
        Kind::NotFound,
        "not_on_team",
        "Nobody with this id is on the team of this project. Look at the team again.",
    )
}

/// Whether the change may be made, by what is so at this moment; and what the audit log says of it.
fn judge(caller: &Caller, change: TeamChange, facts: &TeamFacts) -> Result<Value, Problem> {
    let standing = Standing::of(caller, facts.acting.as_deref());
    standing.manages()?;
    let before = role_in(&facts.roles, caller.project).ok_or_else(not_there)?;
    if standing.here < Some(before) {
        return Err(Problem::new(
            Kind::Forbidden,
            "person_above",
            format!(
                "This person is {}, which is above your own role. Somebody with that role can change it.",
                before.as_str()
            ),
        ));
    }
    let is_last = owns(&facts.roles) && facts.target.disabled_at.is_none() && facts.other_owners == 0;
    let keep_last = || {
        Err(Problem::new(
            Kind::Conflict,
            "last_owner",
            "This is the last owner who may sign in. Make somebody else an owner first.",
        ))
    };
    match change {
        TeamChange::Role { project, role } => {
            let everywhere = project.is_none();
            match role {
                Some(role) => standing.may_give(role, everywhere)?,
                None if everywhere => standing.owns("take a role in all projects")?,
                None => {}
            }
            let there = facts.roles.iter().find(|one| one.project == project);
            if role.is_none() && there.is_none() {
                return Err(Problem::new(
                    Kind::Conflict,
                    "role_is_everywhere",
                    "This person has no role in this project alone; theirs is for all projects. An owner can take that.",
                ));
            }
            if everywhere && role != Some(Role::Owner) && is_last {
                return keep_last();
            }
            // The log is for ever, so it has the operator's id alone; the id leads to the name as long as there is one.
            Ok(json!({
                "before": there.map(|one| one.role.as_str()),
                "role": role.map(Role::as_str),
                "everywhere": everywhere,
            }))
        }
        TeamChange::Disabled(off) => {
            standing.owns(if off {
                "switch somebody off"
            } else {
                "switch somebody on"
            })?;
            if off && caller.actor == Actor::Operator(facts.target.id) {
                return Err(Problem::new(
                    Kind::Conflict,
                    "own_switch",
                    "Nobody switches themselves off. Another owner can.",
                ));
            }
            if off && is_last {
                return keep_last();
            }
            Ok(json!({}))
        }
    }
}

impl Broker {
    /// Who has a role in the caller's project, by address.
    pub async fn team(&self, caller: &Caller, after: Option<OperatorId>, limit: i64) -> Result<TeamPage, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        caller.require_whole_project()?;
        let limit = limit.clamp(1, 100);
        let rows = self.store().team(caller.project, after, limit + 1).await?;
        Ok(Page::cut(rows, limit, |row| row.operator.id))
    }

    /// Who can give a role in a project, for somebody who is there and lacks it: owners first, and admins unless it takes
    /// an owner.
    pub async fn givers(
        &self,
        signed: &Signed,
        project: ProjectId,
        owners_only: bool,
        limit: i64,
    ) -> Result<Vec<Member>, Problem> {
        signed.require(project, Permission::See)?;
        Ok(self.store().givers(project, owners_only, limit.clamp(1, 20)).await?)
    }

    /// One of them.
    pub async fn member(&self, caller: &Caller, id: OperatorId) -> Result<Member, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        caller.require_whole_project()?;
        let member = self.store().member(caller.project, id).await?;
        member.ok_or_else(not_there)
    }

    /// Gives somebody of the team another role in the project, or takes it; `everywhere`: in all projects. It holds at
    /// once, also for who is signed in.
    ///
    /// # Errors
    /// `role_above_own`, `role_above_key`, `key_is_limited`, `proof_needed`, `person_above`, `last_owner`, `owner_of_all`,
    /// `role_is_everywhere`, `not_on_team`; the caller does not manage the project.
    pub async fn set_role(
        &self,
        caller: &Caller,
        signed: Option<&Signed>,
        target: OperatorId,
        everywhere: bool,
        role: Option<Role>,
    ) -> Result<(), Problem> {
        if role.is_some() {
            self.require_giver(caller, signed).await?;
        }
        let project = (!everywhere).then_some(caller.project);
        let action = if role.is_some() {
            "operator.role_changed"
        } else {
            "operator.role_removed"
        };
        self.change_team(caller, target, project, action, TeamChange::Role { project, role })
            .await
    }

    /// Refuses whoever gives a role without a fresh proof, or with a key that is limited: what a person is given has no such
    /// limit, and stays. `signed` is the session of an operator.
    pub(super) async fn require_giver(&self, caller: &Caller, signed: Option<&Signed>) -> Result<(), Problem> {
        match caller.actor {
            Actor::CommandLine => Ok(()),
            Actor::Operator(id) => match signed {
                Some(signed) if signed.operator.id == id => signed.require_proof(),
                _ => Err(proof_needed()),
            },
            Actor::Key(_) => self.require_unlimited(caller).await,
        }
    }

    /// Refuses a key that is limited where what it does has no such limit, and stays: a role, an origin, an address that
    /// people are led to.
    ///
    /// # Errors
    /// `live_key_needed`, `key_is_limited`.
    pub(crate) async fn require_unlimited(&self, caller: &Caller) -> Result<(), Problem> {
        caller.require_whole_project()?;
        let Actor::Key(id) = caller.actor else { return Ok(()) };
        let (project, environment) = (caller.project, caller.environment);
        let key = self.store().api_key_by_id(project, environment, id).await?;
        if key.is_some_and(|key| key.ip_allow.is_empty() && key.expires_at.is_none()) {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Forbidden,
            "key_is_limited",
            "This key has an end or a list of addresses, and so gives no roles, invites nobody and changes no settings: those have no such limit. Use a key without either, or do it in the console.",
        ))
    }

    /// Lets somebody sign in no more, and ends where they are signed in; or lets them again.
    ///
    /// # Errors
    /// `last_owner`, `own_switch`, `not_on_team`; the caller is no owner.
    pub async fn switch_operator(&self, caller: &Caller, target: OperatorId, off: bool) -> Result<(), Problem> {
        let action = if off {
            "operator.switched_off"
        } else {
            "operator.switched_on"
        };
        self.change_team(caller, target, None, action, TeamChange::Disabled(off))
            .await
    }

    async fn change_team(
        &self,
        caller: &Caller,
        target: OperatorId,
        project: Option<ProjectId>,
        action: &'static str,
        change: TeamChange,
    ) -> Result<(), Problem> {
        caller.require_whole_project()?;
        let acting = match caller.actor {
            Actor::Operator(id) => Some(id),
            Actor::Key(_) | Actor::CommandLine => None,
        };
        let entry = AuditEntry {
            project,
            environment: None,
            action,
            actor: caller.actor(),
            subject: Some(format!("operator:{target}")),
            detail: &Value::Null,
        };
        let judged = |facts: &TeamFacts| judge(caller, change, facts);
        if self.store().change_team(acting, target, change, entry, judged).await? {
            Ok(())
        } else {
            Err(not_there())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::DateTime;
    use store::{Environment, Operator};

    use super::*;

    fn caller(project: ProjectId) -> Caller {
        Caller {
            project,
            environment: Environment::Test,
            actor: Actor::Operator(OperatorId::generate()),
            scopes: BTreeSet::new(),
        }
    }

    fn facts(project: ProjectId, acting: Role, target: Role, other_owners: i64) -> TeamFacts {
        let role = |role: Role| Membership {
            project: (role != Role::Owner).then_some(project),
            role,
        };
        TeamFacts {
            acting: Some(vec![role(acting)]),
            target: Operator {
                id: OperatorId::generate(),
                email: "ann@example.com".to_owned(),
                name: String::new(),
                disabled_at: None,
                created_at: DateTime::UNIX_EPOCH,
                signed_in_at: None,
            },
            roles: vec![role(target)],
            other_owners,
        }
    }

    #[test]
    fn every_pair_of_roles_is_judged() {
        let project = ProjectId::generate();
        let caller = caller(project);
        for acting in Role::ALL {
            for target in Role::ALL {
                for role in Role::ALL.map(Some).into_iter().chain([None]) {
                    let everywhere = role == Some(Role::Owner) || role.is_none() && target == Role::Owner;
                    let change = TeamChange::Role {
                        project: (!everywhere).then_some(project),
                        role,
                    };
                    let judged = judge(&caller, change, &facts(project, acting, target, 1));
                    let may = acting >= Role::Admin
                        && acting >= target
                        && role.is_none_or(|role| acting >= role)
                        && (!everywhere || acting == Role::Owner);
                    assert_eq!(judged.is_ok(), may, "{acting:?} makes {target:?} {role:?}: {judged:?}");
                }
                let off = judge(&caller, TeamChange::Disabled(true), &facts(project, acting, target, 1));
                assert_eq!(off.is_ok(), acting == Role::Owner, "{acting:?} switches {target:?} off");
            }
        }
    }

    #[test]
    fn the_last_owner_stays() {
        let project = ProjectId::generate();
        let caller = caller(project);
        let of = |change, others| judge(&caller, change, &facts(project, Role::Owner, Role::Owner, others));
        for change in [
            TeamChange::Role {
                project: None,
                role: Some(Role::Admin),
            },
            TeamChange::Role {
                project: None,
                role: None,
            },
            TeamChange::Disabled(true),
        ] {
            assert_eq!(of(change, 0).unwrap_err().key(), "last_owner", "{change:?}");
            assert!(of(change, 1).is_ok(), "{change:?}");
        }
        // One who was switched off may lose it: it counts as none.
        let mut gone = facts(project, Role::Owner, Role::Owner, 1);
        gone.acting = Some(Vec::new());
        let refused = judge(&caller, TeamChange::Disabled(true), &gone);
        assert_eq!(refused.unwrap_err().key(), "missing_permission");
    }

    #[test]
    fn a_key_stands_for_an_admin() {
        let mut caller = caller(ProjectId::generate());
        caller.actor = Actor::Key(store::ApiKeyId::generate());
        assert!(Standing::of(&caller, None).may_give(Role::Viewer, false).is_err());
        caller.scopes.insert(Scope::Admin);
        let standing = Standing::of(&caller, None);
        assert!(standing.may_give(Role::Developer, false).is_ok());
        let refused = standing.may_give(Role::Admin, false).unwrap_err();
        assert_eq!(refused.key(), "role_above_key");
        caller.scopes.insert(Scope::CredentialsRead);
        let standing = Standing::of(&caller, None);
        assert!(standing.may_give(Role::Admin, false).is_ok());
        for (role, everywhere) in [(Role::Owner, true), (Role::Viewer, true), (Role::Owner, false)] {
            assert!(standing.may_give(role, everywhere).is_err(), "{role:?} {everywhere}");
        }
    }
}
