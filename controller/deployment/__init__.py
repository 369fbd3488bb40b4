"""What the network is to do now and next: deployments, flow modifications, statuses. Pure."""
