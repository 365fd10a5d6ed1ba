//! Signing the calls of an API, each when it is sent.

use bytes::{Bytes, BytesMut};
use catalog::{AuthKind, AuthMethod, Inputs, OAuth1Method, OAuth1Place, OAuth1Signing, RenderError, Slot, Template};
use futures_util::StreamExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use http::request;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use vault::Credential;
use zeroize::Zeroizing;

use super::signature::{Keys, Moment, Parameters, Signed, encoded, foreign, sign};
use crate::egress::{BodyStream, EgressError, body_of};
use crate::oauth2::Scrub;

/// The largest form that is read to be signed, in bytes.
const FORM_LIMIT: usize = 1024 * 1024;
/// What a form says of itself.
const FORM: &str = "application/x-www-form-urlencoded";

/// Why nothing was signed. It names no value.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum SignError {
    /// A template cannot be filled in.
    #[error("the signature cannot be made: {0}")]
    Render(#[from] RenderError),
    /// The secrets would stand in the clear.
    #[error("PLAINTEXT is signed over https only")]
    Clear,
    /// The caller sends what only a signature may hold.
    #[error("`{0}` is a parameter of the signature, which is put in by itself: leave it out")]
    Foreign(String),
    /// The realm, key or token cannot stand in a header.
    #[error("the signature has a character that a header cannot carry")]
    Header,
    /// The operating system gives no randomness.
    #[error("there is no randomness for a nonce")]
    Random,
}

/// What the calls of a connection are signed with.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(super) algorithm: OAuth1Method,
    pub(super) keys: Keys,
    pub(super) realm: Option<String>,
    pub(super) place: OAuth1Place,
}

impl Signer {
    /// That of a way to sign in whose calls are signed. `inputs` hold the credential and, for a sign-in, `app.client_id` and
    /// `app.client_secret`.
    pub(crate) fn new(
        method: Option<&AuthMethod>,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Option<Self>, SignError> {
        let filled = |template: &Template| template.render(inputs, Slot::Plain);
        match (method.map(|method| &method.kind), credential) {
            (Some(AuthKind::OAuth1(oauth1)), Credential::OAuth1(token)) => {
                let keys = Keys {
                    consumer_key: app(inputs, "client_id")?,
                    consumer_secret: app(inputs, "client_secret")?,
                    token: Some((token.token.clone(), token.secret.clone())),
                };
                Self::with(&oauth1.signing, keys, inputs).map(Some)
            }
            (Some(AuthKind::ApiKey(typed)), _) => {
                let Some(calls) = typed.oauth1.as_deref() else {
                    return Ok(None);
                };
                let token = calls.token.as_ref();
                let keys = Keys {
                    consumer_key: filled(&calls.consumer_key)?,
                    consumer_secret: filled(&calls.consumer_secret)?,
                    token: token
                        .map(|(token, secret)| Ok::<_, RenderError>((filled(token)?, filled(secret)?)))
                        .transpose()?,
                };
                Self::with(&calls.signing, keys, inputs).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(super) fn with(signing: &OAuth1Signing, keys: Keys, inputs: &Inputs<'_>) -> Result<Self, SignError> {
        let realm = signing.realm.as_ref().map(|realm| realm.render(inputs, Slot::Header));
        Ok(Self {
            algorithm: signing.method,
            keys,
            realm: realm.transpose()?.map(|realm| realm.expose_secret().to_owned()),
            place: signing.place,
        })
    }

    /// What must not be seen of an answer.
    pub(crate) fn hide_in(&self, scrub: &mut Scrub) {
        hide(scrub, &self.keys.consumer_secret);
        if let Some((token, secret)) = &self.keys.token {
            hide(scrub, token);
            hide(scrub, secret);
        }
    }

    /// Refuses what cannot be signed, before anything is read or sent.
    pub(crate) fn admit(&self, url: &Url) -> Result<(), SignError> {
        if self.algorithm == OAuth1Method::Plaintext && url.scheme() != "https" {
            return Err(SignError::Clear);
        }
        foreign(url.query(), &[]).map_or(Ok(()), |name| Err(SignError::Foreign(name)))
    }

    /// Signs a request (RFC 5849 §3); `extra` are further parameters of the protocol.
    pub(super) fn parameters(
        &self,
        request: (&http::Method, &Url, &[u8]),
        now: i64,
        extra: &[(&'static str, &str)],
    ) -> Result<Parameters, SignError> {
        let (method, url, form) = request;
        self.admit(url)?;
        if let Some(name) = foreign(None, form) {
            return Err(SignError::Foreign(name));
        }
        let moment = Moment::new(now).ok_or(SignError::Random)?;
        let request = Signed {
            method,
            url,
            form,
            extra,
        };
        Ok(sign(self.algorithm, &self.keys, &moment, request))
    }

    /// Signs a call in place; `body` is whole where it is a form.
    pub(crate) fn sign(&self, parts: &mut request::Parts, body: &[u8], now: i64) -> Result<(), SignError> {
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| SignError::Header)?;
        let form = if is_form(&parts.headers) { body } else { &[] };
        let parameters = self.parameters((&parts.method, &url, form), now, &[])?;
        match self.place {
            OAuth1Place::Header | OAuth1Place::Body => {
                let value = parameters.header(self.realm.as_deref()).ok_or(SignError::Header)?;
                parts.headers.insert(AUTHORIZATION, value);
            }
            OAuth1Place::Query => {
                let mut url = url;
                let query = parameters.behind(url.query().unwrap_or_default());
                url.set_query(Some(&query));
                parts.uri = url.as_str().parse().map_err(|_| SignError::Header)?;
            }
        }
        Ok(())
    }

    /// The same for a body that streams: a form is read first, because it is signed too (RFC 5849 §3.4.1.3.1).
    pub(crate) async fn sign_stream(
        &self,
        parts: &mut request::Parts,
        mut body: BodyStream,
        now: i64,
    ) -> Result<BodyStream, EgressError> {
        let whole = if is_form(&parts.headers) && self.algorithm != OAuth1Method::Plaintext {
            let mut whole = BytesMut::new();
            while let Some(piece) = body.next().await {
                let piece = piece?;
                if whole.len() + piece.len() > FORM_LIMIT {
                    return Err(EgressError::TooLarge {
                        limit: FORM_LIMIT as u64,
                        request: true,
                    });
                }
                whole.extend_from_slice(&piece);
            }
            Some(whole.freeze())
        } else {
            None
        };
        let signed = self.sign(parts, whole.as_ref().map_or(&[], Bytes::as_ref), now);
        signed.map_err(|error| EgressError::Unsigned(error.to_string()))?;
        let Some(whole) = whole else { return Ok(body) };
        // It is what was announced, or the announcement was wrong.
        if parts.headers.contains_key(CONTENT_LENGTH) {
            parts.headers.insert(CONTENT_LENGTH, whole.len().into());
        }
        Ok(body_of(whole))
    }
}

/// A secret, also as it stands in a signature of PLAINTEXT (RFC 5849 §3.4.4), and in a header that carries one (§3.5.1).
pub(super) fn hide(scrub: &mut Scrub, secret: &SecretString) {
    scrub.add(secret);
    let once = Zeroizing::new(encoded(secret.expose_secret().as_bytes()));
    let twice = Zeroizing::new(encoded(once.as_bytes()));
    for spelling in [once, twice] {
        scrub.add(&SecretString::from(spelling.as_str()));
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case(FORM)
}

/// A part of the operator's app.
fn app(inputs: &Inputs<'_>, part: &str) -> Result<SecretString, RenderError> {
    let missing = || RenderError::Missing(format!("app.{part}"));
    let template = Template::parse(&format!("${{app.{part}}}")).map_err(|_| missing())?;
    template.render(inputs, Slot::Plain)
}

/// The content type of a form.
pub(super) fn form_type() -> http::HeaderValue {
    http::HeaderValue::from_static(FORM)
}

/// A form of these parameters.
pub(super) fn form_of(pairs: &[(String, Zeroizing<String>)]) -> Zeroizing<String> {
    let mut form = Zeroizing::new(String::new());
    for (name, value) in pairs {
        url::form_urlencoded::Serializer::for_suffix(&mut *form, 0).append_pair(name, value);
    }
    form
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn signer(algorithm: OAuth1Method, place: OAuth1Place) -> Signer {
        Signer {
            algorithm,
            keys: Keys {
                consumer_key: "key".into(),
                consumer_secret: "cs-canary".into(),
                token: Some(("token".into(), "ts-canary".into())),
            },
            realm: None,
            place,
        }
    }

    fn parts(method: &str, url: &str, kind: Option<&str>) -> request::Parts {
        let mut request = http::Request::builder().method(method).uri(url);
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn plaintext_is_for_encrypted_connections_only() {
        let plain = signer(OAuth1Method::Plaintext, OAuth1Place::Header);
        let mut clear = parts("GET", "http://a.test/x", None);
        assert!(matches!(plain.sign(&mut clear, &[], 1), Err(SignError::Clear)));
        assert!(clear.headers.is_empty());
        let mut sealed = parts("GET", "https://a.test/x", None);
        plain.sign(&mut sealed, &[], 1).unwrap();
        let header = &sealed.headers[AUTHORIZATION];
        assert!(header.is_sensitive());
        assert!(
            header
                .to_str()
                .unwrap()
                .ends_with("oauth_signature=\"cs-canary%26ts-canary\"")
        );
        assert!(!format!("{plain:?} {sealed:?}").contains("canary"));
    }

    #[test]
    fn what_plaintext_sends_is_hidden_in_what_comes_back() {
        for place in [OAuth1Place::Header, OAuth1Place::Query] {
            let mut plain = signer(OAuth1Method::Plaintext, place);
            plain.keys.consumer_secret = "cs*~/canary".into();
            let mut scrub = Scrub::default();
            plain.hide_in(&mut scrub);
            let mut call = parts("GET", "https://a.test/x", None);
            plain.sign(&mut call, &[], 1).unwrap();
            let header = call.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap());
            let sent = header.unwrap_or_else(|| call.uri.query().unwrap());
            let (_, signature) = sent.split_once("oauth_signature=").unwrap();
            assert!(signature.contains("canary"), "{signature}");
            let told = scrub.message(signature).unwrap();
            assert!(!told.contains("canary") && told.contains("[hidden]"), "{told}");
        }
    }

    #[test]
    fn a_signature_in_the_query_stands_behind_what_is_there() {
        let signer = signer(OAuth1Method::HmacSha1, OAuth1Place::Query);
        let mut call = parts("GET", "https://a.test/x?b=1&c=%20+", None);
        signer.sign(&mut call, &[], 1_700_000_000).unwrap();
        let query = call.uri.query().unwrap();
        assert!(
            query.starts_with("b=1&c=%20+&oauth_consumer_key=key&oauth_token=token&"),
            "{query}"
        );
        assert!(
            query.contains("&oauth_timestamp=1700000000&") && query.contains("&oauth_signature="),
            "{query}"
        );
        assert!(call.headers.is_empty() && !query.contains("canary"));
    }

    #[tokio::test]
    async fn a_form_is_read_whole_and_everything_else_streams() {
        let signer = signer(OAuth1Method::HmacSha256, OAuth1Place::Header);
        let body = |pieces: Vec<&'static str>| -> BodyStream {
            stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece)))).boxed()
        };
        let whole = async |mut body: BodyStream| {
            let mut pieces = Vec::new();
            while let Some(piece) = body.next().await {
                pieces.push(piece.unwrap());
            }
            pieces
        };
        let mut form = parts(
            "POST",
            "https://a.test/x",
            Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"),
        );
        let sent = signer
            .sign_stream(&mut form, body(vec!["a=1&", "b=2"]), 1)
            .await
            .unwrap();
        assert_eq!(whole(sent).await, ["a=1&b=2"]);
        let mut json = parts("POST", "https://a.test/x", Some("application/json"));
        let sent = signer
            .sign_stream(&mut json, body(vec!["{\"a\":", "1}"]), 1)
            .await
            .unwrap();
        assert_eq!(whole(sent).await.len(), 2, "as it comes");
        let mut own = parts("POST", "https://a.test/x", Some(FORM));
        let refused = signer.sign_stream(&mut own, body(vec!["oauth_token=mine"]), 1).await;
        assert!(matches!(refused, Err(EgressError::Unsigned(_))));
    }
}
