// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What depends on more than one option: defaults, and what does not go together. */
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "payload.h"
#include "vale/ring.h"

#define LENGTH 60

static int check_interface(struct options *options)
{
	const char *wrong;

	if (!options->interface_text)
		return usage_error("which interface? -i vale1:a, or -i eth0");
	wrong = interface_parse(options->interface_text, &options->interface);
	if (wrong)
		return usage_error("-i %s: %s", options->interface_text, wrong);
	options->interface.sends = options->function->kind != FUNCTION_RECEIVES;
	options->interface.receives = options->function->kind != FUNCTION_SENDS;
	if (options->announce && options->function->kind != FUNCTION_RECEIVES)
		return usage_error("--announce is for rx and rxseq: the others send anyhow");
	options->interface.sends |= options->announce;
	if (options->link_wait == NOT_GIVEN)
		options->link_wait = options->interface.transport->link_wait;
	return -1;
}

/* What only ports of switches have. */
static int check_rings(const struct options *options)
{
	const struct interface_options *interface = &options->interface;

	if (interface->transport->has_rings) {
		if (interface->threads > VALE_RINGS)
			return usage_error("-p %u: a port has %d rings at the most, one for each "
					   "thread",
					   interface->threads, VALE_RINGS);
		if (interface->threads > 1 && (interface->exclusive || interface->one_ring))
			return usage_error(
				"-p %u: to open a port %s is for one thread", interface->threads,
				interface->exclusive ? "exclusively" : "with one ring of it");
		return -1;
	}
	if (interface->lossless || interface->exclusive || interface->sockets || interface->rings ||
	    interface->tx_slots || interface->rx_slots)
		return usage_error(
			"--lossless, --exclusive, --xsk, --rings and -C are for ports of "
			"switches: '%s' is a network device",
			interface->name);
	if (options->fragments > 1 || options->fragment_size)
		return usage_error(
			"-F and -M are for ports of switches: on '%s', a frame is in one "
			"piece",
			interface->name);
	return -1;
}

static int check_threads(struct options *options)
{
	uint32_t there = sysconf(_SC_NPROCESSORS_ONLN);

	if (options->interface.threads > 1 && !options->function->has_many)
		return usage_error("-p %u: %s is for one thread", options->interface.threads,
				   options->function->name);
	if (options->cpus > there)
		return usage_error("-c %u: there are %u CPUs", options->cpus, there);
	if (options->cpu != NOT_GIVEN && options->cpu >= there)
		return usage_error("-a %u: CPUs are numbered from 0 to %u", options->cpu,
				   there - 1);
	if (!options->cpus)
		options->cpus = there;
	return -1;
}

static int check_length(struct options *options)
{
	uint32_t least = options->ipv6 ? UDP_HEADERS_IPV6 : UDP_HEADERS_IPV4;

	if (options->function->has_numbers)
		least += PAYLOAD_UNIT;
	if (!options->length)
		options->length = least > LENGTH ? least : LENGTH;
	if (options->length < least || (options->length_min && options->length_min < least))
		return usage_error("-l %u: the headers%s take %u bytes",
				   options->length < least ? options->length : options->length_min,
				   options->function->has_numbers ? " and the number" : "", least);
	if (options->length_min > options->length)
		return usage_error("-l %u -l %u: the second one is the shortest frame, the first "
				   "one what all are shorter than",
				   options->length, options->length_min);
	options->interface.frame_length = options->length;
	return -1;
}

static int check_frames(struct options *options)
{
	if (options->file && options->function->has_numbers)
		return usage_error("-P: %s has frames of its own", options->function->name);
	if (options->file && options->rubbish)
		return usage_error("-P and -r: what shall be sent?");
	if (options->rubbish && options->function->has_numbers)
		return usage_error("-r: %s has frames of its own", options->function->name);
	if (!options->burst)
		options->burst = options->function->burst;
	return -1;
}

static int check_addresses(struct options *options)
{
	const char *hosts[] = { options->ipv6 ? "fd00::1" : "10.0.0.1",
				options->ipv6 ? "fd00:1::1" : "10.1.0.1" };
	const char letters[] = "sd", mac_letters[] = "SD";

	if (!options->mac_text[SIDE_DESTINATION])
		options->mac_text[SIDE_DESTINATION] = "ff:ff:ff:ff:ff:ff";
	for (enum side side = SIDE_SOURCE; side <= SIDE_DESTINATION; side++) {
		const char *wrong = NULL;

		if (!options->host_text[side])
			options->host_text[side] = hosts[side];
		wrong = range_parse_host(options->host_text[side], options->ipv6,
					 &options->flow.host[side]);
		if (wrong)
			return usage_error("-%c %s: %s", letters[side], options->host_text[side],
					   wrong);
		if (options->mac_text[side])
			wrong = range_parse_mac(options->mac_text[side], &options->flow.mac[side]);
		if (wrong)
			return usage_error("-%c %s: %s", mac_letters[side], options->mac_text[side],
					   wrong);
	}
	return -1;
}

int options_check(struct options *options)
{
	int status = check_interface(options);

	if (status < 0)
		status = check_rings(options);
	if (status < 0)
		status = check_threads(options);
	if (status < 0)
		status = check_length(options);
	if (status < 0)
		status = check_frames(options);
	return status < 0 ? check_addresses(options) : status;
}
