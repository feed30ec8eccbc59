// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Machines and users that cannot run a switch: no privilege, no bpffs, no BTF, a kernel that
 * refuses, state of another version. Each with its message, and nothing half-made left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"
#include "vale/ring.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void one_veth(void)
{
	sandbox_enter();
	scratch_mount();
	veth("t0", "t1");
}

TestSuite(bad_machine, .init = one_veth, .timeout = 60);

#define AS_NOBODY "setpriv --reuid=65534 --regid=65534 --clear-groups"

static void nobody_is_refused(const char *command)
{
	struct output output = run(AS_NOBODY " /mnt/valectl %s", command);

	cr_assert_eq(output.status, 1, "'%s' ended with %d", command, output.status);
	cr_assert_not_null(strstr(output.errors, "not permitted: run it as root (it needs CAP_"),
			   "'%s': %s", command, output.errors);
	cr_assert_not_null(strstr(output.errors, "; missing: CAP_"), "'%s': %s", command,
			   output.errors);
}

Test(bad_machine, no_privilege)
{
	static const char *const commands[] = {
		"create vale2",
		"attach vale1:b t1",
		"attach vale2:b t1",
		"detach vale1:a",
		"destroy vale1 --force",
		"reload vale1",
		"reload",
		"list",
		"list vale1",
		"show vale1",
		"show vale1:a",
		"stats vale1",
		"fdb vale1",
		"fdb vale1 add 02:00:00:00:00:01 a",
		"fdb vale1 flush",
		"sysctl -a",
		"sysctl -w max_bridges=2",
	};
	char *before;

	must("cp %s /mnt/valectl", valectl());
	must("%s attach vale1:a t0 && %s sysctl -w max_bridges=9", valectl(), valectl());
	before = bpffs_files();
	for (size_t i = 0; i < COUNT(commands); i++)
		nobody_is_refused(commands[i]);
	bpffs_unchanged(before);
	cr_assert_neq(program_on("t0"), 0);
	cr_assert_eq(program_on("t1"), 0);
	cr_assert_str_eq(must("%s sysctl max_bridges", valectl()).text, "max_bridges = 9\n");
}

/* bpffs is open to all: whoever comes first must not become the owner of root's switches. */
Test(bad_machine, no_privilege_on_a_fresh_machine)
{
	char *before = bpffs_files();

	must("cp %s /mnt/valectl", valectl());
	nobody_is_refused("create vale1");
	nobody_is_refused("attach vale1:a t0");
	nobody_is_refused("sysctl -w max_bridges=2");
	bpffs_unchanged(before);
	must("%s attach vale1:a t0", valectl());
}

Test(bad_machine, no_bpffs)
{
	static const char words[] = "cannot use '/mnt': it is not a bpf file system: mount one "
				    "there with 'mount -t "
				    "bpf bpf DIR'";

	refused(1, words, "--bpffs /mnt create vale1");
	refused(1, words, "--bpffs /mnt attach vale1:a t0");
	refused(1, words, "list --bpffs=/mnt");
	refused(1, "cannot use '/mnt/none': No such file", "--bpffs /mnt/none create vale1");
	must("umount /sys/fs/bpf");
	refused(1, "cannot use '/sys/fs/bpf': it is not a bpf file system", "create vale1");
	cr_assert_eq(program_on("t0"), 0);
	must("mount -t bpf bpf /mnt && %s --bpffs /mnt create vale1", valectl());
}

Test(bad_machine, kernel_without_btf)
{
	char *before;

	must("%s create vale1", valectl());
	before = bpffs_files();
	must("mkdir /mnt/empty && mount --bind /mnt/empty /sys/kernel/btf");
	refused(1,
		"this kernel has no BTF (/sys/kernel/btf/vmlinux): use one built with "
		"CONFIG_DEBUG_INFO_BTF=y",
		"create vale2");
	refused(1, "this kernel has no BTF", "attach vale2:a t0");
	cr_assert_eq(program_on("t0"), 0);
	bpffs_unchanged(before);
	must("umount /sys/kernel/btf && %s create vale2", valectl());
}

Test(bad_machine, state_of_another_user)
{
	static const char words[] = "cannot use '/sys/fs/bpf/vale': it belongs to user 65534, not "
				    "to root";

	must("mkdir /sys/fs/bpf/vale && chown 65534 /sys/fs/bpf/vale");
	refused(1, words, "create vale1");
	refused(1, words, "attach vale1:a t0");
	refused(1, words, "sysctl -w max_bridges=2");
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
	must("chown 0 /sys/fs/bpf/vale && %s create vale1", valectl());
}

Test(bad_machine, a_link_in_place_of_the_state)
{
	must("mkdir /sys/fs/bpf/elsewhere && ln -s /sys/fs/bpf/elsewhere /sys/fs/bpf/vale");
	refused(1, "cannot use '/sys/fs/bpf/vale'", "create vale1");
	cr_assert_str_empty(must("find /sys/fs/bpf/elsewhere -mindepth 1").text);
}

/* The first word of a map of one element. */
static void write_abi(const char *map, __u32 abi)
{
	__u32 zero = 0, value[64];
	int fd = bpf_obj_get(map);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bpf_map_lookup_elem(fd, &zero, value), 0);
	cr_assert_neq(value[0], abi);
	value[0] = abi;
	cr_assert_eq(bpf_map_update_elem(fd, &zero, value, BPF_ANY), 0);
	close(fd);
}

/* By one who may make ports, and could otherwise misread. */
static void open_refused(const char *name, enum vale_transport transport, const char *words)
{
	struct vale_open_options options = { .size = sizeof(options), .transport = transport };
	struct vale_port *port = NULL;
	struct vale *vale = NULL;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	cr_assert_eq(vale_port_open(vale, name, &options, &port), -ENOTSUP, "%s", name);
	cr_assert_not_null(strstr(vale_reason(vale), words), "%s: %s", name, vale_reason(vale));
	vale_close(vale);
}

#define TXSYNC "/sys/fs/bpf/vale/vale2/port/t/txsync0"

static unsigned int pinned_program(const char *pin)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int program = bpf_obj_get(pin);

	cr_assert_eq(bpf_obj_get_info_by_fd(program, &info, &size), 0, "%s: %s", pin,
		     strerror(errno));
	close(program);
	return info.id;
}

Test(bad_machine, switch_of_another_version)
{
	static const char words[] = "the switch 'vale1' was made by another version (ABI 77, this "
				    "is 3): destroy it "
				    "with that one";
	static const char *const commands[] = {
		"attach vale1:b t1",
		"attach vale1:b --xsk out",
		"host vale1",
		"detach vale1:a",
		"destroy vale1 --force",
		"destroy vale1",
		"reload vale1",
		"reload",
		"list vale1",
		"show vale1",
		"show vale1:a",
		"stats vale1",
		"stats vale1:a",
		"port add vale1:s",
		"port add vale2:s --memory vale1:r",
		"port del vale1:r",
		"port del vale1:r --force",
		"fdb vale1",
		"fdb vale1 add 02:00:00:00:00:01 a",
		"fdb vale1 del 02:00:00:00:00:01",
		"fdb vale1 flush",
		"capture vale1:mirror -w /mnt/capture -c 1",
	};
	static const char *const names[] = { "vale1:r", "vale1:new" };
	struct client *sender = client_start(), *receiver = client_start();
	unsigned int program, txsync;
	char *before;

	must("%s attach vale1:a t0 && %s port add vale1:r", valectl(), valectl());
	must("%s attach vale1:x --xsk out", valectl());
	must("%s port add vale2:t", valectl());
	client_opens(sender, "vale1:s1", 0);
	client_opens(receiver, "vale1:s2", 0);
	program = program_on("t0");
	txsync = pinned_program(TXSYNC);
	write_abi("/sys/fs/bpf/vale/vale1/switch", 77);
	before = bpffs_files();
	for (size_t i = 0; i < COUNT(commands); i++)
		refused(1, words, "%s", commands[i]);
	for (size_t i = 0; i < COUNT(names); i++)
		open_refused(names[i], 0, words);
	open_refused("vale1:x", VALE_TRANSPORT_XSK, words);
	bpffs_unchanged(before);
	must("%s list | grep 'vale1 was made by another version (ABI 77, this is 3)'", valectl());
	/* The other one can be used, and was reloaded with the rest. */
	must("%s list | grep '^vale2  *1 '", valectl());
	cr_assert_neq(pinned_program(TXSYNC), txsync);
	cr_assert_eq(program_on("t0"), program);
	cr_assert(client_reaches(sender, receiver, 1, 2), "it does not forward any more");
	write_abi("/sys/fs/bpf/vale/vale1/switch", VALE_ABI);
	must("%s reload vale1 && %s destroy vale1 --force", valectl(), valectl());
}

/* A map like the pinned one, which says another version. */
static int other_state(const char *pin)
{
	static struct vale_ring_state state = { .abi = 77 };
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), zero = 0;
	int map = bpf_obj_get(pin), other;

	cr_assert_eq(bpf_obj_get_info_by_fd(map, &info, &size), 0);
	close(map);
	options.btf_fd = bpf_btf_get_fd_by_id(info.btf_id);
	options.btf_key_type_id = info.btf_key_type_id;
	options.btf_value_type_id = info.btf_value_type_id;
	other = bpf_map_create(BPF_MAP_TYPE_ARRAY, "state", sizeof(zero), sizeof(state), 1,
			       &options);
	cr_assert_geq(other, 0, "%s", strerror(errno));
	cr_assert_eq(bpf_map_update_elem(other, &zero, &state, BPF_ANY), 0);
	close(options.btf_fd);
	return other;
}

/*
 * An owner without privileges cannot read what the switch says of itself: the port says it, too. A map
 * of another version is put in the place of its state.
 */
Test(bad_machine, port_of_another_version)
{
	static const char pin[] = "/sys/fs/bpf/vale/vale1/port/r/state";
	struct client *client = client_start_as(NOBODY, NOBODY, NOBODY);
	int map, error;

	must("%s port add vale1:r --owner %d", valectl(), NOBODY);
	client_opens(client, "vale1:r", VALE_OPEN_EXISTING);
	client_close(client);
	map = other_state(pin);
	must("mv %s /sys/fs/bpf/vale/vale1/old", pin);
	cr_assert_eq(bpf_obj_pin(map, pin), 0);
	close(map);
	must("chown %d %s", NOBODY, pin);
	error = client_open(client, "vale1:r", VALE_OPEN_EXISTING);
	cr_assert_eq(error, -ENOTSUP, "%s: %s", strerror(-error), client_reason(client));
	cr_assert_not_null(strstr(client_reason(client), "it was made by another version"), "%s",
			   client_reason(client));
	refused(1, "it was made by another version", "port header vale1:r 12");
	must("mv -f /sys/fs/bpf/vale/vale1/old %s", pin);
	must("%s port header vale1:r 12", valectl());
	client_opens(client, "vale1:r", VALE_OPEN_EXISTING);
}

Test(bad_machine, sysctls_of_another_version)
{
	must("%s sysctl -w max_bridges=2", valectl());
	write_abi("/sys/fs/bpf/vale/sysctl", 77);
	refused(1, "the sysctls were made by another version (ABI 77, this is 3)", "sysctl -a");
	refused(1, "remove '/sys/fs/bpf/vale/sysctl'", "create vale1");
	refused(1, "ABI 77", "sysctl -w max_bridges=3");
	write_abi("/sys/fs/bpf/vale/sysctl", VALE_ABI);
	must("%s create vale1", valectl());
}

/* The how-manieth bpf() of an attach makes the link. */
static int link_create_call(void)
{
	struct output output;

	must("strace -f -qq -e trace=bpf -o /mnt/trace %s attach vale1:a t0 --hook xdp", valectl());
	must("%s detach vale1:a", valectl());
	output = must("grep -n BPF_LINK_CREATE /mnt/trace | tail -n 1 | cut -d: -f1");
	cr_assert_gt(atoi(output.text), 0);
	return atoi(output.text);
}

/*
 * What drivers answer to bpf_link_create(). None of those to be had here refuses an MTU, since our
 * programs take frames in several buffers: the answer of one that does is put in its mouth.
 */
Test(bad_machine, driver_that_refuses)
{
	static const struct {
		const char *error, *words;
	} answers[] = {
		{ "ERANGE", "cannot attach 't0': its MTU of 1500 is too large for XDP in its "
			    "driver: lower it, or use '--hook generic'" },
		{ "EBUSY", "cannot attach 't0': another XDP program is on it" },
		{ "ENOMEM", "cannot attach 't0': Cannot allocate memory" },
	};
	char *before;
	int call;

	must("%s create vale1 && ethtool -K t1 gro off", valectl());
	call = link_create_call();
	before = bpffs_files();
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct output output = run("strace -f -qq -e trace=bpf -o /dev/null -e "
					   "inject=bpf:error=%s:when=%d "
					   "%s attach vale1:a t0 --hook xdp",
					   answers[i].error, call, valectl());

		cr_assert_eq(output.status, 1, "%s: %s", answers[i].error, output.text);
		cr_assert_not_null(strstr(output.errors, answers[i].words), "%s: %s",
				   answers[i].error, output.errors);
		cr_assert_eq(program_on("t0"), 0);
		must("ethtool -k t1 | grep -x 'generic-receive-offload: off'");
	}
	bpffs_unchanged(before);
	must("%s attach vale1:a t0", valectl());
	must("ethtool -k t1 | grep -x 'generic-receive-offload: on'");
}
