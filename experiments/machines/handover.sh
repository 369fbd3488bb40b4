#!/bin/sh
# Inside the machine: takes what it was booted with, and does nothing where it was booted without.
#   disk with the serial number "handover"  a tar that is unpacked over /: checkout, key, an errand
#   9p share "results"                      the builder's folder for results
set -eu
for disk in /dev/vd[a-z]; do
    serial=$(cat "/sys/class/block/${disk##*/}/serial" 2>/dev/null) || continue
    [ "$serial" = handover ] || continue
    tar -x -p --numeric-owner -C / -f "$disk"
done
modprobe -q 9pnet_virtio 2>/dev/null || :
for tag in /sys/bus/virtio/drivers/9pnet_virtio/*/mount_tag; do
    [ -e "$tag" ] || continue
    case $(tr -d '\0' <"$tag") in
        results)
            install -d -o vagrant -g vagrant /vagrant/results
            mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,access=any results /vagrant/results
            ;;
    esac
done
if [ ! -e /etc/ssh/ssh_host_ed25519_key ]; then ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; fi
