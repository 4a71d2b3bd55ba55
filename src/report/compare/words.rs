//! What a comparison says, in words.

use crate::analyse::{Across, CellAcross, Contrast};
use crate::record::Verdict;
use crate::report::page::class;
use crate::report::{text, units};

/// What a contrast says about a run, as the end of a sentence about it: `is 1.40x as fast`.
pub(super) fn phrase(contrast: &Contrast) -> String {
    match contrast.verdict {
        Verdict::Equivalent => "ties".into(),
        Verdict::Unresolved => "is undecided".into(),
        Verdict::Different => format!("is {}", speed(contrast)),
        Verdict::Indicative => format!("seems {}", speed(contrast)),
    }
}

/// The same with the figure, where there is an answer without one.
pub(super) fn phrase_with_speed(contrast: &Contrast) -> String {
    match contrast.verdict {
        Verdict::Equivalent | Verdict::Unresolved => format!("{} at {}", phrase(contrast), speed(contrast)),
        Verdict::Different | Verdict::Indicative => phrase(contrast),
    }
}

/// How fast a run is against the first: `1.40x as fast`, below 1 where it is slower.
fn speed(contrast: &Contrast) -> String {
    let interval = (1.0 / contrast.high, 1.0 / contrast.low);
    format!("{} as fast", units::ratio(1.0 / contrast.ratio, Some(interval)))
}

/// The interval of that speed.
pub(super) fn speed_interval(contrast: &Contrast) -> String {
    let interval = (1.0 / contrast.high, 1.0 / contrast.low);
    if interval.0 == 0.0 || !interval.1.is_finite() {
        return "too few observations for an interval".into();
    }
    units::ratio_interval(1.0 / contrast.ratio, Some(interval))
}

/// What is said about a run after the first, each phrase once with the classes that it holds for:
/// `is 1.40x as fast at computing`, `ties at waiting and creating tasks`.
pub(super) fn phrases(across: &Across, place: usize) -> Vec<String> {
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for of in &across.classes {
        let phrase = phrase(&of.contrasts[place - 1]);
        let class = class(of.class).to_owned();
        match said.iter_mut().find(|(known, _)| *known == phrase) {
            Some((_, classes)) => classes.push(class),
            None => said.push((phrase, vec![class])),
        }
    }
    said.into_iter().map(|(phrase, classes)| format!("{phrase} at {}", classes.join(", "))).collect()
}

/// The answer for a run after the first, in one sentence.
pub(super) fn answer(across: &Across, place: usize) -> String {
    let name = text::name(&across.places[place].name);
    format!("{name} {}, against {}.", phrases(across, place).join("; "), text::name(&across.places[0].name))
}

/// The verdict on one cell of one run, as it is read.
pub(super) fn verdict(contrast: &Contrast) -> &'static str {
    match contrast.verdict {
        Verdict::Different if contrast.ratio > 1.0 => "slower",
        Verdict::Different => "faster",
        Verdict::Equivalent => "equivalent",
        Verdict::Unresolved => "unresolved",
        Verdict::Indicative if contrast.ratio > 1.0 => "seems slower",
        Verdict::Indicative => "seems faster",
    }
}

/// The name of a cell: its model, with its workers where several cells of the model are compared.
pub(super) fn label(across: &Across, cell: &CellAcross) -> String {
    let alike =
        across.cells.iter().filter(|other| other.workload == cell.workload && other.model == cell.model);
    let model = text::name(&cell.model);
    if alike.count() > 1 { format!("{model}@{}", text::name(&cell.workers_rule)) } else { model }
}

/// What became slower by more than the threshold, one line each.
pub(super) fn regressions(across: &Across) -> Vec<String> {
    let line = |(index, place): &(usize, usize)| {
        let cell = &across.cells[*index];
        let contrast = &cell.contrasts[place - 1];
        format!(
            "{}/{} on {}: {} {} the time of {}",
            text::name(&cell.workload),
            label(across, cell),
            text::name(&across.places[*place].name),
            units::ratio(contrast.ratio, Some((contrast.low, contrast.high))),
            units::ratio_interval(contrast.ratio, Some((contrast.low, contrast.high))),
            text::name(&across.places[0].name),
        )
    };
    across.regressions.iter().map(line).collect()
}

/// What the prices make of it, for a run after the first; `None` if a price is not known.
pub(super) fn money(across: &Across, place: usize) -> Option<String> {
    let (first, here) = (across.places[0].price?, across.places[place].price?);
    let parts: Vec<String> = across
        .classes
        .iter()
        .map(|of| {
            let contrast = &of.contrasts[place - 1];
            let work = |ratio: f64| first / here / ratio;
            let interval = (work(contrast.high), work(contrast.low));
            format!("{} at {}", units::ratio(work(contrast.ratio), Some(interval)), class(of.class))
        })
        .collect();
    let ratio = units::ratio(here / first, None);
    Some(format!("An hour costs {ratio} as much; work for the money: {}.", parts.join(", ")))
}
