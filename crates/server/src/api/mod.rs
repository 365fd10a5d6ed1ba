//! `/v1`: what customers' backends call with a secret key (wire contract §2.2 and §3).

pub(crate) mod actions;
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

use actix_web::web::{self, ServiceConfig};
use actix_web::{Route, guard};

use crate::connect::flows::old_check;
use crate::only;

/// Methods, and who answers them.
type Answered = (&'static [&'static str], fn(Route) -> Route);

/// An address with what it answers.
struct Resource {
    /// All spellings of the address.
    paths: &'static [&'static str],
    /// Its methods and who answers them; another method is told these.
    methods: &'static [Answered],
}

/// Everything under `/v1`. The API's description is compared with it.
const RESOURCES: &[Resource] = &[
    Resource {
        paths: &["/v1/authkit"],
        methods: &[(&["POST"], |route| route.to(authkit::open))],
    },
    Resource {
        paths: &["/v1/authkit/token"],
        methods: &[(&["POST"], |route| route.to(authkit::token))],
    },
    // What @picahq/authkit-node 1.x calls; its address by default has `/internal` in it.
    Resource {
        paths: &["/v1/settings/get", "/internal/v1/settings/get"],
        methods: &[(&["POST"], |route| route.to(embed_tokens::settings))],
    },
    Resource {
        paths: &["/v1/event-links/create", "/internal/v1/event-links/create"],
        methods: &[(&["POST"], |route| route.to(embed_tokens::event_link))],
    },
    Resource {
        paths: &["/v1/embed-tokens/create", "/internal/v1/embed-tokens/create"],
        methods: &[(&["POST"], |route| route.to(embed_tokens::embed_token))],
    },
    Resource {
        paths: &["/v1/public/generate-id/{prefix}"],
        methods: &[(&["GET"], |route| route.to(ids::generated))],
    },
    Resource {
        paths: &["/v1/connection-definitions", "/v1/public/connection-definitions"],
        methods: &[(&["GET"], |route| route.to(definitions::list))],
    },
    Resource {
        paths: &["/v1/connection-definitions/{id}"],
        methods: &[(&["GET"], |route| route.to(definitions::get))],
    },
    Resource {
        paths: &[
            "/v1/connection-oauth-definitions",
            "/v1/public/connection-oauth-definition-schema",
        ],
        methods: &[(&["GET"], |route| route.to(oauth_definitions::list))],
    },
    Resource {
        paths: &["/v1/connection-oauth-definitions/view/{platform}"],
        methods: &[(&["GET"], |route| route.to(oauth_definitions::of_platform))],
    },
    Resource {
        paths: &["/v1/connection-oauth-definitions/view/id/{id}"],
        methods: &[(&["GET"], |route| route.to(oauth_definitions::get))],
    },
    Resource {
        paths: &["/v1/available-actions/search/{platform}"],
        methods: &[(&["GET"], |route| route.to(actions::search))],
    },
    Resource {
        paths: &["/v1/available-actions/{platform}"],
        methods: &[(&["GET"], |route| route.to(actions::list))],
    },
    Resource {
        paths: &["/v1/knowledge"],
        methods: &[(&["GET"], |route| route.to(actions::knowledge))],
    },
    Resource {
        paths: &[token::PATH],
        methods: &[(&["POST"], |route| route.to(token::exchange))],
    },
    Resource {
        paths: &["/v1/users/flags"],
        methods: &[(&["GET"], |route| route.to(users::flags))],
    },
    Resource {
        paths: &["/v1/users/whoami"],
        methods: &[(&["GET"], |route| route.to(users::whoami))],
    },
    Resource {
        paths: &["/v1/available-connectors"],
        methods: &[(&["GET"], |route| route.to(connectors::list))],
    },
    Resource {
        paths: &["/v1/available-connectors/connected"],
        methods: &[(&["GET"], |route| route.to(connectors::connected))],
    },
    Resource {
        paths: &["/v1/connect/complete"],
        methods: &[(&["POST"], |route| route.to(complete::complete))],
    },
    Resource {
        paths: &["/v1/connect/links"],
        methods: &[
            (&["GET"], |route| route.to(links::list)),
            (&["POST"], |route| route.to(links::create)),
        ],
    },
    Resource {
        paths: &["/v1/connect/links/{id}"],
        methods: &[
            (&["GET"], |route| route.to(links::get)),
            (&["DELETE"], |route| route.to(links::revoke)),
        ],
    },
    Resource {
        paths: &["/v1/sessions"],
        methods: &[(&["GET"], |route| route.to(sessions::list))],
    },
    Resource {
        paths: &["/v1/sessions/{id}"],
        methods: &[(&["GET"], |route| route.to(sessions::get))],
    },
    Resource {
        paths: &["/v1/connections/oauth/check"],
        methods: &[(&["GET"], |route| route.to(old_check))],
    },
    Resource {
        // The second form is what @picahq/ai 2.4.3 sends: its filters begin with `&` and stand in the path.
        paths: &[
            "/v1/vault/connections",
            "/v1/vault/connections{filters:&[^/]*}",
            "/v1/connections",
        ],
        methods: &[
            (&["GET"], |route| route.to(connections::list)),
            (&["POST"], |route| route.to(import::import)),
        ],
    },
    // Before the addresses that take any id.
    Resource {
        paths: &["/v1/connections/metrics"],
        methods: &[(&["GET"], |route| route.to(metrics::metrics))],
    },
    Resource {
        paths: &[
            "/v1/vault/organizations/{org_id}/connections",
            "/v1/vault/organizations/{org_id}/projects/{project_id}/connections",
            "/v1/connections/organizations/{org_id}",
            "/v1/connections/organizations/{org_id}/projects/{project_id}",
        ],
        methods: &[(&["GET"], |route| route.to(connections::list))],
    },
    Resource {
        paths: &[
            "/v1/vault/organizations/{org_id}/connections/{id:.+}",
            "/v1/vault/organizations/{org_id}/projects/{project_id}/connections/{id:.+}",
        ],
        methods: &[(&["GET"], |route| route.to(connections::get))],
    },
    Resource {
        paths: &[
            "/v1/connections/organizations/{org_id}/projects/{project_id}/{id:.+}",
            "/v1/connections/organizations/{org_id}/{id:.+}",
        ],
        methods: &[
            (&["GET"], |route| route.to(connections::get)),
            (&["PATCH"], |route| route.to(connections::patch)),
            (&["DELETE"], |route| route.to(connections::delete)),
        ],
    },
    Resource {
        paths: &["/v1/vault/connections/{id}/credential"],
        methods: &[(&["GET"], |route| route.to(credential::get))],
    },
    Resource {
        paths: &["/v1/vault/connections/{id}/events"],
        methods: &[(&["GET"], |route| route.to(timeline::events))],
    },
    Resource {
        paths: &["/v1/vault/connections/{id}/refresh"],
        methods: &[(&["POST"], |route| route.to(on_demand::refresh))],
    },
    Resource {
        paths: &["/v1/vault/connections/{id}/test"],
        methods: &[(&["POST"], |route| route.to(on_demand::test))],
    },
    Resource {
        paths: &["/v1/vault/connections/{id}/reconnect"],
        methods: &[(&["POST"], |route| route.to(on_demand::reconnect))],
    },
    Resource {
        paths: &["/v1/vault/connections/{id:.+}", "/v1/connections/{id:.+}"],
        methods: &[
            (&["GET"], |route| route.to(connections::get)),
            (&["PATCH"], |route| route.to(connections::patch)),
            (&["DELETE"], |route| route.to(connections::delete)),
        ],
    },
    Resource {
        paths: &["/v1/identities"],
        methods: &[(&["GET"], |route| route.to(identities::list))],
    },
    Resource {
        paths: &["/v1/identities/{identity:.+}"],
        methods: &[(&["DELETE"], |route| route.to(identities::erase))],
    },
    Resource {
        paths: &["/v1/management/organizations/{org_id}"],
        methods: &[(&["GET"], |route| route.to(management::organization))],
    },
    Resource {
        paths: &["/v1/management/organizations/{org_id}/projects"],
        methods: &[(&["GET"], |route| route.to(management::projects))],
    },
    Resource {
        paths: &[
            "/v1/management/organizations/{org_id}/keys",
            "/v1/management/organizations/{org_id}/projects/{project_id}/keys",
            "/v1/event-access",
            "/v1/event-access/organizations/{org_id}",
            "/v1/event-access/organizations/{org_id}/projects/{project_id}",
        ],
        methods: &[(&["GET"], |route| route.to(management::keys))],
    },
    Resource {
        paths: &["/v1/management/keys"],
        methods: &[
            (&["GET"], |route| route.to(keys::list)),
            (&["POST"], |route| route.to(keys::create)),
        ],
    },
    Resource {
        paths: &["/v1/management/keys/{id}"],
        methods: &[(&["DELETE"], |route| route.to(keys::revoke))],
    },
    Resource {
        paths: &["/v1/management/keys/{id}/roll"],
        methods: &[(&["POST"], |route| route.to(keys::roll))],
    },
    Resource {
        paths: &["/v1/requests"],
        methods: &[(&["GET"], |route| route.to(requests::list))],
    },
    Resource {
        paths: &[
            "/v1/management/organizations/{org_id}/authkit",
            "/v1/management/organizations/{org_id}/projects/{project_id}/authkit",
        ],
        methods: &[(&["PUT"], |route| route.to(platform_settings::put))],
    },
    Resource {
        paths: &[
            "/v1/webhooks/events",
            "/v1/webhooks/events/organizations/{org_id}",
            "/v1/webhooks/events/organizations/{org_id}/projects/{project_id}",
        ],
        methods: &[(&["GET"], |route| route.to(events::list))],
    },
    Resource {
        paths: &[
            "/v1/webhooks/subscriptions",
            "/v1/webhooks/subscriptions/organizations/{org_id}",
            "/v1/webhooks/subscriptions/organizations/{org_id}/projects/{project_id}",
        ],
        methods: &[
            (&["GET"], |route| route.to(webhooks::list)),
            (&["POST"], |route| route.to(webhooks::create)),
        ],
    },
    Resource {
        paths: &["/v1/webhooks/subscriptions/by-key/{key}"],
        methods: &[(&["PUT"], |route| route.to(webhooks::upsert))],
    },
    Resource {
        paths: &[
            "/v1/webhooks/subscriptions/{id}",
            "/v1/webhooks/subscriptions/organizations/{org_id}/{id}",
            "/v1/webhooks/subscriptions/organizations/{org_id}/projects/{project_id}/{id}",
        ],
        methods: &[
            (&["GET"], |route| route.to(webhooks::get)),
            (&["PATCH"], |route| route.to(webhooks::patch)),
            (&["DELETE"], |route| route.to(webhooks::delete)),
        ],
    },
    Resource {
        paths: &[
            "/v1/webhooks/subscriptions/{id}/test",
            "/v1/webhooks/subscriptions/organizations/{org_id}/{id}/test",
            "/v1/webhooks/subscriptions/organizations/{org_id}/projects/{project_id}/{id}/test",
        ],
        methods: &[(&["POST"], |route| route.to(webhooks::deliveries::test))],
    },
    Resource {
        paths: &["/v1/webhooks/subscriptions/{id}/rotate-secret"],
        methods: &[(&["POST"], |route| route.to(webhooks::rotate))],
    },
    Resource {
        paths: &["/v1/webhooks/subscriptions/{id}/deliveries"],
        methods: &[(&["GET"], |route| route.to(webhooks::deliveries::list))],
    },
    Resource {
        paths: &["/v1/webhooks/subscriptions/{id}/redeliver"],
        methods: &[(&["POST"], |route| route.to(webhooks::deliveries::redeliver_range))],
    },
    Resource {
        paths: &["/v1/webhooks/deliveries/{id}"],
        methods: &[(&["GET"], |route| route.to(webhooks::deliveries::get))],
    },
    Resource {
        paths: &["/v1/webhooks/deliveries/{id}/redeliver"],
        methods: &[(&["POST"], |route| route.to(webhooks::deliveries::redeliver))],
    },
    Resource {
        paths: &["/v1/branding"],
        methods: &[
            (&["GET"], |route| route.to(branding::get)),
            (&["PUT"], |route| route.to(branding::put)),
        ],
    },
    Resource {
        paths: &["/v1/branding/logo"],
        methods: &[
            (&["PUT"], |route| route.to(branding::put_logo)),
            (&["DELETE"], |route| route.to(branding::delete_logo)),
        ],
    },
    Resource {
        paths: &["/v1/branding/favicon"],
        methods: &[
            (&["PUT"], |route| route.to(branding::put_favicon)),
            (&["DELETE"], |route| route.to(branding::delete_favicon)),
        ],
    },
    Resource {
        paths: &["/v1/integration-definitions"],
        methods: &[(&["GET"], |route| route.to(own_definitions::list))],
    },
    Resource {
        paths: &["/v1/integration-definitions/{id}"],
        methods: &[
            (&["GET"], |route| route.to(own_definitions::get)),
            (&["PUT"], |route| route.to(own_definitions::put)),
            (&["DELETE"], |route| route.to(own_definitions::delete)),
        ],
    },
    Resource {
        paths: &["/v1/integration-definitions/{id}/versions"],
        methods: &[(&["GET"], |route| route.to(own_definitions::versions))],
    },
    Resource {
        paths: &["/v1/integration-definitions/{id}/versions/{version}"],
        methods: &[(&["GET"], |route| route.to(own_definitions::version))],
    },
    Resource {
        paths: &["/v1/integration-definitions/{id}/versions/{version}/restore"],
        methods: &[(&["POST"], |route| route.to(own_definitions::restore))],
    },
    Resource {
        paths: &["/v1/integrations"],
        methods: &[(&["GET"], |route| route.to(integrations::list))],
    },
    Resource {
        paths: &["/v1/integrations/{id}"],
        methods: &[
            (&["GET"], |route| route.to(integrations::get)),
            (&["PATCH"], |route| route.to(integration_apps::patch)),
        ],
    },
    Resource {
        paths: &["/v1/integrations/{id}/doctor"],
        methods: &[(&["POST"], |route| route.to(doctor::examine))],
    },
    Resource {
        paths: &["/v1/destination-changes"],
        methods: &[(&["GET"], |route| route.to(destinations::list))],
    },
    Resource {
        paths: &["/v1/destination-changes/{id}/agree"],
        methods: &[(&["POST"], |route| route.to(destinations::agree))],
    },
    Resource {
        paths: &["/v1/audit"],
        methods: &[(&["GET"], |route| route.to(audit::list))],
    },
    Resource {
        paths: &["/v1/operators"],
        methods: &[(&["GET"], |route| route.to(operators::list))],
    },
    Resource {
        paths: &["/v1/projects/{id}"],
        methods: &[
            (&["GET"], |route| route.to(project_settings::get)),
            (&["PATCH"], |route| route.to(project_settings::patch)),
            (&["DELETE"], |route| route.to(projects::delete)),
        ],
    },
    Resource {
        paths: &["/v1/projects/{id}/origins"],
        methods: &[
            (&["POST"], |route| route.to(project_settings::add_origin)),
            (&["DELETE"], |route| route.to(project_settings::remove_origin)),
        ],
    },
    Resource {
        paths: &["/v1/embedders"],
        methods: &[(&["GET"], |route| route.to(embedders::list))],
    },
    // Before the addresses that take any id.
    Resource {
        paths: &["/v1/operators/invitations"],
        methods: &[
            (&["GET"], |route| route.to(operators::invitations)),
            (&["POST"], |route| route.to(operators::invite)),
        ],
    },
    Resource {
        paths: &["/v1/operators/invitations/{id}"],
        methods: &[(&["DELETE"], |route| route.to(operators::end_invitation))],
    },
    Resource {
        paths: &["/v1/operators/{id}"],
        methods: &[
            (&["PATCH"], |route| route.to(operators::patch)),
            (&["DELETE"], |route| route.to(operators::delete)),
        ],
    },
    Resource {
        paths: &["/v1/sandbox/faults"],
        methods: &[
            (&["GET"], |route| route.to(faults::get)),
            (&["PUT"], |route| route.to(faults::put)),
            (&["DELETE"], |route| route.to(faults::delete)),
        ],
    },
    Resource {
        paths: &["/v1/sandbox/faults/{connection:.+}"],
        methods: &[
            (&["GET"], |route| route.to(faults::get_one)),
            (&["PUT"], |route| route.to(faults::put_one)),
            (&["DELETE"], |route| route.to(faults::delete_one)),
        ],
    },
    Resource {
        paths: &["/v1/passthrough/{path:.*}", "/v1/passthrough"],
        methods: &[(passthrough::METHODS, |route| route.to(passthrough::call))],
    },
];

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
