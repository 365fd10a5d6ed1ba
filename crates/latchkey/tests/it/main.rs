//! The whole server against a real database: one test binary, a clone of the database for each test.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

/// A snapshot without ids, times and everything else that differs from run to run.
macro_rules! snapshot {
    ($name:literal, $value:expr) => {
        insta::assert_json_snapshot!($name, $value, {
            ".**._id" => "[id]", ".**.id" => "[id]", ".**.requestId" => "[token]", ".**.request_id" => "[token]",
            ".**.secretId" => "[id]", ".**.secretsServiceId" => "[id]", ".**.key" => "[key]",
            ".**.activatedAt" => "[time]", ".**.createdAt" => "[time]", ".**.updatedAt" => "[time]",
            ".**.expiresAt" => "[time]", ".**.expires_at" => "[time]", ".**.buildableId" => "[project]", ".**.clientId" => "[project]",
            ".**.projectId" => "[project]", ".**.userId" => "[project]", ".**.expiresIn" => "[seconds]", ".**.clientIdDisplay" => "[client]", ".**.image" => "[logo]",
            ".**.expires_in" => "[seconds]", ".**.correlationId" => "[correlation]",
        })
    };
}

mod adoption;
mod attacks;
mod audit;
mod branding;
mod calls;
mod canary;
mod catalogue;
mod choose;
mod circuits;
mod classes;
mod clocks;
mod console;
mod container;
mod containment;
mod credential;
mod definitions;
mod deletion;
mod destinations;
mod device;
mod doctor;
mod embed;
mod embed_tokens;
mod exactly_once;
mod exchange;
mod failover;
mod faults;
mod flow;
mod grants;
mod idle;
mod import;
mod key_refusals;
mod keyring;
mod keys;
mod leases;
mod links;
mod login;
mod loops;
mod mail;
mod management;
mod management_api;
mod moves;
mod oauth1;
mod on_demand;
mod outage;
mod overload;
mod own_definitions;
mod panics;
mod passthrough;
mod payloads;
mod pooler;
mod program;
mod project_retention;
mod races;
mod redirect;
mod refresh;
mod refusal;
mod requests;
mod retention;
mod session_events;
mod shared_grants;
mod signed;
mod start;
mod store;
mod strong;
mod tenant;
mod timeline;
mod token;
mod token_life;
mod typed;
mod verify;
mod webhooks;
mod widen;
mod wire;
