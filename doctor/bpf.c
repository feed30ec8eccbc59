// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What kinds of programs, maps and helpers this kernel has. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "loader/internal.h"
#include "machine.h"

/* libbpf's probes take a refusal for want of rights for an answer: they are not asked then. */
static bool cannot_ask(const struct machine *machine, struct finding *out)
{
	if (machine->may_use_bpf)
		return false;
	conclude(out, FINDING_UNKNOWN, "not tried, for want of the capabilities above");
	return true;
}

static int make_map(enum bpf_map_type type, __u32 value, __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd = bpf_map_create(type, "vale_doctor", sizeof(__u32), value, 1, &options);

	return fd < 0 ? -errno : fd;
}

static void look_at_call(struct machine *machine, const struct check *check, struct finding *out)
{
	CLEANUP_CLOSE int map = make_map(BPF_MAP_TYPE_ARRAY, sizeof(__u32), 0);

	(void)check;
	if (map >= 0) {
		conclude(out, FINDING_OK, "the caller may make maps");
	} else if (map == -ENOSYS) {
		conclude(out, FINDING_MISSING, "this kernel has no bpf()");
		remedy(out, "run a kernel built with CONFIG_BPF_SYSCALL=y");
	} else if (map != -EPERM || machine->may_use_bpf) {
		conclude(out, FINDING_MISSING, "bpf() refuses to make a map: %s", strerror(-map));
	} else {
		cannot_ask(machine, out);
		remedy(out, "run it as root");
	}
}

static void take_answer(int answer, struct finding *out)
{
	if (answer < 0)
		conclude(out, FINDING_UNKNOWN, "libbpf cannot tell: %s", strerror(-answer));
	else
		conclude(out, answer ? FINDING_OK : FINDING_MISSING,
			 answer ? "there" : "the kernel refuses it");
}

static void look_at_map(struct machine *machine, const struct check *check, struct finding *out)
{
	if (!cannot_ask(machine, out))
		take_answer(libbpf_probe_bpf_map_type(check->argument, NULL), out);
}

static void look_at_program(struct machine *machine, const struct check *check, struct finding *out)
{
	if (!cannot_ask(machine, out))
		take_answer(libbpf_probe_bpf_prog_type(check->argument, NULL), out);
}

/* libbpf's probe waits for words of the verifier that newer kernels do not say. */
static void look_at_tracing(struct machine *machine, const struct check *check, struct finding *out)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
	CLEANUP_CLOSE int fd = -1;
	int id;

	(void)check;
	if (cannot_ask(machine, out))
		return;
	id = libbpf_find_vmlinux_btf_id("xdp_devmap_xmit", BPF_TRACE_RAW_TP);
	if (id < 0) {
		conclude(out, FINDING_MISSING, "this kernel has no tracepoint xdp_devmap_xmit");
		return;
	}
	options.attach_btf_id = id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "vale_doctor", "GPL", program,
			   sizeof(program) / sizeof(program[0]), &options);
	if (fd < 0)
		conclude(out, FINDING_MISSING, "the kernel refuses it: %s", strerror(errno));
	else
		conclude(out, FINDING_OK, "there");
}

#define HELPER(program, helper) ((program) << 16 | (helper))

static void look_at_helper(struct machine *machine, const struct check *check, struct finding *out)
{
	if (!cannot_ask(machine, out))
		take_answer(libbpf_probe_bpf_helper(check->argument >> 16, check->argument & 0xffff,
						    NULL),
			    out);
}

/* libbpf has no probe for this. */
static void look_at_shared_memory(struct machine *machine, const struct check *check,
				  struct finding *out)
{
	const __u32 size = sysconf(_SC_PAGESIZE);
	CLEANUP_CLOSE int map = -1;
	void *memory;

	(void)check;
	if (cannot_ask(machine, out))
		return;
	map = make_map(BPF_MAP_TYPE_ARRAY, size, BPF_F_MMAPABLE);
	memory = map < 0 ? MAP_FAILED
			 : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (memory == MAP_FAILED) {
		conclude(out, FINDING_MISSING, "the kernel refuses it: %s",
			 strerror(map < 0 ? -map : errno));
		return;
	}
	munmap(memory, size);
	conclude(out, FINDING_OK, "there");
}

#define BPF   "bpf"
#define NEWER "run a kernel of a distribution, 6.1 or newer"

const struct check bpf_checks[] = {
	{ BPF, "system_call", true, "everything",
	  "a security module, or a filter of the container's, forbids bpf(): have it allow that",
	  look_at_call, 0 },
	{ BPF, "map_hash", true, "addresses set by hand", NEWER, look_at_map, BPF_MAP_TYPE_HASH },
	{ BPF, "map_lru_hash", true, "addresses learned", NEWER, look_at_map,
	  BPF_MAP_TYPE_LRU_HASH },
	{ BPF, "map_percpu_array", true, "counters", NEWER, look_at_map,
	  BPF_MAP_TYPE_PERCPU_ARRAY },
	{ BPF, "map_devmap", true, "sending to interfaces", NEWER, look_at_map,
	  BPF_MAP_TYPE_DEVMAP },
	{ BPF, "map_array_of_maps", true, "finding the memory of ports", NEWER, look_at_map,
	  BPF_MAP_TYPE_ARRAY_OF_MAPS },
	{ BPF, "map_ringbuf", true, "waking clients of rings", NEWER, look_at_map,
	  BPF_MAP_TYPE_RINGBUF },
	{ BPF, "map_xskmap", true, "sending to AF_XDP sockets",
	  "run a kernel built with CONFIG_XDP_SOCKETS=y, as those of distributions are",
	  look_at_map, BPF_MAP_TYPE_XSKMAP },
	{ BPF, "map_mmapable", true, "rings that programs and clients share", NEWER,
	  look_at_shared_memory, 0 },
	{ BPF, "program_xdp", true, "the hook xdp", NEWER, look_at_program, BPF_PROG_TYPE_XDP },
	{ BPF, "program_tc", true, "the hook tc",
	  "run a kernel built with CONFIG_NET_CLS_ACT=y, as those of distributions are",
	  look_at_program, BPF_PROG_TYPE_SCHED_CLS },
	{ BPF, "program_syscall", true, "programs that clients of rings run", NEWER,
	  look_at_program, BPF_PROG_TYPE_SYSCALL },
	{ BPF, "program_tracing", true, "counting what the kernel could not deliver", NEWER,
	  look_at_tracing, 0 },
	{ BPF, "helper_loop", true, "going through a batch of frames", NEWER, look_at_helper,
	  HELPER(BPF_PROG_TYPE_SYSCALL, BPF_FUNC_loop) },
	{ BPF, "helper_ringbuf_output", true, "waking clients of rings", NEWER, look_at_helper,
	  HELPER(BPF_PROG_TYPE_SYSCALL, BPF_FUNC_ringbuf_output) },
	{ BPF, "helper_xdp_store_bytes", true, "frames from rings to interfaces", NEWER,
	  look_at_helper, HELPER(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_store_bytes) },
	{ BPF, "helper_redirect_map", true, "frames from interface to interface", NEWER,
	  look_at_helper, HELPER(BPF_PROG_TYPE_XDP, BPF_FUNC_redirect_map) },
	{ BPF, "helper_clone_redirect", true, "floods by the hook tc", NEWER, look_at_helper,
	  HELPER(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_clone_redirect) },
	{},
};
