//! What is done with bytes: each reader, and what is made of what it has understood.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use concbench_external::{Answer, Description, Manifest, Order};
use concbench_workloads::{Http, Workload};
use futures::FutureExt;

use super::server::Server;
use crate::experiment::compare::{CompareOptions, compare, comparison_table};
use crate::experiment::{self, Export, Externals, Settings, experiments, exported, html, text_tables};
use crate::model::ModelInfo;
use crate::models::hostile;
use crate::record::histogram::{self, decode as decode_histogram};
use crate::record::{self, Machine, Mode, Record, RunInfo, Track, parse};
use crate::report::Format;
use crate::run::{Plan, RunStartError, Session, resume};
use crate::runner::protocol::{Answer as RunnerAnswer, Channel, decode};
use crate::spec::Spec;

/// One in so many records that are accepted is made a page of: that takes a hundred times as long as the rest.
const PER_PAGE: u64 = 64;

/// Whether it was understood; what counts is that it came to that.
pub(super) type Accepted = bool;

pub(super) fn definition(models: &[ModelInfo], bytes: &[u8]) -> Accepted {
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
    Settings {
        blocks: 2,
        mode,
        seed: 1,
        track,
        margin: 0.02,
        deadline,
        all: true,
        externals: Externals::default(),
    }
}

/// Has every experiment say what is to be measured next.
fn plan_on(session: &Session) {
    for experiment in &session.experiments {
        experiment.plan(&session.plan.scope);
    }
}

pub(super) fn record(base: &Record, number: u64, bytes: &[u8]) -> Accepted {
    match parse::parse(bytes) {
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
    }
}

/// The record of a whole run.
pub(super) fn whole() -> Record {
    parse::parse(include_bytes!("../../fuzz/corpus/record/whole.json")).expect("a record")
}

/// Whatever is made of a record. What cannot be made is an error of one line; nothing is asked of its words here.
pub(super) fn pages(record: &Record) {
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

pub(super) fn journal(models: &[ModelInfo], number: u64, bytes: &[u8]) -> Accepted {
    match record::journal::parse(bytes) {
        Ok(found) => {
            found.lost.iter().for_each(|lost| assert_one_line(lost));
            assert!(found.end <= bytes.len() as u64);
            match resumed(found, models) {
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
    }
}

/// The record of a run that is resumed and asked to end at once.
fn resumed(found: record::journal::Found, models: &[ModelInfo]) -> Result<Record, RunStartError> {
    let record::journal::Found { header, entries, lost, .. } = found;
    let mut session = Session::new(resume::plan(&header, models, Path::new("x"))?);
    session.begin();
    let Session { experiments, notes, .. } = &mut session;
    resume::replay(experiments, notes, entries, lost).iter().for_each(|lost| assert_one_line(lost));
    plan_on(&session);
    let run = RunInfo { blocks: header.blocks, filter: header.filter, ..whole().run };
    Ok(session.into_record(header.tool, run, header.warnings))
}

pub(super) fn histogram(number: u64, bytes: &[u8]) -> Accepted {
    let read = |number: u64, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        // With the length that it has, in every other input: with another one nothing else is looked at.
        if let (true, Some(counts)) = (number % 2 == 1, bytes.len().checked_sub(histogram::HEADER)) {
            bytes[4..8].copy_from_slice(&(counts as u32).to_be_bytes());
        }
        decode_histogram(&bytes)
    };
    match read(number, bytes) {
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
    }
}

pub(super) fn frames(bytes: &[u8]) -> Accepted {
    hostile::frames(bytes) | hostile::ring(bytes)
}

pub(super) fn protocol(bytes: &[u8]) -> Accepted {
    let mut channel = Channel::new(Cursor::new(bytes.to_vec()));
    let mut orders = 0;
    // A line that is not understood ends it, as it does a runner.
    while let Ok(Some(_)) = channel.receive() {
        orders += 1;
    }
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let answers = lines.filter_map(|line| decode::<RunnerAnswer>(line).ok()).count();
    orders + answers > 0
}

pub(super) fn externals(bytes: &[u8]) -> Accepted {
    let mut understood = 0;
    for line in bytes.split(|&byte| byte == b'\n') {
        match Answer::read(line) {
            Ok(_) => understood += 1,
            Err(error) => assert_one_line(&error.to_string()),
        }
        match Description::read(line) {
            Ok(said) => understood += said.models.len(),
            Err(trouble) => assert_one_line(&trouble.reason),
        }
    }
    let text = String::from_utf8_lossy(bytes);
    match Order::read(text.lines()) {
        // What is understood is said again as it was meant.
        Ok(order) => {
            let again = order.to_text().expect("it has all that was read");
            assert_eq!(Order::read(again.lines()), Ok(order));
            understood += 1;
        }
        Err(error) => assert_one_line(&error.to_string()),
    }
    match Manifest::parse("external.toml", &text) {
        Ok(_) => understood += 1,
        Err(error) => assert_one_line(&error.to_string()),
    }
    understood > 0
}

pub(super) fn http(bytes: &[u8]) -> Accepted {
    let http = |path: Option<String>| Http {
        requests: 2,
        delay_us: 0,
        body_bytes: 5,
        target: Some(([127, 0, 0, 1], 1).into()),
        path,
        delay_tail: None,
    };
    let (strict, lax) = (http(None), http(Some("/".to_owned())));
    let server = Server::new(bytes);
    let ask = |workload: &Http| workload.task(&server, 0).now_or_never().expect("nothing waits").is_ok();
    let known = ask(&strict);
    assert!(!known || ask(&lax), "an answer that is right in every byte is one");
    ask(&lax)
}

/// A message of ours is one line that a terminal can show.
fn assert_one_line(message: &str) {
    assert!(!message.contains('\n'), "{message:?} is more than a line");
}
