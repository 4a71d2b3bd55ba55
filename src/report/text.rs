//! Strings of a record on their way to a reader. A record may come from anywhere: nothing in it may act as markup, as a
//! formula, as a terminal command, or break the layout.

use crate::quote::steers;

/// The text without what cannot be seen or would act: control characters and marks that reorder text.
pub(crate) fn clean(text: &str) -> String {
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
pub(crate) fn clip(text: &str, most: usize) -> String {
    let text = clean(text);
    match text.char_indices().nth(most) {
        None => text,
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The name of a model, a workload, a cell or a machine.
pub(crate) fn name(text: &str) -> String {
    clip(text, 60)
}

/// A sentence: a reason, a warning, a verdict.
pub(crate) fn sentence(text: &str) -> String {
    clip(text, 700)
}

/// Clean text as content of an XML element or attribute.
pub(crate) fn escape(text: &str) -> String {
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
pub(crate) fn inert(text: &str) -> String {
    match text.trim_start_matches([' ', '\u{a0}']).chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{text}")
        }
        _ => text.to_owned(),
    }
}

/// Clean text that stays plain in Markdown: no markup, no mention of a person, no link to an issue.
pub(crate) fn markdown(text: &str) -> String {
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
pub(crate) fn code(text: &str) -> String {
    format!("`{}`", clean(text).replace('`', "'").replace('|', "\\|"))
}

/// A file name made of what is left of the text after everything but letters, digits, `.`, `-` and `_` is replaced.
pub(crate) fn slug(text: &str) -> String {
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

/// The width of text in a sans-serif face, as a multiple of its size. Counted by characters, since no font is at hand.
pub(crate) fn width(text: &str) -> f64 {
    text.chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.28,
            'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' => 0.36,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.87,
            'A'..='Z' | '×' | '…' => 0.68,
            c if u32::from(c) >= 0x1100 => 1.0,
            _ => 0.56,
        })
        .sum()
}

/// Clean text that is at most so wide, as a multiple of its size. What does not fit is left out of the middle, since names
/// of one kind differ at their ends.
pub(crate) fn fit(text: &str, most: f64) -> String {
    let text = clip(text, 200);
    if width(&text) <= most {
        return text;
    }
    let characters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| -> String {
        let (front, back) = (kept.div_ceil(2), kept / 2);
        characters[..front].iter().chain(&['…']).chain(&characters[characters.len() - back..]).collect()
    };
    let kept = (0..characters.len()).rev().find(|kept| width(&shortened(*kept)) <= most);
    kept.map_or_else(String::new, shortened)
}

/// `1 task`, `2 tasks`.
pub(crate) fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// The number of a block to a person, who counts from 1 as the console and the notes of a record do; the record itself
/// counts from 0.
pub(crate) fn block(index: u32) -> u32 {
    index.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn fitted_text_is_no_wider_than_asked() {
        let long = "a very long name of a model that somebody made".repeat(20);
        assert!(width(&fit(&long, 12.0)) <= 12.0);
        assert_eq!(fit("rayon", 12.0), "rayon");
        assert_ne!(fit("one-long-name-of-a-model-1", 8.0), fit("one-long-name-of-a-model-2", 8.0));
        assert!(width("日本") > width("ab"), "by characters, not by bytes, and wide ones count more");
    }
}
