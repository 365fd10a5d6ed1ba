//! The ring of unwrapped data keys.
//!
//! A data key per project seals its values; the master key wraps data keys. Wrapped keys lie in the database, unwrapped
//! ones only here. Which key a project writes with is told by the database, so that a rotation holds for all replicas.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::seal::NONCE;
use crate::{Environment, MasterKey, Place, Purpose, SealError, Sealed};

/// The id of a data key, written into the header of each value that it sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataKeyId(pub Uuid);

/// A data key, wiped on drop, never printed.
#[derive(ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl std::fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DataKey(redacted)")
    }
}

/// A data key as the database keeps it.
#[derive(Clone, Debug)]
pub struct WrappedDataKey {
    /// Its id.
    pub id: DataKeyId,
    /// The project that writes with it.
    pub project: Uuid,
    /// Sealed by the master key.
    pub wrapped: Sealed,
}

/// The data key of a sealed value is not in the ring: ask the database for it, then try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("data key {} is not loaded", .0.0)]
pub struct UnknownDataKey(pub DataKeyId);

/// All data keys that this process has unwrapped, and the key that unwraps more.
pub struct KeyRing {
    wrapping: Zeroizing<[u8; 32]>,
    wrapping_id: Uuid,
    tagging: Zeroizing<[u8; 32]>,
    instance: Zeroizing<[u8; 32]>,
    keys: RwLock<HashMap<DataKeyId, Arc<DataKey>>>,
}

impl KeyRing {
    /// An empty ring of one master key.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            wrapping: master.derive(Purpose::Wrap),
            wrapping_id: Uuid::from_bytes(master.check_value()),
            tagging: master.derive(Purpose::Tag),
            instance: master.derive(Purpose::Instance),
            keys: RwLock::default(),
        }
    }

    /// A tag of some bytes that nobody can make without the master key: HMAC-SHA-256. `purpose` keeps tags of one use from
    /// standing in for another's.
    pub fn tag(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        // A key of any length is taken, so this fails for none.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.tagging.as_ref()) else {
            return [0; 32];
        };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// Which master key made the tags: equal for equal keys, and tells nothing about them.
    pub fn tagged_by(&self) -> Uuid {
        self.wrapping_id
    }

    /// A new data key for a project: loaded here, and wrapped for the database.
    pub fn create(&self, project: Uuid) -> WrappedDataKey {
        let id = DataKeyId(Uuid::new_v4());
        let key = DataKey(crate::token::random());
        let wrapped = Sealed::seal(&self.wrapping, self.wrapping_id, &wrapping_place(id, project), &key.0);
        self.insert(id, key);
        WrappedDataKey { id, project, wrapped }
    }

    /// Unwraps a key of the database into the ring.
    pub fn load(&self, wrapped: &WrappedDataKey) -> Result<(), SealError> {
        let plain = wrapped
            .wrapped
            .open(&self.wrapping, &wrapping_place(wrapped.id, wrapped.project))?;
        let key: [u8; 32] = plain.as_slice().try_into().map_err(|_| SealError::Refused)?;
        self.insert(wrapped.id, DataKey(key));
        Ok(())
    }

    /// Whether a key is loaded.
    pub fn holds(&self, id: DataKeyId) -> bool {
        self.get(id).is_ok()
    }

    /// Forgets a key, when its project was erased.
    pub fn forget(&self, id: DataKeyId) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Seals a value for its place.
    pub fn seal(&self, key: DataKeyId, place: &Place, plaintext: &[u8]) -> Result<Sealed, UnknownDataKey> {
        Ok(Sealed::seal(&self.get(key)?.0, key.0, place, plaintext))
    }

    /// Seals a value that belongs to no project, with a key of the instance. Its place names neither project nor
    /// environment.
    pub fn seal_for_instance(&self, record: Uuid, column: &'static str, plaintext: &[u8]) -> Sealed {
        let place = instance_place(record, column);
        Sealed::seal(&self.instance, self.wrapping_id, &place, plaintext)
    }

    /// Opens such a value in its place.
    pub fn open_for_instance(
        &self,
        sealed: &Sealed,
        record: Uuid,
        column: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        sealed.open(&self.instance, &instance_place(record, column))
    }

    /// A value as it may stand in an address: without the master key it tells nothing but its length. The same value of
    /// a record has the same one, because the nonce is a tag of it.
    pub fn refer(&self, record: Uuid, column: &'static str, plaintext: &[u8]) -> String {
        let named = [record.as_bytes(), column.as_bytes(), &[0], plaintext].concat();
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&self.tag("reference", &named)[..NONCE]);
        let place = instance_place(record, column);
        let sealed = Sealed::seal_with_nonce(&self.instance, self.wrapping_id, &place, plaintext, &nonce);
        URL_SAFE_NO_PAD.encode(sealed.without_header())
    }

    /// What a reference stands for, if it is one of ours and of this record.
    pub fn referred(&self, text: &str, record: Uuid, column: &'static str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let sealed = Sealed::under_header(self.wrapping_id, &bytes);
        self.open_for_instance(&sealed, record, column).ok()
    }

    /// Opens a value in its place with a key that is loaded.
    pub fn open(&self, sealed: &Sealed, place: &Place) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let key = self.get(DataKeyId(sealed.key_id()?))?;
        Ok(sealed.open(&key.0, place)?)
    }

    fn get(&self, id: DataKeyId) -> Result<Arc<DataKey>, UnknownDataKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&id).cloned().ok_or(UnknownDataKey(id))
    }

    fn insert(&self, id: DataKeyId, key: DataKey) {
        self.keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::new(key));
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyRing(redacted)")
    }
}

/// Why a value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Load the key, then try again.
    #[error(transparent)]
    UnknownKey(#[from] UnknownDataKey),
    /// It will not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

const fn wrapping_place(id: DataKeyId, project: Uuid) -> Place {
    Place {
        project,
        environment: Environment::Live,
        record: id.0,
        column: "data_keys.wrapped",
        generation: 0,
    }
}

const fn instance_place(record: Uuid, column: &'static str) -> Place {
    Place {
        project: Uuid::nil(),
        environment: Environment::Live,
        record,
        column,
        generation: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(project: Uuid) -> Place {
        Place {
            project,
            environment: Environment::Test,
            record: Uuid::nil(),
            column: "a.b",
            generation: 1,
        }
    }

    #[test]
    fn another_process_with_the_same_master_key_opens() {
        let master = MasterKey::generate();
        let project = Uuid::new_v4();
        let first = KeyRing::new(&master);
        let wrapped = first.create(project);
        let sealed = first.seal(wrapped.id, &place(project), b"canary").unwrap();

        let second = KeyRing::new(&MasterKey::parse(&master.to_text()).unwrap());
        assert_eq!(
            second.open(&sealed, &place(project)).unwrap_err(),
            UnknownDataKey(wrapped.id).into()
        );
        second.load(&wrapped).unwrap();
        assert_eq!(second.open(&sealed, &place(project)).unwrap().as_slice(), b"canary");
    }

    #[test]
    fn tags_depend_on_key_purpose_and_bytes() {
        let master = MasterKey::generate();
        let (ring, other) = (KeyRing::new(&master), KeyRing::new(&MasterKey::generate()));
        let tag = ring.tag("audit", b"entry");
        assert_eq!(KeyRing::new(&master).tag("audit", b"entry"), tag);
        for different in [
            ring.tag("audit", b"entrz"),
            ring.tag("request", b"entry"),
            other.tag("audit", b"entry"),
        ] {
            assert_ne!(different, tag);
        }
        assert_ne!(ring.tagged_by(), other.tagged_by());
    }

    #[test]
    fn what_belongs_to_no_project_opens_in_its_place_alone() {
        let master = MasterKey::generate();
        let record = Uuid::new_v4();
        let sealed = KeyRing::new(&master).seal_for_instance(record, "a.b", b"canary");
        let again = KeyRing::new(&master);
        assert_eq!(
            again.open_for_instance(&sealed, record, "a.b").unwrap().as_slice(),
            b"canary"
        );
        let other = KeyRing::new(&MasterKey::generate());
        for refused in [
            again.open_for_instance(&sealed, Uuid::new_v4(), "a.b"),
            again.open_for_instance(&sealed, record, "a.c"),
            other.open_for_instance(&sealed, record, "a.b"),
        ] {
            assert_eq!(refused.unwrap_err(), SealError::Refused);
        }
    }

    #[test]
    fn a_reference_is_the_same_each_time_and_opens_for_its_record_alone() {
        let master = MasterKey::generate();
        let (ring, record) = (KeyRing::new(&master), Uuid::new_v4());
        let text = ring.refer(record, "a.b", b"ann@example.com");
        let again = KeyRing::new(&master);
        assert_eq!(again.refer(record, "a.b", b"ann@example.com"), text);
        assert_eq!(
            again.referred(&text, record, "a.b").unwrap().as_slice(),
            b"ann@example.com"
        );
        // 24 of the nonce, 15 of the value, 16 of the tag, six bits a letter.
        assert_eq!(text.len(), 74);
        for other in [
            ring.refer(record, "a.b", b"bob@example.com"),
            ring.refer(Uuid::new_v4(), "a.b", b"ann@example.com"),
            ring.refer(record, "a.c", b"ann@example.com"),
        ] {
            // Not even the nonce.
            assert_ne!(text[..32], other[..32]);
        }
        let mut changed = text.clone();
        changed.replace_range(..1, if text.starts_with('A') { "B" } else { "A" });
        for (text, record, column) in [
            (text.as_str(), Uuid::new_v4(), "a.b"),
            (&text, record, "a.c"),
            (&changed, record, "a.b"),
            ("", record, "a.b"),
            ("AAAA", record, "a.b"),
            ("ann@example.com", record, "a.b"),
        ] {
            assert_eq!(again.referred(text, record, column), None, "{text}");
        }
        assert_eq!(
            KeyRing::new(&MasterKey::generate()).referred(&text, record, "a.b"),
            None
        );
    }

    #[test]
    fn another_master_key_does_not_unwrap() {
        let wrapped = KeyRing::new(&MasterKey::generate()).create(Uuid::new_v4());
        assert_eq!(
            KeyRing::new(&MasterKey::generate()).load(&wrapped).unwrap_err(),
            SealError::Refused
        );
    }

    #[test]
    fn a_wrapped_key_of_another_project_is_refused() {
        let ring = KeyRing::new(&MasterKey::generate());
        let wrapped = WrappedDataKey {
            project: Uuid::new_v4(),
            ..ring.create(Uuid::new_v4())
        };
        assert_eq!(ring.load(&wrapped).unwrap_err(), SealError::Refused);
    }
}
