//! Clients and their redirect addresses.

use uuid::Uuid;
use vault::{Digest, Environment, Place, SecretString};

use super::{Client, RegisteredClient, digest, secret};
use crate::{ProjectId, Store, StoreError};

impl Store {
    /// The sandbox client of a project's test environment; made at the first call, the same ever after, also when
    /// several replicas ask at once.
    pub async fn sandbox_client(&self, project: ProjectId) -> Result<Client, StoreError> {
        if let Some(client) = self.find_sandbox_client(project).await? {
            return Ok(client);
        }
        let id = Uuid::now_v7();
        let client_secret = secret("sandbox_secret_");
        let sealed = self
            .seal(&self.pool, &secret_place(project, id), client_secret.as_bytes())
            .await?;
        let secret_digest = Digest::of(&client_secret);
        sqlx::query!(
            "insert into sandbox_clients (id, project_id, client_id, secret_digest, sealed) values ($1, $2, $3, $4, $5)
             on conflict (project_id, environment) do nothing",
            id,
            project.0,
            format!("sandbox_{}", id.simple()),
            secret_digest.as_bytes(),
            sealed.as_bytes(),
        )
        .execute(&self.pool)
        .await?;
        // Read back: another caller's row may have won. None means that the project was deleted between.
        self.find_sandbox_client(project).await?.ok_or(StoreError::NoDataKey)
    }

    async fn find_sandbox_client(&self, project: ProjectId) -> Result<Option<Client>, StoreError> {
        let Some(row) = sqlx::query!(
            "select id, client_id, sealed from sandbox_clients where project_id = $1",
            project.0
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        let opened = self
            .open("sandbox_clients", row.sealed, &secret_place(project, row.id))
            .await?;
        let text = std::str::from_utf8(&opened).map_err(|_| StoreError::Inconsistent {
            table: "sandbox_clients",
            record: row.id,
            what: "its secret is not a text".to_owned(),
        })?;
        Ok(Some(Client {
            client_id: row.client_id,
            client_secret: SecretString::from(text),
        }))
    }

    /// Lets a client use a redirect address. A second call changes nothing.
    pub async fn register_sandbox_redirect_uri(&self, client_id: &str, redirect_uri: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into sandbox_redirect_uris (client, redirect_uri)
             select id, $2 from sandbox_clients where client_id = $1 on conflict do nothing",
            client_id,
            redirect_uri
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Looks up a client by its public id.
    pub async fn registered_sandbox_client(&self, client_id: &str) -> Result<Option<RegisteredClient>, StoreError> {
        let row = sqlx::query!(
            r#"select c.id, c.secret_digest, coalesce(p.brand_name, p.name) as "name!"
               from sandbox_clients c join projects p on p.id = c.project_id
               where c.client_id = $1"#,
            client_id
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(RegisteredClient {
                id: row.id,
                project_name: row.name,
                secret_digest: digest("sandbox_clients", row.id, &row.secret_digest)?,
            })
        })
        .transpose()
    }

    /// Whether exactly this redirect address is registered for the client (RFC 9700 §2.1: no patterns).
    pub async fn sandbox_redirect_uri_is_registered(
        &self,
        client: Uuid,
        redirect_uri: &str,
    ) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select 1 from sandbox_redirect_uris where client = $1 and redirect_uri = $2) as "found!""#,
            client,
            redirect_uri
        )
        .fetch_one(&self.pool)
        .await?)
    }
}

fn secret_place(project: ProjectId, record: Uuid) -> Place {
    Place {
        project: project.0,
        environment: Environment::Test,
        record,
        column: "sandbox_clients.sealed",
        generation: 0,
    }
}
