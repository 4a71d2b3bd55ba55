//! A record that somebody made to do harm.

use concbench::analyse;
use concbench::record::{Run, Warning};

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

/// The sample with hostile text in every field that holds any. Names that belong together still do.
pub fn hostile() -> Run {
    let run = super::sample();
    let mut json = serde_json::to_value(&run).expect("JSON");
    let mut count = 0;
    poison(&mut json, &mut count, "");
    let mut run: Run = serde_json::from_value(json).expect("a record");
    analyse::complete(&mut run);
    let long = "a-very-long-name".repeat(625);
    run.run.label = long.clone();
    run.run.notes = HOSTILE.iter().map(|text| (*text).to_owned()).chain([long.clone()]).collect();
    for text in HOSTILE {
        run.noise.warnings.push(Warning { id: text.into(), message: text.into(), remedy: long.clone() });
    }
    run.cells[3].reason = Some(long.clone());
    run.machine.cpu = Some(long.clone());
    run.verdicts[0].sentence = long;
    run
}

/// Appends hostile text to every string that is free text; the words of enumerations stay.
fn poison(value: &mut serde_json::Value, count: &mut usize, key: &str) {
    const WORDS: [&str; 10] =
        ["status", "family", "class", "mode", "track", "grade", "kernel", "kind", "latency", "placement"];
    match value {
        serde_json::Value::String(text) if !WORDS.contains(&key) && key != "verdict" => {
            // One text for one name, so that cells still find their workload.
            let which = text.bytes().map(usize::from).sum::<usize>() % HOSTILE.len();
            *text = format!("{}{text}", HOSTILE[which]);
            *count += 1;
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| poison(item, count, key)),
        serde_json::Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, field)| poison(field, count, name));
        }
        _ => {}
    }
}
