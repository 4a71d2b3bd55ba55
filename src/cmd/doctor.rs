//! `concbench doctor`: is this machine fit to measure on?

use std::process::ExitCode;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};

use super::args::{DoctorArgs, Output};
use super::exit;
use crate::machine::{self, Diagnosis, Finding, Sample, State};
use crate::printing::print;

/// How long the machine is watched.
const WATCH: Duration = Duration::from_secs(1);
/// How wide a table is where no terminal says.
const WIDTH: u16 = 110;
/// The columns of every format but JSON.
const HEADS: [&str; 5] = ["state", "respect", "found", "effect", "remedy"];

pub(super) fn run(arguments: &DoctorArgs) -> anyhow::Result<ExitCode> {
    // Before the sample, so that gathering them is not seen as load.
    let facts = machine::facts();
    let diagnosis = machine::examine(&facts, &Sample::take(WATCH));
    print(&render(&diagnosis, arguments.format)?)?;
    Ok(code(diagnosis.overall, arguments.strict))
}

fn code(overall: State, strict: bool) -> ExitCode {
    match overall {
        State::Unfit if strict => ExitCode::from(exit::TOO_NOISY),
        _ => ExitCode::SUCCESS,
    }
}

fn render(diagnosis: &Diagnosis, output: Output) -> anyhow::Result<String> {
    let rows = || diagnosis.findings.iter().map(|finding| cells(finding).to_vec()).collect();
    Ok(match output {
        Output::Table => format!("{}\n\n{}\n", table(diagnosis), summary(diagnosis)),
        Output::Md => format!("{}\n\n{}", summary(diagnosis), super::rows(&HEADS, rows(), output)?),
        Output::Csv => super::rows(&HEADS, rows(), output)?,
        Output::Json => serde_json::to_string_pretty(diagnosis)? + "\n",
    })
}

/// Findings below each other with what belongs to them: side by side they are wider than any terminal.
fn table(diagnosis: &Diagnosis) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    for finding in &diagnosis.findings {
        let [state, respect, found, effect, remedy] = cells(finding);
        table.add_row([&state, &respect, &found]);
        for (name, text) in [("effect", effect), ("remedy", remedy)] {
            if !text.is_empty() {
                table.add_row(["", "", &format!("{name}: {text}")]);
            }
        }
    }
    table
}

/// What is good needs no explanation.
fn cells(finding: &Finding) -> [String; 5] {
    let effect = if finding.state == State::Good { "" } else { finding.effect };
    [word(finding.state), finding.id, &finding.found, effect, finding.remedy.unwrap_or_default()]
        .map(str::to_owned)
}

fn summary(diagnosis: &Diagnosis) -> String {
    let count = |state| diagnosis.findings.iter().filter(|finding| finding.state == state).count();
    let counts = [State::Good, State::Unknown, State::Concern, State::Unfit]
        .map(|state| format!("{} {}", count(state), word(state)));
    let judgement = match diagnosis.overall {
        State::Good => "this machine is fit to measure on",
        State::Unknown => "nothing speaks against measuring here, and not everything is known",
        State::Concern => "figures measured here hold with reservations",
        State::Unfit => "figures measured here now would mean nothing",
    };
    format!("{judgement}: {}", counts.join(", "))
}

fn word(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Unknown => "unknown",
        State::Concern => "concern",
        State::Unfit => "unfit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Machine;

    fn diagnosis() -> Diagnosis {
        let finding = |id, state, found: &str, remedy| Finding {
            id,
            state,
            found: found.to_owned(),
            effect: "it is slower",
            remedy,
        };
        Diagnosis {
            overall: State::Concern,
            findings: vec![
                finding("smt", State::Good, "off", None),
                finding("governor", State::Concern, "a|b <script>", Some("change it")),
                finding("turbo", State::Unknown, "unknown: not told", Some("find out")),
            ],
            machine: Machine { cores: 2, ..Machine::default() },
        }
    }

    fn rendered(output: Output) -> String {
        render(&diagnosis(), output).unwrap()
    }

    #[test]
    fn a_table_tells_each_finding_with_its_remedy_and_a_judgement() {
        let text = rendered(Output::Table);
        for part in ["smt", "governor", "remedy: change it", "remedy: find out"] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        let judgement = "figures measured here hold with reservations: 1 good, 1 unknown, 1 concern, 0 unfit";
        assert_eq!(text.lines().last(), Some(judgement));
        assert_eq!(text.matches("effect: it is slower").count(), 2);
    }

    #[test]
    fn markdown_keeps_its_columns_whatever_was_found() {
        let text = rendered(Output::Md);
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), 5);
        for row in rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 6, "{row}");
        }
        assert!(!text.contains('<'));
    }

    #[test]
    fn csv_has_a_record_for_each_finding() {
        let text = rendered(Output::Csv);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap(), &csv::StringRecord::from(HEADS.to_vec()));
        assert_eq!(reader.records().map(|record| record.unwrap().len()).collect::<Vec<_>>(), [5, 5, 5]);
    }

    #[test]
    fn json_has_states_findings_and_the_machine() {
        let value: serde_json::Value = serde_json::from_str(&rendered(Output::Json)).unwrap();
        assert_eq!(value["overall"], "concern");
        assert_eq!(value["findings"][1]["id"], "governor");
        assert_eq!(value["findings"][0]["remedy"], serde_json::Value::Null);
        assert_eq!(value["machine"]["cores"], 2);
    }

    #[test]
    fn only_an_unfit_machine_is_refused_and_only_where_it_is_asked_for() {
        for state in [State::Good, State::Unknown, State::Concern, State::Unfit] {
            assert_eq!(code(state, false), ExitCode::SUCCESS);
            let refused = code(state, true) == ExitCode::from(75);
            assert_eq!(refused, state == State::Unfit);
        }
    }
}
