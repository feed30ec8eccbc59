// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "strace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <linux/elf.h>

#include "sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_among(const long *items, size_t count, long item)
{
	for (size_t i = 0; i < count; i++)
		if (items[i] == item)
			return true;
	return false;
}

/*
 * Calls after which a process that is killed leaves the world as it would have before. What a
 * process only has open, a kill closes; so close() is among them, and making a map that is pinned
 * later.
 */
static const long idle_calls[] = {
	SYS_bind,
	SYS_brk,
	SYS_capget,
	SYS_capset,
	SYS_close,
	SYS_dup,
	SYS_epoll_create1,
	SYS_faccessat,
	SYS_fcntl,
	SYS_flock,
	SYS_futex,
	SYS_getdents64,
	SYS_geteuid,
	SYS_getpid,
	SYS_getrandom,
	SYS_getsockname,
	SYS_getsockopt,
	SYS_gettid,
	SYS_getuid,
	SYS_lseek,
	SYS_mmap,
	SYS_mprotect,
	SYS_mremap,
	SYS_munmap,
	SYS_newfstatat,
	SYS_openat,
	SYS_prctl,
	SYS_pread64,
	SYS_prlimit64,
	SYS_read,
	SYS_readlinkat,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_rseq,
	SYS_setns,
	SYS_setsockopt,
	SYS_socket,
	SYS_statfs,
	SYS_uname,
	SYS_write,
	SYS_set_robust_list,
	SYS_set_tid_address,
#ifdef SYS_arch_prctl
	SYS_arch_prctl,
#endif
#ifdef SYS_access
	SYS_access,
#endif
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
};

static const long idle_bpf_commands[] = {
	BPF_BTF_LOAD, BPF_MAP_CREATE,	   BPF_MAP_FREEZE,	   BPF_MAP_GET_NEXT_KEY,
	BPF_OBJ_GET,  BPF_MAP_LOOKUP_ELEM, BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_LOAD,
};

static bool changes_nothing(const struct __ptrace_syscall_info *call)
{
	if (call->entry.nr == SYS_bpf)
		return is_among(idle_bpf_commands, COUNT(idle_bpf_commands), call->entry.args[0]);
	return is_among(idle_calls, COUNT(idle_calls), call->entry.nr);
}

char **traced_arguments(const char *command)
{
	static char text[128], *argv[12];
	int count = 0;

	snprintf(text, sizeof(text), "%s", command);
	argv[count++] = (char *)valectl();
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[count++] = word;
	argv[count] = NULL;
	return argv;
}

/* The signal stays blocked and pending across an exec, until the program looks. */
static void send_sigterm(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	raise(SIGTERM);
}

static void become(const struct traced *traced)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(traced->errors ? traced->errors : null, STDERR_FILENO);
	if (traced->terminated)
		send_sigterm();
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	if (traced->argv) {
		execv(traced->argv[0], traced->argv);
		_exit(127);
	}
	raise(SIGTRAP); /* as an exec does */
	traced->function();
	_exit(0);
}

/* Waits until the program stops; false if it has ended. */
static bool wait_stop(pid_t child, int *signal, int *ended)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		cr_assert_eq(errno, EINTR, "waitpid: %s", strerror(errno));
	*signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
	if (!WIFSTOPPED(status) && ended)
		*ended = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return WIFSTOPPED(status);
}

pid_t traced_start(const struct traced *traced)
{
	pid_t child = fork();
	int signal;

	cr_assert_geq(child, 0);
	if (!child)
		become(traced);
	cr_assert(wait_stop(child, &signal, NULL) && signal == SIGSTOP);
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	cr_assert(wait_stop(child, &signal, NULL) && signal == SIGTRAP, "cannot run it");
	return child;
}

/* Runs on to the next entry to, or exit from, a system call. */
static bool next_stop(pid_t child, int op, struct __ptrace_syscall_info *call, int *ended)
{
	int signal = 0;

	for (;;) {
		bool is_call = signal == (SIGTRAP | 0x80);

		ptrace(PTRACE_SYSCALL, child, NULL, is_call ? 0 : signal);
		if (!wait_stop(child, &signal, ended))
			return false;
		if (signal == (SIGTRAP | 0x80) &&
		    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(*call), call) > 0 &&
		    call->op == op)
			return true;
	}
}

bool traced_next_call(pid_t child, struct __ptrace_syscall_info *call, int *ended)
{
	return next_stop(child, PTRACE_SYSCALL_INFO_ENTRY, call, ended);
}

/* Of the call that is being entered, the number; and of the one that has ended, the result. */
static void set_number(pid_t child, long number)
{
#if defined(__x86_64__)
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, orig_rax), number);
#elif defined(__aarch64__)
	int value = number;
	struct iovec bytes = { &value, sizeof(value) };

	ptrace(PTRACE_SETREGSET, child, NT_ARM_SYSTEM_CALL, &bytes);
#else
#error "how does a debugger change a system call here?"
#endif
}

static void set_result(pid_t child, long result)
{
#if defined(__x86_64__)
	ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, rax), result);
#elif defined(__aarch64__)
	struct user_regs_struct registers;
	struct iovec bytes = { &registers, sizeof(registers) };

	ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &bytes);
	registers.regs[0] = result;
	ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &bytes);
#endif
}

void traced_refuse_call(pid_t child, int error)
{
	struct __ptrace_syscall_info call;

	set_number(child, -1);
	cr_assert(next_stop(child, PTRACE_SYSCALL_INFO_EXIT, &call, NULL));
	set_result(child, -error);
}

int traced_end(pid_t child)
{
	int signal = 0, ended = 0;

	do
		ptrace(PTRACE_CONT, child, NULL, signal);
	while (wait_stop(child, &signal, &ended));
	return ended;
}

static void add_point(struct kill_points *points, size_t call)
{
	points->calls = reallocarray(points->calls, points->count + 1, sizeof(*points->calls));
	points->calls[points->count++] = call;
}

struct kill_points kill_points_of(const struct traced *traced)
{
	bool all = getenv("VALE_KILL_ALL") || traced->every_call, in_run = false;
	struct __ptrace_syscall_info call = {};
	struct kill_points points = {};
	pid_t child = traced_start(traced);

	for (; traced_next_call(child, &call, NULL); points.total++) {
		bool harmless = changes_nothing(&call);

		if (all || !harmless || !in_run)
			add_point(&points, points.total);
		in_run = harmless;
	}
	cr_assert(call.entry.nr == SYS_exit_group && !call.entry.args[0], "what is traced fails");
	return points;
}

bool kill_at(const struct traced *traced, size_t at)
{
	struct __ptrace_syscall_info call;
	pid_t child = traced_start(traced);
	int signal;

	for (size_t i = 0; i <= at; i++)
		if (!traced_next_call(child, &call, NULL))
			return false;
	/* A call that is being entered is not made any more. */
	kill(child, SIGKILL);
	while (wait_stop(child, &signal, NULL))
		;
	return true;
}
