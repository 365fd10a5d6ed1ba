//! `/connect/start`: the page of ours that every sign-in goes through, and what ties a flow to a browser.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Next, Redeem};
use serde::Deserialize;
use serde_json::json;

use super::evidence::{Seen, Unsealed};
use super::flows::Nothing;
use super::pages::StartPage;
use super::{Message, brand_here, cookies, page as show};
use crate::Site;
use crate::guard::{FromOurPage, TokenText};
use crate::headers::{Nonce, Set};
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};
use crate::texts::Texts;

/// GET `/connect/start[?locale=][&state=]`. Ticket and state are the script's business: the server reads neither here.
pub(crate) async fn page(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let texts = Texts::asked_by(&request);
    if request
        .headers()
        .get("sec-fetch-dest")
        .is_some_and(|dest| dest.as_bytes() != b"document")
    {
        return Message::named(texts, "start-framed").page(&site, &request, StatusCode::FORBIDDEN);
    }
    let evidence = site.sealer.seal(&Seen::of(request.headers(), site.now()));
    let nonce = Nonce::generate();
    let template = StartPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        brand: brand_here(&request),
        texts,
        evidence: &evidence,
    };
    let mut response = show(Set::Pass, &nonce, StatusCode::OK, &template)?;
    // The pages after this one have addresses that others write: the language waits for them in a cookie.
    let chosen = texts.chosen_by_host().then(|| texts.language());
    if chosen.is_some() || cookies::Language::read(&request, site.secure).is_some() {
        let cookie = header::HeaderValue::from_str(&cookies::Language::write(chosen, site.secure));
        if let Ok(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// What the start page found in its address, and what it was sealed with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Starting {
    ticket: TokenText,
    proof: Option<TokenText>,
    state: Option<String>,
    evidence: String,
    /// What the script saw as referrer. The sealed header is what counts.
    #[serde(rename = "referrer")]
    _referrer: Option<String>,
    /// Whether there was a `window.opener`. One that did not answer with the proof may have moved this window.
    #[serde(default)]
    opener: bool,
}

/// POST `/connect/api/start`
pub(crate) async fn start(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    body: FromOurPage<Starting>,
) -> Result<HttpResponse, Problem> {
    let Starting {
        ticket,
        proof,
        state,
        evidence,
        opener,
        ..
    } = body.0;
    let seen = site.sealer.open(&evidence, site.now()).map_err(unsealed)?;
    let redeemed = broker
        .redeem(Redeem {
            ticket: ticket.0,
            proof: proof.map(|proof| proof.0),
            state,
            has_opener: opener,
            evidence: seen.evidence(),
            browser: cookies::Kind::Browser.read(&request, site.secure),
            embed: cookies::Kind::Embed.read(&request, site.secure),
            place: request.place(&site.public_origin),
        })
        .await?;
    let mut response = HttpResponse::Ok();
    if let Some(cookie) = cookies::Kind::Browser.write(&redeemed.browser, site.secure) {
        response.append_header((header::SET_COOKIE, cookie));
    }
    Ok(response.json(match redeemed.next {
        Next::Provider(url) => json!({ "next": "provider", "url": url }),
        Next::Confirm(flow) => json!({ "next": "confirm", "flow": flow.to_string() }),
    }))
}

/// Why the evidence does not count. A window that slept with its computer is no attack, and is not told of one.
fn unsealed(why: Unsealed) -> Problem {
    match why {
        Unsealed::Expired => Problem::keyed(
            Kind::Gone,
            "flow_expired",
            "This window was open for too long. Go back to the app and start again.",
        ),
        Unsealed::Forged => Problem::keyed(
            Kind::Forbidden,
            "not_from_app",
            "This sign-in was not opened from the app. Go to the app and start it there.",
        ),
    }
}

/// POST `/connect/api/start/resume`: this browser's flows that can be taken up again.
pub(crate) async fn resume(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
    _body: FromOurPage<Nothing>,
) -> Result<HttpResponse, Problem> {
    let none = || {
        Problem::keyed(
            Kind::NotFound,
            "nothing_to_resume",
            "There is nothing to go on with in this browser. Start again in the app.",
        )
    };
    let browser = cookies::Kind::Browser.read(&request, site.secure).ok_or_else(none)?;
    let flows = broker.resume(&browser).await?;
    if flows.is_empty() {
        return Err(none());
    }
    Ok(HttpResponse::Ok().json(json!({ "flows": flows })))
}
