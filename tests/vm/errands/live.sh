#!/bin/bash
# Runs in the machine as root: it is examined; then a live network in its own kernel is cut, mended, loses its
# controller, and is killed; what was seen goes to results, a file for each sight.
set -u
out=results
mkdir -p "$out" /tmp/live
./corridor doctor --json >"$out/doctor.json" 2>/dev/null
echo $? >"$out/doctor.code"
wait_for() { # TEXT TRIES: until the network has said it
    for _ in $(seq 1 "$2"); do
        if grep -q -- "$1" /tmp/said; then return 0; fi
        sleep 1
    done
    echo "never said: $1" >>"$out/waited"
}
./corridor up mini --testbed native --out /tmp/live/kept >/tmp/said 2>&1 &
wait_for "] ready: 12 UP" 300
./corridor status --json >"$out/up.json"
fibre=kunming-karachi
./corridor cut "$fibre" >"$out/cut" 2>&1
sleep 8
./corridor status --json >"$out/cut.json"
./corridor mend "$fibre" >"$out/mend" 2>&1
sleep 8
./corridor status --json >"$out/mended.json"
./corridor ping shanghai guian -c 3 >"$out/ping" 2>&1
echo $? >"$out/ping.code"
pkill -9 -o -f corridor.controller.reconcile.app_main
echo $? >"$out/kill-controller.code"
sleep 15
./corridor status --json >"$out/taken-over.json"
pkill -9 -o -f 'experiments.cli up mini'
echo $? >"$out/kill-network.code"
sleep 20
ip -br link >"$out/links"
ovs-vsctl list-br >"$out/bridges"
pgrep -af 'corridor\.(controller|traffic|experiments)' >"$out/processes"
./corridor clean >"$out/clean" 2>&1
echo $? >"$out/clean.code"
./corridor clean >"$out/clean-again" 2>&1
cp /tmp/said "$out/told"
