//! How a client with a private key proves itself.

/// The assertion of a client with a private key (RFC 7523 §2.2).
#[derive(Clone, Copy, Debug)]
pub struct ClientAssertion {
    /// The algorithm, where it is fixed.
    pub algorithm: Option<KeyAlgorithm>,
    /// What `aud` is.
    pub audience: AssertionAudience,
    /// Seconds from `iat` to `exp`.
    pub lifetime: u64,
}

/// An algorithm with a private key (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl KeyAlgorithm {
    /// Its name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Ps256, Self::Es256]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

impl std::fmt::Display for KeyAlgorithm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Whom an assertion is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The token endpoint (OpenID Connect Core 1.0 §9).
    TokenEndpoint,
    /// The issuer.
    Issuer,
}
