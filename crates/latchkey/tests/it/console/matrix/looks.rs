//! Branding.

use store::Role;

use super::{Row, Status, form_from, from, page_from};

pub(super) const ROWS: &[Row] = &[
    (
        "/console/{project}/{environment}/branding",
        "GET",
        page_from(Role::Viewer),
    ),
    // An empty form does not say what it was drawn for.
    (
        "/console/{project}/{environment}/branding",
        "POST",
        from(Role::Admin, Status(400)),
    ),
    (
        "/console/{project}/{environment}/branding/preview",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/branding/try",
        "POST",
        page_from(Role::Admin),
    ),
    (
        "/console/{project}/{environment}/branding/pictures/{picture}",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/branding/pictures/{picture}/remove",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/branding/domain",
        "POST",
        form_from(Role::Owner),
    ),
];
