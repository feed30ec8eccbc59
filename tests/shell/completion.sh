#!/bin/bash
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# What bash offers for a line that is typed so far.
set -u
cd "$(dirname "$0")/../.." || exit 1

# A network and bpffs of the test's own.
if [ -z "${COMPLETION_SANDBOX:-}" ]; then
	COMPLETION_SANDBOX=1 exec unshare --net --mount "$0"
fi
mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && mount -t tmpfs tmpfs /run || exit 1
build=$(realpath "${VALE_BUILD:-build}")
PATH=$build:$build/pkt-gen:$PATH

# shellcheck source=/dev/null
source /usr/share/bash-completion/bash_completion
# shellcheck source=/dev/null
source completion/valectl.bash
# shellcheck source=/dev/null
source completion/pkt-gen.bash

# The real one works only where bash itself has asked for completions.
# shellcheck disable=SC2317 # the completion calls it
compopt() { :; }

number=0 failed=0

# offers LINE WORD...: for a line up to the cursor, exactly these words are offered.
offers() {
	local line=$1 wanted got
	shift
	wanted=$(printf '%s\n' "$@" | sort)

	COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
	# The words as bash has them, for which a colon stands alone.
	read -ra COMP_WORDS <<< "${line//:/ : }"
	[[ $line != *' ' ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	"_${COMP_WORDS[0]//-/_}" # the program's
	got=$(printf '%s\n' "${COMPREPLY[@]}" | sort)
	number=$((number + 1))
	if [ "$got" = "$wanted" ]; then
		echo "ok $number - $line"
	else
		echo "not ok $number - $line"
		echo "# offered: ${COMPREPLY[*]}"
		failed=1
	fi
}

ip link add tap_a type veth peer name tap_b
ip link add lonely type veth peer name lonely2
ip netns add there
valectl create vale7 && valectl port add vale7:ring && valectl attach vale8:red tap_a && valectl attach vale7:blue lonely &&
	valectl fdb vale8 add 02:00:00:00:00:09 red || exit 1

offers 'valectl de' destroy detach
offers 'valectl ' create destroy reload attach host detach port limit list show stats fdb sysctl capture exec doctor help
offers 'valectl help sy' sysctl
offers 'valectl destroy ' vale7 vale8
offers 'valectl reload ' vale7 vale8
offers 'valectl detach ' vale7:blue vale8:red
offers 'valectl detach vale8:' red
offers 'valectl limit vale7:b' blue
offers 'valectl limit vale7:blue ' macs broadcast multicast unknown
offers 'valectl limit vale7:blue macs 8 m' macs multicast
offers 'valectl limit vale7:blue macs ' ''
offers 'valectl show vale7' vale7 vale7:blue vale7:ring
offers 'valectl --json stats vale8:r' red
offers 'valectl attach va' vale7: vale8:
offers 'valectl attach vale8:new ' tap_a tap_b lonely lonely2
offers 'valectl attach vale8:new tap_b --h' --hook --host --help
offers 'valectl attach vale8:new --x' --xsk
offers 'valectl attach --queues 2 vale8:new tap_' tap_a tap_b
offers 'valectl attach vale8:new tap_b --hook ' auto xdp generic tc
offers 'valectl attach --hook xdp vale8:new tap_' tap_a tap_b
offers 'valectl attach vale8:new tap_b --netns ' there
offers 'valectl create --f' --fdb-size
offers 'valectl port ' add del header
offers 'valectl port add va' vale7: vale8:
offers 'valectl port del va' vale7:ring
offers 'valectl port add vale8:new --' --owner --mode --mac --rings --slots --tx-slots --rx-slots \
	--spare --pipes --memory --vnet-header --json --bpffs --help --version
offers 'valectl port --owner root add vale8:new --r' --rings --rx-slots
offers 'valectl port add vale8:new --owner roo' root
offers 'valectl port add vale8:new --mode ' 0600 0660 0666
offers 'valectl port add vale8:new --memory ' vale7:ring
offers 'valectl port add vale8:new --slots 8 --rings ' ''
offers 'valectl port del vale7:ring --' --force --json --bpffs --help --version
offers 'valectl port --' --json --bpffs --help --version
offers 'valectl destroy vale7 --f' --force
offers 'valectl doctor --' --json --bpffs --help --version
offers 'valectl doctor ' ''
offers 'valectl sysctl -' -a -w --json --bpffs --help --version
offers 'valectl fdb vale8 ' add del flush
offers 'valectl fdb vale8 del ' 02:00:00:00:00:09
offers 'valectl fdb vale8 flush ' red
offers 'valectl fdb vale8 add 02:00:00:00:00:0a ' red
offers 'valectl sysctl max' max_bridges
offers 'valectl sysctl -w max' max_bridges=
offers 'valectl --bpffs /nowhere destroy ' ''
offers 'valectl --bpffs /sys/fs/bpf destroy ' vale7 vale8

offers 'pkt-gen -i vale8' vale8: vale8:red
offers 'pkt-gen -i vale8:' red
offers 'pkt-gen -i xdp:tap' tap_a tap_b
offers 'pkt-gen -i lonely' lonely lonely2
offers 'pkt-gen -f ' tx rx ping pong txseq rxseq
offers 'pkt-gen -f rx' rx rxseq
offers 'pkt-gen --b' --busy --bpffs
offers 'pkt-gen -f rx -' -4 -6 -a -A -b -B -c -C -d -D -f -F -h -i -l -M -n -N -p -P -r -R -s -S -T -v -w \
	-W -X -z -Z --announce --bpffs --busy --exclusive --help --lossless --rings --version --xsk
offers 'pkt-gen -n ' ''

echo "1..$number"
exit $failed
