//! Text inside markup: the pages for the browser, and notifications.

/// Escapes a text: a team's or a brand's name may have an `&` or a `<`.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_is_shown_as_text() {
        assert_eq!(escape("Gale & <b>Sons</b>"), "Gale &amp; &lt;b>Sons&lt;/b>");
    }
}
