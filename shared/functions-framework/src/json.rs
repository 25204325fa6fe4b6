//! Two passes over a JSON body: one for its form, one into the type. serde alone reports repeated and unknown members
//! alike, and a client must be able to tell "not JSON" (400) from "not this JSON" (422).

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

use crate::request::malformed;
use crate::{Problem, problem};

/// Nesting deeper than this is refused before anything is built from it.
const DEPTH_MAX: usize = 32;

/// One well-formed text, without repeated members, at most [`DEPTH_MAX`] deep.
pub(crate) fn check_form(bytes: &[u8]) -> Result<(), Problem> {
    if bytes.is_empty() {
        return Err(malformed("the body is empty"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let form = Form { depth: 0 }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    form.map_err(|_| malformed("the body must be one JSON text in UTF-8, without repeated members"))
}

#[derive(Clone, Copy)]
struct Form {
    depth: usize,
}

impl Form {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX { Err(E::custom("too deep")) } else { Ok(Self { depth: self.depth + 1 }) }
    }
}

impl<'de> DeserializeSeed<'de> for Form {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Form {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        while items.next_element_seed(deeper)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("repeated member"));
            }
            members.next_value_seed(deeper)?;
        }
        Ok(())
    }
}

/// The 422 for JSON that is well-formed but does not fit the type.
pub(crate) fn shape_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path: String = error
        .path()
        .iter()
        .map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
            serde_path_to_error::Segment::Map { key } => format!("/{}", escape(key)),
            _ => String::new(),
        })
        .collect();
    let text = error.inner().to_string();
    let named = text.split('`').nth(1).unwrap_or_default();
    let (pointer, code, detail) = if text.starts_with("missing field") {
        (format!("#{path}/{}", escape(named)), "required", "this member is required")
    } else if text.starts_with("unknown field") {
        (format!("#{path}"), "unknown-field", "this member is not known here")
    } else if text.starts_with("unknown variant") {
        (format!("#{path}"), "invalid", "this value is not one of those accepted")
    } else {
        (format!("#{path}"), "wrong-type", "this value is of the wrong type")
    };
    Problem::new(problem::VALIDATION_ERROR).field(pointer, code, detail)
}

/// RFC 6901 section 3.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
