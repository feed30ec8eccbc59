/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The one virtual machine of a test, with Debian's own kernel, 6.1. What goes wrong ends the test. */
#ifndef VALE_TEST_LAB_H
#define VALE_TEST_LAB_H

#include "vm.h"

/* Boots it, as the options say but for the profile. */
void lab_boot(const struct vm_options *options);
void lab_halt(void);

/* Runs a command in the machine that must succeed, and returns its output. */
const char *lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns its exit status. lab_output() is what it said. */
int lab_try(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *lab_output(void);

#endif
