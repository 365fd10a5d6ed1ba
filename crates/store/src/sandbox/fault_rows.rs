//! Where faults are kept, and which of them a call meets: those of its grant, else those of its project.

use sqlx::types::Json;
use uuid::Uuid;
use vault::{Credential, Digest, ExposeSecret as _};

use super::faults::{FaultedCall, Faults};
use crate::{Connection, ProjectId, Store, StoreError, credentials};

/// What is set, and how often it has hit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultSetting {
    /// What is set; `None` when nothing is.
    pub faults: Option<Faults>,
    /// Calls that were hit since it was set.
    pub hits: i32,
}

/// A grant of the sandbox, found from a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantId(Uuid);

/// What a call meets.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// What is set for it.
    pub faults: Faults,
    /// Whether this very call is hit.
    pub is_hit: bool,
}

/// Whose faults a call meets.
enum Keeper {
    Client(Uuid),
    Grant(Uuid),
    /// A code of this client.
    Code(Uuid),
}

impl Store {
    /// What is set for all of a project's connections; `None` when the project has no sandbox client yet.
    pub async fn sandbox_faults(&self, project: ProjectId) -> Result<Option<FaultSetting>, StoreError> {
        // Served by the unique key of sandbox_clients, as all that ask by project.
        let row = sqlx::query!(
            r#"select id, faults, fault_hits from sandbox_clients where project_id = $1"#,
            project.0
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| setting("sandbox_clients", row.id, row.faults, row.fault_hits))
            .transpose()
    }

    /// Sets what goes wrong for all of a project's connections, or nothing, and counts anew. `false` when the project
    /// has no sandbox client yet.
    pub async fn set_sandbox_faults(&self, project: ProjectId, faults: Option<&Faults>) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "update sandbox_clients set faults = $2, fault_hits = 0 where project_id = $1",
            project.0,
            faults.map(Json) as _
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The grant behind a connection's tokens; `None` when the sandbox does not know it: a key, a grant that ended long
    /// ago, or another service's. The tokens are opened, digested and wiped here.
    pub async fn sandbox_grant(&self, connection: &Connection) -> Result<Option<GrantId>, StoreError> {
        let row = sqlx::query!(
            "select sealed, generation from credentials where connection_id = $1",
            connection.id.0
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (project, environment) = (connection.project, connection.environment);
        let place = credentials::place(project.0, environment, connection.id.0, row.generation);
        let plaintext = self.open("credentials", row.sealed, &place).await?;
        let credential = credentials::read("credentials", connection.id.0, &plaintext)?;
        let Credential::OAuth2(tokens) = &credential else {
            return Ok(None);
        };
        let digests: Vec<Vec<u8>> = tokens
            .refresh_token
            .iter()
            .chain([&tokens.access_token])
            .map(|token| Digest::of(token.expose_secret()).as_bytes().to_vec())
            .collect();
        // Served by the key of sandbox_tokens. Inside the project: an imported token may be of another one's grant.
        let grant = sqlx::query_scalar!(
            "select g.id from sandbox_tokens t join sandbox_grants g on g.id = t.grant_id
                 join sandbox_clients c on c.id = g.client
             where t.digest = any ($1) and c.project_id = $2 limit 1",
            &digests,
            project.0
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(grant.map(GrantId))
    }

    /// What is set for one grant; `None` when it is gone.
    pub async fn sandbox_grant_faults(&self, grant: GrantId) -> Result<Option<FaultSetting>, StoreError> {
        let row = sqlx::query!("select faults, fault_hits from sandbox_grants where id = $1", grant.0)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| setting("sandbox_grants", grant.0, row.faults, row.fault_hits))
            .transpose()
    }

    /// Sets what goes wrong for one grant, or nothing, and counts anew. `false` when it is gone.
    pub async fn set_sandbox_grant_faults(&self, grant: GrantId, faults: Option<&Faults>) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "update sandbox_grants set faults = $2, fault_hits = 0 where id = $1",
            grant.0,
            faults.map(Json) as _
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// What a call of a client meets. `presented` is the digest of the code or token in it. A hit is counted: of `times`
    /// no two calls take the same one.
    pub async fn meet_sandbox_faults(
        &self,
        client: Uuid,
        call: FaultedCall,
        presented: Digest,
    ) -> Result<Met, StoreError> {
        let (keeper, faults) = if call == FaultedCall::Exchange {
            // Served by the keys of sandbox_clients and sandbox_codes.
            let row = sqlx::query!(
                r#"select c.faults as shared, k.faults as "own?" from sandbox_clients c
                   left join sandbox_codes k on k.digest = $2 and k.client = c.id where c.id = $1"#,
                client,
                presented.as_bytes()
            )
            .fetch_optional(&self.pool)
            .await?;
            let Some(row) = row else { return Ok(Met::default()) };
            match row.own {
                Some(own) => (Keeper::Code(client), Some(own)),
                None => (Keeper::Client(client), row.shared),
            }
        } else {
            // Served by the keys of sandbox_clients, sandbox_tokens and sandbox_grants.
            let row = sqlx::query!(
                r#"select c.faults as shared, g.id as "grant?", g.faults as "own?" from sandbox_clients c
                   left join sandbox_grants g on g.client = c.id
                       and g.id = (select grant_id from sandbox_tokens where digest = $2)
                   where c.id = $1"#,
                client,
                presented.as_bytes()
            )
            .fetch_optional(&self.pool)
            .await?;
            let Some(row) = row else { return Ok(Met::default()) };
            match (row.grant, row.own) {
                (Some(grant), Some(own)) => (Keeper::Grant(grant), Some(own)),
                _ => (Keeper::Client(client), row.shared),
            }
        };
        self.meet_fault(call, keeper, faults, presented).await
    }

    /// What a call of the API with this access token meets.
    pub async fn meet_sandbox_api_faults(&self, access_token: Digest) -> Result<Met, StoreError> {
        // Served by the keys of sandbox_tokens, sandbox_grants and sandbox_clients.
        let row = sqlx::query!(
            "select c.id as client, c.faults as shared, g.id, g.faults from sandbox_tokens t
                 join sandbox_grants g on g.id = t.grant_id join sandbox_clients c on c.id = g.client
             where t.digest = $1 and t.kind = 'access'",
            access_token.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(Met::default()) };
        let (keeper, faults) = match row.faults {
            Some(own) => (Keeper::Grant(row.id), Some(own)),
            None => (Keeper::Client(row.client), row.shared),
        };
        self.meet_fault(FaultedCall::Api, keeper, faults, access_token).await
    }

    async fn meet_fault(
        &self,
        call: FaultedCall,
        keeper: Keeper,
        faults: Option<serde_json::Value>,
        presented: Digest,
    ) -> Result<Met, StoreError> {
        let Some(faults) = faults else {
            return Ok(Met::default());
        };
        let (Keeper::Client(record) | Keeper::Grant(record) | Keeper::Code(record)) = keeper;
        let faults = read("sandbox_clients or sandbox_grants", record, faults)?;
        let is_hit = faults.hits(call) && self.count_hit(&keeper, presented, faults.times).await?;
        Ok(Met { faults, is_hit })
    }

    /// Counts a hit, if `times` leaves one.
    async fn count_hit(&self, keeper: &Keeper, presented: Digest, times: Option<i32>) -> Result<bool, StoreError> {
        let query = match keeper {
            Keeper::Client(client) => sqlx::query!(
                "update sandbox_clients set fault_hits = fault_hits + 1
                 where id = $1 and fault_hits < coalesce($2, 2147483647)",
                client,
                times
            )
            .execute(&self.pool),
            Keeper::Grant(grant) => sqlx::query!(
                "update sandbox_grants set fault_hits = fault_hits + 1
                 where id = $1 and fault_hits < coalesce($2, 2147483647)",
                grant,
                times
            )
            .execute(&self.pool),
            Keeper::Code(_) => sqlx::query!(
                "update sandbox_codes set fault_hits = fault_hits + 1
                 where digest = $1 and fault_hits < coalesce($2, 2147483647)",
                presented.as_bytes(),
                times
            )
            .execute(&self.pool),
        };
        Ok(query.await?.rows_affected() == 1)
    }
}

fn setting(
    table: &'static str,
    record: Uuid,
    faults: Option<serde_json::Value>,
    hits: i32,
) -> Result<FaultSetting, StoreError> {
    let faults = faults.map(|faults| read(table, record, faults)).transpose()?;
    Ok(FaultSetting { faults, hits })
}

pub(super) fn read(table: &'static str, record: Uuid, faults: serde_json::Value) -> Result<Faults, StoreError> {
    serde_json::from_value(faults).map_err(|error| StoreError::Inconsistent {
        table,
        record,
        what: format!("its faults cannot be read: {error}"),
    })
}
