// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The handle, and the reasons kept in it. */
#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "internal.h"

int vale_open(struct vale **out, const char *bpffs)
{
	CLEANUP_FREE struct vale *vale = calloc(1, sizeof(*vale));
	struct statfs fs;

	if (!vale)
		return -ENOMEM;
	if (!bpffs)
		bpffs = VALE_BPFFS;
	if (strlen(bpffs) >= sizeof(vale->bpffs))
		return -ENAMETOOLONG;
	if (statfs(bpffs, &fs))
		return -errno;
	if (fs.f_type != BPF_FS_MAGIC)
		return -ENODEV;
	strcpy(vale->bpffs, bpffs);
	snprintf(vale->root, sizeof(vale->root), "%s/vale", bpffs);
	*out = TAKE(vale, NULL);
	return 0;
}

void vale_close(struct vale *vale)
{
	free(vale);
}

const char *vale_open_reason(int error)
{
	switch (-error) {
	case ENODEV:
		return "it is not a bpf file system: mount one there with 'mount -t bpf bpf DIR'";
	default:
		return strerror(-error);
	}
}

const char *vale_reason(const struct vale *vale)
{
	return vale->reason;
}

void vale_set_progress(struct vale *vale, void (*report)(void *arg, __u32 done, __u32 total),
		       void *arg)
{
	vale->report = report;
	vale->report_arg = arg;
}

bool is_shortage(int error)
{
	return error == -EINTR || error == -ENOMEM || error == -ENOBUFS || error == -EMFILE ||
	       error == -ENFILE || error == -EAGAIN;
}

int take_options(struct vale *vale, void *out, size_t size, const void *given)
{
	const char *bytes = given;
	size_t given_size;

	memset(out, 0, size);
	if (!given)
		return 0;
	given_size = *(const size_t *)given;
	if (given_size < sizeof(size_t))
		return fail(vale, EINVAL, "options do not say their size");
	for (size_t i = size; i < given_size; i++)
		if (bytes[i])
			return fail(vale, E2BIG,
				    "an option is not known to this version of libvale");
	memcpy(out, bytes, given_size < size ? given_size : size);
	return 0;
}

int fail(struct vale *vale, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(vale->reason, sizeof(vale->reason), format, arguments);
	va_end(arguments);
	return -error;
}

int fail_files(struct vale *vale, const char *what)
{
	return fail(vale, EPERM,
		    "%s: not permitted: run it as root (it needs CAP_DAC_OVERRIDE where files are "
		    "another user's)%s",
		    what,
		    capability_missing(CAPABILITY(DAC_OVERRIDE)) ? "; missing: CAP_DAC_OVERRIDE"
								 : "");
}

int fail_leave(struct vale *vale, int error, const char *what, const char *name)
{
	char words[128] = "";

	if (error == EPERM)
		capability_words(capability_missing(CAPABILITIES_VISIT), words, sizeof(words));
	return fail(vale, error, "%s '%s': %s%s%s", what, name, strerror(error),
		    *words ? "; missing: " : "", words);
}

static int fail_permission(struct vale *vale, __u64 missing, const char *what)
{
	char words[128];

	capability_words(missing, words, sizeof(words));
	return fail(vale, EPERM,
		    "%s: not permitted: run it as root (it needs CAP_BPF, CAP_NET_ADMIN and "
		    "CAP_PERFMON)%s%s",
		    what, missing ? "; missing: " : "", words);
}

int fail_bpf(struct vale *vale, int error, const char *what)
{
	const __u64 missing = capability_missing(CAPABILITIES_MAKE);

	/* Of who lacks nothing, EACCES is the verifier's word. */
	if (error == EPERM || (error == EACCES && missing))
		return fail_permission(vale, missing, what);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return fail(vale, ENOTSUP,
			    "%s: this kernel has no BTF (/sys/kernel/btf/vmlinux): use "
			    "one built with CONFIG_DEBUG_INFO_BTF=y",
			    what);
	if (error == EACCES || error == E2BIG)
		return fail(vale, error, "%s: the kernel's verifier refuses the program", what);
	return fail(vale, error, "%s: %s", what, strerror(error));
}
