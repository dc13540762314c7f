//! The body of a request that creates or changes a client.
//!
//! Which members are required, and the limits of each, are those of Amiqus's `OpenAPI` description. It
//! allows no other members; rejecting those that are read-only too is our assumption.

use axum::body::Bytes;
use serde_json::{Map, Value};

use super::ApiError;
use super::error::Problems;
use crate::resources::{CLIENT_STATUSES, ClientDetails, Name, TITLES};

/// The most characters of a text for which no limit is documented.
const MAX_CHARACTERS: usize = 255;

/// Reads the details of a client. What the body leaves out stays as in `current`.
///
/// # Errors
///
/// [`ApiError::Unprocessable`] if the body is not valid JSON, says nothing, lacks a required member of
/// a new client, or has a value that is not valid.
pub(super) fn details(
    current: Option<&ClientDetails>,
    body: &Bytes,
) -> Result<ClientDetails, ApiError> {
    let mut problems = Problems::default();
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        problems.add("errors", "Value must be an object");
        return Err(ApiError::Unprocessable(problems));
    };
    if current.is_some() && object.is_empty() {
        problems.add("errors", "At least one property is required");
    }
    let mut reader = Reader {
        object: &object,
        prefix: "",
        problems: &mut problems,
    };
    reader.reject_others(&[
        "status",
        "name",
        "email",
        "landline",
        "mobile",
        "dob",
        "reference",
        "deletion_date",
    ]);
    let old = |field: fn(&ClientDetails) -> &Option<String>| current.and_then(|c| field(c).clone());
    let status = reader.optional("status", old(|c| &c.status), |text| {
        one_of(text, &CLIENT_STATUSES)
    });
    let landline = reader.optional("landline", old(|c| &c.landline), short);
    let mobile = reader.optional("mobile", old(|c| &c.mobile), short);
    let dob = reader.optional("dob", old(|c| &c.dob), date);
    let reference = reader.optional("reference", old(|c| &c.reference), short);
    let deletion_date = reader.optional("deletion_date", old(|c| &c.deletion_date), date);
    let email = reader.required("email", current.map(|c| c.email.clone()), email);
    let name = name(&mut reader, current.map(|c| &c.name));
    problems.into_result()?;
    Ok(ClientDetails {
        status,
        name,
        email,
        landline,
        mobile,
        dob,
        reference,
        deletion_date,
    })
}

fn name(reader: &mut Reader, current: Option<&Name>) -> Name {
    let nothing = Map::new();
    let object = match reader.object.get("name") {
        Some(Value::Object(object)) => object,
        None => &nothing,
        Some(_) => {
            reader.problems.add("name", "Value must be an object");
            &nothing
        }
    };
    let mut reader = Reader {
        object,
        prefix: "name.",
        problems: reader.problems,
    };
    reader.reject_others(&[
        "title",
        "other_title",
        "first_name",
        "middle_name",
        "last_name",
    ]);
    let old = |field: fn(&Name) -> &Option<String>| current.and_then(|name| field(name).clone());
    let name = Name {
        title: reader.optional("title", old(|name| &name.title), |text| {
            one_of(text, &TITLES)
        }),
        other_title: reader.optional("other_title", old(|name| &name.other_title), |text| {
            at_most(text, 20)
        }),
        first: reader.required("first_name", current.map(|c| c.first.clone()), short),
        middle: reader.optional("middle_name", old(|name| &name.middle), short),
        last: reader.required("last_name", current.map(|c| c.last.clone()), short),
    };
    if name.title.as_deref() == Some("other") && name.other_title.is_none() {
        reader.problems.add("name.other_title", "Value is required");
    }
    name
}

/// What is wrong with a text, if anything.
type Check = Result<(), String>;

/// Reads the members of a JSON object.
struct Reader<'a> {
    object: &'a Map<String, Value>,
    /// The path of the object, with a dot at its end.
    prefix: &'static str,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn reject_others(&mut self, known: &[&str]) {
        for name in self.object.keys() {
            if !known.contains(&name.as_str()) {
                self.add(name, "Property is not allowed");
            }
        }
    }

    /// A text or `null`.
    fn optional(
        &mut self,
        name: &str,
        current: Option<String>,
        check: impl Fn(&str) -> Check,
    ) -> Option<String> {
        match self.object.get(name) {
            None => current,
            Some(Value::Null) => None,
            Some(Value::String(text)) => {
                if let Err(problem) = check(text) {
                    self.add(name, problem);
                }
                Some(text.clone())
            }
            Some(_) => {
                self.add(name, "Value must be a string");
                None
            }
        }
    }

    /// A text that isn't empty.
    fn required(
        &mut self,
        name: &str,
        current: Option<String>,
        check: impl Fn(&str) -> Check,
    ) -> String {
        let is_text = matches!(
            self.object.get(name),
            None | Some(Value::Null | Value::String(_))
        );
        let text = self.optional(name, current, check).unwrap_or_default();
        if text.is_empty() && is_text {
            self.add(name, "Value is required");
        }
        text
    }

    fn add(&mut self, name: &str, problem: impl Into<String>) {
        self.problems.add(format!("{}{name}", self.prefix), problem);
    }
}

fn short(text: &str) -> Check {
    at_most(text, MAX_CHARACTERS)
}

fn at_most(text: &str, max: usize) -> Check {
    if text.chars().count() <= max {
        Ok(())
    } else {
        Err(format!("Value must have at most {max} characters"))
    }
}

fn one_of(text: &str, allowed: &[&str]) -> Check {
    if allowed.contains(&text) {
        Ok(())
    } else {
        Err(format!("Value must be one of: {}", allowed.join(", ")))
    }
}

fn date(text: &str) -> Check {
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if date.to_string() == text => Ok(()),
        _ => Err("Value must be a date such as 2024-05-07".to_owned()),
    }
}

fn email(text: &str) -> Check {
    let is_valid = text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(char::is_whitespace);
    if is_valid || text.is_empty() {
        short(text)
    } else {
        Err("Value must be an e-mail address".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn create(body: &Value) -> Result<ClientDetails, ApiError> {
        details(None, &body.to_string().into())
    }

    fn complaints(result: Result<ClientDetails, ApiError>) -> Vec<String> {
        match result {
            Err(ApiError::Unprocessable(problems)) => problems.complaints().collect(),
            other => panic!("{other:?}"),
        }
    }

    fn valid() -> ClientDetails {
        let name = json!({"first_name": "Zoë", "last_name": "O’Hara"});
        create(&json!({"name": name, "email": "zoe@example.com", "dob": "1968-06-12"})).unwrap()
    }

    #[test]
    fn new_client_requires_name_and_email() {
        assert_eq!(valid().name.first, "Zoë");
        let required = [
            "`email`: Value is required",
            "`name.first_name`: Value is required",
            "`name.last_name`: Value is required",
        ];
        assert_eq!(complaints(create(&json!({}))), required);
        assert_eq!(
            complaints(create(
                &json!({"name": {"first_name": null, "last_name": ""}})
            )),
            required
        );
        let not_json = details(None, &Bytes::from_static(b"name=Zoe"));
        assert_eq!(complaints(not_json), ["`errors`: Value must be an object"]);
    }

    #[test]
    fn each_invalid_value_has_a_message_at_its_path() {
        let body = json!({
            "id": 7,
            "email": "nobody at all",
            "status": "unknown",
            "dob": "1968-6-12",
            "mobile": 7,
            "reference": "x".repeat(256),
            "name": {"title": "other", "first_name": 7, "last_name": "O’Hara", "full_name": "Z"},
        });
        let paths: Vec<String> = complaints(create(&body))
            .iter()
            .map(|text| text.split(": ").next().unwrap().replace('`', ""))
            .collect();
        assert_eq!(
            paths,
            [
                "dob",
                "email",
                "id",
                "mobile",
                "name.first_name",
                "name.full_name",
                "name.other_title",
                "reference",
                "status",
            ]
        );
        let list = complaints(create(
            &json!({"name": ["Zoë"], "email": "zoe@example.com"}),
        ));
        assert_eq!(list[0], "`name`: Value must be an object");
    }

    #[test]
    fn update_keeps_what_it_leaves_out() {
        let old = valid();
        let update = |body: Value| details(Some(&old), &body.to_string().into());
        let new = update(json!({"name": {"last_name": "O’Brien"}, "dob": null})).unwrap();
        assert_eq!(new.name.first, "Zoë");
        assert_eq!(new.name.last, "O’Brien");
        assert_eq!((new.email, new.dob), ("zoe@example.com".to_owned(), None));
        assert_eq!(
            complaints(update(json!({}))),
            ["`errors`: At least one property is required"]
        );
        assert_eq!(
            complaints(update(json!({"email": null}))),
            ["`email`: Value is required"]
        );
    }
}
