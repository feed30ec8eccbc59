#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# The model of how senders put slots into a ring without a lock: nothing can go wrong in it, and
# without either of two precautions something can.
set -u
cd "$(dirname "$0")/../.." || exit 1

model=$PWD/tests/model/lease.pml
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

number=0 failed=0

# search TITLE ERRORS WORDS [FLAG...]: all that can happen is tried; the first error ends it.
search() {
	local title=$1 errors=$2 words=$3
	shift 3
	number=$((number + 1))
	if spin -a "$@" "$model" && gcc -O2 -w -DCOLLAPSE -DSAFETY -o pan pan.c &&
		./pan -m100000 -n > out && grep -q "errors: $errors$" out && grep -q "$words" out &&
		! grep -q 'max search depth too small\|out of memory' out; then
		echo "ok $number - $title"
	else
		echo "not ok $number - $title"
		grep -v '^Depth=' out | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

search 'every lease is published once, in order, when it is filled' 0 'states, stored'
search 'without a barrier behind the count, a lease is left over' 1 'invalid end state' -DNO_FENCE
search 'without its count, a later lease is taken for an earlier one' 1 'published==at' -DNO_START

echo "1..$number"
[ "$failed" -eq 0 ]
