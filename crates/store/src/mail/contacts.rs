//! Addresses of the people behind identities.

use vault::Environment;

use crate::{IdentityType, Owner, ProjectId, Store, StoreError};

impl Store {
    /// Keeps an owner's address, or forgets it. An owner without an identity has none.
    pub async fn set_contact(
        &self,
        project: ProjectId,
        environment: Environment,
        owner: &Owner,
        email: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(identity) = &owner.identity else { return Ok(()) };
        let identity_type = owner.identity_type.unwrap_or(IdentityType::User).as_str();
        match email {
            Some(email) => {
                sqlx::query!(
                    "insert into contacts (project_id, environment, identity, identity_type, email)
                     values ($1, $2, $3, $4, $5)
                     on conflict (project_id, environment, identity, identity_type)
                     do update set email = excluded.email, updated_at = latchkey_now()",
                    project.0,
                    environment.as_str(),
                    identity,
                    identity_type,
                    email
                )
                .execute(&self.pool)
                .await?;
            }
            None => {
                sqlx::query!(
                    "delete from contacts
                     where project_id = $1 and environment = $2 and identity = $3 and identity_type = $4",
                    project.0,
                    environment.as_str(),
                    identity,
                    identity_type
                )
                .execute(&self.pool)
                .await?;
            }
        }
        Ok(())
    }
}
