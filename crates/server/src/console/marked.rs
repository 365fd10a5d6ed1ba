//! Words of a message that stand as they are typed: a message has them in backticks, a page in `<code>`.

/// The parts of a message, and whether each is to be typed. A message with an odd number of backticks, or with nothing
/// between two of them, is one part with all of them. The parts are text: whoever writes them escapes them.
pub(super) fn parts(message: &str) -> Vec<(bool, &str)> {
    let all: Vec<&str> = message.split('`').collect();
    let is_paired = all.len() % 2 == 1;
    if !is_paired || all.iter().skip(1).step_by(2).any(|typed| typed.is_empty()) {
        return vec![(false, message)];
    }
    let numbered = all.into_iter().enumerate();
    numbered
        .filter(|(_, part)| !part.is_empty())
        .map(|(number, part)| (number % 2 == 1, part))
        .collect()
}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::parts;

    #[test]
    fn what_stands_in_backticks_is_typed() {
        assert_eq!(parts("Nothing."), [(false, "Nothing.")]);
        assert_eq!(
            parts("`id` is missing: begin with `id: `"),
            [(true, "id"), (false, " is missing: begin with "), (true, "id: ")]
        );
        for odd in ["It`s", "`a` and `b", "``", "a `` b", "`"] {
            assert_eq!(parts(odd), [(false, odd)], "{odd}");
        }
        assert!(parts("").is_empty());
    }

    #[derive(Debug, Template)]
    #[template(
        source = "{% import \"console/macros.html\" as macros %}{% call macros::marked(message) %}{% endcall %}",
        ext = "html"
    )]
    struct Said<'a> {
        message: &'a str,
    }

    #[test]
    fn every_part_is_escaped() {
        for (message, written) in [
            ("Run `a <b> & c`.", "Run <code>a &#60;b&#62; &#38; c</code>."),
            (
                "`</code><script>x</script>`",
                "<code>&#60;/code&#62;&#60;script&#62;x&#60;/script&#62;</code>",
            ),
            ("<b>`<i>", "&#60;b&#62;`&#60;i&#62;"),
        ] {
            assert_eq!(Said { message }.render().unwrap(), written);
        }
    }
}
