//! Rust code for a part of the table of words.

use std::collections::BTreeMap;

use serde_json::Value;

/// Generates the module, constant or function for an entry: an object, a plain sentence, or one with
/// placeholders. A function of several placeholders takes a struct of them. `path` is where the entry is in
/// the table, and `known` has the placeholders whose values the build knows.
///
/// # Errors
/// When an entry is none of these, or a placeholder can't be an argument's name.
pub(crate) fn item(
    name: &str,
    path: &str,
    entry: &Value,
    known: &[(&str, &str)],
) -> Result<String, String> {
    match entry {
        Value::Object(entries) => {
            let mut items = String::new();
            for (key, entry) in entries {
                items += &item(key, &format!("{path}.{key}"), entry, known)?;
            }
            let name = identifier(&snake_case(name));
            Ok(format!(
                "#[doc = \"`{path}`\"]\npub mod {name} {{\n{items}}}\n"
            ))
        }
        Value::String(text) => sentence(name, path, text, known),
        // The lists are the window's.
        Value::Array(_) => Ok(String::new()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            Err(format!("`{path}` is neither a section nor a sentence"))
        }
    }
}

fn sentence(name: &str, path: &str, text: &str, known: &[(&str, &str)]) -> Result<String, String> {
    // Only the window can emphasise words.
    let parts = parse(&text.replace("**", ""), known);
    // In alphabetical order, as a translation may have them in another.
    let mut arguments = BTreeMap::new();
    for part in &parts {
        if let Part::Placeholder(placeholder) = part {
            let argument = snake_case(placeholder);
            if identifier(&argument) != argument {
                return Err(format!("`{path}`: `{{{placeholder}}}` is a word of Rust's"));
            }
            arguments.insert(placeholder, argument);
        }
    }
    if arguments.is_empty() {
        let text: String = parts.iter().map(Part::as_literal).collect();
        let name = snake_case(name).to_uppercase();
        return Ok(format!(
            "#[doc = \"`{path}`\"]\npub const {name}: &str = {text:?};\n"
        ));
    }
    let format: String = parts.iter().map(Part::as_format).collect();
    let function = identifier(&snake_case(name));
    let names: Vec<_> = arguments.into_values().collect();
    let (structure, parameter) = match names.as_slice() {
        [name] => (String::new(), format!("{name}: &str")),
        // Of two texts in a row, the wrong one could be first.
        names => {
            let structure = camel_case(&snake_case(name));
            let field = |name| format!("    #[doc = \"`{{{name}}}`\"]\n    pub {name}: &'a str,\n");
            let fields: Vec<_> = names.iter().map(field).collect();
            (
                format!(
                    "#[doc = \"The placeholders of `{path}`\"]\n#[derive(Debug, Clone, Copy)]\n\
                     pub struct {structure}<'a> {{\n{}}}\n",
                    fields.concat()
                ),
                format!("{structure} {{ {} }}: {structure}<'_>", names.join(", ")),
            )
        }
    };
    Ok(format!(
        "{structure}#[doc = \"`{path}`\"]\n#[must_use]\npub fn {function}({parameter}) -> String {{\n    format!({format:?})\n}}\n"
    ))
}

/// A part of a sentence.
enum Part {
    Literal(String),
    Placeholder(String),
}

impl Part {
    fn as_literal(&self) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Placeholder(name) => format!("{{{name}}}"),
        }
    }

    /// The part as it stands in a format string.
    fn as_format(&self) -> String {
        match self {
            Self::Literal(text) => text.replace('{', "{{").replace('}', "}}"),
            Self::Placeholder(name) => format!("{{{}}}", snake_case(name)),
        }
    }
}

/// Splits a sentence at its placeholders, and fills those that are known.
fn parse(text: &str, known: &[(&str, &str)]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_placeholder(rest) {
        parts.push(Part::Literal(before.to_owned()));
        parts.push(match known.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Part::Literal((*value).to_owned()),
            None => Part::Placeholder(name.to_owned()),
        });
        rest = after;
    }
    parts.push(Part::Literal(rest.to_owned()));
    parts
}

/// The names of a sentence's placeholders.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, name, after) = next_placeholder(rest)?;
        rest = after;
        Some(name)
    })
}

/// What is before the first `{name}`, the name, and what is after it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('{')?;
        let length = text[open + 1..].find('}')?;
        let name = &text[open + 1..open + 1 + length];
        if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Some((&text[..open], name, &text[open + length + 2..]));
        }
        from = open + 1;
    }
}

/// `someName` and `some-name` as `some_name`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' => snake.push('_'),
            upper if upper.is_ascii_uppercase() => {
                snake.push('_');
                snake.push(upper.to_ascii_lowercase());
            }
            other => snake.push(other),
        }
    }
    snake
}

/// `some_name` as `SomeName`.
fn camel_case(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// A name as Rust takes it, also where it is one of its words.
fn identifier(name: &str) -> String {
    const KEYWORDS: [&str; 12] = [
        "as", "continue", "for", "if", "in", "loop", "match", "move", "return", "type", "use",
        "where",
    ];
    if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KNOWN: [(&str, &str); 1] = [("app", "Gale’s {Keys}")];

    fn generated(entry: &Value) -> Result<String, String> {
        item("someName", "someName", entry, &KNOWN)
    }

    #[test]
    fn plain_sentence_becomes_a_constant() {
        assert_eq!(
            generated(&json!("Choose **Open** in “{app}”")).as_deref(),
            Ok(
                "#[doc = \"`someName`\"]\npub const SOME_NAME: &str = \"Choose Open in “Gale’s {Keys}”\";\n"
            )
        );
    }

    #[test]
    fn sentence_with_a_placeholder_becomes_a_function() {
        let code = generated(&json!("{firstName} {}, {firstName} in {app}")).unwrap_or_default();
        assert!(
            code.contains("pub fn some_name(first_name: &str) -> String {"),
            "{code}"
        );
        assert!(
            code.contains("format!(\"{first_name} {{}}, {first_name} in Gale’s {{Keys}}\")"),
            "{code}"
        );
    }

    #[test]
    fn placeholders_of_a_sentence_are_named_where_it_is_used() {
        let code = generated(&json!("{team}: {firstName}")).unwrap_or_default();
        for part in [
            "pub struct SomeName<'a> {",
            "pub first_name: &'a str,",
            "pub team: &'a str,",
            "pub fn some_name(SomeName { first_name, team }: SomeName<'_>) -> String {",
            "format!(\"{team}: {first_name}\")",
        ] {
            assert!(code.contains(part), "{code}");
        }
    }

    #[test]
    fn section_becomes_a_module_without_the_lists() {
        let entry = json!({ "read-only": "x", "steps": ["y"], "use": "{z}" });
        assert_eq!(
            generated(&entry).as_deref(),
            Ok("#[doc = \"`someName`\"]\npub mod some_name {\n\
                #[doc = \"`someName.read-only`\"]\npub const READ_ONLY: &str = \"x\";\n\
                #[doc = \"`someName.use`\"]\n#[must_use]\npub fn r#use(z: &str) -> String {\n    format!(\"{z}\")\n}\n\
                }\n")
        );
    }

    #[test]
    fn entry_that_is_no_sentence_is_rejected() {
        for entry in [json!(1), json!(null), json!({ "a": true }), json!("{type}")] {
            assert!(generated(&entry).is_err(), "{entry}");
        }
    }
}
