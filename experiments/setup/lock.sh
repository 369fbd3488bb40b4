#!/usr/bin/env bash
# Refreshes requirements.lock from pyproject.toml: exact versions and SHA-256 hashes, no addresses.
# Usage: experiments/setup/lock.sh [--upgrade] [--upgrade-package NAME]
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
tools=$(mktemp -d)
trap 'rm -rf -- "$tools"' EXIT
/usr/bin/python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet 'uv==0.13.9'
echo 'setuptools==67.8.0' > "$tools/build-constraints.txt"
UV_CUSTOM_COMPILE_COMMAND='experiments/setup/lock.sh' "$tools/venv/bin/uv" pip compile pyproject.toml \
    --quiet --extra dev --extra build --universal --python /usr/bin/python3 --python-version 3.13 \
    --generate-hashes --no-emit-index-url --no-emit-find-links \
    --build-constraints "$tools/build-constraints.txt" --output-file requirements.lock "$@"
if grep -n '://' requirements.lock; then
    echo 'lock.sh: requirements.lock names an address; remove it' >&2
    exit 1
fi
