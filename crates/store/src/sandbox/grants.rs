//! Codes, grants and tokens.

use std::time::Duration;

use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;
use vault::{Digest, SecretString};
use zeroize::Zeroizing;

use super::faults::{Faults, Rotation};
use super::rotation::{self, Use};
use super::{
    Access, Account, CODE_LIFETIME, Consent, Issued, OPEN_CODES, REFRESH_LIFETIME, Redemption, Refusal, digest,
    fault_rows, seconds, secret,
};
use crate::{Store, StoreError};

impl Store {
    /// A code for what was allowed; `None` when too many of this client wait already.
    pub async fn create_sandbox_code(&self, consent: &Consent<'_>) -> Result<Option<SecretString>, StoreError> {
        let code = secret("sandbox_code_");
        let code_digest = Digest::of(&code);
        let mut transaction = self.pool.begin().await?;
        // After ten minutes nothing is learnt from a second use any more.
        sqlx::query!(
            "delete from sandbox_codes where client = $1 and expires_at < latchkey_now() - interval '10 minutes'",
            consent.client
        )
        .execute(&mut *transaction)
        .await?;
        let inserted = sqlx::query!(
            "insert into sandbox_codes
                 (digest, client, redirect_uri, code_challenge, account, scopes, access_seconds, expires_at, faults)
             select $1, $2, $3, $4, $5, $6, $7, latchkey_now() + make_interval(secs => $8), $10
             where (select count(*) from sandbox_codes where client = $2 and expires_at > latchkey_now()) < $9",
            code_digest.as_bytes(),
            consent.client,
            consent.redirect_uri,
            consent.code_challenge.as_bytes(),
            consent.account.as_str(),
            consent.scopes,
            i32::try_from(consent.access_lifetime.as_secs()).unwrap_or(i32::MAX),
            seconds(CODE_LIFETIME),
            OPEN_CODES,
            consent.faults.map(Json) as _,
        )
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        transaction.commit().await?;
        Ok((inserted == 1).then(|| SecretString::from(code.as_str())))
    }

    /// Turns a code into a grant and its first tokens. A code works once: a second use revokes the grant, and a try
    /// with a wrong verifier or redirect address spends the code.
    pub async fn redeem_sandbox_code(&self, request: &Redemption<'_>) -> Result<Result<Issued, Refusal>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(code) = sqlx::query!(
            r#"select k.client, k.redirect_uri, k.code_challenge, k.account, k.scopes, k.access_seconds, k.grant_id,
                      k.used_at, k.expires_at <= latchkey_now() as "expired!", k.faults, k.fault_hits,
                      c.faults as shared
               from sandbox_codes k join sandbox_clients c on c.id = k.client where k.digest = $1 for update of k"#,
            request.code.as_bytes()
        )
        .fetch_optional(&mut *transaction)
        .await?
        else {
            return Ok(Err(Refusal::Unknown));
        };
        if code.client != request.client {
            return Ok(Err(Refusal::OtherClient));
        }
        if code.used_at.is_some() {
            if let Some(grant) = code.grant_id {
                revoke(&mut transaction, grant).await?;
            }
            transaction.commit().await?;
            return Ok(Err(Refusal::Used));
        }
        if code.expired {
            return Ok(Err(Refusal::Expired));
        }
        let refusal = if code.redirect_uri != request.redirect_uri {
            Some(Refusal::RedirectUri)
        } else if digest("sandbox_codes", code.client, &code.code_challenge)? != request.verifier {
            Some(Refusal::Verifier)
        } else {
            None
        };
        let grant = Uuid::now_v7();
        if refusal.is_none() {
            sqlx::query!(
                "insert into sandbox_grants
                     (id, client, account, scopes, access_seconds, expires_at, faults, fault_hits)
                 values ($1, $2, $3, $4, $5, latchkey_now() + make_interval(secs => $6), $7, $8)",
                grant,
                code.client,
                code.account,
                &code.scopes,
                code.access_seconds,
                seconds(REFRESH_LIFETIME),
                code.faults,
                code.fault_hits,
            )
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query!(
            "update sandbox_codes set used_at = latchkey_now(), grant_id = $2 where digest = $1",
            request.code.as_bytes(),
            refusal.is_none().then_some(grant)
        )
        .execute(&mut *transaction)
        .await?;
        let issued = if let Some(refusal) = refusal {
            Err(refusal)
        } else {
            let new = NewTokens {
                grant,
                access_seconds: code.access_seconds,
                scopes: code.scopes,
                faults: effective(grant, code.faults, code.shared)?,
                refresh_token: Some(secret("sandbox_refresh_")),
            };
            Ok(new.issue(&mut transaction).await?)
        };
        transaction.commit().await?;
        Ok(issued)
    }

    /// Issues an access token and, unless the grant's faults say otherwise, replaces the refresh token (rotation).
    /// `scopes` may ask for fewer than were allowed.
    pub async fn refresh_sandbox_token(
        &self,
        client: Uuid,
        refresh_token: &str,
        scopes: Option<Vec<String>>,
    ) -> Result<Result<Issued, Refusal>, StoreError> {
        let presented = Digest::of(refresh_token);
        let mut transaction = self.pool.begin().await?;
        // The grant is locked, here and in the revocation, before its tokens: so no two wait for each other.
        let Some(grant) = sqlx::query!(
            "select g.id, g.client, g.scopes, g.access_seconds, g.revoked_at, g.faults, c.faults as shared,
                    c.secret_digest
             from sandbox_grants g join sandbox_clients c on c.id = g.client
             where g.id = (select grant_id from sandbox_tokens where digest = $1 and kind = 'refresh') for update of g",
            presented.as_bytes()
        )
        .fetch_optional(&mut *transaction)
        .await?
        else {
            return Ok(Err(Refusal::Unknown));
        };
        if grant.client != client {
            return Ok(Err(Refusal::OtherClient));
        }
        if grant.revoked_at.is_some() {
            return Ok(Err(Refusal::Revoked));
        }
        let Some(token) = sqlx::query!(
            r#"select expires_at <= latchkey_now() as "expired!",
                      extract(epoch from latchkey_now() - used_at)::float8 as used_ago
               from sandbox_tokens where digest = $1"#,
            presented.as_bytes()
        )
        .fetch_optional(&mut *transaction)
        .await?
        else {
            return Ok(Err(Refusal::Unknown));
        };
        let faults = effective(grant.id, grant.faults, grant.shared)?;
        let used_again = match rotation::use_of(&faults, token.used_ago) {
            Use::First if token.expired => return Ok(Err(Refusal::Expired)),
            Use::Reuse { revokes } => {
                if revokes {
                    revoke(&mut transaction, grant.id).await?;
                    transaction.commit().await?;
                }
                return Ok(Err(Refusal::Used));
            }
            Use::First => false,
            Use::InGrace => true,
        };
        let scopes = scopes.unwrap_or_else(|| grant.scopes.clone());
        if !scopes.iter().all(|scope| grant.scopes.contains(scope)) {
            return Ok(Err(Refusal::Scope));
        }
        let keeps = faults.rotation == Some(Rotation::None);
        if !used_again {
            spend(&mut transaction, presented, keeps).await?;
        }
        sqlx::query!(
            "update sandbox_grants set expires_at = latchkey_now() + make_interval(secs => $2) where id = $1",
            grant.id,
            seconds(REFRESH_LIFETIME)
        )
        .execute(&mut *transaction)
        .await?;
        let new = NewTokens {
            grant: grant.id,
            access_seconds: grant.access_seconds,
            scopes,
            refresh_token: (!keeps).then(|| rotation::successor(&faults, &grant.secret_digest, refresh_token)),
            faults,
        };
        let issued = new.issue(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Ok(issued))
    }

    /// Revokes a token (RFC 7009): a refresh token ends its whole grant, an access token only itself. An unknown token
    /// is no error.
    pub async fn revoke_sandbox_token(&self, client: Uuid, token: Digest) -> Result<Result<(), Refusal>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(grant) = sqlx::query!(
            "select id, client from sandbox_grants
             where id = (select grant_id from sandbox_tokens where digest = $1) for update",
            token.as_bytes()
        )
        .fetch_optional(&mut *transaction)
        .await?
        else {
            return Ok(Ok(()));
        };
        if grant.client != client {
            return Ok(Err(Refusal::OtherClient));
        }
        let kind = sqlx::query_scalar!(
            "update sandbox_tokens set used_at = coalesce(used_at, latchkey_now()),
                 expires_at = least(expires_at, latchkey_now())
             where digest = $1 returning kind",
            token.as_bytes()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if kind.as_deref() == Some("refresh") {
            revoke(&mut transaction, grant.id).await?;
        }
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// What an access token stands for now.
    pub async fn sandbox_access(&self, access_token: Digest) -> Result<Access, StoreError> {
        let Some(row) = sqlx::query!(
            r#"select g.id, g.client, g.account, t.scopes, t.expires_at <= latchkey_now() as "expired!",
                      (g.revoked_at is not null or t.used_at is not null) as "revoked!"
               from sandbox_tokens t join sandbox_grants g on g.id = t.grant_id
               where t.digest = $1 and t.kind = 'access'"#,
            access_token.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(Access::Unknown);
        };
        Ok(match (row.revoked, row.expired) {
            (true, _) => Access::Revoked,
            (false, true) => Access::Expired,
            (false, false) => Access::Granted {
                client: row.client,
                account: account(row.id, &row.account)?,
                scopes: row.scopes,
            },
        })
    }
}

fn account(record: Uuid, text: &str) -> Result<Account, StoreError> {
    text.parse().map_err(|_| StoreError::Inconsistent {
        table: "sandbox_grants",
        record,
        what: format!("`{text}` is no account"),
    })
}

async fn revoke(connection: &mut PgConnection, grant: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "update sandbox_grants set revoked_at = coalesce(revoked_at, latchkey_now()) where id = $1",
        grant
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Spends a refresh token, or lets one that is kept live on.
async fn spend(connection: &mut PgConnection, token: Digest, keeps: bool) -> Result<(), StoreError> {
    // A used token is kept for a day, so that a second use can be told from an unknown one.
    sqlx::query!(
        "update sandbox_tokens set used_at = case when $2 then used_at else latchkey_now() end,
             expires_at = latchkey_now() + make_interval(secs => case when $2 then $3::float8 else 0 end)
         where digest = $1",
        token.as_bytes(),
        keeps,
        seconds(REFRESH_LIFETIME)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The faults of a grant: its own, else its project's.
fn effective(
    grant: Uuid,
    own: Option<serde_json::Value>,
    shared: Option<serde_json::Value>,
) -> Result<Faults, StoreError> {
    let faults = own
        .or(shared)
        .map(|faults| fault_rows::read("sandbox_grants", grant, faults));
    Ok(faults.transpose()?.unwrap_or_default())
}

/// Tokens to make for a grant.
struct NewTokens {
    grant: Uuid,
    access_seconds: i32,
    /// Of the access token; the refresh token keeps the grant's.
    scopes: Vec<String>,
    faults: Faults,
    /// `None` where the old one is kept.
    refresh_token: Option<Zeroizing<String>>,
}

impl NewTokens {
    async fn issue(self, connection: &mut PgConnection) -> Result<Issued, StoreError> {
        let access_token = secret("sandbox_access_");
        let access_seconds = self.faults.token_seconds.unwrap_or(self.access_seconds);
        let access_lifetime = Duration::from_secs(u64::from(access_seconds.unsigned_abs()));
        let scopes = self.faults.narrow(self.scopes);
        let refresh_token = self.refresh_token.as_ref();
        let made = [
            (Some(&access_token), "access", access_lifetime),
            (refresh_token, "refresh", REFRESH_LIFETIME),
        ];
        for (token, kind, lifetime) in made {
            let Some(token) = token else { continue };
            let token_digest = Digest::of(token);
            // A refresh token that is given again in its grace is there already.
            sqlx::query!(
                "insert into sandbox_tokens (digest, grant_id, kind, scopes, expires_at)
                 values ($1, $2, $3, $4, latchkey_now() + make_interval(secs => $5)) on conflict (digest) do nothing",
                token_digest.as_bytes(),
                self.grant,
                kind,
                &scopes,
                seconds(lifetime),
            )
            .execute(&mut *connection)
            .await?;
        }
        Ok(Issued {
            access_token: SecretString::from(access_token.as_str()),
            refresh_token: refresh_token.map(|token| SecretString::from(token.as_str())),
            access_lifetime,
            tells_lifetime: self.faults.omit_expires_in != Some(true),
            scopes,
        })
    }
}
