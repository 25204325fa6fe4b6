//! The reader of JSON bodies. An input is a body.

use functions_framework::{Problem, Request, RequestPayloadExt};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// As deep as a body may be.
const DEPTH_MAX: usize = 32;

/// A body of a client's, with a member of each kind.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    count: u32,
    tags: Vec<String>,
    flag: Option<bool>,
    kind: Kind,
    inner: Inner,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Basic,
    Premium,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    ratio: f64,
    note: String,
}

/// Whether it is well-formed is what serde and the scan below say; whether it is of a type is what serde says; each fault
/// is named by a pointer to where it is; what was taken is written and read back.
pub fn check(data: &[u8]) -> bool {
    let reference = serde_json::from_slice::<Value>(data).ok();
    let well_formed = reference.is_some() && is_plain(data);
    match read::<Value>(data) {
        Ok(value) => {
            assert!(well_formed, "a body with a fault was taken");
            assert_eq!(Some(&value), reference.as_ref());
        }
        Err(problem) => {
            assert!(!well_formed, "a well-formed body was refused");
            assert_eq!((problem.kind().slug, problem.faults().len()), ("malformed-json", 0));
        }
    }
    let typed = read::<Sample>(data);
    let Some(value) = reference.filter(|_| well_formed) else {
        assert!(typed.is_err_and(|problem| problem.kind().slug == "malformed-json"));
        return false;
    };
    // serde reads a struct from an array too; bodies are objects.
    let has_objects = value.is_object() && value["inner"].is_object();
    let expected = serde_json::from_value::<Sample>(value.clone()).ok().filter(|_| has_objects);
    match typed {
        Ok(sample) => {
            assert_eq!(Some(&sample), expected.as_ref());
            let written = serde_json::to_vec(&sample).expect("it can be written");
            assert_eq!(read::<Sample>(&written).expect("it was read before"), sample);
            true
        }
        Err(problem) => {
            assert!(expected.is_none(), "a body of the type was refused: {value}");
            assert_eq!(problem.kind().slug, "validation-error");
            assert!((1..=16).contains(&problem.faults().len()), "{:?}", problem.faults());
            problem.faults().iter().for_each(|fault| points_to_it(&value, &fault.pointer, fault.code));
            false
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    Request::new(body.to_vec().into()).json()
}

/// A missing member's place is empty beside its siblings; any other fault stands in its place.
fn points_to_it(value: &Value, pointer: &str, code: &str) {
    let pointer = pointer.strip_prefix('#').unwrap_or_else(|| panic!("{pointer} is no fragment"));
    let pointer = percent_decode_str(pointer).decode_utf8().expect("it was UTF-8 before");
    if code == "required" {
        let (parent, _) = pointer.rsplit_once('/').expect("a member has a parent");
        assert!(value.pointer(parent).is_some_and(Value::is_object), "{pointer}");
        assert_eq!(value.pointer(&pointer), None, "{pointer}");
    } else {
        assert!(value.pointer(&pointer).is_some(), "{pointer}: {code}");
    }
}

/// Whether a well-formed text repeats no member and is not too deep: read letter by letter, as no parser does.
fn is_plain(text: &[u8]) -> bool {
    let mut open: Vec<Vec<String>> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'{' | b'[' => open.push(Vec::new()),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let start = at;
                at += 1;
                while text[at] != b'"' {
                    at += 1 + usize::from(text[at] == b'\\');
                }
                let after = text[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
                if after == Some(&b':') {
                    let name: String = serde_json::from_slice(&text[start..=at]).expect("it is a text");
                    let names = open.last_mut().expect("a member stands in an object");
                    if names.contains(&name) {
                        return false;
                    }
                    names.push(name);
                }
            }
            _ => {}
        }
        if open.len() > DEPTH_MAX {
            return false;
        }
        at += 1;
    }
    true
}
