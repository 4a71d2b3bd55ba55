//! What a comparison says, in words.

use concbench_text::figures as units;

use super::{Compared, ComparedResponse, Contrast, Missing, Place, Regression};
use crate::batch::Verdict;
use crate::record::{Estimate, Response};
use crate::report::text;

/// The verdict on one response of one run, as it is read.
pub(crate) fn verdict(response: &ComparedResponse, contrast: &Contrast) -> &'static str {
    let words = match (Response::unit(response.name), response.more_is_better()) {
        ("ns", _) => {
            ["slower", "faster", "seems slower", "seems faster", "slightly slower", "slightly faster"]
        }
        (_, true) => {
            ["faster", "slower", "seems faster", "seems slower", "slightly faster", "slightly slower"]
        }
        _ => ["more", "less", "seems more", "seems less", "slightly more", "slightly less"],
    };
    match contrast.verdict {
        Verdict::Different if contrast.ratio > 1.0 => words[0],
        Verdict::Different => words[1],
        Verdict::Slight if contrast.ratio > 1.0 => words[4],
        Verdict::Slight => words[5],
        Verdict::Equivalent => "equivalent",
        Verdict::Timers | Verdict::Unresolved => "unresolved",
        Verdict::Indicative if contrast.ratio > 1.0 => words[2],
        Verdict::Indicative => words[3],
    }
}

/// A ratio with its interval.
pub(crate) fn ratio(contrast: &Contrast) -> String {
    let interval = Some((contrast.low, contrast.high));
    format!("{} {}", units::ratio(contrast.ratio, interval), units::ratio_interval(contrast.ratio, interval))
}

/// What a response was in one run.
pub(super) fn figure(response: &ComparedResponse, of: &Estimate) -> String {
    match Response::unit(response.name) {
        "ns" => format!("{} {}", units::median_time(of), units::time_interval(of)),
        "B" => units::bytes(of.median),
        _ => units::count(of.median),
    }
}

/// What is compared of a response: `time`, `memory`, `rate`.
pub(super) fn quantity(response: &ComparedResponse) -> String {
    match response.name {
        name if Response::unit(name) == "ns" => "time".to_owned(),
        name => text::name(&name.replace('_', " ")),
    }
}

/// What became worse by more than the threshold, in one line.
pub(super) fn regression(compared: &Compared, of: &Regression) -> String {
    let cell = &compared.experiments[of.experiment].cells[of.cell];
    let response = cell.first();
    format!(
        "{} on {}: {} the {} of {}",
        text::name(&cell.key),
        text::name(&compared.places[of.place].name),
        ratio(&response.contrasts[of.place - 1]),
        quantity(response),
        text::name(&compared.places[0].name),
    )
}

/// Why a cell is not compared, in one line: the runs that lack it.
pub(super) fn missing(places: &[Place], lacks: &[Missing]) -> String {
    let lack = |lack: &Missing| {
        format!("on {}, {}", text::name(&places[lack.place].name), text::sentence(&lack.reason))
    };
    let lines: Vec<String> = lacks.iter().map(lack).collect();
    format!("{}: {}", lacks.first().map_or(String::new(), |lack| text::name(&lack.key)), lines.join("; "))
}
