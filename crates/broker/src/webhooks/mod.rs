//! Webhooks: what happened is told to the endpoints of a project, at least once and in the order of each connection.

mod delivery;
mod endpoints;
mod log;
mod message;
mod schedule;

pub(crate) use delivery::Slots;
pub use delivery::WebhookTick;
pub use endpoints::{EndpointPatch, EndpointRequest, MadeEndpoint, ROTATION_OVERLAP};
pub use log::RangeRequest;
