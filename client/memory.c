// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The memory of a port: mapping it, and the state that rings have at first. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "client.h"

#define PAGE 4096

/* What netmap's programs see as the version of the interface. */
#define NETMAP_API 14

/* -EROFS: whoever had the map has frozen it, which the kernel lets one do who may write. */
static int map(int fd, size_t size, int protection, off_t offset, void *out)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, offset);

	if (memory == MAP_FAILED)
		return errno == EPERM ? -EROFS : -errno;
	*(void **)out = memory;
	return 0;
}

static int map_bell(struct bell *bell, int doorbell)
{
	int error = map(doorbell, PAGE, PROT_READ | PROT_WRITE, 0, &bell->heard);

	return error ? error : map(doorbell, PAGE, PROT_READ, PAGE, &bell->rung);
}

/* The maps are what they must be: whoever owns the port may have put others in their place. */
static int check_map(int fd, __u32 type, __u32 value_size, __u32 *elements)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	if (info.type != type || info.value_size != value_size || !info.max_entries)
		return -EPROTO;
	*elements = info.max_entries;
	return 0;
}

static int find_regions(struct vale_port *port)
{
	__u32 first = port->state->region, pipes = port->state->pipes;

	if (first >= port->regions || port->regions - first < port->pairs ||
	    port->regions - first - port->pairs < pipes)
		return -EPROTO;
	port->number = port->state->port;
	port->first_region = first;
	port->pipes = pipes;
	port->region = port->memory + first;
	return 0;
}

int port_map(struct vale_port *port)
{
	__u32 regions = 0, states = 0;
	int error =
		check_map(port->region_map, BPF_MAP_TYPE_ARRAY, sizeof(*port->region), &regions);

	if (!error)
		error = check_map(port->state_map, BPF_MAP_TYPE_ARRAY, sizeof(*port->state),
				  &states);
	if (!error && (states > VALE_RINGS || regions > VALE_REGIONS))
		error = -EPROTO;
	port->pairs = states;
	port->regions = regions;
	if (!error)
		error = map(port->region_map, regions * sizeof(*port->region),
			    PROT_READ | PROT_WRITE, 0, &port->memory);
	if (!error)
		error = map(port->state_map, states * sizeof(*port->state), PROT_READ, 0,
			    &port->state);
	if (!error && port->state->abi != VALE_ABI)
		error = -ENOTSUP;
	for (__u32 pair = 0; pair < states && !error; pair++)
		error = map_bell(&port->bell[pair], port->doorbell[pair]);
	return error ? error : find_regions(port);
}

/* ---- the state at first ------------------------------------------------------------------------ */

static __u32 first_buffer(const struct vale_port *port, __u32 pair)
{
	return (port->first_region + pair) * VALE_REGION_UNITS + VALE_BUFFER_FIRST;
}

static void initialize_ring(struct vale_port *port, struct vale_ring *ring, __u32 pair, bool tx)
{
	const struct vale_ring_state *state = &port->state[pair];
	__u32 first = first_buffer(port, pair) + (tx ? VALE_SLOTS : 0);
	char *buffers = (char *)port->memory + (state->shift & VALE_SHIFT_MASK);

	memset(ring, 0, sizeof(*ring));
	ring->buf_ofs = buffers - (char *)ring;
	ring->num_slots = (tx ? state->tx_mask : state->rx_mask) + 1;
	ring->nr_buf_size = VALE_BUFFER_SIZE;
	ring->ringid = pair;
	ring->dir = tx;
	ring->buf_align = 64;
	for (__u32 slot = 0; slot < ring->num_slots; slot++) {
		ring->slot[slot].buf_idx = first + slot;
		ring->slot[slot].len = VALE_BUFFER_SIZE;
	}
	if (tx) {
		ring->head = ring->cur = state->tx_taken & state->tx_mask;
		ring->tail = (ring->head - 1) & state->tx_mask;
	} else {
		ring->head = ring->cur = ring->tail = state->rx_published & state->rx_mask;
	}
}

static void initialize_pair(struct vale_port *port, __u32 pair)
{
	struct vale_region *region = &port->region[pair];

	initialize_ring(port, &region->tx, pair, true);
	initialize_ring(port, &region->rx, pair, false);
	memset(&region->control, 0, sizeof(region->control));
	region->control.rx_released = port->state[pair].rx_published;
	region->control.lossless = port->lossless;
}

static __s64 offset_of(const struct vale_port *port, const void *ring)
{
	return (const char *)ring - (const char *)port->region;
}

/* Links buffers that no slot holds into a list, by their first words; returns the first. */
static __u32 link_extra_buffers(struct vale_port *port, __u32 wanted)
{
	struct vale_ring *ring = &port->region->tx;
	__u32 head = 0;

	for (__u32 pair = 0; pair < port->pairs; pair++) {
		__u32 first = first_buffer(port, pair) + 2 * VALE_SLOTS;

		for (__u32 i = 0; i < VALE_REGION_EXTRA && wanted; i++, wanted--) {
			*(__u32 *)vale_ring_buffer(ring, first + i) = head;
			head = first + i;
		}
	}
	return head;
}

void port_initialize(struct vale_port *port, __u32 extra_buffers)
{
	struct vale_if *interface = &port->region->interface;
	__u32 pairs = port->pairs;

	memset(interface, 0, sizeof(*interface));
	memcpy(interface->ni_name, port->name, strlen(port->name)); /* VALE_NAME_SIZE at most */
	interface->ni_version = NETMAP_API;
	interface->ni_tx_rings = pairs;
	interface->ni_rx_rings = pairs;
	interface->ni_host_tx_rings = 1; /* which there are none of, but netmap's VALE says so */
	interface->ni_host_rx_rings = 1;
	for (__u32 pair = 0; pair < pairs; pair++) {
		initialize_pair(port, pair);
		interface->ring_ofs[pair] = offset_of(port, &port->region[pair].tx);
		interface->ring_ofs[pairs + 1 + pair] = offset_of(port, &port->region[pair].rx);
	}
	interface->ni_bufs_head = link_extra_buffers(port, extra_buffers);
}

__u32 vale_extra_buffer(struct vale_port *port)
{
	struct vale_if *interface = &port->region->interface;
	__u32 index = interface->ni_bufs_head;

	if (index >= port->regions * VALE_REGION_UNITS)
		return 0;
	if (index)
		interface->ni_bufs_head = *(__u32 *)vale_ring_buffer(&port->region->tx, index);
	return index;
}
