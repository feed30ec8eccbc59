// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Processes that each do a part of a run. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench/bench.h"
#include "bench/worker.h"

#define PATIENCE_SECONDS 60
#define MOMENT_US	 200

static void be_worker(struct worker_state *state, int cpu,
		      int (*work)(struct worker_state *, const void *), const void *argument)
{
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	error = bench_pin(cpu);
	if (!error)
		error = work(state, argument);
	atomic_store(&state->failed, error != 0);
	_exit(error ? EXIT_FAILURE : EXIT_SUCCESS);
}

void worker_ready(struct worker_state *state)
{
	atomic_store(&state->ready, true);
}

static bool has_ended(const struct worker *worker)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, worker->process, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

static int wait_until_ready(struct worker *worker)
{
	double end = bench_now() + PATIENCE_SECONDS;

	while (!atomic_load(&worker->state->ready)) {
		if (bench_interrupted)
			return -EINTR;
		if (has_ended(worker)) /* and has said why */
			return -ECHILD;
		if (bench_now() > end)
			return bench_error(ETIMEDOUT, "a part of the benchmark does not get going");
		usleep(MOMENT_US);
	}
	return 0;
}

int worker_start(struct worker *worker, int cpu, int (*work)(struct worker_state *, const void *),
		 const void *argument)
{
	struct worker_state *state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error;

	if (state == MAP_FAILED)
		return bench_error(errno, "cannot share memory with a process");
	worker->state = state;
	worker->process = fork();
	if (worker->process < 0)
		return bench_error(errno, "cannot start a process");
	if (worker->process == 0)
		be_worker(state, cpu, work, argument);
	error = wait_until_ready(worker);
	if (error)
		worker_free(worker);
	return error;
}

int worker_stop(struct worker *worker)
{
	double end = bench_now() + PATIENCE_SECONDS;
	int status = 0;

	atomic_store(&worker->state->stop, true);
	while (!has_ended(worker) && bench_now() < end)
		usleep(MOMENT_US);
	if (!has_ended(worker))
		kill(worker->process, SIGKILL);
	waitpid(worker->process, &status, 0);
	worker->process = -1;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

void worker_free(struct worker *worker)
{
	if (worker->process > 0) {
		kill(worker->process, SIGKILL);
		waitpid(worker->process, NULL, 0);
		worker->process = -1;
	}
	if (worker->state)
		munmap(worker->state, sizeof(*worker->state));
	worker->state = NULL;
}
