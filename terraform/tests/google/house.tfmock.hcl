# What Google answers to what the house makes, in the forms that others read.
mock_resource "google_cloud_run_v2_service" {
  defaults = {
    name = "streamly-service"
    uri  = "https://streamly-service-0123456789-ew.a.run.app"
  }
}
mock_resource "google_sql_database_instance" {
  defaults = {
    connection_name    = "streamly-test:europe-west1:streamly-main"
    dns_name           = "0123.4567.europe-west1.sql.goog."
    dns_names          = []
    private_ip_address = "10.0.0.2"
    server_ca_cert     = [{ cert = "certificate", common_name = "", create_time = "", expiration_time = "", sha1_fingerprint = "" }]
  }
}
mock_resource "google_secret_manager_secret_version" {
  defaults = { version = "1" }
}
mock_resource "google_service_account" {
  defaults = {
    email  = "account@streamly-test.iam.gserviceaccount.com"
    member = "serviceAccount:account@streamly-test.iam.gserviceaccount.com"
    name   = "projects/streamly-test/serviceAccounts/account@streamly-test.iam.gserviceaccount.com"
  }
}
mock_resource "google_monitoring_slo" {
  defaults = { id = "projects/streamly-test/services/streamly-api/serviceLevelObjectives/availability" }
}
