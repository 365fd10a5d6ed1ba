//! A record of the journal: where an answer belongs, in the clear, and the answer, sealed for that place.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use store::{ConnectionId, Degraded, Fence, NewCredential, ProjectId, Refreshed};
use uuid::Uuid;
use vault::{Credential, Environment, JournalKey, Place, Sealed};
use zeroize::Zeroizing;

/// Bytes before the sealed part: mark, environment, length, project, connection, generation.
const HEAD: usize = 4 + 4 + 4 + 16 + 16 + 8;
const MARK: [u8; 4] = *b"LKA1";

/// An answer and what it replaces.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) fence: Fence,
    pub(crate) refreshed: Refreshed,
}

/// What is beside the credential. No secret, but sealed with it.
#[derive(Serialize, Deserialize)]
struct Beside {
    claimed_at: DateTime<Utc>,
    expires_in: Option<u64>,
    refresh_in: Option<u64>,
    variables: BTreeMap<String, String>,
    scopes: Option<Vec<String>>,
    /// Left out by versions that knew none.
    #[serde(default)]
    degraded: Option<Degraded>,
}

/// What stands in a slot.
pub(super) enum Read {
    /// Nothing, or a record that was torn while it was written.
    Nothing,
    /// An answer.
    Record(Box<Record>),
    /// An answer that was sealed by another key.
    Sealed,
}

fn place(fence: &Fence) -> Place {
    Place {
        project: fence.project.0,
        environment: fence.environment,
        record: fence.connection.0,
        column: "journal",
        generation: fence.generation,
    }
}

impl Record {
    /// The bytes for a slot.
    pub(super) fn seal(&self, key: &JournalKey) -> Vec<u8> {
        let refreshed = &self.refreshed;
        let beside = Beside {
            claimed_at: refreshed.claimed_at,
            expires_in: refreshed.new.expires_in,
            refresh_in: refreshed.new.refresh_in,
            variables: refreshed.variables.clone(),
            scopes: refreshed.scopes.clone(),
            degraded: refreshed.degraded.clone(),
        };
        // Plain values and maps with text keys: this cannot fail, and an empty text would not read back.
        let beside = serde_json::to_vec(&beside).unwrap_or_default();
        let credential = refreshed.new.credential.to_plaintext();
        let mut plaintext = Zeroizing::new(Vec::with_capacity(4 + beside.len() + credential.len()));
        plaintext.extend_from_slice(&length(&beside));
        plaintext.extend_from_slice(&beside);
        plaintext.extend_from_slice(&credential);
        let sealed = key.seal(&place(&self.fence), &plaintext);

        let mut bytes = Vec::with_capacity(HEAD + sealed.as_bytes().len());
        bytes.extend_from_slice(&MARK);
        bytes.extend_from_slice(&[u8::from(self.fence.environment == Environment::Live), 0, 0, 0]);
        bytes.extend_from_slice(&length(sealed.as_bytes()));
        bytes.extend_from_slice(self.fence.project.0.as_bytes());
        bytes.extend_from_slice(self.fence.connection.0.as_bytes());
        bytes.extend_from_slice(&self.fence.generation.to_be_bytes());
        bytes.extend_from_slice(sealed.as_bytes());
        bytes
    }

    /// Reads a slot.
    pub(super) fn read(bytes: &[u8], key: &JournalKey) -> Read {
        let Some((fence, sealed)) = head(bytes) else {
            return Read::Nothing;
        };
        if !key.wrote(&sealed) {
            return Read::Sealed;
        }
        let Ok(plaintext) = key.open(&sealed, &place(&fence)) else {
            return Read::Nothing;
        };
        match open(&plaintext, fence) {
            Some(record) => Read::Record(Box::new(record)),
            None => Read::Nothing,
        }
    }
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn head(bytes: &[u8]) -> Option<(Fence, Sealed)> {
    if bytes.get(..4)? != MARK {
        return None;
    }
    let environment = match bytes.get(4)? {
        0 => Environment::Test,
        _ => Environment::Live,
    };
    let size = usize::try_from(u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?)).ok()?;
    let fence = Fence {
        project: ProjectId(Uuid::from_slice(bytes.get(12..28)?).ok()?),
        environment,
        connection: ConnectionId(Uuid::from_slice(bytes.get(28..44)?).ok()?),
        generation: i64::from_be_bytes(bytes.get(44..52)?.try_into().ok()?),
    };
    let sealed = Sealed::from_bytes(bytes.get(HEAD..HEAD.checked_add(size)?)?.to_vec());
    sealed.key_id().ok()?;
    Some((fence, sealed))
}

fn open(plaintext: &[u8], fence: Fence) -> Option<Record> {
    let size = usize::try_from(u32::from_be_bytes(plaintext.get(..4)?.try_into().ok()?)).ok()?;
    let beside: Beside = serde_json::from_slice(plaintext.get(4..4_usize.checked_add(size)?)?).ok()?;
    let credential = Credential::from_plaintext(plaintext.get(4 + size..)?).ok()?;
    Some(Record {
        fence,
        refreshed: Refreshed {
            new: NewCredential {
                credential,
                expires_in: beside.expires_in,
                refresh_in: beside.refresh_in,
            },
            claimed_at: beside.claimed_at,
            variables: beside.variables,
            scopes: beside.scopes,
            degraded: beside.degraded,
        },
    })
}
