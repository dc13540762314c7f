//! How the sentences of the table are written.
#![expect(clippy::unwrap_used, reason = "an unreadable table fails the test")]

use serde_json::Value;

/// What no sentence has, in small letters.
const AVOIDED: [(&str, &str); 7] = [
    ("please", "makes what is required sound optional"),
    ("set-up", "“setup”, or the verb “set up”"),
    ("by itself", "“automatically”"),
    ("once more", "“again”"),
    ("marked fields", "“highlighted fields”"),
    ("reveal", "“show”"),
    ("nothing is lost", "frightens whom it is to calm"),
];

/// The sections that print to terminals, some of which have no typographic apostrophes.
const FOR_TERMINALS: [&str; 2] = ["/commandLine/", "/report/"];

/// A sentence and its place in the table.
struct Sentence {
    path: String,
    text: String,
}

fn sentences() -> Vec<Sentence> {
    let table = include_str!("../../../ui/src/words/en-GB.json");
    let mut found = Vec::new();
    collect("", &serde_json::from_str(table).unwrap(), &mut found);
    assert!(found.len() > 100, "the table has many sentences");
    found
}

fn collect(path: &str, entry: &Value, found: &mut Vec<Sentence>) {
    match entry {
        Value::Object(entries) => {
            for (key, entry) in entries {
                collect(&format!("{path}/{key}"), entry, found);
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                collect(&format!("{path}/{index}"), entry, found);
            }
        }
        Value::String(text) => found.push(Sentence {
            path: path.to_owned(),
            text: text.clone(),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The sentences that are not as they should be, as they are shown where the test fails.
fn offending(offends: impl Fn(&Sentence) -> Option<String>) -> Vec<String> {
    let all = sentences();
    let found = all.iter().filter_map(|sentence| {
        let why = offends(sentence)?;
        Some(format!("{}: {:?}: {why}", sentence.path, sentence.text))
    });
    found.collect()
}

#[test]
fn avoided_words_are_in_no_sentence() {
    let found = offending(|sentence| {
        let text = sentence.text.to_lowercase();
        let (word, why) = AVOIDED.iter().find(|(word, _)| text.contains(word))?;
        Some(format!("“{word}”: {why}"))
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn titles_have_no_full_stop() {
    let found = offending(|sentence| {
        let is_title = sentence.path.ends_with("/title");
        (is_title && sentence.text.ends_with('.')).then(|| "a title".to_owned())
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn apostrophes_are_typographic_outside_the_terminal() {
    let found = offending(|sentence| {
        let is_free = FOR_TERMINALS
            .iter()
            .any(|section| sentence.path.starts_with(section));
        (!is_free && sentence.text.contains('\'')).then(|| "“’”".to_owned())
    });
    assert_eq!(found, [""; 0]);
}
