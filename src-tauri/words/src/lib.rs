//! The sentences that Rust shows to people, from the table of words that the window has as well
//! (`ui/src/words/en-GB.json`, or the file that `AMIQUS_WORDS` names for the build). `DECISION-table.md` says why.
//!
//! A section of the table is a module, and a sentence is a constant. A sentence with a `{placeholder}` is a
//! function; one with several takes a struct that names them, as in
//! `not_removed(NotRemoved { path, error })`.

include!(concat!(env!("OUT_DIR"), "/words.rs"));

#[cfg(test)]
#[path = "../compare.rs"]
mod compare;
#[cfg(test)]
#[path = "../generate.rs"]
mod generate;
