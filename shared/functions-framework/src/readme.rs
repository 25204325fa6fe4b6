//! What the README says of limits is what the constants say.

use crate::{call, json, routes, run, serve};

#[test]
fn the_table_of_limits_is_true() {
    let readme = include_str!("../README.md");
    let limits = [
        ("HEADER_BYTES_MAX", serve::HEADER_BYTES_MAX as u64),
        ("HEADERS_MAX", serve::HEADERS_MAX as u64),
        ("HEADER_MS_MAX", serve::HEADER_MS_MAX),
        ("BODY_BYTES_MAX", routes::BODY_BYTES_MAX as u64),
        ("BODY_MS_MAX", call::BODY_MS_MAX),
        ("DEPTH_MAX", json::DEPTH_MAX as u64),
        ("FAULTS_MAX", json::FAULTS_MAX as u64),
        ("HANDLER_MS_MAX", routes::HANDLER_MS_MAX),
        ("WRITE_MS_MAX", serve::WRITE_MS_MAX),
        ("LINGER_MS_MAX", serve::LINGER_MS_MAX),
        ("CONNECTIONS_MAX", serve::CONNECTIONS_MAX as u64),
        ("DRAIN_MS_MAX", serve::DRAIN_MS_MAX),
        ("THREADS_MS_MAX", run::THREADS_MS_MAX),
    ];
    for (name, value) in limits {
        assert!(
            readme.contains(&format!("| `{name}` | {value} |")),
            "the README does not say that {name} is {value}"
        );
    }
    assert_eq!(
        readme.matches("_MAX` | ").count(),
        limits.len(),
        "the README names a limit that does not exist"
    );
}
