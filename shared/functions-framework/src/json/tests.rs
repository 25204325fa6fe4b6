//! What is not JSON, what is not this JSON, and every fault of the latter.

use super::*;
use crate::IntoResponse;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Body {
    email: String,
    password: String,
    scope: Option<Scope>,
    place: Option<Place>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Session,
    All,
    Of { days: u8 },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Place {
    seconds: u32,
    speed: f64,
}

/// A type that judges its own text, as the product's do.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
struct Tag(String);

impl TryFrom<String> for Tag {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() { Err("a secret of ours: tags are never empty") } else { Ok(Self(text)) }
    }
}

/// The status, and each fault as `pointer code`.
fn faults<T: DeserializeOwned>(body: &[u8]) -> (u16, Vec<String>) {
    let Err(problem) = read::<T>(body) else { return (200, Vec::new()) };
    let errors = problem.faults().iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
    (problem.into_response().status().as_u16(), errors)
}

#[track_caller]
fn check(body: impl AsRef<[u8]>, status: u16, errors: &[&str]) {
    let body = body.as_ref();
    let found = faults::<Body>(body);
    assert_eq!(
        found,
        (status, errors.iter().map(|&error| error.to_owned()).collect()),
        "{}",
        body.escape_ascii()
    );
}

#[test]
fn a_body_becomes_its_type() {
    let text = br#" {"email":"a\u00e9\ud83d\ude00","password":"","scope":"all","place":{"seconds":7,"speed":1.5},"tags":["x"]} "#;
    let expected = Body {
        email: "aé😀".to_owned(),
        password: String::new(),
        scope: Some(Scope::All),
        place: Some(Place { seconds: 7, speed: 1.5 }),
        tags: vec![Tag("x".to_owned())],
    };
    assert_eq!(read::<Body>(text).expect("a right body"), expected);
    check(r#"{"email":"a","password":"b"}"#, 200, &[]);
    check(r#"{"email":"a","password":"b","scope":null,"place":{"seconds":0,"speed":1}}"#, 200, &[]);
    check(r#"{"email":"a","password":"b","scope":{"of":{"days":255}}}"#, 200, &[]);
}

#[test]
fn a_choice_is_one_choice() {
    let with = |scope: &str| format!(r#"{{"email":"a","password":"b","scope":{scope}}}"#);
    check(with(r#"{"all":null}"#), 200, &[]);
    check(with(r#"{"all":null,"session":null}"#), 422, &["#/scope wrong-type"]);
    check(with(r#"{"of":{"days":1},"all":null}"#), 422, &["#/scope wrong-type"]);
    check(with(r#"{"of":{"days":1},"brand_new":[]}"#), 422, &["#/scope wrong-type"]);
}

#[test]
fn what_is_not_one_json_text_is_400() {
    let texts: [&[u8]; 22] = [
        b"",
        b" ",
        b"{",
        b"{\"email\":\"a\"",
        b"{}{}",
        b"{} x",
        b"\xef\xbb\xbf{}",
        b"{/* */}",
        b"{\"a\":NaN}",
        b"{'a':1}",
        b"{\"a\":1,}",
        b"{\"a\":01}",
        b"{\"a\":+1}",
        b"{\"a\":.5}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\\udc00\\ud800\"}",
        b"{\"a\":\"\n\"}",
        b"{\"a\":1e999}",
        b"{\"a\":-1e999}",
        b"undefined",
        b"{\"email\":\"a\",\"email\":\"a\",\"password\":\"b\"}",
    ];
    for text in texts {
        check(text, 400, &[]);
    }
}

#[test]
fn a_member_may_not_come_twice_at_any_depth_or_in_any_spelling() {
    check(r#"{"email":"a","password":"b","\u0065mail":"c"}"#, 400, &[]);
    check(r#"{"email":"a","password":"b","place":{"seconds":1,"speed":1,"seconds":1}}"#, 400, &[]);
    check(r#"{"unknown":[{"a":1,"a":2}]}"#, 400, &[]);
}

#[test]
fn json_that_is_no_object_is_422_about_the_whole_body() {
    for text in ["null", "[]", "\"x\"", "1", "true", "-0.5", r#"["a","b",null,null,[]]"#] {
        check(text, 422, &["# wrong-type"]);
    }
}

#[test]
fn every_fault_has_its_pointer() {
    check("{}", 422, &["#/email required", "#/password required"]);
    for value in ["1", "[]", "{}", "null", "true", "1.5", "{\"a\":[]}"] {
        check(format!(r#"{{"email":{value},"password":"b"}}"#), 422, &["#/email wrong-type"]);
        let both = format!(r#"{{"email":{value},"password":{value}}}"#);
        check(both, 422, &["#/email wrong-type", "#/password wrong-type"]);
    }
    check(
        r#"{"role":"admin","email":1,"id":2,"place":{"seconds":-1,"far":true},"tags":["x",3]}"#,
        422,
        &[
            "#/email wrong-type",
            "#/id unknown-field",
            "#/place/far unknown-field",
            "#/place/seconds invalid",
            "#/place/speed required",
            "#/role unknown-field",
            "#/tags/1 wrong-type",
        ],
    );
}

#[test]
fn a_type_that_refuses_every_stand_in_ends_the_list_with_its_own_place() {
    check(
        r#"{"email":1,"password":"b","tags":["x","",3]}"#,
        422,
        &["#/email wrong-type", "#/tags/1 invalid"],
    );
}

#[test]
fn numbers_that_do_not_fit_are_422() {
    for number in ["-1", "4294967296", "1e30", "18446744073709551616", "1.0"] {
        let (status, errors) = faults::<Body>(
            format!(r#"{{"email":"a","password":"b","place":{{"seconds":{number},"speed":1}}}}"#).as_bytes(),
        );
        assert_eq!((status, errors.len()), (422, 1), "{number}: {errors:?}");
        assert!(errors[0].starts_with("#/place/seconds "), "{number}: {errors:?}");
    }
    check(r#"{"email":"a","password":"b","place":{"seconds":4294967295,"speed":1e308}}"#, 200, &[]);
}

#[test]
fn an_unknown_word_is_invalid_and_a_wrong_type_for_one_is_told_apart() {
    check(r#"{"email":"a","password":"b","scope":"others"}"#, 422, &["#/scope invalid"]);
    check(r#"{"email":"a","password":"b","scope":7}"#, 422, &["#/scope wrong-type"]);
    check(r#"{"email":"a","password":"b","scope":{"of":{}}}"#, 422, &["#/scope/of/days required"]);
}

#[test]
fn a_pointer_is_escaped_as_the_standards_say() {
    check(r#"{"email":"a","password":"b","a/b~c d%é":1}"#, 422, &["#/a~1b~0c%20d%25%C3%A9 unknown-field"]);
}

#[test]
fn the_depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    check(nested(DEPTH_MAX), 422, &["# wrong-type"]);
    check(nested(DEPTH_MAX + 1), 400, &[]);
    check(nested(100_000), 400, &[]);
    check("[".repeat(100_000), 400, &[]);
    check(r#"{"a":"#.repeat(100_000), 400, &[]);
}

#[test]
fn as_many_faults_are_named_as_the_limit_says() {
    let unknown = |count: usize| {
        let members: Vec<String> = (0..count).map(|number| format!(r#""m{number}":1"#)).collect();
        format!(r#"{{"email":"a","password":"b",{}}}"#, members.join(","))
    };
    for (count, named) in
        [(1, 1), (FAULTS_MAX - 1, FAULTS_MAX - 1), (FAULTS_MAX, FAULTS_MAX), (1_500, FAULTS_MAX)]
    {
        let (status, errors) = faults::<Body>(unknown(count).as_bytes());
        assert_eq!((status, errors.len()), (422, named));
    }
}

#[test]
fn a_tolerant_type_ignores_what_it_does_not_know() {
    #[derive(Debug, Deserialize)]
    struct Event {
        id: String,
    }
    let event: Event = read(br#"{"id":"evt_1","data":{"object":{}},"n":[1,2.5,null]}"#).expect("an event");
    assert_eq!(event.id, "evt_1");
}

#[test]
fn what_a_type_says_of_its_own_refusals_stays_ours() {
    let problem = read::<Body>(br#"{"email":"a","password":"b","tags":[""]}"#).expect_err("an empty tag");
    assert!(!format!("{:?}", problem.faults()).contains("secret"));
}

#[test]
fn a_form_is_read_like_a_body_of_text() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Fields {
        name: String,
        note: Option<String>,
    }
    let fields: Fields = read_form(b"name=A+B%26&note=").expect("a right form");
    assert_eq!(fields, Fields { name: "A B&".to_owned(), note: Some(String::new()) });
    let status = |body: &[u8]| {
        read_form::<Fields>(body).err().map(|problem| problem.into_response().status().as_u16())
    };
    assert_eq!(status(b"name=a&name=b"), Some(400));
    assert_eq!(status(b"note=a"), Some(422));
    assert_eq!(status(b"name=a&other=b"), Some(422));
    assert_eq!(status(b"%ff=%ff"), Some(422));
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic_or_a_5xx(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let (status, _) = faults::<Body>(&bytes);
        prop_assert!(matches!(status, 200 | 400 | 422));
    }

    #[test]
    fn no_json_like_text_makes_a_panic_or_a_5xx(
        text in r#"(\{|\}|\[|\]|,|:|"email"|"password"|"tags"|"place"|"scope"|"x"|""|null|true|1|-1|1e400|\\|\.){0,40}"#,
    ) {
        let (status, _) = faults::<Body>(text.as_bytes());
        prop_assert!(matches!(status, 200 | 400 | 422));
    }

    #[test]
    fn a_body_is_accepted_by_both_passes_or_by_neither(
        email in any::<String>(),
        password in any::<String>(),
        seconds in any::<u32>(),
    ) {
        let place = serde_json::json!({"seconds": seconds, "speed": 0.5});
        let text = serde_json::json!({"email": email, "password": password, "place": place}).to_string();
        let body = read::<Body>(text.as_bytes()).expect("a right body");
        prop_assert_eq!((body.email, body.password), (email, password));
        prop_assert_eq!(body.place, Some(Place { seconds, speed: 0.5 }));
    }

    /// serde's own reading is the truth about which bodies fit; ours only says more of those that do not.
    #[test]
    fn a_body_fits_exactly_where_serde_says_it_fits(value in json_value()) {
        let ours = read::<Body>(value.to_string().as_bytes()).ok();
        let theirs = if value.is_array() { None } else { serde_json::from_value::<Body>(value).ok() };
        prop_assert_eq!(ours, theirs);
    }
}

/// Values that are nearly right more often than not.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => "[a-c]{0,2}".prop_map(Value::from),
        1 => any::<u32>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(Value::from("session")),
        1 => Just(serde_json::json!({"seconds": 1, "speed": 2})),
        1 => Just(serde_json::json!(["a"])),
    ];
    let name = prop_oneof![
        8 => Just("email"), 8 => Just("password"), 2 => Just("scope"), 2 => Just("place"), 2 => Just("tags"), 1 => Just("x"),
    ];
    prop::collection::vec((name, leaf), 0..6)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
