use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use super::*;

const RSA: &str = include_str!("../login/tests/rsa.pkcs8.pem");
const RSA_PKCS1: &str = include_str!("../login/tests/rsa.pkcs1.pem");
/// RFC 7515 appendix A.3: a key on P-256.
const P256_JWK: &str = r#"{"kty":"EC","crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
/// [`RSA`] as another implementation writes it, with the thumbprint that it counts.
const RSA_JWK: &str = include_str!("tests/rsa.jwk.json");

fn read(text: &str) -> Result<SigningKey, UnusableKey> {
    SigningKey::read(&SecretString::from(text))
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

/// Verified with what the public JWK says, and with nothing else.
fn is_signed(key: &SigningKey, algorithm: KeyAlgorithm) -> bool {
    let token = key.sign(algorithm, Map::new(), Map::new()).unwrap();
    let (message, signature) = token.expose_secret().rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let jwk = key.public_jwk();
    if algorithm == KeyAlgorithm::Es256 {
        let point = [vec![4], bytes(&jwk, "x"), bytes(&jwk, "y")].concat();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        return public.verify(message.as_bytes(), &signature).is_ok();
    }
    let parameters = match algorithm {
        KeyAlgorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    };
    RsaPublicKeyComponents {
        n: bytes(&jwk, "n"),
        e: bytes(&jwk, "e"),
    }
    .verify(parameters, message.as_bytes(), &signature)
    .is_ok()
}

#[test]
fn keys_in_each_form_sign_what_their_public_half_verifies() {
    let (made, pem) = SigningKey::generate().unwrap();
    for key in [made, SigningKey::read(&pem).unwrap(), read(P256_JWK).unwrap()] {
        assert_eq!(key.algorithm(None), Ok(KeyAlgorithm::Es256));
        assert!(is_signed(&key, KeyAlgorithm::Es256));
    }
    for text in [RSA, RSA_PKCS1, &RSA.replace('\n', "\\n"), RSA_JWK] {
        let key = read(text).unwrap();
        assert_eq!(key.algorithm(None), Ok(KeyAlgorithm::Rs256));
        assert!(is_signed(&key, KeyAlgorithm::Rs256) && is_signed(&key, KeyAlgorithm::Ps256));
    }
}

#[test]
fn the_thumbprint_is_that_of_another_implementation() {
    let whole: Value = serde_json::from_str(RSA_JWK).unwrap();
    assert_eq!(
        read(RSA_JWK).unwrap().thumbprint(),
        whole["thumbprint"].as_str().unwrap()
    );
    let same = read(RSA).unwrap();
    assert_eq!(same.id(), same.thumbprint());
    assert_eq!(same.named(Some("mine".to_owned())).id(), "mine");
}

#[test]
fn what_a_jwk_says_counts() {
    let with = |more: &str| P256_JWK.replacen('{', &format!("{{{more},"), 1);
    assert_eq!(read(&with(r#""kid":"k-1""#)).unwrap().id(), "k-1");
    let rsa = RSA_JWK.replacen('{', r#"{"alg":"PS256","#, 1);
    assert_eq!(read(&rsa).unwrap().algorithm(None), Ok(KeyAlgorithm::Ps256));
    assert_eq!(
        read(&with(r#""alg":"RS256""#)).unwrap_err(),
        UnusableKey::Algorithm(KeyAlgorithm::Rs256)
    );
}

#[test]
fn a_key_of_another_kind_says_which_is_needed() {
    let key = read(P256_JWK).unwrap();
    let error = key.algorithm(Some(KeyAlgorithm::Ps256)).unwrap_err();
    assert_eq!(error.to_string(), "PS256 takes an RSA key, and this is another one");
    assert!(key.sign(KeyAlgorithm::Rs256, Map::new(), Map::new()).is_err());
    let error = read(RSA).unwrap().algorithm(Some(KeyAlgorithm::Es256)).unwrap_err();
    assert!(error.to_string().contains("a key on the curve P-256"), "{error}");
}

#[test]
fn what_is_no_key_is_told_what_it_is() {
    let public = RSA.replace("PRIVATE", "PUBLIC");
    let no_d = P256_JWK.replace("\"d\"", "\"dd\"");
    let other_d = P256_JWK.replace("jpsQ", "jpsR");
    for (text, expected) in [
        ("", UnusableKey::Malformed),
        ("canary", UnusableKey::Malformed),
        ("{canary}", UnusableKey::Malformed),
        ("{}", UnusableKey::Malformed),
        (r#"{"kty":"EC","crv":"P-256","d":"AA"}"#, UnusableKey::Malformed),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            UnusableKey::Kind,
        ),
        (&public, UnusableKey::Public),
        (&no_d, UnusableKey::Public),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            UnusableKey::Public,
        ),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
            UnusableKey::Encrypted,
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
            UnusableKey::OldForm,
        ),
        (r#"{"keys":[]}"#, UnusableKey::Set),
        (r#"{"kty":"OKP","crv":"Ed25519","d":"AA","x":"AA"}"#, UnusableKey::Kind),
        // The private half of another public one.
        (&other_d, UnusableKey::Kind),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("canary"));
    }
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?}", read(P256_JWK).unwrap()), "SigningKey");
}
