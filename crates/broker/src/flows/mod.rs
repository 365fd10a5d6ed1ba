//! Flows: from the click in the modal through `/connect/start` and the provider back to a connection.
//!
//! The provider is always entered through our own top-level page, which ties the flow to one browser; the callback is
//! accepted only there. The outcome lives in the database and is read with a handle.

mod callback;
mod choice;
mod complete;
mod confirm;
mod departure;
mod device;
mod evidence;
mod exchange;
mod oauth1;
mod redeem;
mod settle;
mod start;
mod status;
mod widen;

pub use callback::{CallbackEnd, CallbackPage};
pub(crate) use callback::{Query, read_query};
pub use choice::{ChoiceView, Chooser};
pub(crate) use choice::{Chosen, named};
pub use confirm::ConfirmView;
pub(crate) use departure::ClientParts;
pub(crate) use device::Polls;
pub use device::{NewCodeRequest, PollTick, StartedCode};
pub use evidence::{Evidence, FetchSite};
pub(crate) use exchange::{app_refused, value_refused};
pub use redeem::{Next, Redeem, Redeemed, Resumable};
pub use start::{NewFlowRequest, StartedFlow};
pub use status::{DoneOutcome, DoneView, FlowView};
pub use widen::WideningSession;

use crate::{Kind, Problem};

/// The answer when a flow's time is over.
fn expired() -> Problem {
    Problem::new(
        Kind::Gone,
        "flow_expired",
        "This sign-in took too long and has ended. Start again in the app.",
    )
}

/// The answer to a browser that does not hold the flow.
fn not_this_browser() -> Problem {
    Problem::new(
        Kind::NotFound,
        "flow_unknown",
        "There is no sign-in in progress in this browser.",
    )
}
