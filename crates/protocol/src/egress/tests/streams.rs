//! Passed-through bodies: back-pressure, limits, timeouts, cancelling.

use futures_util::stream;

use super::*;

fn request(address: SocketAddr, method: &str, body: BodyStream) -> http::Request<BodyStream> {
    http::Request::builder()
        .method(method)
        .uri(format!("http://{address}/x"))
        .body(body)
        .unwrap()
}

/// Writes an answer without end, and counts; tells when the other side is gone.
async fn endless() -> (SocketAddr, Arc<AtomicUsize>, Arc<tokio::sync::Notify>) {
    let (written, gone) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Notify::new()));
    let (count, tell) = (Arc::clone(&written), Arc::clone(&gone));
    let (address, _) = listen(move |mut stream| {
        let (count, tell) = (Arc::clone(&count), Arc::clone(&tell));
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            let piece = vec![b'x'; 1 << 16];
            while stream.write_all(&piece).await.is_ok() {
                count.fetch_add(piece.len(), Ordering::SeqCst);
            }
            tell.notify_one();
        }
    })
    .await;
    (address, written, gone)
}

#[tokio::test]
async fn a_slow_reader_slows_the_service_and_leaving_ends_the_call() {
    let (address, written, gone) = endless().await;
    let answer = Egress::new(policy(address))
        .unwrap()
        .stream(request(address, "GET", body_of("")))
        .await
        .unwrap();
    let mut before = usize::MAX;
    while written.load(Ordering::SeqCst) != before {
        before = written.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert!(before < 16 << 20, "{before} bytes went ahead of the reader");
    drop(answer);
    tokio::time::timeout(Duration::from_secs(1), gone.notified())
        .await
        .expect("the service must see the end");
}

#[tokio::test]
async fn dropping_the_wait_for_an_answer_ends_the_call() {
    let gone = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&gone);
    let (address, connections) = listen(move |mut stream| {
        let tell = Arc::clone(&tell);
        async move {
            read_head(&mut stream).await;
            let _ = stream.read_u8().await;
            tell.notify_one();
        }
    })
    .await;
    let egress = Egress::new(policy(address)).unwrap();
    let wait = egress.stream(request(address, "GET", body_of("")));
    assert!(tokio::time::timeout(Duration::from_millis(200), wait).await.is_err());
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    tokio::time::timeout(Duration::from_secs(1), gone.notified())
        .await
        .expect("the service must see the end");
}

#[tokio::test]
async fn an_answer_over_the_limit_ends_with_an_error() {
    let (address, _, _) = endless().await;
    let policy = EgressPolicy {
        response_limit: 100_000,
        ..policy(address)
    };
    let answer = Egress::new(policy.clone())
        .unwrap()
        .stream(request(address, "GET", body_of("")))
        .await
        .unwrap();
    let pieces: Vec<_> = answer.into_body().collect().await;
    assert!(matches!(
        pieces.last(),
        Some(Err(EgressError::TooLarge {
            limit: 100_000,
            request: false
        }))
    ));
    let good: usize = pieces.iter().flatten().map(Bytes::len).sum();
    assert!(good <= 100_000);

    let (address, _) = answering("HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n").await;
    let policy = EgressPolicy {
        response_limit: 100_000,
        ..super::policy(address)
    };
    let egress = Egress::new(policy).unwrap();
    let refused = egress.stream(request(address, "GET", body_of(""))).await;
    assert!(matches!(refused, Err(EgressError::TooLarge { .. })));
    assert_eq!(
        egress
            .stream(request(address, "HEAD", body_of("")))
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn a_service_cannot_change_the_protocol() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let (address, _) = answering(head).await;
    let result = Egress::new(policy(address))
        .unwrap()
        .stream(request(address, "GET", body_of("")))
        .await;
    assert!(matches!(result, Err(EgressError::Interrupted(_))));
}

#[tokio::test]
async fn waits_have_an_end() {
    let policy = |address| EgressPolicy {
        first_byte_timeout: Duration::from_millis(150),
        idle_timeout: Duration::from_millis(150),
        ..policy(address)
    };
    let (silent, _) = listen(|mut stream| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let result = Egress::new(policy(silent))
        .unwrap()
        .stream(request(silent, "GET", body_of("")))
        .await;
    assert!(matches!(
        result,
        Err(EgressError::Timeout {
            phase: TimeoutPhase::FirstByte
        })
    ));

    let (stuck, _) = listen(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
            .await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let stops = EgressPolicy {
        first_byte_timeout: Duration::from_secs(5),
        ..policy(stuck)
    };
    let answer = Egress::new(stops)
        .unwrap()
        .stream(request(stuck, "GET", body_of("")))
        .await
        .unwrap();
    let last = answer.into_body().collect::<Vec<_>>().await.pop();
    assert!(matches!(
        last,
        Some(Err(EgressError::Timeout {
            phase: TimeoutPhase::Idle
        }))
    ));

    let (drip, _) = listen(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    })
    .await;
    let policy = EgressPolicy {
        stream_timeout: Duration::from_secs(1),
        first_byte_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        ..policy(drip)
    };
    let answer = Egress::new(policy)
        .unwrap()
        .stream(request(drip, "GET", body_of("")))
        .await
        .unwrap();
    let last = answer.into_body().collect::<Vec<_>>().await.pop();
    assert!(matches!(
        last,
        Some(Err(EgressError::Timeout {
            phase: TimeoutPhase::Total
        }))
    ));
}

/// Answers with the request's own bytes, head and all, once `until` was seen.
async fn echo(until: &'static [u8]) -> SocketAddr {
    let (address, _) = listen(move |mut stream| async move {
        let mut seen = Vec::new();
        while !seen.ends_with(until) {
            match stream.read_u8().await {
                Ok(byte) => seen.push(byte),
                Err(_) => return,
            }
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", seen.len());
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&seen).await;
    })
    .await;
    address
}

async fn text(answer: http::Response<BodyStream>) -> String {
    let pieces: Vec<Bytes> = answer.into_body().map(Result::unwrap).collect().await;
    String::from_utf8(pieces.concat()).unwrap().to_ascii_lowercase()
}

#[tokio::test]
async fn a_body_goes_out_as_it_was_announced() {
    let pieces = || stream::iter(["ab", "cd"]).map(|piece| Ok(Bytes::from(piece))).boxed();

    let address = echo(b"0\r\n\r\n").await;
    let egress = Egress::new(policy(address)).unwrap();
    let seen = text(egress.stream(request(address, "POST", pieces())).await.unwrap()).await;
    assert!(
        seen.contains("transfer-encoding: chunked") && seen.contains("2\r\nab\r\n2\r\ncd\r\n"),
        "{seen}"
    );

    let address = echo(b"abcd").await;
    let egress = Egress::new(policy(address)).unwrap();
    let mut known = request(address, "PUT", pieces());
    known.headers_mut().insert("content-length", 4.into());
    let seen = text(egress.stream(known).await.unwrap()).await;
    assert!(
        seen.contains("content-length: 4\r\n") && !seen.contains("transfer-encoding"),
        "{seen}"
    );
    assert!(seen.contains("user-agent: latchkey/"), "{seen}");

    let address = echo(b"\r\n\r\n").await;
    let egress = Egress::new(policy(address)).unwrap();
    for method in ["GET", "POST", "DELETE"] {
        let seen = text(egress.stream(request(address, method, body_of(""))).await.unwrap()).await;
        assert!(!seen.contains("transfer-encoding"), "{method}: {seen}");
    }
}

#[tokio::test]
async fn a_request_body_that_fails_or_is_too_large_is_named() {
    let address = echo(b"never").await;
    let egress = Egress::new(EgressPolicy {
        request_limit: 5,
        ..policy(address)
    })
    .unwrap();
    let large = stream::repeat_with(|| Ok(Bytes::from_static(b"abc"))).boxed();
    let error = egress.stream(request(address, "POST", large)).await.err().unwrap();
    assert!(
        matches!(
            error,
            EgressError::TooLarge {
                limit: 5,
                request: true
            }
        ),
        "{error:?}"
    );

    let mut announced = request(address, "POST", body_of("abcdef"));
    announced.headers_mut().insert("content-length", 6.into());
    let error = egress.stream(announced).await.err().unwrap();
    assert!(
        matches!(
            error,
            EgressError::TooLarge {
                limit: 5,
                request: true
            }
        ),
        "{error:?}"
    );

    let broken = stream::iter([
        Ok(Bytes::from_static(b"a")),
        Err(EgressError::RequestBody("gone".to_owned())),
    ])
    .boxed();
    let error = egress.stream(request(address, "POST", broken)).await.err().unwrap();
    assert!(matches!(error, EgressError::RequestBody(_)), "{error:?}");
}

#[tokio::test]
async fn large_bodies_pass_both_ways_without_being_kept() {
    const TOTAL: usize = 64 << 20;
    let (address, _) = listen(|stream| async move {
        let (mut read, mut write) = stream.into_split();
        let mut seen = 0;
        let mut buffer = vec![0; 1 << 16];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(read.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {TOTAL}\r\n\r\n");
        write.write_all(answer.as_bytes()).await.unwrap();
        while seen < TOTAL {
            let length = read.read(&mut buffer).await.unwrap();
            write.write_all(&buffer[..length]).await.unwrap();
            seen += length;
        }
    })
    .await;
    let ahead = Arc::new(AtomicUsize::new(0));
    let sent = Arc::clone(&ahead);
    let piece = Bytes::from(vec![b'y'; 1 << 16]);
    let body = stream::iter(0..TOTAL >> 16)
        .map(move |_| {
            sent.fetch_add(1 << 16, Ordering::SeqCst);
            Ok(piece.clone())
        })
        .boxed();
    let mut request = request(address, "POST", body);
    request.headers_mut().insert("content-length", TOTAL.into());
    let mut answer = Egress::new(policy(address))
        .unwrap()
        .stream(request)
        .await
        .unwrap()
        .into_body();
    let (mut received, mut most) = (0, 0);
    while let Some(piece) = answer.next().await {
        received += piece.unwrap().len();
        most = most.max(ahead.load(Ordering::SeqCst) - received);
    }
    assert_eq!(received, TOTAL);
    assert!(most < 32 << 20, "{most} bytes were on their way at once");
}
