output "database_connection_name" {
  description = "PROJECT:REGION:INSTANCE, for a proxy on an operator's machine."
  value       = google_sql_database_instance.main.connection_name
}

output "deployer" {
  description = "What a GitHub Actions workflow needs to deploy; null without var.deployer."
  value = var.deployer == null ? null : {
    provider        = google_iam_workload_identity_pool_provider.github[0].name
    service_account = google_service_account.deployer[0].email
  }
}

output "edge_address" {
  description = "Where clients reach the API: the gateway's host name, or the load balancer's address for the DNS records of its domains."
  value       = local.is_gateway ? one(google_api_gateway_gateway.main[*].default_hostname) : one(google_compute_global_address.edge[*].address)
}

output "registry" {
  description = "Where images are pushed."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.main.repository_id}"
}

output "secret_ids" {
  description = "The secrets by variable: those that are not managed here are to be filled by hand, before the first apply."
  value       = local.secret_ids
}

output "service_urls" {
  description = "Each service's own address, which answers its invokers alone."
  value       = { for name in keys(local.services) : name => module.function[name].service_url }
}
