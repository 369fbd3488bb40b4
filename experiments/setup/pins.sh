#!/usr/bin/env bash
# Prints each version of requirements.lock with the day of its release, oldest first, from the package index.
# Usage: experiments/setup/pins.sh [EXTRA ...]    "base" stands for the base installation; default: all
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
/usr/bin/python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'uv==0.13.9'
uv=("$work/venv/bin/uv" --quiet --directory "$work/pins")

extras=("${@:-all}")
wanted=()
for extra in "${extras[@]}"; do
    [[ $extra == base ]] || wanted+=(--extra "$extra")
done
mkdir "$work/pins"
"$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.12 --no-annotate --no-header --no-emit-index-url \
    --no-emit-find-links --constraints requirements.lock --output-file "$work/pins/names" \
    pyproject.toml "${wanted[@]}" >/dev/null
{
    printf '[project]\nname = "pins"\nversion = "0"\nrequires-python = ">=3.12"\ndependencies = [\n'
    sed -E 's/ ;.*//; s/.*/  "&",/' "$work/pins/names"
    printf ']\n'
} >"$work/pins/pyproject.toml"
"${uv[@]}" lock
/usr/bin/python3 -c '
import sys, tomllib
for one in sorted(
    (max(file.get("upload-time", "?") for file in (*one.get("wheels", ()), *filter(None, [one.get("sdist")])))[:10],
     one["name"], one["version"])
    for one in tomllib.load(open(sys.argv[1], "rb"))["package"] if one["name"] != "pins"
): print(*one)' "$work/pins/uv.lock"
