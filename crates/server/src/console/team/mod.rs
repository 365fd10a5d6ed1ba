//! Who works here, what they may do, and what they did.

mod audit;
mod audit_words;
mod export;
mod invitation;
mod invite;
mod member;
mod members;
mod roles;

use actix_web::web::ServiceConfig;
use broker::{MadeOperatorLink, OperatorLinkId};

pub(super) use self::members::name as name_of;
use super::pages::When;
use super::sent::Sent;
use crate::Site;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .configure(invitation::routes)
        .configure(members::routes)
        .configure(roles::routes)
        .configure(invite::routes)
        .configure(member::routes)
        .configure(audit::routes)
        .configure(export::routes);
}

/// What is wrong with a field of a form.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) text: String,
}

/// The id that a form gives to the link that it makes, so that it makes one however often it is sent.
fn link_id(sent: &Sent) -> OperatorLinkId {
    let given = sent.trimmed("once").parse();
    given.unwrap_or_else(|_| OperatorLinkId::generate())
}

/// A link that is shown this one time.
#[derive(Debug)]
pub(super) struct ShownLink {
    pub(super) url: String,
    /// What whoever opens it can do.
    pub(super) what: String,
    pub(super) ends: When,
}

impl ShownLink {
    fn new(site: &Site, link: &MadeOperatorLink, what: String) -> Self {
        let now = site.now();
        let ttl = chrono::TimeDelta::from_std(link.ttl).unwrap_or_default();
        Self {
            url: link.url(&site.public_origin),
            what,
            ends: When::new(now + ttl, now),
        }
    }
}
