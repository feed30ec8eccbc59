// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Taking apart what programs of netmap say, without a switch. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <criterion/criterion.h>

#include "netmap/pipe.h"

/* ---- memory of the program's ------------------------------------------------------------------- */

Test(netmap_decode, memory)
{
	static char from[10000], to[10000];
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(from, 'x', sizeof(from));
	cr_assert_eq(user_read(to, (uintptr_t)from, sizeof(from)), 0);
	cr_assert_eq(memcmp(from, to, sizeof(from)), 0);
	cr_assert_eq(user_write((uintptr_t)page, from, 8192), 0);
	cr_assert_eq(memcmp(from, page, 8192), 0);
	munmap(page + 4096, 4096);
	cr_assert_eq(user_read(to, (uintptr_t)page + 4000, 96), 0);
	cr_assert_eq(user_read(to, (uintptr_t)page + 4000, 97), -EFAULT);
	cr_assert_eq(user_write((uintptr_t)page + 4000, from, 97), -EFAULT);
	mprotect(page, 4096, PROT_READ);
	cr_assert_eq(user_read(to, (uintptr_t)page, 10), 0);
	cr_assert_eq(user_write((uintptr_t)page, from, 10), -EFAULT);
	cr_assert_eq(user_read(to, 0, 1), -EFAULT);
	cr_assert_eq(user_read(to, ~0ull, 1), -EFAULT);
}

/* ---- options ----------------------------------------------------------------------------------- */

static struct nmreq_option list[8];

static int check(const __u32 *types, int count, size_t used)
{
	memset(list, 0, sizeof(list));
	for (int i = 0; i < count; i++) {
		list[i].nro_reqtype = types[i];
		list[i].nro_next = i + 1 < count ? (uintptr_t)&list[i + 1] : 0;
	}
	return options_check((uintptr_t)list, used);
}

static void status_is(int place, __u32 status)
{
	cr_assert_eq(list[place].nro_status, status, "%d: %u", place, list[place].nro_status);
}

Test(netmap_decode, options)
{
	cr_assert_eq(options_check(0, 4096), 0, "none");
	cr_assert_eq(check((__u32[]){ 5 }, 1, 88), -EOPNOTSUPP);
	status_is(0, EOPNOTSUPP);
	cr_assert_eq(check((__u32[]){ 5, 1, 77 }, 3, 88), -EOPNOTSUPP);
	status_is(2, EOPNOTSUPP);
	cr_assert_eq(check((__u32[]){ 5, 1, 5, 2 }, 4, 88), -EINVAL);
	status_is(0, EINVAL);
	status_is(1, EOPNOTSUPP);
	status_is(2, EINVAL);
	cr_assert_eq(check((__u32[]){ 77, 77 }, 2, 88), -EOPNOTSUPP, "nobody knows it");
	cr_assert_eq(check((__u32[]){ 5, 0 }, 2, 88), -EINVAL);
	/* With the request they are as much as there may be, or one byte more. */
	cr_assert_eq(check((__u32[]){ 5 }, 1, 4096 - 56), -EOPNOTSUPP);
	cr_assert_eq(check((__u32[]){ 5 }, 1, 4096 - 55), -EMSGSIZE);
	cr_assert_eq(check((__u32[]){ 77 }, 1, 4096 - 24), -EOPNOTSUPP);
	cr_assert_eq(check((__u32[]){ 77 }, 1, 4096 - 23), -EMSGSIZE);
}

/* ---- names ------------------------------------------------------------------------------------- */

static void pipe_is(const char *text, const char *parent, const char *id, __u32 end)
{
	char name[NETMAP_REQ_IFNAMSIZ];
	const char *found;
	__u32 found_end = 7;

	strcpy(name, text);
	found = pipe_cut_name(name, &found_end);
	cr_assert_str_eq(name, parent);
	if (!id) {
		cr_assert_null(found);
		return;
	}
	cr_assert_str_eq(found, id);
	cr_assert_eq(found_end, end);
}

Test(netmap_decode, names_of_pipes)
{
	pipe_is("vale1:a", "vale1:a", NULL, 0);
	pipe_is("vale1:a{1", "vale1:a", "1", 0);
	pipe_is("vale1:a}xyz", "vale1:a", "xyz", 1);
	pipe_is("{", "", "", 0);
	pipe_is("a}{1", "a", "{1", 1);
	pipe_is("", "", NULL, 0);
}

/* Memories are told apart, whatever their ids are. */
Test(netmap_decode, memory_ids)
{
	__u16 a = memory_id_of(5), b = memory_id_of(5 + 65533), c = memory_id_of(5 + 2 * 65533);

	cr_assert_geq(a, 2);
	cr_assert(a != b && b != c && a != c);
	cr_assert_eq(memory_id_of(5), a);
	cr_assert_eq(memory_id_of(5 + 65533), b);
	for (__u32 id = 0; id < 70000; id++)
		cr_assert_geq(memory_id_of(id * 77777), 2);
}
