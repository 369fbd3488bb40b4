# shellcheck shell=bash
# shellcheck disable=SC2154  # the names assigned by the entry
# The slow half of ./corridor, sourced by it: apt packages, then .venv with the locked dependencies.
# Uses the entry's root, venv, system_python, yes, no_apt, verb, missing, find_missing and fingerprint.

readonly pythons=(3.12 3.13 3.14)
readonly build_tools='^(pbr|setuptools|wheel)=='
readonly source_only=mininet,ovs,ryu # these have no wheels
readonly place_in_guests=/run/corridor/python # PYTHON_PREFIX of experiments/testbeds/guest_init.py
readonly debians_mininet=/usr/lib/python3/dist-packages/mininet
readonly other_ways='use Debian 13 or Ubuntu 24.04 or later, or the container or virtual machine of docs/setup.md'
os_release=/etc/os-release
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

  what there is   list plugins man completion
  experiments     run study lab check explain price capacity availability risks energy place plan domains routing replay law report show compare artifact workload export topology traffic schema
  a live network  up page status events policy drain restore down
  ... by hand     exec shell mininet ping probe trace capture fault cut mend kill start
  this machine    doctor kernel vm docs test clean
  setup           only install what is missing; every other verb does that first

  --yes       ask nothing (so does CI=true)       --apt-only  only the system packages
  --no-apt    leave the system packages alone     --tests     also what the tests use
  --docs      also what makes the site of the documentation
TEXT
}

# Runs as root, with the packages as arguments. Without systemd nothing may start a daemon. On the
# first boot of a cloud image others hold the lock of the package lists, for which apt does not wait.
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
update() {
    for try in $(seq "${LIST_LOCK_TRIES:-120}"); do
        ! said=$(apt-get -q update 2>&1) || return 0
        printf "%s\n" "$said"
        case $said in
            *lists/lock*) sleep "${LIST_LOCK_WAIT_S:-5}" ;;
            *) break ;;
        esac
    done
    echo "apt-get update failed; using the package lists that are here"
}
update
dpkg --configure -a # finishes an installation that was interrupted
apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"
'

# Sets pretty, and what distributions.txt knows: python_there, names, state and why, or nothing.
know_distribution() {
    local ID='' ID_LIKE='' VERSION_ID='' PRETTY_NAME='this system' id version
    # shellcheck disable=SC1090  # whatever the system says of itself
    [[ ! -r $os_release ]] || source "$os_release"
    pretty=$PRETTY_NAME python_there=- names='' state='' why=''
    while read -r id version python_there names state why; do
        [[ $id != "$ID" || ($version != '*' && $version != "$VERSION_ID") ]] || return 0
    done < <(grep -v '^#' "$root/experiments/setup/distributions.txt")
    python_there=- state=unknown why='' names=none
    [[ " $ID $ID_LIKE " != *' debian '* ]] || names=debian
    [[ " $ID $ID_LIKE " != *' ubuntu '* ]] || names=ubuntu
    [[ " $ID $ID_LIKE " != *' fedora '* ]] || names=fedora
    [[ " $ID $ID_LIKE " != *' arch '* ]] || names=arch
}

# Turns missing=() into the names that this distribution has for them; what it lacks is left out.
# shellcheck disable=SC2034  # columns are read by their name
translate_missing() {
    local debian ubuntu fedora arch known=() here
    [[ $names != debian && $names != none ]] || return 0
    while read -r debian ubuntu fedora arch; do
        [[ " ${missing[*]} " == *" $debian "* ]] || continue
        here=${!names}
        [[ $here != = ]] || here=$debian
        [[ $here == - ]] || known+=("$here")
    done < <(grep -v '^#' "$root/experiments/setup/package_names.txt")
    IFS=, read -r -a missing <<<"$(IFS=,; printf '%s' "${known[*]-}")"
}

# The command that installs missing=() by hand.
command_by_hand() {
    case $names in
        debian | ubuntu) printf '%s' "apt-get install --no-install-recommends ${missing[*]}" ;;
        fedora) printf '%s' "dnf install ${missing[*]}" ;;
        arch) printf '%s' "pacman -S --needed ${missing[*]}" ;;
    esac
}

# What apt does on the first boot of a cloud image ends first; unless that runs this very script.
wait_for_cloud_init() {
    local parent=$$ _
    command -v cloud-init >/dev/null && [[ -d /run/systemd/system ]] || return 0
    while ((parent > 1)); do
        [[ $(<"/proc/$parent/comm") != cloud-init ]] || return 0
        read -r _ parent < <(grep '^PPid:' "/proc/$parent/status")
    done
    quietly timeout 600 cloud-init status --wait || :
}

install_packages() {
    local command as_root=() answer
    command=$(command_by_hand)
    if ! command -v apt-get >/dev/null; then
        [[ -n $command ]] || lacking "needs ${missing[*]} and $pretty has no apt; $other_ways"
        lacking "$pretty lacks system packages. As root: $command   then, here: ./corridor --no-apt ${verb/#setup/run}"
    fi
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
    begin_log
    wait_for_cloud_init
    ${as_root[@]+"${as_root[@]}"} /bin/sh -c "$apt_script" sh "${missing[@]}" >>"$log" 2>&1 || {
        tail -n 1 -- "$log" >&2
        lacking "apt could not install them (log: $log); run it by hand: $command"
    }
}

# Sets python_there to what apt would install, if its lists are there to say so.
ask_apt_for_python() {
    local said
    said=$(LC_ALL=C apt-cache policy python3 2>/dev/null) || return 0
    [[ ! $said =~ Candidate:\ ([0-9]+\.[0-9]+) ]] || python_there=${BASH_REMATCH[1]}
}

is_wanted() { [[ " ${pythons[*]} " == *" $1 "* ]]; }

# Before anything is installed: what can be known of the Python that .venv will have.
check_python() {
    local needs="needs Python ${pythons[0]} to ${pythons[-1]}" own='CORRIDOR_PYTHON=/path/to/python ./corridor ...'
    [[ $state != no || $python_there != - ]] || lacking "cannot be set up on $pretty: $why; $other_ways"
    if [[ -x $system_python ]]; then
        version=$("$system_python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])') || version=
        is_wanted "$version" || lacking "$needs, and $system_python is ${version:-none}; $other_ways, or another Python: $own"
    elif [[ -n ${CORRIDOR_PYTHON:-} ]]; then
        lacking "CORRIDOR_PYTHON: there is no program $system_python"
    else
        [[ $python_there != - ]] || ask_apt_for_python
        [[ $python_there == - ]] || is_wanted "$python_there" ||
            lacking "$needs, and that of $pretty is $python_there; $other_ways, or another Python: $own"
    fi
}

quietly() { "$@" >>"$log" 2>&1; }
begin_log() { printf '\n== set-up of %s at %(%F %T)T\n' "$root" -1 >>"$log"; }

# Runs a command quietly. Prints now and then what it does and for how long: in place at a terminal,
# else a line every few seconds.
during() {
    local what=$1 code=0 reporter
    shift
    report_time "$what" &
    reporter=$!
    quietly "$@" || code=$?
    kill "$reporter" 2>/dev/null || :
    wait "$reporter" 2>/dev/null || :
    [[ ! -t 2 ]] || printf '\r\e[K' >&2
    return "$code"
}

# Waits on a pipe that nobody writes to: a `sleep` would outlive it and hold standard error open.
report_time() {
    local began=$SECONDS silent wait_s=${PROGRESS_S:-5}
    [[ ! -t 2 ]] || wait_s=1
    exec {silent}<> <(:)
    while
        read -r -t "$wait_s" -u "$silent" || :
        [[ -d /proc/$$ ]]
    do
        if [[ -t 2 ]]; then
            printf '\r\e[Kcorridor: %s, %d s' "$1" $((SECONDS - began)) >&2
        else
            say "$1, $((SECONDS - began)) s"
        fi
    done
}

# The entries of the lock whose name and version match a pattern (1), or do not (0).
entries() {
    awk -v pattern="$1" -v wanted="$2" '/^[a-z]/ { here = ($0 ~ pattern) == wanted } here' "$root/requirements.lock"
}

make_environment() {
    local version
    [[ -x $system_python ]] || lacking "needs $system_python; see docs/setup.md"
    check_python
    begin_log
    say "making .venv with the locked dependencies, which takes a minute or more (log: $log)"
    rm -rf -- "$venv" || lacking "cannot replace $venv; remove it as the user who made it"
    local packages=$venv/lib/python$version/site-packages
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input --no-compile)
    local locked=(--require-hashes --no-build-isolation --use-pep517 --only-binary ":all:")
    local tools=$venv/build-tools.lock wanted=$venv/wanted.lock elsewhere='^$'
    local current_tools=$venv/build-tools # those of today, which only the build of corridor sees
    [[ ! -d $debians_mininet ]] || elsewhere='^mininet=='
    # One chain, since `set -e` does not hold inside a condition.
    if ! (
        unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_ONLY_BINARY PIP_NO_BINARY
        during "step 1 of 5, making an empty .venv" "$system_python" -m venv "$venv" &&
            entries "$build_tools" 1 >"$tools" &&
            entries "$elsewhere" 0 >"$wanted" &&
            during "step 2 of 5, installing the build tools" \
                "${pip[@]}" "${locked[@]}" --requirement "$tools" &&
            during "step 3 of 5, installing $(grep -c '^[a-z]' "$wanted" || :) packages" \
                "${pip[@]}" "${locked[@]}" --no-binary "$source_only" --requirement "$wanted" &&
            during "step 4 of 5, installing corridor" \
                install_corridor "$current_tools" "${pip[@]}" &&
            during "step 5 of 5, compiling the packages" \
                "$venv/bin/python" "$root/experiments/setup/compile_packages.py" \
                "$packages" "$venv" "$place_in_guests" &&
            # Debian's Mininet and nothing else of the system's packages.
            { [[ ! -d $debians_mininet ]] || ln -sfn "$debians_mininet" "$packages/mininet"; }
    ); then
        tail -n 1 -- "$log" >&2
        lacking "could not install the Python dependencies (log: $log); is the package index reachable?"
    fi
    fingerprint >"$venv/ready.new"
    mv -- "$venv/ready.new" "$venv/ready"
}

# Installs this checkout, by build tools in a FOLDER that is removed again: the metadata of
# pyproject.toml are newer than the old tools that Ryu needs. FOLDER PIP...
install_corridor() {
    local tools=$1
    shift
    "$@" --target "$tools" --require-hashes --only-binary ":all:" --requirement "$root/requirements-build.lock" &&
        PYTHONPATH=$tools "$@" --no-deps --no-build-isolation --no-index --editable "$root" &&
        rm -rf -- "$tools"
}

# What `corridor docs` builds with, beside what is there. It goes when .venv is made again.
add_docs() {
    say "installing what makes the site of the documentation (log: $log)"
    (
        unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_ONLY_BINARY PIP_NO_BINARY
        during "installing" \
            "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-input --no-compile \
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
    [[ $(</proc/sys/kernel/osrelease) != *-Microsoft ]] ||
        lacking 'WSL 1 is no Linux kernel; in PowerShell: wsl --set-version NAME 2'
    local pretty python_there names state why
    know_distribution
    check_python
    find_missing "${groups[@]}"
    translate_missing
    if ((${#missing[@]})) && [[ -z $no_apt ]]; then
        install_packages
        find_missing "${groups[@]}"
        translate_missing
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
