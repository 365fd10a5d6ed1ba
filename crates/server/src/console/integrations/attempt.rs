//! Connecting from the console, through the real modal: as oneself to try an integration, or for somebody else by a link.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, IdentityType, MadeLink, Owner, Permission, Standing};
use store::Repeatable;

use super::one::{Path, own_identity};
use super::{field, place};
use crate::Site;
use crate::assets::Assets;
use crate::console::listing::{Whom, query};
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Choice, MessagePage, Shell, When};
use crate::console::{once, see, show};
use crate::guard;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// A link to connect one integration for somebody. The hosted page behind it is what a customer's people see.
pub(in crate::console) async fn link_for(
    broker: &Broker,
    here: &Here,
    integration: &str,
    owner: Owner,
    repeatable: Option<Repeatable>,
) -> Result<MadeLink, broker::Problem> {
    let is_own = owner.identity.as_deref() == Some(own_identity(here).as_str());
    broker
        .operator_link(&here.signed, place(here), integration, owner, is_own, repeatable)
        .await
}

/// Somebody by their identity, with a name where one was given.
fn whom(identity: &str, name: &str) -> Owner {
    Owner {
        identity: Some(identity.to_owned()),
        label: Some(name.to_owned()).filter(|name| !name.is_empty()),
        ..Owner::default()
    }
}

/// POST `…/integrations/{integration}/try`: the hosted page, in the tab that the form opened.
pub(super) async fn attempt(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    // The page stays in its tab, and its button tries again.
    let made = match link_for(&broker, &here, &path.2, whom(&own_identity(&here), ""), None).await {
        Ok(made) => made,
        Err(problem) => {
            let message = plain(&problem);
            let shown = Problem::from(problem);
            let back = here.at(&format!("integrations/{}", path.2));
            return told(
                &site,
                shown.kind().status(),
                ("It cannot be tried", &message),
                (&back, "Go back"),
            );
        }
    };
    let url = made.url.ok_or_else(|| Problem::general(Kind::Internal))?;
    if url.starts_with(&format!("{}/", site.public_origin)) {
        return Ok(see(&url));
    }
    // Browsers follow no form to another origin, and a project's own domain is one.
    let message =
        "It opens as your people see it, on your own domain. This page makes another each time that it is loaded.";
    told(
        &site,
        StatusCode::OK,
        ("The window is ready", message),
        (&url, "Open the window"),
    )
}

/// What is said in the API's words, for somebody at a page.
fn plain(problem: &broker::Problem) -> String {
    match problem.key() {
        "integration_not_offered" | "not_offered" | "unknown_integration" => {
            "It is switched off here, or lacks its app. Switch it on and set its app up first.".to_owned()
        }
        // The API's names of fields are of no use here.
        _ => problem
            .message()
            .replacen("`identity`", "The identity", 1)
            .replacen("`identityLabel`", "The name", 1),
    }
}

fn told(
    site: &Site,
    status: StatusCode,
    (title, message): (&str, &str),
    (way_on, way_on_label): (&str, &str),
) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let page = MessagePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        title,
        message,
        way_on,
        way_on_label,
        reference: None,
    };
    let mut response = show(&nonce, status, &page)?;
    // The address of the window is a secret: no referrer carries it, and nothing keeps it.
    let policy = header::HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, policy);
    Ok(response)
}

/// `/console/{project}/{environment}/add-connection`
#[derive(Debug, Template)]
#[template(path = "console/integrations/add.html")]
struct AddPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    integrations: Vec<Choice>,
    identity: &'a str,
    name: &'a str,
    problem: Option<String>,
    /// The field that was refused; empty where it is none of them.
    wrong: &'static str,
    made: Option<Made>,
    /// The id of the form.
    once: String,
    /// The API's, for the call.
    origin: &'a str,
}

/// What is in the form.
#[derive(Clone, Copy, Debug, Default)]
struct Typed<'a> {
    integration: &'a str,
    identity: &'a str,
    name: &'a str,
}

/// A link that was made, shown once.
#[derive(Debug)]
struct Made {
    url: String,
    service: String,
    /// Whether nobody asks who opens it.
    is_trusted: bool,
    ends: When,
    connections_href: String,
}

/// GET `…/add-connection`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.signed.require(here.project.id, Permission::Help)?;
    let query = Query::parse(request.query_string());
    let typed = Typed {
        integration: query.get("integration").unwrap_or_default(),
        identity: query.get("identity").unwrap_or_default(),
        ..Typed::default()
    };
    draw(&broker, &site, &here, typed, None, None).await
}

/// POST `…/add-connection`
pub(super) async fn add(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.signed.require(here.project.id, Permission::Help)?;
    let form = guard::form(&site, &request, payload).await?;
    let typed = Typed {
        integration: field(&form, "integration"),
        identity: field(&form, "identity").trim(),
        name: field(&form, "name").trim(),
    };
    let Typed {
        integration,
        identity,
        name,
    } = typed;
    if integration.is_empty() || identity.is_empty() {
        let message = if identity.is_empty() {
            "There is no identity. Write the id by which your product knows the person."
        } else {
            "No integration is chosen. Choose the one to connect."
        };
        let problem = broker::Problem::new(broker::Kind::Unprocessable, "identity_missing", message);
        return draw(&broker, &site, &here, typed, Some(problem), None).await;
    }
    let values = [integration, identity, name];
    let repeatable = once::link(&broker, &here, field(&form, "once").trim(), &values);
    let made = link_for(&broker, &here, integration, whom(identity, name), repeatable).await;
    let shown = made.and_then(|made| {
        let (is_trusted, ends) = (made.link.verify == Some(false), made.link.expires_at);
        Ok((made.into_address()?, is_trusted, ends))
    });
    match shown {
        Ok((url, is_trusted, ends)) => {
            let catalog = broker.catalog();
            let service = catalog.get(integration).map_or(integration, |one| one.name.as_str());
            let made = Made {
                url,
                service: service.to_owned(),
                is_trusted,
                ends: When::new(ends, site.now()),
                connections_href: connections_of(&broker, &here, identity, integration),
            };
            draw(&broker, &site, &here, typed, None, Some(made)).await
        }
        Err(problem) => draw(&broker, &site, &here, typed, Some(problem), None).await,
    }
}

/// Where somebody's connections of an integration are listed.
pub(super) fn connections_of(broker: &Broker, here: &Here, identity: &str, integration: &str) -> String {
    let whom = Whom::of(broker, here, identity, IdentityType::User);
    let pairs = [("integration", integration), ("who", &whom.reference)];
    here.at(&format!("connections?{}", query(&pairs)))
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    typed: Typed<'_>,
    problem: Option<broker::Problem>,
    made: Option<Made>,
) -> Result<HttpResponse, Problem> {
    let shelf = broker.shelf(&here.caller(Permission::See)?).await?;
    let offered = shelf.iter().filter(|one| one.standing == Standing::On);
    let nonce = Nonce::generate();
    let page = AddPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Connections),
        integrations: offered
            .map(|one| Choice {
                value: one.integration.id.as_str().to_owned(),
                label: one.integration.name.clone(),
                chosen: one.integration.id.as_str() == typed.integration,
            })
            .collect(),
        identity: typed.identity,
        name: typed.name,
        wrong: match &problem {
            Some(_) if typed.identity.is_empty() => "identity",
            Some(problem) if problem.message().contains("`identity`") => "identity",
            Some(problem) if problem.message().contains("`identityLabel`") => "name",
            _ => "",
        },
        problem: problem.as_ref().map(plain),
        made,
        once: once::form_id(),
        origin: &site.public_origin,
        here,
    };
    let status = problem.map_or(StatusCode::OK, |problem| Problem::from(problem).kind().status());
    show(&nonce, status, &page)
}
