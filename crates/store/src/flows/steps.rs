//! The steps of a flow up to the provider and back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use vault::{Digest, Place};
use zeroize::Zeroizing;

use super::{Flow, FlowMode, Grade, ReturnForm, select_flows, told};
use crate::{AppId, ConnectionId, FlowId, ProjectId, Session, SessionId, Store, StoreError};

/// A flow to make.
#[derive(Debug)]
pub struct NewFlow {
    /// The app.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// How its window is opened.
    pub mode: FlowMode,
    /// Digest of the start ticket.
    pub ticket: Digest,
    /// Digest of the opener proof.
    pub proof: Option<Digest>,
    /// Digest of the result handle.
    pub result: Digest,
    /// Digest of the embed cookie.
    pub embed: Option<Digest>,
    /// The origin of the page that embeds the modal.
    pub embedder: Option<String>,
    /// Our origin that it is started on, where it is a project's own domain.
    pub origin: Option<String>,
    /// The code to show.
    pub code: String,
    /// The person's name for the connection.
    pub name: Option<String>,
    /// Given values of variables.
    pub variables: BTreeMap<String, String>,
    /// Seconds that the session must have left, so that its end surprises nobody.
    pub needs: u32,
}

/// A browser takes a flow.
#[derive(Debug)]
pub struct Bind {
    /// Digest of the browser cookie.
    pub browser: Digest,
    /// The proof; `None` when the person has to be asked first.
    pub grade: Option<Grade>,
    /// The customer's page to go back to, and how.
    pub back: Option<(String, ReturnForm)>,
    /// What has to be remembered until the end, sealed.
    pub secrets: Option<Zeroizing<Vec<u8>>>,
}

/// What a person's confirmation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The flow goes on.
    Yes,
    /// Another code than the waiting window shows.
    WrongCode {
        /// After the last one the flow is rejected.
        tries_left: i32,
    },
    /// There is nothing to confirm any more, or not in this browser.
    Over,
}

pub(super) fn secrets_place(flow: &Flow) -> Place {
    Place {
        project: flow.project.0,
        environment: flow.environment,
        record: flow.id.0,
        column: "flows.sealed",
        generation: 0,
    }
}

impl Store {
    /// Makes a flow in a session that is live, unused and has enough time left. `None` when it is not, or when it made twenty
    /// flows already.
    pub async fn create_flow(
        &self,
        session: &Session,
        new: &NewFlow,
    ) -> Result<Option<(FlowId, DateTime<Utc>)>, StoreError> {
        let row = sqlx::query!(
            r#"insert into flows (id, session_id, project_id, environment, app_id, integration, auth_method, mode,
                    ticket_digest, ticket_until, proof_digest, result_digest, embed_digest, embedder, code, name, variables,
                    origin, expires_at)
               select $1, s.id, s.project_id, s.environment, $3, $4, $5, $6, $7, latchkey_now() + interval '120 seconds',
                      $8, $9, $10, $11, $12, $13, $14, $15, latchkey_now() + interval '120 seconds'
               from connect_sessions s
               where s.id = $2 and s.revoked_at is null and s.expires_at > latchkey_now() + make_interval(secs => $16)
                 and s.uses < s.max_uses and (select count(*) from flows f where f.session_id = s.id) < 20
               returning id as "id: FlowId", expires_at"#,
            FlowId::generate().0,
            session.id.0,
            new.app.0,
            new.integration,
            new.auth_method,
            new.mode.as_str(),
            new.ticket.as_bytes(),
            new.proof.as_ref().map(Digest::as_bytes),
            new.result.as_bytes(),
            new.embed.as_ref().map(Digest::as_bytes),
            new.embedder,
            new.code,
            new.name,
            sqlx::types::Json(&new.variables) as _,
            new.origin,
            f64::from(new.needs),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| (row.id, row.expires_at)))
    }

    /// A new ticket for a flow that no window took yet. `false` when it was taken.
    pub async fn renew_ticket(
        &self,
        session: SessionId,
        flow: FlowId,
        ticket: &Digest,
        proof: Option<&Digest>,
    ) -> Result<bool, StoreError> {
        let renewed = sqlx::query!(
            "update flows set ticket_digest = $3, proof_digest = $4, ticket_until = latchkey_now() + interval '120 seconds',
                    expires_at = latchkey_now() + interval '120 seconds', updated_at = latchkey_now()
             where id = $1 and session_id = $2 and status = 'created' and expires_at > latchkey_now()",
            flow.0,
            session.0,
            ticket.as_bytes(),
            proof.map(Digest::as_bytes)
        )
        .execute(&self.pool)
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// A flow by its id.
    pub async fn flow(&self, id: FlowId) -> Result<Option<Flow>, StoreError> {
        select_flows!("where f.id = $1", id.0)
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// The flow with this start ticket.
    pub async fn flow_by_ticket(&self, ticket: &Digest) -> Result<Option<Flow>, StoreError> {
        select_flows!("where f.ticket_digest = $1", ticket.as_bytes())
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// The flow with this result handle, until fifteen minutes after its end.
    pub async fn flow_by_result(&self, result: &Digest) -> Result<Option<Flow>, StoreError> {
        select_flows!(
            "where f.result_digest = $1 and (f.ended_at is null or f.ended_at > latchkey_now() - interval '15 minutes')",
            result.as_bytes()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(TryInto::try_into)
        .transpose()
    }

    /// Many flows at once, for everybody who watches one on this replica.
    pub async fn flows_by_result(&self, results: &[Vec<u8>]) -> Result<Vec<Flow>, StoreError> {
        select_flows!("where f.result_digest = any ($1)", results)
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect()
    }

    /// The flow with this provider state, whatever became of it. For the reason of a refusal only.
    pub async fn flow_by_state(&self, state: &Digest) -> Result<Option<Flow>, StoreError> {
        select_flows!("where f.state_digest = $1", state.as_bytes())
            .fetch_optional(&self.pool)
            .await?
            .map(TryInto::try_into)
            .transpose()
    }

    /// Whether a flow is held by this browser.
    pub async fn flow_is_of_browser(&self, flow: FlowId, browser: &Digest) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from flows where id = $1 and browser_digest = $2) as "exists!""#,
            flow.0,
            browser.as_bytes()
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Whether a proof or an embed cookie is the one of a flow.
    pub async fn flow_proof(
        &self,
        flow: FlowId,
        proof: Option<&Digest>,
        embed: Option<&Digest>,
    ) -> Result<(bool, bool), StoreError> {
        let row = sqlx::query!(
            r#"select coalesce(proof_digest = $2, false) as "proof!", coalesce(embed_digest = $3, false) as "embed!"
               from flows where id = $1"#,
            flow.0,
            proof.map(Digest::as_bytes),
            embed.map(Digest::as_bytes)
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((row.proof, row.embed))
    }

    /// Open flows of a browser, for a reloaded start page.
    pub async fn open_flows_of_browser(&self, browser: &Digest) -> Result<Vec<Flow>, StoreError> {
        select_flows!(
            "where f.browser_digest = $1 and f.status in ('bound', 'away', 'choosing') and f.expires_at > latchkey_now() order by f.id desc limit 5",
            browser.as_bytes()
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// A browser takes the flow: the ticket is spent, the deadline is ten minutes from now. `false` when another was
    /// first, the ticket is over, or the session ended.
    pub async fn bind_flow(&self, flow: &Flow, ticket: &Digest, bind: &Bind) -> Result<bool, StoreError> {
        let sealed = match &bind.secrets {
            Some(secrets) => Some(self.seal(&self.pool, &secrets_place(flow), secrets).await?),
            None => None,
        };
        let bound = sqlx::query!(
            "update flows f set status = case when $3::text is null then 'confirming' else 'bound' end, grade = $3,
                    browser_digest = $4, return_url = $5, return_form = $6, sealed = $7, updated_at = latchkey_now(),
                    expires_at = latchkey_now() + interval '10 minutes'
             from connect_sessions s
             where f.id = $1 and f.ticket_digest = $2 and f.status = 'created' and f.ticket_until > latchkey_now()
               and s.id = f.session_id and s.revoked_at is null and s.expires_at > latchkey_now()",
            flow.id.0,
            ticket.as_bytes(),
            bind.grade.map(Grade::as_str),
            bind.browser.as_bytes(),
            bind.back.as_ref().map(|(url, _)| url.as_str()),
            bind.back.as_ref().map(|(_, form)| form.as_str()),
            sealed.as_ref().map(vault::Sealed::as_bytes),
        )
        .execute(&self.pool)
        .await?;
        Ok(bound.rows_affected() == 1)
    }

    /// The person said that the flow is theirs: `confirming → bound`. With a code, it is compared and counted in one
    /// step; the fifth wrong one rejects the flow.
    pub async fn confirm_flow(
        &self,
        flow: FlowId,
        browser: &Digest,
        code: Option<&str>,
        grade: Grade,
    ) -> Result<Confirmed, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query!(
            r#"update flows set code_tries = code_tries + 1, updated_at = latchkey_now(),
                    status = case when $3::text is null or code = $3 then 'bound'
                                  when code_tries >= 4 then 'rejected' else status end,
                    grade = case when $3::text is null or code = $3 then $4 else grade end,
                    error_code = case when code <> $3 and code_tries >= 4 then 'wrong_code' else error_code end,
                    error_message = case when code <> $3 and code_tries >= 4
                        then 'The code was wrong five times.' else error_message end,
                    ended_at = case when code <> $3 and code_tries >= 4 then latchkey_now() else ended_at end
               where id = $1 and browser_digest = $2 and status = 'confirming' and expires_at > latchkey_now()
                 and code_tries < 5
               returning status, 5 - code_tries as "left!""#,
            flow.0,
            browser.as_bytes(),
            code,
            grade.as_str()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if row.as_ref().is_some_and(|row| row.status == "rejected") {
            told::failed(&mut transaction, flow).await?;
        }
        transaction.commit().await?;
        Ok(match row {
            None => Confirmed::Over,
            Some(row) if row.status == "bound" => Confirmed::Yes,
            Some(row) => Confirmed::WrongCode {
                tries_left: row.left.max(0),
            },
        })
    }

    /// The provider's address could not be made: the flow waits for another window again.
    pub async fn unbind_flow(&self, flow: FlowId) -> Result<(), StoreError> {
        sqlx::query!(
            "update flows set status = 'created', grade = null, browser_digest = null, return_url = null,
                    return_form = null, sealed = null, ticket_until = latchkey_now() + interval '120 seconds',
                    expires_at = latchkey_now() + interval '120 seconds', updated_at = latchkey_now()
             where id = $1 and status = 'bound' and state_digest is null",
            flow.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The flow leaves for the provider with a new state; an earlier one dies.
    pub async fn send_flow(
        &self,
        flow: &Flow,
        state: &Digest,
        redirect_uri: &str,
        secrets: &Zeroizing<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let sealed = self.seal(&self.pool, &secrets_place(flow), secrets).await?;
        let sent = sqlx::query!(
            "update flows set status = 'away', state_digest = $2, redirect_uri = $3, sealed = $4, sent_at = latchkey_now(),
                    updated_at = latchkey_now()
             where id = $1 and status in ('bound', 'away') and expires_at > latchkey_now()",
            flow.id.0,
            state.as_bytes(),
            redirect_uri,
            sealed.as_bytes()
        )
        .execute(&self.pool)
        .await?;
        Ok(sent.rows_affected() == 1)
    }

    /// The callback takes the flow: `away → exchanging`, once, in the browser that left, at its own app, while the
    /// session lives. The browser is part of the condition, so that a stranger with a stolen address burns nothing.
    pub async fn claim_flow(
        &self,
        state: &Digest,
        browser: &Digest,
        app: Option<AppId>,
    ) -> Result<Option<Flow>, StoreError> {
        let id = sqlx::query_scalar!(
            r#"update flows f set status = 'exchanging', exchange_until = latchkey_now() + interval '60 seconds',
                    returned_at = latchkey_now(), updated_at = latchkey_now()
               from connect_sessions s, apps a
               where f.state_digest = $1 and f.browser_digest = $2 and f.status = 'away' and f.expires_at > latchkey_now()
                 and a.id = f.app_id and (f.app_id = $3 or ($3::uuid is null and a.plain_callback))
                 and s.id = f.session_id and s.revoked_at is null and s.expires_at > latchkey_now()
               returning f.id as "id: FlowId""#,
            state.as_bytes(),
            browser.as_bytes(),
            app.map(|id| id.0)
        )
        .fetch_optional(&self.pool)
        .await?;
        match id {
            Some(id) => self.flow(id).await,
            None => Ok(None),
        }
    }

    /// What was sealed when the flow left: PKCE verifier and nonce.
    pub async fn flow_secrets(&self, flow: &Flow) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let sealed = sqlx::query_scalar!("select sealed from flows where id = $1", flow.id.0)
            .fetch_optional(&self.pool)
            .await?
            .flatten();
        match sealed {
            Some(sealed) => Ok(Some(self.open("flows", sealed, &secrets_place(flow)).await?)),
            None => Ok(None),
        }
    }

    /// A callback without the right cookie. The third one rejects the flow.
    pub async fn count_cookie_mismatch(&self, flow: FlowId) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let status = sqlx::query_scalar!(
            "update flows set cookie_mismatches = cookie_mismatches + 1, updated_at = latchkey_now(),
                    status = case when cookie_mismatches >= 2 then 'rejected' else status end,
                    error_code = case when cookie_mismatches >= 2 then 'another_browser' else error_code end,
                    error_message = case when cookie_mismatches >= 2
                        then 'The sign-in came back in another browser. Start again in the app.' else error_message end,
                    ended_at = case when cookie_mismatches >= 2 then latchkey_now() else ended_at end
             where id = $1 and status = 'away' returning status",
            flow.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if status.as_deref() == Some("rejected") {
            told::failed(&mut transaction, flow).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The token request surely was not sent: `exchanging → away`, so that the person can try again.
    pub async fn release_flow(&self, flow: FlowId) -> Result<(), StoreError> {
        sqlx::query!(
            "update flows set status = 'away', exchange_until = null, updated_at = latchkey_now()
             where id = $1 and status = 'exchanging'",
            flow.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Ends a flow with a named failure. `false` when it had ended before.
    pub async fn fail_flow(&self, flow: FlowId, code: &str, message: &str) -> Result<bool, StoreError> {
        self.end_flow(flow, "failed", code, message).await
    }

    /// The person said that it was not theirs.
    pub async fn reject_flow(&self, flow: FlowId, code: &str, message: &str) -> Result<bool, StoreError> {
        self.end_flow(flow, "rejected", code, message).await
    }

    async fn end_flow(&self, flow: FlowId, status: &str, code: &str, message: &str) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query!(
            "update flows set status = $2, error_code = $3, error_message = $4, sealed = null, ended_at = latchkey_now(),
                    updated_at = latchkey_now()
             where id = $1 and ended_at is null and status not in ('verifying', 'choosing')",
            flow.0,
            status,
            code,
            message
        )
        .execute(&mut *transaction)
        .await?
        .rows_affected()
            == 1;
        if ended {
            told::failed(&mut transaction, flow).await?;
        }
        transaction.commit().await?;
        Ok(ended)
    }

    /// The modal was closed: a callback that still comes makes no token request, and a grant that waits for a choice is given
    /// back.
    pub async fn cancel_flow(&self, session: SessionId, flow: FlowId) -> Result<bool, StoreError> {
        let cancelled = sqlx::query!(
            "update flows set status = 'cancelled', error_code = 'cancelled', error_message = 'The sign-in was cancelled.',
                    sealed = null, ended_at = latchkey_now(), updated_at = latchkey_now()
             where id = $1 and session_id = $2 and status in ('created', 'bound', 'confirming', 'away')",
            flow.0,
            session.0
        )
        .execute(&self.pool)
        .await?;
        if cancelled.rows_affected() == 1 {
            return Ok(true);
        }
        self.cancel_choice(session, flow).await
    }
}
