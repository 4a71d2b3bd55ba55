//! Strings on their way to a reader. They may come from anywhere: nothing in them may act as markup, as a formula, as a
//! terminal command, or break the layout.

use std::fmt::Display;

/// Whether a character ends a line, or steers a terminal or the direction of text.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line, for a message: every character escaped that ends a line, or steers a terminal or the direction
/// of text, so that a reader sees what stood there.
pub fn one_line(text: impl Display) -> String {
    let mut line = String::new();
    for c in text.to_string().chars() {
        match steers(c) {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

/// The text on one line, for a page: without what cannot be seen or would act: control characters and marks that reorder text.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            c if steers(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Clean text of at most `most` characters; what was cut is marked.
pub fn clip(text: &str, most: usize) -> String {
    let text = clean(text);
    match text.char_indices().nth(most) {
        None => text,
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Clean text as content of an XML element or attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Text that a spreadsheet takes for text, even if it starts like a formula.
pub fn inert(text: &str) -> String {
    match text.trim_start_matches([' ', '\u{a0}']).chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{text}")
        }
        _ => text.to_owned(),
    }
}

/// Clean text that stays plain in Markdown: no markup, no mention of a person, no link to an issue.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A reader of the source sees the sign; a forge that looks for `@name` and `#1` does not.
            '@' | '#' => {
                out.push(c);
                out.push('\u{200b}');
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A forge makes links of bare addresses.
    out.replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.")
}

/// Clean text as a code span of Markdown that also stands in a table.
pub fn code(text: &str) -> String {
    format!("`{}`", clean(text).replace('`', "'").replace('|', "\\|"))
}

/// A file name made of what is left of the text after everything but letters, digits, `.`, `-` and `_` is replaced.
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(60) {
        match c {
            'a'..='z' | '0'..='9' | '-' | '_' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            _ if out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    match out.trim_matches('-') {
        "" => "unnamed".into(),
        kept => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_the_rest_is_left_alone() {
        assert_eq!(one_line("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        assert_eq!(one_line("Größe \"x\" \\ 5 µs"), "Größe \"x\" \\ 5 µs");
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(escape("a\0b\u{1b}[31m\u{202e}c\nd"), "a\u{fffd}b\u{fffd}[31m\u{fffd}c d");
    }

    #[test]
    fn formulas_become_text() {
        for formula in ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1"] {
            assert!(inert(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(inert("rayon=1"), "rayon=1");
    }

    #[test]
    fn markdown_mentions_and_links_nothing() {
        let text = markdown("@team fixes #12 at https://x.example **now** | <img> `a`");
        for active in ["@team", "#12", "://", "**now", "<img", " | "] {
            assert!(!text.contains(active), "{active} in {text}");
        }
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }

    #[test]
    fn a_slug_stays_inside_its_folder() {
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("Factorial 100"), "factorial-100");
        assert_eq!(slug("…/"), "unnamed");
    }
}
