/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Virtual machines for tests and the benchmark: QEMU, Debian's cloud kernel and a busybox that runs
 * what it is told.
 *
 *	struct vm *vm;
 *	vm_start(&vm, &(struct vm_options){ .profile = "guest", .tap = "tap0",
 *					    .mac = "02:00:00:00:00:01", .ip = "10.0.0.1/24" });
 *	vm_wait(vm);
 *	if (vm_run(vm, "ping -c 3 %s", "10.0.0.2") != 0)
 *		puts(vm_output(vm));
 *	vm_stop(vm);
 *
 * All run in the repository's top directory; the images are made on first use by
 * tests/vm/build-guest, below $VALE_BUILD ("build" if not set).
 */
#ifndef VALE_TEST_VM_H
#define VALE_TEST_VM_H

#include <signal.h>

struct vm;

struct vm_options {
	const char *profile; /* "guest": a machine to plug into a switch; "lab": one to run it on */
	const char *tap;     /* an `ip tuntap add` tap of this network namespace; NULL: no eth0 */
	const char *mac;     /* of eth0; NULL: QEMU's default, the same for every machine */
	const char *ip;	     /* of eth0, with its prefix; NULL: none but the IPv6 link-local one */
	unsigned int memory; /* megabytes; 0: 256 */
	unsigned int timeout;  /* seconds for the boot and for each command; 0: 60 */
	const char *files;     /* more to put in the image, separated by blanks: see build-guest */
	const char *qemu_args; /* more arguments for QEMU, in shell syntax */
	/* Set by a signal: who waits for the machine then leaves with -EINTR. NULL: nobody does. */
	const volatile sig_atomic_t *interrupted;
};

/* The name of the kernel's file, to be freed. It is there once tests/vm/build-guest has run. */
char *vm_kernel(void);

/* Starts QEMU and returns while the machine boots, so that several can boot at once: 0 or -errno.
 * The machine dies with the calling process (to be exact: with the calling thread).
 */
int vm_start(struct vm **vm, const struct vm_options *options);

/* Waits until the machine is up and takes commands: 0 or -errno, with its console on stderr. */
int vm_wait(struct vm *vm);

/* Runs one line of shell in the machine: its exit status, or -errno if there is none to be had:
 * -ETIMEDOUT, -EPIPE when the machine is gone or after a timeout. Background commands live on.
 * The channel is good for some kilobytes a command, not for megabytes.
 */
int vm_run(struct vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the last command wrote, stdout and stderr together, without the last newline. */
const char *vm_output(const struct vm *vm);

/* Kills the machine and frees everything; NULL is fine. */
void vm_stop(struct vm *vm);

#endif
