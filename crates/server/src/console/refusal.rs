//! What a page says of a refusal, where it is drawn again with what was sent.

use actix_web::http::StatusCode;

use crate::problems::Problem;

/// A refusal for people.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) status: StatusCode,
}

impl From<broker::Problem> for Refusal {
    fn from(problem: broker::Problem) -> Self {
        let message = problem.message().to_owned();
        Self {
            message,
            status: Problem::from(problem).kind().status(),
        }
    }
}
