//! Addresses that name their tenant: `…/organizations/{org_id}` and `…/organizations/{org_id}/projects/{project_id}`.
//!
//! A project is the tenant here, and there is nothing above it: its id stands in both places. What a key may reach is
//! decided by the key alone; an address that names somebody else's project reaches nothing.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use broker::Caller;
use percent_encoding::percent_decode_str;

use crate::problems::{Kind, Problem};

/// The `{id}` of an address, whether or not that names its tenant too.
#[derive(Debug)]
pub(crate) struct Subject(pub String);

impl FromRequest for Subject {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let raw = request.match_info().get("id").unwrap_or_default();
        let id = percent_decode_str(raw).decode_utf8();
        ready(
            id.map(|id| Self(id.into_owned()))
                .map_err(|_| Problem::general(Kind::NotFound)),
        )
    }
}

/// Refuses an address that names another tenant than the key's.
pub(crate) fn require(request: &HttpRequest, caller: &Caller) -> Result<(), Problem> {
    let own = caller.project.to_string();
    for (name, what) in [("org_id", "This organization"), ("project_id", "This project")] {
        let named = request.match_info().get(name);
        if named.is_some_and(|id| !id.eq_ignore_ascii_case(&own)) {
            return Err(Problem::keyed(
                Kind::NotFound,
                "not_found",
                format!(
                    "{what} does not exist, or belongs to somebody else. Send the id that GET /v1/users/whoami answers; \
                     the project's id stands for its organization too."
                ),
            ));
        }
    }
    Ok(())
}

/// What stands behind the tenant in a raw path, or the path itself where it names none.
pub(crate) fn behind(path: &str) -> &str {
    let Some((_, rest)) = path.split_once("/organizations/") else {
        return path;
    };
    let rest = after_segment(rest);
    rest.strip_prefix("projects/").map_or(rest, after_segment)
}

fn after_segment(path: &str) -> &str {
    path.split_once('/').map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_tenant() {
        for (path, rest) in [
            ("/v1/connections/organizations/o/c-1", "c-1"),
            ("/v1/connections/organizations/o/projects/p/c-1", "c-1"),
            (
                "/v1/connections/organizations/o/projects/p/a::b::c::d|x/y",
                "a::b::c::d|x/y",
            ),
            (
                "/v1/vault/organizations/o/projects/p/connections/c-1",
                "connections/c-1",
            ),
            ("/v1/connections/organizations/o", ""),
            ("/v1/connections/organizations/o/projects/p", ""),
            ("/v1/connections/c-1", "/v1/connections/c-1"),
        ] {
            assert_eq!(behind(path), rest, "{path}");
        }
    }
}
