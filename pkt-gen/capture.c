// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "vale/abi.h"

static int read_first(pcap_t *capture, const char *file, unsigned char **bytes, uint32_t *length)
{
	struct pcap_pkthdr *header;
	const unsigned char *packet;

	if (pcap_datalink(capture) != DLT_EN10MB)
		return complain(EINVAL, "cannot send what is in '%s': it is not of an Ethernet",
				file);
	if (pcap_next_ex(capture, &header, &packet) != 1)
		return complain(EINVAL, "cannot read a packet from '%s': it has none", file);
	if (header->caplen < VALE_FRAME_MIN)
		return complain(EINVAL, "cannot send what is in '%s': it is no whole frame", file);
	*bytes = malloc(header->caplen);
	if (!*bytes)
		return complain(ENOMEM, "out of memory");
	memcpy(*bytes, packet, header->caplen);
	*length = header->caplen;
	return 0;
}

int capture_read(const char *file, unsigned char **bytes, uint32_t *length)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	pcap_t *capture = pcap_open_offline(file, reason);
	int error;

	if (!capture)
		return complain(EINVAL, "cannot read '%s': %s", file, reason);
	error = read_first(capture, file, bytes, length);
	pcap_close(capture);
	return error;
}
