//! The rules of a deployment, each tried on a plan that breaks it.

use journeys::deployment::{Entry, House, Plan, Program, Variable, faults, map_faults};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const IMAGE: &str = "r/login@sha256:00000000000000000000000000000000000000000000000000000000000000aa";

fn variable(name: &str, required: bool, secret: bool) -> Variable {
    Variable { name: name.to_owned(), required, secret }
}

fn house() -> House {
    let variables = vec![
        variable("DATABASE_URL", true, true),
        variable("JWT_ISSUER", true, false),
        variable("PORT", false, false),
        variable("TRUSTED_PROXY_HOPS", false, false),
    ];
    House {
        programs: vec![Program { name: "login".to_owned(), variables }],
        roles: vec!["streamly_login".to_owned(), "streamly_webhook".to_owned()],
        secret_values: vec!["sentinel".to_owned()],
    }
}

/// A plan that keeps every rule.
fn plan() -> Value {
    let reference =
        json!([{ "secret_key_ref": [{ "secret": "streamly-login-database-url", "version": "1" }] }]);
    json!({ "resource_changes": [
        {
            "address": "service",
            "type": "google_cloud_run_v2_service",
            "change": {
                "after": {
                    "name": "streamly-login",
                    "ingress": "INGRESS_TRAFFIC_ALL",
                    "invoker_iam_disabled": false,
                    "deletion_protection": true,
                    "template": [{
                        "max_instance_request_concurrency": 16,
                        "containers": [{
                            "image": IMAGE,
                            "resources": [{ "cpu_idle": true }],
                            "startup_probe": [{ "http_get": [{ "path": "/health" }] }],
                            "env": [
                                { "name": "DATABASE_URL", "value": null, "value_source": reference },
                                { "name": "JWT_ISSUER", "value": "https://api.test", "value_source": [] },
                            ],
                        }],
                    }],
                },
                "after_unknown": { "template": [{ "service_account": true }] },
            },
        },
        {
            "address": "login",
            "type": "google_sql_user",
            "change": { "after": { "name": "login", "database_roles": ["streamly_login"] }, "after_unknown": {} },
        },
        {
            "address": "database",
            "type": "google_sql_database_instance",
            "change": {
                "after": {
                    "deletion_protection": true,
                    "settings": [{
                        "edition": "ENTERPRISE",
                        "deletion_protection_enabled": true,
                        "backup_configuration": [{ "point_in_time_recovery_enabled": true }],
                        "ip_configuration": [{ "authorized_networks": [] }],
                    }],
                },
                "after_unknown": {},
            },
        },
    ] })
}

/// The faults of the plan with one value changed.
#[track_caller]
fn check(pointer: &str, value: Value, expected: &str) {
    let mut changed = plan();
    *changed.pointer_mut(pointer).expect("the plan has such a value") = value;
    check_plan(&changed, expected);
}

#[track_caller]
fn check_plan(changed: &Value, expected: &str) {
    let plan = Plan::read(&changed.to_string()).expect("a readable plan");
    assert_eq!(faults(&house(), &plan), [expected]);
}

const SERVICE: &str = "/resource_changes/0/change/after";
const CONTAINER: &str = "/resource_changes/0/change/after/template/0/containers/0";
const DATABASE: &str = "/resource_changes/2/change/after";

#[test]
fn a_plan_that_keeps_every_rule_has_no_fault() {
    let plan = Plan::read(&plan().to_string()).expect("a readable plan");
    assert_eq!(faults(&house(), &plan), [""; 0]);
}

#[test]
fn a_function_gets_what_its_program_reads_and_nothing_else() {
    check(
        &format!("{SERVICE}/name"),
        json!("streamly-other"),
        "no service or job runs login: it has no entry in functions.tf",
    );
    check(
        &format!("{CONTAINER}/env/1/name"),
        json!("TRUSTED_PROXY_HOPS"),
        "login wants JWT_ISSUER, and nothing gives it",
    );
    let in_the_clear = json!({ "name": "DATABASE_URL", "value": "host=x", "value_source": [] });
    check(
        &format!("{CONTAINER}/env/0"),
        in_the_clear,
        "login gets DATABASE_URL in the clear; it is a secret",
    );
    let mut more = plan();
    let entries =
        more.pointer_mut(&format!("{CONTAINER}/env")).and_then(Value::as_array_mut).expect("a list");
    entries.push(json!({ "name": "PLANS", "value": "[]", "value_source": [] }));
    check_plan(&more, "login is given PLANS, which it does not read");
}

#[test]
fn a_function_logs_in_under_its_own_role_alone() {
    let roles = "/resource_changes/1/change/after/database_roles";
    check(
        roles,
        json!(["streamly_webhook"]),
        "login logs in as [\"streamly_webhook\"], not under streamly_login alone",
    );
    check(
        roles,
        json!(["streamly_login", "cloudsqlsuperuser"]),
        "login logs in as [\"streamly_login\", \"cloudsqlsuperuser\"], not under streamly_login alone",
    );
    check("/resource_changes/1/change/after/name", json!("other"), "login has no login to the database");
}

#[test]
fn a_service_is_somebody_pinned_and_billed_by_the_request() {
    let known = json!([{ "service_account": false }]);
    check(
        "/resource_changes/0/change/after_unknown/template",
        known,
        "service: it runs as the project's default account",
    );
    check(
        &format!("{CONTAINER}/image"),
        json!("r/login:latest"),
        "service: its image is not named by digest",
    );
    check(
        &format!("{CONTAINER}/env/0/value_source/0/secret_key_ref/0/version"),
        json!("latest"),
        "service: DATABASE_URL is not pinned to a version",
    );
    check(
        &format!("{CONTAINER}/resources/0/cpu_idle"),
        json!(null),
        "service: cpu_idle is not written, so the CPU is billed all the time",
    );
    check(
        &format!("{CONTAINER}/startup_probe/0/http_get/0/path"),
        json!("/healthz"),
        "service: the startup probe does not ask /health",
    );
    check(
        &format!("{SERVICE}/template/0/max_instance_request_concurrency"),
        json!(null),
        "service: the concurrency is not written",
    );
    check(
        &format!("{SERVICE}/invoker_iam_disabled"),
        json!(true),
        "service: the Internet reaches it without the edge, and nobody is asked who he is",
    );
    check(&format!("{SERVICE}/deletion_protection"), json!(false), "service: a destroy would take it along");
}

#[test]
fn the_database_can_be_neither_deleted_nor_reached_from_anywhere() {
    check(&format!("{DATABASE}/deletion_protection"), json!(null), "database: a destroy would take it along");
    check(
        &format!("{DATABASE}/settings/0/deletion_protection_enabled"),
        json!(false),
        "database: Google would let it be deleted",
    );
    check(
        &format!("{DATABASE}/settings/0/edition"),
        json!("ENTERPRISE_PLUS"),
        "database: the edition is not ENTERPRISE, which refuses its tier",
    );
    check(
        &format!("{DATABASE}/settings/0/backup_configuration/0/point_in_time_recovery_enabled"),
        json!(false),
        "database: it cannot be set back to a point in time",
    );
    check(
        &format!("{DATABASE}/settings/0/ip_configuration/0/authorized_networks"),
        json!([{ "value": "0.0.0.0/0" }]),
        "database: networks are authorized to reach it",
    );
}

#[test]
fn everybody_may_read_the_public_keys_and_nothing_else() {
    let member = |address: &str| {
        let mut plan = plan();
        let resources = plan["resource_changes"].as_array_mut().expect("a list");
        resources.push(json!({
            "address": address,
            "type": "google_storage_bucket_iam_member",
            "change": { "after": { "member": "allUsers" }, "after_unknown": {} },
        }));
        plan
    };
    check_plan(
        &member("google_storage_bucket_iam_member.films"),
        "google_storage_bucket_iam_member.films: everybody is a member; only the bucket of public keys may say so",
    );
    let allowed =
        Plan::read(&member("module.streamly.google_storage_bucket_iam_member.public[0]").to_string());
    assert_eq!(faults(&house(), &allowed.expect("a readable plan")), [""; 0]);
}

#[test]
fn no_secret_is_written_down() {
    check(
        &format!("{CONTAINER}/env/1/value"),
        json!("a sentinel in a text"),
        "1 of the secrets' values stand in the plan",
    );
    let mut stored = plan();
    stored["resource_changes"].as_array_mut().expect("a list").push(json!({
        "address": "version",
        "type": "google_secret_manager_secret_version",
        "change": { "after": { "secret_data": "whatever" }, "after_unknown": {} },
    }));
    check_plan(&stored, "version: the value would stand in the state");
}

#[test]
fn the_service_whose_image_is_deployed_elsewhere_differs_in_nothing_else() {
    let read = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform/modules/function");
        let text = fs::read_to_string(folder.join(name)).expect("a readable file");
        let from = text.find("resource \"google_cloud_run_v2_service\"").expect("the service");
        let to = from + text[from..].find("\n}\n").expect("the service's end");
        text[from..to].to_owned()
    };
    let twin = read("service_image_elsewhere.tf")
        .replace("\"image_elsewhere\"", "\"main\"")
        .replace("&& !var.manage_image ?", "&& var.manage_image ?")
        .replace(", template[0].containers[0].image]", "]");
    assert_eq!(twin, read("service.tf"));
}

/// The entry of login with these variables and secrets, held against what its program reads.
#[track_caller]
fn check_map(variables: &[&str], secrets: &[&str], expected: &[&str]) {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let entry = Entry { variables: texts(variables), secrets: texts(secrets) };
    assert_eq!(map_faults(&[("login".to_owned(), entry)].into(), &house().programs), expected);
}

#[test]
fn the_map_names_what_a_program_reads_and_nothing_else() {
    check_map(&["JWT_ISSUER", "TRUSTED_PROXY_HOPS"], &[], &[]);
    // One that is not wanted is missed as well: without it in the map, nobody could set it.
    check_map(
        &["JWT_ISSUER"],
        &[],
        &["login reads TRUSTED_PROXY_HOPS, which its entry in functions.tf does not name"],
    );
    check_map(
        &["JWT_ISSUER", "TRUSTED_PROXY_HOPS"],
        &["STRIPE_SECRET_KEY"],
        &["the entry of login in functions.tf names STRIPE_SECRET_KEY, which it does not read"],
    );
    assert_eq!(map_faults(&[].into(), &house().programs), ["login has no entry in functions.tf"]);
}

#[test]
fn a_role_has_a_line_where_its_function_has_a_hyphen() {
    let (mut house, mut planned) = (house(), plan());
    house.programs[0].name = "video-webhook".to_owned();
    house.roles.push("streamly_video_webhook".to_owned());
    for (pointer, value) in [
        ("/resource_changes/0/change/after/name", json!("streamly-video-webhook")),
        ("/resource_changes/1/change/after/name", json!("video-webhook")),
        ("/resource_changes/1/change/after/database_roles", json!(["streamly_video_webhook"])),
    ] {
        *planned.pointer_mut(pointer).expect("it is in the plan") = value;
    }
    let found = faults(&house, &Plan::read(&planned.to_string()).expect("it is a plan"));
    assert_eq!(found, Vec::<String>::new());
}
