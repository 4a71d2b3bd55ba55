//! Words that one process hands to another through memory that both see, and how the one that sleeps is woken.

#[cfg(test)]
mod loom;
pub mod wake_up;
mod words;

pub use wake_up::Patience;
pub use words::{APART, Cursor, Damaged, Ring, Word};
