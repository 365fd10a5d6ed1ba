//! How the server itself is: replicas, loops, the database, keys and their rotation, and the doctor.

mod words;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, web};
use askama::Template;
use broker::{Broker, Check, Permission, Verdict};

use self::words::{Circuit, Key, Loop, Queue, Replica, database};
use super::navigation::Section;
use super::operator::Here;
use super::pages::Shell;
use super::routing::page;
use super::show;
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/system", page);
    page!(config, "/console/{project}/{environment}/system/checks", checks);
}

/// `/console/{project}/{environment}/system`
#[derive(Debug, Template)]
#[template(path = "console/system/system.html")]
struct SystemPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    version: &'a str,
    replicas: Vec<Replica>,
    loops: Vec<Loop>,
    /// Loops that stand still.
    stuck: usize,
    queues: Vec<Queue>,
    circuits: Vec<Circuit>,
    /// Facts of the database, with their names.
    database: Vec<(&'static str, String)>,
    keys: Vec<Key>,
    /// Old keys that still seal something.
    resealing: usize,
    configuration: &'a [(&'static str, bool)],
    /// The issuer of single sign-on, where one is set up.
    issuer: Option<&'a str>,
    /// Where its provider leads back to.
    redirect_uri: String,
}

/// `/console/{project}/{environment}/system/checks`
#[derive(Debug, Template)]
#[template(path = "console/system/checks.html")]
struct ChecksPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    checks: Vec<Line>,
    /// How many are not good.
    wrong: usize,
    at: super::pages::When,
}

/// A verdict of the doctor.
#[derive(Debug)]
struct Line {
    check: Check,
    icon: &'static str,
    tone: &'static str,
    word: &'static str,
}

/// GET `…/system`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
) -> Result<HttpResponse, Problem> {
    here.signed.require(here.project.id, Permission::Own)?;
    let system = broker.system(&here.signed, here.project.id).await?;
    let now = site.now();
    let nonce = Nonce::generate();
    let page = SystemPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::System),
        version: system.version,
        replicas: Replica::all(&system, now),
        stuck: system.stuck().count(),
        loops: Loop::all(&system, now),
        queues: Queue::all(&system.queues, now),
        circuits: Circuit::all(&system.circuits, &broker.catalog(), now),
        database: database(&system),
        resealing: system.keys.iter().filter(|key| !key.key.is_current).count(),
        keys: Key::all(&system.keys, now),
        configuration: &site.configuration,
        issuer: broker.single_sign_on().map(|provider| provider.party.issuer()),
        redirect_uri: format!("{}/console/sso/callback", broker.public_origin()),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// GET `…/system/checks`: looks at everything now.
pub(super) async fn checks(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
) -> Result<HttpResponse, Problem> {
    here.signed.require(here.project.id, Permission::Own)?;
    let now = site.now();
    let mut checks = broker.check_system(&here.signed, here.project.id, now).await?;
    // What is wrong stands first; the rest keeps its order.
    checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    let line = |check: Check| {
        let (icon, tone, word) = match check.verdict {
            Verdict::Skipped => ("ban", "neutral", "Not checked"),
            Verdict::Good => ("check", "good", "Good"),
            Verdict::Attention => ("triangle-alert", "attention", "Look at it"),
            Verdict::Bad => ("x", "bad", "Broken"),
        };
        Line {
            check,
            icon,
            tone,
            word,
        }
    };
    let nonce = Nonce::generate();
    let page = ChecksPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::System),
        wrong: checks.iter().filter(|check| check.verdict > Verdict::Good).count(),
        checks: checks.into_iter().map(line).collect(),
        at: super::pages::When::new(now, now),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}
