//! The settings of a project as a whole, for whoever edits them in the console beside others.

use crate::{AuditEntry, ConfirmRedirect, Project, ProjectId, Store, StoreError, Unproved, Verify, audit};

/// Settings that are saved together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectSettings {
    /// What operators call it, and people where looks give no other name.
    pub name: String,
    /// When the customer's backend confirms.
    pub verify: Verify,
    /// Where the finishing browser is sent to be confirmed.
    pub verify_url: Option<String>,
    /// Where "Back to …" leads.
    pub home_url: Option<String>,
    /// What happens when a browser could not be proved.
    pub unproved: Unproved,
    /// Whether a same-window flow is confirmed by the person.
    pub confirm_redirect: ConfirmRedirect,
    /// Whether the people behind connections get mail.
    pub mail: bool,
    /// Days that its events, timelines and webhooks' past are kept, 1 to 3650; `None` is as long as the server keeps them.
    /// Where the server keeps them for less, that counts.
    pub event_days: Option<u32>,
    /// Days that its log of requests is kept, 1 to 3650; `None` is as long as the server keeps it. Where the server keeps it
    /// for less, that counts.
    pub request_days: Option<u32>,
}

impl ProjectSettings {
    /// Those of a project.
    pub fn of(project: &Project) -> Self {
        Self {
            name: project.name.clone(),
            verify: project.verify,
            verify_url: project.verify_url.clone(),
            home_url: project.home_url.clone(),
            unproved: project.unproved,
            confirm_redirect: project.confirm_redirect,
            mail: project.mail,
            event_days: project.event_days,
            request_days: project.request_days,
        }
    }
}

impl Store {
    /// How often the settings of a project were changed.
    pub async fn settings_revision(&self, id: ProjectId) -> Result<Option<i64>, StoreError> {
        let revision = sqlx::query_scalar!(
            "select settings_revision from projects where id = $1 and deleted_at is null",
            id.0
        );
        Ok(revision.fetch_optional(&self.pool).await?)
    }

    /// Saves settings over those that were read as `revision`, with the line in the audit log; `false` where they were
    /// changed since.
    pub async fn save_project_settings(
        &self,
        id: ProjectId,
        revision: i64,
        settings: &ProjectSettings,
        entry: AuditEntry<'_>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let saved = sqlx::query!(
            "update projects set name = $3, verify = $4, verify_url = $5, home_url = $6, unproved = $7, confirm_redirect = $8,
                    mail = $9, event_days = $10, request_days = $11, settings_revision = settings_revision + 1, branding_revision = branding_revision + 1,
                    updated_at = latchkey_now()
             where id = $1 and settings_revision = $2 and deleted_at is null",
            id.0,
            revision,
            settings.name,
            settings.verify.as_str(),
            settings.verify_url,
            settings.home_url,
            settings.unproved.as_str(),
            settings.confirm_redirect.as_str(),
            settings.mail,
            settings.event_days.map(column),
            settings.request_days.map(column)
        )
        .execute(&mut *transaction)
        .await?;
        if saved.rows_affected() == 0 {
            return Ok(false);
        }
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// The table refuses what is too much.
fn column(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}
