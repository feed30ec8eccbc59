// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The layout that programs outside of this tree read from the pinned maps. Whoever changes a number
 * here has changed VALE_ABI.
 */
#include <criterion/criterion.h>

#include "vale/abi.h"

#define is_at(type, member, offset) cr_assert_eq(offsetof(struct type, member), offset)

Test(abi, sizes)
{
	cr_assert_eq(VALE_ABI, 3);
	cr_assert_eq(VALE_NAME_SIZE, 16);
	cr_assert_eq(VALE_PORTS, 254);
	cr_assert_eq(sizeof(struct vale_switch), 104);
	cr_assert_eq(sizeof(struct vale_port_entry), 144);
	cr_assert_eq(sizeof(struct vale_device), 16);
	cr_assert_eq(sizeof(struct vale_fdb_key), 8);
	cr_assert_eq(sizeof(struct vale_fdb_entry), 16);
	cr_assert_eq(sizeof(struct vale_stats), 320);
	cr_assert_eq(sizeof(struct vale_bucket), 16);
	cr_assert_eq(sizeof(struct vale_limit), 8280);
	cr_assert_eq(sizeof(struct vale_sysctl), 16);
}

Test(abi, members)
{
	is_at(vale_switch, abi, 0);
	is_at(vale_switch, fdb_size, 4);
	is_at(vale_switch, age_ns, 8);
	is_at(vale_switch, ports_end, 20);
	is_at(vale_port_entry, name, 0);
	is_at(vale_port_entry, device, 16);
	is_at(vale_port_entry, netns, 32);
	is_at(vale_port_entry, ifindex, 40);
	is_at(vale_port_entry, kind, 44);
	is_at(vale_port_entry, hook, 52);
	is_at(vale_fdb_key, mac, 0);
	is_at(vale_fdb_key, vlan, 6);
	is_at(vale_fdb_entry, port, 0);
	is_at(vale_fdb_entry, claim, 2);
	is_at(vale_fdb_entry, seen_ns, 8);
	is_at(vale_limit, macs, 8);
	is_at(vale_limit, storm, 40);
	is_at(vale_limit, claims, 88);
	is_at(vale_bucket, full_ns, 8);
	is_at(vale_stats, received_frames, 0);
	is_at(vale_stats, unlearned, 56);
	is_at(vale_stats, sent_frames, 16);
	is_at(vale_stats, drops, 64);
	is_at(vale_stats, lost, 192);
	is_at(vale_sysctl, abi, 0);
}

Test(abi, numbers_in_maps)
{
	cr_assert_eq(VALE_PORT_FREE, 0);
	cr_assert_eq(VALE_PORT_DEVICE, 2);
	cr_assert_eq(VALE_PORT_RING, 3);
	cr_assert_eq(VALE_HOOK_NATIVE, 1);
	cr_assert_eq(VALE_HOOK_GENERIC, 2);
	cr_assert_eq(VALE_DROP_SHORT, 0);
	cr_assert_eq(VALE_DROP_INVALID, 4);
	cr_assert_eq(VALE_DROP_MTU, 6);
	cr_assert_eq(VALE_DROP_REFUSED, 9);
	cr_assert_eq(VALE_DROP_CLOSED, 12);
	cr_assert_eq(VALE_DROP_HEADER, 13);
	cr_assert_eq(VALE_DROP_STORM, 14);
	cr_assert_eq(VALE_DROP_REASONS, 15);
	cr_assert_eq(VALE_STORM_BROADCAST, 0);
	cr_assert_eq(VALE_STORM_MULTICAST, 1);
	cr_assert_eq(VALE_STORM_UNKNOWN, 2);
}
