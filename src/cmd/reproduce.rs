//! The command that reproduces a run, as a shell reads it.

use std::ffi::OsString;

/// The variables that decide on what is measured and how; where a run lands and what it says meanwhile is decided by others.
const DECIDE: [&str; 13] = [
    "CONCBENCH_DEFINITION",
    "CONCBENCH_ALL",
    "CONCBENCH_QUICK",
    "CONCBENCH_RIGOROUS",
    "CONCBENCH_BLOCKS",
    "CONCBENCH_WITH",
    "CONCBENCH_ONLY",
    "CONCBENCH_SEED",
    "CONCBENCH_LABEL",
    "CONCBENCH_TRACK",
    "CONCBENCH_MARGIN",
    "CONCBENCH_DEADLINE",
    "CONCBENCH_EXTERNAL",
];

/// Those that no argument stands for: which interpreters are measured.
const BESIDE: [&str; 1] = ["CONCBENCH_PYTHON"];

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
    let set =
        DECIDE.iter().chain(&BESIDE).filter_map(|name| Some(format!("{name}={}", quote(&variable(name)?))));
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
    use clap::CommandFactory;

    use super::super::args::Cli;
    use super::*;

    /// The variables that decide on nothing that is measured. A run that is resumed keeps the command that began it.
    const ASIDE: [&str; 4] = ["CONCBENCH_OUT", "CONCBENCH_RESUME", "CONCBENCH_QUIET", "CONCBENCH_VERBOSE"];
    /// What `run` takes as a word only, of which the command has all.
    const WORDS: [&str; 2] = ["filter", "format"];

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
    fn every_argument_is_in_the_command_or_known_to_decide_on_nothing() {
        let cli = Cli::command();
        let run = cli.find_subcommand("run").unwrap();
        let (with, without): (Vec<_>, Vec<_>) =
            cli.get_arguments().chain(run.get_arguments()).partition(|argument| argument.get_env().is_some());
        let mut variables: Vec<&str> =
            with.iter().map(|argument| argument.get_env().unwrap().to_str().unwrap()).collect();
        let mut known: Vec<&str> = DECIDE.into_iter().chain(ASIDE).collect();
        variables.sort_unstable();
        known.sort_unstable();
        assert_eq!(variables, known);
        let mut words: Vec<&str> = without.iter().map(|argument| argument.get_id().as_str()).collect();
        words.sort_unstable();
        assert_eq!(words, WORDS);
    }

    #[test]
    fn what_decides_stands_in_the_command_and_nothing_else_does() {
        let command = written("cargo bench", [], |name| Some(name.to_ascii_lowercase()));
        let words = shlex::split(&command).unwrap();
        let expected =
            DECIDE.iter().chain(&BESIDE).map(|name| format!("{name}={}", name.to_ascii_lowercase()));
        let expected: Vec<String> = expected.chain(["cargo", "bench"].map(str::to_owned)).collect();
        assert_eq!(words, expected);
    }
}
