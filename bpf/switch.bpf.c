// SPDX-License-Identifier: GPL-2.0
/*
 * The maps of a switch, and programs that watch what the kernel does: that it could not deliver a
 * frame after we had handed it over, and that a client has ended.
 */
#include "watch.h"
#include <linux/errno.h>

#include "client.h"

/* The map stays when the programs are replaced: whoever changes this has changed VALE_ABI. */
VALE_ASSERT(sizeof(struct scratch) == 16952, "layout of scratch");

static __always_inline enum vale_drop reason_of(int error)
{
	switch (error) {
	case -EMSGSIZE:
		return VALE_DROP_MTU;
	case -ENETDOWN:
		return VALE_DROP_DOWN;
	default:
		return VALE_DROP_REFUSED;
	}
}

/*
 * Tells, when it is run once, what the kernel can do. Drivers that say whether they send frames of
 * several buffers came with the redirecting of such frames.
 */
SEC("syscall")
int probe_fragments(void *context)
{
	return bpf_core_enum_value_exists(enum netdev_xdp_act, NETDEV_XDP_ACT_NDO_XMIT_SG);
}

/* Of a device: it is the outer end of the port's pair. */
static __always_inline bool is_outer(__u32 port, const struct net_device *device)
{
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &port);

	return entry && watch_is(device, &entry->outer);
}

/*
 * A socket did not take a frame: its program gives it too few buffers, or does not look at what has
 * come. On the outer end of a pair, it is not known any more where the frame came from.
 */
static __always_inline void lose_at_socket(const struct net_device *device)
{
	__u32 zero = 0, port = watch_port_of(device);
	struct scratch *memory = bpf_map_lookup_elem(&scratch, &zero);
	struct vale_stats *counters = stats_of(port);

	if (!memory || !counters)
		return;
	if (!is_outer(port, device)) {
		watch_take_back(memory->sockets, VALE_DROP_FULL);
		return;
	}
	counters->sent_frames--;
	counters->drops[VALE_DROP_FULL]++;
}

/* Nobody gets a copy behind the first that could not be made: not the last one, at least. */
static __always_inline void lose_copy(void)
{
	__u32 zero = 0;
	struct scratch *memory = bpf_map_lookup_elem(&scratch, &zero);

	if (memory)
		watch_take_back(memory->receiver, VALE_DROP_REFUSED);
}

/*
 * A frame did not get into the queue of the device at `index` of the map `map_id`. Of a flood the
 * reasons are known beforehand, but for one: that there was no memory to copy it.
 */
SEC("tp_btf/xdp_redirect_err")
int BPF_PROG(redirect_failed, const struct net_device *from, const struct bpf_prog *program,
	     const void *target, int error, enum bpf_map_type map_type, __u32 map_id, __u32 index)
{
	__u32 zero = 0;
	struct vale_switch *state = bpf_map_lookup_elem(&switch_state, &zero);

	if (!state)
		return 0;
	if (map_type == BPF_MAP_TYPE_XSKMAP)
		lose_at_socket(from);
	else if (map_id == state->devmap_id[VALE_DEVMAP_ONE] ||
		 map_id == state->devmap_id[VALE_DEVMAP_ONE_SHARED])
		watch_take_back(index, reason_of(error));
	else if (error == -ENOMEM && (map_id == state->devmap_id[VALE_DEVMAP_FLOOD] ||
				      map_id == state->devmap_id[VALE_DEVMAP_FLOOD_SHARED]))
		lose_copy();
	return 0;
}

/*
 * `drops` of the frames in the queue of `to` were not taken by its driver, though they have been
 * counted as sent; or vale_transmit() has thrown them away.
 */
SEC("tp_btf/xdp_devmap_xmit")
int BPF_PROG(transmitted, const struct net_device *from, const struct net_device *to, int sent,
	     int drops, int error)
{
	__u32 zero = 0, refused, port;
	struct vale_stats *counters;
	struct scratch *memory;

	if (drops <= 0)
		return 0;
	port = watch_port_of(to);
	counters = stats_of(port);
	memory = bpf_map_lookup_elem(&scratch, &zero);
	if (!counters || !memory)
		return 0;
	refused = drops - memory->returned;
	memory->returned = 0;
	counters->sent_frames -= refused;
	stats_lose(port, memory->source, VALE_DROP_REFUSED, refused);
	return 0;
}

/* ---- the end of a process ---------------------------------------------------------------------- */

static long forget_client(__u32 port, __u32 *process)
{
	void *states = bpf_map_lookup_elem(&ring_states, &port);
	__u32 zero = 0;
	struct vale_ring_state *first = states ? bpf_map_lookup_elem(states, &zero) : NULL;

	if (first)
		client_end(states, first, *process);
	return 0;
}

static __always_inline void forget(const struct task_struct *task)
{
	__u32 process = task->tgid, *rest = client_rest(process);

	if (rest && READ_ONCE(*rest))
		bpf_loop(VALE_PORTS, forget_client, &process, 0);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_ended, struct task_struct *task)
{
	if (!task->signal->live.counter) /* or else other threads of it live */
		forget(task);
	return 0;
}

/* What a process had open when it became another program, it has no more. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_replaced, struct task_struct *task)
{
	forget(task);
	return 0;
}

/* ---- what is attached -------------------------------------------------------------------------- */

struct watcher on_redirect SEC(".maps") = { .values = { (void *)&redirect_failed } };
struct watcher on_transmit SEC(".maps") = { .values = { (void *)&transmitted } };
struct watcher on_exit SEC(".maps") = { .values = { (void *)&process_ended } };
struct watcher on_exec SEC(".maps") = { .values = { (void *)&process_replaced } };
struct watcher on_stack SEC(".maps"); /* of segments.bpf.c */

SEC("tp_btf/xdp_redirect_err")
int watch_redirect(void *context)
{
	bpf_tail_call(context, &on_redirect, 0);
	return 0;
}

SEC("tp_btf/xdp_devmap_xmit")
int watch_transmit(void *context)
{
	bpf_tail_call(context, &on_transmit, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int watch_exit(void *context)
{
	bpf_tail_call(context, &on_exit, 0);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int watch_exec(void *context)
{
	bpf_tail_call(context, &on_exec, 0);
	return 0;
}

/* ---- new programs ------------------------------------------------------------------------------ */

static long renew_pair(__u32 pair, __u32 *port)
{
	struct vale_ring_state *state = rings_state(*port, pair);

	if (!state)
		return 1;
	__sync_fetch_and_add(&state->programs, 1);
	return 0;
}

/* A ring port has got new ones: its clients are told. */
SEC("syscall")
int renew(struct vale_renew_request *request)
{
	__u32 port = request->port;

	bpf_loop(VALE_RINGS, renew_pair, &port, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
