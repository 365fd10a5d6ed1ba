//! Who works in a project, and every change of that. One change at a time: what it is judged by stays so until it is done.

use serde_json::Value;
use sqlx::PgConnection;

use super::{Membership, Operator, Role, factors, role};
use crate::{AuditEntry, OperatorId, ProjectId, Store, StoreError, audit};

/// Somebody with a role in a project, or in all.
#[derive(Clone, Debug)]
pub struct Member {
    /// The person.
    pub operator: Operator,
    /// The role in this project.
    pub here: Option<Role>,
    /// The role in every project.
    pub everywhere: Option<Role>,
}

impl Member {
    /// What they are in this project: the higher of both.
    pub fn role(&self) -> Option<Role> {
        self.here.max(self.everywhere)
    }
}

/// What becomes of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamChange {
    /// Another role in a project, or none; in all projects without one.
    Role {
        /// Where.
        project: Option<ProjectId>,
        /// The new role.
        role: Option<Role>,
    },
    /// They may not sign in any more, or may again.
    Disabled(bool),
}

/// What a change is judged by. Nobody else changes any of it meanwhile.
#[derive(Clone, Debug)]
pub struct TeamFacts {
    /// What the operator who acts is; nothing for one who was switched off. `None` where it is no operator.
    pub acting: Option<Vec<Membership>>,
    /// The person that it is about.
    pub target: Operator,
    /// What that person is.
    pub roles: Vec<Membership>,
    /// Owners beside that person who may sign in.
    pub other_owners: i64,
}

struct Row {
    id: OperatorId,
    email: String,
    name: String,
    disabled_at: Option<chrono::DateTime<chrono::Utc>>,
    created_at: chrono::DateTime<chrono::Utc>,
    signed_in_at: Option<chrono::DateTime<chrono::Utc>>,
    here: Option<String>,
    everywhere: Option<String>,
}

impl TryFrom<Row> for Member {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let read = |text: Option<String>| text.map(|text| role(&text, row.id)).transpose();
        Ok(Self {
            here: read(row.here)?,
            everywhere: read(row.everywhere)?,
            operator: Operator {
                id: row.id,
                email: row.email,
                name: row.name,
                disabled_at: row.disabled_at,
                created_at: row.created_at,
                signed_in_at: row.signed_in_at,
            },
        })
    }
}

impl Store {
    /// Who has a role in a project, by address; those after `after`. Served by `operators_email_key_key` and
    /// `operator_roles_by_operator`.
    pub async fn team(
        &self,
        project: ProjectId,
        after: Option<OperatorId>,
        limit: i64,
    ) -> Result<Vec<Member>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select o.id as "id: OperatorId", o.email, o.name, o.disabled_at, o.created_at, o.signed_in_at,
                      h.role as "here?", e.role as "everywhere?"
               from operators o
               left join operator_roles h on h.operator_id = o.id and h.project_id = $1
               left join operator_roles e on e.operator_id = o.id and e.project_id is null
               where (h.role is not null or e.role is not null)
                 and o.email_key > coalesce((select a.email_key from operators a where a.id = $2), '')
               order by o.email_key limit $3"#,
            project.0,
            after.map(|id| id.0),
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Who may give a role in a project: owners first, and admins unless it takes an owner. Served by
    /// `operator_roles_by_project`; those with a role in all projects are few.
    pub async fn givers(&self, project: ProjectId, owners_only: bool, limit: i64) -> Result<Vec<Member>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select o.id as "id: OperatorId", o.email, o.name, o.disabled_at, o.created_at, o.signed_in_at,
                      h.role as "here?", e.role as "everywhere?"
               from operators o
               left join operator_roles h on h.operator_id = o.id and h.project_id = $1
               left join operator_roles e on e.operator_id = o.id and e.project_id is null
               where o.disabled_at is null
                 and (e.role = 'owner' or not $2 and (e.role = 'admin' or h.role = 'admin'))
               order by (e.role is not distinct from 'owner') desc, o.email_key limit $3"#,
            project.0,
            owners_only,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// One of them. Served by the primary key.
    pub async fn member(&self, project: ProjectId, operator: OperatorId) -> Result<Option<Member>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select o.id as "id: OperatorId", o.email, o.name, o.disabled_at, o.created_at, o.signed_in_at,
                      h.role as "here?", e.role as "everywhere?"
               from operators o
               left join operator_roles h on h.operator_id = o.id and h.project_id = $1
               left join operator_roles e on e.operator_id = o.id and e.project_id is null
               where o.id = $2 and (h.role is not null or e.role is not null)"#,
            project.0,
            operator.0
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Changes what somebody is, when `judge` allows it; what it says is the detail of the line in the audit log. Changes
    /// wait for each other, so two owners who demote each other at once leave one. `false` where nobody has this id.
    pub async fn change_team<E: From<StoreError>>(
        &self,
        acting: Option<OperatorId>,
        target: OperatorId,
        change: TeamChange,
        entry: AuditEntry<'_>,
        judge: impl FnOnce(&TeamFacts) -> Result<Value, E>,
    ) -> Result<bool, E> {
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        one_at_a_time(&mut transaction).await?;
        let Some(person) = operator(&mut transaction, target).await? else {
            return Ok(false);
        };
        let facts = TeamFacts {
            acting: match acting {
                Some(acting) => Some(standing(&mut transaction, acting).await?),
                None => None,
            },
            roles: memberships(&mut transaction, target).await?,
            other_owners: other_owners(&mut transaction, target).await?,
            target: person,
        };
        let detail = judge(&facts)?;
        audit::note(
            &mut transaction,
            AuditEntry {
                detail: &detail,
                ..entry
            },
        )
        .await?;
        apply(&mut transaction, target, change).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(true)
    }
}

/// Everything that decides or changes what somebody is waits here.
pub(super) async fn one_at_a_time(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("lock table operators in share row exclusive mode")
        .execute(connection)
        .await?;
    Ok(())
}

async fn operator(connection: &mut PgConnection, id: OperatorId) -> Result<Option<Operator>, StoreError> {
    Ok(sqlx::query_as!(
        Operator,
        r#"select id as "id: OperatorId", email, name, disabled_at, created_at, signed_in_at
           from operators where id = $1"#,
        id.0
    )
    .fetch_optional(connection)
    .await?)
}

async fn memberships(connection: &mut PgConnection, operator: OperatorId) -> Result<Vec<Membership>, StoreError> {
    let rows = sqlx::query!(
        r#"select project_id as "project: ProjectId", role from operator_roles where operator_id = $1"#,
        operator.0
    )
    .fetch_all(connection)
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

/// What an operator may act by: nothing once they were switched off.
pub(super) async fn standing(connection: &mut PgConnection, acting: OperatorId) -> Result<Vec<Membership>, StoreError> {
    let person = operator(&mut *connection, acting).await?;
    if person.is_none_or(|person| person.disabled_at.is_some()) {
        return Ok(Vec::new());
    }
    memberships(connection, acting).await
}

/// Served by `operator_roles_by_project`: owners have no project there.
async fn other_owners(connection: &mut PgConnection, than: OperatorId) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from operator_roles r join operators o on o.id = r.operator_id
           where r.project_id is null and r.role = 'owner' and o.disabled_at is null and o.id <> $1"#,
        than.0
    )
    .fetch_one(connection)
    .await?)
}

async fn apply(connection: &mut PgConnection, target: OperatorId, change: TeamChange) -> Result<(), StoreError> {
    match change {
        TeamChange::Role {
            project,
            role: Some(role),
        } => {
            sqlx::query!(
                "insert into operator_roles (operator_id, project_id, role) values ($1, $2, $3)
                 on conflict (operator_id, project_id) do update set role = excluded.role",
                target.0,
                project.map(|project| project.0),
                role.as_str()
            )
            .execute(&mut *connection)
            .await?;
            let above: Vec<String> = Role::ALL
                .into_iter()
                .filter(|other| *other > role)
                .map(|other| other.as_str().to_owned())
                .collect();
            end_invitations(connection, target, project, &above).await
        }
        TeamChange::Role { project, role: None } => {
            sqlx::query!(
                "delete from operator_roles where operator_id = $1 and project_id is not distinct from $2",
                target.0,
                project.map(|project| project.0)
            )
            .execute(&mut *connection)
            .await?;
            end_invitations(connection, target, project, &every_role()).await
        }
        TeamChange::Disabled(false) => {
            sqlx::query!("update operators set disabled_at = null where id = $1", target.0)
                .execute(connection)
                .await?;
            Ok(())
        }
        TeamChange::Disabled(true) => {
            sqlx::query!(
                "update operators set disabled_at = coalesce(disabled_at, latchkey_now()) where id = $1",
                target.0
            )
            .execute(&mut *connection)
            .await?;
            // Their cookies open nothing when they are switched on again.
            factors::end_others(&mut *connection, target, None).await?;
            sqlx::query!(
                "update operator_links set ends_at = latchkey_now()
                 where operator_id = $1 and used_at is null and ends_at > latchkey_now()",
                target.0
            )
            .execute(&mut *connection)
            .await?;
            end_invitations(connection, target, None, &every_role()).await
        }
    }
}

fn every_role() -> Vec<String> {
    Role::ALL.into_iter().map(|role| role.as_str().to_owned()).collect()
}

/// Whoever may less from now on has invited nobody to more. Served by `operator_links_invitations`.
async fn end_invitations(
    connection: &mut PgConnection,
    made_by: OperatorId,
    project: Option<ProjectId>,
    roles: &[String],
) -> Result<(), StoreError> {
    sqlx::query!(
        "update operator_links set ends_at = latchkey_now()
         where purpose = 'invitation' and used_at is null and ends_at > latchkey_now() and made_by = $1
           and ($2::uuid is null or project_id = $2) and role = any ($3)",
        made_by.0,
        project.map(|project| project.0),
        roles
    )
    .execute(connection)
    .await?;
    Ok(())
}
