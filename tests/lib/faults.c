// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <linux/bpf.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct errors {
	long call; /* of SYS_bpf, its first argument */
	const char *name;
	int errors[4]; /* up to the first 0 */
};

/*
 * EINTR only where the kernel waits in a way that a signal ends; EPERM and EACCES not where they say
 * that a thing is another's, which is passed over (files of other processes, their namespaces). Calls
 * that are missing here fail by a mistake of the program alone (close, munmap, fcntl).
 */
static const struct errors errors_of_calls[] = {
	{ SYS_bind, "bind", { ENOMEM } },
	{ SYS_epoll_create1, "epoll_create1", { EMFILE, ENOMEM } },
	{ SYS_epoll_ctl, "epoll_ctl", { ENOMEM, ENOSPC } },
	{ SYS_faccessat2, "faccessat2", { ENOMEM, EACCES } },
	{ SYS_fchmodat, "fchmodat", { ENOMEM, EPERM } },
	{ SYS_fchownat, "fchownat", { ENOMEM, EPERM } },
	{ SYS_flock, "flock", { EINTR, ENOLCK, ENOMEM } },
	{ SYS_getdents64, "getdents64", { ENOMEM } },
	{ SYS_getsockname, "getsockname", { ENOBUFS } },
	{ SYS_getsockopt, "getsockopt", { ENOMEM } },
	{ SYS_ioctl, "ioctl", { ENOMEM, EPERM } },
	{ SYS_mkdirat, "mkdirat", { ENOMEM, EPERM } },
	{ SYS_mmap, "mmap", { ENOMEM, EPERM } },
	{ SYS_newfstatat, "newfstatat", { ENOMEM, EACCES } },
	{ SYS_openat, "openat", { EMFILE, ENOMEM } },
	{ SYS_ppoll, "ppoll", { EINTR, ENOMEM } },
	{ SYS_read, "read", { ENOMEM, EIO } },
	{ SYS_recvfrom, "recvfrom", { ENOBUFS, EINTR } },
	{ SYS_recvmsg, "recvmsg", { ENOBUFS, EINTR, ENOMEM } },
	{ SYS_renameat2, "renameat2", { ENOMEM, EPERM } },
	{ SYS_sendmsg, "sendmsg", { ENOBUFS, EINTR, ENOMEM } },
	{ SYS_sendto, "sendto", { ENOBUFS, EINTR, ENOMEM } },
	{ SYS_setns, "setns", { ENOMEM } },
	{ SYS_setsockopt, "setsockopt", { ENOMEM } },
	{ SYS_signalfd4, "signalfd4", { EMFILE, ENOMEM } },
	{ SYS_socket, "socket", { EMFILE, ENOBUFS } },
	{ SYS_statfs, "statfs", { ENOMEM, EACCES } },
	{ SYS_unlinkat, "unlinkat", { ENOMEM, EPERM } },
	{ SYS_write, "write", { ENOSPC } },
#ifdef SYS_open
	{ SYS_chmod, "chmod", { ENOMEM, EPERM } },
	{ SYS_chown, "chown", { ENOMEM, EPERM } },
	{ SYS_mkdir, "mkdir", { ENOMEM, EPERM } },
	{ SYS_poll, "poll", { EINTR, ENOMEM } },
	{ SYS_rmdir, "rmdir", { ENOMEM, EPERM } },
	{ SYS_unlink, "unlink", { ENOMEM, EPERM } },
#endif
};

static const struct errors errors_of_bpf[] = {
	{ BPF_BTF_LOAD, "bpf(BTF_LOAD)", { ENOMEM, EMFILE, EPERM } },
	{ BPF_LINK_CREATE, "bpf(LINK_CREATE)", { ENOMEM, EMFILE, EPERM } },
	{ BPF_LINK_DETACH, "bpf(LINK_DETACH)", { ENOMEM, EPERM } },
	{ BPF_MAP_CREATE, "bpf(MAP_CREATE)", { ENOMEM, EMFILE, EPERM } },
	{ BPF_MAP_DELETE_ELEM, "bpf(MAP_DELETE_ELEM)", { ENOMEM, EPERM } },
	{ BPF_MAP_FREEZE, "bpf(MAP_FREEZE)", { EBUSY, EPERM } },
	{ BPF_MAP_GET_FD_BY_ID, "bpf(MAP_GET_FD_BY_ID)", { ENOMEM, EMFILE, EPERM } },
	{ BPF_MAP_GET_NEXT_KEY, "bpf(MAP_GET_NEXT_KEY)", { ENOMEM, EPERM } },
	{ BPF_MAP_LOOKUP_ELEM, "bpf(MAP_LOOKUP_ELEM)", { ENOMEM, EPERM } },
	{ BPF_MAP_UPDATE_ELEM, "bpf(MAP_UPDATE_ELEM)", { ENOMEM, E2BIG, EPERM } },
	{ BPF_OBJ_GET, "bpf(OBJ_GET)", { ENOMEM, EMFILE, EACCES } },
	{ BPF_OBJ_GET_INFO_BY_FD, "bpf(OBJ_GET_INFO_BY_FD)", { ENOMEM, EPERM } },
	{ BPF_OBJ_PIN, "bpf(OBJ_PIN)", { ENOMEM, EPERM } },
	{ BPF_PROG_GET_FD_BY_ID, "bpf(PROG_GET_FD_BY_ID)", { ENOMEM, EMFILE, EPERM } },
	{ BPF_PROG_LOAD, "bpf(PROG_LOAD)", { ENOMEM, EMFILE, EPERM } },
	{ BPF_PROG_QUERY, "bpf(PROG_QUERY)", { ENOMEM, EPERM } },
	{ BPF_PROG_TEST_RUN, "bpf(PROG_TEST_RUN)", { EINTR, ENOMEM } },
	{ BPF_RAW_TRACEPOINT_OPEN, "bpf(RAW_TRACEPOINT_OPEN)", { ENOMEM, EMFILE, EPERM } },
};

static const struct errors *find(const struct errors *items, size_t count, long call)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].call == call)
			return &items[i];
	return NULL;
}

/* NULL: it does not fail. What is said on stderr must come through, to be seen. */
static const struct errors *errors_of(const struct __ptrace_syscall_info *call)
{
	if (call->entry.nr == SYS_bpf)
		return find(errors_of_bpf, COUNT(errors_of_bpf), call->entry.args[0]);
	if (call->entry.nr == SYS_write && call->entry.args[0] == STDERR_FILENO)
		return NULL;
	return find(errors_of_calls, COUNT(errors_of_calls), call->entry.nr);
}

/* Runs on to the next call that can fail. */
static const struct errors *next_call(const struct traced *traced, pid_t child, bool *begun,
				      int *ended)
{
	struct __ptrace_syscall_info call;

	while (traced_next_call(child, &call, ended)) {
		const struct errors *errors = errors_of(&call);

		*begun |= !traced->argv || call.entry.nr == SYS_statfs;
		if (*begun && errors)
			return errors;
	}
	return NULL;
}

/* ---- which there are --------------------------------------------------------------------------- */

static int choose(const struct errors *errors, unsigned int turn)
{
	unsigned int count = 1; /* each has one */

	while (count < COUNT(errors->errors) && errors->errors[count])
		count++;
	return errors->errors[turn % count];
}

static void add(struct faults *faults, const struct errors *errors, unsigned int turn)
{
	struct fault *fault;

	faults->items = reallocarray(faults->items, faults->count + 1, sizeof(*faults->items));
	fault = &faults->items[faults->count];
	*fault = (struct fault){
		.call = faults->calls,
		.error = choose(errors, turn + faults->count),
	};
	snprintf(fault->name, sizeof(fault->name), "call %zu, %s: %s", fault->call, errors->name,
		 strerrorname_np(fault->error));
	faults->count++;
}

struct faults faults_of(const struct traced *traced, unsigned int turn)
{
	const struct errors *errors, *before = NULL;
	pid_t child = traced_start(traced);
	int run = 0, ended = -1;
	struct faults faults = {};
	bool begun = false;

	for (; (errors = next_call(traced, child, &begun, &ended)); faults.calls++) {
		run = errors == before ? run + 1 : 0;
		/* The last is not known until the next comes: each takes the place of the one before. */
		if (run > 2)
			faults.count--;
		add(&faults, errors, turn);
		before = errors;
	}
	cr_assert_eq(ended, 0, "what is traced fails: %d", ended);
	return faults;
}

/* ---- one of them ------------------------------------------------------------------------------- */

static int fail_on(const struct traced *traced, pid_t child, const struct errors *kind, int error)
{
	const struct errors *errors;
	bool begun = true;
	int ended = 0;

	while ((errors = next_call(traced, child, &begun, &ended)))
		if (errors == kind)
			traced_refuse_call(child, error);
	return ended;
}

int fault_at(const struct traced *traced, struct fault *fault)
{
	const struct errors *errors = NULL;
	pid_t child = traced_start(traced);
	bool begun = false;

	for (size_t i = 0; i <= fault->call; i++) {
		errors = next_call(traced, child, &begun, NULL);
		if (!errors)
			return FAULT_NOT_REACHED;
	}
	/* It may have gone another way this time. */
	for (size_t i = 0; i < COUNT(errors->errors) && errors->errors[i] != fault->error; i++)
		if (!errors->errors[i]) {
			fault->error = errors->errors[0];
			break;
		}
	/* A signal comes once: who tries again then is right, and would do so for ever. */
	if (fault->lasting && fault->error == EINTR)
		fault->error = errors->errors[errors->errors[0] == EINTR];
	snprintf(fault->name, sizeof(fault->name), "call %zu, %s: %s%s", fault->call, errors->name,
		 strerrorname_np(fault->error), fault->lasting ? ", and so on" : "");
	traced_refuse_call(child, fault->error);
	return fault->lasting ? fail_on(traced, child, errors, fault->error) : traced_end(child);
}
