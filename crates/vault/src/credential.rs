//! What is sealed: the tokens of an OAuth grant or the values that a person typed in.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Typed-in values by the field's name.
pub type Fields = BTreeMap<String, SecretString>;

/// The secret of a connection. It has no `Serialize`: only [`Credential::to_plaintext`] turns it into bytes, and only
/// to be sealed.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Tokens of an OAuth 2 grant (RFC 6749 §5.1).
    OAuth2(OAuth2Tokens),
    /// Token credentials of OAuth 1 (RFC 5849 §2.3).
    OAuth1(OAuth1Token),
    /// Typed-in secrets: an API key, or several fields.
    Fields(Fields),
    /// Typed-in secrets and the token that the service gave for them.
    Issued(IssuedToken),
}

/// A token that was given for typed-in values, which buy the next one.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// What the person typed in.
    pub fields: Fields,
    /// Sent with each call.
    pub access_token: SecretString,
}

/// Token credentials of OAuth 1: the token names the grant, and the secret signs.
#[derive(Clone, Debug)]
pub struct OAuth1Token {
    /// `oauth_token`.
    pub token: SecretString,
    /// `oauth_token_secret`; it is never sent, but with PLAINTEXT.
    pub secret: SecretString,
}

/// The tokens of an OAuth 2 grant.
#[derive(Clone, Debug)]
pub struct OAuth2Tokens {
    /// Sent with each call.
    pub access_token: SecretString,
    /// Buys the next access token, where the service gives one.
    pub refresh_token: Option<SecretString>,
    /// As the service wrote it; `Bearer` when it wrote none.
    pub token_type: String,
    /// The client that was registered for this grant alone, where there is no app with one.
    pub client: Option<RegisteredClient>,
    /// The private key that the tokens are bound to (RFC 9449), where they are.
    pub dpop_key: Option<SecretString>,
}

/// A client that was registered at an authorization server by ourselves (RFC 7591).
#[derive(Clone, Debug)]
pub struct RegisteredClient {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; public clients have none.
    pub secret: Option<SecretString>,
    /// `token_endpoint_auth_method`: `none`, `client_secret_basic` or `client_secret_post`.
    pub authentication: String,
}

/// Bytes that were unsealed but are not a credential: written by another version, or damaged.
#[derive(Debug, thiserror::Error)]
#[error("the unsealed bytes are not a credential")]
pub struct CredentialError;

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Plain {
    #[serde(rename = "oauth2")]
    OAuth2 {
        access_token: Zeroizing<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_token: Option<Zeroizing<String>>,
        token_type: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<PlainClient>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dpop_key: Option<Zeroizing<String>>,
    },
    #[serde(rename = "oauth1")]
    OAuth1 {
        oauth_token: Zeroizing<String>,
        oauth_token_secret: Zeroizing<String>,
    },
    Fields {
        fields: BTreeMap<String, Zeroizing<String>>,
    },
    Issued {
        fields: BTreeMap<String, Zeroizing<String>>,
        access_token: Zeroizing<String>,
    },
}

#[derive(Serialize, Deserialize)]
struct PlainClient {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Zeroizing<String>>,
    authentication: String,
}

impl Credential {
    /// The bytes to seal; they are wiped when dropped.
    pub fn to_plaintext(&self) -> Zeroizing<Vec<u8>> {
        let copy = |secret: &SecretString| Zeroizing::new(secret.expose_secret().to_owned());
        let copies = |fields: &Fields| fields.iter().map(|(name, value)| (name.clone(), copy(value))).collect();
        let plain = match self {
            Self::OAuth2(tokens) => Plain::OAuth2 {
                access_token: copy(&tokens.access_token),
                refresh_token: tokens.refresh_token.as_ref().map(copy),
                token_type: tokens.token_type.clone(),
                client: tokens.client.as_ref().map(|client| PlainClient {
                    id: client.id.clone(),
                    secret: client.secret.as_ref().map(copy),
                    authentication: client.authentication.clone(),
                }),
                dpop_key: tokens.dpop_key.as_ref().map(copy),
            },
            Self::OAuth1(token) => Plain::OAuth1 {
                oauth_token: copy(&token.token),
                oauth_token_secret: copy(&token.secret),
            },
            Self::Fields(fields) => Plain::Fields { fields: copies(fields) },
            Self::Issued(issued) => Plain::Issued {
                fields: copies(&issued.fields),
                access_token: copy(&issued.access_token),
            },
        };
        // Maps with text keys and plain texts: serialisation cannot fail, and an empty result would not parse back.
        Zeroizing::new(serde_json::to_vec(&plain).unwrap_or_default())
    }

    /// Reads what [`Credential::to_plaintext`] wrote.
    pub fn from_plaintext(bytes: &[u8]) -> Result<Self, CredentialError> {
        let secret = |text: Zeroizing<String>| SecretString::from(text.as_str());
        let secrets = |fields: BTreeMap<String, Zeroizing<String>>| -> Fields {
            fields.into_iter().map(|(name, value)| (name, secret(value))).collect()
        };
        Ok(match serde_json::from_slice(bytes).map_err(|_| CredentialError)? {
            Plain::OAuth2 {
                access_token,
                refresh_token,
                token_type,
                client,
                dpop_key,
            } => Self::OAuth2(OAuth2Tokens {
                access_token: secret(access_token),
                refresh_token: refresh_token.map(secret),
                token_type,
                client: client.map(|client| RegisteredClient {
                    id: client.id,
                    secret: client.secret.map(secret),
                    authentication: client.authentication,
                }),
                dpop_key: dpop_key.map(secret),
            }),
            Plain::OAuth1 {
                oauth_token,
                oauth_token_secret,
            } => Self::OAuth1(OAuth1Token {
                token: secret(oauth_token),
                secret: secret(oauth_token_secret),
            }),
            Plain::Fields { fields } => Self::Fields(secrets(fields)),
            Plain::Issued { fields, access_token } => Self::Issued(IssuedToken {
                fields: secrets(fields),
                access_token: secret(access_token),
            }),
        })
    }

    /// The tokens, when this is an OAuth 2 credential.
    pub fn tokens(&self) -> Option<&OAuth2Tokens> {
        match self {
            Self::OAuth2(tokens) => Some(tokens),
            Self::OAuth1(_) | Self::Fields(_) | Self::Issued(_) => None,
        }
    }

    /// What a person typed in.
    pub fn typed(&self) -> Option<&Fields> {
        match self {
            Self::OAuth2(_) | Self::OAuth1(_) => None,
            Self::Fields(fields) => Some(fields),
            Self::Issued(issued) => Some(&issued.fields),
        }
    }

    /// Whether these values are the ones that a person typed in, each compared in constant time.
    pub fn was_typed(&self, values: &Fields) -> bool {
        let same = |kept: &SecretString, given: &SecretString| -> bool {
            let (kept, given) = (kept.expose_secret().as_bytes(), given.expose_secret().as_bytes());
            kept.ct_eq(given).into()
        };
        self.typed().is_some_and(|typed| {
            let mut pairs = typed.iter().zip(values);
            typed.len() == values.len()
                && pairs.all(|((name, kept), (other, given))| name == other && same(kept, given))
        })
    }

    /// Whether it can be renewed without the person: by a refresh token, or by what was typed in.
    pub fn is_renewable(&self) -> bool {
        match self {
            Self::OAuth2(tokens) => tokens.refresh_token.is_some(),
            Self::OAuth1(_) | Self::Fields(_) => false,
            Self::Issued(_) => true,
        }
    }

    /// The values of this credential as templates name them: `credential.access_token`, `credential.api_key` …
    pub fn values(&self) -> Vec<(&str, &SecretString)> {
        match self {
            Self::OAuth2(tokens) => {
                let mut values = vec![("access_token", &tokens.access_token)];
                values.extend(tokens.refresh_token.as_ref().map(|token| ("refresh_token", token)));
                values
            }
            Self::OAuth1(token) => vec![("oauth_token", &token.token), ("oauth_token_secret", &token.secret)],
            Self::Fields(fields) => fields.iter().map(|(name, value)| (name.as_str(), value)).collect(),
            Self::Issued(issued) => {
                let mut values = vec![("access_token", &issued.access_token)];
                values.extend(issued.fields.iter().map(|(name, value)| (name.as_str(), value)));
                values
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back() {
        let tokens = Credential::OAuth2(OAuth2Tokens {
            access_token: "at-canary".into(),
            refresh_token: Some("rt-canary".into()),
            token_type: "Bearer".into(),
            client: Some(RegisteredClient {
                id: "c-1".into(),
                secret: Some("cs-canary".into()),
                authentication: "client_secret_basic".into(),
            }),
            dpop_key: Some("dk-canary".into()),
        });
        let same = Credential::from_plaintext(&tokens.to_plaintext()).unwrap();
        assert_eq!(
            same.tokens().unwrap().refresh_token.as_ref().unwrap().expose_secret(),
            "rt-canary"
        );
        let client = same.tokens().unwrap().client.as_ref().unwrap();
        assert_eq!(client.secret.as_ref().unwrap().expose_secret(), "cs-canary");
        let key = same.tokens().unwrap().dpop_key.as_ref().unwrap();
        assert_eq!(key.expose_secret(), "dk-canary");
        // Templates cannot name the key.
        assert!(
            same.values()
                .iter()
                .all(|(_, value)| value.expose_secret() != "dk-canary")
        );

        let fields = Credential::Fields([("api_key".to_owned(), SecretString::from("k-canary"))].into());
        let same = Credential::from_plaintext(&fields.to_plaintext()).unwrap();
        assert_eq!(same.values()[0].0, "api_key");
        assert_eq!(same.values()[0].1.expose_secret(), "k-canary");

        let signing = Credential::OAuth1(OAuth1Token {
            token: "t-canary".into(),
            secret: "ts-canary".into(),
        });
        assert!(!format!("{signing:?}").contains("canary"));
        let same = Credential::from_plaintext(&signing.to_plaintext()).unwrap();
        let values: Vec<_> = same
            .values()
            .into_iter()
            .map(|(name, value)| (name, value.expose_secret()))
            .collect();
        assert_eq!(
            values,
            [("oauth_token", "t-canary"), ("oauth_token_secret", "ts-canary")]
        );
        // Nothing that takes tokens or typed-in values takes it for such.
        assert!(same.tokens().is_none() && same.typed().is_none() && !same.is_renewable());

        let issued = Credential::Issued(IssuedToken {
            fields: [("password".to_owned(), SecretString::from("p-canary"))].into(),
            access_token: "at-canary".into(),
        });
        assert!(!format!("{issued:?}").contains("canary"));
        let same = Credential::from_plaintext(&issued.to_plaintext()).unwrap();
        let values: Vec<_> = same
            .values()
            .into_iter()
            .map(|(name, value)| (name, value.expose_secret()))
            .collect();
        assert_eq!(values, [("access_token", "at-canary"), ("password", "p-canary")]);
        assert!(same.is_renewable() && same.tokens().is_none() && same.typed().is_some());
    }

    #[test]
    fn typed_in_values_are_the_same_all_together_or_not() {
        let fields = |values: &[(&str, &str)]| -> Fields {
            let values = values.iter();
            values
                .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)))
                .collect()
        };
        let two = [("password", "p"), ("user", "u")];
        let issued = Credential::Issued(IssuedToken {
            fields: fields(&two),
            access_token: "at".into(),
        });
        for kept in [Credential::Fields(fields(&two)), issued] {
            assert!(kept.was_typed(&fields(&two)));
            for other in [
                &[("password", "p")][..],
                &[("password", "p"), ("user", "u"), ("zone", "z")],
                &[("password", "p"), ("user", "v")],
                &[("password", "p"), ("users", "u")],
                &[],
            ] {
                assert!(!kept.was_typed(&fields(other)), "{other:?}");
            }
        }
        assert!(Credential::Fields(Fields::new()).was_typed(&Fields::new()));
        let signing = Credential::OAuth1(OAuth1Token {
            token: "t".into(),
            secret: "s".into(),
        });
        assert!(!signing.was_typed(&Fields::new()));
    }

    #[test]
    fn what_earlier_versions_sealed_is_read() {
        for (bytes, name) in [
            (
                r#"{"kind":"oauth2","access_token":"a","token_type":"Bearer"}"#,
                "access_token",
            ),
            (r#"{"kind":"fields","fields":{"api_key":"k"}}"#, "api_key"),
            (
                r#"{"kind":"issued","fields":{"user":"u"},"access_token":"a"}"#,
                "access_token",
            ),
        ] {
            let read = Credential::from_plaintext(bytes.as_bytes()).unwrap();
            assert_eq!(read.values()[0].0, name);
        }
        // A shape is never taken for another.
        for bytes in [
            r#"{"kind":"oauth1","access_token":"a","token_type":"Bearer"}"#,
            r#"{"kind":"oauth2","oauth_token":"a","oauth_token_secret":"b"}"#,
        ] {
            assert!(Credential::from_plaintext(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }

    #[test]
    fn what_was_sealed_before_there_were_keys_reads_as_it_was() {
        let before = br#"{"kind":"oauth2","access_token":"at","refresh_token":"rt","token_type":"Bearer"}"#;
        let read = Credential::from_plaintext(before).unwrap();
        let tokens = read.tokens().unwrap();
        assert!(tokens.client.is_none() && tokens.dpop_key.is_none());
        assert_eq!(read.to_plaintext().as_slice(), before);
    }

    #[test]
    fn debug_shows_no_secret() {
        let tokens = Credential::OAuth2(OAuth2Tokens {
            access_token: "at-canary".into(),
            refresh_token: Some("rt-canary".into()),
            token_type: "Bearer".into(),
            client: Some(RegisteredClient {
                id: "c-1".into(),
                secret: Some("cs-canary".into()),
                authentication: "client_secret_basic".into(),
            }),
            dpop_key: Some("dk-canary".into()),
        });
        assert!(!format!("{tokens:?}").contains("canary"));
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        assert!(Credential::from_plaintext(b"{\"kind\":\"other\"}").is_err());
        assert!(Credential::from_plaintext(&[]).is_err());
    }
}
