#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# The demo works, and leaves nothing behind: not when it is done, and not when it is interrupted.
set -u
cd "$(dirname "$0")/../.." || exit 1

# A network and mounts of the test's own, without a bpf file system.
if [ -z "${DEMO_SANDBOX:-}" ]; then
	DEMO_SANDBOX=1 exec unshare --net --mount "$0"
fi
mount -t sysfs sysfs /sys || exit 1
mount -t tmpfs tmpfs /run || exit 1
mkdir /run/mount # mount(8) keeps its notes there

number=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

ok() {
	number=$((number + 1))
	echo "ok $number - $*"
}

not_ok() {
	number=$((number + 1))
	echo "not ok $number - $*"
	sed 's/^/# /' "$scratch/log"
}

# All that the demo could leave, as text.
world() {
	ip -o link | sed 's/^[0-9]*: //'
	ls -A /run /run/netns 2> /dev/null
	grep -cE ' /sys/fs/bpf | /run/netns' /proc/self/mounts
	find /sys/fs/bpf
	pgrep -fa 'vale_demo|iperf3 --' | grep -v pgrep
}

# Runs the commands, then expects the world to be as it was before.
leaves_nothing() {
	local name=$1 before
	shift
	before=$(world)
	if ! "$@"; then
		not_ok "$name: the demo did not do it"
	elif [ "$(world)" != "$before" ]; then
		diff <(echo "$before") <(world) >> "$scratch/log"
		not_ok "$name: something is left behind"
		scripts/demo clean
	else
		ok "$name leaves nothing behind"
	fi
}

complete() {
	scripts/demo > "$scratch/log" 2>&1 &&
		grep -q ' 0% packet loss' "$scratch/log" &&
		grep -q 'Mbits/sec.*receiver' "$scratch/log" &&
		grep -qE '^02:00:00:00:00:01 +left +learned' "$scratch/log" &&
		grep -qE '^vale_demo:right +[0-9]+ ' "$scratch/log" &&
		grep -qF '"mac": [2,0,0,0,0,1' "$scratch/log" &&
		rings_shown
}

# Frames went from program to program, and what was lost was counted; the containers were reached
# meanwhile, and in the end only they were left.
rings_shown() {
	local rings=$scratch/rings

	sed -n '/^--- Programs are ports/,$p' "$scratch/log" > "$rings"
	[ "$(grep -c '^PORT  *RECEIVED/s' "$rings")" -eq 4 ] &&
		grep -qE '^vale_demo:tx +[1-9][0-9]* +[0-9.]+ +[0-9]+ +[0-9.]+ +[0-9]+$' "$rings" &&
		grep -qE '^vale_demo:rx +[0-9]+ +[0-9.]+ +[1-9][0-9]* +[0-9.]+ +[0-9]+$' "$rings" &&
		grep -qE '^vale_demo:rx( +[0-9]+){5}  own_port 1(, full [1-9][0-9]*)? *$' "$rings" &&
		grep -q ' 0% packet loss' "$rings" &&
		grep -qE '^Sent [1-9][0-9]+ packets' "$rings" &&
		grep -qE '^Received [1-9][0-9]+ packets' "$rings" &&
		! sed -n '/^--- The programs end/,$p' "$rings" | grep -qE '^vale_demo:[rt]x '
}

# Sends the signal $1 to the demo, and as Ctrl-C does to all it runs, when it comes to command $2.
interrupted() {
	local signal=$1 command=$2 demo target

	: > "$scratch/log" # or the last demo's would be looked at until this one runs
	set -m # or the demo would be started with SIGINT ignored
	scripts/demo > "$scratch/log" 2>&1 &
	demo=$!
	set +m
	until grep -q "^[$] $command" "$scratch/log"; do
		kill -0 $demo || return
		sleep 0.005
	done
	target=$demo
	[ "$signal" != INT ] || target=-$demo
	kill -s "$signal" -- $target
	wait $demo
	local status=$?
	# A signal to a demo that is taking down already comes too late to change its exit status.
	[ $status -eq 130 ] || { [ $status -eq 0 ] && grep -q '^[$] valectl destroy' "$scratch/log"; }
}

already_there() {
	ip link add demo_left type veth peer name demo_other
	scripts/demo > "$scratch/log" 2>&1
	local status=$?
	[ -e /sys/class/net/demo_left ] || return
	ip link del demo_left
	[ $status -eq 1 ] && grep -q 'interface demo_left already' "$scratch/log"
}

# At command $1.
cleaned_after_kill() {
	local command=$1

	: > "$scratch/log"
	mount -t bpf bpf /sys/fs/bpf
	scripts/demo > "$scratch/log" 2>&1 &
	local demo=$!
	until grep -q "^[$] $command" "$scratch/log"; do
		kill -0 $demo || return
		sleep 0.005
	done
	kill -KILL $demo
	wait $demo 2> /dev/null
	sleep 2 # the ping ends by itself,
	scripts/demo clean
	# and what looked at the switch does, soon after it is gone.
	for _ in $(seq 100); do
		pgrep -f 'valectl stats vale_demo' > /dev/null || break
		sleep 0.1
	done
	rmdir /sys/fs/bpf/vale # clean cannot know who made these two
	umount /run/netns && rmdir /run/netns
	umount /sys/fs/bpf
}

leaves_nothing "a complete demo" complete
leaves_nothing "a demo that finds its names in use" already_there
for command in 'mount' 'valectl create' 'ip netns add vale_demo_right' 'valectl attach vale_demo:left' \
	'valectl attach vale_demo:right' 'ip netns exec vale_demo_left ping' \
	'ip netns exec vale_demo_left iperf3' 'bpftool' 'pkt-gen -i vale_demo:rx' 'pkt-gen -i vale_demo:tx' \
	'valectl stats vale_demo --interval' 'ip netns exec vale_demo_right ping' 'valectl destroy'; do
	for signal in INT TERM; do
		leaves_nothing "SIG$signal at '$command'" interrupted $signal "$command"
	done
done
for command in 'ip netns exec vale_demo_left ping' 'valectl stats vale_demo --interval'; do
	leaves_nothing "a demo that was killed at '$command', after 'demo clean'," cleaned_after_kill "$command"
done

echo "1..$number"
