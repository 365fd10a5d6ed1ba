//! How a project looks: its settings, its pictures and its own domain.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{AuditEntry, ProjectId, Store, StoreError, audit};

/// Replaced pictures of a project and slot that are kept at most, for pages that were drawn before.
pub const REPLACED_IMAGES_KEPT: i64 = 5;

/// What a picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSlot {
    /// The logo, and the one on dark ground where there is no other.
    LogoLight,
    /// The logo on dark ground.
    LogoDark,
    /// The icon of pages.
    Favicon,
}

impl ImageSlot {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogoLight => "logo_light",
            Self::LogoDark => "logo_dark",
            Self::Favicon => "favicon",
        }
    }
}

/// A picture as far as pages and answers need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ImageFacts {
    /// Its name: hexadecimal digits of the SHA-256 of its bytes.
    pub digest: String,
    /// `image/png`, `image/jpeg` or `image/webp`, by its bytes.
    pub media_type: String,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
}

/// The pictures of a project that are shown now.
pub type Images = BTreeMap<ImageSlot, ImageFacts>;

/// A picture to serve.
#[derive(Debug)]
pub struct ImageBytes {
    /// Its type, by its bytes.
    pub media_type: String,
    /// The picture.
    pub bytes: Vec<u8>,
}

/// New settings of how a project looks.
#[derive(Debug)]
pub struct BrandingChange {
    /// The name that people see, or the one that they see now. The project's own is kept as none.
    pub name: Option<String>,
    /// All settings.
    pub branding: serde_json::Value,
    /// Whether our own line is hidden.
    pub white_label: bool,
}

/// What became of a change that was made for one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revised {
    /// It is made; the revision after it.
    Yes(i64),
    /// Somebody was faster, or the project is gone.
    Otherwise,
}

impl Store {
    /// Replaces how a project looks, with the line in the audit log. With `revision`, only while it is that one.
    pub async fn set_branding(
        &self,
        project: ProjectId,
        revision: Option<i64>,
        change: &BrandingChange,
        entry: AuditEntry<'_>,
    ) -> Result<Revised, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let now = sqlx::query_scalar!(
            "update projects set branding = $4, white_label = $5,
                    brand_name = case when $3::text is null then brand_name when $3 = name then null else $3 end,
                    branding_revision = branding_revision + 1, updated_at = latchkey_now()
             where id = $1 and ($2::bigint is null or branding_revision = $2)
             returning branding_revision",
            project.0,
            revision,
            change.name,
            change.branding,
            change.white_label,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(now) = now else {
            return Ok(Revised::Otherwise);
        };
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(Revised::Yes(now))
    }

    /// Shows another picture, or none, with the line in the audit log. The one before stays for a day, and few of them. With
    /// `revision`, only while it is that one.
    pub async fn set_image(
        &self,
        project: ProjectId,
        revision: Option<i64>,
        slot: ImageSlot,
        image: Option<(&ImageFacts, &[u8])>,
        entry: AuditEntry<'_>,
    ) -> Result<Revised, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // The project's row first: whoever else changes a picture of it waits here. An address of a logo elsewhere, from a
        // version before uploads, ends with the first upload.
        let now = sqlx::query_scalar!(
            "update projects set branding_revision = branding_revision + 1, updated_at = latchkey_now(),
                    branding = case when $3 then branding - 'logo_url' else branding end
             where id = $1 and ($2::bigint is null or branding_revision = $2)
             returning branding_revision",
            project.0,
            revision,
            slot == ImageSlot::LogoLight,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(now) = now else {
            return Ok(Revised::Otherwise);
        };
        let digest = image.map(|(facts, _)| facts.digest.as_str());
        sqlx::query!(
            "update brand_images set replaced_at = latchkey_now()
             where project_id = $1 and slot = $2 and replaced_at is null and digest is distinct from $3",
            project.0,
            slot.as_str(),
            digest,
        )
        .execute(&mut *transaction)
        .await?;
        if let Some((facts, bytes)) = image {
            sqlx::query!(
                "insert into brand_images (project_id, slot, digest, media_type, width, height, bytes)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (project_id, slot, digest) do update set replaced_at = null",
                project.0,
                slot.as_str(),
                facts.digest,
                facts.media_type,
                facts.width,
                facts.height,
                bytes,
            )
            .execute(&mut *transaction)
            .await?;
        }
        // Served by the primary key; `digest` where several were replaced at the same moment.
        sqlx::query!(
            "delete from brand_images where project_id = $1 and slot = $2 and digest = any (array(
                 select digest from brand_images where project_id = $1 and slot = $2 and replaced_at is not null
                 order by replaced_at desc, digest offset $3))",
            project.0,
            slot.as_str(),
            REPLACED_IMAGES_KEPT
        )
        .execute(&mut *transaction)
        .await?;
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(Revised::Yes(now))
    }

    /// A picture by its address, until a day after it was replaced; with `project`, of that one alone. Served by the
    /// primary key of `brand_images`.
    pub async fn image(
        &self,
        publishable_id: &str,
        digest: &str,
        project: Option<ProjectId>,
    ) -> Result<Option<ImageBytes>, StoreError> {
        Ok(sqlx::query_as!(
            ImageBytes,
            "select i.media_type, i.bytes from brand_images i
             join projects p on p.id = i.project_id
             where p.publishable_id = $1 and i.digest = $2 and ($3::uuid is null or p.id = $3)
               and (i.replaced_at is null or i.replaced_at > latchkey_now() - interval '1 day')
             limit 1",
            publishable_id,
            digest,
            project.map(|project| project.0)
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Gives a project its own domain, or takes it away, with the line in the audit log. [`StoreError::Conflict`] when another
    /// project has it.
    pub async fn set_domain(
        &self,
        project: ProjectId,
        domain: Option<&str>,
        entry: AuditEntry<'_>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "update projects set domain = $2, branding_revision = branding_revision + 1, updated_at = latchkey_now()
             where id = $1",
            project.0,
            domain
        )
        .execute(&mut *transaction)
        .await?;
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }
}
