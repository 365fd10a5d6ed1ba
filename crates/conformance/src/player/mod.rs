//! The player: an HTTPS server that is every host of a definition.

mod address;
mod answer;
mod api;
mod authorize;
mod body;
mod compare;
mod device;
mod login;
mod mcp;
mod oauth1;
mod recital;
mod revoke;
mod role;
mod sent;
mod serve;
mod signed;
mod strong;
mod tamper;
mod token;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use self::address::Address;
pub(crate) use self::device::INTERVAL;
pub(crate) use self::mcp::SERVERS;
pub(crate) use self::recital::Recital;
pub(crate) use self::role::{Client, Mood, Role, Seen, Take};
pub(crate) use self::signed::sample_key;
pub(crate) use self::strong::client_key;
pub use self::tamper::Tamper;
use crate::authority::Authority;

/// A request to the player.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) address: Address,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    /// All values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let named = self
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

impl Asked {
    /// Whether a text stands in it anywhere as a value.
    pub(crate) fn carries(&self, text: &str) -> bool {
        let in_form = || url::form_urlencoded::parse(self.body.as_bytes()).any(|(_, value)| value == text);
        self.address.query.iter().any(|(_, value)| value == text)
            || self.body.contains(&serde_json::Value::from(text).to_string())
            || in_form()
    }
}

/// An answer of the player.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// Where a browser is sent.
    pub(crate) location: Option<String>,
    /// Besides the type of the body.
    pub(crate) headers: Vec<(String, String)>,
}

impl Reply {
    /// JSON.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            body: body.to_string(),
            location: None,
            headers: Vec::new(),
        }
    }
}

/// The player. Clones share the role.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its authority, in PEM.
    pub(crate) authority: String,
    role: Arc<Mutex<Option<Role>>>,
}

impl Player {
    /// Starts one that plays nothing yet. It ends with the runtime.
    pub(crate) async fn start() -> Result<Self, String> {
        let (authority, pem) = Authority::new().map_err(|error| error.to_string())?;
        let role: Arc<Mutex<Option<Role>>> = Arc::default();
        let address = serve::start(authority, Arc::clone(&role)).await?;
        Ok(Self {
            address,
            authority: pem,
            role,
        })
    }

    /// Plays this from now on; returns what was played.
    pub(crate) fn play(&self, role: Option<Role>) -> Option<Role> {
        std::mem::replace(&mut *lock(&self.role), role)
    }

    /// Looks at the role, or changes it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Role) -> T) -> Result<T, String> {
        lock(&self.role)
            .as_mut()
            .map(look)
            .ok_or_else(|| "nothing is played".to_owned())
    }

    /// A browser goes to an address of the service.
    pub(crate) fn visit(&self, address: &str) -> Result<Reply, String> {
        self.with(|role| role.visit(address))
    }
}

fn lock(role: &Mutex<Option<Role>>) -> MutexGuard<'_, Option<Role>> {
    role.lock().unwrap_or_else(PoisonError::into_inner)
}
