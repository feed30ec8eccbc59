/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Files on loan: for a moment, by the thread that syncs their rings. A reference would do, but takes
 * two locked instructions, which is what most of a sync costs beside the switch's own work.
 *
 * Each thread has a seat, where it writes down the file, and then looks whether the file is still the
 * fd's. Who gives up the last reference of a file, which is no fd's any more, makes all threads pass
 * a barrier (membarrier(2)) and looks at the seats. So one of the two sees the other. If a thread has
 * the file, that one ends it when it has done.
 */
#ifndef VALE_NETMAP_LOAN_H
#define VALE_NETMAP_LOAN_H

#include "layer.h"

struct seat {
	_Atomic(struct file *) file;
	atomic_bool taken; /* by a thread */
} __attribute__((aligned(64)));

/* The thread's; NULL: it has none yet, or there is none. */
extern __thread struct seat *own_seat __attribute__((tls_model("initial-exec")));

struct loan {
	struct file *file; /* NULL: the fd is none of the library's */
	struct seat *seat; /* NULL: it is a reference */
};

/* By a reference. The thread gets a seat for the next time. */
struct loan loan_slowly(int fd);
/* The file is nobody's, but for those who have it on loan, and may have to be ended. */
void loan_settle(struct file *file);

static inline void loan_end(struct loan *loan)
{
	if (!loan->seat) {
		file_cleanup(&loan->file);
		return;
	}
	atomic_store_explicit(&loan->seat->file, NULL, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&loan->file->ended, memory_order_acquire))
		loan_settle(loan->file);
}

#define CLEANUP_LOAN CLEANUP(loan_end)

static inline struct loan loan_of(int fd)
{
	struct loan loan = { table_look(fd), own_seat };

	if (!loan.file || loan.file == TABLE_HIDDEN)
		return (struct loan){};
	/* A signal may have come while the thread had a file on loan. */
	if (!loan.seat || atomic_load_explicit(&loan.seat->file, memory_order_relaxed))
		return loan_slowly(fd);
	atomic_store_explicit(&loan.seat->file, loan.file, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (table_look(fd) == loan.file)
		return loan;
	loan_end(&loan);
	return loan_slowly(fd);
}

/* loan.c: whether a thread has the file on loan. All see what was written before, or are seen here. */
bool loan_is_out(const struct file *file);
/* In a child of fork(), the other threads are not there. */
void loans_forget(void);

#endif
