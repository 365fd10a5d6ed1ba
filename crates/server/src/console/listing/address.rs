//! Addresses with a query.

/// Pairs as a query.
pub(in super::super) fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// An address with a query, where there is one.
pub(in super::super) fn with_query(page: String, query: &str) -> String {
    if query.is_empty() {
        page
    } else {
        format!("{page}?{query}")
    }
}
