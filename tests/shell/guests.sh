#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# The README's tour, taken from it and run: two containers, a guest of QEMU and one of libvirt.
#
# shellcheck disable=SC2317 # check() calls the functions
set -u
cd "$(dirname "$0")/../.." || exit 1

# Processes, a network and mounts of the test's own.
if [ -z "${GUESTS_SANDBOX:-}" ]; then
	GUESTS_SANDBOX=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0"
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
for place in /run /var/lib/libvirt /var/log /var/cache; do
	mkdir -p $place && mount -t tmpfs tmpfs $place || exit 1
done
mkdir -p /run/netns /run/libvirt /var/log/libvirt/qemu
mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf || exit 1
PATH=$(realpath "${VALE_BUILD:-build}"):$PATH:/usr/sbin
ip link set lo up

image=$(realpath "$(tests/vm/build-guest)")
kernel=$(dirname "$image")/vmlinuz
# shellcheck source=/dev/null
. tests/lib/check.sh

# The lines of the README from the one that has $1 to the one that has $2.
readme() {
	sed -n "\\|$1|,\\|$2|p" README.md
}

# The first commands of the README's section $1.
section() {
	sed -n "/^### $1/,/^#/p" README.md |
		awk '/^```/ { inside = $0 == "```sh" && !blocks++; next } inside'
}

containers_ping() {
	bash -e -c "$(section Containers)"
}

# The README has one tap; libvirt's guest is given a second.
add_taps() {
	bash -e -c "$(section 'Virtual machines')" &&
		ip tuntap add tap1 mode tap && ip link set tap1 up && valectl attach vale1:vm1 tap1
}

# What it says about the network; the disk and the memory are ours.
start_qemu() {
	local network

	network=$(readme '-netdev tap' '-device virtio-net-pci' | tr -d '\134\n')
	[ -n "$network" ] || return
	# shellcheck disable=SC2086 # a list of arguments
	qemu-system-x86_64 -accel tcg -m 256 -nographic -kernel "$kernel" -initrd "$image" \
		-append 'console=ttyS0 quiet vale.ip=10.0.0.11/24' $network > "$scratch/qemu" 2>&1 < /dev/null &
}

# It wants this user to exist, though it is told to use root.
add_libvirt_user() {
	cp /etc/passwd /etc/group "$scratch" &&
		echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >> "$scratch/passwd" &&
		echo 'libvirt-qemu:x:64055:' >> "$scratch/group" &&
		mount --bind "$scratch/passwd" /etc/passwd && mount --bind "$scratch/group" /etc/group
}

# No daemon but libvirt's own, and none of the host's settings.
start_libvirt() {
	add_libvirt_user || return
	mkdir -p /etc/libvirt && mount -t tmpfs tmpfs /etc/libvirt || return
	printf '%s\n' 'security_driver = "none"' 'user = "root"' 'group = "root"' \
		'cgroup_controllers = []' 'namespaces = []' 'remember_owner = 0' \
		'stdio_handler = "file"' > /etc/libvirt/qemu.conf
	libvirtd --daemon || return
	for _ in $(seq 100); do
		virsh -q -c qemu:///system uri 2> "$scratch/virsh" && return
		sleep 0.1
	done
	cat "$scratch/virsh" /var/log/libvirt/libvirtd.log
	return 1
}

start_domain() {
	cat > "$scratch/domain.xml" <<-EOF
		<domain type='qemu'>
		<name>guest1</name>
		<memory unit='MiB'>256</memory>
		<os><type arch='x86_64'>hvm</type><kernel>$kernel</kernel><initrd>$image</initrd>
		<cmdline>console=ttyS0 quiet vale.ip=10.0.0.12/24</cmdline></os>
		<devices>
		<emulator>/usr/bin/qemu-system-x86_64</emulator>
		$(readme '<interface type' '</interface>')
		</devices>
		</domain>
	EOF
	virsh -c qemu:///system create "$scratch/domain.xml"
}

# Software emulation takes some seconds to boot.
container_reaches() {
	ip netns exec c1 ping -c 1 -w 60 "$1" && ip netns exec c1 ping -c 5 -i 0.1 -W 1 -s 1400 "$1"
}

guests_are_learned() {
	valectl fdb vale1
	valectl fdb vale1 | grep '02:00:00:00:00:01 *vm0' && valectl fdb vale1 | grep '02:00:00:00:00:02 *vm1'
}

check "the README's commands connect two containers" containers_ping
check "and a tap" add_taps
check "the README's line starts a guest in QEMU" start_qemu
check "libvirt starts" start_libvirt
check "the README's lines start a guest in libvirt" start_domain
check "the container reaches the guest of QEMU" container_reaches 10.0.0.11
check "the container reaches the guest of libvirt" container_reaches 10.0.0.12
check "their addresses are learned behind their taps" guests_are_learned
checks_end
