"""The desired tables as flow modifications, and OpenFlow 1.3 to switches, by Ryu or os-ken."""
