// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* How a ring port gets a virtio-net header, and who may give it one. */
#include <errno.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/vnet.h"

TestSuite(vnet_port, .init = sandbox_enter, .timeout = 120);

static int header_of(const char *port)
{
	json_t *document = valectl_json("show %s", port);
	int size = json_integer_value(json_object_get(document, "vnet_header"));

	json_decref(document);
	return size;
}

Test(vnet_port, a_port_is_made_with_a_header_or_gets_it_later)
{
	must("%s port add vale1:a --vnet-header 10 --rings 3", valectl());
	must("%s port add vale1:b", valectl());
	cr_assert_eq(header_of("vale1:a"), 10);
	cr_assert_eq(header_of("vale1:b"), 0);
	must("%s port header vale1:b 12", valectl());
	cr_assert_eq(header_of("vale1:b"), 12);
	must("%s port header vale1:b 0", valectl());
	cr_assert_eq(header_of("vale1:b"), 0);
}

Test(vnet_port, what_is_no_header_is_refused)
{
	must("%s port add vale1:a", valectl());
	must("ip link add name i0 type veth peer name i1");
	must("%s attach vale1:veth i0", valectl());
	refused(2, "10 or 12 bytes", "port header vale1:a 11");
	refused(2, "10 or 12 bytes", "port add vale1:b --vnet-header 14");
	refused(2, "name one port", "port header vale1:a");
	refused(1, "there is no port 'vale1:x'", "port header vale1:x 12");
	refused(1, "only ring ports have one", "port header vale1:veth 12");
	cr_assert_eq(header_of("vale1:a"), 0);
}

/* Frames that are in the ring when the header changes are what they are sent as. */
Test(vnet_port, a_change_holds_for_the_next_sync)
{
	static struct frame frame, joined;
	struct virtio_net_hdr none = {};
	struct vale_port *a = ring_open("vale1:a", NULL), *b = ring_open("vale1:b", NULL);

	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 300);
	vnet_join(&joined, &none, 12, &frame);
	ring_send(a, 0, &frame);
	ring_expect(b, &frame, "before");
	must("%s port header vale1:a 12", valectl());
	ring_send(a, 0, &joined);
	ring_expect(b, &frame, "with a header");
	must("%s port header vale1:b 12", valectl());
	ring_send(a, 0, &joined);
	ring_expect(b, &joined, "with headers");
}

struct change {
	char port[32];
	unsigned int size;
};

static int do_set_header(struct client_self *self, void *argument)
{
	const struct change *change = argument;

	return vale_port_set_header(self->vale, change->port, change->size);
}

Test(vnet_port, whoever_may_open_a_port_may_give_it_a_header)
{
	struct change own = { "vale1:own", 12 }, other = { "vale1:other", 12 };
	struct client *client = client_start_as(NOBODY, NOBODY, 0);

	must("%s port add vale1:own --owner %d", valectl(), NOBODY);
	must("%s port add vale1:other", valectl());
	cr_assert_eq(client_do(client, do_set_header, &own, sizeof(own)), 0);
	cr_assert_eq(header_of("vale1:own"), 12);
	cr_assert_eq(client_do(client, do_set_header, &other, sizeof(other)), -EACCES);
	cr_assert_eq(header_of("vale1:other"), 0);
	own.size = 13;
	cr_assert_eq(client_do(client, do_set_header, &own, sizeof(own)), -ERANGE);
	cr_assert_eq(header_of("vale1:own"), 12);
}
