//! Sealing and opening at the border of the database.

use sqlx::PgExecutor;
use uuid::Uuid;
use vault::{DataKeyId, OpenError, Place, Sealed, WrappedDataKey};
use zeroize::Zeroizing;

use crate::{ProjectId, Store, StoreError};

impl Store {
    /// Seals for a place with the project's current data key.
    pub(crate) async fn seal(
        &self,
        executor: impl PgExecutor<'_>,
        place: &Place,
        plaintext: &[u8],
    ) -> Result<Sealed, StoreError> {
        let id = self.current_key(executor, place.project).await?;
        self.seal_with(id, place, plaintext)
    }

    /// Seals a value for its place with a key that [`Store::current_key`] named in this transaction.
    pub(crate) fn seal_with(&self, key: DataKeyId, place: &Place, plaintext: &[u8]) -> Result<Sealed, StoreError> {
        self.ring.seal(key, place, plaintext).map_err(|_| StoreError::NoDataKey)
    }

    /// The key that a project writes with, loaded.
    pub(crate) async fn current_key(
        &self,
        executor: impl PgExecutor<'_>,
        project: Uuid,
    ) -> Result<DataKeyId, StoreError> {
        // Served by data_keys_one_current. Asked each time: a rotation on another replica holds at once.
        let row = sqlx::query!(
            "select id, wrapped from data_keys where project_id = $1 and is_current",
            project
        )
        .fetch_optional(executor)
        .await?
        .ok_or(StoreError::NoDataKey)?;
        let id = DataKeyId(row.id);
        if !self.ring.holds(id) {
            self.load(id, project, row.wrapped)?;
        }
        Ok(id)
    }

    /// Opens a value in its place; a data key that is not in the ring yet is loaded.
    pub(crate) async fn open(
        &self,
        table: &'static str,
        sealed: Vec<u8>,
        place: &Place,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let sealed = Sealed::from_bytes(sealed);
        let unknown = match self.ring.open(&sealed, place) {
            Ok(plaintext) => return Ok(plaintext),
            Err(OpenError::Seal(source)) => {
                return Err(StoreError::Sealed {
                    table,
                    record: place.record,
                    source,
                });
            }
            Err(OpenError::UnknownKey(unknown)) => unknown,
        };
        let row = sqlx::query!("select project_id, wrapped from data_keys where id = $1", unknown.0.0)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(StoreError::NoDataKey)?;
        self.load(unknown.0, row.project_id, row.wrapped)?;
        match self.ring.open(&sealed, place) {
            Ok(plaintext) => Ok(plaintext),
            Err(OpenError::Seal(source)) => Err(StoreError::Sealed {
                table,
                record: place.record,
                source,
            }),
            Err(OpenError::UnknownKey(_)) => Err(StoreError::NoDataKey),
        }
    }

    fn load(&self, id: DataKeyId, project: Uuid, wrapped: Vec<u8>) -> Result<(), StoreError> {
        let wrapped = WrappedDataKey {
            id,
            project,
            wrapped: Sealed::from_bytes(wrapped),
        };
        self.ring.load(&wrapped).map_err(|source| StoreError::Sealed {
            table: "data_keys",
            record: id.0,
            source,
        })
    }

    /// A data key that a project writes with from now on. The one before must not be current any more.
    pub(crate) async fn create_data_key(
        &self,
        executor: impl PgExecutor<'_>,
        project: ProjectId,
    ) -> Result<Uuid, StoreError> {
        let key = self.ring.create(project.0);
        sqlx::query!(
            "insert into data_keys (id, project_id, wrapped, is_current) values ($1, $2, $3, true)",
            key.id.0,
            project.0,
            key.wrapped.as_bytes()
        )
        .execute(executor)
        .await?;
        Ok(key.id.0)
    }
}
