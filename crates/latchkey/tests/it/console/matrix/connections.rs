//! Connections.

use store::Role;

use super::{Row, Status, form_from, from, page_from};

pub(super) const ROWS: &[Row] = &[
    (
        "/console/{project}/{environment}/connections",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/test",
        "POST",
        form_from(Role::Support),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/refresh",
        "POST",
        form_from(Role::Support),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/delete",
        "POST",
        form_from(Role::Support),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/reveal",
        "POST",
        from(Role::Admin, Status(200)),
    ),
    (
        "/console/{project}/{environment}/connections/bulk",
        "POST",
        from(Role::Support, Status(400)),
    ),
    (
        "/console/{project}/{environment}/connections/export",
        "POST",
        page_from(Role::Support),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/name",
        "POST",
        form_from(Role::Support),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/tags",
        "POST",
        form_from(Role::Support),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/switch",
        "POST",
        from(Role::Support, Status(400)),
    ),
    (
        "/console/{project}/{environment}/connections/{connection}/link",
        "POST",
        page_from(Role::Support),
    ),
];
