// SPDX-License-Identifier: GPL-2.0
/*
 * The program on the outer end of an AF_XDP port that a client of the library has open. What the
 * switch sends there, it gives to the client's sockets. What the client sends, it hands to the
 * switch: the kernel makes live frames, and the program fills them in from the client's tx ring. To
 * the switch that is as if the frame had come in by the port's inner end, but without a socket
 * buffer, two queues and an interrupt for each.
 *
 * The client, who has loaded it, is root, and can run it as it likes.
 */
#include <linux/errno.h>

#include "way.h"
#include "vale/xsk.h"

const volatile __u32 port = 0;
const volatile __u32 generation = 0; /* of the port: another port may get its number */

/* Of the buffers in the regions. */
const volatile __u32 shift = 0;

/* Live frames come in by the loopback device, which is the first one of each namespace. */
#define LOOPBACK 1

/* Bytes that the kernel gives a live frame: a page less its own, and what surrounds a frame. */
#define LIVE_MAX (4096 - 256 - 320)

/* The loader sets how many pairs there are, and puts the port's map in the place of `xsk_state`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vale_region);
} region SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vale_xsk_state);
} xsk_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, VALE_RINGS);
	__type(key, __u32);
	__type(value, __u32);
} queues SEC(".maps");

/* ---- from the switch to the client ------------------------------------------------------------- */

/* The port has counted the frame as sent: it is not, if no socket takes it. */
static __always_inline int receive(struct xdp_md *frame)
{
	struct vale_stats *counters;
	int verdict = bpf_redirect_map(&queues, frame->rx_queue_index, XDP_ABORTED);

	if (verdict == XDP_REDIRECT)
		return verdict;
	counters = stats_of(port);
	if (counters) {
		counters->sent_frames--;
		counters->drops[VALE_DROP_CLOSED]++;
	}
	return XDP_DROP;
}

/* ---- from the client to the switch ------------------------------------------------------------- */

/* A frame that is being sent. On the stack, for the steps. */
struct sending {
	struct xdp_md *frame;
	struct vale_region *shared;
	struct vale_xsk_cursor *cursor;
	__u32 slots;
	__u32 length;
	bool good;
};

/* One slot more. Returns false behind the last. */
static __always_inline bool send_slot(struct sending *sending)
{
	struct vale_xsk_cursor *cursor = sending->cursor;
	__u32 next = cursor->next & cursor->mask & (VALE_SLOTS - 1), length, at = sending->length;
	__u64 word = READ_ONCE(*(__u64 *)&sending->shared->tx.slot[next]);
	const __u8 *buffer = rings_buffer(&region, shift, word);

	if (cursor->next == cursor->end) {
		sending->good = false; /* the frame has no end */
		return false;
	}
	cursor->next = (next + 1) & cursor->mask;
	sending->slots++;
	length = word >> 32 & 0xffff;
	if (!buffer || !length || length > VALE_BUFFER_SIZE)
		sending->good = false;
	if (sending->good && at + length <= LIVE_MAX) {
		__s32 has = at ? at : (__u32)bpf_xdp_get_buff_len(sending->frame);

		/* Says once more that it is from 1 on, as the verifier of 6.1 wants it: see checksum.h. */
		asm volatile("" : "+r"(length));
		length = ((length - 1) & (VALE_BUFFER_SIZE - 1)) + 1;
		/* Some kernels have less room. */
		if (bpf_xdp_adjust_tail(sending->frame, (__s32)(at + length) - has) ||
		    bpf_xdp_store_bytes(sending->frame, at, (void *)buffer, length))
			length = LIVE_MAX + 1;
	}
	sending->length = at + length;
	return word >> 48 & VALE_SLOT_MORE;
}

static long send_slot_step(__u32 i, struct sending *sending)
{
	return !send_slot(sending);
}

static __always_inline int send_frame(struct xdp_md *frame, __u32 length)
{
	void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	struct received in = {
		.from.port = port,
		.from.frame.is_live = true,
		.from.frame.length = length,
	};
	struct deliver_from *from = &in.from;
	struct eth_addresses addresses;
	struct fdb_view view;

	if (!receive_frame(&in, &view))
		return XDP_ABORTED;
	if (data + VALE_FRAME_MIN > end)
		return deliver_drop(from, VALE_DROP_SHORT, 1);
	addresses = eth_addresses(data);
	return deliver(frame, &in, forward_one(&view, addresses, port));
}

static __always_inline int send_drop(const struct sending *sending)
{
	struct vale_stats *counters = stats_of(port);

	if (!counters)
		return XDP_DROP;
	counters->received_frames++;
	counters->received_bytes += sending->length;
	counters->drops[sending->good ? VALE_DROP_JUMBO : VALE_DROP_INVALID]++;
	return XDP_DROP;
}

/* False: the port was removed, and its client still has its program. */
static __always_inline bool is_current(void)
{
	__u32 number = port;
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &number);

	return entry && entry->generation == generation &&
	       (entry->kind == VALE_PORT_DEVICE || entry->kind == VALE_PORT_SOCKETS);
}

/* The frame's metadata says, by four bytes for each pair before it, whose turn it is. */
static __always_inline int send(struct xdp_md *frame)
{
	__u32 metadata = frame->data - frame->data_meta, pair = metadata / sizeof(__u32), zero = 0;
	struct vale_xsk_state *state = bpf_map_lookup_elem(&xsk_state, &zero);
	struct sending sending = {
		.frame = frame,
		.shared = bpf_map_lookup_elem(&region, &pair),
		.good = true,
	};

	if (!state || !sending.shared || pair >= VALE_RINGS)
		return XDP_DROP;
	sending.cursor = &state->cursor[pair];
	if (sending.cursor->next == sending.cursor->end || !is_current() ||
	    (metadata && bpf_xdp_adjust_meta(frame, metadata)))
		return XDP_DROP;
	if (send_slot(&sending))
		bpf_loop(VALE_FRAGMENTS, send_slot_step, &sending, 0);
	if (!sending.good || sending.length > LIVE_MAX)
		return send_drop(&sending);
	return send_frame(frame, sending.length);
}

SEC("xdp.frags")
int vale_xsk(struct xdp_md *frame)
{
	return frame->ingress_ifindex == LOOPBACK ? send(frame) : receive(frame);
}

char LICENSE[] SEC("license") = "GPL";
