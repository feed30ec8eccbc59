// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "checksums.h"

#include <criterion/criterion.h>

#include "frame.h"
#include "traffic.h"

static long *kind_of(struct checksums *checksums, const uint8_t *bytes, size_t length, bool open)
{
	if (open)
		return frame_is_open(bytes, length) ? &checksums->open : &checksums->bad;
	switch (frame_verify(bytes, length)) {
	case FRAME_GOOD:
		return &checksums->good;
	case FRAME_BAD:
		return &checksums->bad;
	default:
		return &checksums->none;
	}
}

void checksums_add(struct checksums *checksums, const uint8_t *bytes, size_t length, bool open)
{
	long *kind = kind_of(checksums, bytes, length, open);

	++*kind;
	if (kind == &checksums->good || kind == &checksums->open) {
		checksums->bytes += (long)length;
		checksums->tagged += bytes[12] == 0x81 && bytes[13] == 0;
	}
	if (length > checksums->longest)
		checksums->longest = length;
}

void checksums_collect(struct checksums *checksums, int socket)
{
	static struct arrival arrival;

	while (traffic_receive(socket, &arrival, 0))
		checksums_add(checksums, arrival.frame.bytes, arrival.frame.length,
			      arrival.open_checksum);
}

void checksums_expect(const struct checksums *checksums, long bytes, const char *what)
{
	cr_assert(!checksums->bad && checksums->bytes >= bytes,
		  "%s: %ld good checksums, %ld open, %ld bad; %ld bytes and not %ld", what,
		  checksums->good, checksums->open, checksums->bad, checksums->bytes, bytes);
}
