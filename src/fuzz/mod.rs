//! Input that nobody would write: mutations of what lies in `fuzz/corpus`, thousands of them in every test run and as
//! many as one likes with `make fuzz`. Whatever the bytes, nothing may panic, hang, or take memory beyond a bound.
//!
//! Each input follows from a seed and its number alone, so that a report of one is all it takes to have it again.

mod drive;
mod mutate;
mod server;

use std::io::Cursor;
use std::path::Path;

use concbench_workloads::{Http, Workload};
use futures::FutureExt;

use crate::analyse::{self, AcrossOptions, across};
use crate::campaign::restore;
use crate::models::{BuiltIn, Catalogue, hostile};
use crate::plan;
use crate::record::histogram::{self, decode as decode_histogram};
use crate::record::{journal, parse};
use crate::report::{self, Export, Format};
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

fn definition(models: &[crate::model::ModelInfo], bytes: &[u8]) -> Accepted {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let read = Spec::parse("x.toml", text).and_then(|definitions| Spec::build(definitions, models, true, 4));
    match read {
        Ok(spec) => {
            let few = spec.retain(|id| id.contains("rayon"));
            plan::blocks(&few, 2, 1);
            true
        }
        Err(error) => {
            assert_one_line(&error.to_string());
            false
        }
    }
}

#[test]
fn records() {
    let base = parse::parse(include_bytes!("../../fuzz/corpus/record/whole.json")).expect("a record");
    Target::new("record", Shape::Json, |number, bytes| match parse::parse(bytes) {
        Ok(run) => {
            let mut again = run.clone();
            analyse::complete(&mut again);
            let both = [base.clone(), again];
            let options = AcrossOptions { anyway: true, prices: vec![Some(1.0), Some(2.0)], threshold: 0.05 };
            let compared = across(&both, &options);
            if number.is_multiple_of(PER_PAGE) {
                // As it stands there, and as it follows from its observations.
                pages(&run);
                pages(&both[1]);
                if let Ok(compared) = compared {
                    report::compare_table(&compared, Format::Md);
                    let _ = report::compare_html(&both, &compared);
                }
            }
            true
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
    let mut run = parse::parse(include_bytes!("../../fuzz/corpus/record/whole.json")).expect("a record");
    let blocks = &mut run.noise.blocks;
    blocks.push(blocks[0].clone());
    for block in blocks {
        (block.repeats, block.throttled_ns) = (u32::MAX, Some(u64::MAX));
    }
    let loads = run.latency.iter_mut().flat_map(|latency| &mut latency.cells).map(|cell| &mut cell.closed);
    for observation in loads.flat_map(|load| &mut load.observations) {
        (observation.tasks, observation.elapsed_ns) = (u64::MAX, u64::MAX);
    }
    pages(&run);
    analyse::complete(&mut run);
    pages(&run);
}

fn pages(run: &crate::record::Run) {
    // What cannot be drawn is an error; nothing is asked of its words here.
    let _ = report::html(run);
    let _ = report::export(run, Export::Bmf);
    let _ = report::export(run, Export::GithubActionBenchmark);
    for format in [Format::Table, Format::Md, Format::Csv] {
        report::table(run, format);
    }
}

#[test]
fn journals() {
    let models = BuiltIn::infos();
    Target::new("journal", Shape::JsonLines, |_, bytes| match journal::parse(bytes) {
        Ok(found) => {
            found.lost.iter().for_each(|lost| assert_one_line(lost));
            assert!(found.end <= bytes.len() as u64);
            restore(found, Path::new("x"), &models).is_ok()
        }
        Err(error) => {
            assert_one_line(&error);
            false
        }
    })
    .run();
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
