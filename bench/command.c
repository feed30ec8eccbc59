// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Other programs: start them, feed them, wait for them, and take them along if we die. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench/bench.h"
#include "bench/command.h"
#include "bench/sandbox.h"

#define COMMAND_SECONDS	  60
#define POLL_MILLISECONDS 100

/* An unlinked temporary file: unlike a pipe it takes input of any length before anybody reads. */
static int input_file(const char *input)
{
	size_t length = input ? strlen(input) : 0;
	int fd = input ? open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
		       : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (length && (write(fd, input, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static void __attribute__((noreturn))
become(const struct command *command, int in, int out, pid_t parent)
{
	/* However we end, SIGKILL included, the child must not stay. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	if (command->netns && sandbox_enter_netns(command->netns))
		_exit(126);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	if (command->silent) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
	}
	execvp(command->argv[0], (char *const *)command->argv);
	_exit(127);
}

int command_start(const struct command *command, struct child *child)
{
	int in CLEANUP_FD = input_file(command->input);
	pid_t parent = getpid(), pid;
	int out[2];

	if (in < 0)
		return bench_error(-in, "'%s': cannot prepare its input", command->argv[0]);
	if (pipe2(out, O_CLOEXEC))
		return bench_error(errno, "'%s': cannot make a pipe", command->argv[0]);
	pid = fork();
	if (pid == 0)
		become(command, in, out[1], parent);
	close(out[1]);
	if (pid < 0) {
		int error = errno;

		close(out[0]);
		return bench_error(error, "'%s': cannot fork", command->argv[0]);
	}
	child->pid = pid;
	child->output = out[0];
	return 0;
}

/* Until the child closes its end: 0, or why we gave up. */
static int drain(struct child *child, double deadline, FILE *to)
{
	struct pollfd wait = { .fd = child->output, .events = POLLIN };
	char buffer[4096];
	ssize_t length;

	for (;;) {
		if (bench_interrupted)
			return -EINTR;
		if (bench_now() > deadline)
			return -ETIMEDOUT;
		if (poll(&wait, 1, POLL_MILLISECONDS) <= 0)
			continue;
		length = read(child->output, buffer, sizeof(buffer));
		if (length == 0)
			return 0;
		if (length < 0 && errno != EINTR)
			return -errno;
		if (length > 0 && to)
			fwrite(buffer, 1, length, to);
	}
}

int command_finish(struct child *child, double seconds, char **output)
{
	FILE *stream = NULL;
	int status, error;
	size_t length;

	if (output) {
		*output = NULL;
		stream = open_memstream(output, &length);
		if (!stream)
			return -errno;
	}
	error = drain(child, bench_now() + seconds, stream);
	if (stream)
		fclose(stream);
	if (error) {
		command_kill(child);
		return error;
	}
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	child->pid = -1;
	command_kill(child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void command_kill(struct child *child)
{
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	child->pid = -1;
	close_fd(&child->output);
	child->output = -1;
}

int command_run(const struct command *command, char **output)
{
	struct child child = CHILD_NONE;
	int error = command_start(command, &child);

	return error ? error : command_finish(&child, COMMAND_SECONDS, output);
}

static int ip_batch(const char *netns, const char *lines)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };
	struct command command = { .argv = argv, .input = lines, .netns = netns };
	int status = command_run(&command, NULL);

	if (status < 0)
		return bench_error(-status, "'ip -batch'");
	if (status == 127)
		return bench_error(ENOENT, "cannot run 'ip' (package iproute2)");
	if (status > 0)
		return bench_error(0, "'ip -batch' failed with status %d for:\n%.400s", status,
				   lines);
	return 0;
}

int command_ip_in(const char *netns, const char *format, ...)
{
	char *lines CLEANUP_FREE = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&lines, format, args);
	va_end(args);
	if (length < 0) {
		lines = NULL;
		return bench_error(ENOMEM, "'ip -batch'");
	}
	return ip_batch(netns, lines);
}

char *command_path(const char *name)
{
	const char *argv[] = { "sh", "-c", "command -v \"$0\"", name, NULL };
	struct command command = { .argv = argv, .silent = true };
	char *path = NULL;

	if (command_run(&command, &path) || !path || !*path) {
		free(path);
		return NULL;
	}
	path[strcspn(path, "\n")] = '\0';
	return path;
}

bool command_exists(const char *name)
{
	char *path CLEANUP_FREE = command_path(name);

	return path;
}
