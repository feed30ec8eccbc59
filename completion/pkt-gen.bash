# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
# Completion for pkt-gen(8), loaded by the package bash-completion. Options come from its help, ports
# from valectl.

_pkt_gen_options() {
	"$1" -h 2> /dev/null | grep '^  -' | grep -oE '(^  |, |; )--?[A-Za-z46][a-z-]*' | tr -d ' ,;'
}

# What can be listed by those who may; switches as long as none is chosen.
_pkt_gen_ports() {
	local name

	for name in $(valectl --json list 2> /dev/null | sed -n 's/^ *"name": "\(.*\)".*/\1/p'); do
		[[ $1 == *:* ]] || echo "$name:"
		valectl --json list "$name" 2> /dev/null | sed -n 's/^ *"port": "\(.*\)".*/\1/p'
	done
}

_pkt_gen_interfaces() {
	local device

	_pkt_gen_ports "$1"
	for device in /sys/class/net/*; do
		device=${device##*/}
		[ "$device" = lo ] || printf '%s\n' "$device" "xdp:$device" "packet:$device"
	done
}

_pkt_gen() {
	local cur prev words

	_get_comp_words_by_ref -n : cur prev words
	COMPREPLY=()
	case $prev in
	-i) mapfile -t COMPREPLY < <(compgen -W "$(_pkt_gen_interfaces "$cur")" -- "$cur") ;;
	-f) mapfile -t COMPREPLY < <(compgen -W 'tx rx ping pong txseq rxseq' -- "$cur") ;;
	-P) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	--bpffs) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	-[nRblsdSDFMpacTwCoH] | --rings) ;;
	*) [[ $cur != -* ]] || mapfile -t COMPREPLY < <(compgen -W "$(_pkt_gen_options "${words[0]}")" -- "$cur") ;;
	esac
	# More follows behind the name of a switch.
	[ ${#COMPREPLY[@]} -ne 1 ] || [[ ${COMPREPLY[0]} != *: ]] || compopt -o nospace
	__ltrim_colon_completions "$cur"
}

complete -F _pkt_gen pkt-gen
