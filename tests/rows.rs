//! The commands of docs/ROWS.md, against what the program would measure.

use std::path::Path;
use std::process::Command;

/// The fields of the rows of the table; a stroke that belongs to a field is escaped there.
fn rows() -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ROWS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let fields = |line: &str| {
        let line = line.replace("\\|", "\u{0}");
        line.trim_matches('|').split('|').map(|field| field.trim().replace('\u{0}', "|")).collect::<Vec<_>>()
    };
    text.lines().filter(|line| line.starts_with("| S")).map(fields).collect()
}

/// What `list --cells` says with the words behind `run` of a command.
fn listed(command: &str) -> Vec<String> {
    let words = shlex::split(command.trim_matches('`')).expect("it is quoted as a shell reads it");
    assert_eq!(words[..2], ["concbench", "run"], "{command}");
    let output = Command::new(env!("CARGO_BIN_EXE_concbench"))
        .args(["list", "--cells", "--format", "csv"])
        .args(&words[2..])
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    let cells = String::from_utf8(output.stdout).unwrap();
    cells.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn what_each_command_prints_stands_in_the_outputs_and_says_what_was_found() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/OUTPUTS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut rest = text.as_str();
    for row in rows() {
        let [name, system, command, _] = row.as_slice() else { panic!("{row:?}") };
        let begin = format!("## {name}: {system}\n\n{} --quick`\n\n```text\n", command.trim_end_matches('`'));
        let at =
            rest.find(&begin).unwrap_or_else(|| panic!("{name}: write docs/OUTPUTS.md again: `make rows`"));
        let (output, behind) = rest[at + begin.len()..].split_once("\n```").unwrap();
        assert!(output.lines().count() >= 3 && !output.contains("It is not known"), "{name}: {output}");
        rest = behind;
    }
}

#[test]
fn every_row_has_a_command_under_which_cells_are_measured() {
    let rows = rows();
    assert!(rows.len() >= 40, "{rows:?}");
    for row in &rows {
        let [name, system, command, shows] = row.as_slice() else { panic!("{row:?}") };
        assert!(!system.is_empty() && !shows.is_empty(), "{name}");
        let cells = listed(command);
        assert!(!cells.is_empty(), "{name}: {command} would measure nothing");
        let words = shlex::split(command.trim_matches('`')).unwrap();
        if let Some(at) = words.iter().position(|word| word == "--only") {
            let of =
                |cell: &&String| words[at + 1].split(',').any(|only| cell.contains(&format!(",{only},")));
            assert!(cells.iter().all(|cell| of(&cell)), "{name}: {cells:?}");
        }
    }
}
