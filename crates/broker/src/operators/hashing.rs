//! argon2id, a few at a time, in memory that is kept: each look at a password fills 19 MiB, which an allocator that is asked
//! for them again and again does not give back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{Error, Output, ParamsString, PasswordHash, Result as Hashed, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{Semaphore, oneshot};

use crate::Problem;

/// Looked at together.
const AT_ONCE: usize = 2;

static TURN: Semaphore = Semaphore::const_new(AT_ONCE);

/// What one thread hashes in.
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// The PHC string of a password: 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).
    pub(super) fn hash(&mut self, password: &[u8]) -> Hashed<String> {
        let (params, salt) = (Params::default(), SaltString::generate(&mut OsRng));
        let output = self.output(
            Algorithm::Argon2id,
            Version::V0x13,
            &params,
            password,
            salt.as_salt().as_str(),
        )?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt.as_salt()),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    /// Whether a password has this hash. Compared in constant time.
    pub(super) fn verify(&mut self, password: &[u8], hash: &PasswordHash<'_>) -> Hashed<bool> {
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
            return Err(Error::PhcStringField);
        };
        let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
        let (algorithm, params) = (Algorithm::try_from(hash.algorithm)?, Params::try_from(hash)?);
        Ok(self.output(algorithm, version, &params, password, salt.as_str())? == expected)
    }

    fn output(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: &Params,
        password: &[u8],
        salt: &str,
    ) -> Hashed<Output> {
        let mut bytes = [0; 64];
        let salt = argon2::password_hash::Salt::from_b64(salt)?.decode_b64(&mut bytes)?;
        let count = params.block_count();
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        let blocks = self.0.get_mut(..count).ok_or(Error::ParamsMaxExceeded)?;
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let argon2 = Argon2::new(algorithm, version, params.clone());
        Output::init_with(length, |out| {
            Ok(argon2.hash_password_into_with_memory(password, salt, out, blocks)?)
        })
    }
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

static WORKERS: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..AT_ONCE {
        let jobs = Arc::clone(&jobs);
        let worker = std::thread::Builder::new().name("passwords".to_owned());
        let begun = worker.spawn(move || {
            let mut memory = Memory(Vec::new());
            while let Ok(job) = next(&jobs) {
                // Whoever waits for it sees that no answer comes.
                let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
            }
        });
        if let Err(error) = begun {
            tracing::error!(%error, "a thread that looks at passwords could not be started");
        }
    }
    sender
});

fn next(jobs: &Mutex<mpsc::Receiver<Job>>) -> Result<Job, mpsc::RecvError> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv()
}

/// Does something with the memory of a thread, when it is its turn.
pub(super) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce(&mut Memory) -> T + Send + 'static,
) -> Result<T, Problem> {
    let failed = || Problem::internal("The password cannot be looked at.");
    // Who gives up waiting leaves no work behind.
    let _turn = TURN.acquire().await.map_err(|error| failed().with_cause(error))?;
    let (answer, answered) = oneshot::channel();
    let job: Job = Box::new(move |memory| {
        // Nobody waits any more where it cannot be sent.
        let _ = answer.send(work(memory));
    });
    WORKERS
        .send(job)
        .map_err(|error| failed().with_cause(std::io::Error::other(error.to_string())))?;
    answered.await.map_err(|error| failed().with_cause(error))
}
