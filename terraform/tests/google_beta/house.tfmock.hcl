# The same of what is in the beta provider alone.
mock_resource "google_api_gateway_api_config" {
  defaults = { id = "projects/streamly-test/locations/global/apis/streamly-api/configs/streamly" }
}
mock_resource "google_api_gateway_gateway" {
  defaults = { default_hostname = "streamly-gateway-0123456789.ew.gateway.dev" }
}
