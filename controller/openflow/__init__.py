"""OpenFlow 1.3 to switches, by Ryu or os-ken. An edge."""
