//! Changes to a response body. A body that is not a JSON object stays as it is, unless said otherwise.

use std::io::Write as _;

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

fn edit_object(body: &Bytes, edit: impl FnOnce(&mut Map<String, Value>)) -> Bytes {
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut object)) => {
            edit(&mut object);
            Value::Object(object).to_string().into()
        }
        _ => body.clone(),
    }
}

/// Removes a member.
pub(super) fn without_member(body: &Bytes, name: &str) -> Bytes {
    edit_object(body, |object| {
        object.remove(name);
    })
}

/// Adds or replaces a member.
pub(super) fn with_member(body: &Bytes, name: &str, value: Value) -> Bytes {
    edit_object(body, |object| {
        object.insert(name.to_owned(), value);
    })
}

/// Repeats each member with another value.
pub(super) fn with_duplicate_keys(body: &Bytes) -> Bytes {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return body.clone();
    };
    let members: Vec<_> = object
        .iter()
        .flat_map(|(name, value)| {
            let name = json!(name);
            [
                format!("{name}:{value}"),
                format!("{name}:\"another value\""),
            ]
        })
        .collect();
    format!("{{{}}}", members.join(",")).into()
}

/// Adds a first member whose value is half of a surrogate pair.
pub(super) fn with_lone_surrogate(body: Bytes) -> Bytes {
    match body.strip_prefix(b"{") {
        Some(rest) => [b"{\"name\":\"\\ud800\",", rest].concat().into(),
        None => body,
    }
}

/// Adds a first member whose value is not UTF-8. A body that is not a JSON object is replaced.
pub(super) fn with_invalid_utf8(body: &Bytes) -> Bytes {
    match body.strip_prefix(b"{") {
        Some(rest) => [b"{\"name\":\"\xff\xfe\xc0\",", rest].concat().into(),
        None => Bytes::from_static(b"\xff\xfe\xc0"),
    }
}

/// Turns the `id` of a user or a team into a string, and gives other members values of wrong types.
pub(super) fn with_wrong_types(body: &Bytes) -> Bytes {
    edit_object(body, |object| {
        if let Some(id) = object.get("id") {
            let id = json!(id.to_string());
            object.insert("id".to_owned(), id);
        }
        for (name, value) in [
            ("name", Value::Null),
            ("email", json!(7)),
            ("is_verified", json!(1)),
            ("is_disabled", json!("")),
            ("role", json!(7)),
        ] {
            if let Some(member) = object.get_mut(name) {
                *member = value;
            }
        }
    })
}

/// Gives a page of a list another `links.next`. What is not a page stays as it is.
pub(super) fn with_next_link(body: &Bytes, url: &str) -> Bytes {
    edit_object(body, |object| {
        if object.get("object") == Some(&json!("paginated_list")) {
            let links = object.get("links");
            let previous = links.and_then(|links| links.get("previous")).cloned();
            let links = json!({"next": url, "previous": previous});
            object.insert("links".to_owned(), links);
        }
    })
}

/// Compresses a body of any kind.
pub(super) fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    match encoder.write_all(body).and_then(|()| encoder.finish()) {
        Ok(compressed) => compressed.into(),
        // Writing to a vector cannot fail.
        Err(_) => Bytes::new(),
    }
}

/// Encodes a body of any kind as UTF-16 (little-endian, without a byte order mark).
pub(super) fn to_utf16(body: &[u8]) -> Bytes {
    String::from_utf8_lossy(body)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}
