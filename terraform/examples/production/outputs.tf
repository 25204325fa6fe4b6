output "deployer" {
  description = "What a GitHub Actions workflow needs to deploy; null where none may."
  value       = module.streamly.deployer
}

output "edge_address" {
  description = "Where clients reach the API."
  value       = module.streamly.edge_address
}

output "registry" {
  description = "Where scripts/deploy pushes images."
  value       = module.streamly.registry
}

output "secret_ids" {
  description = "The secrets by variable; fill those that are not managed before the first apply."
  value       = module.streamly.secret_ids
}
