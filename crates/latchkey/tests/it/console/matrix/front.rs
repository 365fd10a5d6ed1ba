//! The doors, the account, and home.

use store::Role;

use super::{ALL_SIGNED, Inside, Row, SignIn, Status, page_from, signed};

pub(super) const ROWS: &[Row] = &[
    (
        "/console",
        "GET",
        [SignIn, Status(200), Inside, Inside, Inside, Inside, Inside],
    ),
    (
        "/console/",
        "GET",
        [SignIn, Status(200), Inside, Inside, Inside, Inside, Inside],
    ),
    (
        "/console/search",
        "GET",
        [SignIn, Inside, Inside, Inside, Inside, Inside, Inside],
    ),
    (
        "/console/{project}/{environment}/search",
        "GET",
        page_from(Role::Viewer),
    ),
    (
        "/console/sign-in",
        "GET",
        [Status(200), Inside, Inside, Inside, Inside, Inside, Inside],
    ),
    ("/console/sign-in", "POST", [Status(401); 7]),
    // Nobody of them has given a password a moment ago.
    ("/console/sign-in/code", "GET", [SignIn; 7]),
    ("/console/sign-in/code", "POST", [SignIn; 7]),
    ("/console/confirm", "GET", ALL_SIGNED),
    // They have no password.
    ("/console/confirm", "POST", signed(Status(401))),
    // Single sign-on is not set up here.
    ("/console/confirm/sso", "POST", signed(Status(404))),
    ("/console/sso/start", "POST", [Status(404); 7]),
    ("/console/sso/callback", "GET", [Status(404); 7]),
    ("/console/welcome", "GET", [Status(200); 7]),
    ("/console/api/welcome", "POST", [Status(410); 7]),
    ("/console/api/welcome/accept", "POST", [Status(410); 7]),
    ("/console/sign-out", "POST", [SignIn; 7]),
    ("/console/account", "GET", ALL_SIGNED),
    ("/console/account/sessions/{session}/end", "POST", signed(Status(404))),
    ("/console/account/password", "POST", signed(Status(401))),
    ("/console/account/logins/link", "POST", signed(Status(404))),
    ("/console/account/logins/{login}/unlink", "POST", signed(Status(404))),
    ("/console/account/factor/codes", "POST", signed(Status(409))),
    ("/console/account/factor/remove", "POST", signed(Status(409))),
    // Nothing is begun yet.
    ("/console/account/factor/confirm", "POST", signed(Status(409))),
    ("/console/account/factor", "POST", ALL_SIGNED),
    ("/console/{project}/{environment}", "GET", page_from(Role::Viewer)),
];
