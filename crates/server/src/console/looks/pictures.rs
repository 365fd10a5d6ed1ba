//! Logo and icon, which are shown as soon as they are uploaded.

use actix_web::http::header;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{BrandingView, Broker, IMAGE_LIMIT, ImageSlot, ImageView, NewImage, Permission};
use serde_json::json;

use super::{Said, draw, revision_of};
use crate::Site;
use crate::console::operator::Here;
use crate::console::pages::Notice;
use crate::console::refusal::Refusal;
use crate::console::see;
use crate::console::sent::Sent;
use crate::envelope::AsItIs;
use crate::guard;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The pictures: name in addresses, label, what it is for.
const PICTURES: [(&str, ImageSlot, &str, &str); 3] = [
    (
        "logo-light",
        ImageSlot::LogoLight,
        "Logo",
        "Stands at the head of the modal, and beside the service.",
    ),
    (
        "logo-dark",
        ImageSlot::LogoDark,
        "Logo on dark ground",
        "Without one, the logo stands there too.",
    ),
    (
        "favicon",
        ImageSlot::Favicon,
        "Icon",
        "The icon of pages around a sign-in. Without one, the logo.",
    ),
];

/// A picture, as the page shows it.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    /// Its address on this origin.
    pub(super) address: Option<String>,
    pub(super) facts: String,
    pub(super) problem: Option<String>,
}

impl Picture {
    pub(super) fn all(site: &Site, view: &BrandingView, wrong: Option<&(String, String)>) -> Vec<Self> {
        let picture = |(name, slot, label, hint): (&'static str, ImageSlot, &'static str, &'static str)| {
            let image = image_of(view, slot);
            Self {
                name,
                label,
                hint,
                address: image.map(|image| address(site, image)),
                facts: image.map(facts).unwrap_or_default(),
                problem: wrong.filter(|(of, _)| of == name).map(|(_, why)| why.clone()),
            }
        };
        PICTURES.into_iter().map(picture).collect()
    }
}

fn image_of(view: &BrandingView, slot: ImageSlot) -> Option<&ImageView> {
    match slot {
        ImageSlot::LogoLight => view.logo.light.as_ref(),
        ImageSlot::LogoDark => view.logo.dark.as_ref(),
        ImageSlot::Favicon => view.favicon.as_ref(),
    }
}

/// On the origin that the console is on, which alone its policy lets pictures come from.
fn address(site: &Site, image: &ImageView) -> String {
    let path = image.url.strip_prefix(&site.public_origin);
    path.unwrap_or(&image.url).to_owned()
}

fn facts(image: &ImageView) -> String {
    let kind = image.media_type.trim_start_matches("image/").to_uppercase();
    format!("{kind}, {} × {}", image.width, image.height)
}

fn slot(name: &str) -> Result<ImageSlot, Problem> {
    let known = PICTURES.iter().find(|(known, ..)| *known == name);
    known
        .map(|(_, slot, ..)| *slot)
        .ok_or_else(|| Problem::general(Kind::NotFound))
}

/// POST `…/branding/pictures/{picture}`: its bytes, from the page's script; or a form with the address where it lies.
pub(super) async fn set(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Manage)?;
    let slot = slot(&path.2)?;
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_form = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !is_form {
        let revision = revision_of(Query::parse(request.query_string()).get("revision"))?;
        let image = guard::bytes(&site, &request, payload, IMAGE_LIMIT).await;
        let result = match image {
            Ok(bytes) => {
                let image = Some(NewImage::Bytes(bytes));
                broker
                    .set_image(&caller, Some(revision), slot, image)
                    .await
                    .map_err(Problem::from)
            }
            Err(problem) if problem.kind() == Kind::PayloadTooLarge => Err(broker::image_too_large().into()),
            Err(problem) => Err(problem),
        };
        return Ok(told(&site, slot, result));
    }
    let sent = Sent::read(&site, &request, payload).await?;
    let revision = revision_of(sent.given("revision"))?;
    let url = sent.trimmed("url").to_owned();
    let result = broker
        .set_image(&caller, Some(revision), slot, Some(NewImage::Url(url)))
        .await;
    match result {
        Ok(_) => Ok(see(&here.at("branding?done=picture"))),
        Err(problem) => refused(&broker, &site, &here, &path.2, problem).await,
    }
}

/// What became of an upload, for the script that sent it.
fn told(site: &Site, slot: ImageSlot, result: Result<BrandingView, Problem>) -> HttpResponse {
    let mut response = match result {
        Ok(view) => {
            let image = image_of(&view, slot);
            HttpResponse::Ok().json(json!({
                "revision": view.revision,
                "address": image.map(|image| address(site, image)),
                "facts": image.map(facts),
            }))
        }
        Err(problem) => HttpResponse::build(problem.kind().status()).json(json!({ "message": problem.to_string() })),
    };
    response.extensions_mut().insert(AsItIs);
    response
}

/// POST `…/branding/pictures/{picture}/remove`
pub(super) async fn remove(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: web::Path<(String, String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::Manage)?;
    let slot = slot(&path.2)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let revision = revision_of(sent.given("revision"))?;
    match broker.set_image(&caller, Some(revision), slot, None).await {
        Ok(_) => Ok(see(&here.at("branding?done=removed"))),
        Err(problem) => refused(&broker, &site, &here, &path.2, problem).await,
    }
}

/// The page again, with what is wrong at its picture.
async fn refused(
    broker: &Broker,
    site: &Site,
    here: &Here,
    name: &str,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    let view = broker.shown_branding(&here.caller(Permission::See)?).await?;
    let changed = problem.key() == "branding_changed";
    let Refusal { message, status } = problem.into();
    let message = if changed {
        "Somebody else changed how this project looks while you were at it. Look at it, then try again.".to_owned()
    } else {
        message
    };
    let said = Said {
        notice: Some(Notice::bad("The picture was not changed. Why stands at it.")),
        picture: Some((name.to_owned(), message)),
        ..Said::default()
    };
    draw(site, here, &view, said, status)
}
