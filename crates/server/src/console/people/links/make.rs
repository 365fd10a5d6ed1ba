//! A new link: its address stands on the page this once.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use broker::{Broker, LinkPurpose, LinkRequest, MadeLink, Owner, Permission};

use super::list::draw;
use crate::Site;
use crate::console::listing::kind_of;
use crate::console::once;
use crate::console::people::{Here, HttpRequest, HttpResponse, Problem, Sent, web};
use crate::paging::Query;

/// Lives to choose from, in seconds.
pub(super) const LIVES: [(i64, &str); 5] = [
    (3_600, "An hour"),
    (86_400, "A day"),
    (7 * 86_400, "A week"),
    (14 * 86_400, "Two weeks"),
    (30 * 86_400, "Thirty days"),
];

/// What was typed into the form, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) identity: String,
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) inviter: String,
    pub(super) purpose: String,
    pub(super) life: String,
    pub(super) verify: String,
    pub(super) integrations: Vec<String>,
    /// The field with the mistake.
    pub(super) wrong: &'static str,
    pub(super) problem: Option<String>,
    /// The address of the link that was made, this once.
    pub(super) made: Option<String>,
}

impl Typed {
    pub(super) fn has(&self, integration: &str) -> bool {
        self.integrations.iter().any(|one| one == integration)
    }
}

/// POST `/console/{project}/{environment}/links`: the address stands on the page this once.
pub(super) async fn make(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Help)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let integrations: Vec<String> = sent.all("integration").map(ToOwned::to_owned).collect();
    let kind = kind_of(sent.given("type"))?;
    let manages = sent.trimmed("purpose") == "manage";
    let life = sent.given("life").map(str::parse::<i64>);
    let names = ["identity", "type", "label", "inviter", "purpose", "life", "verify"];
    let fields = names.map(|name| sent.trimmed(name));
    let values: Vec<&str> = fields.into_iter().chain(sent.all("integration")).collect();
    let asked = LinkRequest {
        purpose: if manages {
            LinkPurpose::Manage
        } else {
            LinkPurpose::Connect
        },
        owner: Owner {
            identity: sent.given("identity").map(ToOwned::to_owned),
            identity_type: Some(kind),
            group: None,
            label: sent.given("label").map(ToOwned::to_owned),
        },
        integrations: (!integrations.is_empty()).then(|| integrations.clone()),
        connection: None,
        // What is no number is refused with what is out of range.
        ttl: life.map(|life| life.unwrap_or(0)),
        verify: (sent.trimmed("verify") == "off").then_some(false),
        locale: None,
        inviter: sent.given("inviter").map(ToOwned::to_owned),
        repeatable: once::link(&broker, &here, sent.trimmed("once"), &values),
    };
    let (result, query) = (broker.make_link(&caller, asked).await, Query::default());
    let typed = |wrong, problem| Typed {
        identity: sent.trimmed("identity").to_owned(),
        kind: sent.trimmed("type").to_owned(),
        label: sent.trimmed("label").to_owned(),
        inviter: sent.trimmed("inviter").to_owned(),
        purpose: sent.trimmed("purpose").to_owned(),
        life: sent.trimmed("life").to_owned(),
        verify: sent.trimmed("verify").to_owned(),
        integrations,
        wrong,
        problem,
        made: None,
    };
    match result.and_then(MadeLink::into_address) {
        Ok(made) => {
            let typed = Typed {
                made: Some(made),
                ..Typed::default()
            };
            draw(&broker, &site, &here, &query, None, typed, StatusCode::OK).await
        }
        Err(problem) => {
            let message = problem.message().to_owned();
            let wrong = match problem.key() {
                "identity_missing" => "identity",
                "ttl_not_valid" => "life",
                "no_verify_url" | "verify_always" => "verify",
                "integrations_not_valid" | "unknown_integration" | "integration_not_offered" => "integrations",
                _ if message.starts_with("`identity`") => "identity",
                _ if message.starts_with("`identityLabel`") => "label",
                _ if message.starts_with("`inviter`") => "inviter",
                _ => "form",
            };
            let message = match problem.key() {
                "identity_missing" => "A link is for somebody. Write your id of the person.".to_owned(),
                "no_verify_url" => "Your backend is to confirm who finishes, and the project has no address for that. Trust whoever has the link, or set the address in the settings of the project.".to_owned(),
                "verify_always" => "This project has its backend confirm who finishes, always. Choose that.".to_owned(),
                _ => message,
            };
            let status = Problem::from(problem).kind().status();
            draw(&broker, &site, &here, &query, None, typed(wrong, Some(message)), status).await
        }
    }
}
