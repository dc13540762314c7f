//! Whether a translation has what the table has: both the window and Rust rely on it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::generate::placeholders;

/// Compares an entry of a translation, at a path in the table, with that of the table.
///
/// # Errors
/// When a sentence or a placeholder is missing, or unknown to the table.
pub(crate) fn compare(path: &str, ours: &Value, theirs: &Value) -> Result<(), String> {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                let path = format!("{path}/{key}");
                match (ours.get(key), theirs.get(key)) {
                    (Some(ours), Some(theirs)) => compare(&path, ours, theirs)?,
                    (_, None) => return Err(format!("`{path}` is missing")),
                    (None, _) => return Err(format!("`{path}` is unknown")),
                }
            }
            Ok(())
        }
        // The lines of a list are put together: a translation may have more of them, or fewer.
        (Value::Array(_) | Value::String(_), _)
            if std::mem::discriminant(ours) == std::mem::discriminant(theirs) =>
        {
            let [ours, theirs] = [ours, theirs].map(all_placeholders);
            match ours.symmetric_difference(&theirs).next() {
                None => Ok(()),
                Some(name) => Err(format!("`{path}`: `{{{name}}}` is missing or unknown")),
            }
        }
        _ => Err(format!("`{path}` is not what the table has")),
    }
}

fn all_placeholders(entry: &Value) -> BTreeSet<&str> {
    match entry {
        Value::String(text) => placeholders(text).collect(),
        Value::Array(entries) => entries.iter().flat_map(all_placeholders).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn translation_with_other_order_and_lines_is_accepted() {
        let ours = json!({ "a": "{x} of {y}", "b": ["one {z}", "two"], "c": { "d": "e" } });
        let theirs = json!({ "a": "{y}: {x}", "b": ["eins, zwei {z}"], "c": { "d": "f" } });
        assert_eq!(compare("", &ours, &theirs), Ok(()));
    }

    #[test]
    fn translation_that_lacks_or_adds_something_is_rejected() {
        let ours = json!({ "a": { "b": "{x}" } });
        for (theirs, path) in [
            (json!({ "a": {} }), "`/a/b` is missing"),
            (json!({ "a": { "b": "{x}", "c": "" } }), "`/a/c` is unknown"),
            (json!({ "a": { "b": "x" } }), "`/a/b`: `{x}`"),
            (json!({ "a": { "b": "{x} {y}" } }), "`/a/b`: `{y}`"),
            (json!({ "a": "{x}" }), "`/a` is not"),
            (json!({ "a": { "b": ["{x}"] } }), "`/a/b` is not"),
        ] {
            let error = compare("", &ours, &theirs).unwrap_err();
            assert!(error.contains(path), "{error}");
        }
    }
}
