// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The older interface, struct nmreq: translated to the requests of the newer one and back. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "layer.h"

/* ---- registering ------------------------------------------------------------------------------- */

/* Before there were modes, the flags of the ring's number said which rings. */
static __u32 old_mode(__u16 ring)
{
	if (ring & NETMAP_SW_RING)
		return NR_REG_SW;
	return ring & NETMAP_HW_RING ? NR_REG_ONE_NIC : NR_REG_ALL_NIC;
}

/* Pipes are part of the name now. */
static int take_pipe(struct request *request, struct nmreq_register *reg)
{
	size_t used = strlen(request->name);
	bool master = reg->nr_mode == NR_REG_PIPE_MASTER;

	if (!master && reg->nr_mode != NR_REG_PIPE_SLAVE)
		return 0;
	snprintf(request->name + used, sizeof(request->name) - used, "%c%u", master ? '{' : '}',
		 reg->nr_ringid);
	reg->nr_mode = NR_REG_ALL_NIC;
	reg->nr_ringid = 0;
	return 0;
}

static int take_register(const struct nmreq *old, struct request *request)
{
	struct nmreq_register *reg = &request->body.reg;

	*reg = (struct nmreq_register){
		.nr_tx_slots = old->nr_tx_slots,
		.nr_rx_slots = old->nr_rx_slots,
		.nr_tx_rings = old->nr_tx_rings,
		.nr_rx_rings = old->nr_rx_rings,
		.nr_mem_id = old->nr_arg2,
		.nr_ringid = old->nr_ringid & NETMAP_RING_MASK,
		.nr_mode = old->nr_flags & NR_REG_MASK,
		.nr_extra_bufs = old->nr_arg3,
		.nr_flags = old->nr_flags & ~NR_REG_MASK,
	};
	if (reg->nr_mode == NR_REG_DEFAULT)
		reg->nr_mode = old_mode(old->nr_ringid);
	if (old->nr_ringid & NETMAP_NO_TX_POLL)
		reg->nr_flags |= NR_NO_TX_POLL;
	if (old->nr_ringid & NETMAP_DO_RX_POLL)
		reg->nr_flags |= NR_DO_RX_POLL;
	return take_pipe(request, reg);
}

static void give_register(const struct request *request, struct nmreq *old)
{
	const struct nmreq_register *reg = &request->body.reg;

	old->nr_offset = reg->nr_offset;
	old->nr_memsize = reg->nr_memsize;
	old->nr_tx_slots = reg->nr_tx_slots;
	old->nr_rx_slots = reg->nr_rx_slots;
	old->nr_tx_rings = reg->nr_tx_rings;
	old->nr_rx_rings = reg->nr_rx_rings;
	old->nr_arg2 = reg->nr_mem_id;
	old->nr_arg3 = reg->nr_extra_bufs;
}

/* ---- the others -------------------------------------------------------------------------------- */

static int take_attach(const struct nmreq *old, struct request *request)
{
	struct nmreq_register *reg = &request->body.attach.reg;
	int error = take_register(old, request);

	request->body.attach.port_index = 0;
	reg->nr_mode = old->nr_arg1 & NETMAP_BDG_HOST ? NR_REG_NIC_SW : NR_REG_ALL_NIC;
	return error;
}

static int take_nothing(const struct nmreq *old, struct request *request)
{
	(void)old;
	memset(&request->body, 0, sizeof(request->body));
	return 0;
}

static void give_nothing(const struct request *request, struct nmreq *old)
{
	(void)request;
	(void)old;
}

static int take_list(const struct nmreq *old, struct request *request)
{
	request->body.list = (struct nmreq_vale_list){ .nr_bridge_idx = old->nr_arg1,
						       .nr_port_idx = old->nr_arg2 };
	return 0;
}

static void give_list(const struct request *request, struct nmreq *old)
{
	old->nr_arg1 = request->body.list.nr_bridge_idx;
	old->nr_arg2 = request->body.list.nr_port_idx;
	memcpy(old->nr_name, request->name, sizeof(old->nr_name));
}

static int take_header(const struct nmreq *old, struct request *request)
{
	request->body.header = (struct nmreq_port_hdr){ .nr_hdr_len = old->nr_arg1 };
	return 0;
}

static void give_header(const struct request *request, struct nmreq *old)
{
	old->nr_arg1 = request->body.header.nr_hdr_len;
}

static int take_newif(const struct nmreq *old, struct request *request)
{
	request->body.newif = (struct nmreq_vale_newif){
		.nr_tx_slots = old->nr_tx_slots,
		.nr_rx_slots = old->nr_rx_slots,
		.nr_tx_rings = old->nr_tx_rings,
		.nr_rx_rings = old->nr_rx_rings,
		.nr_mem_id = old->nr_arg2,
	};
	return 0;
}

static int take_polling(const struct nmreq *old, struct request *request)
{
	request->body.polling = (struct nmreq_vale_polling){
		.nr_mode = old->nr_flags & NR_REG_MASK,
		.nr_first_cpu_id = old->nr_ringid & NETMAP_RING_MASK,
		.nr_num_polling_cpus = old->nr_arg1,
	};
	return 0;
}

struct command {
	__u16 type; /* 0: there is none such */
	int (*take)(const struct nmreq *old, struct request *request);
	void (*give)(const struct request *request, struct nmreq *old);
};

static const struct command commands[] = {
	[0] = { NETMAP_REQ_REGISTER, take_register, give_register },
	[NETMAP_BDG_ATTACH] = { NETMAP_REQ_VALE_ATTACH, take_attach, give_nothing },
	[NETMAP_BDG_DETACH] = { NETMAP_REQ_VALE_DETACH, take_nothing, give_nothing },
	[NETMAP_BDG_LIST] = { NETMAP_REQ_VALE_LIST, take_list, give_list },
	[NETMAP_BDG_VNET_HDR] = { NETMAP_REQ_PORT_HDR_SET, take_header, give_nothing },
	[NETMAP_BDG_NEWIF] = { NETMAP_REQ_VALE_NEWIF, take_newif, give_nothing },
	[NETMAP_BDG_DELIF] = { NETMAP_REQ_VALE_DELIF, take_nothing, give_nothing },
	[NETMAP_BDG_POLLING_ON] = { NETMAP_REQ_VALE_POLLING_ENABLE, take_polling, give_nothing },
	[NETMAP_BDG_POLLING_OFF] = { NETMAP_REQ_VALE_POLLING_DISABLE, take_polling, give_nothing },
	[NETMAP_VNET_HDR_GET] = { NETMAP_REQ_PORT_HDR_GET, take_header, give_header },
};

/* ---- NIOCREGIF, NIOCGINFO ---------------------------------------------------------------------- */

static int read_old(struct nmreq *old, void *argument)
{
	int error = user_read(old, (__u64)(unsigned long)argument, sizeof(*old));

	if (error)
		return error;
	return old->nr_version < NETMAP_MIN_API ? -EINVAL : 0;
}

static int write_old(const struct nmreq *old, void *argument)
{
	return user_write((__u64)(unsigned long)argument, old, sizeof(*old));
}

static void take_name(const struct nmreq *old, struct request *request)
{
	memcpy(request->name, old->nr_name, sizeof(old->nr_name));
	request->name[sizeof(old->nr_name) - 1] = 0;
}

int legacy_register(struct file *file, int fd, void *argument)
{
	struct request request = { .file = file, .fd = fd };
	const struct command *command;
	struct nmreq old;
	int error = read_old(&old, argument);

	if (error)
		return error;
	if (old.nr_cmd >= sizeof(commands) / sizeof(commands[0]) || !commands[old.nr_cmd].type)
		return old.nr_cmd == NETMAP_BDG_REGOPS ? -EOPNOTSUPP : -EINVAL;
	command = &commands[old.nr_cmd];
	request.type = command->type;
	take_name(&old, &request);
	error = command->take(&old, &request);
	if (!error)
		error = request_run(&request);
	if (error)
		return error;
	command->give(&request, &old);
	return write_old(&old, argument);
}

/* Without a name, it is asked what memory there is in common: none. */
int legacy_info(struct file *file, int fd, void *argument)
{
	struct request request = { .file = file, .fd = fd, .type = NETMAP_REQ_PORT_INFO_GET };
	const struct nmreq_port_info_get *info = &request.body.info;
	struct nmreq old;
	int error = read_old(&old, argument);

	if (error)
		return error;
	take_name(&old, &request);
	error = *request.name || file->bound ? request_run(&request) : 0;
	if (error)
		return error;
	old.nr_memsize = info->nr_memsize;
	old.nr_tx_slots = info->nr_tx_slots;
	old.nr_rx_slots = info->nr_rx_slots;
	old.nr_tx_rings = info->nr_tx_rings;
	old.nr_rx_rings = info->nr_rx_rings;
	old.nr_arg2 = info->nr_mem_id;
	return write_old(&old, argument);
}
