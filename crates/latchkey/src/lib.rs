//! The binary: command line, configuration, the private Postgres cluster of development, and how the parts are put
//! together.
//!
//! Here lives what happens once at start: reading the environment, opening the database, wiring. It is the only crate
//! that reads the environment or prints to the terminal.
//!
//! What never lives here: a rule about sessions, flows or credentials (that is `broker`), or a route (that is `server`).

pub mod cluster;
pub mod commands;
pub mod composition;
pub mod configuration;
pub mod logging;
pub mod reload;
