//! Operators and the audit log.

use store::Role;

use super::{Row, SignIn, Status, from, page_from};

pub(super) const ROWS: &[Row] = &[
    ("/console/{project}/{environment}/team", "GET", page_from(Role::Viewer)),
    (
        "/console/{project}/{environment}/team/roles",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/{project}/{environment}/team/invite",
        "POST",
        from(Role::Admin, Status(422)),
    ),
    (
        "/console/{project}/{environment}/team/invitations/{invitation}/end",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/team/operators/{operator}",
        "GET",
        from(Role::Viewer, Status(404)),
    ),
    (
        "/console/{project}/{environment}/team/operators/{operator}/role",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/team/operators/{operator}/remove",
        "POST",
        from(Role::Admin, Status(404)),
    ),
    (
        "/console/{project}/{environment}/team/operators/{operator}/switch",
        "POST",
        from(Role::Owner, Status(404)),
    ),
    (
        "/console/{project}/{environment}/team/operators/{operator}/reset",
        "POST",
        from(Role::Owner, Status(404)),
    ),
    ("/console/{project}/{environment}/audit", "GET", page_from(Role::Admin)),
    (
        "/console/{project}/{environment}/audit/export",
        "POST",
        from(Role::Admin, Status(422)),
    ),
    ("/console/invitation", "GET", [Status(200); 7]),
    ("/console/api/invitation", "POST", [Status(410); 7]),
    ("/console/api/invitation/accept", "POST", [Status(410); 7]),
    (
        "/console/api/invitation/join",
        "POST",
        [
            SignIn,
            Status(410),
            Status(410),
            Status(410),
            Status(410),
            Status(410),
            Status(410),
        ],
    ),
];
