#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# The library as its users get it: what `make install` has put below a directory is enough to build
# programs, in C and C++, with the shared and the static library, and they work.
#
# shellcheck disable=SC2317 # check() calls the functions
set -u
cd "$(dirname "$0")/../.." || exit 1

# A network and bpffs of the test's own.
if [ -z "${LIBRARY_SANDBOX:-}" ]; then
	LIBRARY_SANDBOX=1 exec unshare --net --mount "$0"
fi
mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf || exit 1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MAKELEVEL
build=${VALE_BUILD:-build}
root=$scratch/root
lib=$root/usr/local/lib
# shellcheck source=/dev/null
. tests/lib/check.sh

export PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
PATH=$root/usr/local/sbin:$PATH

make_for_user() {
	make -s BUILD="$build" DESTDIR="$root" PREFIX=/usr/local "$@"
}

# ---- what is there -----------------------------------------------------------------------------

installs() {
	make_for_user install
}

# Nothing else below lib/ and include/; the examples are to be read, and are nowhere.
files_of_the_library() {
	(cd include && find . -name '*.h' -printf 'include/%P\n') > "$scratch/wanted"
	printf 'lib/%s\n' libvale.a libvale.so libvale.so.1 "libvale.so.$(cat VERSION)" \
		pkgconfig/libvale.pc libvale-netmap.so libnetmap.a >> "$scratch/wanted"
	sort -o "$scratch/wanted" "$scratch/wanted"
	(cd "$root/usr/local" && find include lib ! -type d | sort) | diff "$scratch/wanted" - &&
		[ -e "$root/usr/local/share/man/man3/libvale.3" ] &&
		[ -z "$(find "$root" -name 'echo*' -o -name 'firewall*' -o -name 'forward*')" ]
}

# Each link leads to the next, and the last name is a file that says the second.
links_and_soname() {
	[ "$(readlink "$lib/libvale.so")" = libvale.so.1 ] &&
		[ "$(readlink "$lib/libvale.so.1")" = "libvale.so.$(cat VERSION)" ] &&
		[ ! -L "$lib/libvale.so.$(cat VERSION)" ] &&
		readelf -d "$lib/libvale.so" | grep -F 'SONAME' | grep -F '[libvale.so.1]'
}

# ---- names -------------------------------------------------------------------------------------

# The functions that the compiler finds declared, and not defined, in the installed headers.
declared() {
	(cd "$root/usr/local/include" && find . -name '*.h' -printf '#include <%P>\n') |
		gcc -I"$root/usr/local/include" -x c -aux-info "$scratch/prototypes" -fsyntax-only - &&
		sed -n 's/.* extern .*[ *]\(vale_[a-z0-9_]*\) (.*/\1/p' "$scratch/prototypes" | sort
}

in_map() {
	sed -n '/global:/,/local:/s/^[[:space:]]*\([a-z0-9_]*\);$/\1/p' loader/libvale.map | sort
}

in_shared() {
	nm -D --defined-only "$lib/libvale.so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort
}

in_static() {
	nm -g --defined-only "$lib/libvale.a" | awk 'NF == 3 { print $3 }' | sort
}

# same_names FUNCTION: what it says is what is declared, of which there is some.
same_names() {
	declared > "$scratch/declared" && [ -s "$scratch/declared" ] &&
		"$1" | diff "$scratch/declared" -
}

# Not those that only the library and its programs use, of ring.h.
in_manual() {
	declared > "$scratch/declared" || return
	sed -n 's/.*\/port\.h.* static .*[ *]\(vale_[a-z0-9_]*\) (.*/\1/p' "$scratch/prototypes" |
		sort - "$scratch/declared" > "$scratch/wanted"
	sed -n '/^\.F[no] /s/^...//p; /^\.Fn /s/^....//p' man/libvale.3 | grep -oE '\bvale_[a-z0-9_]+' |
		sort -u | comm -13 - "$scratch/wanted" > "$scratch/missing"
	[ -s "$scratch/wanted" ] && diff /dev/null "$scratch/missing"
}

# The same of netmap's library: what it defines is what its header declares.
netmap_names() {
	echo '#include <libnetmap.h>' |
		gcc -I"$root/usr/local/include" -x c -aux-info "$scratch/prototypes" -fsyntax-only - &&
		sed -n 's/.*libnetmap\.h:.* extern .*[ *]\(nm[a-z0-9_]*\) (.*/\1/p' "$scratch/prototypes" |
		sort > "$scratch/declared" && [ -s "$scratch/declared" ] &&
		nm -g --defined-only "$lib/libnetmap.a" | awk 'NF == 3 { print $3 }' | sort |
		diff "$scratch/declared" -
}

have_versions() {
	[ "$(nm -D --defined-only "$lib/libvale.so" | grep -c '@@LIBVALE_1\.0$')" = \
		"$(declared | wc -l)" ]
}

# ---- programs ----------------------------------------------------------------------------------

# The program in the manual.
program_of_manual() {
	sed -n '/^\.Bd -literal$/,/^\.Ed$/p' man/libvale.3 | sed '/^\.Ed$/q' | sed '/^\./d; s/\\e/\\/g' |
		tee "$scratch/chat.c" > "$scratch/chat.cc"
	[ -s "$scratch/chat.c" ]
}

# builds PROGRAM SOURCE COMPILER...
builds() {
	local program=$1 source=$2
	shift 2
	# shellcheck disable=SC2046 # a list of flags
	"$@" -Wall -Wextra -Werror -o "$scratch/$program" "$scratch/$source" \
		$(pkg-config --cflags --libs libvale)
}

builds_static() {
	# shellcheck disable=SC2046 # a list of flags
	gcc -o "$scratch/chat_static" "$scratch/chat.c" -Wl,-Bstatic -lvale \
		-Wl,-Bdynamic,--as-needed $(pkg-config --static --cflags --libs libvale)
}

# Of a program that has nothing of its own but the static library, where there is no shared one.
builds_static_alone() {
	local libraries

	libraries=$(pkg-config --static --libs-only-l libvale)
	# shellcheck disable=SC2086 # a list of flags
	mkdir -p "$scratch/static" && cp "$lib/libvale.a" "$scratch/static" &&
		gcc -o "$scratch/chat_alone" "$scratch/chat.c" -I"$root/usr/local/include" \
			-L"$scratch/static" $libraries
}

needs_shared() {
	readelf -d "$scratch/$1" | grep -F NEEDED | grep -F '[libvale.so.1]'
}

needs_none() {
	readelf -d "$scratch/$1" | grep -F NEEDED > "$scratch/needed" &&
		! grep -F libvale "$scratch/needed"
}

version_is_told() {
	[ "$(pkg-config --modversion libvale)" = "$(cat VERSION)" ]
}

# And not with another one that the machine has.
runs_with_this_one() {
	LD_LIBRARY_PATH=$lib ldd "$scratch/$1" | grep -F "libvale.so.1 => $lib/libvale.so.1 "
}

# within SECONDS COMMAND...: it succeeds at last.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

is_open() {
	valectl --json show "$1" 2> /dev/null | grep -q '"state": "open"'
}

# talk SPEAKER LISTENER: what one is told the other one prints.
talk() {
	local speaker=$scratch/$1 listener=$scratch/$2 status=0

	mkfifo "$scratch/quiet" && : > "$scratch/heard" || return
	"$listener" vale1:b < "$scratch/quiet" > "$scratch/heard" &
	exec 3> "$scratch/quiet"
	within 60 is_open vale1:b && echo "hello from $1" | "$speaker" vale1:a &&
		within 60 grep -qx "hello from $1" "$scratch/heard" || status=1
	exec 3>&-
	wait $! || status=1
	rm "$scratch/quiet"
	[ -z "$(ls /sys/fs/bpf/vale/vale1 2> /dev/null)" ] && return "$status"
}

talk_shared() {
	local -x LD_LIBRARY_PATH=$lib
	talk "$@"
}

uninstalls() {
	make_for_user uninstall && [ -z "$(find "$root" ! -type d)" ] &&
		[ ! -e "$root/usr/local/include/vale" ]
}

# ---- all of it ---------------------------------------------------------------------------------

check "make install" installs
check "it installs these files of the library, and no others" files_of_the_library
check "the links lead to a file whose SONAME is that of the second" links_and_soname
check "the map has exactly the functions of the headers" same_names in_map
check "the shared library has" same_names in_shared
check "and each has its version" have_versions
check "the static library has" same_names in_static
check "the manual names each" in_manual
check "netmap's static library has what its header declares" netmap_names
check "pkg-config knows the version" version_is_told
check "there is a program in the manual" program_of_manual
check "it is built as C" builds chat_c chat.c gcc -std=c11 -D_DEFAULT_SOURCE -pedantic
check "and needs the shared library" needs_shared chat_c
check "it is built as C++" builds chat_cc chat.cc clang++ -std=c++17 -pedantic
check "and needs the shared library" needs_shared chat_cc
check "it is built with the static library" builds_static
check "and needs none" needs_none chat_static
check "it is built where there is only the static library" builds_static_alone
check "and needs none" needs_none chat_alone
check "the program in C runs with the installed library" runs_with_this_one chat_c
check "and talks to the one in C++" talk_shared chat_c chat_cc
check "and that to it" talk_shared chat_cc chat_c
check "static ones talk without it" talk chat_static chat_alone
check "make uninstall leaves none of it" uninstalls
checks_end
