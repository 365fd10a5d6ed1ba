//! Subscribing, once for each `Idempotency-Key`.

use super::{NewEndpoint, noted};
use crate::{EndpointId, Repeatable, Store, StoreError};

/// What a request to subscribe did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscribed {
    /// It is a new endpoint.
    New(EndpointId),
    /// The same request made this one earlier.
    Earlier(EndpointId),
    /// Another request came under the same `Idempotency-Key`.
    OtherRequest,
    /// The project has [`super::ENDPOINTS_AT_MOST`] in this environment.
    TooMany,
}

impl Store {
    /// Makes an endpoint for `actor`, once for each `Idempotency-Key`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its key is taken.
    pub async fn create_endpoint(
        &self,
        new: &NewEndpoint,
        repeatable: Option<&Repeatable>,
        actor: &str,
    ) -> Result<Subscribed, StoreError> {
        let earlier = async || match repeatable {
            None => Ok(None),
            Some(repeatable) => self.subscribed_earlier(new, repeatable).await,
        };
        if let Some(earlier) = earlier().await? {
            return Ok(earlier);
        }
        match self.create_endpoint_once(new, repeatable, actor).await {
            // The same request on another replica may have been first.
            Err(StoreError::Conflict(what)) => earlier().await?.ok_or(StoreError::Conflict(what)),
            done => done,
        }
    }

    async fn create_endpoint_once(
        &self,
        new: &NewEndpoint,
        repeatable: Option<&Repeatable>,
        actor: &str,
    ) -> Result<Subscribed, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(id) = self.insert_endpoint(&mut transaction, new).await? else {
            return Ok(Subscribed::TooMany);
        };
        if let Some(repeatable) = repeatable {
            // Served by webhook_idempotency_keys_old.
            sqlx::query!("delete from webhook_idempotency_keys where created_at < latchkey_now() - interval '1 day'")
                .execute(&mut *transaction)
                .await?;
            // A second request under the same key waits here until the first is through.
            let first = sqlx::query!(
                "insert into webhook_idempotency_keys (project_id, environment, key_tag, request_tag, endpoint_id)
                 values ($1, $2, $3, $4, $5) on conflict do nothing",
                new.project.0,
                new.environment.as_str(),
                &repeatable.key,
                &repeatable.request,
                id.0
            )
            .execute(&mut *transaction)
            .await?;
            if first.rows_affected() == 0 {
                transaction.rollback().await?;
                let earlier = self.subscribed_earlier(new, repeatable).await?;
                return Ok(earlier.unwrap_or(Subscribed::OtherRequest));
            }
        }
        let (project, environment) = (new.project, new.environment);
        noted(&mut transaction, project, environment, id, "webhook.created", actor).await?;
        transaction.commit().await?;
        Ok(Subscribed::New(id))
    }

    /// What an earlier request under the same `Idempotency-Key` made in the last day. Served by the primary key.
    async fn subscribed_earlier(
        &self,
        new: &NewEndpoint,
        repeatable: &Repeatable,
    ) -> Result<Option<Subscribed>, StoreError> {
        let row = sqlx::query!(
            r#"select request_tag, endpoint_id as "endpoint: EndpointId" from webhook_idempotency_keys
               where project_id = $1 and environment = $2 and key_tag = $3
                 and created_at >= latchkey_now() - interval '1 day'"#,
            new.project.0,
            new.environment.as_str(),
            &repeatable.key
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| {
            if row.request_tag == repeatable.request {
                Subscribed::Earlier(row.endpoint)
            } else {
                Subscribed::OtherRequest
            }
        }))
    }
}
