"""The topology as a running network: Mininet, netlink, netem, Open vSwitch, faults. An edge."""
