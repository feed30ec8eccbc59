// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The binary interface of netmap's programs, as its version 14 has it: numbers that were measured
 * with programs compiled against netmap's own headers. Nothing here may change.
 */
#include <stddef.h>

#include <criterion/criterion.h>

#include "net/netmap_user.h"
#include "vale/ring.h"

#define has_size(type, size)	    cr_assert_eq(sizeof(struct type), size)
#define is_at(type, member, offset) cr_assert_eq(offsetof(struct type, member), offset)

Test(netmap_abi, calls)
{
	cr_assert_eq(NIOCGINFO, 0xc03c6991);
	cr_assert_eq(NIOCREGIF, 0xc03c6992);
	cr_assert_eq(NIOCTXSYNC, 0x6994);
	cr_assert_eq(NIOCRXSYNC, 0x6995);
	cr_assert_eq(NIOCCONFIG, 0xc1106996);
	cr_assert_eq(NIOCCTRL, 0xc0586997);
}

Test(netmap_abi, slots_and_rings)
{
	has_size(netmap_slot, 16);
	is_at(netmap_slot, len, 4);
	is_at(netmap_slot, flags, 6);
	is_at(netmap_slot, ptr, 8);
	is_at(netmap_ring, buf_ofs, 0);
	is_at(netmap_ring, num_slots, 8);
	is_at(netmap_ring, nr_buf_size, 12);
	is_at(netmap_ring, ringid, 16);
	is_at(netmap_ring, dir, 18);
	is_at(netmap_ring, head, 20);
	is_at(netmap_ring, cur, 24);
	is_at(netmap_ring, tail, 28);
	is_at(netmap_ring, flags, 32);
	is_at(netmap_ring, ts, 40);
	is_at(netmap_ring, offset_mask, 56);
	is_at(netmap_ring, buf_align, 64);
	is_at(netmap_ring, sem, 128);
	is_at(netmap_ring, slot, 256);
	is_at(netmap_if, ni_version, 16);
	is_at(netmap_if, ni_flags, 20);
	is_at(netmap_if, ni_tx_rings, 24);
	is_at(netmap_if, ni_rx_rings, 28);
	is_at(netmap_if, ni_bufs_head, 32);
	is_at(netmap_if, ni_host_tx_rings, 36);
	is_at(netmap_if, ni_host_rx_rings, 40);
	is_at(netmap_if, ring_ofs, 56);
}

/* The memory of a port is what a program of netmap expects. */
Test(netmap_abi, is_that_of_the_switch)
{
	cr_assert_eq(sizeof(struct netmap_slot), sizeof(struct vale_slot));
	cr_assert_eq(offsetof(struct netmap_ring, slot), offsetof(struct vale_ring, slot));
	cr_assert_eq(offsetof(struct netmap_ring, tail), offsetof(struct vale_ring, tail));
	cr_assert_eq(offsetof(struct netmap_if, ring_ofs), offsetof(struct vale_if, ring_ofs));
	cr_assert_eq(NS_MOREFRAG, VALE_SLOT_MORE);
	cr_assert_eq(NS_BUF_CHANGED, VALE_SLOT_BUF_CHANGED);
}

Test(netmap_abi, requests)
{
	has_size(nmreq_header, 88);
	is_at(nmreq_header, nr_reqtype, 2);
	is_at(nmreq_header, nr_reserved, 4);
	is_at(nmreq_header, nr_name, 8);
	is_at(nmreq_header, nr_options, 72);
	is_at(nmreq_header, nr_body, 80);
	has_size(nmreq_option, 24);
	is_at(nmreq_option, nro_reqtype, 8);
	is_at(nmreq_option, nro_status, 12);
	is_at(nmreq_option, nro_size, 16);
	has_size(nmreq_register, 56);
	is_at(nmreq_register, nr_memsize, 8);
	is_at(nmreq_register, nr_tx_slots, 16);
	is_at(nmreq_register, nr_rx_slots, 20);
	is_at(nmreq_register, nr_tx_rings, 24);
	is_at(nmreq_register, nr_host_tx_rings, 28);
	is_at(nmreq_register, nr_mem_id, 32);
	is_at(nmreq_register, nr_ringid, 34);
	is_at(nmreq_register, nr_mode, 36);
	is_at(nmreq_register, nr_extra_bufs, 40);
	is_at(nmreq_register, nr_flags, 48);
	has_size(nmreq_port_info_get, 32);
	is_at(nmreq_port_info_get, nr_mem_id, 24);
	has_size(nmreq_vale_attach, 64);
	is_at(nmreq_vale_attach, port_index, 56);
	has_size(nmreq_vale_detach, 8);
	has_size(nmreq_vale_list, 8);
	is_at(nmreq_vale_list, nr_port_idx, 4);
	has_size(nmreq_port_hdr, 8);
	has_size(nmreq_vale_newif, 16);
	is_at(nmreq_vale_newif, nr_mem_id, 12);
	has_size(nmreq_vale_polling, 16);
	has_size(nmreq_pools_info, 64);
	is_at(nmreq_pools_info, nr_buf_pool_objsize, 60);
	has_size(nmreq_sync_kloop_start, 8);
}

Test(netmap_abi, options_and_the_older_request)
{
	has_size(nmreq_opt_extmem, 96);
	has_size(nmreq_opt_csb, 40);
	has_size(nmreq_opt_sync_kloop_mode, 32);
	has_size(nmreq_opt_offsets, 56);
	is_at(nmreq_opt_sync_kloop_eventfds, eventfds, 24);
	has_size(nm_csb_atok, 64);
	has_size(nm_csb_ktoa, 64);
	has_size(nmreq, 60);
	is_at(nmreq, nr_version, 16);
	is_at(nmreq, nr_offset, 20);
	is_at(nmreq, nr_memsize, 24);
	is_at(nmreq, nr_tx_rings, 36);
	is_at(nmreq, nr_ringid, 40);
	is_at(nmreq, nr_cmd, 42);
	is_at(nmreq, nr_arg1, 44);
	is_at(nmreq, nr_arg2, 46);
	is_at(nmreq, nr_arg3, 48);
	is_at(nmreq, nr_flags, 52);
	has_size(nm_ifreq, 272);
}
