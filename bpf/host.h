/* SPDX-License-Identifier: GPL-2.0 */
/* The host's side of an interface that is a port: host.bpf.c. */
#ifndef VALE_BPF_HOST_H
#define VALE_BPF_HOST_H

/*
 * skb->mark of a frame that the switch sends by the interface, or gives to its stack: so it is not taken
 * for one that the stack sends, or that has come in by the interface. It is taken off there.
 */
#define HOST_MARK 0x76616c65

#endif
