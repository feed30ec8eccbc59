// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The seats of threads. */
#include "loan.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Threads beyond these take references. */
#define SEATS 256

static struct seat seats[SEATS];
static atomic_int seats_end; /* one past the last that was ever taken */
__thread struct seat *own_seat;

/* Its value tells that a thread ends; it is made before the program has any. */
static pthread_key_t at_end;
static bool usable;

static bool barrier(int command)
{
	return !syscall(SYS_membarrier, command, 0, 0);
}

/* Whoever had the seat has no file any more. */
static void vacate(struct seat *seat)
{
	struct file *file = seat->file;

	seat->file = NULL;
	seat->taken = false;
	if (file && file->ended)
		loan_settle(file);
}

static void leave(void *seat)
{
	own_seat = NULL;
	vacate(seat);
}

__attribute__((constructor)) static void start(void)
{
	usable = barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
		 !pthread_key_create(&at_end, leave);
}

static void note_end(int end)
{
	int before = seats_end;

	while (before < end && !atomic_compare_exchange_weak(&seats_end, &before, end))
		;
}

static struct seat *find_seat(void)
{
	for (int i = 0; i < SEATS; i++)
		if (!seats[i].taken && !atomic_exchange(&seats[i].taken, true)) {
			note_end(i + 1);
			return &seats[i];
		}
	return NULL;
}

static void sit_down(void)
{
	struct seat *seat = usable && !own_seat ? find_seat() : NULL;

	if (!seat)
		return;
	if (pthread_setspecific(at_end, seat))
		seat->taken = false;
	else
		own_seat = seat;
}

struct loan loan_slowly(int fd)
{
	sit_down();
	return (struct loan){ file_of(fd), NULL };
}

bool loan_is_out(const struct file *file)
{
	if (!usable)
		return false;
	barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	for (int i = 0; i < seats_end; i++)
		if (seats[i].file == file)
			return true;
	return false;
}

void loans_forget(void)
{
	usable = usable && barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	for (int i = 0; i < seats_end; i++)
		if (&seats[i] != own_seat)
			vacate(&seats[i]);
}
