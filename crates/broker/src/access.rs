//! Who is asking: secret keys and their scopes.

use std::collections::BTreeSet;

use store::{ApiKeyId, ProjectId};
use vault::{ApiKey, Environment, SecretString};

use crate::{Broker, Kind, Problem};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Open connect sessions and confirm who finished them.
    SessionsWrite,
    /// See connections.
    ConnectionsRead,
    /// Change and delete connections.
    ConnectionsWrite,
    /// Bring connections here with credentials from elsewhere.
    ConnectionsImport,
    /// Read credentials themselves.
    CredentialsRead,
    /// Call services through connections.
    Passthrough,
    /// Manage webhooks and read what they delivered.
    WebhooksWrite,
    /// Read and change how the project looks to people.
    BrandingWrite,
    /// Everything about the project.
    Admin,
}

/// What a new key may do: what an application needs. Reading credentials is given on request only.
pub const DEFAULT_SCOPES: [Scope; 4] = [
    Scope::SessionsWrite,
    Scope::ConnectionsRead,
    Scope::ConnectionsWrite,
    Scope::Passthrough,
];

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 9] = [
        Self::SessionsWrite,
        Self::ConnectionsRead,
        Self::ConnectionsWrite,
        Self::ConnectionsImport,
        Self::CredentialsRead,
        Self::Passthrough,
        Self::WebhooksWrite,
        Self::BrandingWrite,
        Self::Admin,
    ];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionsWrite => "sessions:write",
            Self::ConnectionsRead => "connections:read",
            Self::ConnectionsWrite => "connections:write",
            Self::ConnectionsImport => "connections:import",
            Self::CredentialsRead => "credentials:read",
            Self::Passthrough => "passthrough",
            Self::WebhooksWrite => "webhooks:write",
            Self::BrandingWrite => "branding:write",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| {
                let all: Vec<_> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
                format!("`{text}` is no scope: write one of {}", all.join(", "))
            })
    }
}

/// An authenticated key.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The project that it speaks for.
    pub project: ProjectId,
    /// Its environment.
    pub environment: Environment,
    /// The key, for logs.
    pub key: ApiKeyId,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

impl Caller {
    /// Who the audit log says it was.
    pub(crate) fn actor(&self) -> String {
        // The command line acts without a key.
        if self.key.0.is_nil() {
            return "cli".to_owned();
        }
        format!("key:{}", self.key)
    }

    /// Refuses a caller without the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin) && scope != Scope::CredentialsRead {
            return Ok(());
        }
        Err(Problem::new(
            Kind::Forbidden,
            "missing_scope",
            format!(
                "This key does not have the scope `{0}`. Use a key that has it, or make one with `latchkey keys create --scope {0}`.",
                scope.as_str()
            ),
        ))
    }
}

impl Broker {
    /// The caller behind a key. A malformed key is refused without a question to the database.
    pub async fn authenticate(&self, text: &str) -> Result<Caller, Problem> {
        let unknown = || {
            Problem::new(
                Kind::Unauthorized,
                "unknown_key",
                "This secret key is not known, was revoked, or has ended. Check that it belongs to this server.",
            )
        };
        let key = ApiKey::parse(text).map_err(|_| unknown())?;
        let row = self.store().api_key(&key.digest()).await?.ok_or_else(unknown)?;
        if row.use_is_old {
            let (store, id) = (self.store().clone(), row.id);
            tokio::spawn(async move {
                if let Err(error) = store.touch_api_key(id).await {
                    tracing::debug!(%error, "the use of a key was not noted");
                }
            });
        }
        Ok(Caller {
            project: row.project,
            environment: row.environment,
            key: row.id,
            // A scope of a later version is nothing that this version can grant.
            scopes: row.scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
        })
    }

    /// Makes a key. It is returned this one time; only its digest is kept.
    pub async fn create_key(
        &self,
        project: ProjectId,
        environment: Environment,
        name: &str,
        scopes: &[Scope],
    ) -> Result<(ApiKeyId, SecretString), Problem> {
        let key = ApiKey::generate(environment);
        let scopes: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        let id = self.store().create_api_key(project, &key, name, &scopes).await?;
        Ok((id, key.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scopes: &[Scope]) -> Caller {
        Caller {
            project: ProjectId::generate(),
            environment: Environment::Test,
            key: ApiKeyId::generate(),
            scopes: scopes.iter().copied().collect(),
        }
    }

    #[test]
    fn each_scope_allows_itself_only() {
        for held in Scope::ALL {
            for asked in Scope::ALL {
                let allowed = caller(&[held]).require(asked).is_ok();
                let expected = held == asked || held == Scope::Admin && asked != Scope::CredentialsRead;
                assert_eq!(allowed, expected, "{held:?} {asked:?}");
            }
        }
    }

    #[test]
    fn names_read_back() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse::<Scope>(), Ok(scope));
        }
        assert!("everything".parse::<Scope>().unwrap_err().contains("sessions:write"));
    }
}
