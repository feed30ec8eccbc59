// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl exec */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "loader/internal.h"

#define LIBRARY "libvale-netmap.so"

/* Beside this program as it was built, or where both were installed. */
static bool find_library(char path[PATH_MAX])
{
	static const char *const places[] = { "", "../lib/", NULL };
	char own[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

	own[length > 0 ? length : 0] = 0;
	if (strrchr(own, '/'))
		strrchr(own, '/')[1] = 0;
	for (int i = 0; places[i] && *own; i++) {
		char place[PATH_MAX + 4 * VALE_NAME_SIZE];

		snprintf(place, sizeof(place), "%s%s" LIBRARY, own, places[i]);
		if (realpath(place, path))
			return true;
	}
	return realpath(VALE_LIBDIR "/" LIBRARY, path);
}

/* Where the shell would find it. */
static bool find_program(const char *name, char path[PATH_MAX])
{
	const char *search = getenv("PATH"), *end;

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
	for (; search && *search; search = *end ? end + 1 : end) {
		end = strchrnul(search, ':');
		if (snprintf(path, PATH_MAX, "%.*s/%s", (int)(end - search), search, name) <
			    PATH_MAX &&
		    !access(path, X_OK))
			return true;
	}
	return false;
}

static bool has_interpreter(int fd, const Elf64_Ehdr *header)
{
	Elf64_Phdr part;

	for (int i = 0; i < header->e_phnum; i++) {
		off_t offset = header->e_phoff + (off_t)i * header->e_phentsize;

		if (pread(fd, &part, sizeof(part), offset) != sizeof(part))
			return true; /* whatever it is: the kernel will say so */
		if (part.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* Why the library cannot be put before the program's calls; NULL: it can, as far as can be seen. */
static const char *objection(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	Elf64_Ehdr header;

	if (!stat(path, &status) && status.st_mode & (S_ISUID | S_ISGID) && geteuid() != 0)
		return "it changes its user, so that the kernel lets nothing be put before it: run "
		       "it as root";
	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return NULL;
	return has_interpreter(fd, &header)
		       ? NULL
		       : "it is linked statically, so that nothing can be put before it";
}

/* Before what is put before programs already. */
static void preload(const char *library)
{
	const char *before = getenv("LD_PRELOAD");
	char all[2 * PATH_MAX];

	if (before && *before)
		snprintf(all, sizeof(all), "%s:%s", library, before);
	else
		snprintf(all, sizeof(all), "%s", library);
	setenv("LD_PRELOAD", all, true);
}

static int refuse(const struct context *context, const char *program, const char *why)
{
	char reason[2 * PATH_MAX];

	snprintf(reason, sizeof(reason), "cannot run '%s': %s", program, why);
	return failure(context, reason);
}

int command_exec(struct context *context, int argc, char **argv)
{
	char library[PATH_MAX], program[PATH_MAX];
	const char *wrong;

	if (argc > 1 && !strcmp(argv[1], "--")) {
		argc--;
		argv++;
	}
	if (argc < 2)
		return usage_error(context, "which program shall be run?");
	if (argv[1][0] == '-')
		return usage_error(context,
				   "there is no option '%s': what is the program's comes "
				   "behind --",
				   argv[1]);
	if (!find_library(library))
		return refuse(context, argv[1],
			      LIBRARY " is not where valectl is, nor in " VALE_LIBDIR);
	if (!find_program(argv[1], program))
		return refuse(context, argv[1], "there is no such program");
	wrong = objection(program);
	if (wrong)
		return refuse(context, argv[1], wrong);
	preload(library);
	setenv("VALE_BPFFS", context->bpffs, true);
	execv(program, argv + 1);
	return refuse(context, argv[1], strerror(errno));
}
