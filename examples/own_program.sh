#!/usr/bin/env bash
# Programs of your own in the network of a map: a ping, Mininet's shell, a controller of Ryu's.
#   examples/own_program.sh       from the checkout, once ./corridor setup is done
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
corridor=${CORRIDOR:-$here/../corridor}
map=$here/own_topology.yaml

# Any program, as root, on the map: here in the host of one hub, to that of another.
"$corridor" lab "$map" -- hub shanghai ping -c 3 rayong

# Commands of Mininet's shell; without the pipe it is interactive.
printf '%s\n' 'nodes' 'guian ping -c 1 rayong' | "$corridor" lab "$map"

# Another controller. It floods, so the map must have no loops. The exit code is the program's.
"$corridor" lab "$map" --tree --controller ryu.app.simple_switch_13 -- \
    sh -c 'hub shanghai ping -c 3 rayong && exit 42' || echo "the program's code was $?"
