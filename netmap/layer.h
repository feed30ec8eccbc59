/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * libvale-netmap.so: what its files share.
 *
 * The library stands between a program and libc. A program's file of /dev/netmap is a socket that is
 * connected to itself (carrier.c). To bind it to a port, the port's file descriptors are sent into it
 * and stay there; so whoever has the socket, by dup, fork, exec or from another process, has the
 * port, and the port is there until the last of them has closed it.
 *
 * Functions return 0 or -errno, but those that stand in for libc's, which do as libc's do.
 */
#ifndef VALE_NETMAP_LAYER_H
#define VALE_NETMAP_LAYER_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "client/client.h"
#include "net/netmap.h"

/* What a program sees; all else is hidden. */
#define INTERPOSE __attribute__((visibility("default")))

/* ---- real.c: libc's functions, or those of whoever else stands before it ----------------------- */

struct real {
	int (*open)(const char *path, int flags, ...);
	int (*open_2)(const char *path, int flags);
	int (*openat)(int directory, const char *path, int flags, ...);
	int (*openat_2)(int directory, const char *path, int flags);
	int (*close)(int fd);
	int (*close_range)(unsigned int first, unsigned int last, int flags);
	int (*dup)(int fd);
	int (*dup2)(int fd, int to);
	int (*dup3)(int fd, int to, int flags);
	int (*fcntl)(int fd, int command, ...);
	int (*ioctl)(int fd, unsigned long request, ...);
	void *(*mmap)(void *address, size_t size, int protection, int flags, int fd, off_t offset);
	ssize_t (*read)(int fd, void *to, size_t size);
	ssize_t (*read_chk)(int fd, void *to, size_t size, size_t room);
	ssize_t (*readv)(int fd, const struct iovec *to, int count);
	ssize_t (*pread)(int fd, void *to, size_t size, off_t offset);
	ssize_t (*pread_chk)(int fd, void *to, size_t size, off_t offset, size_t room);
	ssize_t (*preadv)(int fd, const struct iovec *to, int count, off_t offset);
	ssize_t (*preadv2)(int fd, const struct iovec *to, int count, off_t offset, int flags);
	ssize_t (*write)(int fd, const void *from, size_t size);
	ssize_t (*writev)(int fd, const struct iovec *from, int count);
	ssize_t (*pwrite)(int fd, const void *from, size_t size, off_t offset);
	ssize_t (*pwritev)(int fd, const struct iovec *from, int count, off_t offset);
	ssize_t (*pwritev2)(int fd, const struct iovec *from, int count, off_t offset, int flags);
	int (*poll)(struct pollfd *fds, nfds_t count, int timeout);
	int (*ppoll)(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		     const sigset_t *mask);
	int (*select)(int count, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout);
	int (*pselect)(int count, fd_set *in, fd_set *out, fd_set *except,
		       const struct timespec *timeout, const sigset_t *mask);
	int (*epoll_ctl)(int epoll, int operation, int fd, struct epoll_event *event);
	int (*epoll_wait)(int epoll, struct epoll_event *events, int count, int timeout);
	int (*epoll_pwait)(int epoll, struct epoll_event *events, int count, int timeout,
			   const sigset_t *mask);
	int (*epoll_pwait2)(int epoll, struct epoll_event *events, int count,
			    const struct timespec *timeout, const sigset_t *mask);
};

const struct real *real(void);

/* ---- files of a program ------------------------------------------------------------------------ */

struct epoll_set;
struct pipe_end;
struct pool;

/*
 * A file of /dev/netmap, or a set of epoll that has one in it. The memory of a file is never given
 * back, so that a thread that has looked one up may try to take a reference of it.
 */
struct file {
	_Atomic int references;
	__u64 serial;	       /* of all that were in this memory */
	_Atomic __u64 ended;   /* its serial: nobody has a reference, and it is to be ended */
	struct epoll_set *set; /* NULL: it is /dev/netmap's */
	__u64 token;	       /* tells it from all others, in any process */

	atomic_bool bound; /* what follows is valid */
	struct vale_port *port;
	pid_t process;				  /* that has the port open by this */
	struct pool *pool;			  /* what files of the port share */
	struct pipe_end *pipe;			  /* NULL: the rings are the port's own */
	__u32 first_tx, end_tx, first_rx, end_rx; /* pairs */
	bool no_tx_poll, do_rx_poll;
	__u64 offset; /* of the file's netmap_if in the port's memory */
	__u16 memory_id;
	pthread_mutex_t sleep_lock;
	int sleepers;

	struct file *next; /* while nobody has it */
};

/* file.c */
struct file *file_new(void); /* NULL: no memory */
void file_put(struct file *file);
#define CLEANUP_FILE CLEANUP(file_cleanup)
static inline void file_cleanup(struct file **file)
{
	if (*file)
		file_put(*file);
}
/* The file, or NULL. A reference is the caller's. */
struct file *file_of(int fd);
/* The same for an fd that the process may have got from another one: slow, unless it is known. */
struct file *file_recognise(int fd);
/* Makes a file of /dev/netmap; the new fd, or -errno. */
int file_open(int flags);
/* The fd is the file's from now on; takes a reference of its own. -EMFILE, -ENOMEM */
int file_enter(int fd, struct file *file);
/* Says that the process uses the file's port, after a fork. */
int file_adopt(struct file *file);
/* Held while files are bound, or made. */
extern pthread_mutex_t file_lock;
void files_close_all(void);

/* table.c: which fd is what. Everything may be called at any time, from signal handlers too. */

/* A file descriptor that is the library's own: the program has not got it. */
#define TABLE_HIDDEN ((struct file *)1)

#define TABLE_CHUNK  1024
#define TABLE_CHUNKS 1024 /* more file descriptors than the kernel allows by default */

struct table_chunk {
	_Atomic(struct file *) file[TABLE_CHUNK];
};

extern _Atomic(struct table_chunk *) table_chunks[TABLE_CHUNKS];
extern atomic_int table_used; /* entries there are: 0: the program has nothing to do with netmap */

static inline struct file *table_look(int fd)
{
	struct table_chunk *chunk = NULL;

	if ((unsigned int)fd < TABLE_CHUNK * TABLE_CHUNKS)
		chunk = table_chunks[fd / TABLE_CHUNK];
	return chunk ? chunk->file[fd % TABLE_CHUNK] : NULL;
}

/* Returns what was there before. *error: -EMFILE, -ENOMEM, and nothing was changed. */
struct file *table_put(int fd, struct file *file, int *error);
/* The first fd from `fd` on that has an entry; -1: none. */
int table_next(int fd);

/* The process that the table is of: in a child of vfork(), another one runs in the same memory. */
extern pid_t layer_process;

/* To be called before the rings of a file that is bound are looked at. */
static inline int file_use(struct file *file)
{
	return file->process == layer_process ? 0 : file_adopt(file);
}

/* carrier.c */
int carrier_open(int flags, __u64 *token);
/* 0 and its token if the socket is one of /dev/netmap. */
int carrier_recognise(int fd, __u64 *token);
/* False: no process of the network namespace, or of others, has it; it was made in this one. */
bool carrier_exists(__u64 token);

/* hide.c: moves file descriptors out of the way of the program's. */
void hide(int *fd);
void unhide(int *fd); /* and closes it */
void hide_port(struct vale_port *port);
void unhide_port(struct vale_port *port);

/* sync.c */

struct vale_ring *file_tx(const struct file *file, __u32 pair);
struct vale_ring *file_rx(const struct file *file, __u32 pair);

/* Slots from `first` up to `head` whose bytes are elsewhere in the program get them. */
void sync_fetch_indirect(struct vale_ring *ring, __u32 first, __u32 head, __u32 mask);
/* What is ready, POLLIN and POLLOUT, POLLERR; the rings are synced as netmap's poll() does it. */
short sync_poll(struct file *file, short events);
/* What has come and what has gone so far, as a number that changes when something does. */
__u64 sync_position(const struct file *file);
/* Something has come, or there is room, since the last sync. */
bool sync_is_due(const struct file *file, short events);
int sync_tx(struct file *file);
int sync_rx(struct file *file);

/* wait.c */
int wait_poll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	      const sigset_t *mask);

/* epoll_set.c */
void epoll_set_free(struct epoll_set *set);

/* ---- requests: request.c ----------------------------------------------------------------------- */

struct request {
	struct file *file;
	int fd;
	__u16 type;
	char name[NETMAP_REQ_IFNAMSIZ]; /* ends with a NUL */
	union {
		struct nmreq_register reg;
		struct nmreq_port_info_get info;
		struct nmreq_vale_attach attach;
		struct nmreq_vale_detach detach;
		struct nmreq_vale_list list;
		struct nmreq_port_hdr header;
		struct nmreq_vale_newif newif;
		struct nmreq_vale_polling polling;
		struct nmreq_pools_info pools;
	} body;
};

/* Answers a request whose form is right. */
int request_run(struct request *request);
/* NIOCCTRL, and those of the older interface. The argument is the program's. */
int request_control(struct file *file, int fd, void *argument);
int legacy_register(struct file *file, int fd, void *argument);
int legacy_info(struct file *file, int fd, void *argument);

/* options.c: checks a list of options, of which none is supported. `used`: bytes of the request. */
int options_check(__u64 first, size_t used);

/* user.c: memory of the program's that may not be there. -EFAULT */
int user_read(void *to, __u64 from, size_t size);
int user_write(__u64 to, const void *from, size_t size);

/* Each family of requests has a file. */
int request_register(struct request *request);
int request_port_info(struct request *request);
int request_pools_info(struct request *request);
int request_attach(struct request *request);
int request_detach(struct request *request);
int request_list(struct request *request);
int request_polling(struct request *request);
int request_header_set(struct request *request);
int request_header_get(struct request *request);
int request_newif(struct request *request);
int request_delif(struct request *request);
int request_unsupported(struct request *request);

/* The name is one of an interface that is on the switch. */
bool request_is_attached(struct vale *vale, const char *name);

/* ---- switches: request_vale.c and others ------------------------------------------------------- */

#define CLEANUP_VALE CLEANUP(vale_cleanup)
static inline void vale_cleanup(struct vale **vale)
{
	vale_close(*vale);
}

/* The switches of the bpffs that the environment names. */
int switches_open(struct vale **out);
/* Says on stderr why a program does not get what it asks for, where netmap's errno says little. */
void explain(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool is_vale_name(const char *name);
/*
 * The port that a request names: the name itself, or that of a persistent port. -ENXIO: it is none
 * of a switch.
 */
int port_name_of(struct vale *vale, const char *name, char out[NETMAP_REQ_IFNAMSIZ]);

/* drops.c: frames that a port had no room for; 0 of a switch whose maps are not open. */
__u64 drops_of(const struct maps *maps, __u32 port);

__u64 own_netns(void); /* cookie of the network namespace; 0: not known */

/* Pipes that a port made for a program has room for, as one of netmap's has. */
#define NEW_PORT_PIPES 2

/* ---- pool.c: netmap_ifs and extra buffers in a port's memory ----------------------------------- */

/* Makes one for the file, whose pairs are set. -ENOMEM */
int pool_bind(struct file *file, __u32 *extra_buffers);
/* Finds that of a file that came from another process. */
int pool_find(struct file *file);
/* Gives back what the file has, if no other process has it, too. */
void pool_release(struct file *file);
/* The same of one that is not bound after all. */
void pool_undo(struct file *file);

/* memory_id.c: for the kernel's id of a memory, a number that no other has in this process. */
__u16 memory_id_of(__u32 id);

#endif
