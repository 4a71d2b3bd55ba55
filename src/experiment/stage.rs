//! What measuring needs: somebody who launches, somebody who watches, somebody who is told.

use serde_json::Value;

use crate::record::{BlockNoise, Failure, Observed};
use crate::runner::Launcher;

/// Watches what else the machine does while a block is measured.
pub(crate) trait Watch {
    /// A block begins.
    fn open(&mut self);

    /// It has ended.
    fn close(&mut self, block: u32, experiment: &str, group: &str) -> BlockNoise;
}

/// Is told what happens, as it happens.
pub(crate) trait Events {
    /// This many trials of an experiment are to come, as far as is known now.
    fn planned(&mut self, experiment: &'static str, trials: usize);

    /// An observation was made of a cell, or for a calibration.
    fn observed(&mut self, experiment: &'static str, of: &str, calibration: bool, observed: &Observed<Value>);

    /// Cells have failed; they are not measured again.
    fn failed(&mut self, experiment: &'static str, cells: &[String], failure: &Failure);

    /// A block has ended, or is thrown away and measured again.
    fn block(&mut self, noise: &BlockNoise, again: bool);

    /// What an experiment began with has changed.
    fn setup(&mut self, experiment: &'static str, setup: &Value);

    /// Something has happened that a reader of the record should know.
    fn note(&mut self, note: &str);
}

/// All that measuring needs.
pub(crate) struct Stage<'a> {
    pub(crate) launcher: &'a mut dyn Launcher,
    pub(crate) watch: &'a mut dyn Watch,
    pub(crate) events: &'a mut dyn Events,
    /// What a reader of the record should know.
    pub(crate) notes: &'a mut Vec<String>,
}

impl Stage<'_> {
    /// Something that a reader of the record should know.
    pub(crate) fn note(&mut self, note: String) {
        self.events.note(&note);
        self.notes.push(note);
    }

    /// Takes over what the launcher has remarked.
    pub(crate) fn take_notes(&mut self) {
        for note in self.launcher.take_notes() {
            self.note(note);
        }
    }
}
