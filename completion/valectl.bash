# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# Completion for valectl(8), loaded by the package bash-completion. What there is to complete comes
# from valectl itself: its help, and the switches and ports it lists.

# The values of a member in the JSON that valectl prints, one member a line.
_valectl_members() {
	local member=$1
	shift
	"${valectl[@]}" --json "$@" 2> /dev/null | sed -n "s/^ *\"$member\": \"\\([^\"]*\\)\".*/\\1/p"
}

_valectl_commands() {
	"${valectl[@]}" help 2> /dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
}

# The options in the help on a command, and the ones that may stand anywhere. `port add` and
# `port del` have each its own.
_valectl_options() {
	"${valectl[@]}" help "${@:1:1}" 2> /dev/null | awk -v word="${2:-}" '
		/^[A-Za-z]/ { part = $1 }
		/^  -/ && (part !~ /^(add|del)$/ || part == word)' |
		sed 's/\([^ ]\)   *.*/\1/' | grep -oE '(^| ) *--?[a-z-]+' | tr -d ' '
}

_valectl_switches() {
	_valectl_members name list
}

# Of all switches. $1: only those of rings (ring), or of interfaces (device).
_valectl_ports() {
	local name

	for name in $(_valectl_switches); do
		"${valectl[@]}" --json list "$name" 2> /dev/null | awk -F '"' -v only="${1:-}" '
			$2 == "port" { port = $4 }
			$2 == "kind" && (only == "" || only == ($4 == "ring" ? "ring" : "device")) { print port }'
	done
}

# The ports of a switch without its name: what fdb wants.
_valectl_ports_of() {
	_valectl_members port list "$1" | sed 's/^.*://'
}

_valectl_devices() {
	local device

	for device in /sys/class/net/*; do
		case ${device##*/} in
		lo | vale-* | vseg-* | vsegx-*) ;; # the latter are the switches' own
		*) echo "${device##*/}" ;;
		esac
	done
}

# What may stand at place $1 after the command $2; the words before it are in `given`.
_valectl_arguments() {
	case $2:$1 in
	destroy:1 | reload:1 | list:1 | host:1) _valectl_switches ;;
	capture:1) _valectl_ports; _valectl_switches | sed 's/$/:/' ;;
	exec:1) compgen -c -- "$cur" ;;
	show:1 | stats:1) _valectl_switches; _valectl_ports ;;
	limit:1) _valectl_ports ;;
	limit:2 | limit:4 | limit:6 | limit:8) echo macs broadcast multicast unknown ;;
	detach:1) _valectl_ports device ;;
	port:1) echo add del header ;;
	port:2)
		case ${given[1]} in
		add) _valectl_switches | sed 's/$/:/' ;;
		del | header) _valectl_ports ring ;;
		esac ;;
	attach:1) _valectl_switches | sed 's/$/:/' ;;
	attach:2) _valectl_devices ;;
	fdb:1) _valectl_switches ;;
	fdb:2) echo add del flush ;;
	fdb:3)
		case ${given[2]} in
		del) _valectl_members mac fdb "${given[1]}" ;;
		flush) _valectl_ports_of "${given[1]}" ;;
		esac ;;
	fdb:4) [ "${given[2]}" != add ] || _valectl_ports_of "${given[1]}" ;;
	sysctl:1) _valectl_members name sysctl ;;
	help:1) _valectl_commands ;;
	esac
}

_valectl() {
	local cur prev words cword i given=() valectl=(valectl)

	_get_comp_words_by_ref -n : cur prev words cword
	valectl=("${words[0]}")
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--bpffs) valectl+=(--bpffs "${words[++i]:-}") ;;
		--hook | --netns | --fdb-size | --age | --interval | --count | --owner | --mode | --mac) ((i++)) ;;
		-w | -c | -s) ((i++)) ;;
		--rings | --slots | --tx-slots | --rx-slots | --spare | --pipes | --memory) ((i++)) ;;
		--xsk | --queues) ((i++)) ;;
		-*) ;;
		*) given+=("${words[i]}") ;;
		esac
	done

	COMPREPLY=()
	case $prev in
	--bpffs) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--hook) mapfile -t COMPREPLY < <(compgen -W 'auto xdp generic tc' -- "$cur"); return ;;
	--owner) mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
	--memory) mapfile -t COMPREPLY < <(compgen -W "$(_valectl_ports ring)" -- "$cur")
		__ltrim_colon_completions "$cur"; return ;;
	--mode) mapfile -t COMPREPLY < <(compgen -W '0600 0660 0666' -- "$cur"); return ;;
	--xsk | --queues | --mac | --rings | --slots | --tx-slots | --rx-slots | --spare | --pipes) return ;;
	--netns) mapfile -t COMPREPLY < <(compgen -W "$(ls /run/netns 2> /dev/null)" -- "$cur"); return ;;
	--fdb-size | --age | --interval | --count) return ;;
	-w) if [ "${given[0]:-}" = capture ]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		mapfile -t COMPREPLY < <(compgen -S = -W "$(_valectl_members name sysctl)" -- "$cur"); compopt -o nospace; return ;;
	-c | -s) return ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W "$(_valectl_options "${given[@]:0:2}")" -- "$cur") ;;
	*)
		if [ ${#given[@]} -eq 0 ]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_valectl_commands)" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_valectl_arguments ${#given[@]} "${given[0]}")" -- "$cur")
		fi ;;
	esac
	# More follows behind the name of a switch that ends with a colon.
	[ ${#COMPREPLY[@]} -ne 1 ] || [[ ${COMPREPLY[0]} != *: ]] || compopt -o nospace
	__ltrim_colon_completions "$cur"
}

complete -F _valectl valectl
