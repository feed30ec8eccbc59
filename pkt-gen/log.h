/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is said on the standard error output. */
#ifndef PKTGEN_LOG_H
#define PKTGEN_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* A line with the time, the function and the place, as netmap's programs write them. */
#define log_line(...) log_print(__func__, __LINE__, __VA_ARGS__)
void log_print(const char *function, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* At most so many lines a second of what may happen to any frame. */
struct log_limit {
	uint64_t second;
	uint32_t lines;
};
bool log_may(struct log_limit *limit, uint32_t lines);

/* "pkt-gen: ...", and returns -error. */
int complain(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
