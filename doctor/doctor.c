// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Making the checks. */
#include "doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

void conclude(struct finding *out, enum finding_state state, const char *format, ...)
{
	va_list arguments;

	out->state = state;
	va_start(arguments, format);
	vsnprintf(out->found, sizeof(out->found), format, arguments);
	va_end(arguments);
}

void remedy(struct finding *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out->remedy, sizeof(out->remedy), format, arguments);
	va_end(arguments);
}

int read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	int error = 0;

	if (!file)
		return -errno;
	errno = 0;
	if (fgets(line, (int)size, file))
		line[strcspn(line, "\n")] = 0;
	else
		error = errno ? -errno : -ENODATA;
	fclose(file);
	return error;
}

static void examine_subject(struct machine *machine, const struct check *checks,
			    examine_report *report, void *arg)
{
	for (const struct check *check = checks; check->name; check++) {
		struct finding finding = { .state = FINDING_UNKNOWN };

		check->look(machine, check, &finding);
		if (finding.state == FINDING_OK)
			finding.remedy[0] = 0;
		else if (finding.state != FINDING_UNKNOWN && !finding.remedy[0])
			remedy(&finding, "%s", check->remedy);
		report(arg, check, &finding);
	}
}

/* The trial comes last, since it leaves the namespaces that the others are to be made in. */
void examine(const char *bpffs, examine_report *report, void *arg)
{
	struct machine machine = { .bpffs = bpffs };

	rights_read(&machine);
	examine_subject(&machine, kernel_checks, report, arg);
	examine_subject(&machine, rights_checks, report, arg);
	examine_subject(&machine, place_checks, report, arg);
	examine_subject(&machine, bpf_checks, report, arg);
	examine_subject(&machine, trial_checks, report, arg);
	trial_end(&machine);
}
