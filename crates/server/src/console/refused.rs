//! A refusal inside the console: the navigation stays, and whoever lacks a role reads who can give it.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{Broker, Role};
use url::Url;

use super::navigation::{self, Section};
use super::operator::{Here, Operator, token};
use super::pages::Shell;
use super::team::name_of;
use super::{show, title_and_message};
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// People who are named.
const NAMED: i64 = 5;

/// What stands in a page's place.
#[derive(Debug, Template)]
#[template(path = "console/refusal.html")]
struct RefusalPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    title: &'a str,
    message: &'a str,
    /// The role that is needed, where one is.
    role: Option<&'a str>,
    givers: Vec<Giver>,
    /// The page that led here.
    back: Option<String>,
    home: String,
}

/// Somebody who can give the role.
#[derive(Debug)]
struct Giver {
    name: String,
    email: String,
    role: &'static str,
}

/// The page, for somebody who is signed in. What fails on the way is no reason for another failure: the plain page says
/// the same.
pub(crate) async fn page(
    site: &Site,
    broker: &Broker,
    request: &HttpRequest,
    problem: &Problem,
) -> Option<HttpResponse> {
    // A database that does not answer would not name anybody either.
    if matches!(
        problem.kind(),
        Kind::Internal | Kind::Unavailable | Kind::TooManyRequests
    ) {
        return None;
    }
    let signed = broker.signed_in(&token(site, request)?).await.ok()??;
    let mut parts = request.path().trim_start_matches("/console").split('/').skip(1);
    let (project, environment) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let here = Here::find(broker, Operator(signed.clone()), project, environment)
        .await
        .ok();
    let section = parts.next().and_then(navigation::at).unwrap_or(Section::Elsewhere);
    let role: Option<Role> = problem.role().and_then(|role| role.parse().ok());
    let mut givers = Vec::new();
    if let (Some(role), Some(here)) = (role, &here) {
        let owners_only = role == Role::Owner;
        let found = broker.givers(&here.signed, here.project.id, owners_only, NAMED).await;
        givers = found.unwrap_or_default();
    }
    let givers = givers.iter().filter_map(|member| {
        Some(Giver {
            name: name_of(member),
            email: member.operator.email.clone(),
            role: member.role()?.as_str(),
        })
    });
    let (title, message) = title_and_message(problem);
    let nonce = Nonce::generate();
    let page = RefusalPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: match &here {
            Some(here) => Shell::of(here, section),
            None => Shell {
                here: None,
                section: Section::Elsewhere,
                email: &signed.operator.email,
            },
        },
        title,
        message: &message,
        role: role.map(Role::as_str),
        givers: givers.collect(),
        back: back(request, &request.place(&site.public_origin).origin),
        home: here.as_ref().map_or_else(|| "/console".to_owned(), |here| here.at("")),
    };
    show(&nonce, problem.kind().status(), &page).ok()
}

/// The page of the console that led here, by what the browser says; not the refused one.
fn back(request: &HttpRequest, origin: &str) -> Option<String> {
    let referrer = request.headers().get(header::REFERER)?.to_str().ok()?;
    let url = Url::parse(referrer).ok()?;
    let inside = url.path() == "/console" || url.path().starts_with("/console/");
    let same = url.origin().ascii_serialization() == origin && url.path() != request.path();
    (inside && same).then(|| match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_way_back_stays_in_the_console() {
        let way = |referrer: &str| {
            let request = TestRequest::with_uri("/console/x/test/audit").insert_header((header::REFERER, referrer));
            back(&request.to_http_request(), "https://lk.example")
        };
        assert_eq!(
            way("https://lk.example/console/x/test/team?a=b").as_deref(),
            Some("/console/x/test/team?a=b")
        );
        for other in [
            "https://lk.example/console/x/test/audit",
            "https://lk.example/connect",
            "https://evil.example/console/x",
            "https://lk.example/consoles",
            "nonsense",
        ] {
            assert_eq!(way(other), None, "{other}");
        }
    }
}
