//! A record that somebody made to do harm.

use concbench::record::{Record, Status, Warning};
use concbench::results;
use serde_json::Value;

/// Markup, quotes, a formula, text that runs from right to left, terminal commands, and a great length.
const HOSTILE: [&str; 8] = [
    "</title></script><script>window.pwned=1</script>",
    "\"><img src=x onerror=\"window.pwned=1\">",
    "'; window.pwned=1; //",
    "=HYPERLINK(\"http://example.invalid\",\"x\")",
    "\u{202e}gnp.exe \u{5d0}\u{5d1}\u{5d2} \u{627}\u{628}",
    "\u{1b}[31mred\u{7}\u{0}",
    "[x](javascript:window.pwned=1) `code` | @team #1 {{ 7 * 7 }}",
    "../../../../etc/passwd",
];

/// A mebibyte that a runner left on its standard error: lines that nobody should see, then those that may be shown, the
/// last of which names its experiment.
pub fn tail(experiment: &str) -> String {
    let early = "an early line\n".repeat(30_000);
    let long = "long".repeat(200_000);
    format!("{early}{}\n{long}\n{}", HOSTILE.join("\n"), last_line(experiment))
}

/// The last line of that tail.
pub fn last_line(experiment: &str) -> String {
    format!("the last line of {experiment}")
}

/// The sample with hostile text in every field that holds any, and a failed cell in every experiment. Names that belong
/// together still do.
pub fn hostile() -> Record {
    let mut json = serde_json::to_value(super::sample()).expect("JSON");
    poison(&mut json, "");
    let experiments = json["experiments"].as_object_mut().expect("experiments");
    for (experiment, part) in experiments {
        for cell in part["cells"].as_array_mut().expect("cells") {
            cell["id"] = id(experiment, &cell["factors"]).into();
        }
    }
    let mut record: Record = serde_json::from_value(json).expect("a record");
    let long = "a-very-long-name".repeat(625);
    record.run.label = long.clone();
    record.run.notes = HOSTILE.iter().map(|text| (*text).to_owned()).chain([long.clone()]).collect();
    for text in HOSTILE {
        record.noise.warnings.push(Warning { id: text.into(), message: text.into(), remedy: long.clone() });
    }
    record.machine.cpu = Some(long.clone());
    for (experiment, part) in &mut record.experiments {
        let cell = part.cells.last_mut().expect("the sample has cells");
        (cell.status, cell.stderr_tail) = (Status::Crashed, Some(tail(experiment)));
        cell.reason = Some(HOSTILE.join(" "));
        cell.observations.clear();
    }
    let matrix = record.experiments.get_mut("matrix").expect("the sample has one");
    matrix.cells[3].reason = Some(long.clone());
    results::complete(&mut record).expect("its parts still fit each other");
    let matrix = record.experiments.get_mut("matrix").expect("the sample has one");
    matrix.findings["verdicts"][0]["sentence"] = long.into();
    record
}

/// The id of a cell, by its levels.
fn id(experiment: &str, factors: &Value) -> String {
    let text = |name: &str| factors[name].as_str().unwrap_or_default();
    let (model, workers) = (text("model"), &factors["workers"]);
    let twin = if factors["twin"] == true { "+twin" } else { "" };
    match experiment {
        "matrix" => format!("{}/{model}@{workers}{twin}", text("workload")),
        "granularity" => format!("granularity/{}/{model}@{workers}{twin}", text("size")),
        "latency" => format!("latency/{}/{model}@{workers}/{}", text("workload"), text("load")),
        "timers" => format!("timers/{model}@{workers}"),
        "memory" => format!("memory/{model}@{}", factors["tasks"]),
        "switches" => format!("switches/{model}@{}", text("placement")),
        "timelines" => format!("timelines/{}/{model}@{workers}", text("workload")),
        other => panic!("how are the cells of {other} called?"),
    }
}

/// Puts hostile text before every string that is free text; the words of enumerations stay.
fn poison(value: &mut Value, key: &str) {
    const WORDS: [&str; 14] = [
        "status",
        "latency",
        "family",
        "dispatch",
        "class",
        "mode",
        "track",
        "grade",
        "kernel",
        "kind",
        "verdict",
        "placement",
        "experiment",
        "workers_rule",
    ];
    match value {
        Value::String(text) if !WORDS.contains(&key) => {
            // One text for one name, so that cells still find their workload.
            let which = text.bytes().map(usize::from).sum::<usize>() % HOSTILE.len();
            *text = format!("{}{text}", HOSTILE[which]);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| poison(field, name)),
        _ => {}
    }
}
