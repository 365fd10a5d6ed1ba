//! What somebody was told when connecting did not work, under the reference that their screen shows.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vault::{Digest, Environment};

use crate::{FlowId, ProjectId, SessionId, Store, StoreError};

/// Problems that are kept of one session.
const KEPT: i64 = 20;

/// What to write down.
#[derive(Clone, Debug)]
pub struct NewConnectProblem {
    /// What the screen shows.
    pub reference: String,
    /// The service that was being connected, where it is known.
    pub integration: Option<String>,
    /// A machine's word.
    pub code: String,
    /// The sentence that was shown.
    pub message: String,
}

/// What was written down.
#[derive(Clone, Debug)]
pub struct ConnectProblem {
    /// The attempt, where there was one.
    pub flow: Option<FlowId>,
    /// The service.
    pub integration: Option<String>,
    /// What the screen showed.
    pub reference: String,
    /// A machine's word.
    pub code: String,
    /// The sentence that was shown.
    pub message: String,
    /// When.
    pub at: DateTime<Utc>,
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

impl Store {
    /// Notes that the modal of a session was opened, and by what browser: the first counts. Served by the unique index on
    /// the digest.
    pub async fn note_session_opened(&self, session: &Digest, browser: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update connect_sessions set opened_at = latchkey_now(), browser = $2
             where request_digest = $1 and opened_at is null",
            session.as_bytes(),
            cut(browser, 300)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes what the modal of a session was answered. Nothing where there is no such session, or it has twenty. Served by
    /// the unique index on the digest and `connect_problems_by_session`.
    pub async fn note_connect_problem(&self, session: &Digest, new: &NewConnectProblem) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into connect_problems (id, session_id, project_id, environment, integration, reference, code, message)
             select $1, s.id, s.project_id, s.environment, $3, $4, $5, $6 from connect_sessions s
             where s.request_digest = $2
               and (select count(*) from connect_problems p where p.session_id = s.id) < $7",
            Uuid::now_v7(),
            session.as_bytes(),
            new.integration.as_deref().map(|text| cut(text, 100)),
            cut(&new.reference, 100),
            cut(&new.code, 100),
            cut(&new.message, 1000),
            KEPT
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Notes the reference that a page showed of a sign-in, which is found by its id or by what the service gave back.
    /// Without words it is those that the sign-in ended with. Served by the primary keys and the unique index on
    /// `state_digest`.
    pub async fn note_flow_problem(
        &self,
        flow: Option<FlowId>,
        state: Option<&Digest>,
        reference: &str,
        words: Option<(&str, &str)>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into connect_problems (id, session_id, project_id, environment, flow_id, integration, reference, code,
                    message)
             select $1, f.session_id, f.project_id, f.environment, f.id, f.integration, $4,
                    left(coalesce($5, f.error_code, 'failed'), 100), left(coalesce($6, f.error_message, ''), 1000)
             from flows f
             where (f.id = $2 or ($2::uuid is null and f.state_digest = $3))
               and (select count(*) from connect_problems p where p.session_id = f.session_id) < $7",
            Uuid::now_v7(),
            flow.map(|id| id.0),
            state.map(|digest| digest.as_bytes().to_vec()),
            cut(reference, 100),
            words.map(|(code, _)| code),
            words.map(|(_, message)| message),
            KEPT
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The session of which a reference was shown. Served by `connect_problems_by_reference`.
    pub async fn session_by_reference(
        &self,
        project: ProjectId,
        environment: Environment,
        reference: &str,
    ) -> Result<Option<SessionId>, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"select session_id as "id: SessionId" from connect_problems
               where project_id = $1 and environment = $2 and reference = $3 order by id desc limit 1"#,
            project.0,
            environment.as_str(),
            reference
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// What a session's person was told, the last first. Served by `connect_problems_by_session`.
    pub async fn connect_problems(&self, session: SessionId) -> Result<Vec<ConnectProblem>, StoreError> {
        Ok(sqlx::query_as!(
            ConnectProblem,
            r#"select flow_id as "flow: FlowId", integration, reference, code, message, created_at as at
               from connect_problems where session_id = $1 order by id desc"#,
            session.0
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
