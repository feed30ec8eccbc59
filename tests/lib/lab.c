// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static struct vm *lab;

void lab_boot(const struct vm_options *options)
{
	struct vm_options of_lab = *options;

	of_lab.profile = "lab";
	cr_assert_eq(vm_start(&lab, &of_lab), 0, "the machine does not start");
	cr_assert_eq(vm_wait(lab), 0, "the machine does not come up");
	cr_assert(strstr(lab_run("uname -r"), "6.1."), "not a 6.1 kernel: %s", lab_output());
}

void lab_halt(void)
{
	vm_stop(lab);
}

/* Writes the command down; cuts nothing. */
__attribute__((format(printf, 2, 0))) static void
write_command(char command[512], const char *format, va_list arguments)
{
	int length = vsnprintf(command, 512, format, arguments);

	cr_assert(length >= 0 && length < 512, "too long for the machine: %s", command);
}

const char *lab_run(const char *format, ...)
{
	char command[512];
	va_list arguments;
	int status;

	va_start(arguments, format);
	write_command(command, format, arguments);
	va_end(arguments);
	status = vm_run(lab, "%s", command);
	if (status)
		cr_assert_fail("'%s' in the machine ended with %d: %s", command, status,
			       lab_output());
	return lab_output();
}

int lab_try(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	write_command(command, format, arguments);
	va_end(arguments);
	return vm_run(lab, "%s", command);
}

const char *lab_output(void)
{
	return vm_output(lab);
}
