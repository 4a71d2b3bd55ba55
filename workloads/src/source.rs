//! What a task does, as it is written.

use crate::Kernel;

/// The source of a kernel: a file, and the functions of it that a reader needs.
fn parts(kernel: &Kernel) -> (&'static str, &'static [&'static str]) {
    match kernel {
        Kernel::Noop(_) => (include_str!("noop.rs"), &["task"]),
        Kernel::Factorial(_) => {
            (include_str!("factorial.rs"), &["task", "start", "digits_of_product", "product"])
        }
        Kernel::Count(_) => (include_str!("count.rs"), &["task", "count"]),
        Kernel::Sleep(_) => (include_str!("sleep.rs"), &["task"]),
        Kernel::Http(_) => (include_str!("http/mod.rs"), &["task"]),
        Kernel::Mixed(_) => (include_str!("mixed.rs"), &["task"]),
        Kernel::LogCount(_) => (include_str!("files/log_count.rs"), &["task", "of"]),
        Kernel::Grayscale(_) => (include_str!("files/grayscale.rs"), &["task", "through_grey"]),
    }
}

impl Kernel {
    /// The functions that its tasks run, as they stand in its file.
    pub fn source(&self) -> String {
        let (file, names) = parts(self);
        let functions: Vec<String> = names.iter().filter_map(|name| function(file, name)).collect();
        functions.join("\n\n")
    }
}

/// A function of a file, from its head to the brace on the height of its head, moved to the left.
fn function(file: &str, name: &str) -> Option<String> {
    let head = |line: &&str| {
        let (before, after) = line.split_once("fn ")?;
        let alone = before.split_whitespace().all(|word| matches!(word, "async" | "pub(crate)"));
        let named = after.strip_prefix(name)?.starts_with(['(', '<']);
        (alone && named).then(|| before.len() - before.trim_start().len())
    };
    let mut lines = file.lines().skip_while(|line| head(line).is_none());
    let first = lines.next()?;
    let indent = head(&first)?;
    let end = format!("{}}}", " ".repeat(indent));
    let mut cut = vec![&first[indent..]];
    for line in lines {
        cut.push(line.get(indent..).unwrap_or_default());
        if line == end {
            return Some(cut.join("\n"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_shows_whole_functions() {
        let kernels = [
            r#"{"kernel":"noop"}"#,
            r#"{"kernel":"factorial","n":9}"#,
            r#"{"kernel":"count","n":9}"#,
            r#"{"kernel":"sleep","wait_us":9}"#,
            r#"{"kernel":"http","requests":1}"#,
            r#"{"kernel":"mixed","n":9,"wait_us":9}"#,
            r#"{"kernel":"log-count","lines":9}"#,
            r#"{"kernel":"grayscale","side":9}"#,
        ];
        for text in kernels {
            let kernel: Kernel = serde_json::from_str(text).expect("a kernel");
            let source = kernel.source();
            let (_, names) = parts(&kernel);
            assert!(source.starts_with("async fn task<I: Io>") && source.ends_with("\n}"), "{source}");
            assert_eq!(source.matches("fn ").count(), names.len(), "{source}");
            assert_eq!(source.matches('{').count(), source.matches('}').count(), "{source}");
            assert!(source.lines().count() <= 30, "{source}");
        }
    }
}
