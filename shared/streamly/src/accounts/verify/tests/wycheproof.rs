//! Wycheproof's vectors of JSON web signatures: the ES256 group, whose tokens have no `typ` and no claims of ours. So the
//! signature's own step is held to each verdict, and the whole check refuses them all.

use super::super::{Parts, Verifier, VerifyKeys};
use super::{AUDIENCE, ISSUER, NOW};
use crate::clock::Clock;
use serde::Deserialize;
use serde_json::{Value, json};

const VECTORS: &str = include_str!("wycheproof.json");

#[derive(Deserialize)]
struct Vectors {
    public: Value,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(rename = "tcId")]
    id: u32,
    jws: String,
    result: String,
}

#[test]
fn every_published_vector_is_judged_as_published() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    let keys: VerifyKeys = json!({ "keys": [vectors.public] }).to_string().parse().unwrap();
    let verifier = Verifier::new(keys, ISSUER.parse().unwrap(), AUDIENCE.parse().unwrap(), Clock::fixed(NOW));
    let key = &verifier.keys["kid-ec-sign"];
    assert_eq!(vectors.tests.len(), 15);
    assert_eq!(vectors.tests.iter().filter(|vector| vector.result == "valid").count(), 1);
    for Vector { id, jws, result } in &vectors.tests {
        let is_signed = Parts::of(jws).is_some_and(|parts| parts.are_signed_by(key));
        assert_eq!(is_signed, result == "valid", "{id}");
        assert!(verifier.verify(jws).is_err(), "{id}");
    }
}
