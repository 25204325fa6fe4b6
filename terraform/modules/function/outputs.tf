output "job_name" {
  description = "The job's name; null for a service."
  value       = one(google_cloud_run_v2_job.main[*].name)
}

output "service_account_email" {
  description = "Who the function is."
  value       = google_service_account.main.email
}

output "service_account_id" {
  description = "The same account as a resource, for who may act as it."
  value       = google_service_account.main.name
}

output "service_name" {
  description = "The service's name; null for a job."
  value       = try(local.service.name, null)
}

output "service_url" {
  description = "The service's own address; null for a job."
  value       = try(local.service.uri, null)
}
