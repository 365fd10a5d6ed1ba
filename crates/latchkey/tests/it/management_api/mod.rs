//! What the console does, by the API: identities, connect attempts, the settings of the project and its pages that embed.

mod apps;
mod people;
mod settings;

/// What an address has of a text.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
