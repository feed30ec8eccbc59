// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A program that opens and closes ports all day stays as large as it is: no file descriptor, no mapping,
 * no memory and no object of the kernel's is left over.
 */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/objects.h"
#include "tests/lib/sandbox.h"
#include "vale/port.h"

TestSuite(port_reopen, .init = sandbox_enter, .timeout = 600);

/* Of the leak sanitizer, where the test is made with it: what no pointer leads to any more. */
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

/* malloc counts what it keeps in lists for small pieces; of what leaks 10,000 times, there is more. */
#define BYTES_IN_LISTS (128 << 10)

/* The sanitizers' malloc maps memory now and then. */
#define MAPPINGS_OF_MALLOC 8

struct size {
	size_t files, mappings, bytes;
};

static size_t files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static size_t mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	size_t lines = 0;

	for (int c; (c = getc(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static struct size size(void)
{
	struct size now = { .files = files(), .mappings = mappings() };

	now.bytes = mallinfo2().uordblks;
	return now;
}

static void open_and_close(struct vale *vale, const char *name, int times)
{
	for (int i = 0; i < times; i++) {
		struct vale_port *port = NULL;

		cr_assert_eq(vale_port_open(vale, name, NULL, &port), 0, "%d: %s", i,
			     vale_reason(vale));
		vale_port_close(port);
	}
}

static void is_as_large_as(const struct size *before)
{
	struct size now = size();

	cr_assert_eq(now.files, before->files, "%zu files, and were %zu", now.files, before->files);
	cr_assert_leq(now.mappings, before->mappings + MAPPINGS_OF_MALLOC,
		      "%zu mappings, and were %zu", now.mappings, before->mappings);
	cr_assert_leq(now.bytes, before->bytes + BYTES_IN_LISTS, "%zu bytes, and were %zu",
		      now.bytes, before->bytes);
	if (__lsan_do_recoverable_leak_check)
		cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "see above");
}

Test(port_reopen, a_port_that_stays_ten_thousand_times)
{
	struct vale *vale = NULL;
	struct size before;
	size_t objects;

	must("%s port add vale1:a --rings 2", valectl());
	cr_assert_eq(vale_open(&vale, NULL), 0);
	open_and_close(vale, "vale1:a", 10); /* what is made once, in libraries too */
	objects_remember();
	objects = objects_count();
	before = size();
	open_and_close(vale, "vale1:a", 10000);
	is_as_large_as(&before);
	objects_remember();
	cr_assert_eq(objects_count(), objects, "%zu objects, and were %zu", objects_count(),
		     objects);
	vale_close(vale);
	must("%s destroy vale1 --force", valectl());
	cr_assert(objects_are_freed());
}

/* Each time, it is made and goes. */
Test(port_reopen, a_port_that_goes_each_time)
{
	struct vale *vale = NULL;
	struct size before;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	open_and_close(vale, "vale1:a", 3);
	before = size();
	open_and_close(vale, "vale1:a", 20);
	is_as_large_as(&before);
	vale_close(vale);
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
}

/* The twin: what is not closed is seen. */
Test(port_reopen, a_port_that_is_left_open_is_seen)
{
	struct vale *vale = NULL;
	struct vale_port *port = NULL;
	struct size before, now;

	must("%s port add vale1:a", valectl());
	cr_assert_eq(vale_open(&vale, NULL), 0);
	open_and_close(vale, "vale1:a", 3);
	before = size();
	cr_assert_eq(vale_port_open(vale, "vale1:a", NULL, &port), 0);
	now = size();
	cr_assert_gt(now.files, before.files);
	cr_assert_gt(now.mappings, before.mappings);
	cr_assert(now.bytes > before.bytes || __lsan_do_recoverable_leak_check);
	vale_port_close(port);
	is_as_large_as(&before);
	vale_close(vale);
}
