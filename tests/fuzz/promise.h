/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a target promises of every input: where it is not kept, the program ends. */
#ifndef VALE_FUZZ_PROMISE_H
#define VALE_FUZZ_PROMISE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PROMISE(condition) ((condition) ? (void)0 : promise_broken(#condition, __FILE__, __LINE__))

_Noreturn static inline void promise_broken(const char *promise, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not kept: %s\n", file, line, promise);
	abort();
}

/* What the fuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
