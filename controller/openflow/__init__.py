"""What is deployed, as values; its flow modifications; OpenFlow 1.3 by Ryu or os-ken."""
