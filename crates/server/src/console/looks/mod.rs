//! How the modal looks to people: branding, with the modal itself beside it.

mod domain;
mod fields;
mod pictures;
mod preview;

use actix_web::http::StatusCode;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use broker::{BrandingView, Broker, Permission};

use self::fields::{Fields, Typed};
use self::pictures::Picture;
use super::navigation::Section;
use super::operator::Here;
use super::pages::{Notice, Shell};
use super::refusal::Refusal;
use super::routing::{form, page, post};
use super::{see, show_with};
use crate::Site;
use crate::assets::Assets;
use crate::guard;
use crate::headers::{Nonce, Set};
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    form!(config, "/console/{project}/{environment}/branding", page, save);
    page!(
        config,
        "/console/{project}/{environment}/branding/preview",
        preview::page
    );
    post!(
        config,
        "/console/{project}/{environment}/branding/try",
        preview::try_out
    );
    post!(
        config,
        "/console/{project}/{environment}/branding/pictures/{picture}",
        pictures::set,
        2
    );
    post!(
        config,
        "/console/{project}/{environment}/branding/pictures/{picture}/remove",
        pictures::remove,
        3
    );
    post!(config, "/console/{project}/{environment}/branding/domain", domain::save);
}

/// `/console/{project}/{environment}/branding`
#[derive(Debug, Template)]
#[template(path = "console/looks/branding.html")]
struct BrandingPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    may_manage: bool,
    may_own: bool,
    revision: i64,
    fields: Fields,
    name_hint: String,
    pictures: Vec<Picture>,
    domain: &'a str,
    domain_problem: Option<String>,
    languages: &'a [(&'static str, &'static str)],
    /// The address of the API call that does the same.
    api: String,
}

/// The languages of the modal, as each calls itself.
const LANGUAGES: [(&str, &str); 11] = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("pt-BR", "Português (Brasil)"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("ja", "日本語"),
    ("zh-Hans", "简体中文"),
    ("ko", "한국어"),
    ("ar", "العربية"),
];

/// What a page says besides what is saved.
#[derive(Default)]
struct Said {
    notice: Option<Notice>,
    /// What was typed and not saved.
    typed: Option<Typed>,
    /// What is wrong with it, by field.
    mistakes: serde_json::Map<String, serde_json::Value>,
    /// What is wrong with a picture, and which one.
    picture: Option<(String, String)>,
    /// A domain that was refused, and why.
    domain: Option<(String, String)>,
}

/// The page, as it is with what there is to say.
fn draw(
    site: &Site,
    here: &Here,
    view: &BrandingView,
    said: Said,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let typed = said.typed.unwrap_or_else(|| Typed::of(view));
    let nonce = Nonce::generate();
    let (domain, domain_problem) = match said.domain {
        Some((typed, problem)) => (typed, Some(problem)),
        None => (view.domain.clone().unwrap_or_default(), None),
    };
    let page = BrandingPage {
        name_hint: format!(
            "What people read, in the modal and on its pages. Operators still call the project {}.",
            here.project.name
        ),
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Branding),
        notice: said.notice,
        may_manage: here.may(Permission::Manage),
        may_own: here.may(Permission::Own),
        revision: view.revision,
        fields: Fields::new(&typed, &said.mistakes, &view.adjusted),
        pictures: Picture::all(site, view, said.picture.as_ref()),
        domain: &domain,
        domain_problem,
        languages: &LANGUAGES,
        api: format!("{}/v1/branding", site.public_origin),
        here,
    };
    show_with(Set::Beside, &nonce, status, &page)
}

/// GET `…/branding`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = broker.shown_branding(&here.caller(Permission::See)?).await?;
    let query = Query::parse(request.query_string());
    let done = query.get("done").map(|word| match word {
        "saved" => Notice::good("Saved. Whoever opens the modal now sees it so."),
        "picture" => Notice::good("The picture is shown from now on."),
        "removed" => Notice::good("The picture is not shown any more."),
        "domain" => super::domain::notice(&here, &query),
        _ => Notice::good("The domain was taken away."),
    });
    let said = Said {
        notice: done,
        ..Said::default()
    };
    draw(&site, &here, &view, said, StatusCode::OK)
}

/// POST `…/branding`
pub(super) async fn save(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Manage)?;
    let typed = Typed::read(guard::form(&site, &request, payload).await?);
    let revision = typed.revision()?;
    let saved = broker.set_branding(&caller, Some(revision), typed.request()?).await;
    let Err(problem) = saved else {
        return Ok(see(&here.at("branding?done=saved")));
    };
    let mistakes = problem.meta().and_then(|meta| meta["fields"].as_object()).cloned();
    let notice = match problem.key() {
        "branding_changed" => Notice::bad(
            "Nothing was saved: somebody else changed how this project looks while you were at it. What you typed is \
             still here; open this page once more beside it to see theirs. Saving now replaces theirs.",
        ),
        "branding_not_valid" => Notice::bad("Nothing was saved. What is wrong stands at its field."),
        _ => return Err(problem.into()),
    };
    let view = broker.shown_branding(&caller).await?;
    let said = Said {
        notice: Some(notice),
        typed: Some(typed),
        mistakes: mistakes.unwrap_or_default(),
        ..Said::default()
    };
    draw(&site, &here, &view, said, Refusal::from(problem).status)
}

/// The revision that a form was drawn for.
fn revision_of(text: Option<&str>) -> Result<i64, Problem> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Problem::new(
            Kind::BadRequest,
            "The form does not say which looks it was drawn for. Open the branding page again and save from there.",
        )
    })
}
