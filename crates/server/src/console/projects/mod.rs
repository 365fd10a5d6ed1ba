//! The projects of this server, and the settings of one.

mod delete;
mod embedding;
mod list;
mod settings;

use actix_web::web::ServiceConfig;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .configure(list::routes)
        .configure(settings::routes)
        .configure(embedding::routes)
        .configure(delete::routes);
}
