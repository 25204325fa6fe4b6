//! Reads a derived type from a JSON value that is already known to be well-formed, and says where it does not fit.

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use std::fmt;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Missing(&'static str),
    Unknown(String),
    WrongType,
    Invalid,
}

/// One fault of a body's shape, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    what: What,
    pointer: Option<String>,
}

impl Fault {
    fn new(what: What) -> Self {
        Self { what, pointer: None }
    }

    /// The innermost place that an error passes is the one it is about.
    fn at(mut self, path: Path<'_>) -> Self {
        if self.pointer.is_none() {
            let pointer = match &self.what {
                What::Missing(name) => Path::Member(&path, name).to_string(),
                What::Unknown(name) => Path::Member(&path, name.as_str()).to_string(),
                What::WrongType | What::Invalid => path.to_string(),
            };
            self.pointer = Some(pointer);
        }
        self
    }

    /// A JSON pointer (RFC 6901) as a URI fragment.
    pub(super) fn into_pointer(self) -> String {
        self.pointer.unwrap_or_else(|| Path::Root.to_string())
    }

    /// The code for programs and the sentence for people.
    pub(super) fn code(&self) -> (&'static str, &'static str) {
        match self.what {
            What::Missing(_) => ("required", "this member is required"),
            What::Unknown(_) => ("unknown-field", "this member is not known here"),
            What::WrongType => ("wrong-type", "this value is of the wrong type"),
            What::Invalid => ("invalid", "this value is not one of those accepted"),
        }
    }

    /// Whether the other fault is in the same place, or within it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (&self.pointer, &other.pointer) {
            (Some(own), Some(other)) => {
                other.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            _ => true,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code().1)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    /// What a type's own `Deserialize` refuses. Its text is ours, not the client's.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new(What::Invalid)
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(What::WrongType)
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::new(What::Unknown(name.to_owned()))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(What::Missing(name))
    }
}

/// Where in the body a value stands.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => formatter.write_str("#"),
            Self::Item(parent, index) => write!(formatter, "{parent}/{index}"),
            Self::Member(parent, name) => {
                write!(formatter, "{parent}/{}", fragment(&name.replace('~', "~0").replace('/', "~1")))
            }
        }
    }
}

/// What a URI fragment cannot hold as it is (RFC 3986, section 3.5; RFC 6901, section 6).
fn fragment(text: &str) -> impl fmt::Display {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'!')
        .remove(b'$')
        .remove(b'&')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')')
        .remove(b'*')
        .remove(b'+')
        .remove(b',')
        .remove(b';')
        .remove(b'=')
        .remove(b':')
        .remove(b'@');
    percent_encoding::utf8_percent_encode(text, KEPT)
}

/// A value to read a type from, or the stand-in for one that was found at fault.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// None for a stand-in, which is whatever the type asks for.
    value: Option<&'a Value>,
    path: Path<'a>,
    found: &'a [Fault],
}

impl<'a> Reader<'a> {
    pub(super) fn new(value: &'a Value, found: &'a [Fault]) -> Self {
        Self { value: Some(value), path: Path::Root, found }.or_stand_in()
    }

    /// The same place, with a stand-in where its value is known to be at fault.
    fn or_stand_in(self) -> Self {
        let known = !self.found.is_empty() && {
            let here = self.path.to_string();
            self.found.iter().any(|fault| fault.pointer.as_ref() == Some(&here))
        };
        if known { Self { value: None, ..self } } else { self }
    }

    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match self.value {
            None | Some(Value::Null) => visitor.visit_unit(),
            Some(Value::Bool(value)) => visitor.visit_bool(*value),
            Some(Value::Number(number)) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., value) => visitor.visit_f64(value.unwrap_or_default()),
            },
            Some(Value::String(text)) => visitor.visit_str(text),
            Some(Value::Array(items)) => {
                visitor.visit_seq(Items { items: items.iter().enumerate(), parent: self })
            }
            Some(Value::Object(_)) => visitor.visit_map(Members::new(self)),
        };
        result.map_err(|fault| fault.at(self.path))
    }

    /// The value itself, or what the type would take in its place.
    fn value_or<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        stand_in: impl FnOnce(V) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        if self.value.is_some() {
            return self.any(visitor);
        }
        stand_in(visitor).map_err(|fault| fault.at(self.path))
    }
}

/// Methods whose stand-in is one call of the visitor.
macro_rules! plain {
    ($($method:ident: $visit:ident($stand_in:expr);)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.value_or(visitor, |visitor| visitor.$visit($stand_in))
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    plain! {
        deserialize_bool: visit_bool(false);
        deserialize_i8: visit_i8(0);
        deserialize_i16: visit_i16(0);
        deserialize_i32: visit_i32(0);
        deserialize_i64: visit_i64(0);
        deserialize_u8: visit_u8(0);
        deserialize_u16: visit_u16(0);
        deserialize_u32: visit_u32(0);
        deserialize_u64: visit_u64(0);
        deserialize_f32: visit_f32(0.0);
        deserialize_f64: visit_f64(0.0);
        deserialize_char: visit_char(' ');
        deserialize_str: visit_str("");
        deserialize_string: visit_str("");
    }

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            None | Some(Value::Null) => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self).map_err(|fault| fault.at(self.path))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.value_or(visitor, |visitor| {
            visitor.visit_seq(Items { items: [].iter().enumerate(), parent: self })
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.value_or(visitor, |visitor| visitor.visit_map(Members::new(self)))
    }

    /// An object alone: derived types would take an array of the same length, too.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value {
            Some(Value::Object(_)) => self.any(visitor),
            Some(_) => Err(Fault::new(What::WrongType).at(self.path)),
            None => visitor
                .visit_map(Members { stand_ins: fields, ..Members::new(self) })
                .map_err(|fault| fault.at(self.path)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match self.value {
            Some(Value::String(name)) => visitor.visit_enum(named(name)),
            // The type would read the first member and not look at the others.
            Some(Value::Object(members)) if members.len() > 1 => Err(Fault::new(What::WrongType)),
            Some(Value::Object(_)) => visitor.visit_enum(MapAccessDeserializer::new(Members::new(self))),
            Some(_) => Err(Fault::new(What::WrongType)),
            None => visitor.visit_enum(named(variants.first().copied().unwrap_or_default())),
        };
        result.map_err(|fault| fault.at(self.path))
    }
}

/// A name, as a type reads one.
fn named(name: &str) -> StrDeserializer<'_, Fault> {
    name.into_deserializer()
}

/// The items of an array.
struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
    parent: Reader<'a>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some((index, item)) = self.items.next() else { return Ok(None) };
        let path = Path::Item(&self.parent.path, index);
        let reader = Reader { value: Some(item), path, found: self.parent.found };
        seed.deserialize(reader.or_stand_in()).map(Some).map_err(|fault| fault.at(path))
    }
}

/// The members of an object: those that are there, then stand-ins for those that were found missing.
struct Members<'a> {
    present: Option<serde_json::map::Iter<'a>>,
    found: std::slice::Iter<'a, Fault>,
    stand_ins: &'a [&'static str],
    parent: Reader<'a>,
    next: Option<(&'a str, Option<&'a Value>)>,
}

impl<'a> Members<'a> {
    fn new(parent: Reader<'a>) -> Self {
        let present = parent.value.and_then(Value::as_object).map(serde_json::Map::iter);
        Self { present, found: parent.found.iter(), stand_ins: &[], parent, next: None }
    }

    /// The next member that the type is to see.
    fn advance(&mut self) -> Option<(&'a str, Option<&'a Value>)> {
        let known = |fault: &Fault, name: &str| {
            fault.pointer.as_deref() == Some(Path::Member(&self.parent.path, name).to_string().as_str())
        };
        for (name, value) in self.present.iter_mut().flatten() {
            let unknown = |fault: &Fault| {
                matches!(&fault.what, What::Unknown(unknown) if unknown == name) && known(fault, name)
            };
            if !self.parent.found.iter().any(unknown) {
                return Some((name, Some(value)));
            }
        }
        if let Some((name, rest)) = self.stand_ins.split_first() {
            self.stand_ins = rest;
            return Some((name, None));
        }
        self.found.by_ref().find_map(|fault| match fault.what {
            What::Missing(name) if known(fault, name) => Some((name, None)),
            _ => None,
        })
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.next = self.advance();
        let Some((name, _)) = self.next else { return Ok(None) };
        seed.deserialize(named(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (name, value) = self.next.take().expect("a value is asked for after its name");
        let path = Path::Member(&self.parent.path, name);
        let reader = Reader { value, path, found: self.parent.found };
        seed.deserialize(reader.or_stand_in()).map_err(|fault| fault.at(path))
    }
}
