//! How a client proves itself at the token and revocation endpoints (RFC 6749 §2.3.1).

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use store::Store;
use store::sandbox::RegisteredClient;
use vault::{Digest, ExposeSecret as _, SecretString};

use crate::oauth_error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;

/// What a client claims to be.
#[derive(Debug)]
struct Claim {
    client_id: String,
    client_secret: SecretString,
}

/// The client of a request: its id and secret in HTTP Basic or in the body, never in both.
pub(crate) async fn authenticate(
    store: &Store,
    request: &HttpRequest,
    form: &Parameters,
) -> Result<RegisteredClient, OAuthError> {
    let claim = claim(request, form)?;
    let client = store
        .registered_sandbox_client(&claim.client_id)
        .await?
        .ok_or_else(refused)?;
    if Digest::of(claim.client_secret.expose_secret()) == client.secret_digest {
        Ok(client)
    } else {
        Err(refused())
    }
}

fn refused() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, "the client is unknown or its secret is wrong")
}

fn claim(request: &HttpRequest, form: &Parameters) -> Result<Claim, OAuthError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next();
    let in_body = (form.get("client_id")?, form.get("client_secret")?);
    let Some(header) = header else {
        return match in_body {
            (Some(client_id), Some(client_secret)) => Ok(Claim {
                client_id: client_id.to_owned(),
                client_secret: client_secret.into(),
            }),
            _ => Err(OAuthError::new(
                ErrorCode::InvalidClient,
                "the client gives no id and secret",
            )),
        };
    };
    if headers.next().is_some() || in_body.1.is_some() {
        return Err(OAuthError::invalid_request(
            "the client proves itself in more than one way",
        ));
    }
    let claim = header.to_str().ok().and_then(basic).ok_or_else(|| {
        OAuthError::new(
            ErrorCode::InvalidClient,
            "the Authorization header is not Basic with an id and a secret",
        )
    })?;
    if in_body.0.is_some_and(|client_id| client_id != claim.client_id) {
        return Err(OAuthError::invalid_request(
            "client_id is another one than in the Authorization header",
        ));
    }
    Ok(claim)
}

/// Both halves are form-encoded before they are joined.
fn basic(header: &str) -> Option<Claim> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let joined = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, client_secret) = joined.split_once(':')?;
    Some(Claim {
        client_id: form_decoded(client_id),
        client_secret: form_decoded(client_secret).into(),
    })
}

fn form_decoded(text: &str) -> String {
    // As the name of a parameter: a `=` in it was encoded, a bare one would end the name.
    let text = text.replace('=', "%3D").replace('&', "%26");
    url::form_urlencoded::parse(text.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn with_header(value: &str, form: &str) -> Result<(String, String), ErrorCode> {
        let request = TestRequest::post()
            .insert_header((AUTHORIZATION, value))
            .to_http_request();
        claim(&request, &Parameters::parse(form.as_bytes()))
            .map(|claim| (claim.client_id, claim.client_secret.expose_secret().to_owned()))
            .map_err(|error| error.code)
    }

    fn basic_header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn basic_is_form_decoded() {
        assert_eq!(
            with_header(&basic_header("a%3Ab:c+d%25="), ""),
            Ok(("a:b".into(), "c d%=".into()))
        );
        assert_eq!(
            with_header(&basic_header("a:b").replace("Basic", "bAsIc"), "client_id=a"),
            Ok(("a".into(), "b".into()))
        );
    }

    #[test]
    fn two_ways_at_once_are_refused() {
        assert_eq!(
            with_header(&basic_header("a:b"), "client_secret=b"),
            Err(ErrorCode::InvalidRequest)
        );
        assert_eq!(
            with_header(&basic_header("a:b"), "client_id=other"),
            Err(ErrorCode::InvalidRequest)
        );
        assert_eq!(
            with_header(&basic_header("a:b"), "client_id=a&client_id=a"),
            Err(ErrorCode::InvalidRequest)
        );
    }

    #[test]
    fn other_headers_are_no_proof() {
        for header in ["Bearer x", "Basic", "Basic !!!", "Basic YQ=="] {
            assert_eq!(with_header(header, ""), Err(ErrorCode::InvalidClient), "{header}");
        }
    }

    #[test]
    fn the_body_needs_both() {
        let request = TestRequest::post().to_http_request();
        assert!(claim(&request, &Parameters::parse(b"client_id=a&client_secret=b")).is_ok());
        for form in ["", "client_id=a", "client_secret=b", "client_id=a&client_secret="] {
            assert_eq!(
                claim(&request, &Parameters::parse(form.as_bytes())).unwrap_err().code,
                ErrorCode::InvalidClient
            );
        }
    }
}
