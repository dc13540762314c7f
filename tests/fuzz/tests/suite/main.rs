//! What is kept of the fuzzing, shown to the product once more with each `cargo test`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

mod corpus;
mod records;
