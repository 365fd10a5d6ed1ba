//! The log of requests, and one of them.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{ApiKeyId, Broker, ConnectionId, LoggedRequest, Permission, RequestId, RequestKind, RequestSearch};

use super::super::navigation::Section;
use super::super::operator::{Here, Operator};
use super::super::pages::{Chip, Choice, Shell, When};
use super::super::routing::page;
use super::super::show;
use super::curl::curl;
use super::lines::{self, LineRow};
use super::{Mark, Place, Thing};
use crate::Site;
use crate::api::requests::status_class;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/requests", list);
    page!(config, "/console/{project}/{environment}/requests/{request}", one);
}

/// Lines of a page.
const ROWS: i64 = 50;
/// Longest correlation id.
const LONGEST: usize = 100;

/// What an address asks for.
#[derive(Clone, Debug, Default)]
struct Filters {
    kind: Option<RequestKind>,
    status: Option<String>,
    connection: Option<ConnectionId>,
    correlation: Option<String>,
    key: Option<ApiKeyId>,
    before: Option<RequestId>,
}

impl Filters {
    fn read(query: &Query) -> Result<Self, Problem> {
        fn id<T: std::str::FromStr>(query: &Query, name: &str) -> Result<Option<T>, Problem> {
            let wrong = |_| Problem::bad_request(format!("`{name}` is no id. Copy it from the page that shows it."));
            query.get(name).map(str::parse).transpose().map_err(wrong)
        }
        let status = query.get("status").map(ToOwned::to_owned);
        status.as_deref().map(status_class).transpose()?;
        let correlation = query.get("correlation").map(ToOwned::to_owned);
        if correlation.as_ref().is_some_and(|id| id.chars().count() > LONGEST) {
            return Err(Problem::bad_request(
                "This is no correlation id: it is too long. Copy the `x-request-id` of an answer.",
            ));
        }
        Ok(Self {
            kind: query
                .get("kind")
                .map(str::parse)
                .transpose()
                .map_err(Problem::bad_request)?,
            status,
            connection: id(query, "connection")?,
            correlation,
            key: id(query, "key")?,
            before: id(query, "before")?,
        })
    }

    fn search(&self) -> Result<RequestSearch, Problem> {
        Ok(RequestSearch {
            kind: self.kind,
            status_class: self.status.as_deref().map(status_class).transpose()?,
            connection: self.connection,
            correlation_id: self.correlation.clone(),
            key: self.key,
            before: self.before,
            limit: ROWS,
        })
    }

    fn address(&self, here: &Here) -> String {
        let pairs = [
            ("kind", self.kind.map(|kind| kind.as_str().to_owned())),
            ("status", self.status.clone()),
            ("connection", self.connection.map(|id| id.to_string())),
            ("correlation", self.correlation.clone()),
            ("key", self.key.map(|id| id.to_string())),
            ("before", self.before.map(|id| id.to_string())),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        let query = query.finish();
        if query.is_empty() {
            here.at("requests")
        } else {
            format!("{}?{query}", here.at("requests"))
        }
    }

    /// Each filter with the address that has the others.
    fn chips(&self, here: &Here) -> Vec<Chip> {
        let others = Self {
            before: None,
            ..self.clone()
        };
        let mut chips = Vec::new();
        let mut add = |name, value: Option<String>, without: Self| {
            if let Some(value) = value {
                let href = without.address(here);
                chips.push(Chip { name, value, href });
            }
        };
        let kind = self.kind.map(|kind| kind_words(kind).to_owned());
        add(
            "Kind",
            kind,
            Self {
                kind: None,
                ..others.clone()
            },
        );
        add(
            "Status",
            self.status.clone(),
            Self {
                status: None,
                ..others.clone()
            },
        );
        let id = self.connection.map(|id| id.to_string());
        add(
            "Connection",
            id,
            Self {
                connection: None,
                ..others.clone()
            },
        );
        let id = self.correlation.clone();
        add(
            "Correlation id",
            id,
            Self {
                correlation: None,
                ..others.clone()
            },
        );
        let id = self.key.map(|id| id.to_string());
        add(
            "Key",
            id,
            Self {
                key: None,
                ..others.clone()
            },
        );
        chips
    }
}

const fn kind_words(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Passthrough => "To services",
        RequestKind::Api => "To Latchkey",
    }
}

#[derive(Debug, Template)]
#[template(path = "console/developers/requests.html")]
struct RequestsPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    is_on: bool,
    days: u32,
    kinds: Vec<Choice>,
    statuses: Vec<Choice>,
    /// What the form has no field for, so that a search keeps it.
    kept: Vec<(&'static str, String)>,
    correlation: &'a str,
    chips: Vec<Chip>,
    is_narrowed: bool,
    rows: Vec<LineRow>,
    /// How many lines were looked through, where that ended the look.
    looked_through: Option<i64>,
    first: Option<String>,
    next: Option<String>,
    api: String,
}

/// GET `…/requests`
async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Place,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    let filters = Filters::read(&Query::parse(request.query_string()))?;
    let found = broker.requests(&caller, filters.search()?).await?;
    let now = site.now();
    let kinds = [RequestKind::Passthrough, RequestKind::Api]
        .into_iter()
        .map(|kind| Choice {
            value: kind.as_str().to_owned(),
            label: kind_words(kind).to_owned(),
            chosen: filters.kind == Some(kind),
        });
    let statuses = [
        ("2xx", "2xx, went well"),
        ("3xx", "3xx, sent on"),
        ("4xx", "4xx, refused"),
        ("5xx", "5xx, failed"),
    ];
    let statuses = statuses.into_iter().map(|(value, label)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        chosen: filters.status.as_deref() == Some(value),
    });
    let kept = [
        ("connection", filters.connection.map(|id| id.to_string())),
        ("key", filters.key.map(|id| id.to_string())),
    ];
    let chips = filters.chips(&here);
    let at = |before| {
        Filters {
            before,
            ..filters.clone()
        }
        .address(&here)
    };
    let nonce = Nonce::generate();
    let page = RequestsPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Requests),
        is_on: broker.logs_requests(),
        days: broker.kept_days().of(&here.project).requests,
        kinds: kinds.collect(),
        statuses: statuses.collect(),
        kept: kept
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        correlation: filters.correlation.as_deref().unwrap_or_default(),
        is_narrowed: !chips.is_empty() || filters.before.is_some(),
        chips,
        rows: found.rows.iter().map(|line| LineRow::new(&here, line, now)).collect(),
        looked_through: found.looked_through,
        first: filters.before.map(|_| at(None)),
        next: found.next.map(|id| at(Some(id))),
        api: site.public_origin.clone(),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

#[derive(Debug, Template)]
#[template(path = "console/developers/request.html")]
struct RequestPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    line: &'a LoggedRequest,
    id: String,
    state: Mark,
    kind: &'static str,
    to: String,
    names: Vec<&'a str>,
    at: When,
    took: String,
    sent: Option<String>,
    answered: Option<String>,
    /// The connection's page and key, where it is still there.
    connection: Option<(String, String)>,
    /// The key's page and name.
    key: Option<(String, String)>,
    same_connection: Option<String>,
    curl: String,
    api: String,
}

/// GET `…/requests/{request}`
async fn one(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Thing,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Build)?;
    let line = broker.request(&caller, &path.2).await?;
    let connection = match line.connection {
        Some(id) => found(broker.connection(&caller, &id.to_string()).await)?,
        None => None,
    };
    let keeper = here.signed.key_keeper(here.project.id, here.environment)?;
    let key = match line.key {
        Some(id) => found(broker.kept_key(&keeper, &id.to_string()).await)?,
        None => None,
    };
    let connection_key = connection.as_ref().map(|one| one.key.as_str());
    let nonce = Nonce::generate();
    let page = RequestPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Requests),
        id: line.id.to_string(),
        state: lines::mark(line.status),
        kind: kind_words(line.kind),
        to: lines::to(&line),
        names: line.query_names.split('&').filter(|name| !name.is_empty()).collect(),
        at: When::new(line.at(), site.now()),
        took: lines::took(line.duration_ms),
        sent: lines::bytes(line.request_bytes),
        answered: lines::bytes(line.response_bytes),
        curl: curl(&site.public_origin, &line, connection_key),
        connection: connection.map(|one| (here.at(&format!("connections/{}", one.id)), one.key)),
        key: key.map(|view| (here.at(&format!("keys/{}", view.key.id)), view.key.name)),
        same_connection: line.connection.map(|id| here.at(&format!("requests?connection={id}"))),
        api: format!(
            "{}/v1/requests?correlationId={}",
            site.public_origin, line.correlation_id
        ),
        line: &line,
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// What may be gone by now.
fn found<T>(result: Result<T, broker::Problem>) -> Result<Option<T>, Problem> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(problem) if problem.kind() == broker::Kind::NotFound => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}
