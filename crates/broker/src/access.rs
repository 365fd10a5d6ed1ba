//! Who is asking: secret keys with their scopes, the command line, and operators.

use std::collections::BTreeSet;
use std::net::IpAddr;

use store::{ApiKeyId, NewApiKey, OperatorId, ProjectId};
use vault::{ApiKey, Environment, SecretString};

use crate::operators::Permission;
use crate::{Broker, Kind, Network, Problem};

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

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A secret key.
    Key(ApiKeyId),
    /// Somebody at the command line of the server.
    CommandLine,
    /// Somebody in the console.
    Operator(OperatorId),
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(id) => write!(formatter, "key:{id}"),
            Self::CommandLine => formatter.write_str("cli"),
            Self::Operator(id) => write!(formatter, "operator:{id}"),
        }
    }
}

impl Scope {
    /// What an operator's role has to allow for the same.
    fn permission(self) -> Permission {
        match self {
            Self::ConnectionsRead => Permission::See,
            Self::ConnectionsWrite | Self::SessionsWrite => Permission::Help,
            Self::WebhooksWrite | Self::Passthrough | Self::ConnectionsImport => Permission::Build,
            Self::CredentialsRead => Permission::Reveal,
            Self::BrandingWrite | Self::Admin => Permission::Manage,
        }
    }
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The project that it speaks for.
    pub project: ProjectId,
    /// Its environment.
    pub environment: Environment,
    /// Who it is, for logs.
    pub actor: Actor,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

impl Caller {
    /// Who the audit log says it was.
    pub(crate) fn actor(&self) -> String {
        self.actor.to_string()
    }

    /// Refuses a caller without the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin) && scope != Scope::CredentialsRead {
            return Ok(());
        }
        let problem = Problem::new(Kind::Forbidden, "missing_scope", self.lack(scope));
        Err(match self.actor {
            Actor::Operator(_) => problem.with_meta(serde_json::json!({ "role": scope.permission().least().as_str() })),
            _ => problem,
        })
    }

    /// Who gets a scope, and how.
    fn lack(&self, scope: Scope) -> String {
        if let Actor::Operator(_) = self.actor {
            let permission = scope.permission();
            return format!(
                "This needs a role that may {}: {} or a higher one. An admin of the project can give it to you.",
                permission.words(),
                permission.least().as_str()
            );
        }
        let scope = scope.as_str();
        // Without it the command makes a key for `test`.
        let environment = match self.environment {
            Environment::Test => "",
            Environment::Live => " --environment live",
        };
        format!(
            "This key does not have the scope `{scope}`. Use a key that has it, or make one with `latchkey keys create --scope {scope}{environment}`."
        )
    }
}

impl Caller {
    /// Refuses a test key where something is of the whole project: whoever joins a team is in live too, and so is what the
    /// audit log tells and what a setting changes.
    pub(crate) fn require_whole_project(&self) -> Result<(), Problem> {
        if matches!(self.actor, Actor::Key(_)) && self.environment == Environment::Test {
            return Err(Problem::new(
                Kind::Forbidden,
                "live_key_needed",
                "The team, the audit log and the settings are of the whole project, live too. Use a live key with the scope `admin`.",
            ));
        }
        Ok(())
    }
}

impl Broker {
    /// The caller behind a key that came from an address, where that is known. A malformed key is refused without a
    /// question to the database; one with a list of addresses everywhere else.
    pub async fn authenticate(&self, text: &str, from: Option<IpAddr>) -> Result<Caller, Problem> {
        let unknown = || {
            Problem::new(
                Kind::Unauthorized,
                "unknown_key",
                "This secret key is not known, was revoked, or has ended. Check that it belongs to this server.",
            )
        };
        let key = ApiKey::parse(text).map_err(|_| unknown())?;
        let row = self.store().api_key(&key.digest()).await?.ok_or_else(unknown)?;
        if row.project_deleted {
            return Err(crate::projects::project_deleted());
        }
        if !is_good_from(&row.ip_allow, from) {
            tracing::warn!(key = %row.id, "a key was used from an address that is not on its list");
            return Err(elsewhere(from));
        }
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
            actor: Actor::Key(row.id),
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
        let new = NewApiKey {
            id: ApiKeyId::generate(),
            project,
            name: name.to_owned(),
            scopes,
            ip_allow: Vec::new(),
            expires_at: None,
        };
        self.store().create_api_key(&key, &new).await?;
        Ok((new.id, key.expose()))
    }
}

/// An entry that cannot be read allows nobody: the list was there to keep people out.
fn is_good_from(list: &[String], from: Option<IpAddr>) -> bool {
    let allows = |entry: &String| {
        let network = entry.parse::<Network>();
        matches!((network, from), (Ok(network), Some(address)) if network.contains(address))
    };
    list.is_empty() || list.iter().any(allows)
}

fn elsewhere(from: Option<IpAddr>) -> Problem {
    let from = from.map_or_else(
        || "an address that is not known".to_owned(),
        |address| address.to_canonical().to_string(),
    );
    Problem::new(
        Kind::Forbidden,
        "address_not_allowed",
        format!(
            "This key is not good from {from}. Call from an address on its list, or use a key whose list has this one."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scopes: &[Scope]) -> Caller {
        Caller {
            project: ProjectId::generate(),
            environment: Environment::Test,
            actor: Actor::Key(ApiKeyId::generate()),
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
    fn a_list_of_addresses_keeps_everybody_else_out() {
        let from = |text: &str| Some(text.parse().unwrap());
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        assert!(is_good_from(&[], None));
        let office = list(&["192.0.2.0/24", "2001:db8::/32"]);
        for (address, good) in [
            ("192.0.2.7", true),
            ("::ffff:192.0.2.7", true),
            ("2001:db8::1", true),
            ("192.0.3.7", false),
            ("2001:db9::1", false),
        ] {
            assert_eq!(is_good_from(&office, from(address)), good, "{address}");
        }
        assert!(!is_good_from(&office, None));
        assert!(!is_good_from(&list(&["of a later version"]), from("192.0.2.7")));
    }

    #[test]
    fn who_lacks_a_scope_is_told_how_to_get_it() {
        let told = |caller: Caller| caller.require(Scope::WebhooksWrite).unwrap_err().message().to_owned();
        assert_eq!(
            told(caller(&[])),
            "This key does not have the scope `webhooks:write`. Use a key that has it, or make one with \
             `latchkey keys create --scope webhooks:write`."
        );
        let live = Caller {
            environment: Environment::Live,
            ..caller(&[])
        };
        assert!(told(live).ends_with("`latchkey keys create --scope webhooks:write --environment live`."));
        let operator = Caller {
            actor: Actor::Operator(OperatorId::generate()),
            ..caller(&[])
        };
        assert_eq!(
            told(operator),
            "This needs a role that may manage keys, webhooks and integrations: developer or a higher one. An admin of the \
             project can give it to you."
        );
    }

    #[test]
    fn names_read_back() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse::<Scope>(), Ok(scope));
        }
        assert!("everything".parse::<Scope>().unwrap_err().contains("sessions:write"));
    }
}
