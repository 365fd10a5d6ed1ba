//! People who sign in to the console, and what they may do.

mod attempts;
mod factors;
mod invitations;
mod links;
mod logins;
mod sessions;
mod sign_ins;
mod sign_ons;
mod team;

use chrono::{DateTime, Utc};

pub use self::attempts::Attempts;
pub use self::factors::{Factor, FactorView};
pub use self::invitations::{Invitation, Invited, Joined};
pub use self::links::{AcceptedWay, Accepting, NewOperatorLink, OperatorLink, OperatorLinkPurpose};
pub use self::logins::{Linked, NewOperatorLogin, OperatorLogin, Unlinked};
pub use self::sessions::{NewOperatorSession, OperatorSession, SignedIn, Verified};
pub use self::sign_ons::SignOn;
pub use self::team::{Member, TeamChange, TeamFacts};
use crate::{OperatorId, ProjectId, Store, StoreError};

/// What an operator is to a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees what is there, no secret and no person's data beyond names.
    Viewer,
    /// Helps people: reconnect links, tests, disconnecting.
    Support,
    /// Builds with it: keys, webhooks, integrations, logs.
    Developer,
    /// Everything in the project, the team too.
    Admin,
    /// Everything in every project, and the projects themselves.
    Owner,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Support, Self::Developer, Self::Admin, Self::Owner];

    /// The name in the database and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Support => "support",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no role: write owner, admin, developer, support or viewer"))
    }
}

/// A person who signs in.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The id.
    pub id: OperatorId,
    /// As the person writes it.
    pub email: String,
    /// May be empty.
    pub name: String,
    /// Since when they may not sign in.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When they came.
    pub created_at: DateTime<Utc>,
    /// When they last signed in.
    pub signed_in_at: Option<DateTime<Utc>>,
}

/// A role in a project; in all of them without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The project.
    pub project: Option<ProjectId>,
    /// The role.
    pub role: Role,
}

fn role(text: &str, operator: OperatorId) -> Result<Role, StoreError> {
    text.parse().map_err(|what| StoreError::Inconsistent {
        table: "operator_roles",
        record: operator.0,
        what,
    })
}

impl Store {
    /// How many operators there are.
    pub async fn count_operators(&self) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar!(r#"select count(*) as "count!" from operators"#);
        Ok(count.fetch_one(&self.pool).await?)
    }

    /// An operator by address, with the hash of the password. Served by the unique key on `email_key`.
    pub async fn operator_by_email(&self, email_key: &str) -> Result<Option<(Operator, Option<String>)>, StoreError> {
        let row = sqlx::query!(
            r#"select id as "id: OperatorId", email, name, password, disabled_at, created_at, signed_in_at
               from operators where email_key = $1"#,
            email_key
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| {
            let operator = Operator {
                id: row.id,
                email: row.email,
                name: row.name,
                disabled_at: row.disabled_at,
                created_at: row.created_at,
                signed_in_at: row.signed_in_at,
            };
            (operator, row.password)
        }))
    }

    /// All operators, by address.
    pub async fn operators(&self) -> Result<Vec<Operator>, StoreError> {
        Ok(sqlx::query_as!(
            Operator,
            r#"select id as "id: OperatorId", email, name, disabled_at, created_at, signed_in_at
               from operators order by email_key"#
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// What an operator is, where. Served by `operator_roles_by_operator`.
    pub async fn memberships(&self, operator: OperatorId) -> Result<Vec<Membership>, StoreError> {
        let rows = sqlx::query!(
            r#"select project_id as "project: ProjectId", role from operator_roles where operator_id = $1
               order by project_id nulls first"#,
            operator.0
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Membership {
                    project: row.project,
                    role: role(&row.role, operator)?,
                })
            })
            .collect()
    }

    /// The hash of an operator's password. Served by the primary key.
    pub async fn password_of(&self, operator: OperatorId) -> Result<Option<String>, StoreError> {
        let hash = sqlx::query_scalar!("select password from operators where id = $1", operator.0);
        Ok(hash.fetch_optional(&self.pool).await?.flatten())
    }

    /// Sets a password in the place of this one, unless it was changed meanwhile, and ends every session of the operator
    /// but `keep`. Served by the primary key.
    pub async fn change_password(
        &self,
        operator: OperatorId,
        old: &str,
        new: &str,
        keep: crate::OperatorSessionId,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let changed = sqlx::query!(
            "update operators set password = $3 where id = $1 and password = $2",
            operator.0,
            old,
            new
        )
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        factors::end_others(&mut transaction, operator, Some(keep)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Writes the same password with newer parameters, unless it was changed meanwhile; whether it did.
    pub async fn rehash_password(&self, operator: OperatorId, old: &str, new: &str) -> Result<bool, StoreError> {
        let written = sqlx::query!(
            "update operators set password = $3 where id = $1 and password = $2",
            operator.0,
            old,
            new
        );
        Ok(written.execute(&self.pool).await?.rows_affected() > 0)
    }
}
