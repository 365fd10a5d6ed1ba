//! Identities that have connections, and links as the console lists them.

use std::collections::HashMap;

use store::{
    Connection, ConnectionId, FoundIdentity, Identity, IdentitySearch, IdentityType, Link, LinkId, LinkSearch, OwnedBy,
    Owner, Page, ProjectId,
};

use crate::{Broker, Caller, Problem, Scope};

/// Most identities on a page that are found by their name.
pub const IDENTITIES_NAMED: usize = 20;

/// What the people of some rows are called.
#[derive(Clone, Debug, Default)]
pub struct PeopleNames(HashMap<(String, &'static str), String>);

impl PeopleNames {
    /// The name for people of an owner who has an id: the row's own, else that of their connections; none where neither
    /// has one.
    pub fn of<'a>(&'a self, owner: &'a Owner) -> Option<&'a str> {
        let identity = identity_of(owner)?;
        let known = || self.0.get(&(identity.id, identity.kind.as_str())).map(String::as_str);
        owner.label.as_deref().or_else(known)
    }
}

/// Who an owner is, where there is an id. One without a type is a user.
fn identity_of(owner: &Owner) -> Option<Identity> {
    Some(Identity {
        id: owner.identity.clone()?,
        kind: owner.identity_type.unwrap_or(IdentityType::User),
    })
}

impl Broker {
    /// A page of identities that have connections. Where a text is looked for, the first page begins with those whose name
    /// begins so or has words that do: half the page at most, and no more than [`IDENTITIES_NAMED`].
    pub async fn identities(
        &self,
        caller: &Caller,
        mut search: IdentitySearch,
    ) -> Result<Page<FoundIdentity, Identity>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let limit = search.limit.clamp(1, 100);
        let named = match (
            &search.after,
            search.beginning.as_deref().filter(|text| !text.is_empty()),
        ) {
            (None, Some(text)) => {
                let most = i64::try_from(IDENTITIES_NAMED).unwrap_or(limit).min(limit / 2);
                self.store()
                    .identities_named(caller.project, caller.environment, text, most)
                    .await?
            }
            _ => Vec::new(),
        };
        let limit = limit - i64::try_from(named.len()).unwrap_or_default();
        search.limit = limit + 1;
        let rows = self
            .store()
            .identities(caller.project, caller.environment, &search)
            .await?;
        let mut page = Page::cut(rows, limit, |row| row.identity.clone());
        page.rows
            .retain(|row| named.iter().all(|one| one.identity != row.identity));
        page.rows.splice(0..0, named);
        Ok(page)
    }

    /// What the owners of some rows are called, those whose rows do not say it by their connections.
    pub async fn people_names(&self, caller: &Caller, owners: &[&Owner]) -> Result<PeopleNames, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let nameless = owners.iter().filter(|owner| owner.label.is_none());
        let mut identities: Vec<Identity> = nameless.filter_map(|owner| identity_of(owner)).collect();
        identities.sort_by(|one, other| (&one.id, one.kind.as_str()).cmp(&(&other.id, other.kind.as_str())));
        identities.dedup();
        if identities.is_empty() {
            return Ok(PeopleNames::default());
        }
        let found = self
            .store()
            .found_identities(caller.project, caller.environment, &identities)
            .await?;
        let names = found
            .into_iter()
            .filter_map(|one| Some(((one.identity.id, one.identity.kind.as_str()), one.label?)));
        Ok(PeopleNames(names.collect()))
    }

    /// What stands for a text in addresses of the console: an email address has no place in them.
    pub fn reference(&self, project: ProjectId, text: &str) -> String {
        self.store().reference(project, text)
    }

    /// The text that a reference of a project stands for; none where it was not made for it.
    pub fn referred(&self, project: ProjectId, reference: &str) -> Option<String> {
        self.store().referred(project, reference)
    }

    /// What stands for an identity in addresses of the console.
    pub fn identity_reference(&self, project: ProjectId, identity: &Identity) -> String {
        self.store().identity_reference(project, identity)
    }

    /// Whom a reference stands for in a project; nobody where it was not made for it.
    pub fn identity_of_reference(&self, project: ProjectId, reference: &str) -> Option<Identity> {
        self.store().identity_of_reference(project, reference)
    }

    /// A page of an identity's connections, the newest first, and how many there are.
    pub async fn connections_of(
        &self,
        caller: &Caller,
        identity: &str,
        kind: IdentityType,
        after: Option<ConnectionId>,
        limit: i64,
    ) -> Result<(Vec<Connection>, i64), Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let scope = OwnedBy {
            project: caller.project,
            environment: caller.environment,
            identity,
            identity_type: kind,
            integrations: None,
        };
        Ok(self
            .store()
            .owned_connections(&scope, after, limit.clamp(1, 100))
            .await?)
    }

    /// A page of links. Secrets of links are nowhere.
    pub async fn search_links(&self, caller: &Caller, mut search: LinkSearch) -> Result<Page<Link, LinkId>, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        search.limit = search.limit.clamp(1, 100);
        Ok(self
            .store()
            .search_links(caller.project, caller.environment, &search)
            .await?)
    }

    /// A link by its id, and what it made.
    pub async fn seen_link(&self, caller: &Caller, id: &str) -> Result<(Link, Option<ConnectionId>), Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let missing = || Problem::not_found("This link");
        let id: LinkId = id.parse().map_err(|_| missing())?;
        let link = self.store().link_by_id(caller.project, caller.environment, id).await?;
        let link = link.ok_or_else(missing)?;
        let made = self.store().made_by_link(id).await?;
        Ok((link, made))
    }
}
