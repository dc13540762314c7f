//! Replays the corpus, and the inputs that once found a defect, with each `cargo test`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the tests' helpers fail the test, as the tests themselves do"
)]

mod records;
mod replay;
