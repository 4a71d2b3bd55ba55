//! What was found, in sentences.

use concbench_messaging::{Between, Capacity, MANY};
use concbench_text::figures::{self as units, Measure};

use super::{BETWEEN, Contrast, Messaging, Point, SIZES, base, channels, median};
use crate::batch::analyse::FEWEST_PAIRS;
use crate::experiment::RecordOf;
use crate::experiment::messaging::About;
use crate::report::text;

/// All sentences.
pub(super) fn findings(record: &RecordOf<Messaging>) -> Vec<String> {
    let mut findings: Vec<String> =
        [About::Small, About::Large].into_iter().flat_map(|about| by_size(record, about)).collect();
    findings.extend(round_trips(&record.cells));
    findings.extend(middle(record));
    findings.extend(extreme(record, About::Shape));
    findings.extend(extreme(record, About::Cores));
    findings.extend(extreme(record, About::Capacity));
    if findings.is_empty() {
        return vec!["It is not known what a message costs: no channel could be measured.".to_owned()];
    }
    if record.findings.iter().any(|found| found.time.pairs < FEWEST_PAIRS) {
        let few = format!("With fewer than {FEWEST_PAIRS} blocks these are indications.");
        findings.push(few);
    }
    findings
}

fn cell<'a>(record: &'a RecordOf<Messaging>, id: &str) -> Option<&'a Point> {
    record.cells.iter().find(|cell| cell.id == id)
}

/// Where a channel lies, as it is said.
fn within(between: Between) -> &'static str {
    match between {
        Between::Processes => "between processes",
        Between::Threads => "between threads",
        Between::Tasks => "between tasks",
    }
}

fn about(record: &RecordOf<Messaging>, what: About) -> impl Iterator<Item = (&Contrast, &Point, &Point)> {
    let found = record.findings.iter().filter(move |found| found.about == what);
    found.filter_map(|found| Some((found, cell(record, &found.above)?, cell(record, &found.below)?)))
}

/// The fastest of each kind against what it is held against.
fn by_size(record: &RecordOf<Messaging>, what: About) -> Vec<String> {
    let sentence = |(found, above, below): (&Contrast, &Point, &Point)| {
        let size = Measure::Memory.tick(below.factors.message_bytes as f64);
        let (fast, slow) = (text::name(&below.factors.channel), text::name(&above.factors.channel));
        let place = text::capitalised(within(below.factors.between));
        if !found.time.is_sure() {
            return Some(format!(
                "{place} this run cannot tell whether {fast} or {slow} is faster at messages of {size}."
            ));
        }
        let cpu = |cell| Some(units::time(median(cell, "message_cpu_ns")?));
        let rate = |cell| Some(units::count(median(cell, "messages_per_s")?));
        Some(format!(
            "{place}, {fast} hands over messages of {size} {} as often as {slow} ({} a second against {}), and burns {} of \
             CPU for each ({slow}: {}).",
            found.time.words(),
            rate(below)?,
            rate(above)?,
            cpu(below)?,
            cpu(above)?,
        ))
    };
    about(record, what).filter_map(sentence).collect()
}

/// The shortest round trip and the longest of each kind.
fn round_trips(cells: &[Point]) -> Option<String> {
    let part = |between| {
        let known = channels(cells, between).into_iter().filter_map(|channel| {
            Some((median(base(cells, channel, SIZES[0])?, "round_trip_p50_ns")?, channel))
        });
        let mut known: Vec<(f64, &str)> = known.collect();
        known.sort_by(|left, right| left.0.total_cmp(&right.0));
        let named =
            |(time, channel): &(f64, &str)| format!("{} ({})", units::time(*time), text::name(channel));
        match known.as_slice() {
            [] => None,
            [only] => Some(format!("{} {}", named(only), within(between))),
            [first, .., last] => Some(format!("{} to {} {}", named(first), named(last), within(between))),
        }
    };
    let parts: Vec<String> = BETWEEN.into_iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| format!("8 bytes there and back take {}.", text::list(&parts, 3)))
}

/// What a process in the middle costs.
fn middle(record: &RecordOf<Messaging>) -> Option<String> {
    let part = |(found, above, below): (&Contrast, &Point, &Point)| {
        format!(
            "through a {} a message of 8 bytes takes {} as long as through a {} alone",
            text::name(&above.factors.channel),
            found.time.words(),
            text::name(&below.factors.channel),
        )
    };
    let sure = about(record, About::Middle).filter(|(found, ..)| found.time.is_sure());
    let parts: Vec<String> = sure.map(part).collect();
    (!parts.is_empty()).then(|| format!("{}.", text::capitalised(&text::list(&parts, 3))))
}

/// Where a factor matters most.
fn extreme(record: &RecordOf<Messaging>, what: About) -> Option<String> {
    let sure = about(record, what).filter(|(found, ..)| found.time.is_sure());
    let far = |found: &Contrast| found.time.ratio.ln().abs();
    let (found, above, below) = sure.max_by(|left, right| far(left.0).total_cmp(&far(right.0)))?;
    let channel = text::name(&below.factors.channel);
    let ratio = found.time.words();
    Some(match what {
        About::Shape => format!(
            "That {MANY} send to one matters most to {channel}: a message of {} takes {ratio} as long as between one and one.",
            Measure::Memory.tick(below.factors.message_bytes as f64)
        ),
        About::Cores => format!(
            "That both sides share one core matters most to {channel}: a message of 8 bytes takes {ratio} as long as over two."
        ),
        _ => {
            let holds = match above.factors.capacity {
                Capacity::Zero => "holds none",
                _ => "holds one message",
            };
            format!(
                "How much a channel holds matters most to {channel}: where it {holds}, a message of 8 bytes takes {ratio} as \
                 long as where it holds 64 KiB."
            )
        }
    })
}
