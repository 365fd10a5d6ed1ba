//! How a client with a private key proves itself.

use super::super::text;
use crate::definition as written;
use crate::model::{AssertionAudience, ClientAssertion, ClientAuth, KeyAlgorithm, RequestBody, TokenRequest};
use crate::report::{Place, Report};

/// Unless the definition says otherwise, in seconds.
const LIFETIME: u64 = 60;
/// The longest: services take no more.
const LONGEST: u64 = 300;

/// Checks it. `has_issuer`: the definition says who the issuer is.
pub(in super::super) fn assertion(
    written: Option<&written::ClientAssertion>,
    has_issuer: bool,
    place: &Place,
    report: &mut Report<'_>,
) -> ClientAssertion {
    let standard = written::ClientAssertion::default();
    let written = written.unwrap_or(&standard);
    let lifetime = match &written.lifetime {
        None => LIFETIME,
        Some(lifetime) => text::lifetime(lifetime)
            .filter(|seconds| (1..=LONGEST).contains(seconds))
            .unwrap_or_else(|| {
                report.add(
                    &place.key("lifetime"),
                    format!("`{lifetime}` is no lifetime of an assertion: a number and `s` or `m`, at most `5m`"),
                );
                LIFETIME
            }),
    };
    let audience = match written.audience {
        written::AssertionAudience::TokenEndpoint => AssertionAudience::TokenEndpoint,
        written::AssertionAudience::Issuer => {
            if !has_issuer {
                report.add(
                    &place.key("audience"),
                    "nothing says who the issuer is: write `issuer` beside `authorize`, or `audience: token_endpoint`",
                );
            }
            AssertionAudience::Issuer
        }
    };
    ClientAssertion {
        algorithm: written.algorithm.map(Into::into),
        audience,
        lifetime,
    }
}

/// An assertion is a parameter of a body; in an address it would stand in logs.
pub(super) fn in_a_body(request: &TokenRequest, place: &Place, report: &mut Report<'_>) {
    if request.client_auth == ClientAuth::PrivateKeyJwt && request.body == RequestBody::Query {
        report.add(
            place,
            "`client_auth: private_key_jwt` needs a body: write `body: form`, and no `method: get`",
        );
    }
}

impl From<written::KeyAlgorithm> for KeyAlgorithm {
    fn from(written: written::KeyAlgorithm) -> Self {
        match written {
            written::KeyAlgorithm::Rs256 => Self::Rs256,
            written::KeyAlgorithm::Ps256 => Self::Ps256,
            written::KeyAlgorithm::Es256 => Self::Es256,
        }
    }
}
