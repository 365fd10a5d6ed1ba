//! The list of webhooks, and the form that makes or changes one.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{Broker, EndpointPatch, EndpointRequest, Permission};
use chrono::{DateTime, Utc};
use store::{EndpointId, WebhookEndpoint};

use super::super::navigation::Section;
use super::super::operator::{Here, Operator, unproved};
use super::super::pages::{Notice, Shell, When};
use super::super::routing::{form, page};
use super::super::{once, see, show};
use super::events::{self, EventGroup};
use super::secrets::{Shown, show_secret};
use super::{Mark, Place, Refusal, Sent, Thing};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/webhooks", list);
    form!(config, "/console/{project}/{environment}/webhooks/new", new, make);
    form!(
        config,
        "/console/{project}/{environment}/webhooks/{endpoint}/edit",
        edit,
        change
    );
}

/// An endpoint in a list, or at the head of its page.
#[derive(Debug)]
pub(super) struct EndpointRow {
    pub(super) href: String,
    pub(super) url: String,
    pub(super) description: String,
    pub(super) events: String,
    pub(super) state: Mark,
    /// What its state means.
    pub(super) sentence: String,
    pub(super) success: Option<When>,
    pub(super) failure: Option<When>,
    pub(super) made: When,
}

impl EndpointRow {
    pub(super) fn new(here: &Here, endpoint: &WebhookEndpoint, now: DateTime<Utc>) -> Self {
        let fails = endpoint.failures > 0;
        let times = if endpoint.failures == 1 {
            "time"
        } else {
            "times in a row"
        };
        let (state, sentence) = match endpoint.disabled_reason {
            _ if endpoint.active && fails => (
                Mark::bad("Fails"),
                format!(
                    "It did not take a delivery {} {times}. Each is tried for three days, less and less often.",
                    endpoint.failures
                ),
            ),
            _ if endpoint.active && endpoint.last_success_at.is_none() => (
                Mark::waits("Not used yet"),
                "Nothing was delivered to it yet. Send a test to see whether it answers.".to_owned(),
            ),
            _ if endpoint.active => (Mark::good("Works"), "It takes what is delivered to it.".to_owned()),
            Some(store::DisabledReason::Gone) => (
                Mark::off("Switched off"),
                "It answered 410, so it was switched off. Events that happen meanwhile are not sent later.".to_owned(),
            ),
            _ => (
                Mark::off("Switched off"),
                "It was switched off. Events that happen meanwhile are not sent later.".to_owned(),
            ),
        };
        Self {
            href: here.at(&format!("webhooks/{}", endpoint.id)),
            url: endpoint.url.clone(),
            description: endpoint.description.clone().unwrap_or_default(),
            events: if endpoint.types.is_empty() {
                "everything".to_owned()
            } else {
                endpoint.types.join(", ")
            },
            state,
            sentence,
            success: endpoint.last_success_at.map(|at| When::new(at, now)),
            failure: endpoint.last_failure_at.map(|at| When::new(at, now)),
            made: When::new(endpoint.created_at, now),
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "console/developers/webhooks.html")]
struct WebhooksPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    rows: Vec<EndpointRow>,
    most: i64,
    api: String,
}

/// GET `…/webhooks`. A project has so few that they stand on one page.
async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    let endpoints = broker.webhook_endpoints(&caller).await?;
    let now = site.now();
    let deleted = Query::parse(request.query_string()).get("done") == Some("deleted");
    let nonce = Nonce::generate();
    let page = WebhooksPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Webhooks),
        notice: deleted.then(|| Notice::good("The webhook was deleted. Nothing is delivered to it any more.")),
        rows: endpoints
            .iter()
            .map(|endpoint| EndpointRow::new(&here, endpoint, now))
            .collect(),
        most: store::ENDPOINTS_AT_MOST,
        api: site.public_origin.clone(),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

#[derive(Debug, Template)]
#[template(path = "console/developers/webhook_form.html")]
struct FormPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    /// The endpoint that is changed; a new one without.
    row: Option<EndpointRow>,
    /// The form makes one webhook however often it is sent.
    id: &'a str,
    /// What the form was drawn from.
    revision: i64,
    /// What is stored now, beside what was typed, where somebody was faster.
    stored: Vec<(&'static str, String)>,
    action: String,
    url: &'a str,
    description: &'a str,
    everything: bool,
    groups: Vec<EventGroup>,
    active: bool,
    refusal: Option<Refusal>,
    api: String,
}

impl FormPage<'_> {
    fn at(&self, field: &str) -> Option<String> {
        Refusal::at(self.refusal.as_ref(), field)
    }
}

/// Of a form.
const LONGEST_ID: usize = 64;

/// What is in the form.
struct Filled {
    /// What is the same each time that a form is sent.
    id: String,
    url: String,
    description: String,
    everything: bool,
    events: Vec<String>,
    active: bool,
    /// When the webhook that it was drawn from was last changed.
    read: DateTime<Utc>,
}

impl Filled {
    fn of(endpoint: &WebhookEndpoint) -> Self {
        Self {
            id: String::new(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone().unwrap_or_default(),
            everything: endpoint.types.is_empty(),
            events: endpoint.types.clone(),
            active: endpoint.active,
            read: endpoint.updated_at,
        }
    }

    fn read(sent: &Sent) -> Self {
        Self {
            id: sent.trimmed("id").chars().take(LONGEST_ID).collect(),
            url: sent.trimmed("url").to_owned(),
            description: sent.trimmed("description").to_owned(),
            everything: sent.trimmed("which") != "some",
            events: sent.all("event").map(ToOwned::to_owned).collect(),
            active: sent.trimmed("active") == "on",
            // One that does not say is older than every change.
            read: sent
                .trimmed("revision")
                .parse::<i64>()
                .ok()
                .filter(|micros| *micros >= 0)
                .and_then(DateTime::from_timestamp_micros)
                .unwrap_or(DateTime::UNIX_EPOCH),
        }
    }

    /// Each value in words, to compare.
    fn told(&self) -> Vec<(&'static str, String)> {
        let mut events = self.events.clone();
        events.sort_unstable();
        let events = if self.everything {
            "everything".to_owned()
        } else {
            events.join(", ")
        };
        let description: &str = if self.description.is_empty() {
            "none"
        } else {
            &self.description
        };
        vec![
            ("Address", self.url.clone()),
            ("What it is for", description.to_owned()),
            ("Which events it gets", events),
            ("Switched on", if self.active { "yes" } else { "no" }.to_owned()),
        ]
    }

    /// All of it as text, by which a form that is sent again is told from another one.
    fn bytes(&self) -> Vec<u8> {
        let parts = (&self.url, &self.description, self.everything, &self.events, self.active);
        format!("{parts:?}").into_bytes()
    }

    /// What is subscribed to; the message where "some" are none.
    fn subscribed(&self) -> Result<Vec<String>, Refusal> {
        if self.everything {
            return Ok(Vec::new());
        }
        if self.events.is_empty() {
            return Err(Refusal {
                field: "event",
                message: "Nothing is chosen, so nothing would be delivered. Choose events, or everything.".to_owned(),
            });
        }
        Ok(self.events.clone())
    }
}

fn draw(
    site: &Site,
    here: &Here,
    endpoint: Option<&WebhookEndpoint>,
    filled: &Filled,
    refused: Option<(StatusCode, Refusal)>,
) -> Result<HttpResponse, Problem> {
    draw_beside(site, here, endpoint, filled, refused, Vec::new())
}

/// The form beside what is stored.
fn draw_beside(
    site: &Site,
    here: &Here,
    endpoint: Option<&WebhookEndpoint>,
    filled: &Filled,
    refused: Option<(StatusCode, Refusal)>,
    stored: Vec<(&'static str, String)>,
) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let status = refused.as_ref().map_or(StatusCode::OK, |(status, _)| *status);
    let row = endpoint.map(|endpoint| EndpointRow::new(here, endpoint, site.now()));
    let page = FormPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Webhooks),
        action: row
            .as_ref()
            .map_or_else(|| here.at("webhooks/new"), |row| format!("{}/edit", row.href)),
        row,
        id: &filled.id,
        revision: filled.read.timestamp_micros(),
        stored,
        url: &filled.url,
        description: &filled.description,
        everything: filled.everything,
        groups: events::groups(&filled.events),
        active: filled.active,
        refusal: refused.map(|(_, refusal)| refusal),
        api: format!("{}/v1/webhooks/subscriptions", site.public_origin),
        here,
    };
    show(&nonce, status, &page)
}

/// A refusal of the broker at its field; what has no field is an error.
fn at_field(problem: broker::Problem) -> Result<(StatusCode, Refusal), Problem> {
    let field = match problem.key() {
        "url_not_allowed" => "url",
        "unknown_event" => "event",
        "value_too_long" | "value_not_plain" => "description",
        "too_many_webhooks" | "webhook_changed" => "",
        _ => return Err(problem.into()),
    };
    let message = problem.message().to_owned();
    let status = Problem::from(problem).kind().status();
    Ok((status, Refusal { field, message }))
}

/// The refusal of a filled form whose sender proved too long ago who they are: nothing that was typed is lost.
fn not_proved(site: &Site, here: &Here) -> Option<(StatusCode, Refusal)> {
    let refusal = || Refusal {
        field: "",
        message: format!(
            "You confirmed more than ten minutes ago that it is you. Do so at {}/console/confirm in another tab, then save the webhook here.",
            site.public_origin
        ),
    };
    (!here.signed.is_proved()).then(|| (StatusCode::FORBIDDEN, refusal()))
}

/// GET `…/webhooks/new`
async fn new(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.caller(Permission::Build)?;
    if let Some(ask) = unproved(&here.signed, &here.at("webhooks/new")) {
        return Ok(ask);
    }
    let filled = Filled {
        id: EndpointId::generate().to_string(),
        url: String::new(),
        description: String::new(),
        everything: true,
        events: Vec::new(),
        active: true,
        read: DateTime::UNIX_EPOCH,
    };
    draw(&site, &here, None, &filled, None)
}

/// POST `…/webhooks/new`
async fn make(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    let filled = Filled::read(&Sent::read(&site, &request, payload).await?);
    if let Some(refusal) = not_proved(&site, &here) {
        return draw(&site, &here, None, &filled, Some(refusal));
    }
    let events = match filled.subscribed() {
        Ok(events) => events,
        Err(refusal) => {
            return draw(
                &site,
                &here,
                None,
                &filled,
                Some((StatusCode::UNPROCESSABLE_ENTITY, refusal)),
            );
        }
    };
    let wanted = EndpointRequest {
        url: filled.url.clone(),
        events,
        active: Some(filled.active),
        description: Some(filled.description.clone()),
        repeatable: once::repeatable(&broker, &here, &filled.id, &filled.bytes()),
        ..EndpointRequest::default()
    };
    match broker.create_webhook_endpoint(&caller, wanted).await {
        Ok(made) => match Shown::endpoint(&here, &made, None) {
            Some(shown) => show_secret(&site, &here, &shown),
            // The form came again, and another secret took this one's place since.
            None => Ok(see(&here.at(&format!("webhooks/{}", made.endpoint.id)))),
        },
        Err(problem) if problem.key() == "idempotency_key_reused" => {
            let refusal = Refusal {
                field: "",
                message: "This form made a webhook already, with other values. Send it again to make another one."
                    .to_owned(),
            };
            // The next attempt is another webhook.
            let filled = Filled {
                id: EndpointId::generate().to_string(),
                ..filled
            };
            draw(&site, &here, None, &filled, Some((StatusCode::CONFLICT, refusal)))
        }
        Err(problem) => draw(&site, &here, None, &filled, Some(at_field(problem)?)),
    }
}

/// GET `…/webhooks/{endpoint}/edit`
async fn edit(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let endpoint = broker
        .webhook_endpoint(&here.caller(Permission::Build)?, &path.2)
        .await?;
    draw(&site, &here, Some(&endpoint), &Filled::of(&endpoint), None)
}

/// POST `…/webhooks/{endpoint}/edit`: of two who edit the same, the second is told.
async fn change(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    let endpoint = broker.webhook_endpoint(&caller, &path.2).await?;
    let filled = Filled::read(&Sent::read(&site, &request, payload).await?);
    let again = |why| draw(&site, &here, Some(&endpoint), &filled, Some(why));
    // Whoever changes the address chooses who gets what happens here.
    if filled.url != endpoint.url
        && let Some(refusal) = not_proved(&site, &here)
    {
        return again(refusal);
    }
    let events = match filled.subscribed() {
        Ok(events) => events,
        Err(refusal) => return again((StatusCode::UNPROCESSABLE_ENTITY, refusal)),
    };
    let wanted = EndpointPatch {
        // The same address says nothing new: a change forgets what failed before.
        url: (filled.url != endpoint.url).then(|| filled.url.clone()),
        events: Some(events),
        active: (filled.active != endpoint.active).then_some(filled.active),
        description: Some(Some(filled.description.clone())),
        metadata: None,
    };
    let saved = broker
        .save_webhook_endpoint(&caller, &path.2, filled.read, wanted)
        .await;
    match saved {
        Ok(_) => Ok(see(&here.at(&format!("webhooks/{}?done=changed", endpoint.id)))),
        Err(problem) if problem.key() == "webhook_changed" => {
            let endpoint = broker.webhook_endpoint(&caller, &path.2).await?;
            let stored = Filled::of(&endpoint);
            let (read, mut differs, typed) = (stored.read, stored.told(), filled.told());
            differs.retain(|one| !typed.contains(one));
            let filled = Filled { read, ..filled };
            draw_beside(
                &site,
                &here,
                Some(&endpoint),
                &filled,
                Some(at_field(problem)?),
                differs,
            )
        }
        Err(problem) => again(at_field(problem)?),
    }
}
