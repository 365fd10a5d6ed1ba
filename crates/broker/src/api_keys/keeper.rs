//! Who makes and ends keys, and what they may give away.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use store::{Environment, ProjectId};

use crate::operators::{Permission, Signed, may};
use crate::{Actor, Kind, Network, Problem, Scope};

/// Entries of a list of addresses at most.
const ADDRESSES_AT_MOST: usize = 50;
/// The farthest end that a key may have, in days.
const FARTHEST: i64 = 3_650;

/// Scopes whose keys reach what a developer may not: credentials themselves, who else gets a key, and looks.
const PRIVILEGED: [Scope; 4] = [
    Scope::Admin,
    Scope::CredentialsRead,
    Scope::ConnectionsImport,
    Scope::BrandingWrite,
];

/// Somebody who makes and ends keys, with the limits of what they may give away.
#[derive(Clone, Debug)]
pub struct KeyKeeper {
    pub(super) project: ProjectId,
    pub(super) environment: Environment,
    pub(super) actor: String,
    pub(super) gives: BTreeSet<Scope>,
    /// What to do about a scope that they may not give.
    pub(super) remedy: &'static str,
    /// Where their own key is good from; empty is everywhere.
    pub(super) networks: Vec<Network>,
    /// When their own key ends.
    pub(super) ends: Option<DateTime<Utc>>,
}

impl KeyKeeper {
    /// Somebody at the command line of the server, who may give everything.
    pub fn at_command_line(project: ProjectId, environment: Environment) -> Self {
        Self {
            project,
            environment,
            actor: Actor::CommandLine.to_string(),
            gives: Scope::ALL.into(),
            remedy: "",
            networks: Vec::new(),
            ends: None,
        }
    }

    /// Whether they may make a key with this scope.
    pub fn may_give(&self, scope: Scope) -> bool {
        self.gives.contains(&scope)
    }
}

impl Signed {
    /// The person as a keeper of a project's keys.
    ///
    /// # Errors
    /// The project is not there for them, or their role may not build.
    pub fn key_keeper(&self, project: ProjectId, environment: Environment) -> Result<KeyKeeper, Problem> {
        let role = self.require(project, Permission::Build)?;
        let all = Scope::ALL.into_iter();
        let gives = all.filter(|scope| may(role, Permission::Manage) || !PRIVILEGED.contains(scope));
        Ok(KeyKeeper {
            project,
            environment,
            actor: self.actor(),
            gives: gives.collect(),
            remedy: "It takes the role admin: ask somebody who manages this project to make the key.",
            networks: Vec::new(),
            ends: None,
        })
    }
}

impl KeyKeeper {
    pub(super) fn check_scopes(&self, scopes: &BTreeSet<Scope>) -> Result<(), Problem> {
        match scopes.iter().find(|scope| !self.may_give(**scope)) {
            None => Ok(()),
            Some(scope) => Err(Problem::new(
                Kind::Forbidden,
                "scope_beyond_yours",
                format!(
                    "A key with the scope `{}` is not yours to make. {}",
                    scope.as_str(),
                    self.remedy
                ),
            )),
        }
    }

    /// The list of a new key, in one spelling.
    pub(super) fn addresses(&self, entries: &[String]) -> Result<Vec<String>, Problem> {
        let wrong = |message: String| Problem::unprocessable("bad_addresses", message);
        if entries.len() > ADDRESSES_AT_MOST {
            return Err(wrong(format!(
                "The list of addresses has more than {ADDRESSES_AT_MOST} entries. Write larger networks."
            )));
        }
        let mut list: Vec<Network> = Vec::with_capacity(entries.len());
        for entry in entries {
            let shown: String = entry.chars().filter(|one| !one.is_control()).take(60).collect();
            let network: Network = entry.parse().map_err(|_| {
                wrong(format!(
                    "`{shown}` is no network. Write an address as 203.0.113.7, or a network as 203.0.113.0/24."
                ))
            })?;
            if !self.networks.is_empty() && !self.networks.iter().any(|own| own.covers(&network)) {
                return Err(wrong(format!(
                    "`{shown}` is not within the addresses of the key that asks. {}",
                    self.remedy
                )));
            }
            if !list.contains(&network) {
                list.push(network);
            }
        }
        // A key that is good from some places makes none that is good from everywhere.
        let list = if list.is_empty() { &self.networks } else { &list };
        Ok(list.iter().map(ToString::to_string).collect())
    }

    pub(super) fn end(
        &self,
        wanted: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Problem> {
        let wrong = |message: String| Problem::unprocessable("bad_end", message);
        let Some(end) = wanted else { return Ok(self.ends) };
        if end <= now {
            return Err(wrong(
                "The key would have ended already. Choose a time to come.".to_owned(),
            ));
        }
        if end > now + TimeDelta::days(FARTHEST) {
            return Err(wrong(
                "The key would end more than ten years from now. Choose an earlier time, or none.".to_owned(),
            ));
        }
        if self.ends.is_some_and(|own| end > own) {
            return Err(wrong(format!(
                "The key would outlive the one that asks. {}",
                self.remedy
            )));
        }
        Ok(Some(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper() -> KeyKeeper {
        KeyKeeper {
            project: ProjectId::generate(),
            environment: Environment::Test,
            actor: "key:x".to_owned(),
            gives: [Scope::Admin, Scope::Passthrough].into(),
            remedy: "Ask.",
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            ends: Some(DateTime::UNIX_EPOCH + TimeDelta::days(10)),
        }
    }

    #[test]
    fn nobody_gives_away_more_than_they_have() {
        let keeper = keeper();
        assert!(keeper.check_scopes(&[Scope::Passthrough].into()).is_ok());
        let beyond = keeper.check_scopes(&[Scope::Passthrough, Scope::CredentialsRead].into());
        assert_eq!(beyond.unwrap_err().key(), "scope_beyond_yours");

        let list = |entries: &[&str]| {
            let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
            keeper.addresses(&entries).map_err(|problem| problem.key())
        };
        assert_eq!(list(&[]).unwrap(), ["10.0.0.0/8"]);
        assert_eq!(list(&["10.1.0.0/16", "10.1.0.0/16"]).unwrap(), ["10.1.0.0/16"]);
        for wrong in ["0.0.0.0/0", "192.0.2.1", "nonsense", "10.0.0.0/99", ""] {
            assert_eq!(list(&[wrong]).unwrap_err(), "bad_addresses", "{wrong}");
        }

        let now = DateTime::UNIX_EPOCH;
        let end = |days: Option<i64>| {
            keeper
                .end(days.map(|days| now + TimeDelta::days(days)), now)
                .map_err(|problem| problem.key())
        };
        assert_eq!(end(None).unwrap(), keeper.ends);
        assert!(end(Some(5)).is_ok());
        for wrong in [-1, 0, 11, 5_000] {
            assert_eq!(end(Some(wrong)).unwrap_err(), "bad_end", "{wrong}");
        }
    }
}
