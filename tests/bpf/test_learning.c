// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Which addresses a switch learns, where it says they are, and when it forgets them. */
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/program.h"
#include "tests/lib/sandbox.h"

static struct frame frame;

TestSuite(learning, .init = sandbox_enter, .timeout = 60);

static uint32_t send(const struct program *from, int source, int destination)
{
	frame_plain(&frame, source, destination, FRAME_TYPE_OURS, 60);
	return program_run(from, &frame, NULL);
}

static size_t addresses(void)
{
	json_t *document = valectl_json("fdb vale1");
	size_t count = json_array_size(json_object_get(document, "addresses"));

	json_decref(document);
	return count;
}

/* "p1 learned", or "" for an address that is not in the table: in a static buffer. */
static const char *place(int host)
{
	static char text[64];
	json_t *document = valectl_json("fdb vale1"), *item;
	size_t i;

	text[0] = 0;
	json_array_foreach (json_object_get(document, "addresses"), i, item) {
		if (strcmp(json_string_value(json_object_get(item, "mac")),
			   frame_address_text(host)))
			continue;
		snprintf(text, sizeof(text), "%s %s",
			 json_string_value(json_object_get(item, "port")),
			 json_string_value(json_object_get(item, "type")));
	}
	json_decref(document);
	return text;
}

static bool floods(const struct program *from, const char *port, int source, int destination)
{
	long long before = port_counter(port, "flooded");
	uint32_t verdict = send(from, source, destination);

	cr_assert_eq(verdict, XDP_REDIRECT, "%s: verdict %u", port, verdict);
	return port_counter(port, "flooded") == before + 1;
}

Test(learning, an_address_is_learned_from_the_source_of_a_frame)
{
	struct program p1, p2;

	program_switch(3, 0, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	cr_assert_eq(addresses(), 0);
	cr_assert(floods(&p2, "vale1:p2", 2, 1));
	cr_assert_str_eq(place(2), "p2 learned");
	cr_assert_str_eq(place(1), "", "a destination was learned");
	cr_assert(!floods(&p1, "vale1:p1", 1, 2));
	cr_assert_eq(addresses(), 2);
}

Test(learning, a_group_address_as_a_source_is_not_learned)
{
	struct program p1;

	program_switch(2, 0, "");
	p1 = program_of("vale1:p1");
	for (int first = 1; first < 256; first += 2) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
		frame.bytes[6] = first;
		cr_assert_eq(program_run(&p1, &frame, NULL), XDP_REDIRECT);
	}
	cr_assert_eq(port_counter("vale1:p1", "flooded"), 128);
	cr_assert_eq(addresses(), 0);
	send(&p1, 1, 2);
	cr_assert_eq(addresses(), 1);
}

Test(learning, the_address_that_is_all_zero_is_not_learned)
{
	struct program p1, p2;

	program_switch(2, 0, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	memset(frame.bytes + 6, 0, 6);
	cr_assert_eq(program_run(&p1, &frame, NULL), XDP_REDIRECT);
	cr_assert_eq(addresses(), 0);
	/* Nor does anything that remembers lookups take it for known. */
	frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, 60);
	memset(frame.bytes, 0, 6);
	cr_assert_eq(program_run(&p2, &frame, NULL), XDP_REDIRECT);
	cr_assert_eq(port_counter("vale1:p2", "flooded"), 1);
}

Test(learning, an_address_that_moves_is_followed_with_the_next_frame)
{
	struct program p1, p2, p3;

	program_switch(3, 0, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	p3 = program_of("vale1:p3");
	send(&p1, 1, FRAME_EVERYONE);
	send(&p2, 2, 1);
	cr_assert_eq(send(&p1, 1, 2), XDP_REDIRECT);
	for (int i = 0; i < 10; i++) {
		send(&p3, 2, 1);
		/* On p3 the address is now behind its own port, and on p2 it is no more. */
		cr_assert_eq(send(&p3, 3, 2), XDP_DROP, "round %d", i);
		cr_assert_eq(send(&p2, 4, 2), XDP_REDIRECT, "round %d", i);
		send(&p2, 2, 1);
		cr_assert_eq(send(&p2, 4, 2), XDP_DROP, "round %d", i);
		cr_assert_eq(send(&p3, 3, 2), XDP_REDIRECT, "round %d", i);
	}
	cr_assert_str_eq(place(2), "p2 learned");
}

Test(learning, a_static_address_does_not_move)
{
	struct program p1, p2, p3;

	program_switch(3, 0, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	p3 = program_of("vale1:p3");
	must("%s fdb vale1 add %s p2", valectl(), frame_address_text(2));
	cr_assert(!floods(&p1, "vale1:p1", 1, 2));
	send(&p3, 2, 1); /* somebody else uses it */
	cr_assert_str_eq(place(2), "p2 static");
	cr_assert_eq(send(&p3, 3, 2), XDP_REDIRECT);
	cr_assert_eq(send(&p2, 4, 2), XDP_DROP, "it is not behind p2");
	must("%s fdb vale1 del %s", valectl(), frame_address_text(2));
	cr_assert(floods(&p1, "vale1:p1", 1, 2));
	send(&p3, 2, 1);
	cr_assert_str_eq(place(2), "p3 learned");
}

Test(learning, an_address_is_forgotten_when_it_is_old_and_a_static_one_is_not)
{
	struct program p1, p2;

	program_switch(3, 0, "--age 1");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	must("%s fdb vale1 add %s p2", valectl(), frame_address_text(7));
	send(&p2, 2, 1);
	send(&p2, 3, 1);
	for (int i = 0; i < 8; i++) { /* 1.6 s, host 3 sends on */
		usleep(200000);
		send(&p2, 3, 1);
	}
	cr_assert(floods(&p1, "vale1:p1", 1, 2), "an old address was used");
	cr_assert(!floods(&p1, "vale1:p1", 1, 3), "an address in use was forgotten");
	cr_assert(!floods(&p1, "vale1:p1", 1, 7), "a static address was forgotten");
	cr_assert_str_eq(place(2), "");
	cr_assert_str_eq(place(3), "p2 learned");
	cr_assert_str_eq(place(7), "p2 static");
	send(&p2, 2, 1);
	cr_assert(!floods(&p1, "vale1:p1", 1, 2), "it was not learned again");
}

Test(learning, with_age_zero_nothing_is_forgotten)
{
	struct program p1, p2;

	program_switch(3, 0, "--age 0");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	send(&p2, 2, 1);
	usleep(1500000);
	cr_assert(!floods(&p1, "vale1:p1", 1, 2));
	cr_assert_str_eq(place(2), "p2 learned");
}

Test(learning, flush_forgets_what_was_learned_at_once)
{
	struct program p1, p2, p3;

	program_switch(3, 0, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	p3 = program_of("vale1:p3");
	must("%s fdb vale1 add %s p2", valectl(), frame_address_text(7));
	send(&p2, 2, 1);
	send(&p3, 3, 1);
	cr_assert(!floods(&p1, "vale1:p1", 1, 2));
	cr_assert(!floods(&p1, "vale1:p1", 1, 3));
	must("%s fdb vale1 flush p2", valectl());
	cr_assert(floods(&p1, "vale1:p1", 1, 2));
	cr_assert(!floods(&p1, "vale1:p1", 1, 3));
	must("%s fdb vale1 flush", valectl());
	cr_assert(floods(&p1, "vale1:p1", 1, 3));
	cr_assert(!floods(&p1, "vale1:p1", 1, 7), "flush took a static address");
}

Test(learning, an_address_of_a_detached_port_floods_and_does_not_come_back_with_its_number)
{
	struct program p1, p2;

	program_switch(3, 0, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	must("%s fdb vale1 add %s p2", valectl(), frame_address_text(7));
	send(&p2, 2, 1);
	cr_assert(!floods(&p1, "vale1:p1", 1, 2));
	cr_assert(!floods(&p1, "vale1:p1", 1, 7));
	must("%s detach vale1:p2", valectl());
	cr_assert(floods(&p1, "vale1:p1", 1, 2), "an address of a port that left was used");
	cr_assert(floods(&p1, "vale1:p1", 1, 7), "a static address of a port that left was used");
	must("%s attach vale1:p9 d2", valectl()); /* takes the free number */
	cr_assert(floods(&p1, "vale1:p1", 1, 2), "an address came back with another port");
	cr_assert(floods(&p1, "vale1:p1", 1, 7), "a static address came back with another port");
	cr_assert_str_eq(place(2), "");
}

Test(learning, an_address_of_a_port_whose_device_was_deleted_floods)
{
	struct program p1, p2;

	program_switch(3, 0, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	send(&p2, 2, 1);
	cr_assert(!floods(&p1, "vale1:p1", 1, 2));
	must("ip link del d2");
	cr_assert(floods(&p1, "vale1:p1", 1, 2));
	cr_assert_str_eq(place(2), "");
}

/* Returns how many of the frames to a host nobody forgets were flooded. */
static long long talk_among(int sources, const struct program *p1, const struct program *p2)
{
	long long before = port_counter("vale1:p2", "flooded");

	for (int i = 0; i < sources; i++) {
		send(p1, 1000 + i, FRAME_EVERYONE);
		if (i % 16)
			continue;
		send(p1, 1, FRAME_EVERYONE);
		cr_assert_eq(send(p2, 2, 1), XDP_REDIRECT, "after %d sources", i);
	}
	return port_counter("vale1:p2", "flooded") - before;
}

/* Forwarding goes on and the table stays within its size. */
Test(learning, a_full_table_forgets_and_never_stops_forwarding)
{
	struct program p1, p2;
	long long flooded;
	size_t count;

	program_switch(3, 0, "--fdb-size 128");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	flooded = talk_among(100000, &p1, &p2);
	count = addresses();
	cr_assert(count > 0 && count <= 128, "%zu addresses", count);
	cr_assert_eq(port_counter("vale1:p1", "dropped"), 0);
	cr_assert_eq(port_counter("vale1:p2", "dropped"), 0);
	/*
	 * A CPU's cache knows it, and the table may have forgotten it meanwhile: that is seen if the
	 * cache ends, or the test goes on on another CPU, between the host's frame and the answer.
	 */
	cr_assert_lt(flooded, 100000 / 16 / 100, "a host that spoke just before was forgotten");
}
