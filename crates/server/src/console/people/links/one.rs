//! One link: what happened to it, and taking it back.

use actix_web::http::StatusCode;
use askama::Template;
use broker::{Broker, Permission};

use super::Line;
use crate::Site;
use crate::assets::Assets;
use crate::console::listing::{Whom, kind_word};
use crate::console::people::{Here, HttpResponse, Path, Problem, Section, Shell, When, see, show, web};
use crate::headers::Nonce;

/// Something that happened to a link.
#[derive(Debug)]
struct Happened {
    word: &'static str,
    at: When,
}

/// `/console/{project}/{environment}/links/{link}`
#[derive(Debug, Template)]
#[template(path = "console/people/link.html")]
struct LinkPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    line: Line,
    id: String,
    kind: &'static str,
    identity: Option<String>,
    label: Option<&'a str>,
    inviter: Option<&'a str>,
    connection: Option<String>,
    happened: Vec<Happened>,
    may_help: bool,
    api: String,
}

/// GET `/console/{project}/{environment}/links/{link}`
pub(super) async fn one(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let (link, made) = broker.seen_link(&caller, &path.2).await?;
    let names = broker.people_names(&caller, &[&link.owner]).await?;
    let (catalog, now) = (broker.catalog(), site.now());
    let kind = link.owner.identity_type.unwrap_or(broker::IdentityType::User);
    let happened = [
        ("Made", Some(link.created_at)),
        ("First opened", link.opened_at),
        ("Used: the connection was made", link.used_at),
        ("Taken back", link.revoked_at),
        (
            "Ended",
            Some(link.expires_at).filter(|at| *at <= now && link.used_at.is_none() && link.revoked_at.is_none()),
        ),
    ];
    let happened = happened.into_iter().filter_map(|(word, at)| {
        Some(Happened {
            word,
            at: When::new(at?, now),
        })
    });
    let nonce = Nonce::generate();
    let page = LinkPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Links),
        line: Line::new(&here, &catalog, &link, &names, now),
        id: link.id.to_string(),
        kind: kind_word(kind),
        identity: link
            .owner
            .identity
            .as_deref()
            .map(|id| Whom::of(&broker, &here, id, kind).page(&here)),
        label: names.of(&link.owner).or(link.owner.label.as_deref()),
        inviter: link.inviter.as_deref(),
        connection: link.connection.or(made).map(|id| here.at(&format!("connections/{id}"))),
        happened: happened.collect(),
        may_help: here.may(Permission::Help),
        api: format!("{}/v1/connect/links/{}", site.public_origin, link.id),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// POST `/console/{project}/{environment}/links/{link}/revoke`
pub(super) async fn revoke(broker: web::Data<Broker>, here: Here, path: Path) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Help)?;
    broker.revoke_link(&caller, &path.2).await?;
    Ok(see(&here.at("links?revoked=true")))
}
