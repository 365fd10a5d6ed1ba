//! Postgres: the only crate that holds SQL.
//!
//! Here lives one module per aggregate. Rows become domain types whose state is an enum; an impossible row is an error
//! that names it. Credentials are sealed and opened at this border: above it they are secret types, below it bytes.
//!
//! What never lives here: HTTP, a provider's rules, or a decision that is not about data.

mod access;
mod adoption;
mod apps;
mod audit;
mod audit_chain;
mod audit_verify;
mod branding;
mod circuits;
mod connections;
mod credentials;
mod database;
mod error;
mod events;
mod exports;
mod flows;
mod forecast;
mod home;
mod idle;
mod ids;
mod imports;
mod instance;
mod keyring;
mod leases;
mod links;
mod mail;
mod moves;
mod on_demand;
mod pooler;
mod projects;
mod refreshes;
mod refused_embedders;
mod replicas;
mod reseal;
mod retention;
mod revocations;
pub mod sandbox;
mod sealing;
mod session_names;
mod sessions;
mod timeline;
mod webhooks;

pub use access::*;
pub use adoption::*;
pub use apps::*;
pub use audit::*;
pub use audit_chain::{AuditUnwritable, ChainedEntry};
pub use audit_verify::{AuditReport, ChainFault, ChainReport};
pub use branding::*;
pub use circuits::*;
pub use connections::*;
pub use credentials::*;
pub use database::{MIGRATOR, PoolOptions, Store};
pub use error::StoreError;
pub use events::*;
pub use exports::*;
pub use flows::*;
pub use home::Home;
pub use idle::*;
pub use ids::*;
pub use imports::*;
pub use instance::*;
pub use keyring::*;
pub use leases::*;
pub use links::*;
pub use mail::*;
pub use moves::*;
pub use on_demand::*;
pub use pooler::PoolerError;
pub use projects::*;
pub use refreshes::*;
pub use refused_embedders::*;
pub use reseal::{Bite, SealedColumn};
pub use retention::*;
pub use revocations::*;
pub use sessions::*;
pub use timeline::*;
pub use vault::Environment;
pub use webhooks::*;
