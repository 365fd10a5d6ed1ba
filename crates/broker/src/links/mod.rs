//! Links: made by a mail or by a customer's backend, looked at without being spent, opened by a press.

mod make;
mod open;

pub use make::{LinkRequest, MadeLink};
pub use open::{LinkView, OpenedLink};

use store::LinkId;
use vault::Token;

/// The address of a link. Its secret stands behind `#`, so no server sees it before the page's script sends it.
pub(crate) fn address(base: &str, id: LinkId, locale: Option<&str>, secret: &Token) -> String {
    let locale = locale.map(|tag| format!("?locale={tag}")).unwrap_or_default();
    format!("{base}/connect/link/{id}{locale}#{}", secret.expose())
}
