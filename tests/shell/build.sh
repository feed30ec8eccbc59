#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# What `make` promises: nothing outside build/, nothing twice, and a touched file rebuilds exactly
# what is made from it; `make uninstall` takes back what `make install` has put down.
#
# shellcheck disable=SC2317 # check() calls the functions
set -u
cd "$(dirname "$0")/../.." || exit 1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MAKELEVEL VALE_BUILD
# shellcheck source=/dev/null
. tests/lib/check.sh

# A copy of the sources, so that nobody else's files are touched.
tree=$scratch/tree
mkdir "$tree"
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$tree"
cd "$tree" || exit 1

quietly() {
	make -s -j "$(nproc)" all > "$scratch/make" 2>&1
}

# What `make` compiles because the file $1 is newer, and the skeletons it makes.
remade_by() {
	sleep 0.01
	touch "$1"
	make -j "$(nproc)" all | awk '$1 ~ /^(BPF|SKEL|CC)$/ { print $2 }' | sort
}

# What it would compile and make if the file $1 were newer.
would_remake() {
	make -n -W "$1" all | sed -n "s/^printf .* '\(BPF\|SKEL\|CC\)' '\(.*\)';\$/\2/p" | sort
}

# What the compiler itself says: a line "SOURCE FILE" for each file that a source includes.
list_includes() {
	for source in cli/*.c client/*.c doctor/*.c examples/*.c libnetmap/*.c loader/*.c netmap/*.c pkt-gen/*.c; do
		gcc -std=gnu11 -D_GNU_SOURCE -DVALE_VERSION=0 -Iinclude -I. -Ibuild -MM "$source" |
			one_by_one "$source"
	done
	for source in bpf/*.bpf.c; do
		clang -target bpf -Iinclude -I. -idirafter "/usr/include/$(gcc -print-multiarch)" -MM "$source" |
			one_by_one "$source"
	done
}

one_by_one() {
	tr -d '\134' | tr -s ' ' '\n' | sed "s,^,$1 ,"
}

# The sources that include the file $1; then what comes of them.
users_of() {
	awk -v file="$1" '$2 == file { print $1 }' "$scratch/includes" | uniq
}

# What `make` would remake of sources for the file $1 is what users_of says.
rebuilds_its_users() {
	users_of "$1" | sort > "$scratch/users"
	would_remake "$1" | grep '\.c$' > "$scratch/remade"
	[ -s "$scratch/users" ] && diff "$scratch/users" "$scratch/remade"
}

files() {
	find . -path ./build -prune -o -print | sort
}

nothing_outside() {
	[ "$(files)" = "$1" ]
}

before=$(files)
check "make" quietly
check "everything that make makes is under build/" nothing_outside "$before"
check "a second make does nothing" make -q all

# The flags of examples are not those of the library they need.
makes_one_example() {
	rm -rf build && make -s -j "$(nproc)" build/examples/echo && [ -x build/examples/echo ]
}
check "an example alone can be made, and what it needs" makes_one_example
check "and then the rest" quietly
list_includes > "$scratch/includes"
for header in include/vale/abi.h include/vale.h include/vale/port.h loader/netlink.h cli/command.h \
	pkt-gen/udp.h; do
	check "who uses $header would be made again, and nobody else" rebuilds_its_users "$header"
done

# A header of the programs: they, their skeletons, and who has these compiled in.
bpf_header() {
	local skeleton

	for source in $(users_of bpf/checksum.h); do
		skeleton=build/${source%.bpf.c}.skel.h
		printf '%s\n' "$source" "$skeleton"
		users_of "$skeleton"
	done | sort -u > "$scratch/users"
	remade_by bpf/checksum.h > "$scratch/remade"
	grep -q 'skel\.h$' "$scratch/users" && diff "$scratch/users" "$scratch/remade"
}
check "who uses bpf/checksum.h is made again, and nobody else" bpf_header
check "and then nothing is left to make" make -q all

installs() {
	make -s install DESTDIR="$scratch/root" PREFIX=/usr &&
		[ -x "$scratch/root/usr/sbin/valectl" ] &&
		"$scratch/root/usr/bin/pkt-gen" --version &&
		[ -e "$scratch/root/usr/share/man/man8/valectl.8" ] &&
		[ -e "$scratch/root/usr/share/man/man4/vale.4" ] &&
		"$scratch/root/usr/sbin/valectl" --version
}

uninstalls() {
	make -s uninstall DESTDIR="$scratch/root" PREFIX=/usr &&
		[ -z "$(find "$scratch/root" ! -type d)" ]
}
check "make install puts working programs and their pages where it is told" installs
check "make uninstall leaves no file" uninstalls
check "make help says what there is" make -s help
checks_end
