//! Callers that never rest: each calls the provider's API through Latchkey and notes which token the provider saw.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::history::{FamilyId, Read, Recorder};

/// The longest wait of a caller.
const PATIENCE: Duration = Duration::from_secs(12);

/// How calls ended.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// The provider answered with 200.
    pub(crate) good: AtomicU64,
    /// The provider said that the token is over.
    pub(crate) refused: AtomicU64,
    /// Latchkey said that the connection or the provider is in trouble (424).
    pub(crate) trouble: AtomicU64,
    /// Latchkey said that it cannot at the moment (503, 429).
    pub(crate) unavailable: AtomicU64,
    /// No whole answer: killed, cut, stopped.
    pub(crate) broken: AtomicU64,
    /// Anything else, by status and `key`.
    pub(crate) other: Mutex<BTreeMap<String, u64>>,
}

/// The same for the report.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counted {
    pub(crate) good: u64,
    pub(crate) refused: u64,
    pub(crate) trouble: u64,
    pub(crate) unavailable: u64,
    pub(crate) broken: u64,
    pub(crate) other: BTreeMap<String, u64>,
}

impl Counts {
    pub(crate) fn counted(&self) -> Counted {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Counted {
            good: read(&self.good),
            refused: read(&self.refused),
            trouble: read(&self.trouble),
            unavailable: read(&self.unavailable),
            broken: read(&self.broken),
            other: self.other.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// What the provider's API says.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Me {
    pub(crate) connection: Option<u32>,
    pub(crate) family: Option<FamilyId>,
    pub(crate) serial: Option<u32>,
}

/// Calls through Latchkey. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    client: reqwest::Client,
    key: Arc<SecretString>,
    recorder: Recorder,
    pub(crate) counts: Arc<Counts>,
    highest: Arc<Mutex<HashMap<FamilyId, u32>>>,
    /// A token was served that had not been seen before.
    pub(crate) served: Arc<Notify>,
}

impl Caller {
    pub(crate) fn new(client: reqwest::Client, key: SecretString, recorder: Recorder) -> Self {
        Self {
            client,
            key: Arc::new(key),
            recorder,
            counts: Arc::default(),
            highest: Arc::default(),
            served: Arc::default(),
        }
    }

    /// One call through a connection, at this origin. What the provider saw, when it answered with 200.
    pub(crate) async fn call(&self, origin: &str, connection: &str) -> Option<Me> {
        let call = self
            .client
            .get(format!("{origin}/v1/passthrough/me"))
            .header("x-pica-secret", self.key.expose_secret())
            .header("x-pica-connection-key", connection)
            .timeout(PATIENCE)
            .send();
        let count = |number: &AtomicU64| {
            number.fetch_add(1, Ordering::Relaxed);
        };
        let Ok(answer) = call.await else {
            count(&self.counts.broken);
            return None;
        };
        let status = answer.status().as_u16();
        let ours = answer.headers().contains_key("x-latchkey-error-source");
        let Ok(text) = answer.text().await else {
            count(&self.counts.broken);
            return None;
        };
        match status {
            _ if !ours && matches!(status, 200 | 401) => {}
            424 => {
                count(&self.counts.trouble);
                return None;
            }
            503 | 429 => {
                count(&self.counts.unavailable);
                return None;
            }
            _ => {
                self.note_other(status, &text);
                return None;
            }
        }
        let Ok(me) = serde_json::from_str::<Me>(&text) else {
            self.note_other(status, &text);
            return None;
        };
        self.note(me);
        count(if status == 200 {
            &self.counts.good
        } else {
            &self.counts.refused
        });
        (status == 200).then_some(me)
    }

    fn note_other(&self, status: u16, text: &str) {
        let body: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let key = body.and_then(|body| Some(body.get("key")?.as_str()?.to_owned()));
        let name = format!("{status} {}", key.unwrap_or_default());
        let mut other = self.counts.other.lock().unwrap_or_else(PoisonError::into_inner);
        *other.entry(name).or_default() += 1;
    }

    /// The first sight of each token is enough.
    fn note(&self, me: Me) {
        let (Some(family), Some(serial)) = (me.family, me.serial) else {
            return;
        };
        let mut highest = self.highest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = highest.entry(family).or_default();
        if serial > *known {
            *known = serial;
            let at = self.recorder.now();
            self.recorder.lock().reads.push(Read { family, serial, at });
            self.served.notify_waiters();
        }
    }
}

/// Calls random connections until it is aborted.
pub(crate) async fn read_for_ever(caller: Caller, origin: String, connections: Arc<Vec<String>>, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    loop {
        let connection = &connections[rng.random_range(0..connections.len())];
        let good = caller.call(&origin, connection).await.is_some();
        // Who is refused does not hammer.
        let pause = if good { 5..40 } else { 50..200 };
        tokio::time::sleep(Duration::from_millis(rng.random_range(pause))).await;
    }
}
