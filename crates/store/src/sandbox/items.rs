//! Items that callers added.

use uuid::Uuid;

use super::{ITEM_LIFETIME, ITEMS_BY_KEY, ITEMS_PER_OWNER, Item, seconds};
use crate::{Store, StoreError};

impl Store {
    /// The items that an owner added, newest first; at most [`ITEMS_PER_OWNER`].
    pub async fn sandbox_items(&self, owner: &str) -> Result<Vec<Item>, StoreError> {
        Ok(sqlx::query_as!(
            Item,
            "select id, name, created_at from sandbox_items
             where owner = $1 and expires_at > latchkey_now() order by id desc limit $2",
            owner,
            ITEMS_PER_OWNER
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Adds an item; `None` when `by_key` and the keys' share is full.
    pub async fn add_sandbox_item(&self, owner: &str, by_key: bool, name: &str) -> Result<Option<Item>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let item = sqlx::query_as!(
            Item,
            "insert into sandbox_items (id, owner, by_key, name, expires_at)
             select $1, $2, $3, $4, latchkey_now() + make_interval(secs => $5)
             where not $3 or (select count(*) from sandbox_items where by_key) < $6
             returning id, name, created_at",
            Uuid::now_v7(),
            owner,
            by_key,
            name,
            seconds(ITEM_LIFETIME),
            ITEMS_BY_KEY,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        sqlx::query!(
            "delete from sandbox_items where id in
                 (select id from sandbox_items where owner = $1 order by id desc offset $2)",
            owner,
            ITEMS_PER_OWNER
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(item)
    }
}
