//! Private keys that sign JSON Web Tokens (RFC 7515): RSA, and the curve P-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::KeyAlgorithm;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
    RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Bytes of a number that is used once, as `jti`.
const ONCE: usize = 16;

/// Why a text is no key to sign with. It says what to give instead, and nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableKey {
    /// Something else.
    #[error("it is neither a private key in PEM nor a private JSON Web Key (JWK)")]
    Malformed,
    /// A public key or a certificate.
    #[error("it is a public key or a certificate: give the private key")]
    Public,
    /// A key under a password.
    #[error("it is under a password: give the key without, as `openssl pkcs8 -topk8 -nocrypt` writes it")]
    Encrypted,
    /// The old form of a key on a curve (RFC 5915).
    #[error("it is in the old form of keys on a curve: give what `openssl pkcs8 -topk8 -nocrypt` makes of it")]
    OldForm,
    /// Several keys.
    #[error("it is a set of keys: give one of its `keys`")]
    Set,
    /// A kind of key that is not used, or too short a one.
    #[error("it is neither an RSA key of 2048 to 4096 bits nor one on the curve P-256")]
    Kind,
    /// The key is of another kind than the algorithm takes.
    #[error("{0} takes {kind}, and this is another one", kind = kind_for(*.0))]
    Algorithm(KeyAlgorithm),
    /// The operating system gave no randomness.
    #[error("no key can be made now; try again")]
    NoRandomness,
}

fn kind_for(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rs256 | KeyAlgorithm::Ps256 => "an RSA key",
        KeyAlgorithm::Es256 => "a key on the curve P-256",
    }
}

/// A private key.
pub struct SigningKey {
    pair: Pair,
    id: Option<String>,
    algorithm: Option<KeyAlgorithm>,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningKey")
    }
}

impl SigningKey {
    /// Reads a key in PEM (PKCS #8, or PKCS #1 for RSA) or a JWK (RFC 7517), whose `kid` and `alg` count.
    pub fn read(text: &SecretString) -> Result<Self, UnusableKey> {
        Self::of_text(text.expose_secret())
    }

    pub(crate) fn of_text(text: &str) -> Result<Self, UnusableKey> {
        let text = text.trim();
        if text.starts_with('{') {
            return of_jwk(text);
        }
        let key = private_key(text).ok_or_else(|| no_key(text))?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()))?,
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
                match curve {
                    Ok(pair) => Pair::P256(Box::new(pair)),
                    Err(_) => rsa(RsaKeyPair::from_pkcs8(der))?,
                }
            }
            PrivateKeyDer::Sec1(_) => return Err(UnusableKey::OldForm),
            _ => return Err(UnusableKey::Kind),
        };
        Ok(Self {
            pair,
            id: None,
            algorithm: None,
        })
    }

    /// Makes a key on the curve P-256; its PEM is to be sealed.
    pub fn generate() -> Result<(Self, SecretString), UnusableKey> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| UnusableKey::NoRandomness)?;
        let body = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(made.as_ref()));
        let mut pem = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
        for (index, letter) in body.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END PRIVATE KEY-----\n");
        Ok((Self::of_text(&pem)?, SecretString::from(pem.as_str())))
    }

    /// The same under another id (`kid`).
    #[must_use]
    pub fn named(mut self, id: Option<String>) -> Self {
        if id.is_some() {
            self.id = id;
        }
        self
    }

    /// Its id (`kid`): the given one, else its thumbprint (RFC 7638).
    pub fn id(&self) -> String {
        self.id.clone().unwrap_or_else(|| self.thumbprint())
    }

    /// What it signs with: the wanted algorithm, else that of its JWK, else the usual one of its kind.
    pub fn algorithm(&self, wanted: Option<KeyAlgorithm>) -> Result<KeyAlgorithm, UnusableKey> {
        let usual = match &self.pair {
            Pair::Rsa(_) => KeyAlgorithm::Rs256,
            Pair::P256(_) => KeyAlgorithm::Es256,
        };
        let algorithm = wanted.or(self.algorithm).unwrap_or(usual);
        let is_curve = matches!(self.pair, Pair::P256(_));
        if is_curve == (algorithm == KeyAlgorithm::Es256) {
            Ok(algorithm)
        } else {
            Err(UnusableKey::Algorithm(algorithm))
        }
    }

    /// The public half as a JWK with nothing but the key itself.
    pub fn public_jwk(&self) -> Map<String, Value> {
        let text = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
        let members = match &self.pair {
            Pair::Rsa(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                vec![("e", text(&public.e)), ("kty", json!("RSA")), ("n", text(&public.n))]
            }
            Pair::P256(pair) => {
                // An uncompressed point: 4, and both coordinates of 32 bytes (SEC 1 §2.3.3).
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
                vec![
                    ("crv", json!("P-256")),
                    ("kty", json!("EC")),
                    ("x", text(x)),
                    ("y", text(y)),
                ]
            }
        };
        object(members)
    }

    /// The SHA-256 thumbprint of the public half (RFC 7638).
    pub fn thumbprint(&self) -> String {
        // Its members are the required ones, and an object keeps them in the order of their names.
        URL_SAFE_NO_PAD.encode(Sha256::digest(Value::Object(self.public_jwk()).to_string()))
    }

    /// A signed token with these claims; `header` is what stands beside `alg`.
    pub fn sign(
        &self,
        algorithm: KeyAlgorithm,
        mut header: Map<String, Value>,
        claims: Map<String, Value>,
    ) -> Result<SecretString, UnusableKey> {
        header.insert("alg".to_owned(), Value::from(algorithm.name()));
        let part = |members: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(members).to_string());
        let mut token = Zeroizing::new(format!("{}.{}", part(header), part(claims)));
        let signature = self.signature(algorithm, token.as_bytes())?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(SecretString::from(token.as_str()))
    }

    /// The signature of RFC 7518 §3.3 to §3.5.
    pub(crate) fn signature(&self, algorithm: KeyAlgorithm, message: &[u8]) -> Result<Vec<u8>, UnusableKey> {
        let random = SystemRandom::new();
        let failed = |_| UnusableKey::NoRandomness;
        let encoding: &'static dyn RsaEncoding = match algorithm {
            KeyAlgorithm::Ps256 => &RSA_PSS_SHA256,
            KeyAlgorithm::Rs256 | KeyAlgorithm::Es256 => &RSA_PKCS1_SHA256,
        };
        match (&self.pair, self.algorithm(Some(algorithm))?) {
            (Pair::Rsa(pair), _) => {
                let mut made = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &random, message, &mut made).map_err(failed)?;
                Ok(made)
            }
            (Pair::P256(pair), _) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

/// Members of a header, of claims or of a key.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Map<String, Value> {
    let owned = |(name, value): (&str, Value)| (name.to_owned(), value);
    members.into_iter().map(owned).collect()
}

/// A text that nobody else sends, as `jti`.
pub(crate) fn once() -> Result<String, UnusableKey> {
    let mut bytes = [0; ONCE];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| UnusableKey::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn rsa<E>(read: Result<RsaKeyPair, E>) -> Result<Pair, UnusableKey> {
    read.map(|pair| Pair::Rsa(Box::new(pair)))
        .map_err(|_| UnusableKey::Kind)
}

/// What a text is that is no private key in PEM.
fn no_key(text: &str) -> UnusableKey {
    let label = text
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split("-----").next());
    match label {
        Some("ENCRYPTED PRIVATE KEY") => UnusableKey::Encrypted,
        Some(label) if label.contains("PUBLIC KEY") || label.contains("CERTIFICATE") => UnusableKey::Public,
        _ if text.contains("ENCRYPTED") => UnusableKey::Encrypted,
        _ => UnusableKey::Malformed,
    }
}

/// RFC 7517, and RFC 7518 §6.
fn of_jwk(text: &str) -> Result<SigningKey, UnusableKey> {
    let jwk: Map<String, Value> = serde_json::from_str(text).map_err(|_| UnusableKey::Malformed)?;
    if jwk.contains_key("keys") {
        return Err(UnusableKey::Set);
    }
    let said = |name: &str| jwk.get(name).and_then(Value::as_str);
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(said(name)?.trim_end_matches('=')).ok()?;
        Some(Zeroizing::new(bytes))
    };
    let needed = |name: &str| number(name).ok_or(UnusableKey::Malformed);
    if matches!(said("kty"), Some("RSA" | "EC")) && !jwk.contains_key("d") {
        return Err(UnusableKey::Public);
    }
    let pair = match (said("kty"), said("crv")) {
        (Some("EC"), Some("P-256")) => {
            let mut point = vec![4];
            point.extend_from_slice(&needed("x")?);
            point.extend_from_slice(&needed("y")?);
            let pair = EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &needed("d")?,
                &point,
                &SystemRandom::new(),
            );
            Pair::P256(Box::new(pair.map_err(|_| UnusableKey::Kind)?))
        }
        (Some("RSA"), _) => {
            let parts = [
                needed("n")?,
                needed("e")?,
                needed("d")?,
                needed("p")?,
                needed("q")?,
                needed("dp")?,
                needed("dq")?,
                needed("qi")?,
            ];
            let [modulus, exponent, private, first, second, of_first, of_second, inverse] =
                parts.each_ref().map(|part| part.as_slice());
            rsa(RsaKeyPair::from_components(&KeyPairComponents {
                public_key: PublicKeyComponents {
                    n: modulus,
                    e: exponent,
                },
                d: private,
                p: first,
                q: second,
                dP: of_first,
                dQ: of_second,
                qInv: inverse,
            }))?
        }
        (Some(_), _) => return Err(UnusableKey::Kind),
        (None, _) => return Err(UnusableKey::Malformed),
    };
    let algorithm = match said("alg") {
        None => None,
        Some(name) => Some(KeyAlgorithm::from_name(name).ok_or(UnusableKey::Kind)?),
    };
    let key = SigningKey {
        pair,
        id: said("kid").map(str::to_owned),
        algorithm,
    };
    key.algorithm(None)?;
    Ok(key)
}

/// A key in PEM. One that was pasted into a single line, or has `\n` written out as in a JSON file, is read too.
fn private_key(text: &str) -> Option<PrivateKeyDer<'static>> {
    let text = Zeroizing::new(text.replace("\\n", "\n"));
    if let Ok(key) = PrivateKeyDer::from_pem_slice(text.as_bytes()) {
        return Some(key);
    }
    let rest = text.trim().strip_prefix("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_whitespace().collect();
    let lines = Zeroizing::new(format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"));
    PrivateKeyDer::from_pem_slice(lines.as_bytes()).ok()
}

#[cfg(test)]
mod tests;
