//! How much room text takes.

use crate::clip;

/// The width of text in a sans-serif face, as a multiple of its size. Counted by characters, since no font is at hand.
pub fn width(text: &str) -> f64 {
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
pub fn fit(text: &str, most: f64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitted_text_is_no_wider_than_asked() {
        let long = "a very long name of a model that somebody made".repeat(20);
        assert!(width(&fit(&long, 12.0)) <= 12.0);
        assert_eq!(fit("rayon", 12.0), "rayon");
        assert_ne!(fit("one-long-name-of-a-model-1", 8.0), fit("one-long-name-of-a-model-2", 8.0));
        assert!(width("日本") > width("ab"), "by characters, not by bytes, and wide ones count more");
    }
}
