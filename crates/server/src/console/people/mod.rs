//! Those who connect: identities, their connect attempts, links, and pages that were refused to embed the modal.

mod embedders;
mod erase;
mod identities;
mod identity;
mod links;
mod sessions;
mod steps;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub(super) use steps::outcome_words;

use super::navigation::Section;
use super::operator::Here;
use super::pages::{Chip, Choice, Notice, Shell, StateWords, When};
use super::routing::{form, page, post};
use super::sent::Sent;
use super::{see, show};
use crate::Site;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .configure(identities::routes)
        .configure(identity::routes)
        .configure(sessions::routes)
        .configure(links::routes)
        .configure(embedders::routes);
}

/// The place and the id of something there.
type Path = web::Path<(String, String, String)>;
