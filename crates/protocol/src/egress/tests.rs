//! The guard and the limits of the outbound client, against raw sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use reqwest::dns::Resolve as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A listener that gives each connection to `handle`, and the number of connections so far.
async fn listen<F, R>(handle: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(handle(stream));
        }
    });
    (address, connections)
}

/// Reads until the empty line after the headers.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Answers each request with the same bytes and closes.
async fn answering(answer: impl Into<Vec<u8>>) -> (SocketAddr, Arc<AtomicUsize>) {
    let answer: Arc<Vec<u8>> = Arc::new(answer.into());
    listen(move |mut stream| {
        let answer = Arc::clone(&answer);
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

fn policy(address: SocketAddr) -> EgressPolicy {
    EgressPolicy {
        allow: vec![format!("http://{address}").parse().unwrap()],
        ..EgressPolicy::default()
    }
}

fn get(url: &str) -> http::Request<Bytes> {
    http::Request::get(url).body(Bytes::new()).unwrap()
}

async fn call(policy: EgressPolicy, address: SocketAddr) -> Result<http::Response<Bytes>, EgressError> {
    Egress::new(policy)
        .unwrap()
        .call(get(&format!("http://{address}/x?secret=canary")), ANSWER_LIMIT)
        .await
}

fn fixed(address: &'static str) -> resolver::Lookup {
    Arc::new(move |_| async move { Ok(vec![SocketAddr::new(address.parse().unwrap(), 0)]) }.boxed())
}

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_dialled() {
    let egress = Egress::with_lookup(EgressPolicy::default(), &fixed("127.0.0.1")).unwrap();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.01",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "0x0",
        "00",
        "0.0",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2002:7f00:0001::1]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[fec0::1]",
        "10.0.0.1",
        "10.1",
        "167772161",
        "0xa.1",
        "012.0.0.1",
        "172.16.0.1",
        "172.31.255.254",
        "0xac100001",
        "192.168.0.1",
        "192.168.1",
        "3232235521",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "4294967295",
        "198.18.0.1",
        "192.88.99.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "foo.localhost",
        "foo.localhost.",
        "metadata.google.internal",
        "metadata",
        "printer.local",
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
        "127。0。0。1",
        "looks-public.example.com",
        "%31%32%37.0.0.1",
        "localho%73t",
    ];
    assert!(hosts.len() > 60);
    for host in hosts {
        let Ok(url) = Url::parse(&format!("https://{host}/")) else {
            continue;
        };
        let result = egress.call(get(url.as_str()), ANSWER_LIMIT).await;
        assert!(matches!(result, Err(EgressError::Refused(_))), "{host}: {result:?}");
        assert!(result.unwrap_err().surely_not_sent());
    }
}

#[test]
fn only_https_on_its_own_port_without_a_user_is_admitted() {
    let egress = Egress::new(EgressPolicy::default()).unwrap();
    let refusal = |url: &str| match egress.admit(&Url::parse(url).unwrap()) {
        Ok(()) => None,
        Err(EgressError::Refused(refusal)) => Some(refusal),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(refusal("https://api.example.com/x"), None);
    assert_eq!(refusal("https://api.example.com:443/x"), None);
    assert_eq!(refusal("https://1.1.1.1/x"), None);
    let host = || "api.example.com".to_owned();
    assert_eq!(refusal("http://api.example.com/"), Some(Refusal::Scheme(host())));
    assert_eq!(refusal("ftp://api.example.com/"), Some(Refusal::Scheme(host())));
    assert_eq!(
        refusal("https://api.example.com:8443/"),
        Some(Refusal::Port {
            host: host(),
            port: 8443
        })
    );
    assert_eq!(refusal("https://u@api.example.com/"), Some(Refusal::UserInfo(host())));
    assert_eq!(refusal("https://:p@api.example.com/"), Some(Refusal::UserInfo(host())));
    assert_eq!(refusal("data:text/plain,x"), Some(Refusal::Malformed));
}

#[tokio::test]
async fn a_name_that_changes_its_mind_never_leads_inside() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let lookup: resolver::Lookup = Arc::new(move |_| {
        let turn = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            let inside = [
                "127.0.0.1",
                "10.0.0.1",
                "::1",
                "::ffff:10.0.0.1",
                "169.254.169.254",
                "fd00::1",
            ][turn % 6];
            let texts = if turn.is_multiple_of(3) {
                vec![inside]
            } else {
                vec![inside, "93.184.215.14", "2606:2800:21f::1", inside]
            };
            Ok(texts
                .iter()
                .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
                .collect())
        }
        .boxed()
    });
    let guarded = resolver::Guarded {
        lookup,
        private_allowed: false,
    };
    let mut given = 0;
    for _ in 0..1000 {
        if let Ok(addresses) = guarded.resolve("rebinding.example.com".parse().unwrap()).await {
            for address in addresses {
                assert!(address::is_public(address.ip()), "{address}");
                given += 1;
            }
        }
    }
    assert_eq!((calls.load(Ordering::SeqCst), given), (1000, 1332));
}

#[tokio::test]
async fn an_allowed_origin_opens_nothing_beside_it() {
    let (address, connections) = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let allow = vec![format!("http://service.corp:{}", address.port()).parse().unwrap()];
    let egress = Egress::with_lookup(
        EgressPolicy {
            allow,
            ..EgressPolicy::default()
        },
        &fixed("127.0.0.1"),
    )
    .unwrap();
    let allowed = format!("http://service.corp:{}/x", address.port());
    assert_eq!(egress.call(get(&allowed), ANSWER_LIMIT).await.unwrap().body(), "ok");
    for other in [
        format!("https://service.corp:{}/", address.port()),
        "https://service.corp/".to_owned(),
        "http://service.corp/".to_owned(),
        format!("http://other.corp:{}/", address.port()),
        format!("http://127.0.0.1:{}/", address.port()),
    ] {
        let result = egress.call(get(&other), ANSWER_LIMIT).await;
        assert!(matches!(result, Err(EgressError::Refused(_))), "{other}: {result:?}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn no_redirect_is_followed_and_nothing_is_decoded() {
    let (elsewhere, connections) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!("HTTP/1.1 {status} X\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
        let (address, _) = answering(head).await;
        let mut policy = policy(address);
        policy.allow.push(format!("http://{elsewhere}").parse().unwrap());
        assert_eq!(call(policy, address).await.unwrap().status(), status);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);

    let (address, _) =
        answering("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\u{b}zz").await;
    let answer = call(policy(address), address).await.unwrap();
    assert_eq!(
        (answer.body().len(), &answer.headers()["content-encoding"]),
        (4, &http::HeaderValue::from_static("gzip"))
    );
}

#[tokio::test]
async fn a_large_answer_is_cut_off() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 50 << 20);
    let (address, _) = answering(announced).await;
    let too_large = |result| matches!(result, Err(EgressError::TooLarge { request: false, .. }));
    assert!(too_large(call(policy(address), address).await));

    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let (address, _) = listen(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            let piece = vec![b'x'; 1 << 16];
            while count.load(Ordering::SeqCst) < 50 << 20 && stream.write_all(&piece).await.is_ok() {
                count.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    assert!(too_large(call(policy(address), address).await));
    assert!(written.load(Ordering::SeqCst) < 50 << 20);
}

#[tokio::test]
async fn it_is_known_whether_the_request_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let error = call(policy(closed), closed).await.unwrap_err();
    assert!(
        matches!(error, EgressError::NotSent(_)) && error.surely_not_sent(),
        "{error:?}"
    );
    assert!(!format!("{error:?} {error}").contains("canary"));

    let (plain, _) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let allow = vec![format!("https://{plain}").parse().unwrap()];
    let egress = Egress::new(EgressPolicy {
        allow,
        ..EgressPolicy::default()
    })
    .unwrap();
    let error = egress
        .call(get(&format!("https://{plain}/")), ANSWER_LIMIT)
        .await
        .unwrap_err();
    assert!(error.surely_not_sent(), "no TLS: {error:?}");

    for read_first in [false, true] {
        let (address, _) = listen(move |mut stream| async move {
            if read_first {
                read_head(&mut stream).await;
            }
            drop(stream);
        })
        .await;
        let error = call(policy(address), address).await.unwrap_err();
        assert!(
            matches!(error, EgressError::Interrupted(_)) && !error.surely_not_sent(),
            "{error:?}"
        );
        assert!(!format!("{error:?} {error}").contains("canary"));
    }

    let (half, connections) = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let error = call(policy(half), half).await.unwrap_err();
    assert!(matches!(error, EgressError::Interrupted(_)), "{error:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1, "nothing is repeated by itself");
}

#[tokio::test]
async fn a_megabyte_of_headers_is_not_read() {
    let line = format!("x-filler: {}\r\n", "x".repeat(1000));
    let (address, _) = answering(format!(
        "HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n",
        line.repeat(1000)
    ))
    .await;
    assert!(matches!(
        call(policy(address), address).await,
        Err(EgressError::Interrupted(_))
    ));
}

#[tokio::test]
async fn a_service_that_hangs_is_left() {
    let (address, _) = listen(|stream| async move {
        tokio::time::sleep(Duration::from_mins(1)).await;
        drop(stream);
    })
    .await;
    let policy = EgressPolicy {
        total_timeout: Duration::from_millis(100),
        ..policy(address)
    };
    let error = call(policy, address).await.unwrap_err();
    assert!(
        matches!(
            error,
            EgressError::Timeout {
                phase: TimeoutPhase::Total
            }
        ),
        "{error:?}"
    );
    assert!(!error.surely_not_sent());
}

mod streams;
mod tls;
