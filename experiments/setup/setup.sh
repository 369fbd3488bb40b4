# shellcheck shell=bash
# shellcheck disable=SC2154  # the names assigned by the entry
# The slow half of ./corridor, sourced by it: apt packages, then .venv with the locked dependencies.
# Uses the entry's root, venv, system_python, yes, no_apt, verb, missing, find_missing and fingerprint.

readonly python_wanted=3.13
readonly build_tools='^(pbr|setuptools|wheel)=='
readonly source_only=ovs,ryu # these have no wheels for this Python
readonly place_in_guests=/run/corridor/python # PYTHON_PREFIX of experiments/testbeds/guest_init.py
# Without HOME bash knows the user's home from the system: nobody else may have put a file there.
log=${XDG_CACHE_HOME:-${HOME:-~}/.cache}/corridor/setup.log

say() { printf 'corridor: %s\n' "$*" >&2 || :; } # standard error may be closed: the code still says it
lacking() {
    say "$*"
    exit 3
}

usage() {
    cat <<'TEXT'
usage: ./corridor [--yes] [--no-apt] VERB ...
       ./corridor setup [--yes] [--no-apt] [--apt-only] [--tests] [--docs]

  what there is   list man completion
  experiments     run study lab check explain price law report compare workload export topology schema
  a live network  up page status events policy drain restore down
  ... by hand     exec shell mininet ping probe trace capture fault cut mend kill start
  this machine    doctor kernel vm docs test clean
  setup           only install what is missing; every other verb does that first

  --yes       ask nothing (so does CI=true)       --apt-only  only the system packages
  --no-apt    leave the system packages alone     --tests     also what the tests use
  --docs      also what makes the site of the documentation
TEXT
}

# Runs as root, with the packages as arguments. Without systemd nothing may start a daemon.
# shellcheck disable=SC2016  # expands in the shell it is handed to
readonly apt_script='
set -eu
export DEBIAN_FRONTEND=noninteractive
if [ ! -d /run/systemd/system ] && [ ! -e /usr/sbin/policy-rc.d ]; then
    trap "rm -f /usr/sbin/policy-rc.d" EXIT
    trap "exit 130" INT TERM
    printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
fi
dpkg --configure -a # finishes an installation that was interrupted
apt-get -q update || echo "apt-get update failed; using the package lists that are here"
apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"
'

install_packages() {
    local command="apt-get install --no-install-recommends ${missing[*]}" as_root=() answer
    command -v apt-get >/dev/null ||
        lacking "needs ${missing[*]} and this system has no apt; use Debian 13, or the Vagrant machine"
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            lacking "ask an administrator to run: $command   (or go on without it: --no-apt)"
        as_root=(sudo)
        command="sudo $command"
    fi
    say "these system packages are missing (reasons: experiments/setup/packages.txt): ${missing[*]}"
    if [[ -z $yes || $yes == false ]]; then
        [[ -t 0 ]] || lacking "run this, or pass --yes: $command"
        read -r -p "corridor: run \`$command\`? [y/N] " answer || answer=
        [[ $answer == [yY]* ]] || lacking "nothing was changed; to do it yourself: $command"
    fi
    [[ -t 0 || ${#as_root[@]} == 0 ]] || as_root=(sudo -n)
    say "installing them with apt${as_root[0]:+, as root through sudo} (log: $log)"
    ${as_root[@]+"${as_root[@]}"} /bin/sh -c "$apt_script" sh "${missing[@]}" >>"$log" 2>&1 || {
        tail -n 1 -- "$log" >&2
        lacking "apt could not install them (log: $log); run it by hand: $command"
    }
}

check_python() {
    [[ -x $system_python ]] || lacking "needs $system_python (Python $python_wanted, Debian 13's)"
    local version
    version=$("$system_python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    [[ $version == "$python_wanted" ]] ||
        lacking "needs Python $python_wanted as $system_python (Debian 13's); this one is $version"
}

quietly() { "$@" >>"$log" 2>&1; }

make_environment() {
    check_python
    say "making .venv with the locked dependencies (log: $log)"
    rm -rf -- "$venv" || lacking "cannot replace $venv; remove it as the user who made it"
    local packages=$venv/lib/python$python_wanted/site-packages
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input --no-compile)
    local locked=(--require-hashes --no-build-isolation --use-pep517 --only-binary ":all:")
    local tools=$venv/build-tools.lock
    # One chain, since `set -e` does not hold inside a condition.
    if ! (
        unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_ONLY_BINARY PIP_NO_BINARY
        quietly "$system_python" -m venv "$venv" &&
            awk -v tools="$build_tools" '/^[a-z]/ { wanted = $0 ~ tools } wanted' \
                "$root/requirements.lock" >"$tools" &&
            quietly "${pip[@]}" "${locked[@]}" --requirement "$tools" &&
            quietly "${pip[@]}" "${locked[@]}" --no-binary "$source_only" \
                --requirement "$root/requirements.lock" &&
            quietly "${pip[@]}" --no-deps --no-build-isolation --no-index --editable "$root" &&
            # Compiled files hold the path of their source. With the same one everywhere, guests
            # read the same bytes in every checkout. Some packages ship files that do not compile.
            { quietly "$venv/bin/python" -m compileall -q -j 0 -s "$venv" -p "$place_in_guests" "$packages" || :; } &&
            # Debian's Mininet and nothing else of the system's packages.
            ln -sfn /usr/lib/python3/dist-packages/mininet "$packages/mininet"
    ); then
        tail -n 1 -- "$log" >&2
        lacking "could not install the Python dependencies (log: $log); is the package index reachable?"
    fi
    fingerprint >"$venv/ready.new"
    mv -- "$venv/ready.new" "$venv/ready"
}

# What `corridor docs` builds with, beside what is there. It goes when .venv is made again.
add_docs() {
    say "installing what makes the site of the documentation (log: $log)"
    (
        unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_ONLY_BINARY PIP_NO_BINARY
        quietly "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input --no-compile \
            --require-hashes --only-binary ":all:" --requirement "$root/requirements-docs.lock"
    ) || {
        tail -n 1 -- "$log" >&2
        lacking "could not install it (log: $log); is the package index reachable?"
    }
}

set_up() {
    if [[ $verb == -h || $verb == --help || $verb == help || -z $verb || " $* " == *" setup --help "* ]]; then
        usage
        exit 0
    fi
    { mkdir -p -- "${log%/*}" && : >>"$log"; } 2>/dev/null ||
        lacking "cannot write $log; set XDG_CACHE_HOME to a folder you own"
    # One set-up at a time in this checkout: the folder itself is the lock.
    local lock
    exec {lock}<"$root"
    flock --nonblock "$lock" || {
        say "another set-up is under way in this checkout; waiting for it"
        flock "$lock"
    }
    printf '\n== set-up of %s at %(%F %T)T\n' "$root" -1 >>"$log"
    find_missing "${groups[@]}"
    if ((${#missing[@]})) && [[ -z $no_apt ]]; then
        install_packages
        find_missing "${groups[@]}"
        ((${#missing[@]} == 0)) || lacking "apt is done, but ${missing[*]} did not bring the expected files"
    fi
    if [[ " $* " != *" --apt-only "* ]] &&
        [[ ! -f $venv/ready || $(<"$venv/ready") != "$(fingerprint)" ]]; then
        [[ -w $root ]] || lacking "$root cannot be written to by you; clone it into a folder of your own"
        make_environment
    fi
    if [[ $verb == setup && " $* " == *" --docs "* ]]; then add_docs; fi
    exec {lock}<&-
    [[ $verb != setup ]] || say "ready"
}
