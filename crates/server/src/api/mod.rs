//! `/v1`: what customers' backends call with a secret key (wire contract §2.2 and §3).

pub(crate) mod actions;
mod addresses;
mod aliases;
pub(crate) mod audit;
pub(crate) mod authkit;
pub(crate) mod branding;
pub(crate) mod complete;
pub(crate) mod connections;
pub(crate) mod connectors;
pub(crate) mod credential;
pub(crate) mod definitions;
pub(crate) mod destinations;
pub(crate) mod doctor;
pub(crate) mod embed_tokens;
pub(crate) mod embedders;
pub(crate) mod etag;
pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod identities;
pub(crate) mod ids;
pub(crate) mod import;
pub(crate) mod integration_apps;
pub(crate) mod integrations;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod management;
pub(crate) mod metrics;
pub(crate) mod oauth_definitions;
pub(crate) mod on_demand;
pub(crate) mod openapi;
pub(crate) mod operators;
pub(crate) mod own_definitions;
pub(crate) mod passthrough;
mod patch;
pub(crate) mod platform_settings;
pub(crate) mod project_settings;
pub(crate) mod projects;
pub(crate) mod record;
pub(crate) mod requests;
pub(crate) mod sessions;
pub(crate) mod tenant;
pub(crate) mod timeline;
pub(crate) mod token;
pub(crate) mod users;
pub(crate) mod webhooks;

use actix_web::guard;
use actix_web::web::{self, ServiceConfig};

use self::addresses::{RESOURCES, Resource};
use crate::only;

/// The routes. A path is compared with one after the other, most of them patterns, so they stand in scopes of their first
/// two segments, of which one at most is looked into.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let mut scopes: Vec<(&str, Vec<actix_web::Resource>)> = Vec::new();
    for resource in RESOURCES {
        let mut left: Vec<(&str, &str)> = resource.paths.iter().map(|path| divided(path)).collect();
        while let Some((beginning, _)) = left.first().copied() {
            let (here, elsewhere): (Vec<_>, Vec<_>) = left.into_iter().partition(|(other, _)| *other == beginning);
            left = elsewhere;
            let service = resource.service(here.into_iter().map(|(_, rest)| rest).collect());
            match scopes.iter_mut().find(|(other, _)| *other == beginning) {
                Some((_, services)) => services.push(service),
                None => scopes.push((beginning, vec![service])),
            }
        }
    }
    for (beginning, services) in scopes {
        config.service(
            services
                .into_iter()
                .fold(web::scope(beginning), actix_web::Scope::service),
        );
    }
}

impl Resource {
    /// What answers at these paths.
    fn service(&self, paths: Vec<&'static str>) -> actix_web::Resource {
        let refused = if self.paths.contains(&token::PATH) {
            token::other_method()
        } else {
            let allowed: Vec<&str> = self
                .methods
                .iter()
                .flat_map(|(names, _)| names.iter().copied())
                .collect();
            only(&allowed.join(", "))
        };
        let mut resource = web::resource(paths);
        for (names, answered_by) in self.methods {
            let named = guard::fn_guard(|context| names.contains(&context.head().method.as_str()));
            resource = resource.route(answered_by(web::route().guard(named)));
        }
        resource.default_service(refused)
    }
}

/// A path after its first two segments, which are no pattern.
fn divided(path: &'static str) -> (&'static str, &'static str) {
    let third = path.char_indices().filter(|(_, letter)| *letter == '/').nth(2);
    path.split_at(third.map_or(path.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::http::header::ALLOW;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse};

    use super::{RESOURCES, divided, routes, token};

    /// A path that a pattern takes.
    fn example(pattern: &str) -> String {
        let mut parts = pattern.split('{');
        let mut path = parts.next().unwrap().to_owned();
        for part in parts {
            let (variable, rest) = part.split_once('}').unwrap();
            path.push_str(if variable.starts_with("filters:") { "&a=b" } else { "x" });
            path.push_str(rest);
        }
        path
    }

    #[actix_web::test]
    async fn every_path_is_found_in_the_scope_of_its_beginning() {
        assert_eq!(divided("/v1/passthrough/{path:.*}"), ("/v1/passthrough", "/{path:.*}"));
        assert_eq!(divided("/v1/passthrough"), ("/v1/passthrough", ""));
        let elsewhere = || async { HttpResponse::ImATeapot().finish() };
        let app = App::new()
            .configure(routes)
            .default_service(actix_web::web::to(elsewhere));
        let app = init_service(app).await;
        for resource in RESOURCES {
            let allowed: Vec<&str> = resource
                .methods
                .iter()
                .flat_map(|(names, _)| names.iter().copied())
                .collect();
            for path in resource.paths.iter().filter(|path| **path != token::PATH) {
                assert!(!divided(path).0.contains('{'), "{path}");
                let request = TestRequest::with_uri(&example(path)).method(Method::from_bytes(b"BREW").unwrap());
                let answer = call_service(&app, request.to_request()).await;
                assert_eq!(answer.status(), 405, "{path}");
                assert_eq!(
                    answer.headers().get(ALLOW).unwrap(),
                    allowed.join(", ").as_str(),
                    "{path}"
                );
                let pattern = answer.request().match_pattern().unwrap_or_default();
                assert!(pattern.starts_with(divided(path).0), "{path}: {pattern}");
            }
        }
        for path in ["/v1/passthroughs", "/v1/vault", "/v1", "/v1/authkit/", "/v1//authkit"] {
            let answer = call_service(&app, TestRequest::with_uri(path).to_request()).await;
            assert_eq!(answer.status(), 418, "{path}");
        }
    }
}
