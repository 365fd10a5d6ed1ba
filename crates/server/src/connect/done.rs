//! GET `/connect/done?f=`: says how it ended and closes itself. It knows the flow by this browser's cookie only.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, DoneView};

use super::flows::flow_id;
use super::pages::{BackLink, Brand, DoneOutcome, DonePage};
use super::{brand_here, cookies, page as show, query_value};
use crate::Site;
use crate::headers::{Nonce, Set};
use crate::problems::Problem;
use crate::telemetry::Correlated as _;
use crate::texts::Texts;

/// The page.
pub(crate) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let flow = query_value(&request, "f").and_then(|text| flow_id(&text).ok());
    let browser = cookies::Kind::Browser.read(&request, site.secure);
    if let Some(flow) = flow
        && broker.waits_for_choice(flow, browser.as_ref()).await?
    {
        return Ok(super::choose::see(&format!("/connect/choose?f={flow}")));
    }
    let view = match flow {
        Some(flow) => broker.done_view(flow, browser.as_ref()).await?,
        None => None,
    };
    let nonce = Nonce::generate();
    let reference = request.request_id_text();
    let texts = Texts::on_the_way(&request, site.secure);
    // A reason that there is a text for; else the server's own sentence.
    let why = view.as_ref().and_then(|view| {
        let reason = view.code.as_deref()?;
        texts.problem(reason, &view.integration_name)
    });
    let template = match &view {
        Some(view) => DonePage {
            message: why.as_deref().or(view.message.as_deref()),
            ..known(&site, texts, &nonce, view, &reference)
        },
        None => DonePage {
            nonce: nonce.as_str(),
            assets: &site.assets,
            brand: brand_here(&request),
            texts,
            outcome: DoneOutcome::Neutral,
            service: None,
            app: None,
            message: None,
            back: None,
            reference: None,
        },
    };
    if let (DoneOutcome::Failure, Some(flow)) = (template.outcome, flow) {
        broker.note_ended(flow, reference.clone());
    }
    let pending = template.outcome == DoneOutcome::Pending;
    let mut response = show(Set::Pass, &nonce, StatusCode::OK, &template)?;
    if pending {
        // Ends by itself: a flow that nobody finishes expires.
        response
            .headers_mut()
            .insert(HeaderName::from_static("refresh"), HeaderValue::from_static("5"));
    }
    Ok(response)
}

fn known<'a>(site: &'a Site, texts: Texts, nonce: &'a Nonce, view: &'a DoneView, reference: &'a str) -> DonePage<'a> {
    let outcome = match view.outcome {
        broker::DoneOutcome::Success => DoneOutcome::Success,
        broker::DoneOutcome::Failure => DoneOutcome::Failure,
        broker::DoneOutcome::Cancelled => DoneOutcome::Cancelled,
        broker::DoneOutcome::Verifying => DoneOutcome::Verifying,
        // Reached by hand, or before the exchange with the service is through.
        broker::DoneOutcome::Pending => DoneOutcome::Pending,
    };
    DonePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        brand: Brand::of(view.looks.clone()),
        texts,
        outcome,
        service: Some(&view.integration_name),
        app: Some(&view.app_name),
        message: None,
        back: view.home_url.as_deref().map(|url| BackLink {
            name: &view.app_name,
            url,
            hidden: !view.stays,
        }),
        reference: (outcome == DoneOutcome::Failure).then_some(reference),
    }
}
