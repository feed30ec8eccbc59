// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* libnetmap's texts of ports, and its lists of options, without a /dev/netmap. */
#include <errno.h>
#include <libnetmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

static char told[1000];
static int taken; /* pieces of memory that were not given back */

static void tell(struct nmctx *ctx, const char *message)
{
	(void)ctx;
	cr_assert_lt(strlen(message), sizeof(told));
	strcpy(told, message);
}

static void *take(struct nmctx *ctx, size_t size)
{
	(void)ctx;
	taken++;
	return malloc(size);
}

static void give_back(struct nmctx *ctx, void *memory)
{
	(void)ctx;
	taken -= memory != NULL;
	free(memory);
}

static struct nmctx context = { .verbose = 1, .error = tell, .malloc = take, .free = give_back };

static void use_context(void)
{
	nmctx_set_default(&context);
}

static void nothing_left(void)
{
	cr_assert_eq(taken, 0, "%d pieces of memory are left", taken);
}

TestSuite(netmap_portspec, .init = use_context, .fini = nothing_left);

static const struct {
	const char *spec, *name;
	uint32_t mode;
	uint16_t ring, memory;
	uint64_t flags;
} good[] = {
	{ "vale0:a", "vale0:a", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale:a", "vale:a", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "netmap:eth0", "eth0", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale0:a{1", "vale0:a{1", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "netmap:a}x_9", "a}x_9", NR_REG_ALL_NIC, 0, 0, 0 },
	{ "vale0:a^", "vale0:a", NR_REG_SW, 0, 0, 0 },
	{ "vale0:a^3", "vale0:a", NR_REG_ONE_SW, 3, 0, 0 },
	{ "vale0:a*", "vale0:a", NR_REG_NIC_SW, 0, 0, 0 },
	{ "vale0:a-7", "vale0:a", NR_REG_ONE_NIC, 7, 0, 0 },
	{ "vale0:a-4094", "vale0:a", NR_REG_ONE_NIC, 4094, 0, 0 },
	{ "vale0:a/x", "vale0:a", NR_REG_ALL_NIC, 0, 0, NR_EXCLUSIVE },
	{ "vale0:a-1/xR", "vale0:a", NR_REG_ONE_NIC, 1, 0, NR_EXCLUSIVE | NR_RX_RINGS_ONLY },
	{ "vale0:a/ztrT", "vale0:a", NR_REG_ALL_NIC, 0, 0,
	  NR_ZCOPY_MON | NR_MONITOR_TX | NR_MONITOR_RX | NR_TX_RINGS_ONLY },
	{ "vale0:a@5", "vale0:a", NR_REG_ALL_NIC, 0, 5, 0 },
	{ "vale0:a-2/t@65535", "vale0:a", NR_REG_ONE_NIC, 2, 65535, NR_MONITOR_TX },
	{ "vale0:a@5/x", "vale0:a", NR_REG_ALL_NIC, 0, 5, NR_EXCLUSIVE },
};

Test(netmap_portspec, names_rings_and_flags)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct nmport_d *d = nmport_prepare(good[i].spec);

		cr_assert(d, "%s: %s", good[i].spec, told);
		cr_assert_str_eq(d->hdr.nr_name, good[i].name);
		cr_assert_eq(d->hdr.nr_version, NETMAP_API);
		cr_assert_eq(d->hdr.nr_reqtype, NETMAP_REQ_REGISTER);
		cr_assert_eq(d->hdr.nr_body, (uintptr_t)&d->reg);
		cr_assert_eq(d->reg.nr_mode, good[i].mode, "%s", good[i].spec);
		cr_assert_eq(d->reg.nr_ringid, good[i].ring, "%s", good[i].spec);
		cr_assert_eq(d->reg.nr_mem_id, good[i].memory, "%s", good[i].spec);
		cr_assert_eq(d->reg.nr_flags, good[i].flags, "%s", good[i].spec);
		cr_assert_eq(d->fd, -1);
		nmport_undo_prepare(d);
	}
}

static const struct {
	const char *spec, *message;
	int error;
} bad[] = {
	{ "", "prefix unknown", EINVAL },
	{ "eth0", "prefix unknown", EINVAL },
	{ "vale0", "missing ':'", EINVAL },
	{ "netmap", "missing ':'", EINVAL },
	{ "netmap0:eth0", "no identifier", EINVAL },
	{ "vale-0:a", "invalid identifier", EINVAL },
	{ "vale0:", "empty port name", EINVAL },
	{ "netmap:", "empty port name", EINVAL },
	{ "netmap:^", "empty port name", EINVAL },
	{ "vale0:a{", "empty pipe name", EINVAL },
	{ "vale0:a}/x", "empty pipe name", EINVAL },
	{ "vale0:a{{", "invalid pipe name", EINVAL },
	{ "vale0:0123456789012345678901234567890123456789012345678901234567890", "too long",
	  EINVAL },
	{ "vale0:a-", "expecting a number", EINVAL },
	{ "vale0:a-x", "expecting a number", EINVAL },
	{ "vale0:a-4095", "out of range", EINVAL },
	{ "vale0:a-99999999999999999999999", "out of range", EINVAL },
	{ "vale0:a^*", "unexpected character", EINVAL },
	{ "vale0:a/", "unexpected end", EINVAL },
	{ "vale0:a/q", "unrecognized flag", EINVAL },
	{ "vale0:a@", "empty mem_id", EINVAL },
	{ "vale0:a@0", "out of range", EINVAL },
	{ "vale0:a@65536", "out of range", EINVAL },
	{ "vale0:a@1x", "unexpected character", EINVAL },
	{ "vale0:a@1@2", "unknown option", EINVAL },
	{ "vale0:a@@", "empty option", EINVAL },
	{ "vale0:a@nothing=1", "unknown option: 'nothing'", EINVAL },
	{ "vale0:a@conf", "missing body", EINVAL },
	{ "vale0:a@conf=", "missing value", EINVAL },
	{ "vale0:a@conf=x", "no number", EINVAL },
	{ "vale0:a@conf=-1", "no number", EINVAL },
	{ "vale0:a@conf:rings=65536", "no number", EINVAL },
	{ "vale0:a@conf:rings", "missing '=value'", EINVAL },
	{ "vale0:a@conf:rounds=3", "unknown key: 'rounds'", EINVAL },
	{ "vale0:a@conf:rings=1,rings=2", "duplicate key", EINVAL },
	{ "vale0:a@extmem:if-num=3", "mandatory key 'file'", EINVAL },
	{ "vale0:a@extmem=/nonexistent/file", "cannot map '/nonexistent/file'", ENOENT },
	{ "vale0:a@offset=2", "not supported", EOPNOTSUPP },
};

Test(netmap_portspec, what_makes_no_sense_is_told)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		told[0] = '\0';
		errno = 0;
		cr_assert_null(nmport_prepare(bad[i].spec), "%s", bad[i].spec);
		cr_assert_eq(errno, bad[i].error, "%s: %d", bad[i].spec, errno);
		cr_assert(strstr(told, bad[i].message), "%s: %s", bad[i].spec, told);
	}
	context.verbose = 0;
	told[0] = '\0';
	cr_assert_null(nmport_prepare("eth0"));
	cr_assert_str_empty(told);
}

Test(netmap_portspec, conf_says_how_many_rings_and_slots)
{
	struct nmport_d *d = nmport_prepare("vale0:a/x@conf:rings=4,rx-rings=2,slots=512,"
					    "tx_slots=64,host-rings=1,host-rx-rings=3");

	cr_assert(d, "%s", told);
	cr_assert_eq(d->reg.nr_tx_rings, 4);
	cr_assert_eq(d->reg.nr_rx_rings, 2);
	cr_assert_eq(d->reg.nr_tx_slots, 64);
	cr_assert_eq(d->reg.nr_rx_slots, 512);
	cr_assert_eq(d->reg.nr_host_tx_rings, 1);
	cr_assert_eq(d->reg.nr_host_rx_rings, 3);
	/* A text that fails leaves nothing of itself, and the description can be used again. */
	cr_assert_eq(nmport_parse(d, "vale0:b@conf=2@conf=x"), -1);
	cr_assert_eq(d->reg.nr_tx_rings, 0);
	cr_assert_eq(nmport_parse(d, "vale0:b@conf=2"), 0);
	cr_assert_str_eq(d->hdr.nr_name, "vale0:b");
	cr_assert_eq(d->hdr.nr_version, NETMAP_API);
	cr_assert_eq(d->reg.nr_rx_rings, 2);
	nmport_undo_prepare(d);
}

Test(netmap_portspec, memories_of_the_program)
{
	char path[] = "/tmp/netmap_portspec.XXXXXX", spec[100];
	int fd = mkstemp(path);
	struct nmport_d *d;

	cr_assert_eq(ftruncate(fd, 65536), 0);
	close(fd);
	snprintf(spec, sizeof(spec), "vale0:a@extmem:file=%s,buf-num=12,ring-size=4096", path);
	d = nmport_prepare(spec);
	unlink(path);
	cr_assert(d, "%s", told);
	cr_assert_eq(nmport_extmem_getinfo(d)->nr_memsize, 65536);
	cr_assert_eq(nmport_extmem_getinfo(d)->nr_buf_pool_objtotal, 12);
	cr_assert_eq(nmport_extmem_getinfo(d)->nr_ring_pool_objsize, 4096);
	cr_assert_eq(nmport_extmem(d, d, 1), -1);
	cr_assert(strstr(told, "already in use"));
	cr_assert_null(nmport_clone(d), "its memory cannot be two ports'");
	nmport_undo_parse(d);
	cr_assert_null(nmport_extmem_getinfo(d));
	cr_assert_eq(d->hdr.nr_options, 0);
	nmport_undo_prepare(d);
}

Test(netmap_portspec, an_option_that_is_enabled_by_the_program)
{
	struct nmreq_opt_offsets *offsets;
	struct nmport_d *d;

	cr_assert_eq(nmport_enable_option("nothing"), -1);
	cr_assert_eq(errno, EOPNOTSUPP);
	cr_assert_eq(nmport_enable_option("offset"), 0);
	d = nmport_prepare("vale0:a@offset:initial=128,bits=16");
	cr_assert(d, "%s", told);
	offsets = (void *)nmreq_find_option(&d->hdr, NETMAP_REQ_OPT_OFFSETS);
	cr_assert(offsets);
	cr_assert_eq(offsets->nro_initial_offset, 128);
	cr_assert_eq(offsets->nro_max_offset, 128);
	cr_assert_eq(offsets->nro_offset_bits, 16);
	nmport_undo_prepare(d);
	nmport_disable_option("offset");
	cr_assert_null(nmport_prepare("vale0:a@offset=128"));
}

Test(netmap_portspec, lists_of_options)
{
	struct nmreq_option *options[3], *at;
	struct nmreq_header hdr;
	int count = 0;

	nmreq_header_init(&hdr, NETMAP_REQ_REGISTER, NULL);
	for (uint32_t i = 0; i < 3; i++) {
		options[i] = calloc(1, sizeof(*options[i]));
		options[i]->nro_reqtype = i + 1;
		nmreq_push_option(&hdr, options[i]);
	}
	cr_assert_eq(nmreq_find_option(&hdr, 2), options[1]);
	cr_assert_null(nmreq_find_option(&hdr, 4));
	nmreq_remove_option(&hdr, options[1]);
	nmreq_remove_option(&hdr, options[1]);
	free(options[1]);
	nmreq_foreach_option(&hdr, at) cr_assert_eq(at, options[count++ ? 0 : 2]);
	cr_assert_eq(count, 2);
	nmreq_free_options(&hdr);
	cr_assert_eq(hdr.nr_options, 0);
	cr_assert_str_eq(nmreq_option_name(NETMAP_REQ_OPT_CSB), "csb");
	cr_assert_str_eq(nmreq_option_name(99), "unknown");
}

static const char *seen[2];

static int parse_own(struct nmreq_parse_ctx *parse)
{
	cr_assert_eq(parse->token, &seen);
	seen[0] = parse->keys[0] ? "set" : NULL;
	seen[1] = parse->keys[1] ? "set" : NULL;
	return 0;
}

Test(netmap_portspec, options_of_the_program)
{
	struct nmreq_opt_parser own = { .prefix = "own",
					.parse = parse_own,
					.default_key = -1,
					.flags = NMREQ_OPTF_ALLOWEMPTY,
					.keys = { { "flag_it", 0, NMREQ_OPTK_ALLOWEMPTY },
						  { "value", 1, 0 } } };

	cr_assert_eq(nmreq_options_decode("", &own, &seen, &context), 0);
	cr_assert_eq(nmreq_options_decode("@own", &own, &seen, &context), 0);
	cr_assert(!seen[0] && !seen[1]);
	cr_assert_eq(nmreq_options_decode("@own:flag-it", &own, &seen, &context), 0);
	cr_assert(seen[0] && !seen[1]);
	cr_assert_eq(nmreq_options_decode("@own@own:value=3,", &own, &seen, &context), 0);
	cr_assert(!seen[0] && seen[1]);
	cr_assert_eq(nmreq_options_decode("@own=3", &own, &seen, &context), -1);
	cr_assert_eq(nmreq_options_decode("own", &own, &seen, &context), -1);
}
