//! Words around names and counts.

/// `a`, `a and b`, `a, b and c`, or the first `most` and how many more.
pub fn list(names: &[String], most: usize) -> String {
    let shown = if names.len() > most { &names[..most] } else { names };
    let hidden = names.len() - shown.len();
    let more = (hidden > 0).then(|| format!("{hidden} more"));
    let mut parts: Vec<&str> = shown.iter().map(String::as_str).chain(more.as_deref()).collect();
    match parts.pop() {
        None => String::new(),
        Some(last) if parts.is_empty() => last.to_owned(),
        Some(last) => format!("{} and {last}", parts.join(", ")),
    }
}

/// `1 task`, `2 tasks`.
pub fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_english() {
        let names = ["a", "b", "c", "d"].map(String::from);
        assert_eq!(list(&names[..1], 3), "a");
        assert_eq!(list(&names[..2], 3), "a and b");
        assert_eq!(list(&names[..3], 3), "a, b and c");
        assert_eq!(list(&names, 3), "a, b, c and 1 more");
    }
}
