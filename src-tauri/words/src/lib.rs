//! The sentences that Rust shows to people, from the table of words that the window has as well
//! (`ui/src/words/en-GB.json`, or the file that `AMIQUS_WORDS` names for the build). `DECISION-table.md` says why.
//!
//! A section of the table is a module, a sentence is a constant, and a sentence with `{placeholders}` is a
//! function with an argument for each, in alphabetical order.

include!(concat!(env!("OUT_DIR"), "/words.rs"));

#[cfg(test)]
#[path = "../compare.rs"]
mod compare;
#[cfg(test)]
#[path = "../generate.rs"]
mod generate;
