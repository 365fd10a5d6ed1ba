//! The audit log: who did what, by filters that live in the address.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{AuditId, AuditLine, AuditNames, AuditPart, AuditSearch, AuditTail, Broker, ConnectionId, Permission};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::audit_words::{sentence, thing, who};
use super::members::name;
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Chip, Choice, Shell, When};
use crate::console::routing::page;
use crate::console::show;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/audit", page);
}

/// Lines of a page.
const ROWS: i64 = 50;
/// Longest value of a filter.
const LONGEST: usize = 200;

/// What an address asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters {
    /// What belongs to no project instead of this one's.
    pub(super) server: bool,
    actor: Option<String>,
    action: Option<String>,
    subject: Option<String>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    before: Option<AuditId>,
}

impl Filters {
    pub(super) fn read(query: &Query) -> Result<Self, Problem> {
        let text = |name: &str| -> Result<Option<String>, Problem> {
            let value = query.get(name).map(ToOwned::to_owned);
            if value.as_ref().is_some_and(|value| value.chars().count() > LONGEST) {
                return Err(Problem::bad_request(format!(
                    "`{name}` is too long. Take at most {LONGEST} characters."
                )));
            }
            Ok(value)
        };
        let date = |name: &str| -> Result<Option<NaiveDate>, Problem> {
            let read = |value: &str| NaiveDate::parse_from_str(value, "%Y-%m-%d").ok();
            match query.get(name) {
                None => Ok(None),
                Some(value) => read(value)
                    .filter(|date| in_our_time(*date))
                    .map(Some)
                    .ok_or_else(|| Problem::bad_request(format!("`{name}` is no date. Write it as 2026-01-31."))),
            }
        };
        let before = query.get("before").map(str::parse).transpose();
        let subject = text("subject")?.map(|subject| {
            // An id alone is a connection's: what one copies from its page.
            let is_id = subject.parse::<ConnectionId>().is_ok();
            if is_id {
                format!("connection:{subject}")
            } else {
                subject
            }
        });
        Ok(Self {
            server: query.get("of") == Some("server"),
            actor: text("actor")?,
            action: text("action")?,
            subject,
            from: date("from")?,
            to: date("to")?,
            before: before
                .map_err(|_| Problem::bad_request("`before` is no id of a line. Begin again with the newest lines."))?,
        })
    }

    /// What the store looks for.
    pub(super) fn search(&self, limit: i64) -> AuditSearch {
        let day = |date: NaiveDate| -> DateTime<Utc> { date.and_time(chrono::NaiveTime::MIN).and_utc() };
        AuditSearch {
            project: None,
            actor: self.actor.clone(),
            action: self.action.clone(),
            subject: self.subject.clone(),
            from: self.from.map(day),
            // The day itself is in it.
            to: self.to.map(|date| day(date) + TimeDelta::days(1)),
            before: self.before,
            limit,
        }
    }

    /// Whose part of the log it is.
    pub(super) fn part(&self, here: &Here) -> Result<AuditPart, Problem> {
        let caller = here.caller(Permission::Manage)?;
        if self.server {
            here.caller(Permission::Own)?;
            return Ok(AuditPart::Server(here.signed.clone()));
        }
        Ok(AuditPart::Project(caller))
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let pairs = [
            ("of", self.server.then(|| "server".to_owned())),
            ("actor", self.actor.clone()),
            ("action", self.action.clone()),
            ("subject", self.subject.clone()),
            ("from", self.from.map(|date| date.to_string())),
            ("to", self.to.map(|date| date.to_string())),
            ("before", self.before.map(|id| id.to_string())),
        ];
        pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// All of it as JSON, for the log about the log.
    pub(super) fn told(&self) -> serde_json::Value {
        let told = self
            .pairs()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()));
        serde_json::Value::Object(told.collect())
    }

    fn address(&self, here: &Here, page: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs() {
            query.append_pair(name, &value);
        }
        let (query, page) = (query.finish(), here.at(page));
        if query.is_empty() {
            page
        } else {
            format!("{page}?{query}")
        }
    }

    /// Each filter with the address that has the others.
    fn chips(&self, here: &Here, names: &AuditNames) -> Vec<Chip> {
        let others = Self {
            before: None,
            ..self.clone()
        };
        let chip = |name, value: Option<String>, others: Self| {
            value.map(|value| Chip {
                name,
                value,
                href: others.address(here, "audit"),
            })
        };
        [
            chip(
                "Who",
                self.actor.as_deref().map(|actor| who(actor, names)),
                Self {
                    actor: None,
                    ..others.clone()
                },
            ),
            chip(
                "Action",
                self.action.clone(),
                Self {
                    action: None,
                    ..others.clone()
                },
            ),
            chip(
                "What it was done to",
                self.subject.as_deref().map(|subject| thing(subject, names)),
                Self {
                    subject: None,
                    ..others.clone()
                },
            ),
            chip(
                "From",
                self.from.map(|date| date.to_string()),
                Self {
                    from: None,
                    ..others.clone()
                },
            ),
            chip("To", self.to.map(|date| date.to_string()), Self { to: None, ..others }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Between the first and the last day that a database can name.
fn in_our_time(date: NaiveDate) -> bool {
    use chrono::Datelike as _;
    (1970..=9999).contains(&date.year())
}

/// A line of the log.
#[derive(Debug)]
struct Row {
    what: String,
    action: String,
    who: String,
    by_who: String,
    environment: Option<String>,
    thing: Option<Thing>,
    at: When,
    detail: Option<String>,
    number: Option<i64>,
}

/// What it was done to.
#[derive(Debug)]
struct Thing {
    text: String,
    /// Its page, where it has one.
    href: Option<String>,
    /// Everything that was done to it.
    all: String,
}

/// `/console/{project}/{environment}/audit`
#[derive(Debug, Template)]
#[template(path = "console/team/audit.html")]
struct AuditPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    is_server: bool,
    /// The same of the whole server, or of this project; for owners.
    other_part: Option<String>,
    chain: Option<Chain>,
    actors: Vec<Choice>,
    actions: Vec<String>,
    action: &'a str,
    subject: &'a str,
    from: String,
    to: String,
    chips: Vec<Chip>,
    is_narrowed: bool,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    /// Where an export of what is shown is sent to.
    export: String,
    all: String,
    most: String,
    api: String,
}

/// How the chain of entries is.
#[derive(Debug)]
struct Chain {
    is_intact: bool,
    text: String,
}

impl Chain {
    fn of(tail: &AuditTail) -> Self {
        let text = if !tail.faults.is_empty() {
            let faults: Vec<String> = tail.faults.iter().take(3).map(ToString::to_string).collect();
            format!(
                "The chain is not as it was written. {} Compare the log with a backup, and look at who can write to the database.",
                faults.join(" ")
            )
        } else if tail.last == 0 {
            "Entries about credentials are chained, so that a change shows. None was written yet.".to_owned()
        } else {
            format!(
                "The chain is intact up to entry {}: its newest {} were read now. `latchkey audit verify` reads all of them.",
                tail.last, tail.entries
            )
        };
        Self {
            is_intact: tail.faults.is_empty(),
            text,
        }
    }
}

/// GET `/console/{project}/{environment}/audit`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.caller(Permission::Manage)?;
    let filters = Filters::read(&Query::parse(request.query_string()))?;
    let part = filters.part(&here)?;
    let found = broker.audit_page(&part, filters.search(ROWS)).await?;
    let names = broker.audit_page_names(&part, &found.lines).await?;
    let now = site.now();
    let chips = filters.chips(&here, &names);
    let at = |before| {
        let other = Filters {
            before,
            ..filters.clone()
        };
        other.address(&here, "audit")
    };
    let part_of = |server| {
        Filters {
            server,
            ..Filters::default()
        }
        .address(&here, "audit")
    };
    let nonce = Nonce::generate();
    let page = AuditPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Audit),
        is_server: filters.server,
        other_part: here.signed.is_owner().then(|| part_of(!filters.server)),
        chain: broker.audit_tail(&part).await?.as_ref().map(Chain::of),
        actors: actors(&broker, &here, &filters, &names).await?,
        actions: broker.audit_actions(&part).await?,
        action: filters.action.as_deref().unwrap_or_default(),
        subject: filters.subject.as_deref().unwrap_or_default(),
        from: filters.from.map(|date| date.to_string()).unwrap_or_default(),
        to: filters.to.map(|date| date.to_string()).unwrap_or_default(),
        is_narrowed: !chips.is_empty() || filters.before.is_some(),
        chips,
        rows: found
            .lines
            .iter()
            .map(|line| row(&here, &filters, &names, line, now))
            .collect(),
        first: filters.before.map(|_| at(None)),
        next: found.next.map(|id| at(Some(id))),
        export: Filters {
            before: None,
            ..filters.clone()
        }
        .address(&here, "audit/export"),
        all: part_of(filters.server),
        most: format!("{},000", broker::EXPORTED_LINES / 1_000),
        api: format!("{}/v1/audit", site.public_origin),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

fn row(here: &Here, filters: &Filters, names: &AuditNames, line: &AuditLine, now: DateTime<Utc>) -> Row {
    let only = |actor: Option<&str>, subject: Option<&str>| {
        let other = Filters {
            server: filters.server,
            actor: actor.map(ToOwned::to_owned),
            subject: subject.map(ToOwned::to_owned),
            ..Filters::default()
        };
        other.address(here, "audit")
    };
    let place = |page: String| match line.environment {
        Some(environment) => format!("/console/{}/{environment}/{page}", here.project.id),
        None => here.at(&page),
    };
    let thing = line.subject.as_deref().map(|subject| Thing {
        text: match (subject.split_once(':'), &line.detail["email"]) {
            // Nobody knows an invitation by its id.
            (Some(("invitation", _)), serde_json::Value::String(email)) => format!("invitation of {email}"),
            // Nor a project that is gone.
            (Some(("project", id)), _) if id != here.project.id.to_string() => match &line.detail["name"] {
                serde_json::Value::String(name) => format!("project {name}"),
                _ => thing(subject, names),
            },
            _ => thing(subject, names),
        },
        href: match subject.split_once(':') {
            Some(("connection", id)) if line.environment.is_some() => Some(place(format!("connections/{id}"))),
            // Lines about credentials have the id alone.
            None if line.environment.is_some() && subject.parse::<ConnectionId>().is_ok() => {
                Some(place(format!("connections/{subject}")))
            }
            Some(("operator", id)) => Some(place(format!("team/operators/{id}"))),
            Some(("project", id)) if id == here.project.id.to_string() => Some(place("projects/settings".to_owned())),
            _ => None,
        },
        all: only(None, Some(subject)),
    });
    let is_empty = line.detail.as_object().is_some_and(serde_json::Map::is_empty);
    Row {
        what: sentence(&line.action, &line.actor, names),
        action: line.action.clone(),
        who: who(&line.actor, names),
        by_who: only(Some(&line.actor), None),
        environment: line.environment.map(|environment| environment.to_string()),
        thing,
        at: When::new(line.created_at, now),
        detail: match (line.subject.as_deref(), is_empty) {
            // By its id, where the line calls it by a name.
            (Some(subject), false) => Some(format!("{subject}\n{:#}", line.detail)),
            (Some(subject), true) => names.get(subject).map(|_| subject.to_owned()),
            (None, false) => Some(format!("{:#}", line.detail)),
            (None, true) => None,
        },
        number: line.number,
    }
}

/// Members and keys that can be chosen; of others, the lines themselves lead to theirs.
const CHOICES: i64 = 100;

/// Who can be chosen: the team, the keys, and what is no person.
async fn actors(broker: &Broker, here: &Here, filters: &Filters, names: &AuditNames) -> Result<Vec<Choice>, Problem> {
    let chosen = filters.actor.as_deref();
    let choice = |value: String, label: String| Choice {
        chosen: chosen == Some(value.as_str()),
        value,
        label,
    };
    let caller = here.caller(Permission::Manage)?;
    let team = broker.team(&caller, None, CHOICES).await?;
    let mut choices: Vec<Choice> = team
        .rows
        .iter()
        .map(|member| choice(format!("operator:{}", member.operator.id), name(member)))
        .collect();
    if !filters.server {
        let keys = broker
            .store()
            .newest_api_keys(here.project.id, CHOICES)
            .await
            .map_err(broker::Problem::from)?;
        choices.extend(
            keys.into_iter()
                .map(|(id, name)| choice(format!("key:{id}"), format!("Key {name}"))),
        );
    }
    choices.push(choice("cli".to_owned(), "The command line".to_owned()));
    choices.push(choice("browser".to_owned(), "Browsers".to_owned()));
    if let Some(other) = chosen.filter(|_| !choices.iter().any(|choice| choice.chosen)) {
        choices.push(Choice {
            value: other.to_owned(),
            label: who(other, names),
            chosen: true,
        });
    }
    Ok(choices)
}
