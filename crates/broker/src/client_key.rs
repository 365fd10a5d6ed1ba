//! Private keys of operators' OAuth clients: read or made, sealed, and their public halves for whoever asks.

use std::sync::Arc;

use catalog::{Integration, KeyAlgorithm};
use protocol::{SigningKey, UnusableKey};
use serde_json::{Value, json};
use store::{App, AppId, ClientKey};
use vault::SecretString;

use crate::{Broker, Kind, Problem};

/// Longest private key, and the longest id of one.
const KEY: usize = 16 * 1024;
const KEY_ID: usize = 200;

/// What an OAuth client proves itself with.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientSecrets {
    pub(crate) secret: Option<SecretString>,
    pub(crate) key: Option<Arc<SigningKey>>,
}

/// A private key as an operator gives it.
#[derive(Clone, Debug)]
pub enum GivenKey {
    /// In PEM or as a JWK.
    Text(SecretString),
    /// One is to be made here.
    Made,
}

impl GivenKey {
    /// Reads or makes the key of a client of this integration; `id` is its `kid` at the service.
    ///
    /// # Errors
    /// `no_client_key`: the integration takes none. `bad_client_key`: the key is not one that its definition signs with.
    pub fn for_client_of(self, integration: &Integration, id: Option<String>) -> Result<ClientKey, Problem> {
        let name = &integration.name;
        let wanted = wanted_algorithms(integration);
        if wanted.is_empty() {
            return Err(Problem::new(
                Kind::Unprocessable,
                "no_client_key",
                format!("{name} takes no private key: no way to sign in to it has `client_auth: private_key_jwt`."),
            ));
        }
        let is_id = |id: &String| (1..=KEY_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        if id.as_ref().is_some_and(|id| !is_id(id)) {
            return Err(Problem::bad_request(
                "bad_client_key_id",
                format!(
                    "The key's id is empty, longer than {KEY_ID} characters or not one word. Send the `kid` that {name} shows, or none."
                ),
            ));
        }
        let bad = |error: UnusableKey| {
            Problem::bad_request("bad_client_key", format!("The private key cannot be used: {error}."))
        };
        let (key, private) = match self {
            Self::Text(text) => {
                let key = read(&text).map_err(bad)?;
                (key, text)
            }
            Self::Made => {
                if let Some(other) = wanted.iter().flatten().find(|one| **one != KeyAlgorithm::Es256) {
                    return Err(Problem::bad_request(
                        "bad_client_key",
                        format!(
                            "{name} takes keys for {other} only, and none of these is made here. Make one with \
                             `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048` and send it."
                        ),
                    ));
                }
                SigningKey::generate().map_err(|error| Problem::internal(&error.to_string()))?
            }
        };
        let key = key.named(id);
        let mut algorithm = None;
        for one in wanted {
            algorithm = Some(key.algorithm(one).map_err(bad)?);
        }
        let mut public = key.public_jwk();
        public.insert("kid".to_owned(), json!(key.id()));
        public.insert("use".to_owned(), json!("sig"));
        if let Some(algorithm) = algorithm {
            public.insert("alg".to_owned(), json!(algorithm.name()));
        }
        Ok(ClientKey {
            private,
            public: Value::Object(public),
        })
    }
}

fn read(text: &SecretString) -> Result<SigningKey, UnusableKey> {
    use vault::ExposeSecret as _;
    if text.expose_secret().len() > KEY {
        return Err(UnusableKey::Malformed);
    }
    SigningKey::read(text)
}

/// The algorithms that its ways to sign in want of a private key; `None` for one that takes any.
fn wanted_algorithms(integration: &Integration) -> Vec<Option<KeyAlgorithm>> {
    let assertions = integration
        .auth
        .iter()
        .filter_map(|method| method.kind.client_assertion());
    assertions.map(|assertion| assertion.algorithm).collect()
}

impl Broker {
    /// What an app's client proves itself with.
    pub(crate) async fn client_secrets(&self, app: &App) -> Result<ClientSecrets, Problem> {
        let secret = self.store().client_secret(app).await?;
        let key = match &app.public_key {
            None => None,
            Some(public) => self.store().client_key(app).await?.and_then(|text| {
                let id = public.get("kid").and_then(Value::as_str).map(str::to_owned);
                let key = SigningKey::read(&text).inspect_err(
                    |error| tracing::error!(%error, app = %app.id, "the private key of an app cannot be read"),
                );
                Some(Arc::new(key.ok()?.named(id)))
            }),
        };
        Ok(ClientSecrets { secret, key })
    }

    /// The public keys of an app as a JWK Set (RFC 7517 §5), for its service to read. They come from the sealed private key:
    /// a service believes what stands here, and whoever can only write to the database must not say it.
    ///
    /// # Errors
    /// There is no such app, or it has no private key; the database is away.
    pub async fn public_keys(&self, app: AppId) -> Result<Value, Problem> {
        let unknown = || Problem::not_found("A set of public keys at this address");
        let app = self.store().app(app).await?.ok_or_else(unknown)?;
        let told = app.public_key.as_ref().ok_or_else(unknown)?;
        let key = self.client_secrets(&app).await?.key.ok_or_else(unknown)?;
        let mut public = key.public_jwk();
        for name in ["kid", "use", "alg"] {
            public.extend(told.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        Ok(json!({ "keys": [public] }))
    }
}
