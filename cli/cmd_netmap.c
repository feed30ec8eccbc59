// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The command line of netmap's own tool, for scripts that were written for it: options of one letter,
 * and what they print to the letter. `valectl` takes it when its first argument is such an option;
 * when it is called by the tool's name, always.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "netmap/layer.h"

struct wish {
	int action; /* its letter; 0: list all */
	const char *name;
	const char *config; /* of -C, NULL: none */
	__u16 memory_id;
	bool verbose;
};

static struct file nothing; /* requests of a file that is bound to nothing */

static struct request ask(const struct wish *wish)
{
	struct request request = { .file = &nothing };

	snprintf(request.name, sizeof(request.name), "%s", wish->name ? wish->name : "");
	return request;
}

static int usage(void)
{
	fputs("usage: vale-ctl [-g|-l|-a|-h|-d|-n|-r|-p|-P NAME] [-C CONFIG] [-m MEMORY] [-v]\n"
	      "  -g NAME       show the sizes of a port\n"
	      "  -l valeS:P    show the numbers of a switch and a port\n"
	      "  -a valeS:IF   put an interface or a persistent port on a switch\n"
	      "  -h valeS:IF   the same, with the host's side of it\n"
	      "  -d valeS:IF   take it off\n"
	      "  -n NAME       make a persistent port\n"
	      "  -r NAME       remove it\n"
	      "  -p valeS:IF   start to poll an interface, -P to stop it\n"
	      "  -C a,b,c,d    tx slots, rx slots, tx rings, rx rings\n"
	      "  -m MEMORY     number of a memory, or a port that has it\n"
	      "  -v            say more\n"
	      "Without a port: list all. The commands of valectl: valectl help\n",
	      stderr);
	return EXIT_FAILED;
}

static int done(const struct wish *wish, const char *what, int error)
{
	if (!error)
		return EXIT_OK;
	fprintf(stderr, "failed to %s %s: %s\n", what, wish->name, strerror(-error));
	return EXIT_FAILED;
}

/* tx slots, rx slots, tx rings, rx rings; what is not said of rx is as tx. */
static void take_config(const char *config, unsigned int out[4])
{
	unsigned int given[4];
	int count =
		config ? sscanf(config, "%u,%u,%u,%u", &given[0], &given[1], &given[2], &given[3])
		       : 0;

	for (int i = 0; i < 4; i++)
		out[i] = i < count ? given[i] : 0;
	if (count == 1)
		out[1] = out[0];
	if (count == 3)
		out[3] = out[2];
}

/* ---- the actions ------------------------------------------------------------------------------- */

/* As the original, it ends when there is nothing more, and takes that for a failure. */
static int list_all(void)
{
	struct wish all = {};
	struct request request = ask(&all);
	struct nmreq_vale_list *cursor = &request.body.list;

	for (; !request_list(&request); cursor->nr_port_idx++) {
		printf("%s bridge_idx %u port_idx %u\n", request.name, cursor->nr_bridge_idx,
		       cursor->nr_port_idx);
		request.name[0] = 0;
	}
	return EXIT_FAILED;
}

static int list_one(const struct wish *wish)
{
	struct request request = ask(wish);
	int error;

	if (!is_vale_name(wish->name))
		return usage();
	error = request_list(&request);
	if (!error)
		printf("bridge_idx: %u\nport_idx:   %u\n", request.body.list.nr_bridge_idx,
		       request.body.list.nr_port_idx);
	return done(wish, "list", error);
}

static int show(const struct wish *wish)
{
	struct request request = ask(wish);
	const struct nmreq_port_info_get *info = &request.body.info;
	int error = request_port_info(&request);

	if (!error)
		printf("memsize:    %llu\ntx_slots:   %u\nrx_slots:   %u\ntx_rings:   %u\n"
		       "rx_rings    %u\nmem_id:     %u\n",
		       (unsigned long long)info->nr_memsize, info->nr_tx_slots, info->nr_rx_slots,
		       info->nr_tx_rings, info->nr_rx_rings, info->nr_mem_id);
	return done(wish, "obtain info for", error);
}

static int attach(const struct wish *wish)
{
	struct request request = ask(wish);
	struct nmreq_register *reg = &request.body.attach.reg;
	unsigned int config[4];
	int error;

	take_config(wish->config, config);
	*reg = (struct nmreq_register){
		.nr_mode = wish->action == 'h' ? NR_REG_NIC_SW : NR_REG_ALL_NIC,
		.nr_tx_slots = config[0],
		.nr_rx_slots = config[1],
		.nr_tx_rings = config[2],
		.nr_rx_rings = config[3],
		.nr_mem_id = wish->memory_id,
	};
	error = request_attach(&request);
	if (!error && wish->verbose)
		printf("port_index: %u\n", request.body.attach.port_index);
	return done(wish, "attach", error);
}

static int detach(const struct wish *wish)
{
	struct request request = ask(wish);
	int error = request_detach(&request);

	if (!error && wish->verbose)
		printf("port_index: %u\n", request.body.detach.port_index);
	return done(wish, "detach", error);
}

static int create(const struct wish *wish)
{
	struct request request = ask(wish);
	struct nmreq_vale_newif *newif = &request.body.newif;
	unsigned int config[4];
	int error;

	take_config(wish->config, config);
	*newif = (struct nmreq_vale_newif){
		.nr_tx_slots = config[0],
		.nr_rx_slots = config[1],
		.nr_tx_rings = config[2],
		.nr_rx_rings = config[3],
		.nr_mem_id = wish->memory_id,
	};
	error = request_newif(&request);
	if (!error && wish->verbose)
		printf("tx_slots:   %u\nrx_slots:   %u\ntx_rings:   %u\nrx_ring:    %u\n"
		       "mem_id:     %u\n",
		       newif->nr_tx_slots, newif->nr_rx_slots, newif->nr_tx_rings,
		       newif->nr_rx_rings, newif->nr_mem_id);
	return done(wish, "create", error);
}

static int remove_port(const struct wish *wish)
{
	struct request request = ask(wish);

	return done(wish, "remove", request_delif(&request));
}

static int poll_interface(const struct wish *wish)
{
	struct request request = ask(wish);

	if (!wish->config || !*wish->config)
		fputs("invalid null/empty config\n", stderr);
	return done(wish, wish->action == 'p' ? "enable polling on" : "disable polling on",
		    request_polling(&request));
}

static int act(const struct wish *wish)
{
	switch (wish->action) {
	case 'l':
		return list_one(wish);
	case 'g':
		return show(wish);
	case 'a':
	case 'h':
		return attach(wish);
	case 'd':
		return detach(wish);
	case 'n':
		return create(wish);
	case 'r':
		return remove_port(wish);
	case 'p':
	case 'P':
		return poll_interface(wish);
	default:
		return list_all();
	}
}

/* ---- the command line -------------------------------------------------------------------------- */

/* A number, or that of the memory of a port. */
static bool take_memory(const char *text, struct wish *wish)
{
	const char *port = strncmp(text, "netmap:", 7) ? text : text + 7;
	struct wish other = { .name = port };
	struct request request = ask(&other);
	unsigned int number;

	if (parse_number(text, &number) && number <= UINT16_MAX) {
		wish->memory_id = number;
		return true;
	}
	if (request_port_info(&request))
		return false;
	wish->memory_id = request.body.info.nr_mem_id;
	return true;
}

bool is_netmap_command(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	if (!strcmp(slash ? slash + 1 : argv[0], "vale-ctl"))
		return true;
	return argc > 1 && argv[1][0] == '-' && argv[1][1] && argv[1][1] != '-';
}

int netmap_command(int argc, char **argv)
{
	struct wish wish = {};
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "d:a:h:g:l:n:r:C:p:P:m:v")) != -1) {
		if (option == '?') {
			fprintf(stderr, "bad option -%c\n", optopt);
			return usage();
		}
		if (option == 'v') {
			wish.verbose = true;
		} else if (option == 'C') {
			wish.config = optarg;
		} else if (option == 'm') {
			if (!take_memory(optarg, &wish)) {
				fprintf(stderr, "there is no memory '%s'\n", optarg);
				return EXIT_FAILED;
			}
		} else {
			wish.action = option;
			wish.name = optarg;
		}
	}
	return optind == argc ? act(&wish) : usage();
}
