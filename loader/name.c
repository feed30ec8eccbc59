// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Names of switches and ports: valeSSS and valeSSS:PPP. */
#include <errno.h>
#include <string.h>

#include "pair.h"

#define PREFIX "vale"

#define NAME_CHARACTERS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

/* A switch must leave room for ":" and a port of one character. */
#define SWITCH_NAME_MAX (VALE_NAME_SIZE - 1 - 2)

const char *name_check_part(const char *text)
{
	if (!*text)
		return "the port has no name";
	if (strlen(text) >= VALE_NAME_SIZE)
		return "it is longer than 15 characters";
	if (text[strspn(text, NAME_CHARACTERS)])
		return "only letters, digits and '_' are allowed";
	return NULL;
}

const char *name_parse_switch(struct name *out, const char *text)
{
	struct name name = {};

	if (strchr(text, ':'))
		return "a switch is named without a port: valeSSS";
	if (strncmp(text, PREFIX, strlen(PREFIX)))
		return "the name of a switch starts with 'vale'";
	if (!text[strlen(PREFIX)])
		return "something must follow 'vale': vale0, vale_lab, ...";
	if (strlen(text) > SWITCH_NAME_MAX)
		return "it is longer than 13 characters, and must leave room for ':' and a port";
	if (text[strspn(text, NAME_CHARACTERS)])
		return "only letters, digits and '_' are allowed";
	strcpy(name.switch_name, text);
	*out = name;
	return NULL;
}

/* That of a host's side has a character behind the port's name. */
static const char *check_port(const char *text)
{
	size_t length = strlen(text);
	char part[VALE_NAME_SIZE] = "";

	if (length < 2 || length >= VALE_NAME_SIZE || text[length - 1] != HOST_SIDE)
		return name_check_part(text);
	memcpy(part, text, length - 1);
	return name_check_part(part);
}

const char *name_parse_port(struct name *out, const char *text)
{
	const char *colon = strchr(text, ':'), *why;
	char switch_name[VALE_NAME_SIZE] = "";
	struct name name;

	if (!colon)
		return "a port is named valeSSS:PPP";
	if (strlen(text) >= VALE_NAME_SIZE)
		return "it is longer than 15 characters";
	memcpy(switch_name, text, colon - text);
	why = name_parse_switch(&name, switch_name);
	if (!why)
		why = check_port(colon + 1);
	if (why)
		return why;
	strcpy(name.port, colon + 1);
	*out = name;
	return NULL;
}

int name_switch(struct vale *vale, struct name *out, const char *text)
{
	const char *why = name_parse_switch(out, text);

	return why ? fail(vale, EINVAL, "'%s' is no name of a switch: %s", text, why) : 0;
}

int name_port(struct vale *vale, struct name *out, const char *text)
{
	const char *why = name_parse_port(out, text);

	return why ? fail(vale, EINVAL, "'%s' is no name of a port: %s", text, why) : 0;
}
