//! Integration definitions: what a service is and how one signs in to it, from YAML to a checked form.
//!
//! Here lives the format of `integrations/*.yaml`, its parser and its checks with their messages, the small template
//! language, the rules about hosts, and the JSON Schema for editors.
//!
//! What never lives here: a network, a database, a secret, a clock, or a line about one particular service.

mod action;
mod check;
mod definition;
mod destinations;
mod family;
mod files;
mod load;
mod model;
mod problem;
mod reference;
mod report;
pub mod scaffold;
mod schema;
mod shape;
mod suggest;
mod template;
mod tree;

pub use action::{Action, ActionIo, ActionMethod, search};
pub use check::is_allowed_header;
pub use files::Files;
pub use load::{Loaded, Resolved, id_of, load, load_all, load_beside, load_directory, load_sources};
pub use model::*;
pub use problem::Problem;
pub use reference::reference;
pub use schema::{json_schema, part_schema};
pub use template::{
    Function, Inputs, JsonTemplate, Name, PathTemplate, RenderError, Slot, SyntaxError, Template, UrlTemplate,
};
