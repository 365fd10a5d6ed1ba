//! Projects.

use store::Role;

use super::{Row, SignIn, Status, form_from, from, page_from};

pub(super) const ROWS: &[Row] = &[
    (
        "/console/{project}/{environment}/projects/delete",
        "GET",
        page_from(Role::Owner),
    ),
    (
        "/console/{project}/{environment}/projects/delete",
        "POST",
        // The only project stays; and no name was typed.
        from(Role::Owner, Status(409)),
    ),
    (
        "/console/{project}/{environment}/projects",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/projects/make",
        "POST",
        from(Role::Owner, Status(422)),
    ),
    (
        "/console/projects",
        "POST",
        [
            SignIn,
            Status(403),
            Status(403),
            Status(403),
            Status(403),
            Status(403),
            Status(422),
        ],
    ),
    (
        "/console/{project}/{environment}/projects/settings",
        "GET",
        page_from(Role::Admin),
    ),
    (
        "/console/{project}/{environment}/projects/settings",
        "POST",
        from(Role::Admin, Status(422)),
    ),
    (
        "/console/{project}/{environment}/projects/settings/origins/add",
        "POST",
        from(Role::Admin, Status(422)),
    ),
    (
        "/console/{project}/{environment}/projects/settings/origins/remove",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/projects/settings/domain",
        "POST",
        form_from(Role::Owner),
    ),
];
