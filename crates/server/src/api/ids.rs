//! GET `/v1/public/generate-id/{prefix}`: ids that old clients ask for. They name things for the client and prove
//! nothing: whatever grants a right is a session.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use vault::Token;

use crate::problems::Problem;

/// What an id may begin with.
const PREFIXES: &[&str] = &[
    "conn",
    "conn_def",
    "conn_mod_def",
    "conn_oauth_def",
    "embed_tk",
    "evt",
    "ln",
    "ln_tk",
    "session_id",
    "st",
];

/// An id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GeneratedId {
    /// The prefix, 11 and 22 random characters, joined by `::`.
    id: String,
}

/// Makes an id. No key is needed.
#[utoipa::path(
    get, path = "/v1/public/generate-id/{prefix}", operation_id = "generateId", tag = "Catalogue",
    params(("prefix" = String, Path, description = "What it is for, as `session_id`")),
    responses((status = 200, body = GeneratedId, description = "A new id"), (status = 400, description = "The prefix is not known"))
)]
pub(crate) async fn generated(prefix: web::Path<String>) -> Result<HttpResponse, Problem> {
    if !PREFIXES.contains(&prefix.as_str()) {
        return Err(Problem::bad_request(format!(
            "This prefix is not known. Ask for one of {}.",
            PREFIXES.join(", ")
        )));
    }
    Ok(HttpResponse::Ok().json(GeneratedId { id: generate(&prefix) }))
}

/// A new id with this prefix.
pub(crate) fn generate(prefix: &str) -> String {
    let random = Token::generate().expose();
    format!("{prefix}::{}::{}", &random[..11], &random[11..33])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_shape() {
        let id = generate("session_id");
        let parts: Vec<&str> = id.split("::").collect();
        assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("session_id", 11, 22));
        assert_ne!(generate("session_id"), id);
    }
}
