//! The commands that documents show, read as the program reads them.

use std::ffi::OsString;
use std::path::Path;

use super::args::Cli;

/// The lines of the blocks of shell commands of a document that call concbench, without variables and comments.
fn commands(document: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut commands = Vec::new();
    for line in document.lines() {
        if line.starts_with("```") {
            inside = !inside && matches!(line.trim_start_matches('`'), "sh" | "console");
            continue;
        }
        let words = shlex::split(line.trim_start_matches("$ ")).unwrap_or_default();
        let call = words.iter().position(|word| word == "concbench");
        if let Some(call) = call.filter(|_| inside) {
            let end = words.iter().position(|word| matches!(word.as_str(), "|" | ">" | "&&" | ";"));
            commands.push(words[call..end.unwrap_or(words.len()).max(call)].to_vec());
        }
    }
    commands
}

#[test]
fn every_command_that_a_document_shows_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let folder = std::fs::read_dir(root.join("docs")).unwrap();
    documents.extend(
        folder
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "md")),
    );
    let mut seen = 0;
    for document in documents {
        for words in commands(&std::fs::read_to_string(&document).unwrap()) {
            let read = Cli::read(words.iter().map(OsString::from));
            // A file of the reader's is not there.
            let error =
                read.err().map(|error| error.to_string()).filter(|said| !said.contains("No such file"));
            assert_eq!(error, None, "{}: {words:?}", document.display());
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen} commands were found");
}

#[test]
fn a_command_is_found_in_its_block_and_nowhere_else() {
    let document = "concbench no\n```sh\nA=b concbench run --quick   # a comment\nconcbench list | head\n```\nconcbench no\n```toml\nconcbench = 1\n```\n";
    assert_eq!(commands(document), [vec!["concbench", "run", "--quick"], vec!["concbench", "list"]]);
}
