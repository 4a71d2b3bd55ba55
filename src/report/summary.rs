//! A short account of a run in Markdown, to paste into a pull request.

use std::fmt::Write;

use super::page::{RankCell, ranking, switching_sentence, trust, verdicts, waiting_sentence};
use super::text::{code, markdown, plural};
use super::view::View;
use crate::record::Run;

/// The verdicts, what they rest on, and the ranking.
pub(crate) fn summary(run: &Run) -> String {
    let view = View::new(run);
    let mut out = String::new();
    let mut put = |line: String| writeln!(out, "{line}").expect("a string takes any text");
    put(format!("## concbench on {}\n", code(&super::text::name(&run.run.label))));
    let verdicts = verdicts(&view);
    for caution in &verdicts.cautions {
        put(format!("> **Caution:** {}\n", markdown(caution)));
    }
    for class in &verdicts.classes {
        put(format!("**{}: {}**\n", class.title, markdown(&class.answer)));
        for work in &class.workloads {
            let next = work.next.as_ref().map_or_else(String::new, |next| format!(" {}.", markdown(next)));
            put(format!("- {}: {}{next}", code(&work.name), markdown(&work.sentence)));
        }
        put(String::new());
    }
    let costs = [run.memory.as_ref().map(waiting_sentence), run.switches.as_ref().map(switching_sentence)];
    for sentence in costs.into_iter().flatten() {
        put(format!("{}\n", markdown(&sentence)));
    }
    let trust = trust(&view);
    put(format!("{}\n", markdown(&trust.sentence)));
    let ranking = ranking(&view);
    let heads: Vec<_> = ranking.workloads.iter().map(|head| code(head)).collect();
    put(format!("| model | all, steady | all, one-off | {} | CPU time | peak memory |", heads.join(" | ")));
    put(format!("| :-- |{}", " --: |".repeat(heads.len() + 4)));
    for row in &ranking.rows {
        let cells: Vec<_> = row
            .cells
            .iter()
            .map(|cell| match cell {
                RankCell::Figure { figure, class, .. } if class.contains("best") => format!("**{figure}**"),
                RankCell::Figure { figure, .. } => figure.clone(),
                RankCell::Why { status, .. } => markdown(status),
            })
            .collect();
        put(format!("| {} | {} |", code(&row.name), cells.join(" | ")));
    }
    put(String::new());
    put(format!(
        "<sub>Ratio of the time of a batch to that of the best model; bold: nothing is known to be faster. {}, seed {}, \
         {}. Again: {}</sub>",
        plural(run.run.blocks.into(), "block"),
        run.run.seed,
        markdown(&super::text::clip(&format!("{} {}", run.tool.name, run.tool.version), 80)),
        code(&super::text::clip(&run.run.command, 500)),
    ));
    out
}
