//! What clients ask about the holder of a key.

use actix_web::{HttpResponse, web};
use broker::{Broker, Caller};
use serde::Serialize;
use store::Project;
use utoipa::ToSchema;

use crate::key::Authenticated;
use crate::problems::{Kind, Problem};

/// Switches that published clients ask for before the token call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Flags {
    access_list: Vec<String>,
    /// Whether our own line is hidden in the modal.
    authkit_whitelist: bool,
    early_access: Vec<String>,
    completed_quickstart: bool,
}

/// Switches of the project.
#[utoipa::path(
    get, path = "/v1/users/flags", operation_id = "getFlags", tag = "Project",
    responses((status = 200, body = Flags, description = "The project's switches")),
    security(("secret" = []))
)]
pub(crate) async fn flags(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    let project = project(&broker, &caller.0).await?;
    Ok(HttpResponse::Ok().json(Flags {
        access_list: Vec::new(),
        authkit_whitelist: project.white_label,
        early_access: Vec::new(),
        completed_quickstart: true,
    }))
}

/// Whom a key speaks for. A key belongs to a project, and nothing is above that: user and organization are the project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhoAmI {
    user: User,
    organization: Option<Named>,
    project: Option<Named>,
    environment: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct User {
    id: String,
    name: String,
    email: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Named {
    id: String,
    name: String,
}

/// Whom the key speaks for.
#[utoipa::path(
    get, path = "/v1/users/whoami", operation_id = "whoAmI", tag = "Project",
    responses((status = 200, body = WhoAmI, description = "The project and the environment of the key")),
    security(("secret" = []))
)]
pub(crate) async fn whoami(broker: web::Data<Broker>, caller: Authenticated) -> Result<HttpResponse, Problem> {
    let project = project(&broker, &caller.0).await?;
    let named = || Named {
        id: project.id.to_string(),
        name: project.name.clone(),
    };
    Ok(HttpResponse::Ok().json(WhoAmI {
        user: User {
            id: project.id.to_string(),
            name: project.name.clone(),
            email: String::new(),
        },
        organization: Some(named()),
        project: Some(named()),
        environment: caller.0.environment.as_str(),
    }))
}

/// The project of a key.
pub(crate) async fn project(broker: &Broker, caller: &Caller) -> Result<Project, Problem> {
    let project = broker
        .store()
        .project(caller.project)
        .await
        .map_err(broker::Problem::from)?;
    project.ok_or_else(|| Problem::general(Kind::NotFound))
}
