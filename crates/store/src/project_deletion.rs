//! The end of a project. It is marked in one transaction, and from then on nobody finds it; what it has is taken away in
//! bites, and its row last. The audit log and the head of its chain outlive it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;
use vault::DataKeyId;

use crate::{AuditEntry, FlowId, ProjectId, Store, StoreError, audit};

/// Rows of one statement at most.
const BITE: i64 = 500;

/// Apps of one statement at most: with each goes what else names it.
const APPS: i64 = 20;

/// Seconds for which replicas may still write what they began before the mark.
const GRACE_SECONDS: f64 = 30.0;

/// How a deletion began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeletionBegun {
    /// It is marked. The name of the project that is the default one from now on, where that was this one.
    Yes(Option<String>),
    /// There is no other project.
    Last,
    /// It is not there, or is being deleted already.
    Unknown,
}

/// A project that is being deleted.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Who deletes it, as the audit log names them.
    pub by: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Store {
    /// Marks a project, with the line in the audit log, in one transaction: nobody finds it any more, its keys, sessions and
    /// invitations end, its endpoints and mails stop, its domain and pages are free for others. The oldest other project
    /// becomes the default one where this was it.
    pub async fn begin_deletion(
        &self,
        project: ProjectId,
        by: &str,
        entry: AuditEntry<'_>,
    ) -> Result<DeletionBegun, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // All of them, in one order: of two owners who delete the last two, the second finds one. Whoever writes a row that
        // names a project is not held up.
        let live = sqlx::query!(
            "select id, name, is_default from projects where deleted_at is null order by id for no key update"
        )
        .fetch_all(&mut *transaction)
        .await?;
        let Some(this) = live.iter().find(|row| row.id == project.0) else {
            return Ok(DeletionBegun::Unknown);
        };
        let Some(other) = live.iter().find(|row| row.id != project.0) else {
            return Ok(DeletionBegun::Last);
        };
        sqlx::query!(
            "update projects set deleted_at = latchkey_now(), deleted_by = $2, is_default = false, domain = null, mail = false,
                    settings_revision = settings_revision + 1, branding_revision = branding_revision + 1,
                    updated_at = latchkey_now()
             where id = $1",
            project.0,
            by
        )
        .execute(&mut *transaction)
        .await?;
        let mut heir = None;
        if this.is_default {
            sqlx::query!("update projects set is_default = true where id = $1", other.id)
                .execute(&mut *transaction)
                .await?;
            heir = Some(other.name.clone());
        }
        close_doors(&mut transaction, project.0).await?;
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(DeletionBegun::Yes(heir))
    }

    /// Whether this is the id of a project that is being deleted.
    pub async fn is_being_deleted(&self, project: ProjectId) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from projects where id = $1 and deleted_at is not null) as "is!""#,
            project.0
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Whether this is the public id of one.
    pub async fn is_embed_being_deleted(&self, publishable_id: &str) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from projects where publishable_id = $1 and deleted_at is not null) as "is!""#,
            publishable_id
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// The projects that are being deleted, the first first.
    pub async fn deletions(&self) -> Result<Vec<Deletion>, StoreError> {
        Ok(sqlx::query_as!(
            Deletion,
            r#"select id as "id: ProjectId", name, deleted_by as "by!", deleted_at as "since!"
               from projects where deleted_at is not null order by deleted_at, id"#
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// A deletion that no other replica works on, for two minutes: the one that waited longest.
    pub async fn claim_deletion(&self) -> Result<Option<Deletion>, StoreError> {
        Ok(sqlx::query_as!(
            Deletion,
            r#"update projects set deletion_lease_until = latchkey_now() + interval '2 minutes'
               where id = (select id from projects
                           where deleted_at is not null
                             and (deletion_lease_until is null or deletion_lease_until <= latchkey_now())
                           order by deletion_lease_until nulls first, id limit 1 for update skip locked)
               returning id as "id: ProjectId", name, deleted_by as "by!", deleted_at as "since!""#
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Leaves it for the next turn, of whichever replica.
    pub async fn leave_deletion(&self, project: ProjectId) -> Result<(), StoreError> {
        sqlx::query!(
            "update projects set deletion_lease_until = latchkey_now() where id = $1",
            project.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// One bite of links and sessions. A grant that waits in a sign-in is queued to be revoked; a sign-in that is being
    /// exchanged ends first. `true` while there are others. Served by `connect_links_by_project`,
    /// `connect_sessions_by_project` and `flows_by_session`.
    pub async fn delete_ways_in(&self, project: ProjectId) -> Result<bool, StoreError> {
        let links = sqlx::query!(
            "delete from connect_links where id = any (array(select id from connect_links where project_id = $1 limit $2))",
            project.0,
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        let ids = sqlx::query_scalar!(
            "update connect_sessions set revoked_at = coalesce(revoked_at, latchkey_now()), expiry_told = true
             where id = any (array(select id from connect_sessions where project_id = $1 limit $2)) returning id",
            project.0,
            BITE
        )
        .fetch_all(&self.pool)
        .await?;
        let waiting = sqlx::query_scalar!(
            r#"select id as "id: FlowId" from flows where session_id = any ($1) and status in ('choosing', 'verifying')"#,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        for flow in waiting {
            self.refuse_waiting(flow, "project_deleted", "This app was deleted. Nothing was connected.")
                .await?;
        }
        sqlx::query!(
            "delete from connect_sessions s where s.id = any ($1) and not exists (
                 select from flows f where f.session_id = s.id and f.status in ('exchanging', 'choosing', 'verifying'))",
            &ids
        )
        .execute(&self.pool)
        .await?;
        Ok(links > 0 || !ids.is_empty())
    }

    /// Whether grants of a project still wait to be revoked. Served by `revocations_waiting`.
    pub async fn has_waiting_revocations(&self, project: ProjectId) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from revocations where project_id = $1 and status = 'pending') as "is!""#,
            project.0
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Counts grants that nobody could even try to revoke.
    pub async fn note_grants_left(&self, project: ProjectId, grants: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "update projects set grants_left = grants_left + $2 where id = $1 and deleted_at is not null",
            project.0,
            grants
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How many grants of a project were not revoked since its deletion began: the service refused for a day, or nobody
    /// could ask it. It is said at the end, when their rows are gone.
    pub async fn grants_left(&self, project: ProjectId) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar!("select grants_left from projects where id = $1", project.0)
                .fetch_optional(&self.pool)
                .await?
                .unwrap_or_default(),
        )
    }

    /// One bite of each large table, so that the row goes in a short statement. `true` while there are others.
    pub async fn delete_belongings(&self, project: ProjectId) -> Result<bool, StoreError> {
        let mut gone = 0;
        // With what endpoints were sent. Served by events_by_project.
        gone += sqlx::query!(
            "delete from events where id = any (array(select id from events where project_id = $1 limit $2))",
            project.0,
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        // With their credentials and mails; none is live any more. Served by connections_of_project.
        gone += sqlx::query!(
            "delete from connections where id = any (array(
                 select id from connections where project_id = $1 and deleted_at is not null limit $2))",
            project.0,
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        gone += self.delete_ended_revocations(project).await?;
        // Served by its primary key.
        gone += sqlx::query!(
            "delete from hourly_numbers where (project_id, environment, name, hour, integration) in (
                 select project_id, environment, name, hour, integration from hourly_numbers where project_id = $1 limit $2)",
            project.0,
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        // Served by its primary key.
        gone += sqlx::query!(
            "delete from contacts where (project_id, environment, identity, identity_type) in (
                 select project_id, environment, identity, identity_type from contacts where project_id = $1 limit $2)",
            project.0,
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        // Served by requests_by_project.
        gone += sqlx::query!(
            "delete from requests where id = any (array(select id from requests where project_id = $1 limit $2))",
            project.0,
            BITE
        )
        .execute(&self.pool)
        .await?
        .rows_affected();
        if gone == 0 {
            gone += self.delete_apps(project).await?;
        }
        Ok(gone > 0)
    }

    /// One bite of revocations that ended; those that failed since the project was deleted are counted. Served by
    /// `revocations_by_project`.
    async fn delete_ended_revocations(&self, project: ProjectId) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let failed = sqlx::query_scalar!(
            r#"delete from revocations r using projects p
               where r.id = any (array(
                   select id from revocations where project_id = $1 and status <> 'pending' limit $2)) and p.id = $1
               returning coalesce(r.status = 'failed' and r.ended_at >= p.deleted_at, false) as "failed!""#,
            project.0,
            BITE
        )
        .fetch_all(&mut *transaction)
        .await?;
        let left = i64::try_from(failed.iter().filter(|failed| **failed).count()).unwrap_or(i64::MAX);
        if left > 0 {
            sqlx::query!(
                "update projects set grants_left = grants_left + $2 where id = $1",
                project.0,
                left
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(u64::try_from(failed.len()).unwrap_or(u64::MAX))
    }

    /// One bite of apps that nothing names any more, when replicas write nothing of the project: what names an app is looked
    /// for as each goes. Served by `connections_by_app`, `flows_by_app` and `revocations_by_app`.
    async fn delete_apps(&self, project: ProjectId) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from apps where id = any (array(
                 select a.id from apps a join projects p on p.id = a.project_id
                 where a.project_id = $1 and p.deleted_at <= latchkey_now() - make_interval(secs => $2)
                   and not exists (select from connections c where c.app_id = a.id)
                   and not exists (select from flows f where f.app_id = a.id)
                   and not exists (select from revocations r where r.app_id = a.id)
                 limit $3))",
            project.0,
            GRACE_SECONDS,
            APPS
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }

    /// Takes the project's row away with all that is left, and writes the line in the audit log, in one transaction.
    /// `false` where another replica did, or replicas may still write something of it.
    pub async fn end_deletion(&self, project: ProjectId, entry: AuditEntry<'_>) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // What does not know its project by a reference.
        sqlx::query!("delete from requests where project_id = $1", project.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!("delete from number_marks where project_id = $1", project.0)
            .execute(&mut *transaction)
            .await?;
        let keys = sqlx::query_scalar!("select id from data_keys where project_id = $1", project.0)
            .fetch_all(&mut *transaction)
            .await?;
        let ended = sqlx::query!(
            "delete from projects
             where id = $1 and deleted_at <= latchkey_now() - make_interval(secs => $2)
               and not exists (select from revocations where project_id = $1 and status = 'pending')",
            project.0,
            GRACE_SECONDS
        )
        .execute(&mut *transaction)
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        // Other replicas keep them in memory until they stop; nothing that they sealed is left.
        for key in keys {
            self.ring.forget(DataKeyId(key));
        }
        Ok(true)
    }
}

/// What would go on by itself, also on a replica of a version that knows no deletion: keys, sessions of the last half hour,
/// endpoints, invitations, pages that embed.
async fn close_doors(transaction: &mut PgConnection, project: Uuid) -> Result<(), StoreError> {
    // Served by api_keys_by_project.
    sqlx::query!(
        "update api_keys set revoked_at = latchkey_now() where project_id = $1 and revoked_at is null",
        project
    )
    .execute(&mut *transaction)
    .await?;
    // Served by connect_sessions_by_project.
    sqlx::query!(
        "update connect_sessions set revoked_at = latchkey_now(), expiry_told = true
         where project_id = $1 and revoked_at is null and expires_at > latchkey_now()",
        project
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "update webhook_endpoints set active = false where project_id = $1",
        project
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "delete from operator_links where project_id = $1 and purpose = 'invitation'",
        project
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("delete from project_origins where project_id = $1", project)
        .execute(&mut *transaction)
        .await?;
    Ok(())
}
