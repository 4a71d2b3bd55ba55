//! The command that reproduces a run, as a shell reads it.

use std::ffi::OsString;

/// The variables that decide on what is measured and how. Where a run lands and what it says meanwhile is not among them.
const DECIDE: [&str; 10] = [
    "CONCBENCH_DEFINITION",
    "CONCBENCH_ALL",
    "CONCBENCH_QUICK",
    "CONCBENCH_RIGOROUS",
    "CONCBENCH_BLOCKS",
    "CONCBENCH_WITH",
    "CONCBENCH_ONLY",
    "CONCBENCH_LABEL",
    "CONCBENCH_TRACK",
    "CONCBENCH_DEADLINE",
];

/// The program and its words, behind the variables that it was given.
pub(crate) fn command(program: &str, words: impl IntoIterator<Item = impl Into<OsString>>) -> String {
    // Bytes that are no text cannot stand in a record; what replaces them shows that something was there.
    let words = words.into_iter().map(|word| word.into().to_string_lossy().into_owned());
    written(program, words, |name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
}

fn written(
    program: &str,
    words: impl IntoIterator<Item = String>,
    variable: impl Fn(&str) -> Option<String>,
) -> String {
    let set = DECIDE.iter().filter_map(|name| Some(format!("{name}={}", quote(&variable(name)?))));
    let words = words.into_iter().map(|word| quote(&word));
    set.chain([program.to_owned()]).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word as a shell reads it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_it_as_it_was_given() {
        let words = ["--", "sleep/(tokio|smol)", "it's", "*", ""].map(str::to_owned);
        let variable = |name: &str| match name {
            "CONCBENCH_LABEL" => Some("a b".to_owned()),
            "CONCBENCH_WITH" => Some("memory,switches".to_owned()),
            _ => None,
        };
        let command = written("cargo bench", words, variable);
        let mut words = shlex::split(&command).unwrap();
        words[..2].sort();
        let expected = ["CONCBENCH_LABEL=a b", "CONCBENCH_WITH=memory,switches", "cargo", "bench", "--"];
        assert_eq!(words[..5], expected);
        assert_eq!(words[5..], ["sleep/(tokio|smol)", "it's", "*", ""]);
        assert!(command.contains(" -- 'sleep/(tokio|smol)' "), "{command}");
    }

    #[test]
    fn every_variable_is_that_of_a_flag() {
        for name in DECIDE {
            assert!(include_str!("args.rs").contains(&format!("env = \"{name}\"")), "{name}");
        }
    }
}
