// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The addresses a switch knows, as users see and change them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "internal.h"

#define NS_PER_MS 1000000ULL

/* What the programs compare `seen_ns` with: bpf_ktime_get_ns(). */
static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

struct walk {
	const struct maps *maps;
	enum map map;
	int (*visit)(struct walk *walk, const struct vale_fdb_key *key,
		     const struct vale_fdb_entry *entry);
	void *arg;
};

/*
 * Visits the entries of one hash map. Entries that come or go meanwhile may be missed or seen; a
 * key removed under our hands makes the kernel start over, so visits are bounded by the map's size.
 */
static int walk_map(struct walk *walk)
{
	int fd = walk->maps->fd[walk->map];
	struct vale_fdb_key key, next, *from = NULL;
	struct vale_fdb_entry entry;
	__u64 left = 2ULL * walk->maps->state->fdb_size + 8192;
	int error = 0;

	while (!error && left--) {
		if (bpf_map_get_next_key(fd, from, &next))
			return errno == ENOENT ? 0 : -errno;
		key = next;
		from = &key;
		if (!bpf_map_lookup_elem(fd, &key, &entry))
			error = walk->visit(walk, &key, &entry);
		else if (errno != ENOENT)
			error = -errno;
	}
	return error;
}

static int walk_both(struct walk *walk)
{
	int error;

	walk->map = MAP_FDB_STATIC;
	error = walk_map(walk);
	if (error)
		return error;
	walk->map = MAP_FDB;
	return walk_map(walk);
}

/* The same answer as the dataplane's: bpf/fdb.h. */
static bool matches(const struct walk *walk, const struct vale_fdb_entry *entry,
		    struct vale_port_entry *port)
{
	__u64 age_ns = walk->maps->state->age_ns;

	if (entry->port >= VALE_PORTS || maps_get_port(walk->maps, entry->port, port) ||
	    port->kind == VALE_PORT_FREE || port->generation != entry->generation ||
	    (port->kind == VALE_PORT_DEVICE && !maps_device_present(walk->maps, entry->port)))
		return false;
	return walk->map == MAP_FDB_STATIC || !age_ns ||
	       (__s64)(now_ns() - entry->seen_ns) <= (__s64)age_ns;
}

bool fdb_matches(const struct maps *maps, const struct vale_fdb_entry *entry)
{
	const struct walk walk = { .maps = maps, .map = MAP_FDB };
	struct vale_port_entry port;

	return matches(&walk, entry, &port);
}

static int count_visit(struct walk *walk, const struct vale_fdb_key *key,
		       const struct vale_fdb_entry *entry)
{
	struct vale_port_entry port;

	(void)key;
	*(__u32 *)walk->arg += matches(walk, entry, &port);
	return 0;
}

int fdb_count(const struct maps *maps, __u32 *out)
{
	__u32 count = 0;
	struct walk walk = { .maps = maps, .visit = count_visit, .arg = &count };
	int error = walk_both(&walk);

	if (!error)
		*out = count;
	return error;
}

struct keys {
	const __u32 *port; /* NULL: of any port */
	struct vale_fdb_key *items;
	size_t count, room;
};

static int collect_visit(struct walk *walk, const struct vale_fdb_key *key,
			 const struct vale_fdb_entry *entry)
{
	struct keys *keys = walk->arg;

	if (keys->port && entry->port != *keys->port)
		return 0;
	if (keys->count == keys->room) {
		size_t room = keys->room ? 2 * keys->room : 256;
		void *items = reallocarray(keys->items, room, sizeof(*keys->items));

		if (!items)
			return -ENOMEM;
		keys->items = items;
		keys->room = room;
	}
	keys->items[keys->count++] = *key;
	return 0;
}

/* Keys first, then the removal: removing while walking would start the walk over. */
static int purge_map(const struct maps *maps, enum map map, const __u32 *port)
{
	struct keys keys = { .port = port };
	struct walk walk = { .maps = maps, .map = map, .visit = collect_visit, .arg = &keys };
	int error = walk_map(&walk);

	for (size_t i = 0; !error && i < keys.count; i++)
		if (bpf_map_delete_elem(maps->fd[map], &keys.items[i]) && errno != ENOENT)
			error = -errno;
	free(keys.items);
	return error;
}

int fdb_purge(const struct maps *maps, const __u32 *port, bool static_too)
{
	int error = purge_map(maps, MAP_FDB, port);

	if (!error && static_too)
		error = purge_map(maps, MAP_FDB_STATIC, port);
	return error;
}

struct list {
	struct vale_fdb_info *items;
	size_t count, room;
};

static int list_visit(struct walk *walk, const struct vale_fdb_key *key,
		      const struct vale_fdb_entry *entry)
{
	struct vale_fdb_info info = { .is_static = walk->map == MAP_FDB_STATIC };
	struct list *list = walk->arg;
	struct vale_port_entry port;

	if (!matches(walk, entry, &port))
		return 0;
	memcpy(info.mac, key->mac, VALE_MAC_SIZE);
	strcpy(info.port, port.name);
	info.number = entry->port;
	if (!info.is_static) {
		__s64 age = now_ns() - entry->seen_ns;

		info.age_ms = age > 0 ? age / NS_PER_MS : 0;
	}
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		void *items = reallocarray(list->items, room, sizeof(*list->items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = info;
	return 0;
}

static int by_mac(const void *a, const void *b)
{
	const struct vale_fdb_info *left = a, *right = b;

	return memcmp(left->mac, right->mac, VALE_MAC_SIZE);
}

static int open_switch(struct vale *vale, const char *text, struct maps *out)
{
	struct name name;
	int error = name_switch(vale, &name, text);

	return error ? error : maps_open(out, vale, name.switch_name);
}

int vale_fdb_list(struct vale *vale, const char *switch_name, struct vale_fdb_info **out,
		  size_t *count)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct list list = {};
	struct walk walk = { .maps = &maps, .visit = list_visit, .arg = &list };
	int error = open_switch(vale, switch_name, &maps);

	if (error)
		return error;
	error = walk_both(&walk);
	if (error) {
		free(list.items);
		return fail(vale, -error, "cannot read the addresses of '%s': %s", switch_name,
			    strerror(-error));
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), by_mac);
	*out = list.items;
	*count = list.count;
	return 0;
}

static int find_port(struct vale *vale, const struct maps *maps, const char *name, __u32 *number,
		     struct vale_port_entry *port)
{
	const char *why = name_check_part(name);

	if (why)
		return fail(vale, EINVAL, "'%s' is no name of a port: %s", name, why);
	return maps_need_port(maps, vale, name, number, port);
}

static struct vale_fdb_key key_of(const __u8 mac[VALE_MAC_SIZE])
{
	struct vale_fdb_key key = {};

	memcpy(key.mac, mac, VALE_MAC_SIZE);
	return key;
}

int vale_fdb_add(struct vale *vale, const char *switch_name, const __u8 mac[VALE_MAC_SIZE],
		 const char *port_name)
{
	static const __u8 nobody[VALE_MAC_SIZE];
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_fdb_key key = key_of(mac);
	struct vale_fdb_entry entry = {};
	CLEANUP_CLOSE int lock = -1;
	struct vale_port_entry port;
	__u32 number;
	int error;

	if ((mac[0] & 1) || !memcmp(mac, nobody, VALE_MAC_SIZE))
		return fail(vale, EADDRNOTAVAIL,
			    "cannot add the address: it is %s, and only the address "
			    "of one host can be behind a port",
			    mac[0] & 1 ? "a group's" : "all zero");
	error = open_switch(vale, switch_name, &maps);
	if (!error)
		error = pin_lock(vale, &lock); /* the port must not change hands meanwhile */
	if (!error)
		error = find_port(vale, &maps, port_name, &number, &port);
	if (error)
		return error;
	entry.port = number;
	entry.generation = port.generation;
	if (bpf_map_update_elem(maps.fd[MAP_FDB_STATIC], &key, &entry, BPF_ANY))
		return errno == E2BIG ? fail(vale, ENOSPC,
					     "cannot add the address: there are 4096 static "
					     "ones already")
				      : fail_bpf(vale, errno, "cannot add the address");
	bpf_map_delete_elem(maps.fd[MAP_FDB], &key);
	maps_next_generation(&maps);
	return 0;
}

/* Whether the map has had it, or -errno. */
static int forget(const struct maps *maps, enum map map, const struct vale_fdb_key *key)
{
	if (!bpf_map_delete_elem(maps->fd[map], key))
		return true;
	return errno == ENOENT ? false : -errno;
}

int vale_fdb_del(struct vale *vale, const char *switch_name, const __u8 mac[VALE_MAC_SIZE])
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_fdb_key key = key_of(mac);
	int error = open_switch(vale, switch_name, &maps), was_static, was_learned;

	if (error)
		return error;
	was_static = forget(&maps, MAP_FDB_STATIC, &key);
	was_learned = forget(&maps, MAP_FDB, &key);
	maps_next_generation(&maps);
	if (was_static < 0 || was_learned < 0)
		return fail_bpf(vale, was_static < 0 ? -was_static : -was_learned,
				"cannot forget the address");
	if (!was_static && !was_learned)
		return fail(vale, ENOENT,
			    "'%s' does not know the address (valectl fdb %s lists them)",
			    switch_name, switch_name);
	return 0;
}

int vale_fdb_flush(struct vale *vale, const char *switch_name, const char *port_name)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port_entry port;
	__u32 number = 0;
	int error = open_switch(vale, switch_name, &maps);

	if (!error && port_name)
		error = find_port(vale, &maps, port_name, &number, &port);
	if (error)
		return error;
	error = fdb_purge(&maps, port_name ? &number : NULL, false);
	maps_next_generation(&maps);
	return error ? fail(vale, -error, "cannot flush '%s': %s", switch_name, strerror(-error))
		     : 0;
}
