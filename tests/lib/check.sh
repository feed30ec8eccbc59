#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# For scripts that test by commands and print TAP: they source this, and have a directory $scratch.

number=0 failed=0

# check NAME COMMAND...: the test passes if the command succeeds.
check() {
	local name=$1
	shift
	number=$((number + 1))
	# shellcheck disable=SC2154 # the script's
	if "$@" > "$scratch/log" 2>&1; then
		echo "ok $number - $name"
	else
		failed=1
		echo "not ok $number - $name"
		sed 's/^/# /' "$scratch/log"
	fi
}

# After the last check: ends the script.
checks_end() {
	echo "1..$number"
	exit $failed
}
