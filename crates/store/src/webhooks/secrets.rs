//! Signing secrets: how they are replaced, and the first one for a request that is repeated.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use vault::{Environment, WebhookSecret};

use super::{noted, secret_place};
use crate::{EndpointId, ProjectId, Store, StoreError};

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The new secret signs.
    Done,
    /// There is no such endpoint.
    Missing,
    /// Nothing was done: the secret before the present one signs until then, and receivers may still use it.
    Overlapping(DateTime<Utc>),
}

/// How a secret is replaced.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// Seconds for which the present secret signs too.
    pub overlap: f64,
    /// Also while the one before it still signs, which ends then.
    pub force: bool,
}

impl Store {
    /// A new secret, given by `actor`; the one before signs too for a while. A second rotation within that while would take
    /// away the secret before that one, and is refused unless it is forced.
    pub async fn rotate_endpoint_secret(
        &self,
        project: ProjectId,
        environment: Environment,
        id: EndpointId,
        secret: &WebhookSecret,
        rotation: Rotation,
        actor: &str,
    ) -> Result<Rotated, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let done = self
            .replace_secret(&mut transaction, project, environment, id, secret, rotation)
            .await?;
        if done == Rotated::Done {
            let action = "webhook.secret_rotated";
            noted(&mut transaction, project, environment, id, action, actor).await?;
        }
        transaction.commit().await?;
        Ok(done)
    }

    pub(super) async fn replace_secret(
        &self,
        transaction: &mut PgConnection,
        project: ProjectId,
        environment: Environment,
        id: EndpointId,
        secret: &WebhookSecret,
        rotation: Rotation,
    ) -> Result<Rotated, StoreError> {
        let there = sqlx::query!(
            "select generation, case when previous_sealed is not null and previous_until > latchkey_now()
                                     then previous_until end as overlapping
             from webhook_endpoints
             where id = $1 and project_id = $2 and environment = $3 and deleted_at is null for update",
            id.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(there) = there else {
            return Ok(Rotated::Missing);
        };
        if let (Some(until), false) = (there.overlapping, rotation.force) {
            return Ok(Rotated::Overlapping(until));
        }
        let place = secret_place(project, environment, id.0, there.generation + 1);
        let sealed = self.seal(&mut *transaction, &place, secret.as_bytes()).await?;
        sqlx::query!(
            "update webhook_endpoints set previous_sealed = sealed, sealed = $2, generation = generation + 1,
                    previous_until = latchkey_now() + make_interval(secs => $3), updated_at = latchkey_now()
             where id = $1",
            id.0,
            sealed.as_bytes(),
            rotation.overlap
        )
        .execute(&mut *transaction)
        .await?;
        Ok(Rotated::Done)
    }

    /// The secret that an endpoint was made with, as long as no other has replaced it.
    pub async fn first_endpoint_secret(
        &self,
        project: ProjectId,
        environment: Environment,
        id: EndpointId,
    ) -> Result<Option<WebhookSecret>, StoreError> {
        let sealed = sqlx::query_scalar!(
            "select sealed from webhook_endpoints
             where id = $1 and project_id = $2 and environment = $3 and deleted_at is null and generation = 1",
            id.0,
            project.0,
            environment.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .flatten();
        match sealed {
            None => Ok(None),
            Some(sealed) => {
                let place = secret_place(project, environment, id.0, 1);
                self.open_webhook_secret(sealed, &place).await.map(Some)
            }
        }
    }
}
