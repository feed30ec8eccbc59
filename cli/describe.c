// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What the library tells, as JSON: the one source of both kinds of output. */
#include <stdio.h>
#include <string.h>

#include "command.h"

json_t *describe_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string)
		return string;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

json_t *describe_switch(const struct vale_switch_info *info)
{
	if (info->abi != VALE_ABI)
		return json_pack("{s:s, s:I}", "name", info->name, "abi", (json_int_t)info->abi);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "name", info->name, "abi",
			 (json_int_t)info->abi, "ports", (json_int_t)info->ports, "addresses",
			 (json_int_t)info->addresses, "fdb_size", (json_int_t)info->fdb_size, "age",
			 (json_int_t)info->age, "version", describe_text(info->version));
}

static const char *state_word(enum vale_port_state state)
{
	static const char *const words[] = {
		[VALE_PORT_UP] = "up",	   [VALE_PORT_DOWN] = "down",
		[VALE_PORT_GONE] = "gone", [VALE_PORT_DISTANT] = "distant",
		[VALE_PORT_OPEN] = "open", [VALE_PORT_CLOSED] = "closed",
	};

	return words[state];
}

static json_t *describe_reasons(const __u64 *counts, __u64 *sum)
{
	json_t *reasons = json_object();

	*sum = 0;
	for (int reason = 0; reason < VALE_DROP_REASONS; reason++) {
		json_object_set_new(reasons, vale_drop_name(reason), json_integer(counts[reason]));
		*sum += counts[reason];
	}
	return reasons;
}

json_t *describe_counters(const struct vale_stats *counters)
{
	__u64 dropped, lost;
	json_t *drops = describe_reasons(counters->drops, &dropped);
	json_t *losses = describe_reasons(counters->lost, &lost);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
			 "received_frames", (json_int_t)counters->received_frames, "received_bytes",
			 (json_int_t)counters->received_bytes, "sent_frames",
			 (json_int_t)counters->sent_frames, "sent_bytes",
			 (json_int_t)counters->sent_bytes, "flooded", (json_int_t)counters->flooded,
			 "copies", (json_int_t)counters->copies, "checksums_completed",
			 (json_int_t)counters->checksums, "unlearned",
			 (json_int_t)counters->unlearned, "dropped", (json_int_t)dropped,
			 "lost_at_receivers", (json_int_t)lost, "drops", drops, "lost", losses);
}

static void note(json_t *notes, const char *text)
{
	json_array_append_new(notes, json_string(text));
}

static bool hook_is_xdp_alone(const struct vale_port_info *info)
{
	return info->hook != VALE_HOOK_TC && !(info->flags & VALE_PORT_TC);
}

/* `counters` may be NULL. */
json_t *describe_notes(const struct vale_port_info *info, const struct vale_stats *counters)
{
	json_t *notes = json_array();

	if (!strcmp(info->kind, "tun") && hook_is_xdp_alone(info))
		note(notes, "a virtual machine on this tap must not leave segmentation to the "
			    "host, whose frames XDP cannot carry: attach it with '--hook auto', or "
			    "give QEMU's virtio-net-pci the "
			    "properties host_tso4=off,host_tso6=off,host_ufo=off,host_ecn=off "
			    "(libvirt: <driver><host tso4='off' tso6='off' ufo='off' ecn='off'/>"
			    "</driver>)");
	if (counters && counters->drops[VALE_DROP_OFFLOAD])
		note(notes, "frames longer than the sender's MTU were dropped (offload): the "
			    "sender leaves segmentation to the switch and must be told not to");
	if (counters && counters->drops[VALE_DROP_REFUSED])
		note(notes, "the device refused frames (refused): its queue was full, nobody "
			    "reads it, or the far end of a veth does not receive (ethtool -K "
			    "FAR_END gro on)");
	if (counters && counters->drops[VALE_DROP_CUT])
		note(notes,
		     "floods did not come as far as this port (cut): the generic hook of "
		     "the sender's port ends a flood at the first device that is down or has "
		     "too small an MTU: bring that up, or detach it");
	if (counters && counters->drops[VALE_DROP_FULL])
		note(notes, "its client did not keep up (full): more slots, or a client that "
			    "receives faster; senders that open their port lossless wait instead");
	if (counters && counters->drops[VALE_DROP_INVALID])
		note(notes,
		     "its client has sent slots that make no sense (invalid): a length of "
		     "less than 14 or more than 2048 bytes, no such buffer, or a frame without "
		     "an end");
	if (counters && counters->drops[VALE_DROP_SPOOFED])
		note(notes, "its client has sent from addresses that the port is not bound to "
			    "(spoofed)");
	if (counters && counters->drops[VALE_DROP_STORM])
		note(notes,
		     "it has sent more frames to all, to groups or to unknown addresses than "
		     "its limits allow (storm)");
	if (counters && counters->unlearned)
		note(notes, "there were more addresses behind it than its limit allows: they were "
			    "not learned (unlearned), and frames to them are flooded");
	if (info->state == VALE_PORT_GONE)
		note(notes, "the device was deleted or moved to another network namespace: "
			    "detach the port, or attach another device under its name");
	if (info->state == VALE_PORT_DISTANT)
		note(notes, "the device is in a network namespace that has no name and no "
			    "process: frames are forwarded, but what it is called now cannot be "
			    "seen");
	if (info->hook == VALE_HOOK_GENERIC)
		note(notes, "generic XDP: each frame becomes an skb first, which is slower than "
			    "in the driver");
	return notes;
}

const char *hook_word(const struct vale_port_info *info)
{
	if (!strcmp(info->kind, "ring"))
		return "txsync";
	if (info->flags & VALE_PORT_TC)
		return "xdp+tc";
	if (info->hook == VALE_HOOK_TC)
		return "tc";
	return info->hook == VALE_HOOK_GENERIC ? "generic" : "xdp";
}

/* What the hook is good for, and so why it was chosen. */
static const char *hook_reason(const struct vale_port_info *info)
{
	if (info->flags & VALE_PORT_TC)
		return "xdp for plain frames, tc for those that the tap's user leaves to be segmented or "
		       "with an open checksum";
	if (info->flags & VALE_PORT_KEEPS_HOST && info->hook == VALE_HOOK_TC)
		return "for the stack behind the interface, which stays connected";
	switch (info->hook) {
	case VALE_HOOK_TC:
		return "for a far end that leaves segments and checksums to its device";
	case VALE_HOOK_GENERIC:
		return "for drivers that have no XDP";
	default:
		return "for many small frames, complete as they are";
	}
}

static json_t *describe_device(const struct vale_port_info *info)
{
	return json_pack("{s:o, s:s, s:I, s:I, s:b, s:b, s:b, s:I}", "device",
			 describe_text(info->device), "hook_reason", hook_reason(info), "ifindex",
			 (json_int_t)info->ifindex, "mtu", (json_int_t)info->mtu, "other_namespace",
			 info->elsewhere, "shared", !!(info->flags & VALE_PORT_SHARED),
			 "keeps_host", !!(info->flags & VALE_PORT_KEEPS_HOST), "program",
			 (json_int_t)info->program);
}

static json_t *describe_clients(const struct vale_port_info *info)
{
	json_t *clients = json_array();

	for (__u32 i = 0; i < info->clients && i < VALE_CLIENTS_SHOWN; i++)
		json_array_append_new(clients, json_integer(info->client[i]));
	return clients;
}

static json_t *describe_xsk(const struct vale_port_info *info)
{
	static const char *const modes[] = {
		[VALE_XSK_NONE] = "none",
		[VALE_XSK_COPY] = "copy",
		[VALE_XSK_ZERO_COPY] = "zero copy",
	};

	return json_pack("{s:o, s:I, s:s, s:I, s:b, s:o}", "outer", describe_text(info->outer),
			 "queues", (json_int_t)info->rings, "mode", modes[info->mode], "never_sent",
			 (json_int_t)info->never_sent, "ephemeral",
			 !!(info->flags & VALE_PORT_EPHEMERAL), "clients", describe_clients(info));
}

static json_t *describe_rings(const struct vale_port_info *info)
{
	json_t *macs = json_array();

	for (__u32 i = 0; i < info->bound; i++)
		json_array_append_new(macs, describe_mac(info->macs[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o}", "rings",
			 (json_int_t)info->rings, "pipes", (json_int_t)info->pipes, "tx_slots",
			 (json_int_t)info->tx_slots, "rx_slots", (json_int_t)info->rx_slots,
			 "vnet_header", (json_int_t)info->vnet_header, "memory",
			 (json_int_t)info->memory, "memory_id", (json_int_t)info->memory_id,
			 "owner", (json_int_t)info->owner, "ephemeral",
			 !!(info->flags & VALE_PORT_EPHEMERAL), "macs", macs, "clients",
			 describe_clients(info));
}

json_t *describe_port(const struct vale_port_info *info, const struct vale_stats *counters)
{
	json_t *port = json_pack("{s:s, s:I, s:s, s:s, s:s}", "port", info->name, "number",
				 (json_int_t)info->number, "kind", info->kind, "hook",
				 hook_word(info), "state", state_word(info->state));
	json_t *rest = strcmp(info->kind, "ring") ? describe_device(info) : describe_rings(info);

	json_object_update(port, rest);
	json_decref(rest);
	if (info->flags & VALE_PORT_XSK) {
		rest = describe_xsk(info);
		json_object_update(port, rest);
		json_decref(rest);
	}
	if (info->flags & VALE_PORT_HOST)
		json_object_set_new(port, "outer", describe_text(info->outer));
	json_object_set_new(port, "limits", describe_limits(info));
	json_object_set_new(port, "counters", describe_counters(counters));
	json_object_set_new(port, "notes", describe_notes(info, counters));
	return port;
}

json_t *describe_mac(const __u8 mac[VALE_MAC_SIZE])
{
	char text[3 * VALE_MAC_SIZE];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return json_string(text);
}
