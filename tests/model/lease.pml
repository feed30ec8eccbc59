/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A model of bpf/receive.h: senders that put slots into one rx ring without a lock. Their stores
 * go through store buffers, as those of x86 do; atomic operations wait until the buffer is empty.
 *
 *	spin -run lease.pml                  finds none: all that can happen ends well
 *	spin -run -DNO_FENCE lease.pml       finds an error: a lease that nobody publishes
 *	spin -run -DNO_START lease.pml       finds an error: a later lease is taken for an earlier one
 *
 * Counts are not modulo anything here, since the senders send few slots; the ring is shorter than
 * what is sent, so that leases are used again.
 */

#define SENDERS 3
#ifndef ROUNDS
#define ROUNDS 4 /* leases of all senders */
#endif
#ifndef SLOTS
#define SLOTS 2 /* of the ring */
#endif
#define NOBODY	255

byte reserved, released;
byte published;		 /* as it is in memory */
byte lease[SLOTS];	 /* length of a lease that is done, */
byte start[SLOTS];	 /* and where it starts: in one word with the length */
byte slot[SLOTS] = NOBODY; /* who has filled it */
byte owner[SLOTS] = NOBODY; /* who has leased it */
byte rounds;		 /* leases that were begun */
byte done;		 /* senders that have ended */

/*
 * The store buffer of a sender has room for the one plain store that matters here: of the count.
 * (Those into slots come before it and leave the buffer in order, so they are made at once.)
 */
byte stored[SENDERS];
bool pending[SENDERS];

inline drain() {
	if
	:: pending[me] -> published = stored[me]; pending[me] = false
	:: else
	fi
}

#ifdef NO_START
#define STARTS(at) true
#else
#define STARTS(at) (start[at % SLOTS] == at)
#endif

/* What the sender itself sees. */
#define PUBLISHED (pending[me] -> stored[me] : published)

inline advance(moved) {
	d_step {
		at = PUBLISHED;
		length = lease[at % SLOTS];
		if
		:: STARTS(at)
		:: else -> length = 0
		fi
	}
	moved = false;
	if
	:: length == 0
	:: else ->
		atomic {
			drain();
			if
			:: lease[at % SLOTS] == length && STARTS(at) -> lease[at % SLOTS] = 0; moved = true
			:: else
			fi
		}
		if
		:: moved -> atomic { assert(published == at); published = at + length }
		:: else
		fi
	fi
}

inline publish() {
	if
	:: PUBLISHED == first ->
		/* receiver_move() */
		d_step { assert(!pending[me]); stored[me] = first + size; pending[me] = true }
#ifndef NO_FENCE
		atomic { drain() }
#endif
	:: PUBLISHED != first ->
		atomic { drain(); lease[first % SLOTS] = size; start[first % SLOTS] = first }
	fi;
	do
	:: advance(moved);
		if
		:: moved
		:: else -> break
		fi
	od
}

proctype sender(byte me) {
	byte first, size, at, length, i;
	bool moved;

	do
	:: atomic { rounds < ROUNDS -> rounds++ }
		/* receiver_lease(): of one slot or two, when there is room */
		select (size : 1 .. 2);
		atomic {
			(reserved + size - released <= SLOTS && reserved + size - published <= SLOTS);
			first = reserved;
			reserved = reserved + size;
			drain();
			for (i : 0 .. size - 1) {
				/* no lease overtakes another one */
				assert(owner[(first + i) % SLOTS] == NOBODY);
				owner[(first + i) % SLOTS] = me
			}
		};
		for (i : 0 .. size - 1) {
			slot[(first + i) % SLOTS] = me
		}
		publish()
	:: rounds == ROUNDS -> break
	od;
	drain();
	done++
}

/* Stores leave the buffers at some time or other. */
proctype store_buffers() {
	do
	:: atomic { pending[0] -> published = stored[0]; pending[0] = false }
	:: atomic { pending[1] -> published = stored[1]; pending[1] = false }
	:: atomic { pending[2] -> published = stored[2]; pending[2] = false }
	:: done == SENDERS -> break
	od
}

proctype receiver() {
	do
	:: atomic {
		released < published ->
		/* what is published is filled, by whoever has leased it */
		assert(slot[released % SLOTS] != NOBODY);
		assert(slot[released % SLOTS] == owner[released % SLOTS]);
		slot[released % SLOTS] = NOBODY;
		owner[released % SLOTS] = NOBODY;
		released++
	   }
	:: atomic { done == SENDERS && released == published -> break }
	od;
	/* everything that was leased has come */
	assert(published == reserved)
}

init {
	byte i;

	atomic {
		for (i : 0 .. SENDERS - 1) {
			run sender(i)
		}
		run store_buffers();
		run receiver()
	}
}
