//! What a message over crossbeam's unbounded channel takes, from the loop of its authors' benchmark step by step to what
//! the experiment `messaging` does: which step costs what. `scripts/versus/crates.sh` runs it.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use concbench_messaging::{CHANNELS, Capacity, Cores, Plan, Shape};
use concbench_model::{Digest, allowed_cores, bind};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// How many messages an iteration of the authors' benchmark hands over, and an observation of ours at most.
const THEIRS: u64 = 40_000;
const OURS: u64 = 1_000_000;
const TURNS: usize = 15;
/// For how long an observation of ours sends.
const OBSERVATION: Duration = Duration::from_millis(20);

/// A message of the size of ours: an address with a length, or a word.
#[allow(dead_code, reason = "the words are what gives it its size")]
enum Message {
    Word(u64),
    Words(Box<[u64]>),
}

/// Nanoseconds a message, the median of some turns.
fn median(turn: impl FnMut() -> f64) -> f64 {
    let mut turns: Vec<f64> = std::iter::repeat_with(turn).take(TURNS).collect();
    turns.sort_by(f64::total_cmp);
    turns[TURNS / 2]
}

/// One thread sends so many to the one that asks, over a channel that lasts for all turns, as in the authors' benchmark.
fn kept<T: Send>(messages: u64, make: fn(u64) -> T) -> f64 {
    let (sender, receiver) = unbounded();
    let (begin, begun) = bounded::<()>(0);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while begun.recv().is_ok() {
                (0..messages).for_each(|number| drop(sender.send(make(number))));
            }
        });
        let took = median(|| {
            let from = Instant::now();
            begin.send(()).expect("it waits to begin");
            (0..messages).for_each(|_| drop(black_box(receiver.recv())));
            from.elapsed().as_nanos() as f64 / messages as f64
        });
        drop(begin);
        took
    })
}

/// The same over a new channel in each turn, by two threads that may be bound to a core each; what is done to each message
/// that came is timed with it.
fn fresh<T: Send>(
    messages: u64,
    bound: Option<[usize; 2]>,
    make: impl Fn(u64) -> T + Copy + Send,
    receive: fn(&Receiver<T>) -> Digest,
) -> f64 {
    let bind_to = |side: usize| bound.iter().for_each(|cores| bind(cores[side]));
    let (sender, receiver): (Sender<T>, _) = unbounded();
    std::thread::scope(|scope| {
        let sends = scope.spawn(move || {
            bind_to(0);
            let from = Instant::now();
            (0..messages).for_each(|number| drop(sender.send(make(number))));
            from
        });
        let receives = scope.spawn(move || {
            bind_to(1);
            black_box(receive(&receiver));
            Instant::now()
        });
        let from = sends.join().expect("it only sends");
        let until = receives.join().expect("it only receives");
        until.duration_since(from).as_nanos() as f64 / messages as f64
    })
}

fn all<T>(receiver: &Receiver<T>) -> Digest {
    receiver.iter().for_each(|message| drop(black_box(message)));
    Digest::default()
}

fn counted(receiver: &Receiver<Message>) -> Digest {
    let (mut digest, mut next) = (Digest::default(), 0);
    for message in receiver {
        let number = match message {
            Message::Word(word) => word,
            Message::Words(words) => words[0],
        };
        assert_eq!(number, next, "it came out of turn");
        next += 1;
        digest.add(number, number);
    }
    digest
}

/// What the experiment measures: this channel, for as long as an observation lasts.
fn measured() -> Result<f64, Box<dyn std::error::Error>> {
    let channel =
        CHANNELS.iter().find(|channel| channel.id == "crossbeam").ok_or("there is no such channel")?;
    let plan = Plan {
        bytes: 8,
        shape: Shape::OneToOne,
        capacity: Capacity::Unbounded,
        cores: Cores::Two,
        time: OBSERVATION,
    };
    let streamed = channel.stream(&plan)?;
    Ok(streamed.elapsed.as_nanos() as f64 / streamed.messages as f64)
}

/// What this program prints with a word behind it: a figure of a process that has done nothing before, so that all of the
/// channel's memory is new to it.
fn first(word: &str) -> Result<f64, Box<dyn std::error::Error>> {
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let output = Command::new(std::env::current_exe()?).arg(word).output()?;
        turns.push(String::from_utf8_lossy(&output.stdout).trim().parse()?);
    }
    let mut turns = turns.into_iter();
    Ok(median(|| turns.next().unwrap_or(f64::NAN)))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cores = allowed_cores()?;
    let bound = cores.first_chunk::<2>().copied();
    let ours = || fresh(OURS, bound, Message::Word, counted);
    match std::env::args().nth(1).as_deref() {
        Some("by-hand") => println!("{}", ours()),
        Some("measured") => println!("{}", measured()?),
        _ => {
            println!("| what | ns a message |");
            println!("| --- | ---: |");
            let row = |what: &str, took: f64| println!("| {what} | {took:.1} |");
            let number = |number| number as i32;
            row(
                "the loop of crossbeam's `spsc`: 40,000 numbers of 4 bytes, over and over",
                kept(THEIRS, number),
            );
            row("a new channel and new threads for each 40,000", median(|| fresh(THEIRS, None, number, all)));
            row("a million at a time", median(|| fresh(OURS, None, number, all)));
            let of_ours = "messages of 24 bytes: a length and an address, or a word";
            row(of_ours, median(|| fresh(OURS, None, Message::Word, all)));
            row("each counted and checked", median(|| fresh(OURS, None, Message::Word, counted)));
            row("each side bound to a core", median(ours));
            row("in a process that has done nothing before", first("by-hand")?);
            row("as `messaging` measures it", first("measured")?);
        }
    }
    Ok(())
}
