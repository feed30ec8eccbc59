/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The capabilities of the caller, as the kernel counts them. */
#ifndef VALE_CAPABILITY_H
#define VALE_CAPABILITY_H

#include <linux/capability.h>
#include <linux/types.h>
#include <stddef.h>

#define CAPABILITY(name) (1ULL << CAP_##name)

/* What makes switches and ports, and what goes into other network namespaces. */
#define CAPABILITIES_MAKE  (CAPABILITY(BPF) | CAPABILITY(NET_ADMIN) | CAPABILITY(PERFMON))
#define CAPABILITIES_VISIT (CAPABILITY(SYS_ADMIN) | CAPABILITY(SYS_PTRACE))

__u64 capability_effective(void);
/* For good: of what the caller has, it keeps what is in the set. */
int capability_keep(__u64 set);
/* CAP_SYS_ADMIN counts for CAP_BPF and CAP_PERFMON, too, as it does to the kernel. */
__u64 capability_missing(__u64 needed);
/* Their names, as they stand in a sentence. */
void capability_words(__u64 set, char *words, size_t size);

#endif
