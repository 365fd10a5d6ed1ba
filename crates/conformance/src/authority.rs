//! Certificates for whatever host a definition names, under an authority of the run's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The authority, which makes a certificate for each name that is asked for.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// A new one, and its certificate in PEM.
    pub(crate) fn new() -> Result<(Self, String), rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        let made = Mutex::default();
        let issuer = Issuer::new(params, key);
        Ok((Self { issuer, made }, pem))
    }

    fn certificate(&self, name: &str) -> Option<CertifiedKey> {
        let params = CertificateParams::new(vec![name.to_owned()]).ok()?;
        let key = KeyPair::generate().ok()?;
        let certificate = params.signed_by(&key, &self.issuer).ok()?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Some(CertifiedKey::new(
            vec![certificate.der().clone()],
            any_supported_type(&private).ok()?,
        ))
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        let mut made = self.made.lock().ok()?;
        if let Some(key) = made.get(name) {
            return Some(Arc::clone(key));
        }
        let key = Arc::new(self.certificate(name)?);
        made.insert(name.to_owned(), Arc::clone(&key));
        Some(key)
    }
}
