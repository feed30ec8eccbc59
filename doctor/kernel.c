// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The kernel, and how it was set up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "loader/internal.h"
#include "machine.h"

#define BTF	   "/sys/kernel/btf/vmlinux"
#define JIT	   "/proc/sys/net/core/bpf_jit_enable"
#define JIT_HARDEN "/proc/sys/net/core/bpf_jit_harden"
#define SECURITY   "/sys/kernel/security"

static void look_at_version(struct machine *machine, const struct check *check, struct finding *out)
{
	unsigned int major, minor;
	struct utsname name;

	(void)machine;
	(void)check;
	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		conclude(out, FINDING_UNKNOWN, "the kernel does not tell its version");
	else if (major < 6 || (major == 6 && minor < 1))
		conclude(out, FINDING_MISSING, "Linux %s is older than 6.1", name.release);
	else
		conclude(out, FINDING_OK, "Linux %s", name.release);
}

static void look_at_btf(struct machine *machine, const struct check *check, struct finding *out)
{
	struct btf *btf = btf__parse(BTF, NULL);
	int error = libbpf_get_error(btf) ? errno : 0;

	(void)machine;
	(void)check;
	if (error) {
		conclude(out, FINDING_MISSING, "cannot read %s: %s", BTF, strerror(error));
		return;
	}
	conclude(out, FINDING_OK, "%s, %u types", BTF, btf__type_cnt(btf));
	btf__free(btf);
}

/* ---- the compiler ------------------------------------------------------------------------------ */

/* The length of a small program in the machine's code, 0 if it is not compiled. */
static int compiled_length(__u32 *out)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	CLEANUP_CLOSE int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "vale_doctor", "GPL", program,
					     sizeof(program) / sizeof(program[0]), NULL);
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*out = info.jited_prog_len;
	return 0;
}

static void look_at_jit(struct machine *machine, const struct check *check, struct finding *out)
{
	char setting[16] = "";
	__u32 length = 0;

	(void)check;
	if (machine->may_use_bpf && !compiled_length(&length))
		conclude(out, length ? FINDING_OK : FINDING_MISSING,
			 length ? "a program was compiled" : "programs are interpreted");
	else if (read_line(JIT, setting, sizeof(setting)))
		conclude(out, FINDING_UNKNOWN,
			 "no program can be loaded to see it, and " JIT " cannot be read");
	else if (!strcmp(setting, "0"))
		conclude(out, FINDING_MISSING, "net.core.bpf_jit_enable is 0");
	else
		conclude(out, FINDING_OK, "net.core.bpf_jit_enable is %s", setting);
}

static void look_at_harden(struct machine *machine, const struct check *check, struct finding *out)
{
	char setting[16] = "";
	int error = read_line(JIT_HARDEN, setting, sizeof(setting));

	(void)machine;
	(void)check;
	if (error == -ENOENT) {
		conclude(out, FINDING_UNKNOWN,
			 "the network namespace of a container does not show it");
		remedy(out, "look in the first one: 'sysctl net.core.bpf_jit_harden'");
	} else if (error) {
		conclude(out, FINDING_UNKNOWN, "cannot read %s: %s", JIT_HARDEN, strerror(-error));
		remedy(out, "run it as root");
	} else if (!strcmp(setting, "2")) {
		conclude(out, FINDING_LIMITED, "2: root's programs are hardened too, and slower");
	} else {
		conclude(out, FINDING_OK, "%s: root's programs are as fast as can be", setting);
	}
}

/* ---- lockdown ---------------------------------------------------------------------------------- */

/* The file has all levels, the one that holds in brackets. */
static void look_at_lockdown(struct machine *machine, const struct check *check,
			     struct finding *out)
{
	char levels[128] = "";
	int error = read_line(SECURITY "/lockdown", levels, sizeof(levels));

	(void)machine;
	(void)check;
	if (!error && strstr(levels, "[confidentiality]"))
		conclude(out, FINDING_LIMITED,
			 "confidentiality: programs may not read the kernel's memory");
	else if (!error)
		conclude(out, FINDING_OK, "%s",
			 strstr(levels, "[integrity]") ? "integrity" : "none");
	else if (error == -ENOENT && !access(SECURITY "/lsm", F_OK))
		conclude(out, FINDING_OK, "this kernel has none");
	else {
		conclude(out, FINDING_UNKNOWN, "cannot read " SECURITY "/lockdown: %s",
			 strerror(-error));
		remedy(out, "'mount -t securityfs securityfs " SECURITY "' shows it");
	}
}

#define KERNEL "kernel"

const struct check kernel_checks[] = {
	{ KERNEL, "version", true, "everything", "run a kernel of 6.1 or newer", look_at_version,
	  0 },
	{ KERNEL, "btf", true, "loading programs that fit this kernel",
	  "run a kernel built with CONFIG_DEBUG_INFO_BTF=y, as those of distributions are",
	  look_at_btf, 0 },
	{ KERNEL, "jit", true,
	  "programs that have loops, which the kernel's interpreter does not run",
	  "'sysctl -w net.core.bpf_jit_enable=1', or a kernel built with CONFIG_BPF_JIT=y",
	  look_at_jit, 0 },
	{ KERNEL, "jit_harden", false, "speed", "'sysctl -w net.core.bpf_jit_harden=1'",
	  look_at_harden, 0 },
	{ KERNEL, "lockdown", false, "programs that look at the kernel's structures",
	  "boot without lockdown=confidentiality if programs are refused below", look_at_lockdown,
	  0 },
	{},
};
