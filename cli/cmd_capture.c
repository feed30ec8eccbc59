// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl capture */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"
#include "loader/internal.h"
#include "pcapng.h"
#include "vale/port.h"

/* Frames that are written before it is looked whether to end. */
#define BATCH 256

struct capture {
	struct context *context;
	const char *path;	      /* of the file; "-": stdout */
	unsigned int count, snapshot; /* 0: no limit */
	struct vale_port *port;
	FILE *file;
	int signals;
	__u64 received;
	__u64 dropped; /* before */
	int error;     /* of writing */
};

static __u64 dropped(const struct capture *capture)
{
	struct vale_port_stats *stats = NULL;
	size_t count = 0;
	__u64 drops = 0;

	if (!vale_stats_get(capture->context->vale, vale_port_name(capture->port), &stats,
			    &count) &&
	    count)
		drops = stats->counters.drops[VALE_DROP_FULL];
	free(stats);
	return drops;
}

static bool is_complete(const struct capture *capture)
{
	return capture->error || (capture->count && capture->received == capture->count);
}

static int write_frame(void *argument, const unsigned char *frame, __u32 length)
{
	struct capture *capture = argument;
	__u32 kept = capture->snapshot && length > capture->snapshot ? capture->snapshot : length;

	capture->error = pcapng_frame(capture->file, pcapng_now(), frame, kept, length);
	capture->received++;
	return is_complete(capture);
}

/* Waits for frames or a signal. False: it is to end. */
static bool wait_for_more(const struct capture *capture)
{
	struct pollfd fds[] = {
		{ .fd = vale_port_fd(capture->port), .events = POLLIN },
		{ .fd = capture->signals, .events = POLLIN },
	};
	int found = vale_port_arm(capture->port, POLLIN);

	if (!found)
		found = poll(fds, 2, -1);
	vale_port_disarm(capture->port);
	return !(found > 0 && fds[1].revents);
}

static bool is_told_to_end(const struct capture *capture)
{
	struct pollfd fd = { .fd = capture->signals, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/* 0, or why there will be no more frames. */
static int receive(struct capture *capture)
{
	while (!is_complete(capture) && !is_told_to_end(capture)) {
		int error;

		if (vale_dispatch(capture->port, BATCH, write_frame, capture))
			continue;
		error = vale_rxsync(capture->port, VALE_ALL_RINGS);
		if (error)
			return error;
		if (fflush(capture->file))
			capture->error = -errno;
		if (!capture->error && !wait_for_more(capture))
			break;
	}
	return 0;
}

static int watch_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void print_summary(const json_t *document)
{
	fprintf(stderr, "%lld frames captured, %lld that the port had no room for\n",
		number_of(document, "captured"), number_of(document, "dropped"));
}

static int finish(struct capture *capture, int error)
{
	char reason[512];
	__u64 drops = dropped(capture) - capture->dropped;

	if (!capture->error)
		capture->error = pcapng_end(capture->file, capture->received, drops);
	/* Who reads it may have seen enough. */
	if (capture->error && capture->error != -EPIPE) {
		snprintf(reason, sizeof(reason), "cannot write '%s': %s", capture->path,
			 strerror(-capture->error));
		return failure(capture->context, reason);
	}
	if (error) {
		snprintf(reason, sizeof(reason), "cannot receive from '%s': %s",
			 vale_port_name(capture->port),
			 error == -ENXIO ? "the port was deleted" : strerror(-error));
		return failure(capture->context, reason);
	}
	return result(capture->context,
		      json_pack("{s:I,s:I}", "captured", (json_int_t)capture->received, "dropped",
				(json_int_t)drops),
		      print_summary);
}

static int run(struct capture *capture)
{
	int error = pcapng_begin(capture->file, "valectl " VALE_VERSION,
				 vale_port_name(capture->port), capture->snapshot);

	if (error) {
		capture->error = error;
		return finish(capture, 0);
	}
	capture->dropped = dropped(capture);
	return finish(capture, receive(capture));
}

static int open_file(struct capture *capture)
{
	char reason[512];

	capture->file = strcmp(capture->path, "-") ? fopen(capture->path, "we") : stdout;
	if (capture->file)
		return 0;
	snprintf(reason, sizeof(reason), "cannot write '%s': %s", capture->path, strerror(errno));
	return failure(capture->context, reason);
}

static int fail_signals(struct capture *capture)
{
	char reason[128];

	snprintf(reason, sizeof(reason), "cannot wait for signals: %s", strerror(errno));
	return failure(capture->context, reason);
}

static int open_and_run(struct capture *capture, const char *port)
{
	int status;

	if (vale_port_open(capture->context->vale, port, NULL, &capture->port))
		return vale_failure(capture->context);
	status = open_file(capture);
	if (!status) {
		capture->signals = watch_signals();
		status = capture->signals < 0 ? fail_signals(capture) : run(capture);
		cleanup_close(&capture->signals);
		if (capture->file != stdout)
			fclose(capture->file);
	}
	vale_port_close(capture->port);
	return status;
}

int command_capture(struct context *context, int argc, char **argv)
{
	struct capture capture = { .context = context };
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "w:c:s:")) != -1) {
		if (option == '?')
			return option_error(context, argc, argv);
		if (option == 'w')
			capture.path = optarg;
		else if (!parse_number(optarg, option == 'c' ? &capture.count : &capture.snapshot))
			return usage_error(context, "'%s' is no number", optarg);
	}
	if (argc - optind != 1)
		return usage_error(context, "name one port");
	if (!capture.path)
		return usage_error(context, "where to: -w FILE, or -w - for standard output");
	if (!strcmp(capture.path, "-") && (context->json || isatty(STDOUT_FILENO)))
		return usage_error(context, "frames do not go where %s goes: use -w FILE",
				   context->json ? "JSON" : "text");
	return open_and_run(&capture, argv[optind]);
}
