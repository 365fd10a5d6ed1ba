//! Remote servers of the Model Context Protocol.

use super::learn::learn;
use super::names::{Names, Site};
use crate::definition as written;
use crate::model::{AuthKind, ClientAuth, Endpoints, OAuth2, Pkce, Refresh, Scopes};
use crate::report::{Place, Report};

/// Checks one such way to sign in.
pub(super) fn mcp(
    written: &written::Mcp,
    names: &Names<'_>,
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
    let plain = written::Scopes::default();
    Some(AuthKind::OAuth2(Box::new(OAuth2 {
        endpoints: Endpoints::Resource { resource: resource? },
        authorize_params: Vec::new(),
        token_params: Vec::new(),
        // What the registration says counts.
        client_auth: ClientAuth::None,
        pkce: Pkce::S256,
        scopes: Scopes {
            default: written.scopes.clone(),
            required: Vec::new(),
            separator: plain.separator,
            parameter: plain.parameter,
            known: plain.known,
        },
        refresh: Refresh {
            supported: true,
            lifetime: None,
            idle: None,
            errors: crate::model::RefreshErrors::default(),
            params: Vec::new(),
        },
        learn: learn(&written.learn, (Site::Learn, "${token.site}"), names, place, report),
        token_object: None,
        ok_pointer: None,
        setup: None,
    })))
}
