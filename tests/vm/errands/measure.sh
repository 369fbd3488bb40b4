#!/bin/bash
# Runs in the machine: each scenario natively, results to the folder that the tests look at.
#   measure.sh NAME=SCENARIO...
# Nothing is written to that folder while something is measured: it is another machine's disk.
set -u
for pair in "$@"; do
    name=${pair%%=*}
    scenario=${pair#*=}
    sudo ./corridor run "$scenario" --testbed native --no-figures --out "/tmp/$name"
    code=$?
    sudo chown -R "$(id -u):$(id -g)" "/tmp/$name"
    cp -r "/tmp/$name" "results/$name"
    echo "$code" >"results/$name.code"
done
