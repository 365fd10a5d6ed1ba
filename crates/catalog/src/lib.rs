//! Integration definitions: what a service is and how one signs in to it, from YAML to a checked form.
//!
//! Here lives the format of `integrations/*.yaml`, its parser and its checks with their messages, the small template
//! language, the rules about hosts, and the JSON Schema for editors.
//!
//! What never lives here: a network, a database, a secret, a clock, or a line about one particular service.

mod action;
mod check;
mod definition;
mod load;
mod model;
mod problem;
mod report;
mod shape;
mod suggest;
mod template;
mod tree;

pub use action::{Action, ActionIo, ActionMethod, search};
pub use check::is_allowed_header;
pub use load::{Loaded, json_schema, load_directory, load_sources};
pub use model::*;
pub use problem::Problem;
pub use template::{
    Function, Inputs, JsonTemplate, Name, PathTemplate, RenderError, Slot, SyntaxError, Template, UrlTemplate,
};
