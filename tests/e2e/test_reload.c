// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * New programs under traffic, between interfaces by each hook: frames are numbered, and each comes once
 * and in its order while the switch is reloaded again and again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/objects.h"
#include "tests/lib/reloader.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"
#include "tests/lib/traffic.h"

#define BATCH	32
#define WAIT_MS 5000

/* Containers a, b and c with hosts 1, 2 and 3, whose stacks say nothing. */
static void three_containers(void)
{
	sandbox_enter();
	traffic_quiet();
	container("a", 1);
	container("b", 2);
	container("c", 3);
}

TestSuite(reload, .init = three_containers, .timeout = 580);

/* One way, from one host to another. */
struct way {
	int from, to;
	int in, out; /* sockets at their interfaces */
	uint32_t number;
	struct stream stream;
	struct arrival arrival;
};

static void send_batch(struct way *way)
{
	static struct frame frame;

	/* Every eighth to nobody that is known: it is flooded. */
	for (int i = 0; i < BATCH; i++) {
		frame.length = STREAM_MIN + way->number % 1400;
		stream_write(frame.bytes, way->from, i % 8 ? way->to : FRAME_EVERYONE,
			     way->number++, frame.length);
		cr_assert_eq(traffic_send(way->in, &frame, 1), 1);
	}
}

static void receive_batch(struct way *way)
{
	for (int i = 0; i < BATCH; i++) {
		cr_assert(traffic_receive(way->out, &way->arrival, WAIT_MS),
			  "host %d: frame %d of the batch before number %u is lost", way->from, i,
			  way->number);
		stream_take(&way->stream, way->arrival.frame.bytes, way->arrival.frame.length);
	}
	cr_assert_eq(way->stream.missing, 0);
	cr_assert_eq(way->stream.frames, way->number);
}

static void introduce(int host, int socket, int other)
{
	static struct arrival arrival;
	struct frame *hello = &arrival.frame;

	frame_plain(hello, host, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(socket, hello, 1), 1);
	cr_assert(traffic_receive(other, &arrival, WAIT_MS));
}

static void frames_pass_meanwhile(const char *hook)
{
	static struct way there = { .from = 1, .to = 2 }, back = { .from = 2, .to = 1 };
	struct reloader reloader = {};
	int a, b, c;

	must("for port in a b c; do %s attach vale1:p$port $port --hook %s || exit 1; done",
	     valectl(), hook);
	must("%s fdb vale1 add 02:00:00:00:00:77 pc", valectl());
	a = there.in = back.out = traffic_open("a", "eth0", FRAME_TYPE_OURS);
	b = back.in = there.out = traffic_open("b", "eth0", FRAME_TYPE_OURS);
	c = traffic_open("c", "eth0", FRAME_TYPE_OURS);
	introduce(1, a, b);
	introduce(2, b, a);
	while (reloader_works(&reloader)) {
		send_batch(&there);
		send_batch(&back);
		receive_batch(&there);
		receive_batch(&back);
	}
	cr_log_info("%s: %u frames during %d reloads\n", hook, there.number + back.number,
		    reloader.done);
	reloader_expect_new(&reloader);
	/* Of floods, each other port has had each once; what was told and counted is still there. */
	cr_assert_eq(traffic_count(c, 200), (there.number + back.number) / 8 + 2);
	cr_assert_eq(traffic_count(a, 0) + traffic_count(b, 0), 0);
	cr_assert_eq(port_counter("vale1:pa", "received_frames"), there.number + 1);
	cr_assert_eq(port_counter("vale1:pb", "received_frames"), back.number + 1);
	cr_assert_eq(port_counter("vale1:pa", "lost_at_receivers"), 0);
	cr_assert_eq(port_counter("vale1:pa", "dropped"), 0);
	must("%s fdb vale1 | grep -q 02:00:00:00:00:77", valectl());
}

Test(reload, frames_pass_at_xdp)
{
	frames_pass_meanwhile("xdp");
}

Test(reload, frames_pass_at_generic_xdp)
{
	frames_pass_meanwhile("generic");
}

Test(reload, frames_pass_at_tc)
{
	frames_pass_meanwhile("tc");
}

/* ---- every kind of port ------------------------------------------------------------------------ */

static unsigned int program_of_port(const char *port)
{
	return atoi(port_member(port, "program"));
}

Test(reload, every_port_has_new_programs)
{
	static const char *const ports[] = { "vale1:xdp", "vale1:kept",	 "vale1:kept^",
					     "vale1:tap", "vale1:vale1", "vale1:xsk" };
	unsigned int before[6];
	struct reloader reloader = { .times = 1 };
	json_t *document;

	must("ip tuntap add t mode tap && ip link set dev t up");
	must("%s create vale1 && %s attach vale1:xdp a --hook xdp", valectl(), valectl());
	must("%s attach vale1:kept b --host && %s attach vale1:tap t", valectl(), valectl());
	must("%s host vale1:vale1 lan && %s attach vale1:xsk --xsk out", valectl(), valectl());
	must("%s port add vale1:one && %s port add vale1:two --rings 2", valectl(), valectl());
	for (int i = 0; i < 6; i++)
		before[i] = program_of_port(ports[i]);
	while (reloader_works(&reloader))
		;
	reloader_expect_new(&reloader);
	for (int i = 0; i < 6; i++)
		cr_assert_neq(program_of_port(ports[i]), before[i], "%s", ports[i]);
	document = valectl_json("show vale1");
	cr_assert_str_not_empty(json_string_value(json_object_get(document, "version")));
	json_decref(document);
	objects_remember();
	must("%s destroy vale1 --force", valectl());
	cr_assert(objects_are_freed(), "%zu of %zu are left", objects_alive(), objects_count());
}

/* A port whose interface is gone has no programs; those of others are replaced all the same. */
Test(reload, a_port_without_its_interface)
{
	struct reloader reloader = { .times = 1 };

	must("%s attach vale1:pa a --hook xdp && %s attach vale1:pb b --hook tc", valectl(),
	     valectl());
	must("%s attach vale1:pc c --hook xdp && ip link delete dev a && ip link delete dev b",
	     valectl());
	while (reloader_works(&reloader))
		;
	cr_assert_str_eq(port_member("vale1:pa", "state"), "gone");
	cr_assert_neq(program_on("c"), 0);
	cr_assert_eq(program_of_port("vale1:pc"), program_on("c"));
}

/* Nothing runs in that namespace, and it has no name any more. */
Test(reload, a_port_that_cannot_be_reached)
{
	unsigned int before;

	must("ip netns exec a ip link add x1 type veth peer name x2 && ip -n a link set x1 up");
	must("%s attach vale1:x x1 --netns a --hook xdp && %s attach vale1:pb b --hook xdp",
	     valectl(), valectl());
	before = program_on("b");
	scratch_mount();
	must("touch /mnt/a && mount --bind /run/netns/a /mnt/a && ip netns delete a");
	refused(1,
		"cannot reload 'vale1:x': the network namespace of its interface 'x1' cannot be "
		"entered",
		"reload vale1");
	cr_assert_neq(program_on("b"), before);
	must("touch /run/netns/a && mount --bind /mnt/a /run/netns/a");
	must("%s reload vale1", valectl());
}

/* ---- the command ------------------------------------------------------------------------------- */

Test(reload, one_switch_or_all)
{
	unsigned int before[2];
	json_t *document;

	must("%s attach vale1:pa a --hook xdp && %s attach vale2:pb b --hook xdp", valectl(),
	     valectl());
	before[0] = program_on("a");
	before[1] = program_on("b");
	must("%s reload vale2", valectl());
	cr_assert_eq(program_on("a"), before[0]);
	cr_assert_neq(program_on("b"), before[1]);
	before[1] = program_on("b");
	document = valectl_json("reload");
	cr_assert_eq(json_array_size(json_object_get(document, "reloaded")), 2);
	json_decref(document);
	cr_assert_neq(program_on("a"), before[0]);
	cr_assert_neq(program_on("b"), before[1]);
}
