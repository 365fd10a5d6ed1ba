//! The page that shows a new secret, this one time: it is the answer to the form, and no address leads to it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use broker::{MadeEndpoint, MadeKey};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::navigation::Section;
use super::super::operator::Here;
use super::super::pages::Shell;
use super::super::show;
use crate::Site;
use crate::assets::Assets;
use crate::headers::Nonce;
use crate::problems::Problem;

/// A secret to show, and what to say about it.
pub(super) struct Shown {
    section: Section,
    /// What it is, as `key`.
    what: &'static str,
    title: String,
    name: String,
    secret: SecretString,
    sentence: String,
    /// What to do with it next, to be pasted.
    example: Option<String>,
    back: String,
    back_label: &'static str,
}

impl Shown {
    /// A new key; `old_ends` tells when the one in whose place it was made does.
    pub(super) fn key(here: &Here, site: &Site, made: &MadeKey, old_ends: Option<&str>) -> Self {
        let (title, sentence) = match old_ends {
            None => ("The key is made", String::new()),
            Some(when) => (
                "The new key is made",
                format!("It has the same rights. The old key ends {when}: put the new one in its place before that."),
            ),
        };
        Self {
            section: Section::Keys,
            what: "key",
            title: title.to_owned(),
            name: made.key.name.clone(),
            secret: made.secret.clone(),
            sentence,
            example: Some(format!(
                "curl {}/v1/users/whoami \\\n  -H \"X-One-Secret: $SECRET_KEY\"",
                site.public_origin
            )),
            back: here.at(&format!("keys/{}", made.key.id)),
            back_label: "Go to the key",
        }
    }

    /// The signing secret of an endpoint; nothing where there is none to show.
    pub(super) fn endpoint(here: &Here, made: &MadeEndpoint, old_ends: Option<&str>) -> Option<Self> {
        let (title, sentence) = match old_ends {
            None => (
                "The webhook is made",
                "Your backend checks with it that a delivery comes from here.".to_owned(),
            ),
            Some(when) => (
                "The new secret is made",
                format!(
                    "Deliveries are signed with both secrets from now on. The old one ends {when}: put the new one in its place before that."
                ),
            ),
        };
        Some(Self {
            section: Section::Webhooks,
            what: "signing secret",
            title: title.to_owned(),
            name: made.endpoint.url.clone(),
            secret: made.secret.clone()?,
            sentence,
            example: None,
            back: here.at(&format!("webhooks/{}", made.endpoint.id)),
            back_label: "Go to the webhook",
        })
    }
}

#[derive(Template)]
#[template(path = "console/developers/secret.html")]
struct SecretPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    shown: &'a Shown,
    secret: &'a str,
}

/// Shows it.
pub(super) fn show_secret(site: &Site, here: &Here, shown: &Shown) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let page = SecretPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, shown.section),
        secret: shown.secret.expose_secret(),
        shown,
    };
    show(&nonce, StatusCode::OK, &page)
}
