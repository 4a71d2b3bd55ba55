//! Input that nobody would write: mutations of what lies in `fuzz/corpus`, thousands of them in every test run and as
//! many as one likes with `make fuzz`. Whatever the bytes, nothing may panic, hang, or take memory beyond a bound.
//!
//! Each input follows from a seed and its number alone, so that a report of one is all it takes to have it again.

mod drive;
mod mutate;
mod server;

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use concbench_workloads::{Http, Workload};
use futures::FutureExt;
use serde_json::Value;

use crate::experiment::compare::{CompareOptions, compare, comparison_table};
use crate::experiment::{self, Export, Settings, experiments, exported, html, text_tables};
use crate::model::ModelInfo;
use crate::models::{BuiltIn, Catalogue, hostile};
use crate::record::histogram::{self, decode as decode_histogram};
use crate::record::{Machine, Mode, Record, RunInfo, Track, journal, parse};
use crate::report::Format;
use crate::run::{Plan, RunStartError, Session, resume};
use crate::runner::protocol::{Answer, Channel, decode};
use crate::spec::Spec;
use drive::Target;
use mutate::Shape;
use server::Server;

/// One in so many records that are accepted is made a page of: that takes a hundred times as long as the rest.
const PER_PAGE: u64 = 64;

/// Whether it was understood; what counts is that it came to that.
type Accepted = bool;

#[test]
fn definitions() {
    let models = BuiltIn::infos();
    let mut target = Target::new("definitions", Shape::Text, |_, bytes| definition(&models, bytes));
    // Those that everybody measures, too.
    target.corpus.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/definitions"));
    target.run();
}

fn definition(models: &[ModelInfo], bytes: &[u8]) -> Accepted {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let read = Spec::parse("x.toml", text).map_err(RunStartError::Spec).and_then(|definitions| {
        let machine = Machine { cores: 4, ..Machine::default() };
        Plan::new(definitions, models, &experiments(), settings(), machine, Some("rayon"))
    });
    match read {
        Ok(plan) => {
            let mut session = Session::new(plan);
            session.begin();
            plan_on(&session);
            true
        }
        Err(error) => {
            assert_one_line(&error.to_string());
            false
        }
    }
}

fn settings() -> Settings {
    let (mode, track, deadline) = (Mode::Quick, Track::Defaults, Duration::from_secs(1));
    Settings { blocks: 2, mode, seed: 1, track, margin: 0.02, deadline, all: true }
}

/// Has every experiment say what is to be measured next.
fn plan_on(session: &Session) {
    for experiment in &session.experiments {
        experiment.plan(&session.plan.scope);
    }
}

#[test]
fn records() {
    let base = whole();
    Target::new("record", Shape::Json, |number, bytes| match parse::parse(bytes) {
        Ok(record) => {
            let mut again = record.clone();
            let completed = experiment::complete(&mut again);
            completed.as_ref().err().into_iter().for_each(|error| assert_one_line(error));
            if number.is_multiple_of(PER_PAGE) {
                // As it stands there, and as it follows from its observations.
                pages(&record);
                pages(&again);
                let prices = vec![Some(1.0), Some(2.0)];
                let options = CompareOptions { anyway: true, prices, threshold: 0.05 };
                let both = [base.clone(), again];
                match compare(&both, &options) {
                    // What cannot be drawn is an error; nothing is asked of its words here.
                    Ok(compared) => drop(comparison_table(&both, &compared, Format::Markdown)),
                    Err(refusal) => assert_one_line(&refusal.to_string()),
                }
            }
            completed.is_ok()
        }
        Err(error) => {
            assert_one_line(&error);
            false
        }
    })
    .run();
}

/// What a mutation found once in millions.
#[test]
fn the_greatest_numbers_of_a_record_are_summed() {
    let mut record = whole();
    let blocks = &mut record.noise.blocks;
    blocks.push(blocks[0].clone());
    for block in blocks {
        (block.repeats, block.throttled_ns) = (u32::MAX, Some(u64::MAX));
    }
    let cells = record.experiments.values_mut().flat_map(|experiment| &mut experiment.cells);
    for observed in cells.flat_map(|cell| &mut cell.observations) {
        greatest(&mut observed.responses, None);
    }
    pages(&record);
    experiment::complete(&mut record).expect("numbers make it no other record");
    pages(&record);
}

/// The record of a whole run.
fn whole() -> Record {
    parse::parse(include_bytes!("../../fuzz/corpus/record/whole.json")).expect("a record")
}

/// Makes every time, size and count of tasks as great as it can be; how late a task wakes has a sign.
fn greatest(value: &mut Value, most: Option<u64>) {
    let most_of = |name: &str| match name {
        "late_ns" => Some(i64::MAX as u64),
        "tasks" => Some(u64::MAX),
        name => (name.ends_with("_ns") || name.ends_with("_bytes")).then_some(u64::MAX),
    };
    match (value, most) {
        (value @ Value::Number(_), Some(most)) if value.is_u64() => *value = most.into(),
        (Value::Array(items), _) => items.iter_mut().for_each(|item| greatest(item, most)),
        (Value::Object(fields), _) => {
            fields.iter_mut().for_each(|(name, field)| greatest(field, most_of(name)));
        }
        _ => {}
    }
}

/// Whatever is made of a record. What cannot be made is an error of one line; nothing is asked of its words here.
fn pages(record: &Record) {
    let made = [
        html(record),
        exported(record, Export::Bmf),
        exported(record, Export::GithubActionBenchmark),
        experiment::observations(record),
        text_tables(record, Format::Terminal),
        text_tables(record, Format::Markdown),
    ];
    made.into_iter().filter_map(Result::err).for_each(|error| assert_one_line(&error.to_string()));
}

#[test]
fn journals() {
    let models = BuiltIn::infos();
    Target::new("journal", Shape::JsonLines, |number, bytes| match journal::parse(bytes) {
        Ok(found) => {
            found.lost.iter().for_each(|lost| assert_one_line(lost));
            assert!(found.end <= bytes.len() as u64);
            match resumed(found, &models) {
                Ok(record) => {
                    if number.is_multiple_of(PER_PAGE) {
                        pages(&record);
                    }
                    true
                }
                Err(error) => {
                    assert_one_line(&error.to_string());
                    false
                }
            }
        }
        Err(error) => {
            assert_one_line(&error);
            false
        }
    })
    .run();
}

/// The record of a run that is resumed and asked to end at once.
fn resumed(found: journal::Found, models: &[ModelInfo]) -> Result<Record, RunStartError> {
    let journal::Found { header, entries, lost, .. } = found;
    let mut session = Session::new(resume::plan(&header, models, Path::new("x"))?);
    session.begin();
    let Session { experiments, notes, .. } = &mut session;
    resume::replay(experiments, notes, entries, lost).iter().for_each(|lost| assert_one_line(lost));
    plan_on(&session);
    let run = RunInfo { blocks: header.blocks, filter: header.filter, ..whole().run };
    Ok(session.into_record(header.tool, run, header.warnings))
}

#[test]
fn histograms() {
    let read = |number: u64, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        // With the length that it has, in every other input: with another one nothing else is looked at.
        if let (true, Some(counts)) = (number % 2 == 1, bytes.len().checked_sub(histogram::HEADER)) {
            bytes[4..8].copy_from_slice(&(counts as u32).to_be_bytes());
        }
        decode_histogram(&bytes)
    };
    Target::new("histogram", Shape::Bytes, |number, bytes| match read(number, bytes) {
        Ok(histogram) => {
            let mut sum = histogram.clone();
            sum.add(&histogram);
            assert!(sum.quantile_ns(0.5) <= sum.max_ns());
            true
        }
        Err(error) => {
            assert_one_line(&error);
            false
        }
    })
    .run();
}

#[test]
fn frames() {
    Target::new("frames", Shape::Bytes, |_, bytes| hostile::frames(bytes) | hostile::ring(bytes)).run();
}

#[test]
fn protocol() {
    Target::new("protocol", Shape::JsonLines, |_, bytes| {
        let mut channel = Channel::new(Cursor::new(bytes.to_vec()));
        let mut orders = 0;
        // A line that is not understood ends it, as it does a runner.
        while let Ok(Some(_)) = channel.receive() {
            orders += 1;
        }
        let lines = bytes.split_inclusive(|&byte| byte == b'\n');
        let answers = lines.filter_map(|line| decode::<Answer>(line).ok()).count();
        orders + answers > 0
    })
    .run();
}

#[test]
fn http_answers() {
    let http = |path: Option<String>| Http {
        requests: 2,
        delay_us: 0,
        body_bytes: 5,
        target: Some(([127, 0, 0, 1], 1).into()),
        path,
    };
    let (strict, lax) = (http(None), http(Some("/".to_owned())));
    Target::new("http", Shape::Text, |_, bytes| {
        let server = Server::new(bytes);
        let ask = |workload: &Http| workload.task(&server, 0).now_or_never().expect("nothing waits").is_ok();
        let known = ask(&strict);
        assert!(!known || ask(&lax), "an answer that is right in every byte is one");
        ask(&lax)
    })
    .run();
}

/// A message of ours is one line that a terminal can show.
fn assert_one_line(message: &str) {
    assert!(!message.contains('\n'), "{message:?} is more than a line");
}
