//! Invitations: links by which somebody gets a role, until they are used, end, or are ended.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use vault::Digest;

use super::links::insert_link;
use super::team::{one_at_a_time, standing};
use super::{Membership, NewOperatorLink, OperatorLink, OperatorLinkPurpose, Role, role};
use crate::{AuditEntry, OperatorId, OperatorLinkId, ProjectId, Store, StoreError, audit};

/// An invitation that is still open.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The link's id.
    pub id: OperatorLinkId,
    /// Who is invited.
    pub email: String,
    /// Where to; to all projects without.
    pub project: Option<ProjectId>,
    /// As what.
    pub role: Role,
    /// By whom: a name, else an address. Nobody where that was a key, or is gone.
    pub made_by: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it opens.
    pub ends_at: DateTime<Utc>,
}

/// What became of an invitation that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    /// It was made. An earlier one to the same address and place has ended.
    Made,
    /// The address has a role there already.
    IsThere,
    /// There is a link with its id: the request came before.
    MadeAlready,
}

/// What became of one that an operator accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The role is theirs.
    Yes,
    /// It was used or ended meanwhile.
    Over,
    /// It is somebody else's.
    NotTheirs,
}

impl Store {
    /// The invitations to a project and to all that are still open, the newest first, a hundred at most. Served by
    /// `operator_links_invitations`.
    pub async fn invitations(&self, project: ProjectId) -> Result<Vec<Invitation>, StoreError> {
        let rows = sqlx::query!(
            r#"select l.id as "id: OperatorLinkId", l.email as "email!", l.project_id as "project: ProjectId",
                      l.role as "role!", l.created_at, l.ends_at,
                      case when o.name = '' then o.email else o.name end as "made_by?"
               from operator_links l left join operators o on o.id = l.made_by
               where l.purpose = 'invitation' and l.used_at is null and l.ends_at > latchkey_now()
                 and (l.project_id = $1 or l.project_id is null)
               order by l.created_at desc, l.id desc limit 100"#,
            project.0
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Invitation {
                    role: role(&row.role, OperatorId(row.id.0))?,
                    id: row.id,
                    email: row.email,
                    project: row.project,
                    made_by: row.made_by,
                    created_at: row.created_at,
                    ends_at: row.ends_at,
                })
            })
            .collect()
    }

    /// Makes an invitation, when `judge` allows what the inviting operator is. `email_key` is the address as it is compared.
    pub async fn invite<E: From<StoreError>>(
        &self,
        digest: &Digest,
        new: &NewOperatorLink,
        email_key: &str,
        entry: AuditEntry<'_>,
        judge: impl FnOnce(Option<&[Membership]>) -> Result<Value, E>,
    ) -> Result<Invited, E> {
        let OperatorLinkPurpose::Invitation { project, .. } = &new.purpose else {
            return Err(StoreError::Unstorable.into());
        };
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        one_at_a_time(&mut transaction).await?;
        let acting = match new.made_by {
            Some(acting) => Some(standing(&mut transaction, acting).await?),
            None => None,
        };
        let detail = judge(acting.as_deref())?;
        if !make_room(&mut transaction, *project, email_key).await? {
            return Ok(Invited::IsThere);
        }
        audit::note(
            &mut transaction,
            AuditEntry {
                detail: &detail,
                ..entry
            },
        )
        .await?;
        match insert_link(&mut transaction, digest, new).await {
            Err(StoreError::Conflict(_)) => return Ok(Invited::MadeAlready),
            made => made?,
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(Invited::Made)
    }

    /// Ends an invitation to a project, or, for an owner, to all; whether there was one that was open.
    pub async fn end_invitation(
        &self,
        project: ProjectId,
        owner: bool,
        id: OperatorLinkId,
        entry: AuditEntry<'_>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query!(
            "update operator_links set ends_at = latchkey_now()
             where id = $1 and purpose = 'invitation' and used_at is null and ends_at > latchkey_now()
               and (project_id = $2 or (project_id is null and $3))",
            id.0,
            project.0,
            owner
        )
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives an operator the role of an invitation to their own address. A higher role that they have there stays.
    pub async fn join(
        &self,
        link: &OperatorLink,
        email_key: &str,
        operator: OperatorId,
        entry: AuditEntry<'_>,
    ) -> Result<Joined, StoreError> {
        let OperatorLinkPurpose::Invitation { project, role, .. } = &link.purpose else {
            return Ok(Joined::Over);
        };
        let mut transaction = self.pool.begin().await?;
        one_at_a_time(&mut transaction).await?;
        let is_theirs = sqlx::query_scalar!(
            r#"select exists (select from operators where id = $1 and email_key = $2 and disabled_at is null) as "is!""#,
            operator.0,
            email_key
        )
        .fetch_one(&mut *transaction)
        .await?;
        if !is_theirs {
            return Ok(Joined::NotTheirs);
        }
        let spent = sqlx::query!(
            "update operator_links set used_at = latchkey_now()
             where id = $1 and used_at is null and ends_at > latchkey_now()",
            link.id.0
        )
        .execute(&mut *transaction)
        .await?;
        if spent.rows_affected() == 0 {
            return Ok(Joined::Over);
        }
        let above: Vec<String> = Role::ALL
            .into_iter()
            .filter(|other| other > role)
            .map(|other| other.as_str().to_owned())
            .collect();
        sqlx::query!(
            "insert into operator_roles as had (operator_id, project_id, role) values ($1, $2, $3)
             on conflict (operator_id, project_id) do update set role = excluded.role where had.role <> all ($4)",
            operator.0,
            project.map(|project| project.0),
            role.as_str(),
            &above
        )
        .execute(&mut *transaction)
        .await?;
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(Joined::Yes)
    }
}

/// Ends an earlier invitation to the same address and place; `false` where the address has a role there already.
async fn make_room(
    connection: &mut PgConnection,
    project: Option<ProjectId>,
    email_key: &str,
) -> Result<bool, StoreError> {
    let project = project.map(|project| project.0);
    // Served by operators_email_key_key and operator_roles_by_operator.
    let is_there = sqlx::query_scalar!(
        r#"select exists (select from operators o join operator_roles r on r.operator_id = o.id
                          where o.email_key = $1 and r.project_id is not distinct from $2) as "there!""#,
        email_key,
        project
    )
    .fetch_one(&mut *connection)
    .await?;
    if is_there {
        return Ok(false);
    }
    // Served by operator_links_invitations.
    sqlx::query!(
        "update operator_links set ends_at = latchkey_now()
         where purpose = 'invitation' and used_at is null and ends_at > latchkey_now()
           and project_id is not distinct from $1 and lower(email) = $2",
        project,
        email_key
    )
    .execute(connection)
    .await?;
    Ok(true)
}
