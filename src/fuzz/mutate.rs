//! Mutations: of bytes, of what numbers and words there are, and of JSON as the tree that it is.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha12Rng;
use serde_json::{Map, Value, json};

/// What an input is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Bytes,
    Text,
    Json,
    JsonLines,
}

/// The most mutations of one input; few are the rule.
const MOST: u32 = 6;
/// The longest input, in bytes: what is only long is tested elsewhere.
const LONGEST: usize = 1 << 16;

/// Words at which readers of text fork.
const WORDS: &[&str] = &[
    "0",
    "-1",
    "1",
    "4096",
    "65536",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "-0.0",
    "1e999",
    "nan",
    "inf",
    "true",
    "null",
    "\"\"",
    "\"cores\"",
    "\"tasks\"",
    "\"default\"",
    "\"all\"",
    "[]",
    "{}",
    "[[",
    "]]",
    "[[workload]]",
    "\"",
    "\\",
    "\n",
    "\r\n\r\n",
    "\r\n",
    ": ",
    "=",
    ",",
    "#",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "content-length: 5",
    "transfer-encoding: chunked",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 204\r\n",
    "99999999999999",
    "kernel",
    "models",
    "workers",
    "scaling",
    "twin",
    "rayon",
    "sequential",
    "{\"v\":2,\"message\":",
];

/// Values that a field of JSON may turn into.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(2),
        json!(999),
        json!(1000),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(u64::MAX / 2),
        json!(i64::MIN),
        json!(0.0),
        json!(-0.0),
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(0.5),
        json!(""),
        json!("../../x"),
        json!("<script>"),
        json!("=cmd"),
        json!("\u{202e}\u{0}\n"),
        json!("x".repeat(300)),
        json!([]),
        json!({}),
        json!([0, 0]),
        json!("ok"),
        json!("crashed"),
        json!("noop"),
        json!("baseline"),
        json!("different"),
        json!("ns"),
    ]
}

/// Makes inputs from a corpus.
pub(super) struct Mutator<'a> {
    shape: Shape,
    corpus: &'a [Vec<u8>],
    /// The corpus as trees: a document each, or a line each.
    trees: Vec<Vec<Value>>,
    values: Vec<Value>,
}

impl<'a> Mutator<'a> {
    pub(super) fn new(shape: Shape, corpus: &'a [Vec<u8>]) -> Self {
        let parse = |bytes: &[u8]| serde_json::from_slice(bytes).expect("the corpus is JSON");
        let trees = match shape {
            Shape::Bytes | Shape::Text => Vec::new(),
            Shape::Json => corpus.iter().map(|text| vec![parse(text)]).collect(),
            Shape::JsonLines => {
                let lines = |text: &Vec<u8>| text.split_inclusive(|&byte| byte == b'\n').map(parse).collect();
                corpus.iter().map(lines).collect()
            }
        };
        Self { shape, corpus, trees, values: values() }
    }

    /// The input that follows from these random numbers.
    pub(super) fn input(&self, random: &mut ChaCha12Rng) -> Vec<u8> {
        let chosen = random.random_range(0..self.corpus.len());
        // Half of the trees stay trees: what is no JSON is refused by the first line of any reader.
        let (mut bytes, as_bytes) = match self.trees.get(chosen).filter(|_| random.random_bool(0.9)) {
            Some(lines) => (self.grow(lines.clone(), random), random.random_bool(0.1)),
            None => (self.corpus[chosen].clone(), true),
        };
        if as_bytes {
            for _ in 0..mutations(random) {
                self.scratch(&mut bytes, random);
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn grow(&self, mut lines: Vec<Value>, random: &mut ChaCha12Rng) -> Vec<u8> {
        for _ in 0..mutations(random) {
            if lines.len() > 1 && random.random_bool(0.2) {
                let (from, to) = (random.random_range(0..lines.len()), random.random_range(0..lines.len()));
                match random.random_range(0..3) {
                    0 => lines.swap(from, to),
                    1 => drop(lines.remove(from)),
                    _ => lines.insert(to, lines[from].clone()),
                }
            } else if let Some(line) = pick(&mut lines, random) {
                self.graft(line, random);
            }
        }
        let mut bytes = Vec::new();
        for line in &lines {
            serde_json::to_writer(&mut bytes, line).expect("memory takes what is written to it");
            bytes.push(b'\n');
        }
        bytes
    }

    /// Changes one node of a tree.
    fn graft(&self, tree: &mut Value, random: &mut ChaCha12Rng) {
        let nodes = size(tree);
        let other = at(tree, random.random_range(0..nodes)).clone();
        let mut left = random.random_range(0..nodes);
        let node = at_mut(tree, &mut left).expect("it has as many nodes");
        match node {
            Value::Array(items) if random.random_bool(0.5) => rearrange(items, other, random),
            Value::Object(fields) if random.random_bool(0.5) => rename(fields, other, random),
            Value::Number(number) if random.random_bool(0.5) => {
                let near = number.as_f64().unwrap_or(0.0) * random.random_range(-1.0..3.0);
                *node = if random.random_bool(0.7) { json!(near as u64) } else { json!(near) };
            }
            node if random.random_bool(0.3) => *node = other,
            node => *node = self.values.choose(random).cloned().unwrap_or_default(),
        }
    }

    /// Changes some bytes.
    fn scratch(&self, bytes: &mut Vec<u8>, random: &mut ChaCha12Rng) {
        let place = |random: &mut ChaCha12Rng, bytes: &Vec<u8>| random.random_range(0..=bytes.len());
        let (one, two) = (place(random, bytes), place(random, bytes));
        let (start, end) = (one.min(two), one.max(two).min(one.min(two) + 64));
        match random.random_range(0..9) {
            0 => bytes.truncate(one),
            1 => drop(bytes.drain(start..end)),
            2 => {
                let part = bytes[start..end].to_vec();
                drop(bytes.splice(one..one, part));
            }
            3 | 4 if self.shape != Shape::Bytes => {
                let word = WORDS.choose(random).copied().unwrap_or_default();
                let end = if random.random_bool(0.5) { end } else { start };
                drop(bytes.splice(start..end, word.bytes()));
            }
            5 if self.shape != Shape::Bytes => self.renumber(bytes, one, random),
            6 => {
                let other = self.corpus.choose(random).map_or(&[][..], Vec::as_slice);
                let from = random.random_range(0..=other.len());
                let part = other[from..other.len().min(from + 200)].to_vec();
                drop(bytes.splice(start..end, part));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(one) {
                    *byte = match random.random_range(0..3) {
                        0 => *byte ^ (1 << random.random_range(0..8)),
                        1 => random.random(),
                        _ => *[0, 0xff, 0x7f, 0x80, b'9', b'"', b'\n'].choose(random).unwrap_or(&0),
                    };
                }
            }
        }
    }

    /// Puts another number where one stands.
    fn renumber(&self, bytes: &mut Vec<u8>, near: usize, random: &mut ChaCha12Rng) {
        let Some(start) = (near..bytes.len()).find(|&at| bytes[at].is_ascii_digit()) else {
            return;
        };
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = WORDS[..8].choose(random).copied().unwrap_or_default();
        drop(bytes.splice(start..start + length, number.bytes()));
    }
}

/// One mostly, and now and then several.
fn mutations(random: &mut ChaCha12Rng) -> u32 {
    (1..MOST).find(|_| random.random_bool(0.5)).unwrap_or(MOST)
}

fn pick<'a, T>(items: &'a mut [T], random: &mut ChaCha12Rng) -> Option<&'a mut T> {
    let count = items.len();
    items.get_mut(random.random_range(0..count.max(1)))
}

fn rearrange(items: &mut Vec<Value>, other: Value, random: &mut ChaCha12Rng) {
    let count = items.len();
    let place = random.random_range(0..=count);
    match random.random_range(0..4) {
        0 => items.insert(place, other),
        1 if place < count => drop(items.remove(place)),
        2 if place < count => items.insert(place, items[place].clone()),
        _ => items.rotate_left(place),
    }
}

fn rename(fields: &mut Map<String, Value>, other: Value, random: &mut ChaCha12Rng) {
    let names: Vec<String> = fields.keys().cloned().collect();
    let Some(name) = names.choose(random) else {
        return;
    };
    match random.random_range(0..3) {
        0 => drop(fields.remove(name)),
        1 => drop(fields.insert(format!("{name}x"), other)),
        _ => drop(fields.insert(name.clone(), other)),
    }
}

/// How many nodes a tree has.
fn size(tree: &Value) -> usize {
    let below: usize = match tree {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        _ => 0,
    };
    1 + below
}

/// The node with this number.
fn at(tree: &Value, number: usize) -> &Value {
    fn find<'a>(tree: &'a Value, left: &mut usize) -> Option<&'a Value> {
        if *left == 0 {
            return Some(tree);
        }
        *left -= 1;
        match tree {
            Value::Array(items) => items.iter().find_map(|item| find(item, left)),
            Value::Object(fields) => fields.values().find_map(|field| find(field, left)),
            _ => None,
        }
    }
    find(tree, &mut { number }).unwrap_or(tree)
}

/// The same, to be changed.
fn at_mut<'a>(tree: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(tree);
    }
    *left -= 1;
    match tree {
        Value::Array(items) => items.iter_mut().find_map(|item| at_mut(item, left)),
        Value::Object(fields) => fields.values_mut().find_map(|field| at_mut(field, left)),
        _ => None,
    }
}
