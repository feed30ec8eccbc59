// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

static void must_mount(const char *type, const char *target)
{
	if (mount(type, target, type, 0, NULL))
		cr_assert_fail("cannot mount %s on %s: %s", type, target, strerror(errno));
}

void sandbox_enter(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		cr_assert_fail("the tests need root: cannot make namespaces: %s", strerror(errno));
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		cr_assert_fail("cannot make the mounts private: %s", strerror(errno));
	must_mount("sysfs", "/sys"); /* the new namespace's devices in /sys/class/net */
	must_mount("bpf", "/sys/fs/bpf");
	mkdir("/run/netns", 0755);
	must_mount("tmpfs", "/run/netns");
	must("ip link set lo up");
}

const char *valectl(void)
{
	static char path[4096];
	const char *build = getenv("VALE_BUILD");

	if (!path[0]) {
		char *full = realpath(build ? build : "build", NULL);

		snprintf(path, sizeof(path), "%s/valectl", full ? full : "build");
		free(full);
	}
	return path;
}

/* Reads what is there; the rest of what does not fit is thrown away. False at the end. */
static bool take(int fd, char *text, size_t size, size_t *used)
{
	char rest[4096];
	size_t room = size - 1 - *used;
	ssize_t got = room ? read(fd, text + *used, room) : read(fd, rest, sizeof(rest));

	if (got <= 0)
		return false;
	if (room)
		*used += got;
	return true;
}

static void collect(int out, int errors, struct output *output)
{
	struct pollfd fds[] = { { out, POLLIN, 0 }, { errors, POLLIN, 0 } };
	size_t used = 0, errors_used = 0;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents && !take(out, output->text, sizeof(output->text), &used))
			fds[0].fd = -1;
		if (fds[1].revents &&
		    !take(errors, output->errors, sizeof(output->errors), &errors_used))
			fds[1].fd = -1;
	}
}

static struct output run_shell(const char *command)
{
	struct output output = { .status = -1 };
	int out[2], errors[2], status;
	pid_t child;

	if (pipe2(out, O_CLOEXEC) || pipe2(errors, O_CLOEXEC))
		cr_assert_fail("no pipe: %s", strerror(errno));
	fflush(NULL);
	child = fork();
	if (child < 0)
		cr_assert_fail("no process: %s", strerror(errno));
	if (!child) {
		dup2(out[1], STDOUT_FILENO);
		dup2(errors[1], STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(out[1]);
	close(errors[1]);
	collect(out[0], errors[0], &output);
	close(out[0]);
	close(errors[0]);
	waitpid(child, &status, 0);
	output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return output;
}

#define FORMAT(command, format)                                          \
	do {                                                             \
		va_list arguments_;                                      \
		va_start(arguments_, format);                            \
		vsnprintf(command, sizeof(command), format, arguments_); \
		va_end(arguments_);                                      \
	} while (0)

struct output run(const char *format, ...)
{
	char command[8192];

	FORMAT(command, format);
	return run_shell(command);
}

static struct output must_run(const char *command)
{
	struct output output = run_shell(command);

	if (output.status)
		cr_assert_fail("'%s' ended with %d: %s%s", command, output.status, output.text,
			       output.errors);
	return output;
}

struct output must(const char *format, ...)
{
	char command[8192];

	FORMAT(command, format);
	return must_run(command);
}

json_t *valectl_json(const char *format, ...)
{
	char arguments[4096], command[8192];
	json_error_t error;
	struct output output;
	json_t *document;

	FORMAT(arguments, format);
	snprintf(command, sizeof(command), "%s --json %s", valectl(), arguments);
	output = must_run(command);
	document = json_loads(output.text, 0, &error);
	if (!document)
		cr_assert_fail("'%s' printed no JSON: %s: %s", command, error.text, output.text);
	return document;
}

long long port_counter(const char *port, const char *counter)
{
	json_t *document = valectl_json("stats %s", port);
	json_t *value = json_array_get(json_object_get(document, "ports"), 0);
	long long result;

	if (!strncmp(counter, "drops.", 6))
		value = json_object_get(json_object_get(value, "drops"), counter + 6);
	else
		value = json_object_get(value, counter);
	if (!json_is_integer(value))
		cr_assert_fail("%s has no counter '%s'", port, counter);
	result = json_integer_value(value);
	json_decref(document);
	return result;
}

/* Whether traffic_quiet() was called: a new namespace does not take over what it says. */
static bool is_quiet(void)
{
	return run("grep -qx 1 /proc/sys/net/ipv6/conf/default/disable_ipv6").status == 0;
}

void container(const char *name, int host)
{
	must("ip netns add %s", name);
	must("ip link add name %s type veth peer name eth0 address 02:00:00:00:00:%02x netns %s",
	     name, host, name);
	must("ip link set dev %s up", name);
	must("ip -n %s link set lo up", name);
	must("ip -n %s addr add 10.0.0.%d/24 dev eth0", name, host);
	if (is_quiet())
		must("ip netns exec %s sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'",
		     name);
	else
		must("ip -n %s addr add fd00::%d/64 dev eth0 nodad", name, host);
	must("ip -n %s link set eth0 up", name);
}
