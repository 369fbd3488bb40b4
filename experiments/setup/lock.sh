#!/usr/bin/env bash
# Refreshes the three locks from pyproject.toml: exact versions and SHA-256 hashes, no addresses.
# requirements-docs.lock has what builds the site of docs/, beside the versions of requirements.lock;
# requirements-build.lock what builds the package of a checkout or of a release, apart from .venv.
# Usage: experiments/setup/lock.sh [--upgrade] [--upgrade-package NAME]
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
tools=$(mktemp -d)
trap 'rm -rf -- "$tools"' EXIT
/usr/bin/python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet 'uv==0.13.9'
echo 'setuptools==67.8.0' > "$tools/build-constraints.txt"

lock() { # FILE, the oldest Python that it is for, then what uv is asked for
    local file=$1 python=$2
    shift 2
    UV_CUSTOM_COMPILE_COMMAND='experiments/setup/lock.sh' "$tools/venv/bin/uv" pip compile \
        --quiet --universal --python /usr/bin/python3 --python-version "$python" \
        --generate-hashes --no-emit-index-url --no-emit-find-links --output-file "$file" "$@"
    if grep -n '://' "$file"; then
        echo "lock.sh: $file names an address; remove it" >&2
        exit 1
    fi
}

lock requirements.lock 3.12 pyproject.toml --extra all --extra dev --group old-build --group checkout \
    --build-constraints "$tools/build-constraints.txt" "$@"
lock requirements-docs.lock 3.13 --group docs --constraints requirements.lock "$@"
lock requirements-build.lock 3.12 --group build "$@"
