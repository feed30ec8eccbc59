/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What must be known of a network device to send and receive frames by it. */
#ifndef PKTGEN_DEVICE_H
#define PKTGEN_DEVICE_H

#include <stdint.h>

#include "interface.h"

struct device {
	int index;
	uint32_t frame_max; /* bytes, by its MTU */
	uint32_t queues;    /* that it receives by */
	uint8_t mac[6];
};

/* 0 or -errno, and the reason is printed: also if the device is down, or its MTU too small. */
int device_find(const struct interface_options *options, struct device *out);

#endif
