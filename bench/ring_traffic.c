// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Traffic between clients of ring ports: the frames, and a run. */
#include <errno.h>

#include "bench/bench.h"
#include "bench/frame.h"
#include "bench/ring_traffic.h"

#define WARM_UP_US 50000
#define PARTS_MAX  8

/* Flow 258 is 02:00:00:02:01:02. */
void traffic_address(unsigned char mac[6], __u32 flow)
{
	const unsigned char address[6] = { FRAME_MAC_FIRST, 0, 0, FRAME_RECEIVER, flow >> 8, flow };

	memcpy(mac, address, sizeof(address));
}

void traffic_frame(const struct traffic *traffic, unsigned char *frame, int sender, __u32 flow)
{
	static struct frame_set template;
	const unsigned char source[6] = { FRAME_MAC_FIRST, 0, 0, FRAME_SENDER, 0, sender };

	if (template.length != traffic->length)
		frame_set_build(&template, traffic->length, 1, FRAME_SENDER, FRAME_RECEIVER);
	memcpy(frame, template.frame[0], traffic->length);
	if (traffic->broadcast)
		memset(frame, 0xff, 6);
	else
		traffic_address(frame, flow);
	memcpy(frame + 6, source, sizeof(source));
	memset(frame + 40, 0, 2); /* no UDP checksum: the numbers would change it */
}

/* ---- a run ------------------------------------------------------------------------------------- */

struct run {
	const struct traffic *traffic;
	struct worker worker[PARTS_MAX];
	struct traffic_part part[PARTS_MAX];
	int receivers, senders;
};

static void run_free(struct run *run)
{
	for (int i = 0; i < PARTS_MAX; i++)
		worker_free(&run->worker[i]);
}

static unsigned long count(const struct run *run, int first, int count)
{
	unsigned long frames = 0;

	for (int i = first; i < first + count; i++)
		frames += atomic_load(&run->worker[i].state->frames);
	return frames;
}

static int start(struct run *run, const struct traffic_path *path)
{
	const struct traffic *traffic = run->traffic;
	int error = 0;

	for (int i = 0; i < traffic->receivers + traffic->senders && !error; i++) {
		bool sends = i >= traffic->receivers;
		int number = sends ? i - traffic->receivers : i, cpu = traffic->receiver_cpu;

		if (sends)
			cpu = number ? traffic->last_sender_cpu : traffic->sender_cpu;
		run->part[i] = (struct traffic_part){ traffic, number };
		error = worker_start(&run->worker[i], bench_cpu(cpu),
				     sends ? path->send : path->receive, &run->part[i]);
	}
	return error;
}

static int measure(const struct run *run, double seconds, struct traffic_result *result)
{
	int receivers = run->traffic->receivers, senders = run->traffic->senders;
	unsigned long received, sent;
	double begin, took;

	usleep(WARM_UP_US);
	begin = bench_now();
	received = count(run, 0, receivers);
	sent = count(run, receivers, senders);
	while (bench_now() - begin < seconds && !bench_interrupted)
		usleep(seconds < 0.1 ? 1000 : 10000);
	took = bench_now() - begin;
	received = count(run, 0, receivers) - received;
	sent = count(run, receivers, senders) - sent;
	if (run->traffic->broadcast)
		sent *= run->traffic->ports;
	if (bench_interrupted)
		return -EINTR;
	if (!received)
		return bench_error(0, "no frame was received");
	result->received = received / took;
	result->lost = received < sent ? 1 - (double)received / sent : 0;
	return 0;
}

static int stop(struct run *run)
{
	const struct traffic *traffic = run->traffic;
	unsigned long wrong = 0, missing = 0;
	int error = 0;

	for (int i = traffic->receivers + traffic->senders - 1; i >= 0; i--) {
		int ended = worker_stop(&run->worker[i]);

		if (ended)
			error = ended;
		wrong += atomic_load(&run->worker[i].state->wrong);
		missing += atomic_load(&run->worker[i].state->missing);
	}
	if (missing)
		return bench_error(0, "%lu frames of lossless senders were lost", missing);
	return wrong ? bench_error(0, "%lu frames were torn, repeated or out of order", wrong)
		     : error;
}

int traffic_run(const struct traffic *traffic, const struct traffic_path *path, double seconds,
		struct traffic_result *result)
{
	__attribute__((cleanup(run_free))) struct run run = { .traffic = traffic };
	int error;

	for (int i = 0; i < PARTS_MAX; i++)
		run.worker[i] = (struct worker)WORKER_NONE;
	error = start(&run, path);
	if (!error)
		error = measure(&run, seconds, result);
	return error ? error : stop(&run);
}
