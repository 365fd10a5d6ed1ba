//! What surrounds every handler: limits before it, one error body and the common headers after it.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, web};
use broker::Broker;
use futures_util::FutureExt as _;
use store::NewConnectProblem;
use vault::Token;

use crate::Site;
use crate::api::passthrough;
use crate::connect::later::Later;
use crate::console;
use crate::guard::bearer;
use crate::headers;
use crate::limits::{self, Allowance};
use crate::place;
use crate::problems::{Kind, Problem};
use crate::requests;
use crate::telemetry::{self, Correlated as _};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ONE_CORRELATION_ID: HeaderName = HeaderName::from_static("x-one-correlation-id");

/// A mark on answers whose error body is not ours to write: a provider's, or a page for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsItIs;

/// The modal's calls.
const CONNECT_API: &str = "/connect/api/";

/// The integration that a call of the modal is about, in the extensions of its request.
#[derive(Clone, Debug)]
pub(crate) struct About(pub(crate) String);

/// Where the built-in service answers in its own words.
const SANDBOX: &str = "/sandbox/";

/// The outermost middleware but tracing.
pub(crate) async fn envelope<B: MessageBody + 'static>(
    site: web::Data<Site>,
    broker: web::Data<Broker>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let since = Instant::now();
    let correlation = request.request_id_text();
    let method = telemetry::method_label(request.method());
    let route = telemetry::route_label(request.match_pattern());
    let own_words = request.path().starts_with(SANDBOX);
    let passes_through = request.path().starts_with(passthrough::PREFIX);
    let is_page = console::is_page(request.path());
    let later = Later::of(request.request(), site.secure);
    let note = requests::begin(&broker, &request, &correlation);
    let session = request
        .path()
        .starts_with(CONNECT_API)
        .then(|| bearer(request.headers()))
        .flatten();

    // The request is not kept: the router needs it for itself alone. What has no request any more leaves as an error
    // that carries its answer.
    let admitted = match admit(&site, &request) {
        Ok(()) => place::find(&broker, &request).await,
        refused => refused,
    };
    let outcome = match admitted {
        // Also where a project's own domain was asked for a page of the console: it has none.
        Err(problem) => {
            let request = request.into_parts().0;
            let page = told(later, &site, Some(&request), &problem, &correlation);
            Ok(answer(request, page))
        }
        Ok(()) => match AssertUnwindSafe(next.call(request)).catch_unwind().await {
            Ok(Ok(response)) if own_words => Ok(response.map_into_left_body()),
            Ok(Ok(response)) => {
                if let Some(session) = &session {
                    note_told(&broker, session, &response, &correlation);
                }
                let page = match problem_of(&response) {
                    Some(problem) if is_page => {
                        console::refused::page(&site, &broker, response.request(), &problem).await
                    }
                    _ => None,
                };
                Ok(json_errors(&site, (is_page, later), page, response, &correlation))
            }
            Ok(Err(error)) => Err(foreign(&error, &correlation)),
            Err(_panic) => {
                // The panic hook wrote where; what it said may hold anything, so the caller gets the id only.
                tracing::error!("a handler panicked");
                let problem = Problem::general(Kind::Internal);
                Err(told(later, &site, None, &problem, &correlation))
            }
        },
    };
    let finish = |head: &mut HeaderMap, status: StatusCode| {
        if let Ok(id) = HeaderValue::from_str(&correlation) {
            head.insert(REQUEST_ID, id.clone());
            head.insert(ONE_CORRELATION_ID, id);
        }
        headers::complete(head, site.secure);
        telemetry::answered(method, route, status.as_u16(), since);
    };
    match outcome {
        Ok(mut response) => {
            let allowance = response.request().extensions().get::<Allowance>().copied();
            if let Some(allowance) = allowance {
                allowance.write(response.headers_mut());
            }
            let status = response.status();
            let failed = status.is_client_error() || status.is_server_error();
            if passes_through && failed && response.response().extensions().get::<AsItIs>().is_none() {
                passthrough::mark_as_ours(response.headers_mut());
            }
            finish(response.headers_mut(), status);
            Ok(match note {
                Some(note) => requests::end(&broker, note, response),
                None => response,
            })
        }
        Err(mut response) => {
            let status = response.status();
            if passes_through {
                passthrough::mark_as_ours(response.headers_mut());
            }
            finish(response.headers_mut(), status);
            if let Some(note) = note {
                requests::end_without_request(&broker, &note, &response);
            }
            Err(InternalError::from_response("answered", response).into())
        }
    }
}

fn admit(site: &Site, request: &ServiceRequest) -> Result<(), Problem> {
    // Upgrades and tunnels have no place here, and TRACE would repeat the caller's key.
    if request.method() == Method::CONNECT || request.method() == Method::TRACE {
        return Err(Problem::general(Kind::MethodNotAllowed));
    }
    // No page of another origin may ask a browser for more than a simple call: a preflight finds nothing here.
    if request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return Err(Problem::general(Kind::NotFound));
    }
    if !limits::head_fits(request.request()) {
        return Err(Problem::general(Kind::HeadersTooLarge));
    }
    if holds_nul(request) {
        return Err(Problem::bad_request(
            "The address holds a NUL character (`%00`), which nothing here has in its name. Send it without.",
        ));
    }
    site.limits.source(request.request())
}

/// No id, name or value of ours holds a NUL, and no database text can. What is passed through is the service's business.
fn holds_nul(request: &ServiceRequest) -> bool {
    let address = [request.path(), request.query_string()];
    !request.path().starts_with(passthrough::PREFIX) && address.iter().any(|part| part.contains("%00"))
}

fn answer<B: MessageBody>(request: HttpRequest, response: HttpResponse) -> ServiceResponse<EitherBody<B>> {
    ServiceResponse::new(request, response.map_into_boxed_body()).map_body(|_, body: BoxBody| EitherBody::right(body))
}

/// An error that came past the handlers, as from the framework's own extractors.
fn foreign(error: &Error, correlation: &str) -> HttpResponse {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.response(Some(correlation));
    }
    Problem::general(Kind::of_status(error.as_response_error().status_code())).response(Some(correlation))
}

/// A refusal as who asked can read it: a page where people wait for one and it passes, else our JSON body.
fn told(
    later: Option<Later>,
    site: &Site,
    request: Option<&HttpRequest>,
    problem: &Problem,
    correlation: &str,
) -> HttpResponse {
    let page = later.and_then(|later| later.page(site, request, problem, correlation));
    page.unwrap_or_else(|| problem.response(Some(correlation)))
}

/// A refusal inside the console is a page.
fn refused(site: &Site, problem: &Problem, correlation: &str) -> HttpResponse {
    console::problem_page(site, problem, correlation).unwrap_or_else(|_| problem.response(Some(correlation)))
}

/// Why an answer failed, where its body is ours to write.
fn problem_of<B>(response: &ServiceResponse<B>) -> Option<Problem> {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let extensions = response.response().extensions();
    if !failed || extensions.get::<AsItIs>().is_some() {
        return None;
    }
    let problem = extensions.get::<Problem>().cloned();
    Some(problem.unwrap_or_else(|| Problem::general(Kind::of_status(response.status()))))
}

/// Gives every failed answer our body, with the id; what the framework answered in its own words is replaced.
fn json_errors<B: MessageBody>(
    site: &Site,
    (is_page, later): (bool, Option<Later>),
    page: Option<HttpResponse>,
    response: ServiceResponse<B>,
    correlation: &str,
) -> ServiceResponse<EitherBody<B>> {
    let Some(problem) = problem_of(&response) else {
        return response.map_into_left_body();
    };
    let kept = kept_headers(&response);
    let mut body = page.unwrap_or_else(|| {
        if is_page {
            refused(site, &problem, correlation)
        } else {
            told(later, site, Some(response.request()), &problem, correlation)
        }
    });
    for (name, value) in kept {
        body.headers_mut().insert(name, value);
    }
    answer(response.into_parts().0, body)
}

/// Notes what a modal is told, under the reference that it shows: who is quoted one finds the attempt by it.
fn note_told<B>(broker: &Broker, session: &Token, response: &ServiceResponse<B>, correlation: &str) {
    let Some(problem) = response.response().extensions().get::<Problem>().cloned() else {
        return;
    };
    let about = response.request().extensions().get::<About>().cloned();
    let told = NewConnectProblem {
        reference: correlation.to_owned(),
        integration: about.map(|about| about.0),
        code: problem.key().to_owned(),
        message: problem.to_string(),
    };
    broker.note_told(session, told);
}

/// What a handler put beside its error: cookies and our own marks.
fn kept_headers<B>(response: &ServiceResponse<B>) -> Vec<(HeaderName, HeaderValue)> {
    response
        .headers()
        .iter()
        .filter(|(name, _)| **name == header::SET_COOKIE || **name == header::ALLOW || name.as_str().starts_with("x-"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
