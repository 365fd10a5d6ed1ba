//! Links that a customer's backend makes, lists and revokes.

use serde_json::json;
use store::{
    AuditEntry, ConnectionId, Link, LinkFilter, LinkId, LinkMade, LinkPurpose, NewLink, Owner, Repeatable, Verify,
};
use vault::Token;

use super::address;
use crate::sessions::Platform;
use crate::texts::{plain, quoted};
use crate::{Broker, Caller, Kind, Problem, Scope};

/// Seconds that a link may live: five minutes to thirty days.
const LIVES: std::ops::RangeInclusive<i64> = 300..=30 * 86_400;
/// Seconds that a link lives without a wish: a week; one that shows and ends connections an hour.
const USUAL_LIFE: i64 = 7 * 86_400;
const USUAL_LIFE_MANAGING: i64 = 3600;
/// Most integrations that a link names.
const MOST_INTEGRATIONS: usize = 100;

/// A link to make.
#[derive(Clone, Debug)]
pub struct LinkRequest {
    /// What it leads to.
    pub purpose: LinkPurpose,
    /// Whose connection it is about, in the customer's words.
    pub owner: Owner,
    /// The only integrations to offer or to show.
    pub integrations: Option<Vec<String>>,
    /// The connection to connect again.
    pub connection: Option<ConnectionId>,
    /// Seconds that it lives.
    pub ttl: Option<i64>,
    /// Whether the customer's backend says who finished; as the project has it without.
    pub verify: Option<bool>,
    /// The language of its page, as a tag that there are texts in.
    pub locale: Option<String>,
    /// Who sends it, for its page.
    pub inviter: Option<String>,
    /// Its `Idempotency-Key` and body.
    pub repeatable: Option<Repeatable>,
}

/// A link with its address.
#[derive(Debug)]
pub struct MadeLink {
    /// The link.
    pub link: Link,
    /// Its address with the secret. A repeated request gets it again, as long as the master key is the same.
    pub url: Option<String>,
    /// Whether this call made it.
    pub new: bool,
}

impl MadeLink {
    /// Its address, to be shown.
    ///
    /// # Errors
    /// `link_made_already` where an earlier request made it and it opens nothing any more, or its secret cannot be made
    /// again.
    pub fn into_address(self) -> Result<String, Problem> {
        let opens = self.new || self.link.state.is_live();
        self.url.filter(|_| opens).ok_or_else(|| {
            Problem::new(
                Kind::Conflict,
                "link_made_already",
                "This made a link already, which cannot be shown again. Load the page before this one anew and make another.",
            )
        })
    }
}

impl Broker {
    /// Makes a link.
    pub async fn make_link(&self, caller: &Caller, request: LinkRequest) -> Result<MadeLink, Problem> {
        caller.require(Scope::SessionsWrite)?;
        let repeatable = request.repeatable;
        let new = self.checked_link(caller, request).await?;
        let id = LinkId::generate();
        // A repeated request has to get the same secret, which is stored nowhere.
        let secret = match repeatable {
            Some(_) => self.store().link_secret(id),
            None => Token::generate(),
        };
        let made = self
            .store()
            .make_link(id, &secret.digest(), &new, repeatable.as_ref(), &caller.actor())
            .await?;
        let (id, secret, is_new) = match made {
            LinkMade::New(id) => (id, Some(secret), true),
            LinkMade::Earlier(id) => {
                let secret = self.store().link_secret(id);
                let same = self.store().link(&secret.digest()).await?;
                (id, same.is_some_and(|link| link.id == id).then_some(secret), false)
            }
            LinkMade::OtherRequest => {
                return Err(Problem::new(
                    Kind::Unprocessable,
                    "idempotency_key_reused",
                    "This `Idempotency-Key` belongs to another request. Send a new one with each new link.",
                ));
            }
            LinkMade::NoConnection => return Err(Problem::not_found("This connection")),
        };
        let link = self.known_link(caller, id).await?;
        if is_new {
            tracing::info!(link = %id, purpose = link.purpose.as_str(), "a link was made");
        }
        let project = self.project(caller.project).await?;
        let base = project.domain.as_deref().unwrap_or_else(|| self.public_origin());
        let url = secret.map(|secret| address(base, id, link.locale.as_deref(), &secret));
        Ok(MadeLink { link, url, new: is_new })
    }

    /// A page of links, newest first, and the exact total.
    pub async fn links(&self, caller: &Caller, filter: &LinkFilter) -> Result<(Vec<Link>, i64), Problem> {
        caller.require(Scope::SessionsWrite)?;
        Ok(self.store().links(caller.project, caller.environment, filter).await?)
    }

    /// A link by its id.
    pub async fn link(&self, caller: &Caller, id: &str) -> Result<Link, Problem> {
        caller.require(Scope::SessionsWrite)?;
        self.known_link(caller, link_id(id)?).await
    }

    /// Revokes a link at once, with the sessions that it opened and their sign-ins. One that was used stays so.
    pub async fn revoke_link(&self, caller: &Caller, id: &str) -> Result<Link, Problem> {
        caller.require(Scope::SessionsWrite)?;
        let id = link_id(id)?;
        let revoked = self
            .store()
            .revoke_link(caller.project, caller.environment, id)
            .await?
            .ok_or_else(missing)?;
        if revoked.link {
            // With what it ended, which is known now.
            let entry = AuditEntry {
                project: Some(caller.project),
                environment: Some(caller.environment),
                action: "link.revoked",
                actor: caller.actor(),
                subject: Some(format!("link:{id}")),
                detail: &json!({ "sessions": revoked.sessions, "flows": revoked.flows }),
            };
            self.store().audit(entry).await?;
        }
        tracing::info!(link = %id, sessions = revoked.sessions, flows = revoked.flows, "a link was revoked");
        self.known_link(caller, id).await
    }

    async fn known_link(&self, caller: &Caller, id: LinkId) -> Result<Link, Problem> {
        self.store()
            .link_by_id(caller.project, caller.environment, id)
            .await?
            .ok_or_else(missing)
    }

    async fn checked_link(&self, caller: &Caller, request: LinkRequest) -> Result<NewLink, Problem> {
        let manages = request.purpose == LinkPurpose::Manage;
        if manages && request.connection.is_some() {
            return Err(Problem::bad_request(
                "manage_with_connection",
                "A link to manage shows all connections of its identity. Leave `connection` or `purpose` out.",
            ));
        }
        let ttl = request
            .ttl
            .unwrap_or(if manages { USUAL_LIFE_MANAGING } else { USUAL_LIFE });
        if !LIVES.contains(&ttl) {
            return Err(Problem::bad_request(
                "ttl_not_valid",
                "`ttl` is in seconds, from 300 (five minutes) to 2592000 (thirty days).",
            ));
        }
        let mut owner = Owner {
            identity: plain("identity", request.owner.identity, 128)?,
            identity_type: request.owner.identity_type,
            group: None,
            label: plain("identityLabel", request.owner.label, 128)?,
        };
        let mut integrations = request.integrations;
        if let Some(id) = request.connection {
            let connection = self
                .store()
                .connection(caller.project, caller.environment, id)
                .await?
                .ok_or_else(|| Problem::not_found("This connection"))?;
            // A reconnect belongs to the connection's owner, whoever is named beside it.
            owner = connection.owner;
            integrations = Some(vec![connection.integration]);
        } else if owner.identity.is_none() {
            return Err(Problem::bad_request(
                "identity_missing",
                "A link is for somebody: send `identity`, your id of the person, or `connection` to connect one again.",
            ));
        }
        self.require_known(integrations.as_deref())?;
        if request.purpose == LinkPurpose::Connect && request.connection.is_none() {
            self.require_offered(caller, integrations.as_deref()).await?;
        }
        let new = NewLink {
            project: caller.project,
            environment: caller.environment,
            purpose: request.purpose,
            owner,
            integrations,
            connection: request.connection,
            verify: request.verify,
            locale: request.locale,
            inviter: plain("inviter", request.inviter, 80)?.map(|name| quoted(&name)),
            ttl,
        };
        self.require_verifiable(&new).await?;
        Ok(new)
    }

    fn require_known(&self, integrations: Option<&[String]>) -> Result<(), Problem> {
        let Some(ids) = integrations else { return Ok(()) };
        if ids.is_empty() || ids.len() > MOST_INTEGRATIONS {
            return Err(Problem::bad_request(
                "integrations_not_valid",
                format!("`integrations` names 1 to {MOST_INTEGRATIONS} of them. Leave it out for all."),
            ));
        }
        match ids.iter().find(|id| self.catalog().get(id).is_none()) {
            None => Ok(()),
            Some(unknown) => Err(Problem::bad_request(
                "unknown_integration",
                format!(
                    "There is no integration `{}`: GET /v1/available-connectors lists all.",
                    quoted(unknown)
                ),
            )),
        }
    }

    /// That a link to connect leads somewhere: each service that it names is switched on, and without names there is one.
    async fn require_offered(&self, caller: &Caller, integrations: Option<&[String]>) -> Result<(), Problem> {
        let offered = self.platforms(caller.project, caller.environment).await?;
        let is_offered = |id: &str| offered.iter().any(|platform| platform.integration.id.as_str() == id);
        let environment = caller.environment;
        let message = match integrations {
            None if offered.is_empty() => format!(
                "No service is switched on in `{environment}`, so the link would lead to nothing. Switch one on with `latchkey integrations enable`."
            ),
            None => return Ok(()),
            Some(ids) => match ids.iter().find(|id| !is_offered(id)) {
                None => return Ok(()),
                Some(id) => format!(
                    "`{id}` is not switched on in `{environment}`, or lacks its OAuth client. Set it up with `latchkey integrations enable {id} --environment {environment}`, or leave it out."
                ),
            },
        };
        Err(Problem::new(Kind::Conflict, "integration_not_offered", message))
    }

    /// That whoever opens the link can finish: where the customer's backend has to say who did, there is an address to
    /// ask it at. Told here, to whoever can mend it, and not to the person after the sign-in.
    async fn require_verifiable(&self, new: &NewLink) -> Result<(), Problem> {
        let project = self.project(new.project).await?;
        if project.verify == Verify::Always && new.verify == Some(false) {
            return Err(Problem::bad_request(
                "verify_always",
                "This project verifies always, so a link cannot do without. Leave `verify` out.",
            ));
        }
        if project.verify_url.is_some() {
            return Ok(());
        }
        if new.verify == Some(true) {
            return Err(no_verify_address());
        }
        let applies = new.verify.unwrap_or(project.verify != Verify::Off);
        // A link to reconnect may not need it: that is known at the sign-in, as for links in mails.
        if !applies || new.connection.is_some() || new.purpose == LinkPurpose::Manage {
            return Ok(());
        }
        let mut platforms = self.platforms(new.project, new.environment).await?;
        platforms.retain(|platform| {
            let id = platform.integration.id.as_str();
            new.integrations
                .as_ref()
                .is_none_or(|only| only.iter().any(|one| one == id))
        });
        if platforms.iter().any(Platform::signs_in) {
            return Err(no_verify_address());
        }
        Ok(())
    }
}

fn link_id(text: &str) -> Result<LinkId, Problem> {
    text.parse().map_err(|_| missing())
}

fn missing() -> Problem {
    Problem::not_found("This link")
}

fn no_verify_address() -> Problem {
    Problem::bad_request(
        "no_verify_url",
        "Who finishes by a link is confirmed by your backend, and the project has no address for that. Set it with \
         `latchkey projects set --verify-url`, or send `verify: false` to trust whoever has the link.",
    )
}
