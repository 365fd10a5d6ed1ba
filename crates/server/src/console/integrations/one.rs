//! One integration: its switch, its app, who uses it, and what waits for agreement.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, ConnectionState, Diagnosis, Environment, PendingChange, Permission, Shelved, Standing, Verdict};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::app_form::{AppForm, Sent};
use super::attempt::connections_of;
use super::catalogue::switched;
use super::tried::{self, Tried};
use super::words::{self, Head};
use crate::Site;
use crate::assets::Assets;
use crate::console::home::grouped;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Count, Notice, Shell, StateWords, When};
use crate::console::show;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The place and integration in an address.
pub(super) type Path = web::Path<(String, String, String)>;

/// What a page shows besides what is kept.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) notice: Option<Notice>,
    /// A form that was refused: what was sent, the problem's word, its sentence, its details.
    pub(super) sent: Option<(Sent, &'static str, String, Option<Value>)>,
    pub(super) diagnosis: Option<Diagnosis>,
    /// Why the app was not checked.
    pub(super) too_soon: Option<String>,
    pub(super) status: Option<StatusCode>,
    /// Whether it was just tried as oneself.
    pub(super) was_tried: bool,
}

/// A refusal at a field of the form.
#[derive(Debug)]
struct FieldProblem {
    /// `client_id`, `client_secret`, `key`, `scopes`, `variable.NAME`; empty for the whole form.
    field: String,
    message: String,
}

impl FieldProblem {
    fn of(key: &str, message: &str, meta: Option<&Value>) -> Self {
        let field = match key {
            "bad_client_id" | "client_missing" => "client_id".to_owned(),
            "bad_client_secret" => "client_secret".to_owned(),
            "bad_client_key" | "bad_client_key_id" | "no_client_key" => "key".to_owned(),
            "bad_scopes" => "scopes".to_owned(),
            "bad_variable" | "address_is_kept" | "proof_needed" => {
                let name = meta.and_then(|meta| meta["variable"].as_str()).unwrap_or_default();
                format!("variable.{name}")
            }
            _ => String::new(),
        };
        // The API's names of fields are of no use here.
        let message = message
            .replace("`clientId`", "The client id")
            .replace("`clientSecret`", "The client secret")
            .replace("`scopes` holds", "There are")
            .replace(" Send the ", " Give the ");
        Self { field, message }
    }
}

/// What one check of the doctor found.
#[derive(Debug)]
struct Checked {
    title: String,
    state: StateWords,
    message: String,
    mend: Option<String>,
}

/// What the doctor found.
#[derive(Debug)]
struct Checkup {
    sentence: String,
    tone: &'static str,
    checks: Vec<Checked>,
}

impl Checkup {
    fn new(name: &str, diagnosis: Diagnosis) -> Self {
        let mut wrong = diagnosis.checks.iter().filter(|check| check.verdict == Verdict::Bad);
        let (tone, sentence) = match diagnosis.verdict {
            Verdict::Bad if wrong.all(|check| check.is_unreached) => (
                "bad",
                format!(
                    "{name} could not be reached from this server. Its address, the network of this server or the service itself may be the reason."
                ),
            ),
            Verdict::Bad => ("bad", format!("People cannot connect {name} with this app yet.")),
            Verdict::Attention => (
                "attention",
                "Nothing is surely wrong; some of it deserves a look.".to_owned(),
            ),
            Verdict::Good => ("good", format!("{name} takes this app.")),
            Verdict::Skipped => ("neutral", "There is nothing to check.".to_owned()),
        };
        Self {
            sentence,
            tone,
            checks: diagnosis
                .checks
                .into_iter()
                .map(|check| Checked {
                    title: check.title,
                    state: verdict(check.verdict),
                    message: check.message,
                    mend: check.mend,
                })
                .collect(),
        }
    }
}

const fn verdict(verdict: Verdict) -> StateWords {
    let (icon, tone, word) = match verdict {
        Verdict::Good => ("check", "good", "Right"),
        Verdict::Attention => ("circle-alert", "attention", "Look at it"),
        Verdict::Bad => ("x", "bad", "Wrong"),
        Verdict::Skipped => ("ban", "neutral", "Not checked"),
    };
    StateWords {
        icon,
        tone,
        word,
        sentence: "",
    }
}

/// A change of addresses that waits.
#[derive(Debug)]
struct Waiting {
    href: String,
    way: String,
    before: Vec<String>,
    added: Vec<String>,
    connections: i64,
    since: When,
}

/// `/console/{project}/{environment}/integrations/{integration}`
#[derive(Debug, Template)]
#[template(path = "console/integrations/one.html")]
struct OnePage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    head: Head,
    notice: Option<Notice>,
    tried: Option<Tried>,
    /// Whether people can connect it now.
    is_offered: bool,
    /// What it lacks, in words.
    missing: Vec<String>,
    kinds: String,
    docs: &'a str,
    /// Pages where an app is registered, by way to sign in.
    setups: Vec<(String, String)>,
    redirect_uri: Option<String>,
    jwks_uri: Option<String>,
    form: AppForm,
    problem: Option<FieldProblem>,
    secret_given: Option<When>,
    key_given: Option<When>,
    checkup: Option<Checkup>,
    /// Why there is none.
    too_soon: Option<String>,
    /// Whether an app can be checked.
    has_app: bool,
    waiting: Vec<Waiting>,
    counts: Vec<Count>,
    /// None where there are none.
    total: Option<String>,
    /// How many the states are of, where there are more.
    of_newest: Option<String>,
    connections_href: String,
    /// The other environment, where it exists there: its name, how it stands there, its page.
    other: Option<(&'static str, StateWords, String)>,
    definition_href: Option<String>,
    identity: String,
    mine_href: String,
    /// The project's id and origin of the API, for the calls.
    origin: &'a str,
}

impl OnePage<'_> {
    fn may_build(&self) -> bool {
        self.here.may(Permission::Build)
    }

    fn may_help(&self) -> bool {
        self.here.may(Permission::Help)
    }

    fn may_manage(&self) -> bool {
        self.here.may(Permission::Manage)
    }

    fn said(&self, field: &str) -> Option<&str> {
        let problem = self.problem.as_ref()?;
        (problem.field == field).then_some(problem.message.as_str())
    }

    fn said_of(&self, variable: &str) -> Option<&str> {
        let problem = self.problem.as_ref()?;
        let named = problem.field.strip_prefix("variable.")?;
        (named == variable).then_some(problem.message.as_str())
    }
}

/// GET `…/integrations/{integration}`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let query = Query::parse(request.query_string());
    let notice = match query.get("done") {
        Some("switched") => {
            let shelved = super::shelved(&broker, &here, &path.2).await?;
            Some(if shelved.standing == Standing::Lacking {
                // What it lacks stands on this page anyway.
                Notice::good(&format!("{} is switched on.", shelved.integration.name))
            } else {
                switched(&shelved)
            })
        }
        Some("saved") => Some(Notice::good("The app is saved.")),
        Some("agreed") => Some(Notice::good(
            "The new addresses are agreed to. The connections that waited go on.",
        )),
        Some("removed") => Some(Notice::good(
            "The test connection is removed, and its access is being ended at the service where that is possible.",
        )),
        _ => None,
    };
    let shown = Shown {
        notice,
        was_tried: query.flag("tried") == Some(true),
        ..Shown::default()
    };
    draw(&broker, &site, &here, &path.2, shown).await
}

/// Whose connections those are that an operator makes to try something.
pub(super) fn own_identity(here: &Here) -> String {
    let identity = format!("operator:{}", here.signed.operator.email);
    identity.chars().take(128).collect()
}

fn counts(here: &Here, id: &str, states: &std::collections::BTreeMap<ConnectionState, i64>) -> Vec<Count> {
    let all = [
        ConnectionState::Operational,
        ConnectionState::Degraded,
        ConnectionState::Failed,
        ConnectionState::Unknown,
    ];
    all.into_iter()
        .filter_map(|state| Some((state, *states.get(&state).filter(|number| **number > 0)?)))
        .map(|(state, number)| Count {
            number: grouped(number),
            state: StateWords::of(state),
            href: here.at(&format!("connections?integration={id}&state={}", state.as_str())),
        })
        .collect()
}

fn waiting(here: &Here, shelved: &Shelved, changes: Vec<PendingChange>, now: DateTime<Utc>) -> Vec<Waiting> {
    let integration = &shelved.integration;
    let id = integration.id.as_str();
    changes
        .into_iter()
        .map(|change| Waiting {
            href: here.at(&format!("integrations/{id}/agree/{}", change.id)),
            way: integration
                .method(Some(&change.auth_method))
                .map_or_else(|| change.auth_method.clone(), |method| method.title.clone()),
            before: change.agreed,
            added: change.added,
            connections: change.connections,
            since: When::new(change.since, now),
        })
        .collect()
}

/// The page, perhaps with what an action left.
pub(super) async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    id: &str,
    shown: Shown,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let shelved = super::shelved(broker, here, id).await?;
    let states = broker.states_of(&caller, id).await?;
    let changes = broker.waiting_here(&caller, id).await?;
    let now = site.now();
    let integration = &shelved.integration;
    let app = shelved.app.as_ref();
    let (other_name, other) = match here.environment {
        Environment::Test => ("live", Environment::Live),
        Environment::Live => ("test", Environment::Test),
    };
    let other = if integration.environments.iter().any(|name| name == other_name) {
        let there = here.signed.caller(here.project.id, other, Permission::See)?;
        let there = broker.shelved(&there, id).await?;
        let href = format!("/console/{}/{other_name}/integrations/{id}", here.project.id);
        Some((other_name, words::standing(there.standing), href))
    } else {
        None
    };
    let (sent, problem) = match shown.sent {
        None => (None, None),
        Some((sent, key, message, meta)) => (Some(sent), Some(FieldProblem::of(key, &message, meta.as_ref()))),
    };
    let setups = integration.auth.iter().filter_map(|method| {
        let page = words::setup(method)?;
        Some((method.title.clone(), page.to_string()))
    });
    let tried = if shown.was_tried {
        Some(tried::last(broker, site, here, (id, &integration.name)).await?)
    } else {
        None
    };
    let head = Head::new(here, &site.assets, &shelved, now);
    let identity = own_identity(here);
    let form = AppForm::new(&shelved, sent.as_ref());
    let nonce = Nonce::generate();
    let page = OnePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Integrations),
        notice: shown.notice,
        tried,
        is_offered: shelved.standing == Standing::On,
        missing: shelved
            .missing()
            .iter()
            .map(|one| words::missing(integration, one))
            .collect(),
        kinds: words::kinds(integration),
        docs: integration.docs.as_str(),
        setups: setups.collect(),
        redirect_uri: app.map(broker::App::redirect_uri),
        jwks_uri: app.and_then(broker::App::jwks_uri),
        has_app: app.is_some() && integration.auth.iter().any(|method| method.kind.needs_app()),
        problem,
        secret_given: app.and_then(|app| app.secret_given_at).map(|at| When::new(at, now)),
        key_given: app.and_then(|app| app.key_given_at).map(|at| When::new(at, now)),
        checkup: shown
            .diagnosis
            .map(|diagnosis| Checkup::new(&integration.name, diagnosis)),
        too_soon: shown.too_soon,
        waiting: waiting(here, &shelved, changes, now),
        counts: counts(here, id, &states),
        total: (shelved.connections.number > 0).then(|| words::counted(shelved.connections)),
        of_newest: shelved.connections.is_more.then(|| grouped(shelved.connections.number)),
        connections_href: here.at(&format!("connections?integration={id}")),
        other,
        definition_href: here.may(Permission::Build).then(|| format!("{}/definition", head.href)),
        mine_href: connections_of(broker, here, &identity, id),
        identity,
        origin: &site.public_origin,
        form,
        head,
        here,
    };
    show(&nonce, shown.status.unwrap_or(StatusCode::OK), &page)
}
