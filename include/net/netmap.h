/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The interface of netmap's programs, as libvale-netmap.so serves it: what such a program compiles
 * against on a machine that has no netmap. Names, numbers and layouts are netmap's, version 14 of
 * its interface. What of it works on a VALE switch made here is told in libvale-netmap(7).
 *
 * Fields are written by the program (p) or by the switch's side (s). Integers are in host byte order.
 */
#ifndef _NET_NETMAP_H_
#define _NET_NETMAP_H_

#include <net/if.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/types.h>

#define NETMAP_API     14
#define NETMAP_MIN_API 14
#define NETMAP_MAX_API 15

#define NM_CACHE_ALIGN 128

/* Structures end with arrays of no size, which C++ knows as an extension. */
#if defined(__cplusplus) && defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc99-extensions"
#endif

/* ---- rings ------------------------------------------------------------------------------------- */

struct netmap_slot {
	uint32_t buf_idx; /* (p) */
	uint16_t len;	  /* tx (p), rx (s): bytes in the buffer */
	uint16_t flags;	  /* NS_* */
	uint64_t ptr;	  /* (p) where the bytes are, with NS_INDIRECT */
};

#define NS_BUF_CHANGED 0x0001 /* (p) buf_idx is another than before */
#define NS_REPORT      0x0002 /* (p) has no meaning at a VALE port: all slots are taken at once */
#define NS_FORWARD     0x0004 /* has no meaning at a VALE port */
#define NS_NO_LEARN    0x0008 /* not implemented, as in netmap */
#define NS_INDIRECT    0x0010 /* tx (p): the bytes are at ptr */
#define NS_MOREFRAG    0x0020 /* the frame goes on in the next slot */
#define NS_TXMON       0x0040 /* rx of a monitor (s): the frame was sent by the port */

#define NS_PORT_SHIFT	 8
#define NS_PORT_MASK	 (0xff << NS_PORT_SHIFT)
#define NS_RFRAGS(_slot) (((_slot)->flags >> 8) & 0xff) /* rx (s): slots of the frame */

#define NETMAP_MAX_FRAGS 64

struct netmap_ring {
	const int64_t buf_ofs; /* of buffer 0, from here */
	const uint32_t num_slots;
	const uint32_t nr_buf_size;
	const uint16_t ringid;
	const uint16_t dir; /* 0: rx, 1: tx */

	uint32_t head; /* (p) first slot that stays the program's in the next sync */
	uint32_t cur;  /* (p) poll() waits for slots behind this one */
	uint32_t tail; /* (s) first slot that is not the program's */
	uint32_t flags;

	struct timeval ts; /* (s) of the last sync of an rx ring */

	const uint64_t offset_mask;
	const uint64_t buf_align;

	uint8_t __attribute__((__aligned__(NM_CACHE_ALIGN))) sem[128]; /* (p) */

	__extension__ struct netmap_slot slot[];
};

#define NR_TIMESTAMP 0x0002
#define NR_FORWARD   0x0004

struct netmap_if {
	char ni_name[IF_NAMESIZE];
	const uint32_t ni_version;
	const uint32_t ni_flags;
	const uint32_t ni_tx_rings;
	const uint32_t ni_rx_rings;
	uint32_t ni_bufs_head; /* extra buffers: each has the next one's index in its first word */
	const uint32_t ni_host_tx_rings;
	const uint32_t ni_host_rx_rings;
	uint32_t ni_spare1[3];
	/* Of tx, host tx, rx and host rx rings, from here; 0: not bound to the file descriptor. */
	__extension__ const ssize_t ring_ofs[];
};

#define NI_PRIV_MEM 0x1

/* ---- requests ---------------------------------------------------------------------------------- */

#define NM_BDG_NAME "vale"

#define NETMAP_REQ_IFNAMSIZ 64
#define NETMAP_REQ_MAXSIZE  4096 /* of a request with its options */

struct nmreq_header {
	uint16_t nr_version; /* NETMAP_API */
	uint16_t nr_reqtype;
	uint32_t nr_reserved; /* 0 */
	char nr_name[NETMAP_REQ_IFNAMSIZ];
	uint64_t nr_options; /* pointer to the first option, 0: none */
	uint64_t nr_body;    /* pointer to the structure of the request */
};

struct nmreq_option {
	uint64_t nro_next; /* pointer */
	uint32_t nro_reqtype;
	uint32_t nro_status; /* (s) 0 or an errno */
	uint64_t nro_size;
};

enum {
	NETMAP_REQ_REGISTER = 1,
	NETMAP_REQ_PORT_INFO_GET = 2,
	NETMAP_REQ_VALE_ATTACH = 3,
	NETMAP_REQ_VALE_DETACH = 4,
	NETMAP_REQ_VALE_LIST = 5,
	NETMAP_REQ_PORT_HDR_SET = 6,
	NETMAP_REQ_PORT_HDR_GET = 7,
	NETMAP_REQ_VALE_NEWIF = 8,
	NETMAP_REQ_VALE_DELIF = 9,
	NETMAP_REQ_VALE_POLLING_ENABLE = 10,
	NETMAP_REQ_VALE_POLLING_DISABLE = 11,
	NETMAP_REQ_POOLS_INFO_GET = 12,
	NETMAP_REQ_SYNC_KLOOP_START = 13,
	NETMAP_REQ_SYNC_KLOOP_STOP = 14,
	NETMAP_REQ_CSB_ENABLE = 15,
};

enum {
	NETMAP_REQ_OPT_EXTMEM = 1,
	NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS = 2,
	NETMAP_REQ_OPT_CSB = 3,
	NETMAP_REQ_OPT_SYNC_KLOOP_MODE = 4,
	NETMAP_REQ_OPT_OFFSETS = 5,
	NETMAP_REQ_OPT_MAX,
};

/* Body of NETMAP_REQ_REGISTER. What is 0 is left to the port; what was granted is written back. */
struct nmreq_register {
	uint64_t nr_offset;  /* (s) of the netmap_if in the memory */
	uint64_t nr_memsize; /* (s) */
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_host_tx_rings;
	uint16_t nr_host_rx_rings;
	uint16_t nr_mem_id;
	uint16_t nr_ringid;
	uint32_t nr_mode; /* NR_REG_* */
	uint32_t nr_extra_bufs;
	uint64_t nr_flags;
};

enum {
	NR_REG_DEFAULT = 0,
	NR_REG_ALL_NIC = 1,
	NR_REG_SW = 2,
	NR_REG_NIC_SW = 3,
	NR_REG_ONE_NIC = 4,
	NR_REG_PIPE_MASTER = 5, /* only of struct nmreq */
	NR_REG_PIPE_SLAVE = 6,	/* the same */
	NR_REG_NULL = 7,
	NR_REG_ONE_SW = 8,
};

#define NR_MONITOR_TX	   0x100
#define NR_MONITOR_RX	   0x200
#define NR_ZCOPY_MON	   0x400
#define NR_EXCLUSIVE	   0x800
#define NR_RX_RINGS_ONLY   0x2000
#define NR_TX_RINGS_ONLY   0x4000
#define NR_ACCEPT_VNET_HDR 0x8000
#define NR_DO_RX_POLL	   0x10000
#define NR_NO_TX_POLL	   0x20000

struct nmreq_port_info_get {
	uint64_t nr_memsize;
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_host_tx_rings;
	uint16_t nr_host_rx_rings;
	uint16_t nr_mem_id;
	uint16_t pad[3];
};

struct nmreq_vale_attach {
	struct nmreq_register reg;
	uint32_t port_index;
	uint32_t pad1;
};

struct nmreq_vale_detach {
	uint32_t port_index;
	uint32_t pad1;
};

/* Without a name in the header: a cursor, which the program moves on. */
struct nmreq_vale_list {
	uint16_t nr_bridge_idx;
	uint16_t pad1;
	uint32_t nr_port_idx;
};

struct nmreq_port_hdr {
	uint32_t nr_hdr_len;
	uint32_t pad1;
};

struct nmreq_vale_newif {
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_mem_id;
	uint16_t pad1;
};

struct nmreq_vale_polling {
	uint32_t nr_mode;
	uint32_t nr_first_cpu_id;
	uint32_t nr_num_polling_cpus;
	uint32_t pad1;
};

#define NETMAP_POLLING_MODE_SINGLE_CPU 1
#define NETMAP_POLLING_MODE_MULTI_CPU  2

struct nmreq_pools_info {
	uint64_t nr_memsize;
	uint16_t nr_mem_id;
	uint16_t pad1[3];
	uint64_t nr_if_pool_offset;
	uint32_t nr_if_pool_objtotal;
	uint32_t nr_if_pool_objsize;
	uint64_t nr_ring_pool_offset;
	uint32_t nr_ring_pool_objtotal;
	uint32_t nr_ring_pool_objsize;
	uint64_t nr_buf_pool_offset;
	uint32_t nr_buf_pool_objtotal;
	uint32_t nr_buf_pool_objsize;
};

struct nmreq_sync_kloop_start {
	uint32_t sleep_us;
	uint32_t pad1;
};

/* ---- options, which are refused but for their form --------------------------------------------- */

struct nmreq_opt_extmem {
	struct nmreq_option nro_opt;
	uint64_t nro_usrptr;
	struct nmreq_pools_info nro_info;
};

struct nmreq_opt_sync_kloop_eventfds {
	struct nmreq_option nro_opt;
	__extension__ struct {
		int32_t ioeventfd;
		int32_t irqfd;
	} eventfds[];
};

struct nmreq_opt_sync_kloop_mode {
	struct nmreq_option nro_opt;
	uint32_t mode;
};

#define NM_OPT_SYNC_KLOOP_DIRECT_TX (1 << 0)
#define NM_OPT_SYNC_KLOOP_DIRECT_RX (1 << 1)

struct nmreq_opt_csb {
	struct nmreq_option nro_opt;
	uint64_t csb_atok;
	uint64_t csb_ktoa;
};

struct nmreq_opt_offsets {
	struct nmreq_option nro_opt;
	uint64_t nro_max_offset;
	uint64_t nro_initial_offset;
	uint32_t nro_offset_bits;
	uint32_t nro_tx_align;
	uint64_t nro_min_gap;
};

struct nm_csb_atok {
	uint32_t head;
	uint32_t cur;
	uint32_t appl_need_kick;
	uint32_t sync_flags;
	uint32_t pad[12];
};

struct nm_csb_ktoa {
	uint32_t hwcur;
	uint32_t hwtail;
	uint32_t kern_need_kick;
	uint32_t pad[13];
};

/* ---- the older request ------------------------------------------------------------------------- */

struct nmreq {
	char nr_name[IF_NAMESIZE];
	uint32_t nr_version;
	uint32_t nr_offset;
	uint32_t nr_memsize;
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_ringid;
	uint16_t nr_cmd;
	uint16_t nr_arg1;
	uint16_t nr_arg2; /* id of the memory */
	uint32_t nr_arg3; /* extra buffers */
	uint32_t nr_flags;
	uint32_t spare2[1];
};

/* in nr_ringid */
#define NETMAP_HW_RING	  0x4000
#define NETMAP_SW_RING	  0x2000
#define NETMAP_RING_MASK  0x0fff
#define NETMAP_NO_TX_POLL 0x1000
#define NETMAP_DO_RX_POLL 0x8000

/* in nr_cmd */
#define NETMAP_BDG_ATTACH      1
#define NETMAP_BDG_DETACH      2
#define NETMAP_BDG_REGOPS      3
#define NETMAP_BDG_LIST	       4
#define NETMAP_BDG_VNET_HDR    5
#define NETMAP_BDG_NEWIF       6
#define NETMAP_BDG_DELIF       7
#define NETMAP_PT_HOST_CREATE  8
#define NETMAP_PT_HOST_DELETE  9
#define NETMAP_BDG_POLLING_ON  10
#define NETMAP_BDG_POLLING_OFF 11
#define NETMAP_VNET_HDR_GET    12

#define NETMAP_BDG_HOST 1 /* in nr_arg1, of NETMAP_BDG_ATTACH */

#define NR_REG_MASK 0xf /* of nr_flags: the mode */

/* ---- calls ------------------------------------------------------------------------------------- */

#define NM_IFRDATA_LEN 256

struct nm_ifreq {
	char nifr_name[IF_NAMESIZE];
	char data[NM_IFRDATA_LEN];
};

#define NIOCGINFO  _IOWR('i', 145, struct nmreq)
#define NIOCREGIF  _IOWR('i', 146, struct nmreq)
#define NIOCTXSYNC _IO('i', 148)
#define NIOCRXSYNC _IO('i', 149)
#define NIOCCONFIG _IOWR('i', 150, struct nm_ifreq)
#define NIOCCTRL   _IOWR('i', 151, struct nmreq_header)

#if defined(__cplusplus) && defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
