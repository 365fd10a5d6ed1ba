//! DELETE `/v1/projects/{id}`: the end of a project.

use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Belongings, Broker, COUNTED, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::problems::Problem;

/// What proves that this project is meant.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DeletedProjectBody {
    /// Its name, exactly.
    name: String,
}

/// A project that is being deleted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedProjectAnswer {
    /// The id.
    id: String,
    /// The name that it had.
    name: String,
    /// What it had, in both environments; null where that could not be counted in time. Where there is more than 10,000,
    /// that is what it says, and identities are counted within so many connections.
    had: Option<BelongingsAnswer>,
    /// The project that is the default one from now on, where that was the deleted one.
    default_project: Option<String>,
}

/// What goes with a project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BelongingsAnswer {
    connections: i64,
    identities: i64,
    integrations: i64,
    keys: i64,
    webhooks: i64,
    links: i64,
    members: i64,
}

impl From<Belongings> for BelongingsAnswer {
    fn from(had: Belongings) -> Self {
        Self {
            connections: had.connections.min(COUNTED),
            identities: had.identities.min(COUNTED),
            integrations: had.apps,
            keys: had.keys,
            webhooks: had.webhooks,
            links: had.links.min(COUNTED),
            members: had.members,
        }
    }
}

/// Deletes a project: from now on its keys, sessions, links and modal are refused. Its grants are revoked at the services
/// within a day, then all that it had is deleted; the audit log stays. It cannot be undone.
#[utoipa::path(
    delete, path = "/v1/projects/{id}", operation_id = "deleteProject", tag = "Project",
    params(("id" = String, Path, description = "The project's id")),
    request_body(content = DeletedProjectBody, description = "The project's name, so that no other one is meant"),
    responses(
        (status = 202, body = DeletedProjectAnswer, description = "It is being deleted", example = json!({
            "id": "01900000-0000-7000-8000-000000000003", "name": "Shop",
            "had": {
                "connections": 120, "identities": 80, "integrations": 4, "keys": 2, "webhooks": 1, "links": 0, "members": 3
            },
            "defaultProject": null
        })),
        (status = 400, description = "The name is missing"),
        (status = 403, description = "The key is no live key with the scope `admin` of the project that `LATCHKEY_OPERATOR_PROJECT` names"),
        (status = 404, description = "There is no such project"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "It is the only project, or the one that `LATCHKEY_OPERATOR_PROJECT` names"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "This is not its name")
    ),
    security(("secret" = []))
)]
pub(crate) async fn delete(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    caller.0.require(Scope::Admin)?;
    let sent: DeletedProjectBody = body(&site, &request, payload).await?;
    let deleted = broker.delete_project_by_key(&caller.0, &id, &sent.name).await?;
    Ok(HttpResponse::Accepted().json(DeletedProjectAnswer {
        id: id.into_inner(),
        name: deleted.name,
        had: deleted.had.map(Into::into),
        default_project: deleted.heir,
    }))
}
