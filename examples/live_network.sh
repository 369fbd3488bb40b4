#!/usr/bin/env bash
# A live network, used from another command: look at it, drain a fibre, set other policies, end it.
#   examples/live_network.sh [OUT_DIR]       from the checkout, once ./corridor setup is done
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
corridor=${CORRIDOR:-$here/../corridor}
name=example

"$corridor" up "$here/own_scenario.yaml" --name "$name" ${1:+--out "$1"} &
network=$!
trap 'kill -TERM "$network" 2>/dev/null; wait "$network" || :' EXIT

# It can be asked from its first moment on; `all tables verified` says that it is ready.
until "$corridor" status --network "$name" 2>/dev/null | grep -q "all tables verified"; do
    kill -0 "$network" # stops here, should it have ended by itself
    sleep 0.5
done

"$corridor" status --network "$name"
"$corridor" drain shanghai-guian --network "$name"
"$corridor" status backup --network "$name"
"$corridor" restore shanghai-guian --network "$name"
"$corridor" policy set none --network "$name"
"$corridor" events --network "$name"
