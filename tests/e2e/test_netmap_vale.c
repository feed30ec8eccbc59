// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What a program of netmap changes on switches, and what it is told of them; and the older calls. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_vale, .init = sandbox_enter, .timeout = 120);

static int attach_as(const char *name, struct nmreq_register reg, uint32_t *index)
{
	struct nmreq_vale_attach attach = { .reg = reg };
	int fd = netmap_device();
	int error = netmap_request(fd, NETMAP_REQ_VALE_ATTACH, name, &attach);

	if (index)
		*index = attach.port_index;
	close(fd);
	return error;
}

static int attach(const char *name)
{
	return attach_as(name, (struct nmreq_register){ .nr_mode = NR_REG_ALL_NIC }, NULL);
}

static int detach(const char *name)
{
	struct nmreq_vale_detach body = {};
	int fd = netmap_device();
	int error = netmap_request(fd, NETMAP_REQ_VALE_DETACH, name, &body);

	close(fd);
	return error;
}

static int newif(const char *name, struct nmreq_vale_newif *body)
{
	int fd = netmap_device();
	int error = netmap_request(fd, NETMAP_REQ_VALE_NEWIF, name, body);

	close(fd);
	return error;
}

static int delif(const char *name)
{
	int fd = netmap_device();
	int error = netmap_request(fd, NETMAP_REQ_VALE_DELIF, name, NULL);

	close(fd);
	return error;
}

/* All that an enumeration tells: "NAME BRIDGE PORT" for each. */
static const char *list(void)
{
	static char text[4096];
	struct nmreq_vale_list body = {};
	struct nmreq_header header = { .nr_version = NETMAP_API,
				       .nr_reqtype = NETMAP_REQ_VALE_LIST,
				       .nr_body = (uintptr_t)&body };
	int fd = netmap_device(), used = 0;

	text[0] = 0;
	for (; !ioctl(fd, NIOCCTRL, &header); body.nr_port_idx++) {
		used += snprintf(text + used, sizeof(text) - used, "%s %u %u\n", header.nr_name,
				 body.nr_bridge_idx, body.nr_port_idx);
		header.nr_name[0] = 0;
	}
	cr_assert_eq(errno, ENOENT);
	close(fd);
	return text;
}

static int look_up(const char *name, struct nmreq_vale_list *body)
{
	int fd = netmap_device();
	int error = netmap_request(fd, NETMAP_REQ_VALE_LIST, name, body);

	close(fd);
	return error;
}

Test(netmap_vale, list)
{
	struct nmreq_vale_list body;

	cr_assert_str_empty(list());
	must("for p in vale1:a vale1:b valeX:a; do %s port add $p; done", valectl());
	must("%s port del vale1:a", valectl());
	cr_assert_str_eq(list(), "vale1:b 0 1\nvaleX:a 1 0\n");
	cr_assert_eq(look_up("valeX:a", &body), 0);
	cr_assert_eq(body.nr_bridge_idx, 1);
	cr_assert_eq(body.nr_port_idx, 0);
	cr_assert_eq(look_up("vale1:zz", &body), 0);
	cr_assert_eq(body.nr_port_idx, 255);
	cr_assert_eq(look_up("vale9:a", &body), -ENOENT);
	cr_assert_eq(look_up("eth0", &body), -EINVAL);
}

Test(netmap_vale, interfaces)
{
	struct nmreq_register all = { .nr_mode = NR_REG_ALL_NIC };
	struct nmreq_register host = { .nr_mode = NR_REG_NIC_SW };
	struct nmreq_register ring = { .nr_mode = NR_REG_ALL_NIC, .nr_ringid = 1 };
	uint32_t index = 77;

	veth("t0", "t1");
	veth("long-name.17", "t2");
	cr_assert_eq(attach_as("vale1:t0", all, &index), 0);
	cr_assert_eq(index, 0);
	cr_assert_neq(program_on("t0"), 0);
	cr_assert_eq(attach("vale1:t0"), -EBUSY);
	cr_assert_eq(attach("vale2:t0"), -EBUSY);
	cr_assert_eq(attach_as("vale1:long-name.17", all, &index), 0);
	cr_assert_eq(index, 1);
	cr_assert_str_eq(list(), "vale1:t0 0 0\nvale1:long-name.17 0 1\n");
	cr_assert_eq(attach_as("vale2:nothing", host, NULL), -EINVAL);
	cr_assert_eq(attach_as("vale2:t1", ring, NULL), -EINVAL);
	cr_assert_eq(attach("vale2:t9"), -EINVAL);
	cr_assert_eq(attach("t1"), -EINVAL);
	cr_assert_eq(detach("vale1:long-name.17"), 0);
	cr_assert_eq(detach("vale1:t0"), 0);
	cr_assert_eq(program_on("t0"), 0);
	cr_assert_eq(detach("vale1:t0"), -ENXIO);
	cr_assert_eq(detach("vale7:t0"), -ENXIO);
	cr_assert_eq(detach("t0"), -EINVAL);
}

Test(netmap_vale, an_interface_with_its_host)
{
	struct nmreq_register host = { .nr_mode = NR_REG_NIC_SW };

	veth("t0", "t1");
	cr_assert_eq(attach_as("vale1:t0", host, NULL), 0);
	cr_assert_str_eq(list(), "vale1:t0 0 0\nvale1:t0_^ 0 1\n");
	cr_assert_eq(detach("vale1:t0"), 0);
	cr_assert_str_empty(list());
}

Test(netmap_vale, ephemeral_port_stays)
{
	int fd = netmap_bind("vale1:a", NULL);

	cr_assert_eq(detach("vale1:a"), 0, "says netmap");
	cr_assert_str_eq(list(), "vale1:a 0 0\n");
	close(fd);
	cr_assert_str_empty(list());
}

Test(netmap_vale, persistent_ports)
{
	struct nmreq_vale_newif sizes = { .nr_tx_slots = 100, .nr_rx_rings = 2 };
	struct netmap_port a, b;

	cr_assert_eq(newif("p0", &sizes), 0);
	cr_assert_eq(sizes.nr_tx_slots, 128);
	cr_assert_eq(sizes.nr_rx_slots, 1024);
	cr_assert_eq(sizes.nr_tx_rings, 2);
	sizes = (struct nmreq_vale_newif){};
	cr_assert_eq(newif("p0", &sizes), -EEXIST);
	cr_assert_eq(newif("lo", &sizes), -EEXIST);
	cr_assert_eq(newif("vale3", &sizes), -EINVAL);
	cr_assert_eq(newif("averylongnameofaport", &sizes), -EINVAL);
	sizes.nr_mem_id = 1;
	cr_assert_eq(newif("p1", &sizes), -EINVAL);
	cr_assert_str_empty(list(), "it is on no switch");
	/* Open, on no switch. */
	a = netmap_open_all("p0");
	cr_assert_eq(a.reg.nr_tx_slots, 128);
	cr_assert_eq(attach("vale1:p0"), -EBUSY);
	cr_assert_eq(delif("p0"), -EBUSY);
	netmap_close(&a);
	/* On one. */
	cr_assert_eq(attach("vale1:p0"), 0);
	cr_assert_eq(attach("vale1:p0"), -EBUSY);
	cr_assert_eq(delif("p0"), -EBUSY);
	cr_assert_str_eq(list(), "vale1:p0 0 0\n");
	a = netmap_open_all("p0");
	b = netmap_open_all("vale1:b");
	cr_assert_eq(a.reg.nr_tx_slots, 128, "it is the same one");
	netmap_reaches(&a, &b, 1, 2);
	cr_assert_eq(detach("vale1:p0"), -EBUSY);
	netmap_close(&a);
	a = netmap_open_all("vale1:p0");
	netmap_close(&a);
	cr_assert_eq(detach("vale1:p0"), 0);
	cr_assert_eq(delif("p0"), 0);
	cr_assert_eq(delif("p0"), -ENXIO);
	cr_assert_eq(delif("vale1:b"), -EINVAL);
	cr_assert_eq(delif("lo"), -EINVAL);
	netmap_close(&b);
	must("%s destroy vale1", valectl()); /* made by an attach, it stays */
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
}

/* ---- the older calls --------------------------------------------------------------------------- */

static int old(int fd, struct nmreq *request)
{
	return ioctl(fd, NIOCREGIF, request) ? -errno : 0;
}

Test(netmap_vale, older_register)
{
	struct nmreq request = { .nr_name = "vale1:a",
				 .nr_version = 14,
				 .nr_arg3 = 7,
				 .nr_flags = NR_REG_ALL_NIC,
				 .nr_rx_slots = 64 };
	struct netmap_port a = { .fd = netmap_device() }, b = netmap_open_all("vale1:b");
	int fd = netmap_device();

	request.nr_version = 13;
	cr_assert_eq(old(a.fd, &request), -EINVAL);
	request.nr_version = 99; /* of the future */
	cr_assert_eq(old(a.fd, &request), 0);
	cr_assert_eq(request.nr_rx_slots, 64);
	cr_assert_eq(request.nr_tx_rings, 1);
	cr_assert_eq(request.nr_arg3, 7);
	cr_assert_geq(request.nr_arg2, 2);
	a.reg.nr_memsize = request.nr_memsize;
	a.reg.nr_offset = request.nr_offset;
	netmap_map(&a);
	netmap_reaches(&a, &b, 1, 2);
	cr_assert_eq(old(a.fd, &request), -EBUSY);
	/* Without a mode, the number of the ring says it. */
	request = (struct nmreq){ .nr_name = "vale1:a",
				  .nr_version = 14,
				  .nr_ringid = NETMAP_HW_RING | 1 };
	cr_assert_eq(old(fd, &request), -EINVAL, "there is no ring 1");
	request.nr_ringid = NETMAP_SW_RING;
	cr_assert_eq(old(fd, &request), -EINVAL);
	request.nr_ringid = NETMAP_HW_RING | NETMAP_NO_TX_POLL;
	cr_assert_eq(old(fd, &request), 0);
	request.nr_cmd = 55;
	cr_assert_eq(old(netmap_device(), &request), -EINVAL);
	request.nr_cmd = NETMAP_BDG_REGOPS;
	cr_assert_eq(old(netmap_device(), &request), -EOPNOTSUPP);
}

Test(netmap_vale, older_commands)
{
	struct nmreq request = { .nr_name = "p0", .nr_version = 14, .nr_cmd = NETMAP_BDG_NEWIF };
	int fd = netmap_device();

	cr_assert_eq(old(fd, &request), 0);
	request = (struct nmreq){ .nr_name = "vale1:p0",
				  .nr_version = 14,
				  .nr_cmd = NETMAP_BDG_ATTACH };
	cr_assert_eq(old(fd, &request), 0);
	cr_assert_eq(old(fd, &request), -EBUSY);
	request = (struct nmreq){ .nr_version = 14, .nr_cmd = NETMAP_BDG_LIST };
	cr_assert_eq(old(fd, &request), 0);
	cr_assert_str_eq(request.nr_name, "vale1:p0");
	request = (struct nmreq){ .nr_name = "vale1:p0",
				  .nr_version = 14,
				  .nr_cmd = NETMAP_BDG_LIST };
	cr_assert_eq(old(fd, &request), 0);
	cr_assert_eq(request.nr_arg1, 0);
	cr_assert_eq(request.nr_arg2, 0);
	/* As QEMU asks for the header. */
	for (int size = 12; size >= 0; size -= 12) {
		request.nr_cmd = NETMAP_BDG_VNET_HDR;
		request.nr_arg1 = size;
		cr_assert_eq(old(fd, &request), 0);
		request.nr_cmd = NETMAP_VNET_HDR_GET;
		request.nr_arg1 = 5;
		cr_assert_eq(old(fd, &request), 0);
		cr_assert_eq(request.nr_arg1, size);
	}
	request.nr_cmd = NETMAP_BDG_DETACH;
	cr_assert_eq(old(fd, &request), 0);
	request = (struct nmreq){ .nr_name = "p0", .nr_version = 14, .nr_cmd = NETMAP_BDG_DELIF };
	cr_assert_eq(old(fd, &request), 0);
	cr_assert_eq(old(fd, &request), -ENXIO);
}

Test(netmap_vale, older_info)
{
	struct nmreq request = { .nr_name = "vale1:a", .nr_version = 14 };
	int fd = netmap_device();

	cr_assert_eq(ioctl(fd, NIOCGINFO, &request), 0);
	cr_assert_eq(request.nr_tx_slots, 1024);
	cr_assert_gt(request.nr_memsize, 4000000);
	request = (struct nmreq){ .nr_version = 14 };
	cr_assert_eq(ioctl(fd, NIOCGINFO, &request), 0);
	request.nr_version = 3;
	cr_assert_eq(ioctl(fd, NIOCGINFO, &request), -1);
	cr_assert_eq(errno, EINVAL);
}
