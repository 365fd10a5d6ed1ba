//! What is edited at one connection: its name, its tags, its switch; and a link to connect it again. The page itself is
//! that of `connection.rs`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Payload, ServiceConfig};
use broker::{Broker, Caller, Connection, ConnectionPatch, Permission, Upkeep};
use store::{DeliveryStatus, EventDelivery};

use super::super::connection::{Acting, Path, draw_edited};
use super::super::listing::{Whom, query};
use super::super::once;
use super::super::operator::Here;
use super::super::pages::When;
use super::super::refusal::Refusal;
use super::super::routing::post;
use super::super::sent::Sent;
use crate::Site;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/name",
        name
    );
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/tags",
        tags
    );
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/switch",
        switch
    );
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/link",
        link
    );
}

/// What was sent and refused, or made.
#[derive(Debug, Default)]
pub(in super::super) struct Said {
    /// The name as typed, and why it was refused.
    pub(in super::super) name: Option<(String, String)>,
    /// The tags as typed, and why they were refused.
    pub(in super::super) tags: Option<(String, String)>,
    /// The tags that what was typed is over, where these are not those that there are.
    pub(in super::super) read_tags: Option<String>,
    /// A link, this once.
    pub(in super::super) link: Option<String>,
    /// Why there is no link.
    pub(in super::super) no_link: Option<String>,
}

/// The parts of the page that are edited here.
#[derive(Debug)]
pub(in super::super) struct Edits {
    pub(in super::super) name: String,
    pub(in super::super) name_problem: Option<String>,
    pub(in super::super) tags: Vec<Tag>,
    pub(in super::super) tags_text: String,
    /// Those that the form is drawn from, with commas between: no tag has one.
    pub(in super::super) read_tags: String,
    pub(in super::super) tags_problem: Option<String>,
    pub(in super::super) is_on: bool,
    pub(in super::super) link: Option<String>,
    pub(in super::super) no_link: Option<String>,
    pub(in super::super) next_refresh: Option<When>,
    pub(in super::super) failed_attempts: i32,
    pub(in super::super) missing: Vec<String>,
    /// Where the identity's own page is.
    pub(in super::super) identity: Option<String>,
    /// Its name for people.
    pub(in super::super) label: Option<String>,
    pub(in super::super) mender: &'static str,
    /// Whether only its person can mend it: what leads there comes first then.
    pub(in super::super) has_failed: bool,
    /// What is wrong with its app, where its credential is renewed with that.
    pub(in super::super) app_problem: Option<AppProblem>,
    /// The id of the form that makes a link.
    pub(in super::super) once: String,
    /// The address of links in the API.
    pub(in super::super) links_api: String,
}

/// A tag, and where the connections that have it are.
#[derive(Debug)]
pub(in super::super) struct Tag {
    pub(in super::super) text: String,
    pub(in super::super) href: String,
}

/// An app that may keep a connection from being renewed.
#[derive(Debug)]
pub(in super::super) struct AppProblem {
    pub(in super::super) message: String,
    /// Where the app is mended.
    pub(in super::super) href: String,
}

/// Who can mend a connection in this state, and how.
fn mender(connection: &Connection) -> &'static str {
    use broker::ConnectionState::{Degraded, Failed, Operational, Unknown};
    match connection.state {
        _ if !connection.active => "You can switch it on again below.",
        Operational => "",
        Degraded => {
            "The refresh is tried again by itself. If it goes on, look at what the service says: where it is away, wait; where it refuses the integration's client, look at the app; where it refuses this access, make a reconnect link below."
        }
        Failed => "Its person can mend it: make a reconnect link and send it to them.",
        Unknown => "You can find out: test the connection below.",
    }
}

impl Edits {
    /// Reads what the page shows besides the connection itself.
    pub(in super::super) async fn read(
        broker: &Broker,
        site: &Site,
        here: &Here,
        caller: &Caller,
        connection: &Connection,
        said: Said,
    ) -> Result<Self, Problem> {
        let Upkeep {
            next_refresh,
            failed_attempts,
            missing,
            app,
        } = broker.upkeep(caller, connection).await?;
        let tags = connection.tags.iter().map(|tag| Tag {
            text: tag.clone(),
            href: here.at(&format!("connections?{}", query(&[("tag", tag)]))),
        });
        let (name, name_problem) = said.name.map_or_else(
            || (connection.name.clone().unwrap_or_default(), None),
            |(typed, why)| (typed, Some(why)),
        );
        let (tags_text, tags_problem) = said
            .tags
            .map_or_else(|| (connection.tags.join(", "), None), |(typed, why)| (typed, Some(why)));
        let identity = connection.owner.identity.as_deref().map(|id| {
            let kind = connection.owner.identity_type.unwrap_or(broker::IdentityType::User);
            Whom::of(broker, here, id, kind).page(here)
        });
        Ok(Self {
            name,
            name_problem,
            tags: tags.collect(),
            tags_text,
            read_tags: said.read_tags.unwrap_or_else(|| connection.tags.join(",")),
            tags_problem,
            is_on: connection.active,
            link: said.link,
            no_link: said.no_link,
            next_refresh: next_refresh.map(|at| When::new(at, site.now())),
            failed_attempts,
            missing,
            identity,
            label: connection
                .owner
                .label
                .clone()
                .filter(|_| connection.owner.identity.is_some()),
            mender: mender(connection),
            has_failed: connection.active && connection.state == broker::ConnectionState::Failed,
            app_problem: app.filter(|_| next_refresh.is_some()).map(|app| AppProblem {
                message: app.message,
                href: here.at(&format!("integrations/{}", connection.integration)),
            }),
            once: once::form_id(),
            links_api: format!("{}/v1/connect/links", site.public_origin),
        })
    }
}

/// What happened, with the service's own words where the sentence has them not.
pub(in super::super) fn in_words(summary: String, data: &serde_json::Value) -> String {
    match data["providerMessage"].as_str() {
        Some(words) if !words.is_empty() && !summary.contains(words) => {
            format!("{summary} The service said: “{words}”")
        }
        _ => summary,
    }
}

/// Deliveries of an event that stand alike.
#[derive(Debug)]
pub(in super::super) struct Delivered {
    /// How many, and how.
    pub(in super::super) words: String,
    /// Where each is and whom it goes to, for whoever may go there.
    pub(in super::super) links: Vec<(String, String)>,
}

/// Deliveries of one kind that are linked; the others are in the lists of their webhooks.
const LINKED: usize = 5;

/// How the deliveries of an event stand.
pub(in super::super) fn delivered(here: &Here, event: broker::EventId, all: &[EventDelivery]) -> Vec<Delivered> {
    let own: Vec<&EventDelivery> = all.iter().filter(|one| one.event == event).collect();
    let alike = own.chunk_by(|one, other| one.status == other.status);
    let told = alike.map(|alike| {
        let word = match alike[0].status {
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Failed => "not delivered",
            DeliveryStatus::Pending => "on the way",
        };
        let linked = if here.may(Permission::Build) { LINKED } else { 0 };
        let links = alike.iter().take(linked).map(|one| {
            let page = here.at(&format!("webhooks/{}/deliveries/{}", one.endpoint, one.id));
            // Behind the host may stand what is secret.
            let host = url::Url::parse(&one.url).ok();
            let host = host.and_then(|url| url.host_str().map(ToOwned::to_owned));
            (page, host.unwrap_or_default())
        });
        Delivered {
            words: format!("{} {word}", alike.len()),
            links: links.collect(),
        }
    });
    told.collect()
}

/// The page again, with what was sent.
async fn again(
    broker: &Broker,
    site: &Site,
    acting: &Acting,
    said: Said,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    draw_edited(broker, site, &acting.here, &acting.id(), None, None, status, said).await
}

/// Saves a change; `refused` says what was typed where it is not taken, and why not.
async fn save(
    broker: &Broker,
    site: &Site,
    acting: &Acting,
    change: ConnectionPatch,
    done: &str,
    refused: impl FnOnce(String) -> Said,
) -> Result<HttpResponse, Problem> {
    match broker.update_connection(&acting.caller, &acting.id(), change).await {
        Ok(_) => Ok(acting.done(done)),
        Err(problem) if problem.kind() == broker::Kind::BadRequest => {
            let said = refused(problem.message().to_owned());
            again(broker, site, acting, said, StatusCode::BAD_REQUEST).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// POST `…/name`
async fn name(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let acting = Acting::begin(&broker, here, &path, "connection.rename").await?;
    let sent = Sent::read(&site, &request, payload).await?;
    let typed = sent.text("name").to_owned();
    let change = ConnectionPatch {
        name: Some(Some(typed.trim().to_owned()).filter(|name| !name.is_empty())),
        ..ConnectionPatch::default()
    };
    save(&broker, &site, &acting, change, "renamed", |why| Said {
        name: Some((typed, why)),
        ..Said::default()
    })
    .await
}

/// POST `…/tags`: of two who edit the same, the second is told.
async fn tags(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let acting = Acting::begin(&broker, here, &path, "connection.tag").await?;
    let sent = Sent::read(&site, &request, payload).await?;
    let typed = sent.text("tags").to_owned();
    let mut tags: Vec<String> = Vec::new();
    for tag in typed.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|one| one == tag) {
            tags.push(tag.to_owned());
        }
    }
    let read = sent.text("read").to_owned();
    let over = read.split(',').filter(|tag| !tag.is_empty());
    let over = over.map(ToOwned::to_owned).collect();
    let replaced = broker.replace_tags(&acting.caller, &acting.id(), over, tags).await;
    let Err(problem) = replaced else {
        return Ok(acting.done("retagged"));
    };
    let (read_tags, status) = match problem.kind() {
        // What was typed is still over what it was read from.
        broker::Kind::BadRequest => (Some(read), StatusCode::BAD_REQUEST),
        broker::Kind::Conflict => (None, StatusCode::CONFLICT),
        _ => return Err(problem.into()),
    };
    let said = Said {
        tags: Some((typed, problem.message().to_owned())),
        read_tags,
        ..Said::default()
    };
    again(&broker, &site, &acting, said, status).await
}

/// POST `…/switch`
async fn switch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    here.caller(Permission::Help)?;
    let (active, action, word) = match Sent::read(&site, &request, payload).await?.text("to") {
        "on" => (true, "connection.on", "on"),
        "off" => (false, "connection.off", "off"),
        _ => {
            return Err(Problem::bad_request(
                "The switch is on or off, and this is neither. Press its button on the connection's page.",
            ));
        }
    };
    let acting = Acting::begin(&broker, here, &path, action).await?;
    let change = ConnectionPatch {
        active: Some(active),
        ..ConnectionPatch::default()
    };
    broker.update_connection(&acting.caller, &acting.id(), change).await?;
    Ok(acting.done(word))
}

/// POST `…/link`: the link stands on the page this once.
async fn link(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let acting = Acting::begin(&broker, here, &path, "connection.link").await?;
    let sent = Sent::read(&site, &request, payload).await?;
    let repeatable = once::link(&broker, &acting.here, sent.trimmed("once"), &[&acting.id()]);
    let made = broker
        .link_to_reconnect(&acting.caller, acting.connection.id, repeatable)
        .await;
    let (said, status) = match made {
        Ok(link) => {
            let said = Said {
                link: Some(link),
                ..Said::default()
            };
            (said, StatusCode::OK)
        }
        Err(problem) => {
            let Refusal { message, status } = problem.into();
            let said = Said {
                no_link: Some(message),
                ..Said::default()
            };
            (said, status)
        }
    };
    again(&broker, &site, &acting, said, status).await
}
