//! Name resolution that gives out only addresses which may be dialled.
//!
//! The HTTP client dials exactly the addresses that come from here, so a name that changes its mind between a check and
//! a connection (DNS rebinding) gains nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;
use super::error::Refusal;

/// How a name becomes addresses.
pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The operating system's resolver.
pub(super) fn system() -> Lookup {
    Arc::new(|name| async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }.boxed())
}

/// A resolver that lets through public addresses, or all of them for origins that an operator allowed.
pub(super) struct Guarded {
    pub(super) lookup: Lookup,
    pub(super) private_allowed: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, private_allowed) = (Arc::clone(&self.lookup), self.private_allowed);
        let name = name.as_str().to_owned();
        async move {
            let mut addresses = lookup(name.clone()).await?;
            if !private_allowed {
                addresses.retain(|address| is_public(address.ip()));
            }
            if addresses.is_empty() {
                return Err(Refusal::NoPublicAddress(name).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        }
        .boxed()
    }
}
