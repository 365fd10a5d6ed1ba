//! The table of addresses under `/v1`: their spellings, methods, and who answers them.

use actix_web::Route;

use super::{
    actions, audit, authkit, branding, complete, connections, connectors, credential, definitions, destinations,
    doctor, embed_tokens, embedders, events, faults, identities, ids, import, integration_apps, integrations, keys,
    links, management, metrics, oauth_definitions, on_demand, operators, own_definitions, passthrough,
    platform_settings, project_settings, projects, requests, sessions, timeline, token, users, webhooks,
};
use crate::connect::flows::old_check;

/// Methods, and who answers them.
pub(super) type Answered = (&'static [&'static str], fn(Route) -> Route);

/// An address with what it answers.
pub(super) struct Resource {
    /// All spellings of the address.
    pub(super) paths: &'static [&'static str],
    /// Its methods and who answers them; another method is told these.
    pub(super) methods: &'static [Answered],
}

/// Everything under `/v1`. The API's description is compared with it.
pub(super) const RESOURCES: &[Resource] = &[
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
