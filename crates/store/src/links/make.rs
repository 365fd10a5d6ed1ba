//! Making links, once for each `Idempotency-Key`.

use serde_json::json;
use vault::{Digest, Environment};

use crate::{
    AuditEntry, ConnectionId, IdentityType, LinkId, LinkPurpose, Owner, ProjectId, Repeatable, Store, StoreError, audit,
};

/// A link to make.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// What it leads to.
    pub purpose: LinkPurpose,
    /// Whose connection it is about.
    pub owner: Owner,
    /// The only integrations that it offers or shows.
    pub integrations: Option<Vec<String>>,
    /// The connection that it connects again.
    pub connection: Option<ConnectionId>,
    /// Whether the customer's backend says who finished.
    pub verify: Option<bool>,
    /// The language of its page, as a tag.
    pub locale: Option<String>,
    /// Who sends it.
    pub inviter: Option<String>,
    /// Seconds until it ends.
    pub ttl: i64,
}

/// What a request to make a link did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMade {
    /// It is a new link.
    New(LinkId),
    /// The same request made this one earlier.
    Earlier(LinkId),
    /// Another request came under the same `Idempotency-Key`.
    OtherRequest,
    /// The connection is gone.
    NoConnection,
}

impl Store {
    /// Makes a link for `actor`, once for each `Idempotency-Key` within a day, with the line in the audit log.
    pub async fn make_link(
        &self,
        id: LinkId,
        digest: &Digest,
        new: &NewLink,
        repeatable: Option<&Repeatable>,
        actor: &str,
    ) -> Result<LinkMade, StoreError> {
        let earlier = async || match repeatable {
            None => Ok(None),
            Some(repeatable) => self.link_made_earlier(new, repeatable).await,
        };
        if let Some(earlier) = earlier().await? {
            return Ok(earlier);
        }
        match self.insert_link(id, digest, new, repeatable, actor).await {
            Ok(true) => Ok(LinkMade::New(id)),
            Ok(false) => Ok(LinkMade::NoConnection),
            // The same request on another replica was first.
            Err(StoreError::Conflict(what)) => earlier().await?.ok_or(StoreError::Conflict(what)),
            Err(error) => Err(error),
        }
    }

    async fn insert_link(
        &self,
        id: LinkId,
        digest: &Digest,
        new: &NewLink,
        repeatable: Option<&Repeatable>,
        actor: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if let Some(repeatable) = repeatable {
            // A key is free again after a day. Served by connect_links_by_request.
            sqlx::query!(
                "update connect_links set request_key = null, request_tag = null
                 where project_id = $1 and environment = $2 and request_key = $3
                   and created_at < latchkey_now() - interval '1 day'",
                new.project.0,
                new.environment.as_str(),
                &repeatable.key
            )
            .execute(&mut *transaction)
            .await?;
        }
        let ends = sqlx::query_scalar!(
            "insert into connect_links (id, project_id, environment, digest, purpose, source, identity, identity_type,
                    group_name, label, integrations, connection_id, generation, verify, locale, inviter, request_key,
                    request_tag, expires_at)
             select $1, $2, $3, $4, $5, 'api', $6, $7, $8, $9, $10, k.connection_id, k.generation, $12, $13, $14, $15, $16,
                    latchkey_now() + make_interval(secs => $17)
             from (select) one left join credentials k on k.connection_id = $11
             where $11::uuid is null or k.connection_id is not null
             returning expires_at",
            id.0,
            new.project.0,
            new.environment.as_str(),
            digest.as_bytes(),
            new.purpose.as_str(),
            new.owner.identity,
            new.owner.identity_type.map(IdentityType::as_str),
            new.owner.group,
            new.owner.label,
            new.integrations.as_deref(),
            new.connection.map(|id| id.0),
            new.verify,
            new.locale,
            new.inviter,
            repeatable.map(|repeatable| repeatable.key.to_vec()),
            repeatable.map(|repeatable| repeatable.request.to_vec()),
            seconds(new.ttl)
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(ends) = ends else { return Ok(false) };
        let entry = AuditEntry {
            project: Some(new.project),
            environment: Some(new.environment),
            action: "link.created",
            actor: actor.to_owned(),
            subject: Some(format!("link:{id}")),
            detail: &json!({ "purpose": new.purpose, "expires_at": ends, "connection": new.connection }),
        };
        audit::note(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// What an earlier request under the same `Idempotency-Key` made in the last day. Served by
    /// `connect_links_by_request`.
    async fn link_made_earlier(&self, new: &NewLink, repeatable: &Repeatable) -> Result<Option<LinkMade>, StoreError> {
        let row = sqlx::query!(
            r#"select id as "id: LinkId", request_tag from connect_links
               where project_id = $1 and environment = $2 and request_key = $3
                 and created_at >= latchkey_now() - interval '1 day'"#,
            new.project.0,
            new.environment.as_str(),
            &repeatable.key
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| {
            if row.request_tag.as_deref() == Some(repeatable.request.as_slice()) {
                LinkMade::Earlier(row.id)
            } else {
                LinkMade::OtherRequest
            }
        }))
    }
}

#[expect(clippy::cast_precision_loss, reason = "thirty days in seconds at most")]
fn seconds(ttl: i64) -> f64 {
    ttl as f64
}
