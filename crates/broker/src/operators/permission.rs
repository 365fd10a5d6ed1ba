//! What each role may do.

use store::{Membership, ProjectId, Role};

/// Something that an operator may or may not do in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// See numbers, connections, integrations and sessions.
    See,
    /// Help people: reconnect links, tests, refreshes, names, tags, disconnecting.
    Help,
    /// See what requests and deliveries carried, and definitions; manage keys, webhooks and integrations.
    Build,
    /// Read a credential itself.
    Reveal,
    /// Change looks, origins and the team; see the audit log.
    Manage,
    /// Make and delete projects, and see the whole server.
    Own,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::See,
        Self::Help,
        Self::Build,
        Self::Reveal,
        Self::Manage,
        Self::Own,
    ];

    /// The least role that has it.
    pub const fn least(self) -> Role {
        match self {
            Self::See => Role::Viewer,
            Self::Help => Role::Support,
            Self::Build => Role::Developer,
            Self::Reveal | Self::Manage => Role::Admin,
            Self::Own => Role::Owner,
        }
    }

    /// What it lets somebody do, as the end of "This needs a role that may …".
    pub const fn words(self) -> &'static str {
        match self {
            Self::See => "see this project",
            Self::Help => "help people with their connections",
            Self::Build => "manage keys, webhooks and integrations",
            Self::Reveal => "read credentials",
            Self::Manage => "manage this project",
            Self::Own => "manage the whole server",
        }
    }

    /// What it lets somebody do, a line each, for the page about roles.
    pub const fn lines(self) -> &'static [&'static str] {
        match self {
            Self::See => &[
                "See how many connections work, and each of them with its history",
                "See identities, sessions, links, integrations and how the modal looks",
                "See who is on the team",
            ],
            Self::Help => &[
                "Test, refresh, name and tag connections, and delete them",
                "Send people links to connect or to connect again",
            ],
            Self::Build => &[
                "Make and revoke API keys, and manage webhooks",
                "Set up integrations and their OAuth clients",
                "See what requests and deliveries carried",
            ],
            Self::Reveal => &["Read a credential itself, after the password once more; it is written down first"],
            Self::Manage => &[
                "Change how the modal looks, and the settings and origins of the project",
                "Invite people, change their roles up to their own, and remove them",
                "Read and export the audit log",
            ],
            Self::Own => &[
                "Make projects, and work in every project",
                "Switch people off and on, and let them choose a new password",
                "See the whole server, and change its definitions",
            ],
        }
    }
}

/// The role of an operator in a project: the higher of the one there and the one everywhere.
pub fn role_in(memberships: &[Membership], project: ProjectId) -> Option<Role> {
    let counts = |membership: &&Membership| membership.project.is_none_or(|of| of == project);
    memberships
        .iter()
        .filter(counts)
        .map(|membership| membership.role)
        .max()
}

/// Whether a role has a permission.
pub fn may(role: Role, permission: Permission) -> bool {
    role >= permission.least()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_it_should() {
        let counts: Vec<usize> = Role::ALL
            .iter()
            .map(|role| Permission::ALL.iter().filter(|one| may(*role, **one)).count())
            .collect();
        assert_eq!(counts, [1, 2, 3, 5, 6]);
        assert!(!may(Role::Support, Permission::Reveal));
    }

    #[test]
    fn the_higher_role_counts() {
        let (one, other) = (ProjectId::generate(), ProjectId::generate());
        let memberships = [
            Membership {
                project: None,
                role: Role::Viewer,
            },
            Membership {
                project: Some(one),
                role: Role::Admin,
            },
        ];
        assert_eq!(role_in(&memberships, one), Some(Role::Admin));
        assert_eq!(role_in(&memberships, other), Some(Role::Viewer));
        assert_eq!(role_in(&memberships[1..], other), None);
    }
}
