//! Changing one's own password.

use actix_web::{HttpRequest, HttpResponse, web};
use broker::Broker;

use super::super::door::in_place;
use super::super::operator::{Operator, let_in, visitor};
use super::super::see;
use super::super::sent::Sent;
use super::{Said, draw};
use crate::Site;
use crate::problems::Problem;

/// POST `/console/account/password`
pub(super) async fn change(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let signed = operator.0;
    let sent = Sent::read(&site, &request, payload).await?;
    let (present, new) = (sent.secret("present"), sent.secret("new"));
    let changed = broker
        .change_password(&signed, &present, &new, &visitor(&site, &request))
        .await;
    match changed {
        Ok(cookie) => {
            let mut response = see("/console/account?done=password");
            let_in(&mut response, &site, &cookie);
            Ok(response)
        }
        Err(problem) => {
            let is_new = problem.key() == "weak_password";
            let (status, words) = in_place(problem)?;
            let mut said = Said::default();
            let place = if is_new { &mut said.new } else { &mut said.present };
            *place = Some(words);
            draw(&broker, &site, &signed, said, status).await
        }
    }
}
