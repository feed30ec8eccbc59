#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# The targets of tests/fuzz keep their promises for all that is in their corpora, and for some inputs
# that are made from that, the same ones each time. `make fuzz` makes many more.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${VALE_BUILD:-build}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
number=0 failed=0

for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	number=$((number + 1))
	mkdir "$scratch/$name"
	"$build/tests/fuzz/$name" -seed=1 -runs=20000 -max_total_time=6 -timeout=60 -close_fd_mask=1 \
		-artifact_prefix="$scratch/" "$scratch/$name" "tests/fuzz/corpus/${name#fuzz_}" \
		> "$scratch/log" 2>&1
	status=$?
	if [ $status -eq 0 ] && grep -aq '^#.*DONE' "$scratch/log"; then
		echo "ok $number - $name"
	else
		failed=1
		echo "not ok $number - $name"
		grep -av 'NEW\|REDUCE\|pulse' "$scratch/log" | tail -n 40 | sed 's/^/# /'
	fi
done
echo "1..$number"
exit $failed
