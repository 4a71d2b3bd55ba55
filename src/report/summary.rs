//! A short account of a run in Markdown, to paste into a pull request.

use super::table::piped_with;
use super::text::{clip, code, markdown, name, plural};
use super::{Report, Section, Summarised, page};

/// What was found, what it rests on, and the tables that belong to it.
pub(crate) fn summary(report: &Report<'_>) -> String {
    let record = report.record;
    let mut lines = vec![format!("## concbench on {}", code(&name(&record.run.label)))];
    lines
        .extend(page::cautions(record).iter().map(|caution| format!("> **Caution:** {}", markdown(caution))));
    for section in &report.sections {
        let parts = parts(section);
        if !parts.is_empty() {
            lines.push(format!("### {}", markdown(&section.heading)));
        }
        lines.extend(parts);
    }
    lines.push(markdown(&page::trust(record, &report.floors).sentence));
    lines.push(format!(
        "<sub>{}, seed {}, {}. Again: {}</sub>",
        plural(record.run.blocks.into(), "block"),
        record.run.seed,
        markdown(&clip(&format!("{} {}", record.tool.name, record.tool.version), 80)),
        code(&clip(&record.run.command, 500)),
    ));
    lines.join("\n\n") + "\n"
}

fn parts(section: &Section) -> Vec<String> {
    let list =
        |lines: Vec<String>| lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n");
    let part = |part: &Summarised| match part {
        Summarised::Answer(answer, each) => {
            let line =
                |(name, sentence): &(String, String)| format!("{}: {}", code(name), markdown(sentence));
            format!("**{}**\n\n{}", markdown(answer), list(each.iter().map(line).collect()))
        }
        Summarised::Table { table, strong, note } => {
            format!("{}\n<sub>{}</sub>", piped_with(table, strong), markdown(note))
        }
    };
    match section.findings.is_empty() || !section.summary.is_empty() {
        true => section.summary.iter().map(part).collect(),
        false => vec![list(section.findings.iter().map(|finding| markdown(finding)).collect())],
    }
}
