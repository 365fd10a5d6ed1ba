//! Projects: the tenants of one Latchkey, and the origins that may embed the modal.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vault::Token;

use crate::branding::Images;
use crate::{ProjectId, Store, StoreError};

/// When the customer's backend must confirm who finished a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Never.
    Off,
    /// For hosted links.
    Hosted,
    /// For every flow.
    Always,
}

impl Verify {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Hosted => "hosted",
            Self::Always => "always",
        }
    }
}

impl std::str::FromStr for Verify {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "hosted" => Ok(Self::Hosted),
            "always" => Ok(Self::Always),
            other => Err(format!(
                "`{other}` is not a verify setting: write off, hosted or always"
            )),
        }
    }
}

/// What happens when it could not be proved that the browser which goes on is the one that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// The person is asked on a page that names who asks and for whom.
    Confirm,
    /// The flow is refused.
    Refuse,
}

impl Unproved {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Refuse => "refuse",
        }
    }
}

/// Whether a same-window flow that only the `Referer` speaks for is confirmed by the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmRedirect {
    /// The `Referer` is enough.
    Presumed,
    /// The person is asked.
    Always,
}

impl ConfirmRedirect {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Presumed => "presumed",
            Self::Always => "always",
        }
    }
}

/// A tenant.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// What operators call it.
    pub name: String,
    /// What people read in the modal, where that is something else.
    pub brand_name: Option<String>,
    /// The public id in embed addresses.
    pub publishable_id: String,
    /// Whether a page without `Referer` on `/` belongs to it.
    pub is_default: bool,
    /// When the customer's backend confirms.
    pub verify: Verify,
    /// Where the finishing browser is sent with the completion code.
    pub verify_url: Option<String>,
    /// Where "Back to …" leads.
    pub home_url: Option<String>,
    /// What happens when a browser could not be proved.
    pub unproved: Unproved,
    /// Whether `Referer` alone is enough in the same window.
    pub confirm_redirect: ConfirmRedirect,
    /// Colours, radius, font, texts, as the broker reads them.
    pub branding: serde_json::Value,
    /// Goes up with each change of how it looks.
    pub branding_revision: i64,
    /// Its pictures.
    pub images: Images,
    /// Whether our own line is hidden.
    pub white_label: bool,
    /// Where browsers reach the modal instead of our own origin.
    pub domain: Option<String>,
    /// Whether the people behind connections get mail with a link to reconnect.
    pub mail: bool,
    /// Days that its events are kept, 1 to 3650; as long as the server keeps them without. The server's own are the most.
    pub event_days: Option<u32>,
    /// Days that its log of requests is kept, 1 to 3650; as long as the server keeps it without. The server's own are the
    /// most.
    pub request_days: Option<u32>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Project {
    /// The name that people see.
    pub fn shown_name(&self) -> &str {
        self.brand_name.as_deref().unwrap_or(&self.name)
    }
}

struct Row {
    id: ProjectId,
    name: String,
    brand_name: Option<String>,
    publishable_id: String,
    is_default: bool,
    verify: String,
    verify_url: Option<String>,
    home_url: Option<String>,
    unproved: String,
    confirm_redirect: String,
    branding: serde_json::Value,
    branding_revision: i64,
    images: Option<sqlx::types::Json<Images>>,
    white_label: bool,
    domain: Option<String>,
    mail: bool,
    event_days: Option<i32>,
    request_days: Option<i32>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Project {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            verify: row.verify.parse().map_err(|what| StoreError::Inconsistent {
                table: "projects",
                record: row.id.0,
                what,
            })?,
            id: row.id,
            name: row.name,
            brand_name: row.brand_name,
            publishable_id: row.publishable_id,
            is_default: row.is_default,
            verify_url: row.verify_url,
            home_url: row.home_url,
            unproved: if row.unproved == "refuse" {
                Unproved::Refuse
            } else {
                Unproved::Confirm
            },
            confirm_redirect: if row.confirm_redirect == "always" {
                ConfirmRedirect::Always
            } else {
                ConfirmRedirect::Presumed
            },
            branding: row.branding,
            branding_revision: row.branding_revision,
            images: row.images.map(|images| images.0).unwrap_or_default(),
            white_label: row.white_label,
            domain: row.domain,
            mail: row.mail,
            event_days: row.event_days.map(i32::unsigned_abs),
            request_days: row.request_days.map(i32::unsigned_abs),
            created_at: row.created_at,
        })
    }
}

macro_rules! select_projects {
    ($tail:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select p.id as "id: ProjectId", p.name, p.brand_name, p.publishable_id, p.is_default, p.verify, p.verify_url, p.home_url,
                      p.unproved, p.confirm_redirect, p.branding, p.branding_revision, p.white_label, p.domain, p.mail,
                      p.event_days, p.request_days, p.created_at,
                      (select jsonb_object_agg(i.slot, jsonb_build_object('digest', i.digest, 'media_type', i.media_type,
                              'width', i.width, 'height', i.height))
                       from brand_images i
                       where i.project_id = p.id and i.replaced_at is null)
                          as "images: sqlx::types::Json<Images>"
               from projects p "# + $tail
            $(, $argument)*
        )
    };
}

/// Settings that `latchkey projects set` may change; `None` leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct ProjectChange {
    /// New name.
    pub name: Option<String>,
    /// New verify setting.
    pub verify: Option<Verify>,
    /// New verify address.
    pub verify_url: Option<String>,
    /// New home address.
    pub home_url: Option<String>,
    /// New answer to an unproved browser.
    pub unproved: Option<Unproved>,
    /// New handling of `Referer` evidence.
    pub confirm_redirect: Option<ConfirmRedirect>,
    /// New white label.
    pub white_label: Option<bool>,
    /// Mail to the people behind connections, or none.
    pub mail: Option<bool>,
    /// Make it the default project.
    pub make_default: bool,
}

impl Store {
    /// Makes a project with its first data key. The first project is the default one.
    pub async fn create_project(&self, name: &str) -> Result<Project, StoreError> {
        let id = ProjectId::generate();
        let publishable_id = format!("pub_{}", &Token::generate().expose().replace(['-', '_'], "x")[..22]);
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "insert into projects (id, name, publishable_id, is_default)
             values ($1, $2, $3, not exists (select from projects where is_default))",
            id.0,
            name,
            publishable_id
        )
        .execute(&mut *transaction)
        .await?;
        self.create_data_key(&mut *transaction, id).await?;
        transaction.commit().await?;
        self.project(id).await?.ok_or(StoreError::NoDataKey)
    }

    /// A project by its id. One that is being deleted is nowhere: neither here nor in any list.
    pub async fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        select_projects!("where p.id = $1 and p.deleted_at is null", id.0)
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// A project by its publishable id.
    pub async fn project_by_publishable_id(&self, publishable_id: &str) -> Result<Option<Project>, StoreError> {
        select_projects!("where p.publishable_id = $1 and p.deleted_at is null", publishable_id)
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// The default project.
    pub async fn default_project(&self) -> Result<Option<Project>, StoreError> {
        select_projects!("where p.is_default and p.deleted_at is null")
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// How many projects there are.
    pub async fn project_count(&self) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar!(r#"select count(*) as "count!" from projects where deleted_at is null"#)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// All projects, oldest first.
    pub async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        select_projects!("where p.deleted_at is null order by p.id")
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect()
    }

    /// A page of projects by name: all, or only these. `after` is the last one of the page before. There are few enough to
    /// be sorted; only these are served by the primary key.
    pub async fn projects_by_name(
        &self,
        only: Option<&[ProjectId]>,
        after: Option<&Project>,
        limit: i64,
    ) -> Result<Vec<Project>, StoreError> {
        let only: Option<Vec<Uuid>> = only.map(|ids| ids.iter().map(|id| id.0).collect());
        select_projects!(
            r#"where p.deleted_at is null and ($1::uuid[] is null or p.id = any ($1))
                 and ($2::text is null or (p.name collate "C", p.id) > ($2 collate "C", $3::uuid))
               order by p.name collate "C", p.id limit $4"#,
            only.as_deref(),
            after.map(|project| project.name.as_str()),
            after.map(|project| project.id.0),
            limit
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// The projects that list an origin. Served by `project_origins_by_origin`.
    pub async fn projects_by_origin(&self, origin: &str) -> Result<Vec<Project>, StoreError> {
        select_projects!(
            "join project_origins o on o.project_id = p.id where o.origin = $1 and p.deleted_at is null order by p.id",
            origin
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// The projects that have their own domain, oldest first. Served by `projects_domain_key`.
    pub async fn projects_with_domain(&self) -> Result<Vec<Project>, StoreError> {
        select_projects!("where p.domain is not null and p.deleted_at is null order by p.id")
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect()
    }

    /// Changes settings. `false` when there is no such project.
    pub async fn change_project(&self, id: ProjectId, change: ProjectChange) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if change.make_default {
            sqlx::query!(
                "update projects set is_default = false where is_default and id <> $1",
                id.0
            )
            .execute(&mut *transaction)
            .await?;
        }
        let unproved = change.unproved.map(Unproved::as_str);
        let confirm = change.confirm_redirect.map(ConfirmRedirect::as_str);
        let changed = sqlx::query!(
            "update projects set name = coalesce($2, name), verify = coalesce($3, verify),
                    verify_url = coalesce($4, verify_url), home_url = coalesce($5, home_url),
                    unproved = coalesce($6, unproved), confirm_redirect = coalesce($7, confirm_redirect),
                    white_label = coalesce($8, white_label), is_default = is_default or $9, mail = coalesce($10, mail),
                    branding_revision = branding_revision + 1, settings_revision = settings_revision + 1,
                    updated_at = latchkey_now()
             where id = $1 and deleted_at is null",
            id.0,
            change.name,
            change.verify.map(Verify::as_str),
            change.verify_url,
            change.home_url,
            unproved,
            confirm,
            change.white_label,
            change.make_default,
            change.mail,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(changed.rows_affected() == 1)
    }

    /// The origins that may embed a project's modal.
    pub async fn origins(&self, id: ProjectId) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar!(
            "select origin from project_origins where project_id = $1 order by origin",
            id.0
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Adds an origin that was checked before. Adding it twice is fine. It is refused no more.
    pub async fn add_origin(&self, id: ProjectId, origin: &str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "insert into project_origins (project_id, origin) values ($1, $2) on conflict do nothing",
            id.0,
            origin
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "delete from refused_embedders where project_id = $1 and origin = $2",
            id.0,
            origin
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes an origin. `false` when it was not there.
    pub async fn remove_origin(&self, id: ProjectId, origin: &str) -> Result<bool, StoreError> {
        let removed = sqlx::query!(
            "delete from project_origins where project_id = $1 and origin = $2",
            id.0,
            origin
        )
        .execute(&self.pool)
        .await?;
        Ok(removed.rows_affected() == 1)
    }
}
