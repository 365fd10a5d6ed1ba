//! The provider: token endpoints on loopback that rotate, wait, and refuse beyond a limit. One port an app, as services
//! have hosts of their own.
//!
//! It is strict: a refresh token that is not the last one issued counts as used twice.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Seconds that a token lives.
pub(crate) const LIFETIME: u64 = 3600;
/// Rows that it can know.
const ROWS: usize = 2_000_000;

/// One second of one app.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Second {
    pub(crate) granted: u32,
    pub(crate) refused: u32,
}

#[derive(Debug)]
struct App {
    address: String,
    seconds: Mutex<Vec<Second>>,
}

#[derive(Debug)]
struct Parts {
    apps: Vec<App>,
    generations: Vec<AtomicU32>,
    start: Instant,
    delay_ms: AtomicU64,
    limit: AtomicU32,
    reused: AtomicU64,
    /// Rows from here on are noted with the time of their call.
    noted_from: AtomicU64,
    noted: Mutex<Vec<(u64, Instant)>>,
}

/// The running provider. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Provider(Arc<Parts>);

impl Provider {
    pub(crate) async fn start(apps: usize) -> anyhow::Result<Self> {
        let mut listeners = Vec::new();
        for _ in 0..apps {
            listeners.push(TcpListener::bind("127.0.0.1:0").await?);
        }
        let addressed = |listener: &TcpListener| {
            Ok(App {
                address: format!("http://{}", listener.local_addr()?),
                seconds: Mutex::default(),
            })
        };
        let provider = Self(Arc::new(Parts {
            apps: listeners.iter().map(addressed).collect::<std::io::Result<Vec<App>>>()?,
            generations: std::iter::repeat_with(|| AtomicU32::new(1)).take(ROWS).collect(),
            start: Instant::now(),
            delay_ms: AtomicU64::new(0),
            limit: AtomicU32::new(u32::MAX),
            reused: AtomicU64::new(0),
            noted_from: AtomicU64::new(u64::MAX),
            noted: Mutex::default(),
        }));
        for (app, listener) in listeners.into_iter().enumerate() {
            let provider = provider.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(provider.clone().serve(stream, app));
                }
            });
        }
        Ok(provider)
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.0.apps.iter().map(|app| app.address.clone()).collect()
    }

    /// How it answers from now on: after this delay, at most so many a second and app.
    pub(crate) fn behave(&self, delay: Duration, limit: Option<u32>) {
        let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.0.delay_ms.store(milliseconds, Ordering::Relaxed);
        self.0.limit.store(limit.unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    pub(crate) fn note_from(&self, row: u64) {
        self.0.noted_from.store(row, Ordering::Relaxed);
    }

    pub(crate) fn noted(&self) -> Vec<(u64, Instant)> {
        self.0.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refresh tokens that came a second time.
    pub(crate) fn reused(&self) -> u64 {
        self.0.reused.load(Ordering::Relaxed)
    }

    /// The present second, counted from the start.
    pub(crate) fn second(&self) -> usize {
        usize::try_from(self.0.start.elapsed().as_secs()).unwrap_or(usize::MAX)
    }

    /// What an app was asked for, second by second.
    pub(crate) fn seconds(&self, app: usize) -> Vec<Second> {
        let seconds = &self.0.apps[app].seconds;
        seconds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All apps together in a range of seconds.
    pub(crate) fn total(&self, range: std::ops::Range<usize>) -> Vec<Second> {
        let mut total = vec![Second::default(); range.len()];
        for app in 0..self.0.apps.len() {
            for (sum, second) in total.iter_mut().zip(self.seconds(app).iter().skip(range.start)) {
                sum.granted += second.granted;
                sum.refused += second.refused;
            }
        }
        total
    }

    pub(crate) fn granted(&self) -> u64 {
        let all = (0..self.0.apps.len()).flat_map(|app| self.seconds(app));
        all.map(|second| u64::from(second.granted)).sum()
    }

    /// The generation that was issued last for a row.
    pub(crate) fn generation(&self, row: usize) -> u32 {
        self.0.generations[row].load(Ordering::Relaxed)
    }

    async fn serve(self, mut stream: TcpStream, app: usize) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut bytes = Vec::with_capacity(2048);
        loop {
            let request = read(&mut stream, &mut bytes).await?;
            let answer = match request.refresh_token {
                None => answer("200 OK", "", r#"{"id":"bench","name":"Bench"}"#),
                Some(token) => self.token(app, &token).await,
            };
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }

    async fn token(&self, app: usize, token: &str) -> String {
        let mut parts = token.split('.').skip(1).map(str::parse::<u64>);
        let (Some(Ok(row)), Some(Ok(generation))) = (parts.next(), parts.next()) else {
            return answer("400 Bad Request", "", r#"{"error":"invalid_grant"}"#);
        };
        if row >= self.0.noted_from.load(Ordering::Relaxed) {
            let mut noted = self.0.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.push((row, Instant::now()));
        }
        if !self.admit(app) {
            return answer(
                "429 Too Many Requests",
                "retry-after: 1\r\n",
                r#"{"error":"slow_down"}"#,
            );
        }
        let delay = self.0.delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let known = &self.0.generations[usize::try_from(row).unwrap_or(0) % ROWS];
        let (old, new) = (
            u32::try_from(generation).unwrap_or(0),
            u32::try_from(generation + 1).unwrap_or(0),
        );
        if known
            .compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            self.0.reused.fetch_add(1, Ordering::Relaxed);
            return answer("400 Bad Request", "", r#"{"error":"invalid_grant"}"#);
        }
        let (access, refresh) = tokens(row, u64::from(new));
        let body = format!(
            r#"{{"access_token":"{access}","refresh_token":"{refresh}","token_type":"Bearer","expires_in":{LIFETIME}}}"#
        );
        answer("200 OK", "", &body)
    }

    /// A window of one second for each app.
    fn admit(&self, app: usize) -> bool {
        let second = self.second();
        let mut seconds = self.0.apps[app].seconds.lock().unwrap_or_else(PoisonError::into_inner);
        if seconds.len() <= second {
            seconds.resize(second + 1, Second::default());
        }
        let now = &mut seconds[second];
        let admitted = now.granted < self.0.limit.load(Ordering::Relaxed);
        if admitted {
            now.granted += 1;
        } else {
            now.refused += 1;
        }
        admitted
    }
}

/// The tokens of a row: as long as those of large services.
pub(crate) fn tokens(row: u64, generation: u64) -> (String, String) {
    let access = format!("at.{row}.{generation}.{}", "a".repeat(400));
    let refresh = format!("rt.{row}.{generation}.{}", "r".repeat(80));
    (access, refresh)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

struct Request {
    refresh_token: Option<String>,
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Request> {
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    };
    let length: usize = String::from_utf8_lossy(&bytes[..head])
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    while bytes.len() < head + length {
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[head..head + length]).into_owned();
    bytes.drain(..head + length);
    let refresh_token = body
        .split('&')
        .find_map(|pair| pair.strip_prefix("refresh_token="))
        .map(ToOwned::to_owned);
    Some(Request { refresh_token })
}

/// How many answers a second it gives by itself, to a client that opens a connection for each call as the product does.
pub(crate) async fn alone(length: Duration) -> anyhow::Result<f64> {
    let provider = Provider::start(2).await?;
    let address = provider.addresses()[0].trim_start_matches("http://").to_owned();
    let end = Instant::now() + length;
    let mut clients = JoinSet::new();
    for row in 0..32_u64 {
        let address = address.clone();
        clients.spawn(async move {
            let (mut generation, mut bytes) = (1, Vec::new());
            while Instant::now() < end {
                let mut stream = TcpStream::connect(&address).await.ok()?;
                let body = format!("grant_type=refresh_token&refresh_token={}", tokens(row, generation).1);
                let head = format!("POST /token HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).await.ok()?;
                bytes.clear();
                read(&mut stream, &mut bytes).await?;
                generation += 1;
            }
            Some(generation - 1)
        });
    }
    let begun = Instant::now();
    let mut calls = 0_u64;
    while let Some(done) = clients.join_next().await {
        calls += done?.unwrap_or(0);
    }
    Ok(calls as f64 / begun.elapsed().as_secs_f64())
}
