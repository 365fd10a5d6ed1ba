//! Certificates: a private authority must be named, and names and dates must be right.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

struct Authority {
    pem: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem().into_bytes();
    Authority {
        pem,
        issuer: Issuer::new(params, key),
    }
}

/// A server with a certificate for a name, and the number of requests that it has read.
async fn serve(authority: &Authority, name: &str, expired: bool, http2: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(if expired { 2021 } else { 2060 }, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    configuration.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    let acceptor = TlsAcceptor::from(Arc::new(configuration));
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let (address, _) = listen(move |stream| {
        let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let mut first = [0; 1024];
            let Ok(length @ 1..) = stream.read(&mut first).await else {
                return;
            };
            count.fetch_add(1, Ordering::SeqCst);
            let answer: &[u8] = if first[..length].starts_with(b"PRI * HTTP/2.0") {
                b"\0\0\0\x04\0\0\0\0\0" // an empty SETTINGS frame, enough to see that HTTP/2 was spoken
            } else {
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
            };
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    (address, requests)
}

async fn call_named(
    name: &str,
    address: SocketAddr,
    roots: &[&Authority],
) -> Result<http::Response<Bytes>, EgressError> {
    let origin = format!("https://{name}:{}", address.port());
    let policy = EgressPolicy {
        allow: vec![origin.parse().unwrap()],
        extra_roots: roots.iter().map(|root| root.pem.clone()).collect(),
        ..EgressPolicy::default()
    };
    Egress::with_lookup(policy, &fixed("127.0.0.1"))
        .unwrap()
        .call(get(&format!("{origin}/")), ANSWER_LIMIT)
        .await
}

#[tokio::test]
async fn only_a_right_certificate_is_spoken_to() {
    let (named, other) = (authority(), authority());
    let (good, requests) = serve(&named, "id.corp.test", false, false).await;
    assert_eq!(
        call_named("id.corp.test", good, &[&other, &named])
            .await
            .unwrap()
            .body(),
        "ok"
    );
    assert_eq!(requests.load(Ordering::SeqCst), 1);

    let (expired, expired_requests) = serve(&named, "id.corp.test", true, false).await;
    for (what, result) in [
        ("an unknown authority", call_named("id.corp.test", good, &[]).await),
        ("another authority", call_named("id.corp.test", good, &[&other]).await),
        ("another name", call_named("evil.corp.test", good, &[&named]).await),
        (
            "an old certificate",
            call_named("id.corp.test", expired, &[&named]).await,
        ),
    ] {
        let error = result.unwrap_err();
        assert!(
            error.surely_not_sent() && matches!(error, EgressError::NotSent(_)),
            "{what}: {error:?}"
        );
    }
    assert_eq!(
        (requests.load(Ordering::SeqCst), expired_requests.load(Ordering::SeqCst)),
        (1, 0)
    );
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered() {
    let named = authority();
    let (address, requests) = serve(&named, "id.corp.test", false, true).await;
    assert!(
        call_named("id.corp.test", address, &[&named]).await.is_err(),
        "the stub hangs up after its settings"
    );
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[test]
fn an_unreadable_authority_is_named() {
    for pem in [
        &b""[..],
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let policy = EgressPolicy {
            extra_roots: vec![pem.to_vec()],
            ..EgressPolicy::default()
        };
        let error = Egress::new(policy).unwrap_err();
        assert!(error.to_string().contains("extra root certificate 1"), "{error}");
    }
}
