#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# The programs that a newer clang makes do the same, here and on the oldest kernel.
set -u
cd "$(dirname "$0")/../.." || exit 1

CLANG=clang-19
TESTS='bpf/test_port bpf/test_learning bpf/test_checksum e2e/test_forward e2e/test_kernel61'

tests=${VALE_BUILD:-build}/tests
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
build=$scratch/build
unset MAKEFLAGS MAKELEVEL
# shellcheck source=/dev/null
. tests/lib/check.sh

check "$CLANG builds everything without a warning" \
	make -s -j "$(nproc)" BUILD="$build" CLANG="$CLANG -Werror" all
# The machine's kernel is there already.
mkdir "$build/vm"
ln -s "$(realpath "${VALE_BUILD:-build}")"/vm/{kernel,vmlinuz} "$build/vm"
for test in $TESTS; do
	check "$test" env VALE_BUILD="$build" "$tests/$test"
done
checks_end
