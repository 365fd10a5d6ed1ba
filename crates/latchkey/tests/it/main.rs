//! The whole server against a real database: one test binary, a clone of the database for each test.

mod canary;
mod container;
mod exchange;
mod flow;
mod outage;
mod passthrough;
mod redirect;
mod refresh;
mod store;
mod verify;
mod wire;
