// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl doctor where the machine is not as it should be; and that it leaves nothing behind. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/doctor.h"
#include "tests/lib/sandbox.h"

TestSuite(doctor_machine, .init = doctor_init, .timeout = 300);

/* ---- a place without ------------------------------------------------------------------------- */

/* What it advises is done, and is right. */
static void bpffs_is_missing(const char *place, const char *found, const char *command)
{
	char arguments[64], remedy[128];
	json_t *document;

	snprintf(arguments, sizeof(arguments), "--bpffs %s", place);
	snprintf(remedy, sizeof(remedy), "'%s'", command);
	document = doctor(1, "", arguments);
	finds(document, "bpffs", "missing", found);
	cr_assert_str_eq(doctor_word(doctor_check(document, "bpffs"), "remedy"), remedy);
	finds(document, "bpffs_for_others", "unknown", "bpffs");
	/* The trial has one of its own. */
	finds(document, "switch", "ok", "");
	json_decref(document);
	must("%s", command);
	document = doctor(0, "", arguments);
	finds(document, "bpffs", "ok", place);
	json_decref(document);
}

Test(doctor_machine, no_bpffs)
{
	must("mkdir /mnt/here");
	bpffs_is_missing("/mnt/here", "'/mnt/here' is not a bpf file system",
			 "mount -t bpf bpf /mnt/here");
	bpffs_is_missing("/mnt/none", "cannot use '/mnt/none': No such file",
			 "mkdir -p /mnt/none && mount -t bpf bpf /mnt/none");
}

Test(doctor_machine, bpffs_of_others)
{
	json_t *document;

	must("chmod 700 /sys/fs/bpf");
	document = doctor(0, "", "");
	finds(document, "bpffs_for_others", "limited", "'/sys/fs/bpf' is closed");
	advises(document, "bpffs_for_others", "'chmod o+x /sys/fs/bpf'");
	json_decref(document);
	document = doctor(1, DOCTOR_NOBODY, "");
	finds(document, "bpffs", "missing", "user 65534 may not write into '/sys/fs/bpf'");
	json_decref(document);
	must("chmod o+x /sys/fs/bpf");
	doctor_finds(0, "", "bpffs_for_others", "ok", "open");
	must("mkdir /sys/fs/bpf/vale && chown 65534 /sys/fs/bpf/vale");
	document = doctor(1, "", "");
	finds(document, "bpffs", "missing", "belongs to user 65534");
	advises(document, "bpffs", "remove '/sys/fs/bpf/vale'");
	json_decref(document);
}

/* ---- a kernel without -------------------------------------------------------------------------- */

Test(doctor_machine, old_kernel)
{
	doctor_finds(1, "setarch --uname-2.6", "version", "missing", "is older than 6.1");
}

Test(doctor_machine, no_btf)
{
	json_t *document;

	must("mkdir /mnt/empty && mount --bind /mnt/empty /sys/kernel/btf");
	document = doctor(1, "", "");
	finds(document, "btf", "missing", "/sys/kernel/btf/vmlinux");
	advises(document, "btf", "CONFIG_DEBUG_INFO_BTF=y");
	json_decref(document);
}

Test(doctor_machine, no_tap)
{
	json_t *document;

	must("mount -t tmpfs tmpfs /dev/net");
	document = doctor(0, "", "");
	finds(document, "tap", "missing", "/dev/net/tun: No such file");
	advises(document, "tap", "modprobe tun");
	json_decref(document);
}

/* Nothing can be asked of rtnetlink. */
Test(doctor_machine, no_veth)
{
	json_t *document =
		doctor(1, "strace -f -qq -o /dev/null -e inject=sendto:error=EOPNOTSUPP", "");

	finds(document, "switch", "ok", "");
	finds(document, "ring_client", "ok", "");
	finds(document, "veth_xdp", "missing", "cannot make a veth: Operation not supported");
	advises(document, "veth_xdp", "modprobe veth");
	finds(document, "live_frames", "unknown", "for want of: veth_xdp");
	finds(document, "veth_tc", "missing", "cannot make a veth");
	json_decref(document);
}

Test(doctor_machine, lockdown)
{
	must("mount -t tmpfs tmpfs /sys/kernel/security");
	doctor_finds(1, DOCTOR_NOBODY, "lockdown", "unknown", "cannot read");
	must("touch /sys/kernel/security/lsm");
	doctor_finds(1, DOCTOR_NOBODY, "lockdown", "ok", "has none");
	must("echo 'none [integrity] confidentiality' > /sys/kernel/security/lockdown");
	doctor_finds(1, DOCTOR_NOBODY, "lockdown", "ok", "integrity");
	must("echo 'none integrity [confidentiality]' > /sys/kernel/security/lockdown");
	doctor_finds(1, DOCTOR_NOBODY, "lockdown", "limited", "may not read");
}

Test(doctor_machine, settings)
{
	json_t *document;

	doctor_finds(0, "", "jit_harden", "unknown", "network namespace");
	must("mount -t tmpfs tmpfs /proc/sys/net/core");
	must("echo 2 > /proc/sys/net/core/bpf_jit_harden");
	must("echo 0 > /proc/sys/net/core/bpf_jit_enable");
	must("echo 0 > /mnt/zero && mount --bind /mnt/zero "
	     "/proc/sys/kernel/unprivileged_bpf_disabled");
	must("echo 'MemAvailable: 2048 kB' > /mnt/memory && mount --bind /mnt/memory /proc/meminfo");
	document = doctor(0, "", "");
	finds(document, "jit_harden", "limited", "slower");
	finds(document, "jit", "ok", "compiled"); /* whatever the setting says */
	finds(document, "unprivileged_bpf", "ok", "0: users may load");
	finds(document, "memory", "limited", "2 MiB available");
	json_decref(document);
	doctor_finds(1, DOCTOR_NOBODY, "jit", "missing", "bpf_jit_enable is 0");
}

/* ---- what it leaves ---------------------------------------------------------------------------- */

/* All that can be seen of it from here. */
static char *traces(void)
{
	struct output output = must("find /sys/fs/bpf /run/netns | sort; ip -o link; "
				    "ip -o netns; cat /proc/self/mountinfo");

	return strdup(output.text);
}

Test(doctor_machine, nothing_is_left)
{
	char *before, *after;

	must("%s create vale1", valectl());
	before = traces();
	json_decref(doctor(0, "", ""));
	json_decref(doctor(1, DOCTOR_NOBODY, ""));
	after = traces();
	cr_assert_str_eq(after, before);
	free(before);
	free(after);
}

/* False: it had ended before. */
static bool killed_after(int milliseconds)
{
	struct output output = run("timeout -s KILL %d.%03d %s doctor", milliseconds / 1000,
				   milliseconds % 1000, valectl());

	cr_assert(output.status == 0 || output.status == 128 + 9, "%d: %s", output.status,
		  output.errors);
	return output.status;
}

Test(doctor_machine, killed_anywhere_it_leaves_nothing)
{
	char *before = traces(), *after;
	int milliseconds = 1, kills = 0;

	while (killed_after(milliseconds)) {
		after = traces();
		cr_assert_str_eq(after, before, "after %d ms", milliseconds);
		free(after);
		milliseconds += milliseconds / 2 + 1;
		kills++;
	}
	cr_assert_gt(kills, 0);
	free(before);
}
