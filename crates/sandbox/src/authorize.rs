//! The authorization endpoint (RFC 6749 §4.1, RFC 7636, RFC 9207) and the consent page.
//!
//! The authorization request stays in the query of the page's own address: the form posts back to it, and the request
//! is checked again as if it were new. So nothing is stored before somebody allows.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, ORIGIN};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::sandbox::{Account, Consent, Faults, RegisteredClient};
use url::Url;
use vault::{Digest, ExposeSecret as _};

use crate::oauth_error::{ErrorCode, OAuthError};
use crate::page::{self, ErrorPage};
use crate::parameters::{Parameters, Repeated};
use crate::scope::{self, Scope};
use crate::{Sandbox, answer, wished_faults};

/// A `state` longer than this is refused, in bytes.
const LONGEST_STATE: usize = 2048;

/// A request that may be shown to a person.
struct AuthorizationRequest {
    client: RegisteredClient,
    answer_to: AnswerTo,
    scopes: Vec<Scope>,
    code_challenge: Digest,
}

/// Where the answer goes: a redirect address that is the client's, and the client's state.
struct AnswerTo {
    redirect_uri: String,
    state: Option<String>,
}

impl AnswerTo {
    /// The redirect with these parameters, `state` and `iss`. 303, so that a post is not repeated (RFC 9700 §4.12).
    fn send(&self, sandbox: &Sandbox, parameters: &[(&str, &str)]) -> HttpResponse {
        let Ok(mut url) = Url::parse(&self.redirect_uri) else {
            return page::error(&ErrorPage::REDIRECT_URI);
        };
        let mut query = url.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &sandbox.issuer());
        drop(query);
        answer::plain(StatusCode::SEE_OTHER)
            .insert_header((LOCATION, url.as_str()))
            .finish()
    }

    fn refuse(&self, sandbox: &Sandbox, error: &OAuthError) -> HttpResponse {
        self.send(
            sandbox,
            &[
                ("error", error.code.as_str()),
                ("error_description", &error.description),
            ],
        )
    }
}

/// How long each access token is to live, as the page offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Hour,
    Minute,
    TenSeconds,
}

impl Lifetime {
    pub(crate) const ALL: [Self; 3] = [Self::Hour, Self::Minute, Self::TenSeconds];

    /// The value in the form: seconds.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "3600",
            Self::Minute => "60",
            Self::TenSeconds => "10",
        }
    }

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::Minute => "60 s",
            Self::TenSeconds => "10 s",
        }
    }

    const fn duration(self) -> Duration {
        match self {
            Self::Hour => Duration::from_hours(1),
            Self::Minute => Duration::from_mins(1),
            Self::TenSeconds => Duration::from_secs(10),
        }
    }
}

/// `GET /sandbox/oauth/authorize`: the consent page.
pub(crate) async fn show(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    match read(&sandbox, &request).await {
        Ok(asked) => page::consent(&asked.client.project_name, &asked.scopes, &asked.answer_to.redirect_uri),
        Err(response) => response,
    }
}

/// `POST /sandbox/oauth/authorize`: what the person decided.
pub(crate) async fn decide(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    if !is_our_page(&request, &sandbox.public_url) {
        return page::error(&ErrorPage::FOREIGN);
    }
    let asked = match read(&sandbox, &request).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let form = Parameters::parse(&body.unwrap_or_default());
    let decision = Decision::read(&form).ok().flatten();
    match decision {
        None => page::error(&ErrorPage::FORM),
        Some(Decision::Deny) => {
            let error = OAuthError::new(ErrorCode::AccessDenied, "the person chose Deny");
            asked.answer_to.refuse(&sandbox, &error)
        }
        Some(Decision::Allow { account, lifetime }) => match wished_faults::read(&form) {
            Ok(faults) => allow(&sandbox, &asked, account, lifetime, faults.as_ref()).await,
            Err(error) => page::error(&ErrorPage::faults(&error)),
        },
    }
}

async fn allow(
    sandbox: &Sandbox,
    asked: &AuthorizationRequest,
    account: Account,
    lifetime: Lifetime,
    faults: Option<&Faults>,
) -> HttpResponse {
    let scopes: Vec<String> = asked.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let consent = Consent {
        client: asked.client.id,
        redirect_uri: &asked.answer_to.redirect_uri,
        code_challenge: asked.code_challenge,
        account,
        scopes: &scopes,
        access_lifetime: lifetime.duration(),
        faults,
    };
    match sandbox.store.create_sandbox_code(&consent).await {
        Ok(Some(code)) => asked.answer_to.send(sandbox, &[("code", code.expose_secret())]),
        Ok(None) => {
            let description = "too many codes of this client wait to be redeemed, try again in a minute";
            asked.answer_to.refuse(
                sandbox,
                &OAuthError::new(ErrorCode::TemporarilyUnavailable, description),
            )
        }
        Err(error) => page::unavailable(&error),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Allow { account: Account, lifetime: Lifetime },
    Deny,
}

impl Decision {
    fn read(form: &Parameters) -> Result<Option<Self>, Repeated> {
        Ok(match form.get("decision")? {
            Some("deny") => Some(Self::Deny),
            Some("allow") => {
                let account = form.get("account")?.and_then(|text| text.parse().ok());
                let lifetime = match form.get("lifetime")? {
                    None => Some(Lifetime::Hour),
                    Some(text) => Lifetime::ALL.into_iter().find(|lifetime| lifetime.as_str() == text),
                };
                account
                    .zip(lifetime)
                    .map(|(account, lifetime)| Self::Allow { account, lifetime })
            }
            _ => None,
        })
    }
}

/// Whether a post comes from the consent page itself. `Origin` is `null` there, because the page sends no referrer, so
/// `Sec-Fetch-Site` counts first; browsers send it to https and to loopback.
fn is_our_page(request: &HttpRequest, public_url: &Url) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    match (header("sec-fetch-site"), header(ORIGIN.as_str())) {
        (Some(site), None | Some("null")) => site == "same-origin",
        (site, Some(origin)) => {
            site.is_none_or(|site| site == "same-origin") && origin == public_url.origin().ascii_serialization()
        }
        (None, None) => false,
    }
}

/// The authorization request of the query. What is wrong with the client or its redirect address is said on a page, as
/// nothing may be sent to an address that is not known (RFC 6749 §4.1.2.1); the rest is sent to the client.
async fn read(sandbox: &Sandbox, request: &HttpRequest) -> Result<AuthorizationRequest, HttpResponse> {
    let query = Parameters::parse(request.query_string().as_bytes());
    let client_id = query
        .get("client_id")
        .ok()
        .flatten()
        .ok_or_else(|| page::error(&ErrorPage::CLIENT))?;
    let redirect_uri = query.get("redirect_uri").ok().flatten();
    let client = sandbox
        .store
        .registered_sandbox_client(client_id)
        .await
        .map_err(|error| page::unavailable(&error))?
        .ok_or_else(|| page::error(&ErrorPage::CLIENT))?;
    let redirect_uri = redirect_uri.ok_or_else(|| page::error(&ErrorPage::REDIRECT_URI))?;
    let is_registered = sandbox
        .store
        .sandbox_redirect_uri_is_registered(client.id, redirect_uri)
        .await;
    if !is_registered.map_err(|error| page::unavailable(&error))? {
        return Err(page::error(&ErrorPage::REDIRECT_URI));
    }
    let mut answer_to = AnswerTo {
        redirect_uri: redirect_uri.to_owned(),
        state: None,
    };
    let checked = state(&query).and_then(|state| {
        answer_to.state = state;
        what_is_asked(&query)
    });
    match checked {
        Ok((scopes, code_challenge)) => Ok(AuthorizationRequest {
            client,
            answer_to,
            scopes,
            code_challenge,
        }),
        Err(error) => Err(answer_to.refuse(sandbox, &error)),
    }
}

fn state(query: &Parameters) -> Result<Option<String>, OAuthError> {
    let state = query.get("state")?;
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(OAuthError::invalid_request("state is longer than 2048 bytes"));
    }
    Ok(state.map(str::to_owned))
}

fn what_is_asked(query: &Parameters) -> Result<(Vec<Scope>, Digest), OAuthError> {
    match query.get("response_type")? {
        Some("code") => {}
        Some(_) => {
            return Err(OAuthError::new(
                ErrorCode::UnsupportedResponseType,
                "response_type is not code",
            ));
        }
        None => return Err(OAuthError::invalid_request("response_type is missing")),
    }
    // Without the method `plain` would be meant (RFC 7636 §4.3), which is not accepted.
    if query.get("code_challenge_method")? != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method is not S256"));
    }
    let challenge = query
        .get("code_challenge")?
        .ok_or_else(|| OAuthError::invalid_request("code_challenge is missing"))?;
    let challenge = URL_SAFE_NO_PAD
        .decode(challenge)
        .ok()
        .and_then(|bytes| Digest::from_bytes(&bytes));
    let challenge = challenge
        .ok_or_else(|| OAuthError::invalid_request("code_challenge is not the base64url form of a SHA-256 digest"))?;
    let scopes = scope::parse(query.get("scope")?).map_err(|_| {
        let known = Scope::ALL.map(Scope::as_str).join(", ");
        OAuthError::new(ErrorCode::InvalidScope, format!("the scopes are {known}"))
    })?;
    Ok((scopes, challenge))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn asked(query: &str) -> Result<(Vec<Scope>, Digest), ErrorCode> {
        what_is_asked(&Parameters::parse(query.as_bytes())).map_err(|error| error.code)
    }

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b_fits_its_verifier() {
        let query = format!("response_type=code&code_challenge_method=S256&code_challenge={CHALLENGE}&scope=profile");
        let (scopes, challenge) = asked(&query).unwrap();
        assert_eq!(scopes, [Scope::Profile]);
        assert_eq!(challenge, Digest::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    }

    #[test]
    fn requests_that_are_not_as_the_standards_want_are_refused() {
        use ErrorCode::{InvalidRequest, InvalidScope, UnsupportedResponseType};
        let good = format!("response_type=code&code_challenge_method=S256&code_challenge={CHALLENGE}");
        for (from, to, code) in [
            ("response_type=code", "response_type=token", UnsupportedResponseType),
            ("response_type=code", "response_type=", InvalidRequest),
            ("=S256", "=plain", InvalidRequest),
            ("code_challenge_method=S256", "x=1", InvalidRequest),
            (CHALLENGE, "", InvalidRequest),
            (CHALLENGE, "short", InvalidRequest),
            (
                CHALLENGE,
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
                InvalidRequest,
            ),
            ("response_type=code", "response_type=code&scope=admin", InvalidScope),
            (
                "response_type=code",
                "response_type=code&response_type=code",
                InvalidRequest,
            ),
            (
                "response_type=code",
                "response_type=code&scope=profile&scope=profile",
                InvalidRequest,
            ),
        ] {
            assert_eq!(asked(&good.replace(from, to)).unwrap_err(), code, "{from} → {to}");
        }
        assert!(asked(&good).is_ok());
    }

    #[test]
    fn a_long_state_is_refused() {
        assert!(state(&Parameters::parse(format!("state={}", "s".repeat(2048)).as_bytes())).is_ok());
        assert!(state(&Parameters::parse(format!("state={}", "s".repeat(2049)).as_bytes())).is_err());
        assert!(state(&Parameters::parse(b"state=a&state=b")).is_err());
    }

    #[test]
    fn only_our_page_may_post() {
        let public_url = Url::parse("http://localhost:8080/").unwrap();
        let may = |site: Option<&'static str>, origin: Option<&'static str>| {
            let mut request = TestRequest::post();
            if let Some(site) = site {
                request = request.insert_header(("sec-fetch-site", site));
            }
            if let Some(origin) = origin {
                request = request.insert_header(("origin", origin));
            }
            is_our_page(&request.to_http_request(), &public_url)
        };
        assert!(may(Some("same-origin"), Some("null")));
        assert!(may(Some("same-origin"), None));
        assert!(may(Some("same-origin"), Some("http://localhost:8080")));
        assert!(may(None, Some("http://localhost:8080")));
        assert!(!may(None, None));
        assert!(!may(None, Some("null")));
        assert!(!may(None, Some("http://localhost:8081")));
        assert!(!may(Some("same-origin"), Some("https://evil.example")));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!may(Some(site), None), "{site}");
            assert!(!may(Some(site), Some("null")), "{site}");
            assert!(!may(Some(site), Some("http://localhost:8080")), "{site}");
        }
    }

    #[test]
    fn decisions_are_complete_or_none() {
        let read = |form: &str| Decision::read(&Parameters::parse(form.as_bytes())).ok().flatten();
        let allow = |account, lifetime| Some(Decision::Allow { account, lifetime });
        assert_eq!(
            read("decision=allow&account=ann&lifetime=10"),
            allow(Account::Ann, Lifetime::TenSeconds)
        );
        assert_eq!(read("decision=allow&account=ben"), allow(Account::Ben, Lifetime::Hour));
        assert_eq!(read("decision=deny"), Some(Decision::Deny));
        for bad in [
            "",
            "decision=yes",
            "decision=allow",
            "decision=allow&account=eve",
            "decision=deny&decision=allow",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("decision=allow&account=ann&lifetime=99999999"), None);
    }
}
