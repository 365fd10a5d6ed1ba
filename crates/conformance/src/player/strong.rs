//! The stronger parts of OAuth 2, from their standards: private keys of clients (RFC 7523 §3), pushed requests (RFC 9126 §2)
//! and tokens that are bound to a key (RFC 9449 §4.3 and §7).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::sent::Sent;
use super::signed::key_for;
use super::{Address, Asked, Reply, Role};
use crate::script::Part;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A signed token taken apart.
struct Jwt {
    header: Value,
    claims: Value,
    message: String,
    signature: Vec<u8>,
}

impl Jwt {
    fn read(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err("a signed token has three parts".to_owned());
        };
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|error| error.to_string());
        let json = |part: &str| serde_json::from_slice(&bytes(part)?).map_err(|error| error.to_string());
        Ok(Self {
            header: json(header)?,
            claims: json(claims)?,
            message: format!("{header}.{claims}"),
            signature: bytes(signature)?,
        })
    }
}

/// The key that a client of this way is set up with.
pub(crate) fn client_key(way: &Part<'_>) -> &'static str {
    let algorithm = way.at("token").at("assertion").at("algorithm");
    key_for(algorithm.text_or("ES256"))
}

fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

impl Role {
    /// A client proves itself with an assertion (RFC 7523 §2.2 and §3, OpenID Connect Core 1.0 §9).
    pub(super) fn compare_assertion(&mut self, sent: &mut Sent, what: &str) -> Result<bool, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let kind = sent.single("client_assertion_type");
        let Some(text) = sent.single("client_assertion") else {
            return Ok(false);
        };
        let jwt = Jwt::read(&text)?;
        let written = way.at("token").at("assertion");
        for key in ["algorithm", "audience", "lifetime"] {
            self.ledger.used(&written.at(key).path);
        }
        let algorithm = written.at("algorithm").text_or("ES256");
        let audience = if written.at("audience").text() == Some("issuer") {
            let issuer = way.at("issuer");
            if issuer.is_there() {
                self.plain(&issuer)?
            } else {
                self.metadata()["issuer"].as_str().unwrap_or_default().to_owned()
            }
        } else {
            let token = self.endpoint(&["token", "url"], "token_endpoint")?;
            token.ok_or("there is no token endpoint")?.place()
        };
        let lifetime = crate::sample::seconds(written.at("lifetime").text_or("60s"))?;
        let claims = &jwt.claims;
        let lives = claims["exp"].as_u64().zip(claims["iat"].as_u64());
        let wrong = [
            (kind.as_deref() != Some(ASSERTION_TYPE), "client_assertion_type"),
            (jwt.header["alg"] != algorithm, "alg"),
            (!jwt.header["kid"].is_string(), "kid"),
            (claims["iss"] != self.client.id.as_str(), "iss"),
            (claims["sub"] != self.client.id.as_str(), "sub"),
            (claims["aud"] != audience.as_str(), "aud"),
            (lives.map(|(end, begin)| end - begin) != Some(lifetime), "exp"),
            (!self.issued.once.insert(claims["jti"].to_string()), "jti"),
            (!is_signed(algorithm, client_key(&way), &jwt)?, "the signature"),
        ];
        for (_, member) in wrong.iter().filter(|(wrong, _)| *wrong) {
            self.complain(format!(
                "{what}: {member} of the client's assertion is wrong: {}",
                jwt.claims
            ));
        }
        Ok(true)
    }

    /// An authorization request that is sent ahead (RFC 9126 §2.1), if it is one.
    pub(super) fn pushed(&mut self, asked: &Asked, way: &Part<'_>) -> Result<Option<Reply>, String> {
        let written = way.at("authorize").at("pushed");
        if !written.is_there() {
            return Ok(None);
        }
        let endpoint = self.endpoint(&["authorize", "pushed", "url"], "pushed_authorization_request_endpoint")?;
        let Some(endpoint) = endpoint.filter(|endpoint| asked.address.is_at(endpoint)) else {
            return Ok(None);
        };
        self.ledger.used(&written.path);
        let token = way.at("token");
        let mut sent = self.sent(asked, &endpoint, "post", "form", "pushed");
        let inputs = self.inputs();
        self.compare_headers(asked, &[token.at("headers")], false, &inputs)?;
        let auth = token.at("client_auth");
        let mut form: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
        let names = token.at("names");
        let id = way
            .at("authorize")
            .at("names")
            .at("client_id")
            .text_or("client_id")
            .to_owned();
        if form.iter().filter(|(name, _)| *name == id).count() != 1 {
            self.complain("pushed: the client's id is not there once");
        }
        self.compare_client(&auth, &names, false, asked, &mut sent, "pushed")?;
        let of_client = [
            names.at("client_secret").text_or("client_secret"),
            "client_assertion",
            "client_assertion_type",
        ];
        form.retain(|(name, _)| !of_client.contains(&name.as_str()));
        if form.iter().any(|(name, _)| name == "request_uri") {
            self.complain("pushed: there is a request_uri");
        }
        self.issued.count += 1;
        let reference = format!(
            "urn:ietf:params:oauth:request_uri:{}-{}",
            self.script.id, self.issued.count
        );
        self.issued.pushed = Some((reference.clone(), form));
        let body = json!({ "request_uri": reference, "expires_in": 60 });
        Ok(Some(Reply::json(201, &body)))
    }

    /// The parameters of an authorization request: its own, or those that were sent ahead, of which it carries a reference
    /// alone (RFC 9126 §4).
    pub(super) fn taken_ahead(
        &mut self,
        way: &Part<'_>,
        given: Vec<(String, String)>,
    ) -> Result<Vec<(String, String)>, String> {
        if !way.at("authorize").at("pushed").is_there() {
            return Ok(given);
        }
        let id = way.at("authorize").at("names").at("client_id").text_or("client_id");
        let (reference, form) = self.issued.pushed.take().ok_or("nothing was sent ahead")?;
        let expected = [
            (id.to_owned(), self.client.id.clone()),
            ("request_uri".to_owned(), reference),
        ];
        if given != expected {
            return Err(format!("a request that was sent ahead carries {given:?}"));
        }
        Ok(form)
    }

    /// Whether tokens of this way are bound to keys.
    pub(super) fn is_bound(&mut self) -> bool {
        let script = Arc::clone(&self.script);
        let dpop = script.ways()[self.way].at("dpop");
        self.ledger.used(&dpop.path);
        dpop.is_true()
    }

    /// The proof of a request (RFC 9449 §4.3): the thumbprint of its key. `Err` with an answer: it lacks the nonce, which
    /// is another one for each connection and each side.
    pub(super) fn proof(
        &mut self,
        asked: &Asked,
        token: Option<&str>,
        what: &str,
    ) -> Result<Result<String, Reply>, String> {
        let proofs = asked.header("dpop");
        let [proof] = proofs.as_slice() else {
            return Err(format!("{what}: there are {} proofs", proofs.len()));
        };
        let jwt = Jwt::read(proof)?;
        let (claims, jwk) = (&jwt.claims, &jwt.header["jwk"]);
        let side = if token.is_some() { "api" } else { "server" };
        let nonce = format!("{side}-nonce-{}-{}", self.script.id, self.issued.nonces);
        let target = asked.address.place();
        let same_target = claims["htu"]
            .as_str()
            .is_some_and(|htu| !htu.contains(['?', '#']) && Address::parse(htu).is_ok_and(|htu| htu.place() == target));
        let member = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
        let point = [
            vec![4],
            URL_SAFE_NO_PAD.decode(member("x")).unwrap_or_default(),
            URL_SAFE_NO_PAD.decode(member("y")).unwrap_or_default(),
        ]
        .concat();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        let wrong = [
            (jwt.header["typ"] != "dpop+jwt", "typ"),
            (jwt.header["alg"] != "ES256", "alg"),
            (jwk.as_object().is_none_or(|jwk| jwk.len() != 4), "jwk"),
            (claims["htm"] != asked.method.as_str(), "htm"),
            (!same_target, "htu"),
            (claims["ath"].as_str().map(str::to_owned) != token.map(digest), "ath"),
            (!self.issued.once.insert(claims["jti"].to_string()), "jti"),
            (
                public.verify(jwt.message.as_bytes(), &jwt.signature).is_err(),
                "the signature",
            ),
        ];
        for (_, name) in wrong.iter().filter(|(wrong, _)| *wrong) {
            self.complain(format!(
                "{what}: {name} of the proof is wrong: {} {}",
                jwt.header, jwt.claims
            ));
        }
        if claims["nonce"] != nonce.as_str() {
            let (status, body) = match token {
                None => (400, json!({ "error": "use_dpop_nonce" })),
                Some(_) => (401, json!({ "error": "unauthorized" })),
            };
            let mut reply = Reply::json(status, &body);
            reply.headers.push(("dpop-nonce".to_owned(), nonce));
            if token.is_some() {
                reply.headers.push((
                    "www-authenticate".to_owned(),
                    "DPoP error=\"use_dpop_nonce\"".to_owned(),
                ));
            }
            return Ok(Err(reply));
        }
        // RFC 7638 §3.2
        let required = json!({ "crv": member("crv"), "kty": member("kty"), "x": member("x"), "y": member("y") });
        Ok(Ok(digest(&required.to_string())))
    }

    /// A call with a token that is bound to a key carries a proof of it. An answer: it lacks the nonce.
    pub(super) fn compare_bound(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        if !self.is_bound() {
            return Ok(None);
        }
        let token = asked.header("authorization").concat();
        let Some(token) = token.strip_prefix("DPoP ") else {
            return Ok(None);
        };
        let key = match self.proof(asked, Some(token), "call")? {
            Ok(key) => key,
            Err(reply) => return Ok(Some(reply)),
        };
        if self.issued.grants.last().and_then(|grant| grant.key.as_ref()) != Some(&key) {
            self.complain("call: the proof is of another key than the token's");
        }
        Ok(None)
    }
}

fn is_signed(algorithm: &str, key: &str, jwt: &Jwt) -> Result<bool, String> {
    let pem = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|error| error.to_string())?;
    let der = pem.secret_pkcs8_der();
    let (message, signature) = (jwt.message.as_bytes(), jwt.signature.as_slice());
    if algorithm == "ES256" {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
        let public = pair.map_err(|error| error.to_string())?.public_key().as_ref().to_vec();
        return Ok(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(message, signature)
            .is_ok());
    }
    let parameters = match algorithm {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        other => return Err(format!("the player does not know `{other}`")),
    };
    let pair = RsaKeyPair::from_pkcs8(der).map_err(|error| error.to_string())?;
    let public = UnparsedPublicKey::new(parameters, pair.public_key().as_ref().to_vec());
    Ok(public.verify(message, signature).is_ok())
}
