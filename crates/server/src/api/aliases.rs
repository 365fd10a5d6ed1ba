//! Addresses that answer as another one does, for the API's description.

/// Addresses that answer as another one does.
pub(super) const ALIASES: [(&str, &str, &str); 7] = [
    ("/v1/connections", "/v1/vault/connections", "ByShortAddress"),
    ("/v1/connections/{id}", "/v1/vault/connections/{id}", "ByShortAddress"),
    ("/internal/v1/settings/get", "/v1/settings/get", "ByOldAddress"),
    (
        "/internal/v1/event-links/create",
        "/v1/event-links/create",
        "ByOldAddress",
    ),
    (
        "/internal/v1/embed-tokens/create",
        "/v1/embed-tokens/create",
        "ByOldAddress",
    ),
    (
        "/v1/public/connection-definitions",
        "/v1/connection-definitions",
        "ByOldAddress",
    ),
    (
        "/v1/public/connection-oauth-definition-schema",
        "/v1/connection-oauth-definitions",
        "ByOldAddress",
    ),
];

/// An address with its tenant in it, beside the one without.
pub(super) struct InTenant {
    /// The address.
    pub(super) alias: &'static str,
    /// The one that it answers as.
    pub(super) address: &'static str,
    /// What its operations' ids have more.
    pub(super) suffix: &'static str,
    /// Only what it reads is answered here.
    pub(super) only_get: bool,
}

/// The published addresses of a tenant (one-api §2.2, §2.3, §2.8, §2.9, §2.11).
pub(super) const IN_TENANT: &[InTenant] = &[
    InTenant {
        alias: "/v1/vault/organizations/{org_id}/connections",
        address: "/v1/vault/connections",
        suffix: "InVaultOfOrganization",
        only_get: true,
    },
    InTenant {
        alias: "/v1/vault/organizations/{org_id}/connections/{id}",
        address: "/v1/vault/connections/{id}",
        suffix: "InVaultOfOrganization",
        only_get: true,
    },
    InTenant {
        alias: "/v1/connections/organizations/{org_id}",
        address: "/v1/vault/connections",
        suffix: "OfOrganization",
        only_get: true,
    },
    InTenant {
        alias: "/v1/connections/organizations/{org_id}/{id}",
        address: "/v1/vault/connections/{id}",
        suffix: "OfOrganization",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/subscriptions/organizations/{org_id}",
        address: "/v1/webhooks/subscriptions",
        suffix: "OfOrganization",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/subscriptions/organizations/{org_id}/{id}",
        address: "/v1/webhooks/subscriptions/{id}",
        suffix: "OfOrganization",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/subscriptions/organizations/{org_id}/{id}/test",
        address: "/v1/webhooks/subscriptions/{id}/test",
        suffix: "OfOrganization",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/events/organizations/{org_id}",
        address: "/v1/webhooks/events",
        suffix: "OfOrganization",
        only_get: false,
    },
    InTenant {
        alias: "/v1/event-access/organizations/{org_id}",
        address: "/v1/event-access",
        suffix: "OfOrganization",
        only_get: false,
    },
    InTenant {
        alias: "/v1/management/organizations/{org_id}/keys",
        address: "/v1/event-access",
        suffix: "ManagedByOrganization",
        only_get: false,
    },
    InTenant {
        alias: "/v1/vault/organizations/{org_id}/projects/{project_id}/connections",
        address: "/v1/vault/connections",
        suffix: "InVaultOfProject",
        only_get: true,
    },
    InTenant {
        alias: "/v1/vault/organizations/{org_id}/projects/{project_id}/connections/{id}",
        address: "/v1/vault/connections/{id}",
        suffix: "InVaultOfProject",
        only_get: true,
    },
    InTenant {
        alias: "/v1/connections/organizations/{org_id}/projects/{project_id}",
        address: "/v1/vault/connections",
        suffix: "OfProject",
        only_get: true,
    },
    InTenant {
        alias: "/v1/connections/organizations/{org_id}/projects/{project_id}/{id}",
        address: "/v1/vault/connections/{id}",
        suffix: "OfProject",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/subscriptions/organizations/{org_id}/projects/{project_id}",
        address: "/v1/webhooks/subscriptions",
        suffix: "OfProject",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/subscriptions/organizations/{org_id}/projects/{project_id}/{id}",
        address: "/v1/webhooks/subscriptions/{id}",
        suffix: "OfProject",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/subscriptions/organizations/{org_id}/projects/{project_id}/{id}/test",
        address: "/v1/webhooks/subscriptions/{id}/test",
        suffix: "OfProject",
        only_get: false,
    },
    InTenant {
        alias: "/v1/webhooks/events/organizations/{org_id}/projects/{project_id}",
        address: "/v1/webhooks/events",
        suffix: "OfProject",
        only_get: false,
    },
    InTenant {
        alias: "/v1/event-access/organizations/{org_id}/projects/{project_id}",
        address: "/v1/event-access",
        suffix: "OfProject",
        only_get: false,
    },
    InTenant {
        alias: "/v1/management/organizations/{org_id}/projects/{project_id}/keys",
        address: "/v1/event-access",
        suffix: "ManagedByProject",
        only_get: false,
    },
    InTenant {
        alias: "/v1/management/organizations/{org_id}/projects/{project_id}/authkit",
        address: "/v1/management/organizations/{org_id}/authkit",
        suffix: "OfProject",
        only_get: false,
    },
];
