//! Two passes over a JSON body: one for its form, one into the type.
//!
//! A client must be able to tell "not JSON" (400) from "not this JSON" (422), and to learn every fault of the latter at
//! once. serde's derived types stop at the first fault, and report a repeated member and an unknown one alike. So the
//! first pass refuses whatever is not one well-formed text without repeated members, and keeps what it read; the second
//! reads the type from that, notes the fault it stops at, and reads again with a stand-in in the fault's place, until it
//! meets no other, or one in a stand-in that a type with a judgement of its own refuses. Nothing is ever returned but a value in which no stand-in was needed.

mod reader;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

use crate::{Problem, problem};
use reader::{Fault, Reader};

/// Nesting deeper than this is refused before anything is built from it.
pub(crate) const DEPTH_MAX: usize = 32;
/// Faults named in one reply; a body with more of them is refused for these. It also bounds how often a body is read.
pub(crate) const FAULTS_MAX: usize = 16;

/// The body as this type.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    shape(&form(bytes)?)
}

/// The fields of a form as this type: each of them is text, and none may come twice.
pub(crate) fn read_form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if fields.insert(name.into_owned(), value.into_owned().into()).is_some() {
            return Err(Problem::new(problem::BAD_REQUEST).detail("a field of the form is repeated"));
        }
    }
    shape(&Value::Object(fields))
}

/// One well-formed text, without repeated members, at most [`DEPTH_MAX`] deep.
fn form(bytes: &[u8]) -> Result<Value, Problem> {
    let malformed = |detail: &'static str| Problem::new(problem::MALFORMED_JSON).detail(detail);
    if bytes.is_empty() {
        return Err(malformed("the body is empty"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Form { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|_| malformed("the body must be one JSON text in UTF-8, without repeated members"))
}

/// The value as this type, or every fault that keeps it from being one.
fn shape<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    let mut faults: Vec<Fault> = Vec::new();
    loop {
        match T::deserialize(Reader::new(value, &faults)) {
            Ok(shaped) if faults.is_empty() => return Ok(shaped),
            Ok(_) => break,
            // A stand-in that is refused too says nothing about the client's body.
            Err(fault) if faults.iter().any(|found| found.covers(&fault)) => break,
            Err(fault) => faults.push(fault),
        }
        if faults.len() == FAULTS_MAX {
            break;
        }
    }
    Err(faults.into_iter().fold(Problem::new(problem::VALIDATION_ERROR), |problem, fault| {
        let (code, detail) = fault.code();
        problem.field(fault.into_pointer(), code, detail)
    }))
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
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Form {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.insert(name, members.next_value_seed(deeper)?).is_some() {
                return Err(A::Error::custom("repeated member"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
