//! How routes are written: a page, or a form that something is sent to. `tests/it/console/matrix` reads them from these
//! files, so a new one fails there until somebody says who may.

use std::future::ready;

use actix_web::{HttpRequest, Route};

use super::see;

/// A page at an address.
macro_rules! page {
    ($config:expr, $path:expr, $handler:path) => {
        $config.service(
            actix_web::web::resource(crate::console::routing::inside($path))
                .route(crate::reading().to($handler))
                .default_service(crate::only("GET, HEAD")),
        )
    };
}

/// What a form is sent to. Its answer may be a page, so the address stands in the browser: whoever reads it is led to
/// the page that it belongs to, one part above it or as many as are said.
macro_rules! post {
    ($config:expr, $path:expr, $handler:path) => {
        crate::console::routing::post!($config, $path, $handler, 1)
    };
    ($config:expr, $path:expr, $handler:path, $above:literal) => {
        $config.service(
            actix_web::web::resource(crate::console::routing::inside($path))
                .route(actix_web::web::post().to($handler))
                .route(crate::console::routing::to_page($above))
                .default_service(crate::only("GET, HEAD, POST")),
        )
    };
}

/// What a script sends something to: no browser shows its address.
macro_rules! call {
    ($config:expr, $path:expr, $handler:path) => {
        $config.service(
            actix_web::web::resource(crate::console::routing::inside($path))
                .route(actix_web::web::post().to($handler))
                .default_service(crate::only("POST")),
        )
    };
}

/// A page whose form is sent to the same address.
macro_rules! form {
    ($config:expr, $path:expr, $page:path, $sent:path) => {
        $config.service(
            actix_web::web::resource(crate::console::routing::inside($path))
                .route(crate::reading().to($page))
                .route(actix_web::web::post().to($sent))
                .default_service(crate::only("GET, HEAD, POST")),
        )
    };
}

pub(super) use {call, form, page, post};

/// All addresses of the console begin so: a scope, whose patterns no other call is compared with.
pub(crate) const BEGINNING: &str = "/console";

/// An address without the beginning that all have.
pub(super) fn inside(path: &str) -> &str {
    path.strip_prefix(BEGINNING).unwrap_or(path)
}

/// Leads whoever reads an address to the page so many parts above it.
pub(super) fn to_page(above: usize) -> Route {
    crate::reading().to(move |request: HttpRequest| ready(see(page_of(request.path(), above))))
}

/// The address so many parts above.
fn page_of(path: &str, above: usize) -> &str {
    (0..above).fold(path, |path, _| path.rsplit_once('/').map_or(path, |(page, _)| page))
}

#[cfg(test)]
mod tests {
    use super::page_of;

    #[test]
    fn the_page_of_a_form_is_above_it() {
        for (path, above, page) in [
            ("/console/sign-out", 1, "/console"),
            ("/console/account/factor/codes", 2, "/console/account"),
            ("/console/p/test/keys/k%2F1/roll", 1, "/console/p/test/keys/k%2F1"),
            ("console", 3, "console"),
        ] {
            assert_eq!(page_of(path, above), page, "{path}");
        }
    }
}
