// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl sysctl, and the limits it sets. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(sysctl, .init = sandbox_enter, .timeout = 60);

Test(sysctl, defaults)
{
	static const char all[] = "max_bridges = 64\ndefault_fdb_size = 8192\ndefault_age = 300\n";
	char *before = bpffs_files();

	cr_assert_str_eq(must("%s sysctl -a", valectl()).text, all);
	cr_assert_str_eq(must("%s sysctl", valectl()).text, all);
	cr_assert_str_eq(must("%s sysctl max_bridges", valectl()).text, "max_bridges = 64\n");
	cr_assert_str_eq(must("%s sysctl dev.netmap.default_age", valectl()).text, "default_age = "
										   "300\n");
	bpffs_unchanged(before);
}

Test(sysctl, set)
{
	cr_assert_str_eq(must("%s sysctl -w max_bridges=3", valectl()).text, "max_bridges = 3\n");
	cr_assert_str_eq(must("%s sysctl -w dev.netmap.default_age=0", valectl()).text, "default_"
											"age = "
											"0\n");
	must("%s sysctl -w default_fdb_size=1000", valectl());
	cr_assert_str_eq(must("%s sysctl -a", valectl()).text, "max_bridges = 3\ndefault_fdb_size "
							       "= 1000\ndefault_age = 0\n");
}

Test(sysctl, ranges)
{
	static const struct {
		const char *name;
		const char *least, *most;
		const char *below, *above;
		const char *words;
	} ranges[] = {
		{ "max_bridges", "1", "65536", "0", "65537", "max_bridges is from 1 to 65536" },
		{ "default_fdb_size", "128", "1048576", "127", "1048577",
		  "default_fdb_size is from 128 to 1048576" },
		{ "default_age", "0", "31536000", NULL, "31536001",
		  "default_age is from 0 (never) to 31536000" },
	};

	for (size_t i = 0; i < COUNT(ranges); i++) {
		must("%s sysctl -w %s=%s", valectl(), ranges[i].name, ranges[i].least);
		must("%s sysctl -w %s=%s", valectl(), ranges[i].name, ranges[i].most);
		refused(1, ranges[i].words, "sysctl -w %s=%s", ranges[i].name, ranges[i].above);
		if (ranges[i].below)
			refused(1, ranges[i].words, "sysctl -w %s=%s", ranges[i].name,
				ranges[i].below);
		cr_assert_not_null(strstr(must("%s sysctl %s", valectl(), ranges[i].name).text,
					  ranges[i].most));
	}
	refused(2, "'-1' is no number", "sysctl -w default_age=-1");
	refused(2, "'4294967296' is no number", "sysctl -w default_age=4294967296");
}

Test(sysctl, netmaps_other_ones_are_answered)
{
	static const char *const names[] = { "ring_size",    "buf_num",	     "admode",
					     "generic_mit",  "bridge_batch", "verbose",
					     "priv_buf_size" };

	for (size_t i = 0; i < COUNT(names); i++) {
		refused(1, "has no meaning here: ", "sysctl %s", names[i]);
		refused(1, "has no meaning here: ", "sysctl dev.netmap.%s", names[i]);
		refused(1, "has no meaning here: ", "sysctl -w %s=1", names[i]);
	}
}

Test(sysctl, unknown_ones_get_a_suggestion)
{
	refused(1, "there is no sysctl 'max_bridge': did you mean 'max_bridges'?",
		"sysctl max_bridge");
	refused(1, "did you mean 'default_age'?", "sysctl -w default_agee=3");
	refused(1, "'valectl sysctl -a' lists them", "sysctl zzzzz");
}

Test(sysctl, max_bridges_is_enforced)
{
	must("%s sysctl -w max_bridges=2", valectl());
	must("%s create vale1 && %s create vale2", valectl(), valectl());
	refused(1,
		"cannot create 'vale3': there are 2 switches, and no more are allowed: raise it "
		"with 'valectl sysctl -w max_bridges=N'",
		"create vale3");
	veth("t0", "t1");
	refused(1, "'valectl sysctl -w max_bridges=N'", "attach vale3:a t0");
	cr_assert(run("test -e /sys/fs/bpf/vale/vale3").status);
	must("%s attach vale2:a t0", valectl());
	must("%s destroy vale1", valectl());
	must("%s create vale3", valectl());
	must("%s sysctl -w max_bridges=3", valectl());
	must("%s create vale4", valectl());
	refused(1, "there are 3 switches", "create vale5");
}

Test(sysctl, defaults_are_those_of_new_switches)
{
	must("%s sysctl -w default_fdb_size=256 && %s sysctl -w default_age=7", valectl(),
	     valectl());
	must("%s create vale1", valectl());
	cr_assert_not_null(strstr(must("%s show vale1", valectl()).text, "vale1: 0 of 254 ports, 0 "
									 "of 256 addresses, "
									 "forgotten after 7 s"));
	must("%s create vale2 --fdb-size 128 --age 9", valectl());
	cr_assert_not_null(strstr(must("%s show vale2", valectl()).text, "0 of 128 addresses, "
									 "forgotten after 9 s"));
}
