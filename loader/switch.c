// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Making, listing and removing switches. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/switch.skel.h"
#include "reload.h"

static void skeleton_free(struct switch_bpf **skeleton)
{
	switch_bpf__destroy(*skeleton);
}

static void link_free(struct bpf_link **link)
{
	bpf_link__destroy(*link);
}

static int check_options(struct vale *vale, const struct vale_switch_options *options,
			 struct vale_switch_options *out)
{
	struct vale_switch_options taken = { .fdb_size = VALE_DEFAULT, .age = VALE_DEFAULT };
	struct vale_sysctl values;
	int error = vale_sysctl_get(vale, &values);

	if (!error && options)
		error = take_options(vale, &taken, sizeof(taken), options);
	if (error)
		return error;
	if (taken.fdb_size == VALE_DEFAULT)
		taken.fdb_size = values.default_fdb_size;
	if (taken.age == VALE_DEFAULT)
		taken.age = values.default_age;
	if (taken.fdb_size < VALE_FDB_SIZE_MIN || taken.fdb_size > VALE_FDB_SIZE_MAX)
		return fail(vale, ERANGE, "the size of the fdb is from %u to %u addresses, not %u",
			    VALE_FDB_SIZE_MIN, VALE_FDB_SIZE_MAX, taken.fdb_size);
	if (taken.age > VALE_AGE_MAX)
		return fail(vale, ERANGE, "the age is from 0 (never) to %u seconds, not %u",
			    VALE_AGE_MAX, taken.age);
	*out = taken;
	return 0;
}

static int count_one(const char *name, void *arg)
{
	struct name parsed;

	if (!name_parse_switch(&parsed, name))
		++*(__u32 *)arg;
	return 0;
}

static int check_room(struct vale *vale, const char *name)
{
	struct vale_sysctl values;
	char path[PATH_MAX];
	__u32 count = 0;
	int error = vale_sysctl_get(vale, &values);

	if (!error)
		error = pin_path(vale, path, "%s", name);
	if (error)
		return error;
	if (pin_exists(path))
		return fail(vale, EEXIST, "cannot create '%s': there is a switch of that name",
			    name);
	error = pin_each(vale->root, count_one, &count);
	if (error)
		return fail(vale, -error, "cannot count the switches: %s", strerror(-error));
	if (count >= values.max_bridges)
		return fail(vale, ENOSPC,
			    "cannot create '%s': there are %u switches, and no more are "
			    "allowed: raise it with 'valectl sysctl -w max_bridges=N'",
			    name, count);
	return 0;
}

static int map_fd(const struct switch_bpf *skeleton, enum map map)
{
	return bpf_object__find_map_fd_by_name(skeleton->obj, map_name(map));
}

/* What only the loaded programs and maps can tell. */
static int complete_state(const struct switch_bpf *skeleton, struct vale_switch *state)
{
	LIBBPF_OPTS(bpf_test_run_opts, probe);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	for (int i = 0; i < VALE_DEVMAPS; i++) {
		if (bpf_obj_get_info_by_fd(map_fd(skeleton, map_devmaps[i]), &info, &size))
			return -errno;
		state->devmap_id[i] = info.id;
	}
	if (bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.probe_fragments), &probe))
		return -errno;
	if (probe.retval)
		state->flags |= VALE_SWITCH_FRAGMENTS;
	return 0;
}

int switch_load(const struct maps *maps, struct switch_bpf **out)
{
	CLEANUP(skeleton_free) struct switch_bpf *skeleton = switch_bpf__open();
	int error;

	if (!skeleton)
		return -errno;
	error = maps_use(maps, skeleton->obj);
	if (!error)
		error = switch_bpf__load(skeleton);
	if (error)
		return error;
	*out = TAKE(skeleton, NULL);
	return 0;
}

static int load(struct vale *vale, const struct vale_switch_options *options, __u32 flags,
		struct switch_bpf **out)
{
	CLEANUP(skeleton_free) struct switch_bpf *skeleton = switch_bpf__open();
	struct vale_switch state = {
		.abi = VALE_ABI,
		.fdb_size = options->fdb_size,
		.age_ns = options->age * NS_PER_SECOND,
		.generation = 1,
		.flags = flags,
	};
	__u32 zero = 0;
	int error;

	snprintf(state.version, sizeof(state.version), "%s", VALE_VERSION);
	if (!skeleton)
		return fail(vale, errno, "cannot create the switch: %s", strerror(errno));
	bpf_map__set_max_entries(skeleton->maps.fdb, options->fdb_size);
	error = switch_bpf__load(skeleton);
	if (!error)
		error = complete_state(skeleton, &state);
	if (!error && bpf_map_update_elem(map_fd(skeleton, MAP_SWITCH), &zero, &state, BPF_ANY))
		error = -errno;
	if (error)
		return fail_bpf(vale, -error, "cannot create the switch");
	*out = TAKE(skeleton, NULL);
	return 0;
}

static int pin_maps(const struct switch_bpf *skeleton, const char *staging)
{
	char path[PATH_MAX + VALE_NAME_SIZE];

	for (int map = 0; map < MAPS; map++) {
		snprintf(path, sizeof(path), "%s/%s", staging, map_pins[map]);
		if (bpf_obj_pin(map_fd(skeleton, map), path))
			return -errno;
	}
	return 0;
}

static int pin_watch(struct bpf_program *program, const char *staging)
{
	CLEANUP(link_free) struct bpf_link *link = bpf_program__attach(program);
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];

	if (!link)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s", staging, bpf_program__name(program));
	return bpf_link__pin(link, path);
}

/* All of the switch below a name that is not public yet. */
static int stage(const struct switch_bpf *skeleton, const char *staging)
{
	char path[PATH_MAX + VALE_NAME_SIZE];
	int error;

	error = pin_make_directory(staging, 0711);
	if (!error)
		error = pin_maps(skeleton, staging);
	if (!error)
		error = pin_watch(skeleton->progs.watch_redirect, staging);
	if (!error)
		error = pin_watch(skeleton->progs.watch_transmit, staging);
	if (!error)
		error = pin_watch(skeleton->progs.watch_exit, staging);
	if (!error)
		error = pin_watch(skeleton->progs.watch_exec, staging);
	snprintf(path, sizeof(path), "%s/port", staging);
	return error ? error : pin_make_directory(path, 0711);
}

int switch_create_locked(struct vale *vale, const char *name,
			 const struct vale_switch_options *options, __u32 flags)
{
	CLEANUP(skeleton_free) struct switch_bpf *skeleton = NULL;
	char staging[PATH_MAX], path[PATH_MAX];
	struct vale_switch_options taken = {};
	int error = check_room(vale, name);

	if (!error)
		error = check_options(vale, options, &taken);
	if (!error)
		error = load(vale, &taken, flags, &skeleton);
	if (error)
		return error;
	error = pin_path(vale, staging, "%c%s", PIN_STAGING, name);
	if (!error)
		error = pin_path(vale, path, "%s", name);
	if (!error)
		error = stage(skeleton, staging);
	if (!error)
		error = pin_publish(staging, path);
	if (error) {
		pin_remove(staging);
		return fail_bpf(vale, -error, "cannot create the switch");
	}
	return 0;
}

int vale_switch_create(struct vale *vale, const char *text,
		       const struct vale_switch_options *options)
{
	CLEANUP_CLOSE int lock = -1;
	struct name name;
	int error = name_switch(vale, &name, text);

	if (!error)
		error = pin_make_root(vale);
	if (!error)
		error = pin_lock(vale, &lock);
	return error ? error : switch_create_locked(vale, name.switch_name, options, 0);
}

int switch_remove_locked(struct vale *vale, const char *name)
{
	char path[PATH_MAX], staging[PATH_MAX];
	int error = pin_path(vale, path, "%s", name);

	if (!error)
		error = pin_path(vale, staging, "%c%s", PIN_STAGING, name);
	if (!error)
		error = pin_publish(path, staging);
	if (!error)
		error = pin_remove(staging);
	return error ? fail(vale, -error, "cannot destroy '%s': %s", name, strerror(-error)) : 0;
}

int switch_count_ports(struct vale *vale, const struct maps *maps, __u32 *out)
{
	struct vale_port_entry port;
	__u32 count = 0;

	for (__u32 number = 0; number < maps->state->ports_end && number < VALE_PORTS; number++) {
		int error = maps_get_port(maps, number, &port);

		if (error)
			return fail(vale, -error, "cannot read the ports of '%s': %s",
				    maps->switch_name, strerror(-error));
		count += port.kind != VALE_PORT_FREE;
	}
	*out = count;
	return 0;
}

static int remove_ports(struct vale *vale, struct maps *maps, __u32 total)
{
	struct vale_port_entry port;
	__u32 done = 0;

	for (__u32 number = 0; number < VALE_PORTS; number++) {
		int error = maps_get_port(maps, number, &port);

		if (!error && port.kind == VALE_PORT_FREE)
			continue;
		if (!error)
			error = port_remove(maps, number, &port);
		if (error)
			return error;
		if (vale->report)
			vale->report(vale->report_arg, ++done, total);
	}
	return 0;
}

int switch_remove_devices(const struct maps *maps)
{
	int error = live_remove(maps);

	return error ? error : segments_remove(maps);
}

int switch_open_locked(struct vale *vale, const char *name, const char *what, struct maps *maps,
		       int *lock)
{
	int error = 0;

	/* Without a root there is nothing to lock, and maps_open() has the words for it. */
	if (pin_exists(vale->root))
		error = pin_lock(vale, lock);
	if (!error)
		error = maps_open(maps, vale, name);
	if (error)
		return error;
	error = port_sweep(maps);
	return error ? fail_leave(vale, -error, what, name) : 0;
}

int vale_switch_destroy(struct vale *vale, const char *text, bool force)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	CLEANUP_CLOSE int lock = -1;
	struct name name;
	__u32 ports;
	int error = name_switch(vale, &name, text);

	if (!error)
		error = switch_open_locked(vale, name.switch_name, "cannot destroy", &maps, &lock);
	if (error)
		return error;
	error = switch_count_ports(vale, &maps, &ports);
	if (error)
		return error;
	if (ports && !force)
		return fail(vale, EBUSY,
			    "cannot destroy '%s': it has %u port%s: detach them, or use "
			    "--force",
			    name.switch_name, ports, ports == 1 ? "" : "s");
	error = remove_ports(vale, &maps, ports);
	if (!error)
		error = switch_remove_devices(&maps);
	if (error) /* with what is left of it, so that the next one finds that */
		return fail_leave(vale, -error, "cannot destroy", name.switch_name);
	return switch_remove_locked(vale, name.switch_name);
}
