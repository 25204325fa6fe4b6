//! Reading what a provider wrote, by path: members that are missing, of another type or unusable are simply absent, and
//! those that are unknown are skipped, so that one reader serves every API version.

use serde_json::Value;
use time::OffsetDateTime;

/// The longest text that is stored, in characters.
const TEXT_CHARACTERS_MAX: usize = 255;
/// The last second of the year 9999, which both `timestamptz` and RFC 3339 hold.
const UNIX_SECONDS_MAX: i64 = 253_402_300_799;

/// A place in a JSON text, where something stands or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<'a>(Option<&'a Value>);

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        Self(Some(value))
    }
}

impl<'a> Json<'a> {
    /// The place below, member by member.
    pub(crate) fn at(self, path: &[&str]) -> Self {
        Self(
            self.0.and_then(|value| path.iter().try_fold(value, |value, name| value.as_object()?.get(*name))),
        )
    }

    /// The value, whatever it is.
    pub(crate) fn value(self) -> Option<&'a Value> {
        self.0
    }

    /// A text that can be stored: not empty, at most 255 characters, without U+0000.
    pub(crate) fn text(self) -> Option<&'a str> {
        let text = self.0?.as_str()?;
        let usable = !text.is_empty() && !text.contains('\0') && text.chars().count() <= TEXT_CHARACTERS_MAX;
        usable.then_some(text)
    }

    /// The same, owned.
    pub(crate) fn string(self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// An id: a text, or an expanded object that has one.
    pub(crate) fn id(self) -> Option<String> {
        self.string().or_else(|| self.at(&["id"]).string())
    }

    /// A whole number of 64 bits; never through a float.
    pub(crate) fn integer(self) -> Option<i64> {
        self.0?.as_i64()
    }

    /// A truth.
    pub(crate) fn boolean(self) -> Option<bool> {
        self.0?.as_bool()
    }

    /// Whole seconds since the Unix epoch, up to the year 9999.
    pub(crate) fn seconds(self) -> Option<i64> {
        self.integer().and_then(storable_seconds)
    }

    /// The same, as an instant.
    pub(crate) fn time(self) -> Option<OffsetDateTime> {
        self.seconds().and_then(instant)
    }

    /// The entries of a list, or of the `data` of a list object; none where there is no list.
    pub(crate) fn entries(self) -> impl Iterator<Item = Json<'a>> {
        let list = self.0.and_then(|value| value.as_array().or_else(|| value.get("data")?.as_array()));
        list.into_iter().flatten().map(Self::from)
    }

    /// Whether an object stands here.
    pub(crate) fn is_object(self) -> bool {
        self.0.is_some_and(Value::is_object)
    }
}

/// A second that can be stored: from the Unix epoch up to the year 9999.
pub(crate) fn storable_seconds(unix_seconds: i64) -> Option<i64> {
    (0..=UNIX_SECONDS_MAX).contains(&unix_seconds).then_some(unix_seconds)
}

/// The instant of a second of the Unix epoch.
pub(crate) fn instant(unix_seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(unix_seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::Json;
    use serde_json::{Value, json};

    fn texts(value: &Value) -> (Option<String>, Option<String>) {
        (Json::from(value).string(), Json::from(value).id())
    }

    #[test]
    fn an_id_is_a_text_or_an_object_with_one() {
        let some = Some("cus_1".to_owned());
        assert_eq!(texts(&json!("cus_1")), (some.clone(), some.clone()));
        assert_eq!(texts(&json!({"id": "cus_1", "object": "customer"})), (None, some));
        for absent in [json!(null), json!(1), json!(true), json!([]), json!({}), json!({"id": 1}), json!("")]
        {
            assert_eq!(texts(&absent), (None, None), "{absent}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_stored_is_absent() {
        let text = |text: String| Json::from(&Value::from(text)).text().is_some();
        assert!(text("a".repeat(255)));
        assert!(text("ä".repeat(255)));
        assert!(!text("a".repeat(256)));
        assert!(!text("a\0b".to_owned()));
    }

    #[test]
    fn numbers_are_whole_and_of_64_bits() {
        let number = |text: &str| {
            let value: Value = serde_json::from_str(text).expect("JSON");
            (Json::from(&value).integer(), Json::from(&value).seconds())
        };
        assert_eq!(number("9007199254740993"), (Some(9_007_199_254_740_993), None));
        assert_eq!(number("9223372036854775807"), (Some(i64::MAX), None));
        assert_eq!(number("9223372036854775808"), (None, None));
        assert_eq!(number("1.0"), (None, None));
        assert_eq!(number("\"1\""), (None, None));
        assert_eq!(number("-1"), (Some(-1), None));
        assert_eq!(number("0"), (Some(0), Some(0)));
        assert_eq!(number("253402300799"), (Some(253_402_300_799), Some(253_402_300_799)));
        assert_eq!(number("253402300800"), (Some(253_402_300_800), None));
    }

    #[test]
    fn a_path_ends_where_nothing_stands() {
        let value = json!({"a": {"b": [{"c": 1}]}});
        let root = Json::from(&value);
        assert!(root.at(&["a", "b"]).value().is_some());
        assert!(root.at(&["a", "x", "y"]).value().is_none());
        assert!(root.at(&["a", "b", "c"]).value().is_none());
        let listed: Vec<_> = root.at(&["a", "b"]).entries().map(|entry| entry.at(&["c"]).integer()).collect();
        assert_eq!(listed, [Some(1)]);
        assert_eq!(root.at(&["a"]).entries().count(), 0);
        assert_eq!(Json::from(&json!({"data": [1, 2]})).entries().count(), 2);
    }
}
