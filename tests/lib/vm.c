// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vm.h"

/* How often the caller's flag is looked at. */
#define POLL_MS 100

struct vm {
	pid_t pid;
	int commands; /* the guest's ttyS1; -1 when it is out of step or gone */
	int console;  /* a file in memory that collects the guest's ttyS0 */
	unsigned int timeout;
	const volatile sig_atomic_t *interrupted;
	char *output;
};

static void free_string(char **string)
{
	free(*string);
}

#define auto_free __attribute__((cleanup(free_string)))

__attribute__((format(printf, 1, 2))) static char *format_string(const char *format, ...)
{
	va_list arguments;
	char *string;

	va_start(arguments, format);
	if (vasprintf(&string, format, arguments) < 0)
		abort();
	va_end(arguments);
	return string;
}

static const char *or_empty(const char *string)
{
	return string ? string : "";
}

char *vm_kernel(void)
{
	const char *build = getenv("VALE_BUILD");

	return format_string("%s/vm/vmlinuz", build ? build : "build");
}

/* Has the image made or brought up to date; returns its name, to be freed, or NULL. */
static char *build_image(const struct vm_options *options)
{
	auto_free char *command = format_string("tests/vm/build-guest '%s' %s", options->profile,
						or_empty(options->files));
	FILE *answer = popen(command, "re");
	char *image = NULL;

	if (!answer)
		return NULL;
	if (fscanf(answer, "%ms", &image) != 1)
		image = NULL;
	if (pclose(answer) == 0)
		return image;
	fprintf(stderr, "vm: %s failed\n", command);
	free(image);
	return NULL;
}

static char *network_arguments(const struct vm_options *options)
{
	if (!options->tap)
		return format_string("-nic none");
	return format_string("-netdev tap,id=n0,ifname=%s,script=no,downscript=no"
			     " -device virtio-net-pci,netdev=n0%s%s",
			     options->tap, options->mac ? ",mac=" : "", or_empty(options->mac));
}

static char *qemu_command(const struct vm *vm, const struct vm_options *options, const char *image)
{
	auto_free char *network = network_arguments(options);
	auto_free char *kernel = vm_kernel();

	return format_string("exec qemu-system-x86_64 -accel tcg -m %u -nographic -no-reboot"
			     " -kernel %s -initrd %s"
			     " -append 'console=ttyS0 quiet panic=-1 %s%s'"
			     " -monitor none -serial file:/proc/self/fd/%d"
			     " -chardev stdio,id=commands -device virtio-serial-pci"
			     " -device virtserialport,chardev=commands,name=commands %s %s",
			     options->memory ? options->memory : 256, kernel, image,
			     options->ip ? "vale.ip=" : "", or_empty(options->ip), vm->console,
			     network, or_empty(options->qemu_args));
}

/* In the child: becomes QEMU. The kernel kills it should this test end without vm_stop(). */
static void become_qemu(const struct vm *vm, const char *command, int serial, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(serial, STDIN_FILENO);
	dup2(serial, STDOUT_FILENO);
	fcntl(vm->console, F_SETFD, 0);
	execl("/bin/sh", "sh", "-c", command, NULL);
	perror("vm: cannot run /bin/sh");
	_exit(127);
}

static int spawn(struct vm *vm, const struct vm_options *options, const char *image)
{
	auto_free char *command = qemu_command(vm, options, image);
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	vm->commands = ends[0];
	vm->pid = fork();
	if (vm->pid == 0)
		become_qemu(vm, command, ends[1], parent);
	close(ends[1]);
	return vm->pid < 0 ? -errno : 0;
}

int vm_start(struct vm **result, const struct vm_options *options)
{
	auto_free char *image = build_image(options);
	struct vm *vm;
	int err;

	*result = NULL;
	if (!image)
		return -ENOENT;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->commands = -1;
	vm->timeout = options->timeout ? options->timeout : 60;
	vm->interrupted = options->interrupted;
	vm->console = memfd_create("console", MFD_CLOEXEC);
	err = vm->console < 0 ? -errno : spawn(vm, options, image);
	if (err)
		vm_stop(vm);
	else
		*result = vm;
	return err;
}

static long long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Waits for something to read. */
static int wait_readable(struct vm *vm, long long deadline)
{
	struct pollfd poll_fd = { .fd = vm->commands, .events = POLLIN };

	while (poll(&poll_fd, 1, POLL_MS) <= 0) {
		if (vm->interrupted && *vm->interrupted)
			return -EINTR;
		if (now_ms() > deadline)
			return -ETIMEDOUT;
	}
	return 0;
}

/* Reads exactly `size` bytes from the guest. */
static int receive(struct vm *vm, char *buffer, size_t size, long long deadline)
{
	while (size) {
		int err = wait_readable(vm, deadline);
		ssize_t n;

		if (err)
			return err;
		n = read(vm->commands, buffer, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		buffer += n;
		size -= n;
	}
	return 0;
}

static int receive_line(struct vm *vm, char *line, size_t size, long long deadline)
{
	for (size_t i = 0; i < size; i++) {
		int err = receive(vm, &line[i], 1, deadline);

		if (err)
			return err;
		if (line[i] == '\n') {
			line[i] = '\0';
			return 0;
		}
	}
	return -EPROTO;
}

static void print_console(const struct vm *vm)
{
	char buffer[4096];
	off_t at = 0;
	ssize_t n;

	fputs("vm: the machine's console:\n", stderr);
	while ((n = pread(vm->console, buffer, sizeof(buffer), at)) > 0) {
		fwrite(buffer, 1, n, stderr);
		at += n;
	}
}

/* After a failed exchange the next answer could be the last one's: no more of them. */
static int give_up(struct vm *vm, int err, const char *what)
{
	close(vm->commands);
	vm->commands = -1;
	if (err == -EINTR)
		return err;
	fprintf(stderr, "vm: %s: %s\n", what, strerror(-err));
	print_console(vm);
	return err;
}

int vm_wait(struct vm *vm)
{
	char line[16];
	int err;

	err = receive_line(vm, line, sizeof(line), now_ms() + vm->timeout * 1000LL);
	if (!err && strcmp(line, "ready") != 0)
		err = -EPROTO;
	return err ? give_up(vm, err, "the machine did not come up") : 0;
}

static int send_command(struct vm *vm, const char *command)
{
	size_t length = strlen(command);

	if (send(vm->commands, command, length, MSG_NOSIGNAL) != (ssize_t)length ||
	    send(vm->commands, "\n", 1, MSG_NOSIGNAL) != 1)
		return -EPIPE;
	return 0;
}

/* The answer is "STATUS LENGTH\n" and the output; returns the status. */
static int receive_answer(struct vm *vm, long long deadline)
{
	char line[32];
	unsigned int status;
	size_t length;
	int err;

	err = receive_line(vm, line, sizeof(line), deadline);
	if (err)
		return err;
	if (sscanf(line, "%u %zu", &status, &length) != 2)
		return -EPROTO;
	vm->output = calloc(1, length + 1);
	if (!vm->output)
		return -ENOMEM;
	err = receive(vm, vm->output, length, deadline);
	if (length && vm->output[length - 1] == '\n')
		vm->output[length - 1] = '\0';
	return err ? err : (int)status;
}

static int no_answer(struct vm *vm, int err, const char *command)
{
	auto_free char *what = format_string("no answer to \"%s\"", command);

	return give_up(vm, err, what);
}

int vm_run(struct vm *vm, const char *format, ...)
{
	auto_free char *command = NULL;
	va_list arguments;
	int status;

	free(vm->output);
	vm->output = NULL;
	if (vm->commands < 0)
		return -EPIPE;
	va_start(arguments, format);
	status = vasprintf(&command, format, arguments);
	va_end(arguments);
	if (status < 0)
		return -ENOMEM;
	if (strchr(command, '\n'))
		return -EINVAL;
	status = send_command(vm, command);
	if (!status)
		status = receive_answer(vm, now_ms() + vm->timeout * 1000LL);
	return status < 0 ? no_answer(vm, status, command) : status;
}

const char *vm_output(const struct vm *vm)
{
	return or_empty(vm->output);
}

void vm_stop(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->pid > 0) {
		kill(vm->pid, SIGKILL);
		waitpid(vm->pid, NULL, 0);
	}
	if (vm->commands >= 0)
		close(vm->commands);
	if (vm->console >= 0)
		close(vm->console);
	free(vm->output);
	free(vm);
}
