//! What no deployment may do: be open to everybody, run as nobody in particular, follow a tag or a newest version, bill
//! what stands still, lose what holds state, or write a secret down.

use serde_json::Value;

use super::{House, Plan, Resource};

const SERVICE: &str = "google_cloud_run_v2_service";
const JOB: &str = "google_cloud_run_v2_job";
const EVERYBODY: [&str; 2] = ["allUsers", "allAuthenticatedUsers"];
/// The one place that everybody may read: the public keys.
const PUBLIC: &str = "google_storage_bucket_iam_member.public";

pub(super) fn faults(house: &House, plan: &Plan) -> Vec<String> {
    let mut faults: Vec<String> = plan.resources.iter().flat_map(of_resource).collect();
    let shown = house.secret_values.iter().filter(|value| plan.shows(value)).count();
    if shown > 0 {
        faults.push(format!("{shown} of the secrets' values stand in the plan"));
    }
    faults
}

fn of_resource(resource: &Resource) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{}: {what}", resource.address));
        }
    };
    let member = resource.text("/member").unwrap_or_default();
    rule(
        !EVERYBODY.contains(&member) || resource.address.contains(PUBLIC),
        "everybody is a member; only the bucket of public keys may say so",
    );
    match resource.kind.as_str() {
        SERVICE => {
            container(resource, "/template/0", &mut rule);
            let container = "/template/0/containers/0";
            let cpu_idle = resource.value(&format!("{container}/resources/0/cpu_idle"));
            rule(
                cpu_idle == &Value::Bool(true),
                "cpu_idle is not written, so the CPU is billed all the time",
            );
            let concurrency = resource.value("/template/0/max_instance_request_concurrency");
            rule(concurrency.is_number(), "the concurrency is not written");
            let probe = resource.text(&format!("{container}/startup_probe/0/http_get/0/path"));
            rule(probe == Some("/health"), "the startup probe does not ask /health");
            let is_open = resource.value("/invoker_iam_disabled") == &Value::Bool(true);
            let ingress = resource.text("/ingress");
            rule(
                !is_open || ingress == Some("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"),
                "the Internet reaches it without the edge, and nobody is asked who he is",
            );
        }
        JOB => container(resource, "/template/0/template/0", &mut rule),
        "google_sql_database_instance" => {
            let settings = |name: &str| resource.value(&format!("/settings/0/{name}"));
            rule(
                settings("deletion_protection_enabled") == &Value::Bool(true),
                "Google would let it be deleted",
            );
            rule(
                settings("edition") == "ENTERPRISE",
                "the edition is not ENTERPRISE, which refuses its tier",
            );
            let backups = settings("backup_configuration/0/point_in_time_recovery_enabled");
            rule(backups == &Value::Bool(true), "it cannot be set back to a point in time");
            let networks = settings("ip_configuration/0/authorized_networks");
            rule(networks.as_array().is_none_or(Vec::is_empty), "networks are authorized to reach it");
        }
        "google_secret_manager_secret_version" => {
            let in_state = resource.value("/secret_data").is_string();
            rule(!in_state, "the value would stand in the state");
        }
        "google_service_account_key" => rule(false, "nobody needs a key of an account"),
        _ => {}
    }
    if [SERVICE, JOB, "google_sql_database_instance", "google_secret_manager_secret"]
        .contains(&resource.kind.as_str())
    {
        let protected = resource.value("/deletion_protection") == &Value::Bool(true);
        if !protected {
            faults.push(format!("{}: a destroy would take it along", resource.address));
        }
    }
    faults
}

/// The rules of what runs, in a service or in a job.
fn container(resource: &Resource, template: &str, rule: &mut impl FnMut(bool, &str)) {
    let account = format!("{template}/service_account");
    rule(
        resource.is_unknown(&account) || resource.text(&account).is_some(),
        "it runs as the project's default account",
    );
    let image = resource.text(&format!("{template}/containers/0/image")).unwrap_or_default();
    let digest = image.split_once("@sha256:").map(|(_, digest)| digest).unwrap_or_default();
    rule(
        digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "its image is not named by digest",
    );
    let entries = resource.value(&format!("{template}/containers/0/env")).as_array().into_iter().flatten();
    for (index, entry) in entries.enumerate() {
        let reference = entry.pointer("/value_source/0/secret_key_ref/0");
        let Some(reference) = reference else { continue };
        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
        let pointer = format!("{template}/containers/0/env/{index}/value_source/0/secret_key_ref/0/version");
        let version = reference.get("version").and_then(Value::as_str).unwrap_or_default();
        let numbered = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        rule(numbered || resource.is_unknown(&pointer), &format!("{name} is not pinned to a version"));
    }
}
