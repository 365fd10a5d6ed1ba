//! Identities, sessions, links, embedders.

use store::Role;

use super::{Row, Status, form_from, from, page_from};

pub(super) const ROWS: &[Row] = &[
    (
        "/console/{project}/{environment}/identities",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/identities/of",
        "GET",
        from(Role::Viewer, Status(404)),
    ),
    (
        "/console/{project}/{environment}/identities/{identity}",
        "GET",
        from(Role::Viewer, Status(404)),
    ),
    (
        "/console/{project}/{environment}/identities/link",
        "POST",
        from(Role::Support, Status(404)),
    ),
    (
        "/console/{project}/{environment}/identities/erase",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/sessions",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/sessions/{session}",
        "GET",
        from(Role::Viewer, Status(404)),
    ),
    ("/console/{project}/{environment}/links", "GET", page_from(Role::Viewer)),
    (
        "/console/{project}/{environment}/links",
        "POST",
        from(Role::Support, Status(400)),
    ),
    (
        "/console/{project}/{environment}/links/{link}",
        "GET",
        from(Role::Viewer, Status(404)),
    ),
    (
        "/console/{project}/{environment}/links/{link}/revoke",
        "POST",
        from(Role::Support, Status(404)),
    ),
    (
        "/console/{project}/{environment}/embedders",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/embedders/allow",
        "POST",
        from(Role::Admin, Status(422)),
    ),
    (
        "/console/{project}/{environment}/embedders/remove",
        "POST",
        form_from(Role::Admin),
    ),
];
