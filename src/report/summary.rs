//! A short account of a run in Markdown, to paste into a pull request.

use super::text::{clip, code, markdown, name, plural};
use super::{Place, Report, page, piped};

/// What was found, what it rests on, and the tables that belong to it.
pub(crate) fn summary(report: &Report<'_>) -> String {
    let record = report.record;
    let mut lines = vec![format!("## concbench on {}", code(&name(&record.run.label)))];
    lines
        .extend(page::cautions(record).iter().map(|caution| format!("> **Caution:** {}", markdown(caution))));
    for section in &report.sections {
        let tables = section.tables.iter().filter(|table| table.place != Place::Terminal);
        let tables: Vec<_> = tables.map(|table| piped(&table.table)).collect();
        if !section.findings.is_empty() || !tables.is_empty() {
            lines.push(format!("**{}**", markdown(section.heading)));
        }
        let findings: Vec<_> =
            section.findings.iter().map(|finding| format!("- {}", markdown(finding))).collect();
        lines.extend((!findings.is_empty()).then(|| findings.join("\n")));
        lines.extend(tables);
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
