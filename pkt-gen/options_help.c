// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <stdio.h>

#include "options.h"

static const char help[] =
	"usage: pkt-gen -i INTERFACE [-f FUNCTION] [OPTION]...\n"
	"\n"
	"Sends and receives frames as fast as can be.\n"
	"\n"
	"  -i INTERFACE     vale1:a: the port of a switch, which is made if there is none\n"
	"                   (vale1:a-2: its ring 2 only; vale1:a/x: for nobody else)\n"
	"                   eth0, packet:eth0: a network device by AF_PACKET\n"
	"                   xdp:eth0: a network device by AF_XDP\n"
	"  -f FUNCTION      rx (the default), tx, ping, pong, txseq or rxseq\n"
	"  -n COUNT         frames; 0: without end\n"
	"  -R RATE          frames a second: 1000, 500k, 14.88M\n"
	"  -b BURST         frames at once (512; for ping 1)\n"
	"  -l LENGTH        of frames (60); a second one: random, from that up to the first\n"
	"  -4, -6           frames of IPv4, of IPv6\n"
	"  -s, -d HOST      source and destination: ADDRESS[:PORT][-ADDRESS[:PORT]]\n"
	"  -S, -D MAC       the same, of Ethernet: MAC[-MAC]\n"
	"  -z, -Z           random source, random destination\n"
	"  -P FILE          send the first frame of a capture file\n"
	"  -r               send what the buffers have in them\n"
	"  -F COUNT         slots of a frame\n"
	"  -M BYTES         of each slot at the most\n"
	"  -p COUNT         threads, one for each ring\n"
	"  -a CPU           of the first thread; the others get the next ones\n"
	"  -c COUNT         of CPUs for the threads\n"
	"  -T MILLISECONDS  between reports (1000)\n"
	"  -w SECONDS       to wait for the link (2; for ports 0)\n"
	"  -W               rx: end when nothing has come for a second\n"
	"  -X               show the frames\n"
	"  -N               numbers without K, M and G\n"
	"  -A               mean and standard deviation of the rate\n"
	"  -B               count what is around a frame on an Ethernet\n"
	"  -C TX_SLOTS[,RX_SLOTS[,TX_RINGS[,RX_RINGS]]]\n"
	"                   of a port that is made\n"
	"  --rings COUNT    the same, pairs of rings only\n"
	"  --lossless       wait where the receiver has no room\n"
	"  --exclusive      open the port for nobody else\n"
	"  --xsk            make the port one of AF_XDP, and not of rings\n"
	"  --announce       rx: make the addresses of -S known to the switch\n"
	"  --busy           do not sleep\n"
	"  --bpffs DIR      BPF file system with the switches (or VALE_BPFFS)\n"
	"  -v               print what libbpf and libxdp have to say, too\n"
	"  -h, --help       this; --version\n"
	"\n"
	"Taken as netmap's pkt-gen takes them, without effect here: -H 0, -I, most bits of -o.\n"
	"pkt-gen(8) tells the rest.\n";

int options_help(void)
{
	fputs(help, stdout);
	return EXIT_OK;
}
