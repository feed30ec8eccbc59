// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

/* One write for each line, so that those of several threads do not mix. */
#define LINE_SIZE 1024

void log_print(const char *function, int line, const char *format, ...)
{
	char text[LINE_SIZE];
	struct timeval now;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	gettimeofday(&now, NULL);
	fprintf(stderr, "%03d.%06d %s [%d] %s\n", (int)(now.tv_sec % 1000), (int)now.tv_usec,
		function, line, text);
}

bool log_may(struct log_limit *limit, uint32_t lines)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if ((uint64_t)now.tv_sec != limit->second)
		*limit = (struct log_limit){ .second = now.tv_sec };
	return limit->lines++ < lines;
}

int complain(int error, const char *format, ...)
{
	char text[LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "pkt-gen: %s\n", text);
	return -error;
}
