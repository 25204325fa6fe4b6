//! What `scripts/keys` hands over to: a private key that only its file holds, and sets that the functions take.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use streamly::accounts::verify::VerifyKeys;

use super::Folder;

/// What a call came to: its status, what it printed and what it said.
struct Outcome {
    code: Option<i32>,
    printed: String,
    said: String,
}

fn keys(folder: &Folder, arguments: &[&str]) -> Outcome {
    let program = Command::new(env!("CARGO_BIN_EXE_local"))
        .arg("keys")
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("it is built");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Outcome { code: program.status.code(), printed: text(program.stdout), said: text(program.stderr) }
}

/// Makes or reads a key, and keeps the set that was printed in this file: the key's id, and the ids of the set.
#[track_caller]
fn check(folder: &Folder, arguments: &[&str], file: &str) -> (String, Vec<String>) {
    let outcome = keys(folder, arguments);
    assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.said);
    assert!(!format!("{}{}", outcome.printed, outcome.said).contains("PRIVATE"), "{arguments:?}");
    outcome.printed.parse::<VerifyKeys>().expect("the functions take the set");
    let set: Value = serde_json::from_str(&outcome.printed).expect("the set is JSON");
    let ids = set["keys"].as_array().expect("keys").iter();
    let ids = ids.map(|key| key["kid"].as_str().expect("an id").to_owned()).collect();
    fs::write(folder.path().join(file), &outcome.printed).expect("the folder is ours");
    let id = outcome.said.trim().strip_prefix("JWT_SIGNING_KEY_ID is ").unwrap_or_default();
    (id.to_owned(), ids)
}

/// Is refused with this text, and prints nothing that could be taken for a set.
#[track_caller]
fn check_refused(folder: &Folder, arguments: &[&str], expected: &str) {
    let outcome = keys(folder, arguments);
    assert_eq!((outcome.code, &*outcome.printed), (Some(1), ""), "{arguments:?}");
    assert_eq!(outcome.said.trim(), expected, "{arguments:?}");
}

#[test]
fn a_private_key_is_in_its_file_alone_and_for_its_owner_alone() {
    let folder = Folder::new();
    let (id, ids) = check(&folder, &["make", "key.pem"], "set.json");
    assert_eq!(ids, [id]);
    let path = folder.path().join("key.pem");
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = fs::read_to_string(&path).expect("a key");
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\n") && key.ends_with("-----END PRIVATE KEY-----\n"));
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    let folder = Folder::new();
    check(&folder, &["make", "key.pem"], "set.json");
    let before = fs::read(folder.path().join("key.pem")).expect("a key");
    let taken = "\"key.pem\" is there already and stays as it is: name another file";
    check_refused(&folder, &["make", "key.pem"], taken);
    assert_eq!(fs::read(folder.path().join("key.pem")).expect("a key"), before);
    let stdout = "\"/dev/stdout\" is there already and stays as it is: name another file";
    check_refused(&folder, &["make", "/dev/stdout"], stdout);
}

#[test]
fn a_rotation_begins_with_one_key_has_two_and_ends_with_the_other() {
    let folder = Folder::new();
    let (old, _) = check(&folder, &["make", "old.pem"], "old.json");
    let (new, both) = check(&folder, &["make", "new.pem", "--beside", "old.json"], "both.json");
    assert_eq!(both, [old.clone(), new.clone()]);
    let again = check(&folder, &["public", "new.pem", "--beside", "old.json"], "again.json");
    assert_eq!(again, (new.clone(), both));
    let (_, left) = check(&folder, &["drop", &old, "--from", "both.json"], "left.json");
    assert_eq!(left, std::slice::from_ref(&new));
    let only = format!("{new} is the only key of the set: without it no token would be good");
    check_refused(&folder, &["drop", &new, "--from", "left.json"], &only);
    let absent = format!("the set has no key {old}; it has {new}");
    check_refused(&folder, &["drop", &old, "--from", "left.json"], &absent);
    let twice = format!("JWT_SIGNING_KEY_ID is {new}\nthe key {new} is in the set already");
    check_refused(&folder, &["public", "new.pem", "--beside", "both.json"], &twice);
}

#[test]
fn nothing_is_made_beside_a_set_that_cannot_be_used() {
    let folder = Folder::new();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("ours");
    let absent = "\"set.json\" cannot be used: No such file or directory (os error 2)";
    check_refused(&folder, &["make", "key.pem", "--beside", "set.json"], absent);
    write("set.json", "{}");
    check_refused(
        &folder,
        &["make", "key.pem", "--beside", "set.json"],
        "\"set.json\" must be a JWK set in JSON",
    );
    let private = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"","y":"","d":""}]}"#;
    write("set.json", private);
    let leaked = "\"set.json\" holds a private key; it must be replaced everywhere";
    check_refused(&folder, &["make", "key.pem", "--beside", "set.json"], leaked);
    assert!(!folder.path().join("key.pem").exists());
    write("key.pem", "hunter2");
    let key = "\"key.pem\" must be an EC P-256 private key in PKCS#8 PEM, or that PEM in base64";
    check_refused(&folder, &["public", "key.pem"], key);
}
