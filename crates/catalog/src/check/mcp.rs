//! Remote servers of the Model Context Protocol.

use super::names::{Names, Site};
use super::oauth2::at_endpoints;
use crate::definition as written;
use crate::model::{AuthKind, Endpoints};
use crate::report::{Place, Report};

/// Checks one such way to sign in.
pub(super) fn mcp(
    written: &written::Mcp,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let resource = names.url(&written.url, Site::Check, &place.key("url"), report);
    let list = place.key("scopes");
    for (index, scope) in written.scopes.iter().enumerate() {
        if scope.is_empty() || !scope.bytes().all(|byte| byte.is_ascii_graphic()) {
            report.add(
                &list.index(index),
                format!("`{scope}` is not one scope: it is empty, or has a space in it"),
            );
        }
    }
    // Everything else is as the standards have it; how the client authenticates, its registration says.
    let plain = serde_json::json!({
        "title": written.title,
        "token": { "client_auth": "none" },
        "scopes": { "default": written.scopes },
    });
    let mut plain: written::OAuth2 = serde_json::from_value(plain).ok()?;
    plain.learn.clone_from(&written.learn);
    let endpoints = Endpoints::Resource { resource: resource? };
    at_endpoints(&plain, Some(endpoints), (names, index), place, report)
}
