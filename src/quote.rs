//! What others wrote, in messages of ours: a message is one line, and does nothing to the terminal that shows it.

use std::fmt::Display;

/// Whether a character ends a line, or steers a terminal or the direction of text.
pub(crate) fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with every character escaped that ends a line, or steers a terminal or the direction of text.
pub(crate) fn one_line(text: impl Display) -> String {
    let mut line = String::new();
    for c in text.to_string().chars() {
        match steers(c) {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_the_rest_is_left_alone() {
        assert_eq!(one_line("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        assert_eq!(one_line("Größe \"x\" \\ 5 µs"), "Größe \"x\" \\ 5 µs");
    }
}
