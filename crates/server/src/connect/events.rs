//! GET `/connect/api/flows/{flow}/events`: how a flow stands, as a stream.
//!
//! Streams do not ask the database. One task of the process looks at all watched flows once a second and tells their
//! streams what changed; without streams it asks nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, FlowView};
use bytes::Bytes;
use futures_util::stream::Stream;
use store::{FlowId, FlowStatus};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, interval, sleep_until};
use vault::Token;

use super::flows::{Status, flow_here, flow_id, unknown};
use crate::Site;
use crate::guard::bearer;
use crate::problems::{Kind, Problem};

/// Between two looks at the database. What happens in this process is looked at as soon as it happened.
const LOOK: Duration = Duration::from_millis(700);
/// Between two signs of life on a quiet stream.
const PING: Duration = Duration::from_secs(10);
/// A stream ends before proxies would end it; the page opens the next one.
const LONGEST: Duration = Duration::from_secs(55);

type Told = Arc<FlowView>;

/// The watched flows of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Watched(Arc<Inner>);

struct Inner {
    flows: Mutex<HashMap<FlowId, (Token, watch::Sender<Told>)>>,
    closing: watch::Sender<bool>,
    moved: Arc<Notify>,
}

impl Watched {
    /// Starts the looking. It ends with the last clone, or at [`Watched::close`].
    pub(crate) fn new(broker: Broker) -> Self {
        let moved = Arc::new(Notify::new());
        let inner = Arc::new(Inner {
            flows: Mutex::default(),
            closing: watch::Sender::new(false),
            moved: moved.clone(),
        });
        tokio::spawn(look_on(
            broker,
            Arc::downgrade(&inner),
            inner.closing.subscribe(),
            moved,
        ));
        Self(inner)
    }

    /// A flow has moved in this process: whoever watches it is told now.
    pub(crate) fn moved(&self) {
        self.0.moved.notify_one();
    }

    /// Ends all streams, so that the server can stop.
    pub(crate) fn close(&self) {
        self.0.closing.send_replace(true);
    }

    fn watch(&self, handle: Token, now: FlowView) -> watch::Receiver<Told> {
        let mut flows = self.0.flows.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, sender) = flows
            .entry(now.flow)
            .or_insert_with(|| (handle, watch::Sender::new(Arc::new(now))));
        sender.subscribe()
    }
}

impl Inner {
    /// What somebody still watches, with what was last told of it. The rest is forgotten.
    fn watched(&self) -> HashMap<FlowId, (Token, FlowStatus)> {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.retain(|_, (_, sender)| sender.receiver_count() > 0 && !sender.borrow().stage.is_ended());
        flows
            .iter()
            .map(|(flow, (handle, sender))| (*flow, (handle.clone(), sender.borrow().stage)))
            .collect()
    }

    fn tell(&self, view: FlowView) {
        let flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sender)) = flows.get(&view.flow) {
            sender.send_replace(Arc::new(view));
        }
    }
}

async fn look_on(broker: Broker, inner: Weak<Inner>, mut closing: watch::Receiver<bool>, moved: Arc<Notify>) {
    let mut tick = interval(LOOK);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = moved.notified() => {}
            _ = closing.changed() => return,
        }
        let Some(inner) = inner.upgrade() else { return };
        look(&broker, &inner).await;
    }
}

/// Looks at all flows that somebody still watches with one query, and reads those that moved.
async fn look(broker: &Broker, inner: &Inner) {
    let watched = inner.watched();
    if watched.is_empty() {
        return;
    }
    let digests: Vec<Vec<u8>> = watched
        .values()
        .map(|(handle, _)| handle.digest().as_bytes().to_vec())
        .collect();
    // A bad moment of the database is not a change: the next look tells.
    let Ok(now) = broker.watched_flows(&digests).await else {
        return;
    };
    for (flow, stage) in now {
        let Some((handle, told)) = watched.get(&flow) else {
            continue;
        };
        if *told == stage {
            continue;
        }
        if let Ok(view) = broker.flow_status(handle).await {
            inner.tell(view);
        }
    }
}

/// GET `/connect/api/flows/{flow}/events`, with the result handle in `Authorization: Bearer`.
pub(crate) async fn stream(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    watched: web::Data<Watched>,
    flow: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    if request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|fetch| fetch.as_bytes() != b"same-origin")
    {
        return Err(Problem::keyed(
            Kind::Forbidden,
            "foreign_origin",
            "Only Latchkey's own pages read this stream.",
        ));
    }
    let handle = bearer(request.headers()).ok_or_else(unknown)?;
    let now = broker.flow_status(&handle).await?;
    flow_here(&request, &site, &now)?;
    if now.flow != flow_id(&flow)? {
        return Err(unknown());
    }
    let told = watched.watch(handle, now);
    let closing = watched.0.closing.subscribe();
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(messages(broker, site, told, closing)))
}

/// The status at once and at each change, with signs of life between.
fn messages(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    mut told: watch::Receiver<Told>,
    mut closing: watch::Receiver<bool>,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    async_stream::stream! {
        let end = Instant::now() + LONGEST;
        let mut ping = interval(PING);
        ping.tick().await;
        loop {
            let now = told.borrow_and_update().clone();
            yield Ok(event(&Status::of(&broker, &site, &now)));
            if now.stage.is_ended() {
                return;
            }
            loop {
                tokio::select! {
                    changed = told.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    _ = ping.tick() => yield Ok(Bytes::from_static(b": ping\n\n")),
                    () = sleep_until(end) => return,
                    _ = closing.changed() => return,
                }
            }
        }
    }
}

fn event(status: &Status) -> Bytes {
    // JSON has no raw line breaks, so one `data` line holds it.
    let data = serde_json::to_string(status).unwrap_or_else(|_| "{}".to_owned());
    Bytes::from(format!("event: status\ndata: {data}\n\n"))
}
