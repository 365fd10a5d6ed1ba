//! The key of a replica's journal: what waits on disk for the database is sealed like a row, under a key of its own.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{MasterKey, Place, Purpose, SealError, Sealed};

/// Seals and opens what a replica keeps on its own disk. The same on all replicas of one master key.
pub struct JournalKey {
    key: Zeroizing<[u8; 32]>,
    id: Uuid,
}

impl JournalKey {
    /// The journal's key of a master key.
    pub fn of(master: &MasterKey) -> Self {
        Self {
            key: master.derive(Purpose::Journal),
            id: Uuid::from_bytes(master.check_value()),
        }
    }

    /// Seals for a place.
    pub fn seal(&self, place: &Place, plaintext: &[u8]) -> Sealed {
        Sealed::seal(&self.key, self.id, place, plaintext)
    }

    /// Whether this key sealed it, as far as its header tells.
    pub fn wrote(&self, sealed: &Sealed) -> bool {
        sealed.key_id() == Ok(self.id)
    }

    /// Opens in the place that it was sealed for.
    pub fn open(&self, sealed: &Sealed, place: &Place) -> Result<Zeroizing<Vec<u8>>, SealError> {
        sealed.open(&self.key, place)
    }
}

impl std::fmt::Debug for JournalKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JournalKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;

    #[test]
    fn opens_only_in_its_place_and_under_its_master_key() {
        let place = Place {
            project: Uuid::from_u128(1),
            environment: Environment::Live,
            record: Uuid::from_u128(2),
            column: "journal",
            generation: 7,
        };
        let master = MasterKey::generate();
        let sealed = JournalKey::of(&master).seal(&place, b"canary");
        assert_eq!(
            JournalKey::of(&master).open(&sealed, &place).unwrap().as_slice(),
            b"canary"
        );
        let other = Place { generation: 8, ..place };
        assert!(JournalKey::of(&master).open(&sealed, &other).is_err());
        assert!(JournalKey::of(&MasterKey::generate()).open(&sealed, &place).is_err());
        assert_eq!(format!("{:?}", JournalKey::of(&master)), "JournalKey(redacted)");
    }
}
