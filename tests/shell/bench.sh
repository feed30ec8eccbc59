#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# The benchmark takes what the README says, says what is wrong, and measures virtual machines where
# there can be any. No figure is looked at but for being there.
#
# shellcheck disable=SC2317 # check() calls the functions
set -u
cd "$(dirname "$0")/../.." || exit 1

bench=$(realpath "${VALE_BUILD:-build}")/bench/vale-bench
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=/dev/null
. tests/lib/check.sh

# The groups that `--only` has in the README.
documented_groups() {
	grep -o -- '--only [a-z-]*' README.md | cut -d ' ' -f 2 | sort -u
}

# Arguments are looked at in their order, and --help ends it.
has_documented_groups() {
	local group

	[ "$(documented_groups | wc -l)" -gt 5 ] || return
	for group in $(documented_groups); do
		"$bench" --only "$group" --help || return
	done
}

lists_its_datapaths() {
	local name

	for name in bridge switch tc generic auto ceiling redirect; do
		"$bench" --without $name --help | grep "leave out.*$name" || return
	done
}

# refuses MESSAGE ARGUMENT...
refuses() {
	local message=$1 status
	shift
	"$bench" "$@" > "$scratch/out" 2> "$scratch/err"
	status=$?
	cat "$scratch/err"
	[ $status -eq 1 ] && [ ! -s "$scratch/out" ] && grep -F "$message" "$scratch/err"
}

# lacks MESSAGE PROGRAM...: where only these programs are found (those that are not here are made up)
# it says so, and has no rows.
lacks() {
	local message=$1 programs program
	shift
	programs=$(mktemp -d -p "$scratch") || return
	for program in sh "$@"; do
		ln -s "$(command -v "$program" || echo /bin/true)" "$programs/$program" || return
	done
	PATH=$programs "$bench" --only guests --json - > "$scratch/json" 2> "$scratch/err" || {
		cat "$scratch/err"
		return 1
	}
	cat "$scratch/err" "$scratch/json"
	grep -F "$message" "$scratch/err" && grep -F '"rows": []' "$scratch/json"
}

lacks_kernel() {
	VALE_BUILD=$scratch/nowhere lacks "no guest's kernel '$scratch/nowhere/vm/vmlinuz'" iperf3 qemu-system-x86_64
}

measures_guests() {
	"$bench" --only guests --runs 1 --seconds 0.1 --like ': 1,' --json - > "$scratch/json" || return
	cat "$scratch/json"
	for word in bridge tc auto tc/bridge auto/bridge; do
		grep -F "\"$word\": {" "$scratch/json" || return
	done
	[ "$(grep -c '"group": "guests"' "$scratch/json")" -eq 1 ]
}

check "every group in the README exists" has_documented_groups
check "what can be left out is in the help" lists_its_datapaths
check "an unknown group is refused" refuses "there is no group 'nonsense'" --only nonsense
check "an unknown name is refused" refuses "'nonsense' is none of" --without nonsense
check "a number out of its range is refused" refuses "'0' is not a number" --runs 0
check "without QEMU there are no rows of guests" lacks 'no qemu-system-x86_64' iperf3
check "nor without iperf3" lacks 'no iperf3' qemu-system-x86_64
check "nor without a kernel for them" lacks_kernel
check "guests are measured over each of their datapaths" measures_guests
checks_end
