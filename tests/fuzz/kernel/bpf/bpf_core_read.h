/* SPDX-License-Identifier: GPL-2.0 */
/* In place of libbpf's: the kernel's structures are those of vmlinux.h. */
#ifndef VALE_FUZZ_BPF_CORE_READ_H
#define VALE_FUZZ_BPF_CORE_READ_H

#define CORE_READ_1(from, a)		      ((from)->a)
#define CORE_READ_2(from, a, b)		      ((from)->a->b)
#define CORE_READ_WORD(_1, _2, _3, name, ...) name
#define BPF_CORE_READ(...)		      CORE_READ_WORD(__VA_ARGS__, CORE_READ_2, CORE_READ_1, none)(__VA_ARGS__)

#define bpf_core_field_exists(field)	 ((void)sizeof(field), true)
#define bpf_core_type_size(type)	 sizeof(type)
#define bpf_core_enum_value(type, value) value

#endif
