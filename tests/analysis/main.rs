//! What follows from the observations of a run, seen from outside: synthetic observations go in, estimates, verdicts and
//! sentences come out. Nothing is measured, so every figure in these tests is exact or seeded.

mod classes;
mod launcher;
mod scaling;
mod sentences;
mod simulation;
mod stability;
mod synthetic;
mod timers;
mod together;
mod verdicts;
