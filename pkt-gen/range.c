// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "range.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host and its port take fewer characters than this. */
#define TEXT_SIZE 128

/* Splits `text` at the first '-'. False: it is too long. */
static bool split(const char *text, char copy[TEXT_SIZE], char **last)
{
	if (strlen(text) >= TEXT_SIZE)
		return false;
	strcpy(copy, text);
	*last = strchr(copy, '-');
	if (*last)
		*(*last)++ = 0;
	return true;
}

static bool parse_decimal(const char *text, unsigned long max, unsigned long *out)
{
	size_t length = strspn(text, "0123456789");

	if (!length || length > 5 || text[length])
		return false;
	*out = strtoul(text, NULL, 10);
	return *out <= max;
}

/* ---- MAC addresses ----------------------------------------------------------------------------- */

static bool parse_mac(const char *text, uint64_t *out)
{
	unsigned int byte[6];
	int used = 0;

	if (text[strspn(text, "0123456789abcdefABCDEF:")] ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3],
		   &byte[4], &byte[5], &used) != 6 ||
	    text[used])
		return false;
	*out = 0;
	for (int i = 0; i < 6; i++)
		*out = *out << 8 | byte[i];
	return true;
}

const char *range_parse_mac(const char *text, struct mac_range *out)
{
	struct mac_range range;
	char copy[TEXT_SIZE], *last;

	if (!split(text, copy, &last) || !parse_mac(copy, &range.first) ||
	    !parse_mac(last ? last : copy, &range.last))
		return "it is no MAC address: 02:00:00:00:00:01, or two with '-' between them";
	if (range.first > range.last) {
		out->first = range.last;
		out->last = range.first;
	} else {
		*out = range;
	}
	return NULL;
}

/* ---- hosts ------------------------------------------------------------------------------------- */

struct host {
	uint8_t address[16];
	unsigned long group;
	unsigned long port;
};

static bool parse_port(const char *text, struct host *out)
{
	return parse_decimal(text, UINT16_MAX, &out->port);
}

static bool parse_ipv4(char *text, struct host *out)
{
	char *port = strchr(text, ':');

	if (port)
		*port++ = 0;
	return inet_pton(AF_INET, text, out->address) == 1 && (!port || parse_port(port, out));
}

static bool parse_ipv6(char *text, struct host *out)
{
	char *at = strchr(text, '@'), *end;

	if (at) {
		*at++ = 0;
		if (!parse_decimal(text, 7, &out->group))
			return false;
		text = at;
	}
	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end)
			return false;
		*end++ = 0;
		if (*end && (*end != ':' || !parse_port(end + 1, out)))
			return false;
	}
	return inet_pton(AF_INET6, text, out->address) == 1;
}

static bool parse_host(char *text, bool ipv6, struct host *out)
{
	return ipv6 ? parse_ipv6(text, out) : parse_ipv4(text, out);
}

static uint32_t number_of(const struct host *host, bool ipv6)
{
	const uint8_t *bytes = host->address;

	if (!ipv6)
		return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	return bytes[2 * host->group] << 8 | bytes[2 * host->group + 1];
}

/* But for the group that varies. */
static bool is_same_network(const struct host *first, const struct host *last)
{
	for (size_t i = 0; i < sizeof(first->address); i++)
		if (i / 2 != first->group && first->address[i] != last->address[i])
			return false;
	return first->group == last->group;
}

static void fill(const struct host *first, const struct host *last, bool ipv6,
		 struct host_range *out)
{
	uint32_t from = number_of(first, ipv6), to = number_of(last, ipv6);

	*out = (struct host_range){
		.ipv6 = ipv6,
		.group = first->group,
		.first = from < to ? from : to,
		.last = from < to ? to : from,
		.first_port = first->port < last->port ? first->port : last->port,
		.last_port = first->port < last->port ? last->port : first->port,
	};
	memcpy(out->address, from <= to ? first->address : last->address, sizeof(out->address));
}

const char *range_parse_host(const char *text, bool ipv6, struct host_range *out)
{
	const char *wrong = ipv6 ? "it is no IPv6 address, nor a range: fd00::1, [fd00::1]:53, "
				   "fd00::1-fd00::9"
				 : "it is no IPv4 address, nor a range: 10.0.0.1, 10.0.0.1:53, "
				   "10.0.0.1-10.0.0.9";
	struct host first = { .group = 7, .port = RANGE_DEFAULT_PORT }, last;
	char copy[TEXT_SIZE], *end;

	if (!split(text, copy, &end) || !parse_host(copy, ipv6, &first))
		return wrong;
	last = first;
	if (end && !parse_port(end, &last) && !parse_host(end, ipv6, &last))
		return wrong;
	if (ipv6 && !is_same_network(&first, &last))
		return "the two addresses differ in more than the group that varies (the last, or "
		       "GROUP@)";
	fill(&first, &last, ipv6, out);
	return NULL;
}
