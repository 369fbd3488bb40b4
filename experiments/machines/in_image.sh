#!/bin/sh
# Turns a bare Debian root into the machine; runs as root inside it, once, while an image is built.
#   in_image.sh GRUB_TARGET...     i386-pc x86_64-efi, or arm64-efi
# /build/environment  settings of the builder's pip and proxies; /build/ca.crt, resolv.conf  what it trusts and asks
# /build/out          what the builder takes: kernel, initrd, boot code, list of packages
set -eu
export DEBIAN_FRONTEND=noninteractive
out=/build/out
mkdir -p "$out"

# A user as Vagrant's boxes have one. No password and no key: who boots the machine brings a key.
useradd -m -s /bin/bash vagrant
passwd -q -l vagrant
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/vagrant
chmod 440 /etc/sudoers.d/vagrant
install -d -o vagrant -g vagrant -m 700 /home/vagrant/.ssh

echo corridor >/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 corridor\n::1 localhost ip6-localhost\n' >/etc/hosts
printf 'LABEL=corridor-root / ext4 errors=remount-ro,x-systemd.growfs 0 1\n' >/etc/fstab
printf '[Match]\nType=ether\nName=en* eth*\n[Network]\nDHCP=yes\n' >/etc/systemd/network/80-any.network
rm -f /etc/ssh/ssh_host_* # each machine makes its own at its first boot
for terminal in getty@tty1 serial-getty@; do # no password: the console is the owner's
    mkdir -p "/etc/systemd/system/$terminal.service.d"
    cat >"/etc/systemd/system/$terminal.service.d/autologin.conf" <<'TEXT'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin vagrant --noclear --keep-baud 115200,57600,38400,9600 - $TERM
TEXT
done
install -m 755 /build/handover.sh /usr/local/sbin/corridor-handover
cat >/etc/systemd/system/corridor-handover.service <<'TEXT'
[Unit]
Description=Take what the machine was booted with
DefaultDependencies=no
After=local-fs.target systemd-udevd.service systemd-modules-load.service
Before=sysinit.target shutdown.target
Conflicts=shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/corridor-handover
[Install]
WantedBy=sysinit.target
TEXT
systemctl enable -q systemd-networkd systemd-resolved ssh corridor-handover

# What systemd-resolved made of it leads to a service that does not run here.
names=$(cat /etc/resolv.conf 2>/dev/null || cat /build/resolv.conf)
rm -f /etc/resolv.conf
printf '%s\n' "$names" >/etc/resolv.conf

chown -R vagrant:vagrant /vagrant
# A login: variables of the builder's, such as REQUESTS_CA_BUNDLE, name files that are not here.
su - vagrant -c "set -a; . /build/environment; exec sh /vagrant/experiments/machines/provision.sh" || {
    tail -n 30 /home/vagrant/.cache/corridor/setup.log
    exit 1
}
install -d -o vagrant -g vagrant /home/vagrant/.cache/corridor
# The checkout itself comes later, with whoever boots the machine: only the environment stays.
find /vagrant -mindepth 1 -maxdepth 1 ! -name .venv -exec rm -rf {} +

printf 'COMPRESS=lz4\n' >/etc/initramfs-tools/conf.d/compress # quick to unpack where processors are slow
update-initramfs -u -k all
mkdir -p /boot/grub
cat >/boot/grub/grub.cfg <<'TEXT'
set timeout=1
serial --unit=0 --speed=115200
terminal_output console serial
menuentry corridor {
    linux /vmlinuz root=LABEL=corridor-root ro console=tty0 console=CONSOLE,115200
    initrd /initrd.img
}
TEXT
case " $* " in *arm64*) serial=ttyAMA0 ;; *) serial=ttyS0 ;; esac
sed -i "s/CONSOLE/$serial/" /boot/grub/grub.cfg
cat >/build/early.cfg <<'TEXT'
search --no-floppy --set=root --label corridor-root
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
TEXT
modules="part_gpt ext2 normal linux serial terminal configfile echo search search_label test"
for target in "$@"; do
    case $target in i386-pc) disk=biosdisk ;; *) disk=fat ;; esac
    # shellcheck disable=SC2086  # a list of modules
    grub-mkimage -O "$target" -p /boot/grub -c /build/early.cfg -o "$out/grub-$target" $modules $disk
done
[ ! -e /usr/lib/grub/i386-pc/boot.img ] || cp /usr/lib/grub/i386-pc/boot.img "$out/"
cp -L /vmlinuz /initrd.img "$out/"
dpkg-query -W >"$out/packages"
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt /etc/machine-id /var/lib/dbus/machine-id
printf 'uninitialized\n' >/etc/machine-id
touch /etc/.updated /var/.updated # systemd need not work out at the first boot what dpkg has done
ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
