//! Integrations and definitions.

use store::Role;

use super::Gets::Status;
use super::{Row, form_from, from, page_from};

pub(super) const ROWS: &[Row] = &[
    (
        "/console/{project}/{environment}/integrations",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}/switch",
        "POST",
        form_from(Role::Developer),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}/app",
        "POST",
        // An empty form is one of nobody's, made from no revision.
        from(Role::Developer, Status(422)),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}/doctor",
        "POST",
        page_from(Role::Developer),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}/agree/{change}",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}/try",
        "POST",
        // Out of the console, to the window that people see.
        from(Role::Support, Status(303)),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}/remove-test",
        "POST",
        from(Role::Support, Status(404)),
    ),
    (
        "/console/{project}/{environment}/integrations/{integration}/definition",
        "GET",
        page_from(Role::Developer),
    ),
    (
        "/console/{project}/{environment}/add-connection",
        "GET",
        page_from(Role::Support),
    ),
    (
        "/console/{project}/{environment}/add-connection",
        "POST",
        from(Role::Support, Status(422)),
    ),
    (
        "/console/{project}/{environment}/definitions",
        "GET",
        page_from(Role::Admin),
    ),
    (
        "/console/{project}/{environment}/definitions/edit",
        "GET",
        page_from(Role::Admin),
    ),
    (
        "/console/{project}/{environment}/definitions/edit",
        "POST",
        from(Role::Admin, Status(422)),
    ),
    (
        "/console/{project}/{environment}/definitions/{definition}/history",
        "GET",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/definitions/{definition}/reviewed",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/definitions/{definition}/restore",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/definitions/{definition}/delete",
        "POST",
        from(Role::Admin, Status(404)),
    ),
];
