// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* NETMAP_REQ_REGISTER: binds a file to a port. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "monitor.h"
#include "persistent.h"
#include "loader/ring_port.h"

/* What is asked for, in the library's terms. */
struct binding {
	struct vale_open_options options;
	bool no_tx, no_rx; /* rings of this direction are not wanted */
	bool no_tx_poll, do_rx_poll;
	bool knows_header; /* the program can do with virtio-net headers */
	__u32 extra_buffers;
	__u16 memory_id;  /* 0: any */
	const char *pipe; /* its name; NULL: none */
	__u32 end;
	__u32 monitor; /* NR_MONITOR_*, NR_ZCOPY_MON; 0: it is none */
};

static __u32 least(__u32 a, __u32 b)
{
	return a < b ? a : b;
}

static __u32 most(__u32 a, __u32 b)
{
	return a > b ? a : b;
}

/* As netmap, what is too much is what there can be, and the program is told. */
static void take_sizes(const struct nmreq_register *reg, struct vale_ring_options *out)
{
	out->rings = least(most(reg->nr_tx_rings, reg->nr_rx_rings), VALE_RINGS);
	out->tx_slots = least(reg->nr_tx_slots, VALE_SLOTS);
	out->rx_slots = least(reg->nr_rx_slots, VALE_SLOTS);
	out->pipes = NEW_PORT_PIPES;
}

static int take_mode(const struct nmreq_register *reg, struct binding *binding)
{
	switch (reg->nr_mode) {
	case NR_REG_ALL_NIC:
		return 0;
	case NR_REG_ONE_NIC:
		binding->options.one_ring = (reg->nr_ringid & NETMAP_RING_MASK) + 1;
		return 0;
	case NR_REG_NULL:
		binding->no_tx = binding->no_rx = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int take_request(const struct nmreq_register *reg, struct binding *binding)
{
	const __u64 one_direction = NR_RX_RINGS_ONLY | NR_TX_RINGS_ONLY;

	if ((reg->nr_flags & one_direction) == one_direction)
		return -EINVAL;
	binding->monitor = reg->nr_flags & (NR_MONITOR_TX | NR_MONITOR_RX | NR_ZCOPY_MON);
	if (binding->monitor && reg->nr_mode != NR_REG_ALL_NIC)
		return -EINVAL;
	binding->options.transport = VALE_TRANSPORT_RING;
	binding->options.ring.size = sizeof(binding->options.ring);
	take_sizes(reg, &binding->options.ring);
	if (reg->nr_flags & NR_EXCLUSIVE)
		binding->options.flags |= VALE_OPEN_EXCLUSIVE;
	binding->no_tx = reg->nr_flags & NR_RX_RINGS_ONLY;
	binding->no_rx = reg->nr_flags & NR_TX_RINGS_ONLY;
	binding->no_tx_poll = reg->nr_flags & NR_NO_TX_POLL;
	binding->do_rx_poll = reg->nr_flags & NR_DO_RX_POLL;
	binding->knows_header = reg->nr_flags & NR_ACCEPT_VNET_HDR;
	binding->extra_buffers = reg->nr_extra_bufs;
	binding->memory_id = reg->nr_mem_id;
	return take_mode(reg, binding);
}

/* The port is the pipe's parent: what is said of rings is not said of its own. */
static int take_pipe_request(const char *parent, const struct nmreq_register *reg,
			     struct binding *binding)
{
	if (!*parent || (binding->pipe && !*binding->pipe) || reg->nr_mode == NR_REG_NULL ||
	    (reg->nr_mode == NR_REG_ONE_NIC && reg->nr_ringid & NETMAP_RING_MASK))
		return -EINVAL;
	binding->options.flags = binding->monitor ? VALE_OPEN_EXISTING : 0;
	binding->options.one_ring = 0;
	binding->options.ring = (struct vale_ring_options){
		.size = sizeof(struct vale_ring_options),
		.pipes = NEW_PORT_PIPES,
	};
	return 0;
}

/* netmap's errno for the library's. */
static int translate(int error)
{
	switch (-error) {
	case ENOTTY: /* the port is an interface's */
		return -EBUSY;
	case ERANGE:
	case EEXIST: /* it is called like an interface */
		return -EINVAL;
	case ENOSPC:
	case E2BIG:
	case EINVAL: /* the name is none */
	case ENOTSUP:
	case ENODEV: /* there is no bpffs */
	case ENOENT:
	case EPROTO:
		return -ENOMEM;
	default:
		return error;
	}
}

/* An interface is no switch's port; what it would take to serve it, there is not. */
static void explain_interface(const char *name)
{
	if (if_nametoindex(name))
		explain(name,
			"only ports of VALE switches are served: 'valectl attach vale1:a %s' puts "
			"the interface on one",
			name);
}

/* A monitor is of a port that somebody has open. */
static bool is_open(struct vale *vale, const char *name)
{
	struct vale_port_info info;

	return !vale_port_get(vale, name, &info) && info.clients;
}

/* A program that does not say that it knows them would take a port's headers for frames. */
static int check_header(const char *name, const struct binding *binding, struct vale_port **port)
{
	if (!(*port)->state->vnet_header || binding->knows_header || binding->pipe ||
	    binding->monitor)
		return 0;
	explain(name,
		"its frames have virtio-net headers, which the program does not know: "
		"'valectl port header %s 0' takes them off",
		name);
	vale_port_close(*port);
	*port = NULL;
	return -EIO;
}

static int open_port(const char *name, const struct binding *binding, struct vale_port **out)
{
	CLEANUP_VALE struct vale *vale = NULL;
	char full[NETMAP_REQ_IFNAMSIZ];
	int error = switches_open(&vale);

	if (error) {
		explain(name, "%s", vale_open_reason(error));
		return translate(error);
	}
	error = port_name_of(vale, name, full);
	if (error && binding->pipe && !if_nametoindex(name))
		error = persistent_name(name, full); /* a parent that goes with its pipes */
	if (error) {
		explain_interface(name);
		return error;
	}
	if (binding->monitor && !is_open(vale, full))
		return -EINVAL;
	error = vale_port_open(vale, full, &binding->options, out);
	if (error)
		explain(full, "%s", vale_reason(vale));
	if (error == -EEXIST && request_is_attached(vale, full))
		return -EBUSY;
	return error ? translate(error) : check_header(full, binding, out);
}

static void take_rings(struct file *file, const struct binding *binding)
{
	file->first_tx = file->first_rx = file->port->first;
	file->end_tx = binding->no_tx ? file->first_tx : file->port->end;
	file->end_rx = binding->no_rx ? file->first_rx : file->port->end;
	file->no_tx_poll = binding->no_tx_poll;
	file->do_rx_poll = binding->do_rx_poll;
}

static void describe(const struct file *file, struct nmreq_register *reg)
{
	const struct vale_port *port = file->port;
	const struct pipe_end *pipe = file->pipe;

	reg->nr_offset = file->offset;
	vale_port_memory(port, &reg->nr_memsize);
	reg->nr_tx_slots = (pipe ? pipe->mask : port->state->tx_mask) + 1;
	reg->nr_rx_slots = (pipe ? pipe->mask : port->state->rx_mask) + 1;
	reg->nr_tx_rings = reg->nr_rx_rings = pipe ? 1 : port->pairs;
	reg->nr_host_tx_rings = port->region->interface.ni_host_tx_rings;
	reg->nr_host_rx_rings = port->region->interface.ni_host_rx_rings;
	reg->nr_mem_id = file->memory_id;
}

/* Of who does not say how many slots it wants: as many as the port's rings have, if there is room. */
static __u32 slots_wanted(const struct vale_port *port, const struct binding *binding)
{
	if (binding->monitor && !port->pipes)
		return MONITOR_SLOTS;
	return most(port->state->tx_mask, port->state->rx_mask) + 1;
}

/* A pipe has one ring in each direction, whatever the port has, and a monitor one to receive. */
static int take_pipe(struct file *file, const struct binding *binding,
		     const struct nmreq_register *reg)
{
	__u32 slots = most(reg->nr_tx_slots, reg->nr_rx_slots);
	struct pipe_wish wish = {
		.id = binding->pipe,
		.end = binding->end,
		.slots = slots ? slots : slots_wanted(file->port, binding),
		.less = !slots,
		.exclusive = reg->nr_flags & NR_EXCLUSIVE,
		.monitor = binding->monitor,
	};
	int error = binding->monitor ? monitor_bind(file, &wish) : pipe_bind(file, &wish);

	if (error)
		return error;
	file->first_tx = file->first_rx = 0;
	file->end_tx = !binding->no_tx && !binding->monitor;
	file->end_rx = !binding->no_rx;
	return 0;
}

/* The port is open; the rest. It is closed again when this fails. */
static int bind_port(struct file *file, const struct binding *binding, struct nmreq_register *reg,
		     int carrier)
{
	__u32 extra_buffers = binding->extra_buffers;
	CLEANUP_CLOSE int lock = -1;
	int error;

	take_rings(file, binding);
	file->memory_id = memory_id_of(ring_memory_id(file->port->region_map));
	if (binding->memory_id && binding->memory_id != file->memory_id)
		return -EINVAL;
	error = pool_lock(file->port, &lock);
	if (!error && (binding->pipe || binding->monitor))
		error = take_pipe(file, binding, reg);
	if (!error)
		error = pool_bind(file, &extra_buffers);
	if (!error)
		error = vale_port_send(file->port, carrier);
	if (error)
		return error;
	reg->nr_extra_bufs = extra_buffers;
	describe(file, reg);
	return 0;
}

static int bind_file(struct request *request, const struct binding *binding)
{
	CLEANUP_PORT struct vale_port *port = NULL;
	struct file *file = request->file;
	int error;

	if (file->bound)
		return -EBUSY;
	error = open_port(request->name, binding, &port);
	if (error)
		return error;
	file->port = port;
	file->process = layer_process;
	error = bind_port(file, binding, &request->body.reg, request->fd);
	if (error) {
		pool_undo(file);
		file->port = NULL;
		return error;
	}
	hide_port(TAKE(port, NULL));
	atomic_store_explicit(&file->bound, true, memory_order_release);
	return 0;
}

int request_register(struct request *request)
{
	struct binding binding = { .options.size = sizeof(binding.options) };
	int error;

	binding.pipe = pipe_cut_name(request->name, &binding.end);
	if (request->file->bound)
		return -EBUSY;
	error = take_request(&request->body.reg, &binding);
	if (!error && (binding.pipe || binding.monitor))
		error = take_pipe_request(request->name, &request->body.reg, &binding);
	if (error)
		return error;
	pthread_mutex_lock(&file_lock);
	error = bind_file(request, &binding);
	pthread_mutex_unlock(&file_lock);
	return error;
}
