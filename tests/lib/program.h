/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Running the program of a port on a frame, without a device: the verdict and the frame as the
 * program left it. A redirect goes nowhere in such a run.
 */
#ifndef VALE_TEST_PROGRAM_H
#define VALE_TEST_PROGRAM_H

#include <stdint.h>

#include "frame.h"

struct program {
	int fd;
	int ifindex; /* the device the frames are to come from */
};

/* The program of a port, that valectl attached; the test ends if there is none. */
struct program program_of(const char *port);

/* Returns the verdict. `out` (NULL: not wanted) may be `in`. */
uint32_t program_run(const struct program *program, const struct frame *in, struct frame *out);

/* The same for frames the kernel may refuse to run: returns -errno, or the verdict. */
int program_try(const struct program *program, const struct frame *in, struct frame *out);

/*
 * A switch vale1 with `count` ports p1, p2 .. on veths d1, d2 .. , that have `mtu` (0: 1500). Their
 * far ends are in the sandbox too: far1, far2 ... No stack sends by itself on any of them.
 */
void program_switch(int count, int mtu, const char *create_options);

#endif
