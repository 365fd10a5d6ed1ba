//! POST `/v1/integrations/{id}/doctor`: whether the OAuth app of an integration is one that its service takes.

use actix_web::{HttpResponse, web};
use broker::{Broker, Diagnosis, Finding};
use serde::Serialize;
use utoipa::ToSchema;

use crate::key::Authenticated;
use crate::problems::Problem;

/// What all checks of an app found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppDiagnosis)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DiagnosisAnswer {
    /// The integration.
    integration: String,
    environment: &'static str,
    /// The worst that was found: `good`, `attention` or `bad`; `skipped` where there is nothing to check.
    verdict: &'static str,
    /// One for each check, in the order in which to mend them.
    checks: Vec<FindingRow>,
}

/// What one check found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppFinding)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingRow {
    /// `client`, `redirect_address`, `redirect_reached`, `discovery`, `pkce`, `authorize`, `token`, `clock`, `switch` or
    /// `service`.
    check: &'static str,
    /// The way to sign in that it is about, where there are several.
    auth_method: Option<String>,
    /// What was looked at, for people.
    title: String,
    /// `good`, `attention`, `bad` or `skipped`.
    verdict: &'static str,
    /// What was found, for people.
    message: String,
    /// How to mend it, for people.
    mend: Option<String>,
}

impl From<Finding> for FindingRow {
    fn from(finding: Finding) -> Self {
        Self {
            check: finding.check,
            auth_method: finding.auth_method,
            title: finding.title,
            verdict: finding.verdict.as_str(),
            message: finding.message,
            mend: finding.mend,
        }
    }
}

impl From<Diagnosis> for DiagnosisAnswer {
    fn from(diagnosis: Diagnosis) -> Self {
        Self {
            integration: diagnosis.integration,
            environment: diagnosis.environment.as_str(),
            verdict: diagnosis.verdict.as_str(),
            checks: diagnosis.checks.into_iter().map(Into::into).collect(),
        }
    }
}

/// Checks the OAuth app of an integration: what was set, that the redirect address leads here, and what the service says
/// to its client id and secret. The service is sent a code that is made up; no grant is made.
#[utoipa::path(
    post, path = "/v1/integrations/{id}/doctor", operation_id = "examineApp", tag = "Project",
    params(("id" = String, Path, description = "The integration, as `acme`")),
    responses(
        (status = 200, body = DiagnosisAnswer, description = "What was found. Each check waits five seconds at most"),
        (status = 403, description = "The key does not have the scope `admin`"),
        (status = 404, description = "There is no such integration in the key's environment")
    ),
    security(("secret" = []))
)]
pub(crate) async fn examine(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let diagnosis = broker.examine_app(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(DiagnosisAnswer::from(diagnosis)))
}
