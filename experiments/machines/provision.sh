#!/bin/sh
# Makes a fresh Debian 13 ready for the emulator. Run in the checkout, as the user who is to own
# .venv, with sudo for the system packages. The Vagrantfile, cloud-init user data and
# `corridor vm build` all run this and nothing else.
#   --first-boot  the machine has only just booted: waits for cloud-init, which uses apt as well
set -eu
cd -- "$(dirname -- "$0")/../.."
if [ "${1:-}" = --first-boot ] && command -v cloud-init >/dev/null; then
    # It says 2 where it recovered from an error, and 1 where it did not: apt decides what that means.
    timeout 900 cloud-init status --wait >/dev/null || :
fi
./corridor setup --yes
