//! The one guarded outbound client. Token calls, discovery, checks, passthrough and webhooks all leave through it.
//!
//! It speaks HTTP/1.1 and 2 over verified TLS to public addresses. It follows no redirect, knows no proxy, keeps no
//! cookie, decompresses nothing and repeats nothing by itself.

mod address;
mod error;
mod policy;
mod resolver;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use url::{Host, Url};

pub use self::error::{EgressError, Refusal, TimeoutPhase};
pub use self::policy::{AllowedOrigin, EgressPolicy, MalformedOrigin};
pub use self::stream::{BodyStream, body_of};

/// The largest answer of a small call in bytes, unless the caller says otherwise: 256 KiB.
pub const ANSWER_LIMIT: usize = 256 * 1024;

/// Requests that a client of a trial was asked to send, in order.
pub type Noted = Arc<Mutex<Vec<http::Request<Bytes>>>>;

/// The guarded client. Cloning shares it.
#[derive(Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

struct Inner {
    policy: EgressPolicy,
    /// For everybody else. Its resolver gives out public addresses only.
    public: Clients,
    /// For the origins of `policy.allow`, and only for them.
    allowed: Clients,
    /// Where small calls are noted in place of being made.
    noted: Option<Noted>,
}

#[derive(Clone)]
struct Clients {
    /// Small calls. Keeps no connection open: on a reused one, a reset leaves in doubt whether the request arrived,
    /// and for a refresh token that doubt is expensive.
    calls: reqwest::Client,
    /// Passthrough, with a pool.
    streams: reqwest::Client,
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Egress")
            .field("allow", &self.inner.policy.allow)
            .finish_non_exhaustive()
    }
}

impl Egress {
    /// Builds the client. Fails when an extra root certificate cannot be read.
    pub fn new(policy: EgressPolicy) -> Result<Self, EgressError> {
        Self::with_lookup(policy, &resolver::system())
    }

    /// One that sends nothing: it notes each small call and answers with [`EgressError::Trial`].
    pub fn trial(policy: EgressPolicy) -> Result<(Self, Noted), EgressError> {
        let mut egress = Self::new(policy)?;
        let noted = Noted::default();
        if let Some(inner) = Arc::get_mut(&mut egress.inner) {
            inner.noted = Some(Arc::clone(&noted));
        }
        Ok((egress, noted))
    }

    /// The same client, with the same rules, that sends nothing: see [`Egress::trial`].
    pub fn trying(&self) -> (Self, Noted) {
        let noted = Noted::default();
        let inner = Inner {
            policy: self.inner.policy.clone(),
            public: self.inner.public.clone(),
            allowed: self.inner.allowed.clone(),
            noted: Some(Arc::clone(&noted)),
        };
        (Self { inner: Arc::new(inner) }, noted)
    }

    /// For tests: every public name leads to this one address, with its port. Which addresses may be called, the name
    /// in the TLS handshake and the certificate's check stay as they are.
    #[cfg(feature = "testing")]
    pub fn leading_to(policy: EgressPolicy, address: std::net::SocketAddr) -> Result<Self, EgressError> {
        use futures_util::FutureExt as _;
        let lookup: resolver::Lookup = Arc::new(move |_| async move { Ok(vec![address]) }.boxed());
        Self::build(policy, &lookup, true)
    }

    /// The same client for calls that may go to this origin too, for the server's own address: nothing that a definition
    /// or a customer names is called with it.
    #[must_use]
    pub fn and_to(&self, origin: AllowedOrigin) -> Self {
        let mut policy = self.inner.policy.clone();
        policy.allow.push(origin);
        Self {
            inner: Arc::new(Inner {
                policy,
                public: self.inner.public.clone(),
                allowed: self.inner.allowed.clone(),
                noted: self.inner.noted.clone(),
            }),
        }
    }

    fn with_lookup(policy: EgressPolicy, lookup: &resolver::Lookup) -> Result<Self, EgressError> {
        Self::build(policy, lookup, false)
    }

    /// `lookup_is_trusted`: what it says is dialled for everybody, whatever it is.
    fn build(policy: EgressPolicy, lookup: &resolver::Lookup, lookup_is_trusted: bool) -> Result<Self, EgressError> {
        let tls = tls_configuration(&policy.extra_roots)?;
        let clients = |private_allowed| -> Result<Clients, EgressError> {
            let build = |idle_connections| {
                let guarded = resolver::Guarded {
                    lookup: Arc::clone(lookup),
                    private_allowed,
                };
                build_client(&policy, tls.clone(), guarded, idle_connections)
            };
            Ok(Clients {
                calls: build(0)?,
                streams: build(32)?,
            })
        };
        let (public, allowed) = (clients(lookup_is_trusted)?, clients(true)?);
        Ok(Self {
            inner: Arc::new(Inner {
                policy,
                public,
                allowed,
                noted: None,
            }),
        })
    }

    /// Whether a call to this address may leave: https on port 443, no user part, and a host that is neither a private
    /// address nor a local name; or an origin that an operator allowed. Resolved addresses are checked again when
    /// dialling.
    pub fn admit(&self, url: &Url) -> Result<(), EgressError> {
        self.clients(url).map(|_| ())
    }

    /// The clients for an address that may be called.
    fn clients(&self, url: &Url) -> Result<&Clients, EgressError> {
        let host = url.host().ok_or(Refusal::Malformed)?;
        let name = host.to_string();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo(name).into());
        }
        if self.inner.policy.allow.iter().any(|origin| origin.covers(url)) {
            return Ok(&self.inner.allowed);
        }
        if url.scheme() != "https" {
            return Err(Refusal::Scheme(name).into());
        }
        match url.port_or_known_default() {
            Some(443) => {}
            port => {
                return Err(Refusal::Port {
                    host: name,
                    port: port.unwrap_or(0),
                }
                .into());
            }
        }
        let refusal = match host {
            Host::Domain(domain) => (!address::is_public_name(domain)).then_some(Refusal::Name(name)),
            Host::Ipv4(ip) => (!address::is_public(ip.into())).then_some(Refusal::Address(ip.into())),
            Host::Ipv6(ip) => (!address::is_public(ip.into())).then_some(Refusal::Address(ip.into())),
        };
        refusal.map_or(Ok(&self.inner.public), |refusal| Err(refusal.into()))
    }

    /// Makes a small call and reads the whole answer, of any status, up to `limit` bytes ([`ANSWER_LIMIT`] for most).
    pub async fn call(
        &self,
        request: http::Request<Bytes>,
        limit: usize,
    ) -> Result<http::Response<Bytes>, EgressError> {
        let url = url_of(request.uri())?;
        if let Some(noted) = &self.inner.noted {
            // What would be refused is noted as well: whoever tries it sees it whole.
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            return Err(self.admit(&url).err().unwrap_or(EgressError::Trial));
        }
        let client = &self.clients(&url)?.calls;
        let whole = async {
            let (parts, body) = request.into_parts();
            let answer = client
                .execute(outgoing(parts, url, body.into()))
                .await
                .map_err(EgressError::from_client)?;
            let (parts, mut pieces) = stream::taken_apart(answer);
            let too_large = || EgressError::TooLarge {
                limit: limit as u64,
                request: false,
            };
            if stream::announced_length(&parts.headers).is_some_and(|length| length > limit as u64) {
                return Err(too_large());
            }
            let mut whole = BytesMut::new();
            while let Some(piece) = pieces.next().await {
                let piece = piece?;
                if whole.len() + piece.len() > limit {
                    return Err(too_large());
                }
                whole.extend_from_slice(&piece);
            }
            Ok(http::Response::from_parts(parts, whole.freeze()))
        };
        let limit = self.inner.policy.total_timeout;
        tokio::time::timeout(limit, whole)
            .await
            .unwrap_or(Err(EgressError::Timeout {
                phase: TimeoutPhase::Total,
            }))
    }

    /// Passes a request through and gives the answer as it comes, piece by piece; both directions wait for each other.
    /// Dropping the answer, or this future, ends the call at the service too.
    ///
    /// A `Content-Length` header in the request is kept and must be true; without one the body goes out in chunks, and
    /// an empty body as none.
    pub async fn stream(&self, request: http::Request<BodyStream>) -> Result<http::Response<BodyStream>, EgressError> {
        let url = url_of(request.uri())?;
        let client = &self.clients(&url)?.streams;
        stream::run(client, &self.inner.policy, url, request).await
    }
}

fn url_of(uri: &http::Uri) -> Result<Url, EgressError> {
    Url::parse(&uri.to_string()).map_err(|_| Refusal::Malformed.into())
}

fn outgoing(parts: http::request::Parts, url: Url, body: reqwest::Body) -> reqwest::Request {
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    *request.body_mut() = Some(body);
    request
}

fn build_client(
    policy: &EgressPolicy,
    tls: rustls::ClientConfig,
    resolver: resolver::Guarded,
    idle_connections: usize,
) -> Result<reqwest::Client, EgressError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the guarded client that the rule points to"
    )]
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .user_agent(concat!("Latchkey/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(policy.connect_timeout)
        .pool_max_idle_per_host(idle_connections)
        .pool_idle_timeout(Duration::from_secs(30))
        .tcp_nodelay(true)
        .build()
        .map_err(|error| EgressError::Setup(error.to_string()))
}

/// TLS 1.2 and 1.3 with the public authorities and those that the operator added.
fn tls_configuration(extra_roots: &[Vec<u8>]) -> Result<rustls::ClientConfig, EgressError> {
    let mut roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let setup = |what: String| EgressError::Setup(what);
    for (position, pem) in extra_roots.iter().enumerate() {
        let unreadable = |why: String| setup(format!("extra root certificate {} cannot be read: {why}", position + 1));
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(unreadable("there is no certificate in PEM in it".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut configuration = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(configuration)
}
