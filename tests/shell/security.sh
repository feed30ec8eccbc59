#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# vale-security(7) names a test for each promise, and the test is there and is run.
#
# shellcheck disable=SC2317 # check() calls the functions
set -u
cd "$(dirname "$0")/../.." || exit 1

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=/dev/null
. tests/lib/check.sh

page=man/vale-security.7

# The names of tests on the page, one a line.
named() {
	grep -oE '\btest_[a-z0-9_]+\.c' "$page" | sort -u
}

each_is_there() {
	local test missing=0

	for test in $(named); do
		if ! grep -q '^Test(\|^ParameterizedTest(' "tests/e2e/$test"; then
			echo "there is no test in tests/e2e/$test"
			missing=1
		fi
	done
	[ "$(named | wc -l)" -gt 20 ] && [ $missing -eq 0 ]
}

# A promise is an item of a list; it ends with the tests' names.
each_promise_has_one() {
	awk '/^\.(It|El)/ && promise && !tests { print "line " promise ": no test"; bad = 1 }
		/^\.It$/ { promise = NR; tests = 0 }
		/^\.El/ { promise = 0 }
		/^\.Pa test_/ { tests++ }
		END { exit bad }' "$page"
}

check "each test that vale-security(7) names is there" each_is_there
check "each of its promises names one" each_promise_has_one
checks_end
