//! POST `/v1/token`: token exchange for workloads (RFC 8693). A connection's key is exchanged for its access token.

use actix_web::http::header::HeaderValue;
use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, Route};
use broker::{Broker, CredentialRequest, Exportable, Exported, Known};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use vault::{Credential, ExposeSecret as _};
use zeroize::Zeroizing;

use crate::Site;
use crate::envelope::AsItIs;
use crate::guard::form;
use crate::key;
use crate::problems::{Kind, Problem};

/// Where it is.
pub(super) const PATH: &str = "/v1/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const CONNECTION: &str = "urn:latchkey:params:oauth:token-type:connection";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The form (RFC 8693 §2.1).
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes the form; the form is read pair by pair")]
pub(crate) struct TokenForm {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`
    grant_type: String,
    /// The connection's key or id.
    subject_token: String,
    /// `urn:latchkey:params:oauth:token-type:connection`
    subject_token_type: String,
    /// `urn:ietf:params:oauth:token-type:access_token`, or nothing.
    requested_token_type: Option<String>,
    /// Scopes that the token must have, separated by spaces. It is not narrowed: what it has is told.
    scope: Option<String>,
}

/// The answer (RFC 8693 §2.2.1). It has no `Debug`.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// The access token, or the API key.
    #[schema(value_type = String)]
    access_token: Zeroizing<String>,
    /// `urn:ietf:params:oauth:token-type:access_token`
    issued_token_type: &'static str,
    /// As the service wrote it; `N_A` for an API key.
    token_type: String,
    /// Seconds until it ends; not there when it does not, or nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
    /// What the service granted, separated by spaces; not there when it did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// An error (RFC 6749 §5.2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenError {
    /// `invalid_request`, `invalid_client`, `unauthorized_client`, `unsupported_grant_type`, `invalid_scope`,
    /// `invalid_target`, `temporarily_unavailable` or `server_error`.
    error: &'static str,
    /// What happened, who can mend it, how.
    error_description: String,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    cause: Option<Box<Problem>>,
}

/// Exchanges a connection's key for its access token. The client authenticates with the project's secret key: as a bearer,
/// or by HTTP Basic (`client_secret_basic`) as the password.
#[utoipa::path(
    post, path = "/v1/token", operation_id = "exchangeToken", tag = "Credentials",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded", description = "RFC 8693 §2.1"),
    responses(
        (status = 200, body = TokenAnswer, description = "RFC 8693 §2.2.1"),
        (status = 400, description = "The OAuth body of RFC 6749 §5.2: `error` and `error_description`"),
        (status = 401, description = "`invalid_client`: no key, or one that is not known"),
        (status = 413, description = "The body is too large"),
        (status = 503, description = "`temporarily_unavailable`: the audit log cannot be written, so nothing left; or the database is away")
    ),
    security(("secret" = []))
)]
pub(crate) async fn exchange(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    match exchanged(&broker, &site, &request, payload).await {
        Ok(answer) => HttpResponse::Ok()
            .insert_header((header::PRAGMA, "no-cache"))
            .json(answer),
        Err(error) => {
            let mut response = error.response();
            if error.status == StatusCode::UNAUTHORIZED && key::came_with_basic(request.headers()) {
                let challenge = HeaderValue::from_static("Basic realm=\"latchkey\", charset=\"UTF-8\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

/// What another method gets, in the words of RFC 6749, too.
pub(crate) fn other_method() -> Route {
    web::to(|| async {
        let problem = Problem::new(
            Kind::MethodNotAllowed,
            "The token endpoint takes POST only (RFC 6749 3.2).",
        );
        let mut response = TokenError::of(problem).response();
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("POST"));
        response
    })
}

async fn exchanged(
    broker: &Broker,
    site: &Site,
    request: &HttpRequest,
    payload: Payload,
) -> Result<TokenAnswer, TokenError> {
    let caller = key::client(request).await.map_err(TokenError::of)?;
    let form = form(site, request, payload).await.map_err(TokenError::of)?;
    let asked = Asked::read(&form)?;
    let read = CredentialRequest {
        connection: asked.connection,
        min_ttl: None,
        known: Known::Nothing,
        from: site.limits.who(request),
        action: "credential.exchange",
    };
    // What cannot be answered is refused before the log says that something left.
    let form = |export: &Exportable| asked.answer(export).map_err(|refused| (refused.error, refused));
    match broker.read_credential(&caller, read, form).await {
        Ok(Exported::Given(answer)) => Ok(answer),
        Ok(Exported::Withheld(refused)) => Err(refused),
        Ok(Exported::Known { .. }) => Err(TokenError::of(Problem::general(Kind::Internal))),
        Err(problem) => Err(TokenError::of(problem.into())),
    }
}

/// What the form asks for.
struct Asked<'a> {
    connection: &'a str,
    scopes: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(form: &'a [(String, String)]) -> Result<Self, TokenError> {
        // RFC 6749 §3.2: a parameter comes once; one without a value is not there.
        let get = |name: &str| {
            let mut found = form.iter().filter(|(key, value)| key == name && !value.is_empty());
            let first = found.next().map(|(_, value)| value.as_str());
            match found.next() {
                None => Ok(first),
                Some(_) => Err(TokenError::invalid(format!("`{name}` is there twice. Send it once."))),
            }
        };
        let must = |name: &str| get(name)?.ok_or_else(|| TokenError::invalid(format!("`{name}` is missing.")));
        if must("grant_type")? != GRANT {
            return Err(TokenError::new(
                "unsupported_grant_type",
                format!("`grant_type` has to be `{GRANT}`."),
            ));
        }
        if must("subject_token_type")? != CONNECTION {
            return Err(TokenError::invalid(format!(
                "`subject_token_type` has to be `{CONNECTION}`."
            )));
        }
        if get("requested_token_type")?.is_some_and(|kind| kind != ACCESS_TOKEN) {
            return Err(TokenError::invalid(format!(
                "`requested_token_type` can only be `{ACCESS_TOKEN}`."
            )));
        }
        if get("actor_token")?.is_some() || get("actor_token_type")?.is_some() {
            return Err(TokenError::invalid("There is no delegation: send no `actor_token`."));
        }
        if get("resource")?.is_some() || get("audience")?.is_some() {
            let message = "A connection belongs to one service: send neither `resource` nor `audience`.";
            return Err(TokenError::new("invalid_target", message));
        }
        Ok(Self {
            connection: must("subject_token")?,
            scopes: get("scope")?
                .unwrap_or_default()
                .split(' ')
                .filter(|one| !one.is_empty())
                .collect(),
        })
    }

    fn answer(&self, export: &Exportable) -> Result<TokenAnswer, TokenError> {
        let granted = export.scopes.as_deref();
        let all = |granted: &[String]| self.scopes.iter().all(|scope| granted.iter().any(|one| one == scope));
        if !self.scopes.is_empty() && !granted.is_some_and(all) {
            let message = "The service did not grant all of `scope` to this connection. Ask for less, or for nothing.";
            return Err(TokenError::new("invalid_scope", message));
        }
        let (secret, token_type) = match &export.credential {
            Credential::OAuth2(tokens) => (&tokens.access_token, tokens.token_type.clone()),
            Credential::Issued(issued) => (&issued.access_token, "Bearer".to_owned()),
            Credential::OAuth1(_) => {
                return Err(TokenError::invalid(
                    "This connection signs each call: its token alone is of no use. Read it with GET /v1/vault/connections/{id}/credential.",
                ));
            }
            Credential::Fields(fields) => match (fields.values().next(), fields.len()) {
                // RFC 8693 §2.2.1: what is no access token in the sense of OAuth has the type `N_A`.
                (Some(only), 1) => (only, "N_A".to_owned()),
                _ => {
                    return Err(TokenError::invalid(
                        "This connection has several secrets. Read them with GET /v1/vault/connections/{id}/credential.",
                    ));
                }
            },
        };
        Ok(TokenAnswer {
            access_token: Zeroizing::new(secret.expose_secret().to_owned()),
            issued_token_type: ACCESS_TOKEN,
            token_type,
            expires_in: export.expires_in,
            scope: granted.map(|granted| granted.join(" ")),
        })
    }
}

impl TokenError {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            error,
            error_description: description.into(),
            status: StatusCode::BAD_REQUEST,
            cause: None,
        }
    }

    fn invalid(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// A refusal in the words of RFC 6749 §5.2. A connection that cannot be used is `invalid_request` (RFC 8693 §2.2.2).
    fn of(problem: Problem) -> Self {
        let (error, status) = match problem.kind() {
            Kind::Unauthorized => ("invalid_client", StatusCode::UNAUTHORIZED),
            Kind::Forbidden => ("unauthorized_client", StatusCode::BAD_REQUEST),
            Kind::TooManyRequests | Kind::Unavailable => ("temporarily_unavailable", problem.status_code()),
            Kind::Internal => ("server_error", StatusCode::INTERNAL_SERVER_ERROR),
            Kind::PayloadTooLarge | Kind::RequestTimeout | Kind::MethodNotAllowed => {
                ("invalid_request", problem.status_code())
            }
            _ => ("invalid_request", StatusCode::BAD_REQUEST),
        };
        Self {
            error,
            error_description: ascii(&problem.to_string()),
            status,
            cause: Some(Box::new(problem)),
        }
    }

    fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        // `WWW-Authenticate`, `Retry-After` and the limit's headers are the problem's own.
        let headers = self.cause.as_ref().map(|problem| problem.response(None));
        for (name, value) in headers.iter().flat_map(HttpResponse::headers) {
            if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
                response.append_header((name.clone(), value.clone()));
            }
        }
        let mut response = response.json(json!(self));
        response.extensions_mut().insert(AsItIs);
        response
    }
}

/// RFC 6749 §5.2 allows printable ASCII without quotation mark and backslash.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '"' | '\\' | '“' | '”' => '\'',
            '…' => '.',
            character if character == ' ' || character.is_ascii_graphic() => character,
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Vec<String>, &'static str> {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Asked::read(&form)
            .map(|asked| {
                std::iter::once(asked.connection)
                    .chain(asked.scopes)
                    .map(ToOwned::to_owned)
                    .collect()
            })
            .map_err(|error| error.error)
    }

    #[test]
    fn the_form_is_read_as_rfc_8693_says() {
        let good = format!("grant_type={GRANT}&subject_token=a|b&subject_token_type={CONNECTION}");
        assert_eq!(read(&good).unwrap(), ["a|b"]);
        assert_eq!(read(&format!("{good}&scope=x+y&other=1")).unwrap(), ["a|b", "x", "y"]);
        assert_eq!(
            read(&format!("{good}&requested_token_type={ACCESS_TOKEN}")).unwrap(),
            ["a|b"]
        );
        for (form, error) in [
            (String::new(), "invalid_request"),
            ("grant_type=client_credentials".to_owned(), "unsupported_grant_type"),
            (format!("{good}&subject_token=c"), "invalid_request"),
            (good.replace("subject_token=a|b", "subject_token="), "invalid_request"),
            (good.replace("latchkey", "ietf"), "invalid_request"),
            (
                format!("{good}&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token"),
                "invalid_request",
            ),
            (format!("{good}&actor_token=x"), "invalid_request"),
            (format!("{good}&audience=x"), "invalid_target"),
        ] {
            assert_eq!(read(&form), Err(error), "{form}");
        }
    }

    #[test]
    fn descriptions_are_ascii() {
        assert_eq!(ascii("It said: “no \\ \"x\"” … ü"), "It said: 'no ' 'x'' . ?");
    }
}
