//! What the built-in service does wrong, as a developer chooses it for a project or for one connection.

use serde_json::Value;
use store::sandbox::{FaultSetting, Faults, GrantId};
use store::{ConnectionId, Environment};

use crate::problem::Kind;
use crate::{Broker, Caller, Problem, Scope};

/// What is set, for whom.
#[derive(Clone, Debug)]
pub struct SandboxFaults {
    /// The connection; `None` for all of the project's.
    pub connection: Option<ConnectionId>,
    /// What is set, and how often it has hit.
    pub setting: FaultSetting,
}

/// Where faults are set.
enum Place {
    Project,
    Grant(ConnectionId, GrantId),
}

impl Broker {
    /// What goes wrong with one connection (by id or key), or with all of the project's.
    pub async fn sandbox_faults(&self, caller: &Caller, connection: Option<&str>) -> Result<SandboxFaults, Problem> {
        let place = self.place_of_faults(caller, connection).await?;
        self.faults_at(caller, &place).await
    }

    /// Sets what goes wrong, as JSON says it; returns what is set then.
    pub async fn set_sandbox_faults(
        &self,
        caller: &Caller,
        connection: Option<&str>,
        faults: &Value,
    ) -> Result<SandboxFaults, Problem> {
        let place = self.place_of_faults(caller, connection).await?;
        let faults = Faults::read(faults).map_err(|invalid| {
            let message = format!("Nothing was set: {invalid}. See the page of the sandbox in the documentation.");
            Problem::bad_request("invalid_faults", message)
        })?;
        self.put_faults(caller, &place, Some(&faults)).await
    }

    /// Takes away what was set. A connection then meets what is set for the project.
    pub async fn clear_sandbox_faults(
        &self,
        caller: &Caller,
        connection: Option<&str>,
    ) -> Result<SandboxFaults, Problem> {
        let place = self.place_of_faults(caller, connection).await?;
        self.put_faults(caller, &place, None).await
    }

    async fn place_of_faults(&self, caller: &Caller, connection: Option<&str>) -> Result<Place, Problem> {
        caller.require(Scope::ConnectionsWrite)?;
        if caller.environment != Environment::Test {
            return Err(Problem::new(
                Kind::Forbidden,
                "sandbox_is_test_only",
                "The sandbox and its faults exist in `test` only. Use a key of `test`.",
            ));
        }
        let Some(connection) = connection else {
            return Ok(Place::Project);
        };
        let connection = self.find(caller, connection).await?;
        match self.store().sandbox_grant(&connection).await? {
            Some(grant) => Ok(Place::Grant(connection.id, grant)),
            None => Err(no_grant()),
        }
    }

    async fn faults_at(&self, caller: &Caller, place: &Place) -> Result<SandboxFaults, Problem> {
        let (connection, setting) = match place {
            Place::Project => (
                None,
                self.store()
                    .sandbox_faults(caller.project)
                    .await?
                    .ok_or_else(no_client)?,
            ),
            Place::Grant(connection, grant) => {
                let setting = self.store().sandbox_grant_faults(*grant).await?;
                (Some(*connection), setting.ok_or_else(no_grant)?)
            }
        };
        Ok(SandboxFaults { connection, setting })
    }

    async fn put_faults(
        &self,
        caller: &Caller,
        place: &Place,
        faults: Option<&Faults>,
    ) -> Result<SandboxFaults, Problem> {
        let is_set = match place {
            Place::Project => self.store().set_sandbox_faults(caller.project, faults).await?,
            Place::Grant(_, grant) => self.store().set_sandbox_grant_faults(*grant, faults).await?,
        };
        match (is_set, place) {
            (true, _) => self.faults_at(caller, place).await,
            (false, Place::Project) => Err(no_client()),
            (false, Place::Grant(..)) => Err(no_grant()),
        }
    }
}

fn no_client() -> Problem {
    Problem::new(
        Kind::Conflict,
        "sandbox_not_enabled",
        "This project has no sandbox yet. Switch it on with `latchkey integrations enable sandbox`, then set faults.",
    )
}

fn no_grant() -> Problem {
    Problem::new(
        Kind::Conflict,
        "no_sandbox_grant",
        "The sandbox has no grant for this connection: it is to another service, was made with an API key, or its grant \
         ended. Connect to the sandbox with OAuth, then set faults.",
    )
}
