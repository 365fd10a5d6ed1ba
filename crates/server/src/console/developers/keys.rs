//! The list of keys, and the form that makes one.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{ApiKeyId, Broker, DEFAULT_SCOPES, KeyKeeper, KeyRequest, KeyView, Scope};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::super::navigation::Section;
use super::super::operator::{Here, Operator, unproved};
use super::super::pages::{Notice, Shell, When};
use super::super::routing::{form, page};
use super::super::show;
use super::secrets::{Shown, show_secret};
use super::{Mark, Place, Refusal, Sent};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/keys", list);
    form!(config, "/console/{project}/{environment}/keys/new", new, make);
}

/// Keys of a page.
const ROWS: i64 = 50;
/// A key that ends within so many days is marked.
const SOON: i64 = 14;

/// What a scope lets its key do.
pub(super) const fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::SessionsWrite => "Open the modal for your people, and confirm who finished.",
        Scope::ConnectionsRead => "See connections and what happened to them.",
        Scope::ConnectionsWrite => "Change, test, refresh and delete connections.",
        Scope::Passthrough => "Call services through connections.",
        Scope::WebhooksWrite => "Manage webhooks, and read what they delivered.",
        Scope::BrandingWrite => "Read and change how the modal looks.",
        Scope::ConnectionsImport => "Bring connections here with credentials from elsewhere.",
        Scope::CredentialsRead => "Read the credentials themselves: tokens and keys of your people.",
        Scope::Admin => {
            "All of this but reading credentials, and also make keys, change integrations and read the log of requests."
        }
    }
}

/// A key in a list, or at the head of its page.
#[derive(Debug)]
pub(super) struct KeyRow {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) hint: String,
    pub(super) scopes: String,
    pub(super) made: When,
    pub(super) used: Option<When>,
    pub(super) ends: Option<When>,
    pub(super) state: Mark,
    pub(super) works: bool,
}

impl KeyRow {
    pub(super) fn new(here: &Here, view: &KeyView, now: DateTime<Utc>) -> Self {
        let key = &view.key;
        let soon = |end: DateTime<Utc>| end - now < TimeDelta::days(SOON);
        let works = key.revoked_at.is_none() && !view.has_ended;
        let state = match key.expires_at {
            _ if key.revoked_at.is_some() => Mark::off("Revoked"),
            _ if view.has_ended => Mark::off("Ended"),
            _ if key.replaced_by.is_some() => Mark::attention("Replaced"),
            Some(end) if soon(end) => Mark::attention("Ends soon"),
            _ => Mark::good("Works"),
        };
        Self {
            href: here.at(&format!("keys/{}", key.id)),
            name: key.name.clone(),
            hint: key.hint.clone(),
            scopes: key.scopes.join(", "),
            made: When::new(key.created_at, now),
            used: key.last_used_at.map(|at| When::new(at, now)),
            ends: key.revoked_at.or(key.expires_at).map(|at| When::new(at, now)),
            state,
            works,
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "console/developers/keys.html")]
struct KeysPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    rows: Vec<KeyRow>,
    first: Option<String>,
    next: Option<String>,
    api: String,
}

/// GET `…/keys`
async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    let query = Query::parse(request.query_string());
    let before: Option<ApiKeyId> = query
        .get("before")
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::bad_request("`before` is no id of a key. Begin again with the newest keys."))?;
    let found = broker.kept_keys(&keeper, before, ROWS).await?;
    let now = site.now();
    let nonce = Nonce::generate();
    let page = KeysPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Keys),
        notice: (query.get("done") == Some("revoked"))
            .then(|| Notice::good("The key was revoked. It works nowhere any more.")),
        rows: found.rows.iter().map(|view| KeyRow::new(&here, view, now)).collect(),
        first: before.map(|_| here.at("keys")),
        next: found.next.map(|id| here.at(&format!("keys?before={id}"))),
        api: site.public_origin.clone(),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// A scope to choose.
#[derive(Debug)]
struct ScopeChoice {
    name: &'static str,
    words: &'static str,
    chosen: bool,
    /// Whether this operator may give it.
    yours: bool,
}

#[derive(Debug, Template)]
#[template(path = "console/developers/key_new.html")]
struct NewKeyPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    /// The id that the key will have: the form makes one key however often it is sent.
    id: String,
    name: &'a str,
    scopes: Vec<ScopeChoice>,
    end: &'a str,
    end_date: &'a str,
    earliest: String,
    addresses: &'a str,
    refusal: Option<Refusal>,
    api: String,
}

impl NewKeyPage<'_> {
    fn at(&self, field: &str) -> Option<String> {
        Refusal::at(self.refusal.as_ref(), field)
    }
}

/// What is in the form.
struct Filled<'a> {
    id: ApiKeyId,
    sent: &'a Sent,
    chosen: Vec<Scope>,
}

fn draw(
    site: &Site,
    here: &Here,
    keeper: &KeyKeeper,
    filled: &Filled<'_>,
    refused: Option<(StatusCode, Refusal)>,
) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let status = refused.as_ref().map_or(StatusCode::OK, |(status, _)| *status);
    let scopes = Scope::ALL.into_iter().map(|scope| ScopeChoice {
        name: scope.as_str(),
        words: words(scope),
        chosen: filled.chosen.contains(&scope),
        yours: keeper.may_give(scope),
    });
    // Those that every developer may give first.
    let mut scopes: Vec<ScopeChoice> = scopes.collect();
    scopes.sort_by_key(|scope| {
        matches!(
            scope.name,
            "admin" | "credentials:read" | "connections:import" | "branding:write"
        )
    });
    let end = filled.sent.trimmed("end");
    let page = NewKeyPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Keys),
        id: filled.id.to_string(),
        name: filled.sent.trimmed("name"),
        scopes,
        end: if end.is_empty() { "never" } else { end },
        end_date: filled.sent.trimmed("end_date"),
        earliest: (site.now() + Days::new(1)).format("%Y-%m-%d").to_string(),
        addresses: filled.sent.trimmed("addresses"),
        refusal: refused.map(|(_, refusal)| refusal),
        api: site.public_origin.clone(),
        here,
    };
    show(&nonce, status, &page)
}

/// GET `…/keys/new`
async fn new(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    if let Some(ask) = unproved(&here.signed, &here.at("keys/new")) {
        return Ok(ask);
    }
    let filled = Filled {
        id: ApiKeyId::generate(),
        sent: &Sent::default(),
        chosen: DEFAULT_SCOPES.to_vec(),
    };
    draw(&site, &here, &keeper, &filled, None)
}

/// POST `…/keys/new`
async fn make(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let filled = Filled {
        id: sent.trimmed("id").parse().unwrap_or_else(|_| ApiKeyId::generate()),
        chosen: sent.all("scope").filter_map(|name| name.parse().ok()).collect(),
        sent: &sent,
    };
    if !here.signed.is_proved() {
        let refusal = Refusal {
            field: "",
            message: format!(
                "You confirmed more than ten minutes ago that it is you. Do so at {}/console/confirm in another tab, then make the key here.",
                site.public_origin
            ),
        };
        return draw(&site, &here, &keeper, &filled, Some((StatusCode::FORBIDDEN, refusal)));
    }
    let ends = match end(&sent, site.now()) {
        Ok(ends) => ends,
        Err(message) => {
            let refusal = Refusal { field: "end", message };
            return draw(
                &site,
                &here,
                &keeper,
                &filled,
                Some((StatusCode::UNPROCESSABLE_ENTITY, refusal)),
            );
        }
    };
    let wanted = KeyRequest {
        id: filled.id,
        name: sent.trimmed("name").to_owned(),
        scopes: filled.chosen.clone(),
        ends,
        ip_allow: addresses(sent.trimmed("addresses")),
    };
    match broker.make_key(&keeper, wanted).await {
        Ok(made) => show_secret(&site, &here, &Shown::key(&here, &site, &made, None)),
        Err(problem) => {
            let field = match problem.key() {
                "bad_name" => "name",
                "bad_scopes" | "scope_beyond_yours" => "scope",
                "bad_end" => "end",
                "bad_addresses" => "addresses",
                "key_made_already" => "",
                _ => return Err(problem.into()),
            };
            let refusal = Refusal {
                field,
                message: problem.message().to_owned(),
            };
            let status = Problem::from(problem).kind().status();
            // The next attempt is another key.
            let filled = Filled {
                id: ApiKeyId::generate(),
                ..filled
            };
            draw(&site, &here, &keeper, &filled, Some((status, refusal)))
        }
    }
}

/// When the key ends, as the form says.
fn end(sent: &Sent, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
    let days = |days: i64| Ok(Some(now + TimeDelta::days(days)));
    match sent.trimmed("end") {
        "" | "never" => Ok(None),
        "30" => days(30),
        "90" => days(90),
        "365" => days(365),
        "date" => {
            let date = sent.trimmed("end_date").parse::<NaiveDate>();
            // The day counts.
            let end = date.ok().and_then(|date| date.succ_opt()?.and_hms_opt(0, 0, 0));
            end.map(|end| Some(end.and_utc()))
                .ok_or_else(|| "This is no day. Write it as 2027-01-31.".to_owned())
        }
        _ => Err("Choose when the key ends.".to_owned()),
    }
}

/// The entries of the list: a line each, or with commas.
fn addresses(text: &str) -> Vec<String> {
    let entries = text.split([',', '\n', ' ', '\r', '\t']).map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}
