//! The server.

use store::Role;

use super::{Row, page_from};

pub(super) const ROWS: &[Row] = &[
    ("/console/{project}/{environment}/system", "GET", page_from(Role::Owner)),
    (
        "/console/{project}/{environment}/system/checks",
        "GET",
        page_from(Role::Owner),
    ),
];
