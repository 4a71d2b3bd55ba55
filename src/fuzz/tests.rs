//! The readers, and mutations of their corpora.

use std::path::Path;

use serde_json::Value;

use super::drive::Target;
use super::mutate::Shape;
use super::read::{self, pages, whole};
use crate::experiment;
use crate::models::{BuiltIn, Catalogue};

#[test]
fn definitions() {
    let models = BuiltIn::infos();
    let mut target = Target::new("definitions", Shape::Text, |_, bytes| read::definition(&models, bytes));
    // Those that everybody measures, too.
    target.corpus.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/definitions"));
    target.run();
}

#[test]
fn records() {
    let base = whole();
    Target::new("record", Shape::Json, |number, bytes| read::record(&base, number, bytes)).run();
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

#[test]
fn journals() {
    let models = BuiltIn::infos();
    Target::new("journal", Shape::JsonLines, |number, bytes| read::journal(&models, number, bytes)).run();
}

#[test]
fn histograms() {
    Target::new("histogram", Shape::Bytes, read::histogram).run();
}

#[test]
fn frames() {
    Target::new("frames", Shape::Bytes, |_, bytes| read::frames(bytes)).run();
}

#[test]
fn protocol() {
    Target::new("protocol", Shape::JsonLines, |_, bytes| read::protocol(bytes)).run();
}

#[test]
fn externals() {
    Target::new("externals", Shape::Text, |_, bytes| read::externals(bytes)).run();
}

#[test]
fn http_answers() {
    Target::new("http", Shape::Text, |_, bytes| read::http(bytes)).run();
}

#[test]
fn every_reader_has_a_corpus_and_a_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let first = std::fs::read_dir(entry.path()).unwrap().next().expect("a file").unwrap();
        assert!(super::one(&name, &std::fs::read(first.path()).unwrap()), "{name}");
    }
    assert!(!super::one("nothing", b""));
}
