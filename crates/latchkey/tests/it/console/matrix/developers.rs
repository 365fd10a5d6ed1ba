//! Keys, webhooks, requests, embed.

use store::Role;

use super::Gets::Status;
use super::{Row, from, page_from};

const DEVELOPER: super::Who = page_from(Role::Developer);
/// An empty form comes back with what is missing.
const FORM: super::Who = from(Role::Developer, Status(422));
/// Of a thing that is not there.
const MISSING: super::Who = from(Role::Developer, Status(404));

pub(super) const ROWS: &[Row] = &[
    ("/console/{project}/{environment}/embed", "GET", page_from(Role::Viewer)),
    ("/console/{project}/{environment}/keys", "GET", DEVELOPER),
    ("/console/{project}/{environment}/keys/new", "GET", DEVELOPER),
    ("/console/{project}/{environment}/keys/new", "POST", FORM),
    ("/console/{project}/{environment}/keys/{key}", "GET", MISSING),
    ("/console/{project}/{environment}/keys/{key}/roll", "POST", MISSING),
    ("/console/{project}/{environment}/keys/{key}/revoke", "POST", MISSING),
    ("/console/{project}/{environment}/webhooks", "GET", DEVELOPER),
    ("/console/{project}/{environment}/webhooks/new", "GET", DEVELOPER),
    // An empty address is a bad request of the API.
    (
        "/console/{project}/{environment}/webhooks/new",
        "POST",
        from(Role::Developer, Status(400)),
    ),
    ("/console/{project}/{environment}/webhooks/{endpoint}", "GET", MISSING),
    (
        "/console/{project}/{environment}/webhooks/{endpoint}/edit",
        "GET",
        MISSING,
    ),
    (
        "/console/{project}/{environment}/webhooks/{endpoint}/edit",
        "POST",
        MISSING,
    ),
    (
        "/console/{project}/{environment}/webhooks/{endpoint}/test",
        "POST",
        MISSING,
    ),
    (
        "/console/{project}/{environment}/webhooks/{endpoint}/secret",
        "POST",
        MISSING,
    ),
    (
        "/console/{project}/{environment}/webhooks/{endpoint}/delete",
        "POST",
        MISSING,
    ),
    (
        "/console/{project}/{environment}/webhooks/{endpoint}/deliveries/{delivery}",
        "GET",
        MISSING,
    ),
    (
        "/console/{project}/{environment}/webhooks/{endpoint}/deliveries/{delivery}/redeliver",
        "POST",
        MISSING,
    ),
    ("/console/{project}/{environment}/requests", "GET", DEVELOPER),
    ("/console/{project}/{environment}/requests/{request}", "GET", MISSING),
];
