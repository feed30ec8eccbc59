# VALE on a stock kernel: one flat Makefile, everything it makes is under build/.
# `make help` lists the targets; `make V=1` shows the commands.

VERSION := $(shell cat VERSION)
BUILD   := build
PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
BINDIR  ?= $(PREFIX)/bin
# Debian's own libraries are in the directory of the architecture, local ones are not.
LIBDIR  ?= $(PREFIX)/lib$(if $(filter /usr,$(PREFIX)),/$(MULTIARCH))
INCLUDEDIR ?= $(PREFIX)/include
MANDIR  ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
OBJCOPY ?= objcopy
LDCONFIG ?= /sbin/ldconfig
CFLAGS  ?= -O2 -g
MULTIARCH = $(shell $(CC) -print-multiarch)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# ---- what is built from what -------------------------------------------------------------------

BPF_NAMES   := $(patsubst %.bpf.c,%,$(wildcard bpf/*.bpf.c bench/*.bpf.c tests/bpf/*.bpf.c))
SKELETONS   := $(BPF_NAMES:%=$(BUILD)/%.skel.h)
LIB_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard loader/*.c client/*.c))
HEADERS     := include/vale.h $(wildcard include/vale/*.h)
EXAMPLES    := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c))
NETMAP_HEADERS := $(wildcard include/net/*.h) include/libnetmap.h
NETMAP_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard netmap/*.c))
LIBNETMAP_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard libnetmap/*.c))
CLI_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c doctor/*.c))
PKTGEN_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard pkt-gen/*.c))
# What its unit tests need: no threads, no interfaces.
PKTGEN_PURE := $(patsubst %,$(BUILD)/pkt-gen/%.o,number range udp flow rate sequence round_trip)
TEST_LIB    := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))
TESTS       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c tests/bpf/test_*.c tests/e2e/test_*.c))
SHELL_TESTS := $(wildcard tests/shell/*.sh)
FUZZ_TARGETS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %.bpf.c,$(wildcard bench/*.c)))
BENCH       := $(if $(BENCH_OBJECTS),$(BUILD)/bench/vale-bench)
MAN_PAGES   := $(wildcard man/*.[1-9])

# The number in the name is that of the binary interface: loader/libvale.map.
SONAME      := libvale.so.1
LIBRARIES   := $(BUILD)/libvale.a $(BUILD)/$(SONAME)

LIB_LIBS   := -lxdp -lbpf -lmnl
LIBS       := $(LIB_LIBS) -ljansson
TEST_LIBS  := $(LIBS) -lcriterion

# Where scripts and tests find what was built.
export VALE_BUILD := $(BUILD)

INCLUDES   := -Iinclude -I. -I$(BUILD)
WARNINGS   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror=implicit
ALL_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -DVALE_VERSION='"$(VERSION)"' $(WARNINGS) $(INCLUDES) $(CFLAGS)

# The multiarch include directory holds <asm/types.h>, which clang does not search for the bpf target.
ARCH_INCLUDE  = /usr/include/$(MULTIARCH)
# As libbpf's own headers want to be told for which machine.
BPF_ARCH     := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
BPF_CFLAGS   = -std=gnu11 -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wno-unused-parameter -Iinclude -I. -idirafter $(ARCH_INCLUDE)

.PHONY: all demo test fuzz sanitize valgrind soak bench check install uninstall clean help packages
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/valectl $(BUILD)/pkt-gen/pkt-gen $(LIBRARIES) $(BUILD)/libvale-netmap.so $(BUILD)/libnetmap.a $(EXAMPLES)

# ---- rules -------------------------------------------------------------------------------------

$(BUILD)/%.bpf.o: %.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -c $< -o $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$(notdir $*))_bpf > $@

# Objects learn which skeletons they use from their .d files; for the first build all come first.
$(BUILD)/%.o: %.c | $(SKELETONS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# The version is compiled in: a new one rebuilds what says it.
$(BUILD)/cli/valectl.o $(BUILD)/pkt-gen/options.o $(BUILD)/loader/switch.o $(BUILD)/loader/reload.o: VERSION

# For both libraries. Nobody replaces a function of the library's, so it may call its own.
$(LIB_OBJECTS): ALL_CFLAGS += -fPIC -fno-semantic-interposition

# Programs must not meet internal names, in either library: so the static one is one object.
$(BUILD)/libvale.o: $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@ $^
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='vale_*' $@

$(BUILD)/libvale.a: $(BUILD)/libvale.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/$(SONAME): $(LIB_OBJECTS) loader/libvale.map
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=loader/libvale.map -Wl,-z,defs \
		-o $@ $(LIB_OBJECTS) $(LIB_LIBS)

# Requests of netmap that valectl answers for scripts; they call what the library has for itself.
NETMAP_REQUESTS := $(patsubst %,$(BUILD)/netmap/%.o,request_vale request_newif request_info switches memory_id)
$(BUILD)/cli/cmd_exec.o: ALL_CFLAGS += -DVALE_LIBDIR='"$(LIBDIR)"'

$(BUILD)/valectl: $(CLI_OBJECTS) $(NETMAP_REQUESTS) $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/pkt-gen/pkt-gen: $(PKTGEN_OBJECTS) $(BUILD)/libvale.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) -lpcap -lm -pthread

# For programs that know nothing of it; one may use libvale itself, and have that beside this one.
$(NETMAP_OBJECTS): ALL_CFLAGS += -fPIC -fvisibility=hidden
$(BUILD)/libvale-netmap.so: $(NETMAP_OBJECTS) $(LIB_OBJECTS) netmap/libvale-netmap.map
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=netmap/libvale-netmap.map -Wl,-z,defs \
		-Wl,-z,nodelete -o $@ $(NETMAP_OBJECTS) $(LIB_OBJECTS) $(LIB_LIBS)

# Static, as netmap's own is: what is linked with it needs nothing more.
$(LIBNETMAP_OBJECTS): ALL_CFLAGS += -fPIC
$(BUILD)/libnetmap.o: $(LIBNETMAP_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@ $^
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='nm*' $@

$(BUILD)/libnetmap.a: $(BUILD)/libnetmap.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Examples have what a user of the library has.
$(BUILD)/examples/%: private INCLUDES := -Iinclude
$(BUILD)/examples/%: $(BUILD)/examples/%.o $(BUILD)/libvale.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(filter $(BUILD)/tests/unit/test_pktgen_% $(BUILD)/tests/e2e/test_pktgen_numbers,$(TESTS)): $(PKTGEN_PURE)

# What it has run in its virtual machine.
$(filter $(BUILD)/tests/e2e/test_all_pairs,$(TESTS)): | $(BUILD)/tests/vm/overhear

# Some tests are of internal functions.
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_LIB) $(LIB_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)

# Their calls of libc go through the library, as those of a program do that is run with it.
$(BUILD)/tests/e2e/test_netmap_%: TEST_LIBS := -Wl,-rpath,'$$ORIGIN/../..' $(TEST_LIBS)
$(filter $(BUILD)/tests/e2e/test_netmap_%,$(TESTS)): $(BUILD)/libvale-netmap.so
$(filter $(BUILD)/tests/e2e/test_netmap_lib $(BUILD)/tests/unit/test_netmap_portspec,$(TESTS)): $(BUILD)/libnetmap.a

# It calls what that library has for itself.
$(BUILD)/netmap/layer.a: $(NETMAP_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(filter $(BUILD)/tests/unit/test_netmap_decode,$(TESTS)): $(BUILD)/netmap/layer.a

# The virtual machines are those of the tests.
$(BUILD)/bench/vale-bench: $(BENCH_OBJECTS) $(BUILD)/tests/lib/vm.o $(BUILD)/libvale.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- fuzzing: the code under test is compiled once more, with what finds its errors --------------

# Programs for the kernel read words wherever they lie in a frame.
FUZZ_CHECKS := -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=all
FUZZ_CFLAGS  = $(filter-out $(CFLAGS),$(ALL_CFLAGS)) -O2 -g -fno-omit-frame-pointer $(FUZZ_CHECKS) -fsanitize=fuzzer-no-link
FUZZ         = $(patsubst %,$(BUILD)/fuzz/%.o,$(basename $(wildcard $(1))))

$(BUILD)/fuzz/%.o: %.c | $(SKELETONS)
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

# The programs' own sources, in a kernel that is none.
$(BUILD)/fuzz/tests/fuzz/%.o: private INCLUDES := -Itests/fuzz/kernel -Itests/fuzz $(INCLUDES)
$(BUILD)/fuzz/tests/fuzz/%.o: private WARNINGS := -Wall -Wextra -Wno-unused-parameter

$(BUILD)/tests/fuzz/fuzz_frame $(BUILD)/tests/fuzz/fuzz_ring: $(call FUZZ,tests/fuzz/kernel.c)
$(BUILD)/tests/fuzz/fuzz_name: $(call FUZZ,loader/name.c libnetmap/*.c)
$(BUILD)/tests/fuzz/fuzz_netlink: $(call FUZZ,loader/netlink.c)
$(BUILD)/tests/fuzz/fuzz_valectl: $(filter-out %/cli/rights.o,$(call FUZZ,tests/fuzz/library.c tests/fuzz/rights.c tests/fuzz/closed_port.c loader/name.c cli/*.c)) \
	$(NETMAP_REQUESTS:$(BUILD)/%=$(BUILD)/fuzz/%)
$(BUILD)/tests/fuzz/fuzz_request: $(call FUZZ,tests/fuzz/library.c tests/fuzz/closed_port.c loader/name.c netmap/request*.c) \
	$(patsubst %,$(BUILD)/fuzz/netmap/%.o,legacy options user memory_id pipe_name switches)
# Its main() is not the program's.
$(BUILD)/fuzz/cli/valectl.o: ALL_CFLAGS += -Dmain=valectl_main -Wno-missing-prototypes
$(BUILD)/fuzz/cli/cmd_exec.o: ALL_CFLAGS += -DVALE_LIBDIR='"$(LIBDIR)"'

$(BUILD)/tests/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CHECKS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIB_LIBS) -ljansson

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- what a user types -------------------------------------------------------------------------

# VALE_PACKAGES=no: do not install anything, only say what is missing.
packages:
	$(Q)scripts/install-packages

demo:
	$(Q)scripts/install-packages demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/demo

# The kernel of the virtual machines is got beforehand: the tests' own networks lead nowhere.
test:
	$(Q)scripts/install-packages test
	$(Q)$(MAKE) --no-print-directory all $(TESTS) $(BENCH) $(FUZZ_TARGETS)
	$(Q)tests/vm/build-guest > /dev/null
	$(Q)tests/run $(TESTS) $(SHELL_TESTS)

# FUZZ_SECONDS: for each of the targets.
FUZZ_SECONDS ?= 60
fuzz:
	$(Q)scripts/install-packages test
	$(Q)$(MAKE) --no-print-directory $(FUZZ_TARGETS)
	$(Q)scripts/fuzz $(FUZZ_SECONDS)

# What the address and the undefined behaviour sanitizers see when tests run that are made with them, and
# programs made with them.
SANITIZED := $(patsubst %,$(BUILD)/sanitize/tests/%,$(patsubst tests/%.c,%,$(wildcard tests/unit/test_*.c)) \
	$(addprefix e2e/test_,bad_input cli cli_fdb cli_json cli_port cli_switch cli_sysctl lifecycle netmap_bad netmap_file \
	netmap_given netmap_header netmap_kill netmap_lib netmap_monitor netmap_pipe netmap_pipe_room netmap_register \
	netmap_threads netmap_vale netmap_wait pktgen_end port_leftovers port_open port_pass port_reopen ring_frames xsk_port))
# Programs of others, before which this one puts libvale-netmap.so, need the sanitizer's library, too.
SANITIZED_OTHERS := $(BUILD)/sanitize/tests/e2e/test_netmap_cli
# What they say of any process is in files of this name, of which there must be none.
SANITIZER_LOG := $(abspath $(BUILD))/sanitize/said
sanitize:
	$(Q)scripts/install-packages test
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize CFLAGS='-O1 -g' \
		CC='$(CC) -fsanitize=address,undefined -fno-sanitize-recover=undefined' all $(SANITIZED) $(SANITIZED_OTHERS)
	$(Q)rm -f $(SANITIZER_LOG).*
	$(Q)ASAN_OPTIONS=log_path=$(SANITIZER_LOG) UBSAN_OPTIONS=log_path=$(SANITIZER_LOG) \
		LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lib/leaks.supp:print_suppressions=0 \
		VALE_BUILD=$(BUILD)/sanitize tests/run $(SANITIZED)
	$(Q)ASAN_OPTIONS=log_path=$(SANITIZER_LOG):verify_asan_link_order=0:detect_leaks=0 \
		UBSAN_OPTIONS=log_path=$(SANITIZER_LOG) LD_PRELOAD=$$($(CC) -print-file-name=libasan.so) \
		VALE_BUILD=$(BUILD)/sanitize tests/run $(SANITIZED_OTHERS)
	$(Q)! cat $(SANITIZER_LOG).* 2> /dev/null

valgrind:
	$(Q)scripts/install-packages valgrind
	$(Q)$(MAKE) --no-print-directory all $(filter $(BUILD)/tests/unit/%,$(TESTS))
	$(Q)scripts/valgrind $(BUILD)

# MINUTES: how long. A run of some seconds is among the tests.
MINUTES ?= 10
soak:
	$(Q)scripts/install-packages test
	$(Q)$(MAKE) --no-print-directory all $(BUILD)/tests/e2e/test_soak
	$(Q)VALE_SOAK_MINUTES=$(MINUTES) $(BUILD)/tests/e2e/test_soak

# Without the kernel there are no rows of virtual machines.
bench:
	$(Q)scripts/install-packages bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH)
	$(Q)tests/vm/build-guest > /dev/null || :
	$(Q)$(BENCH) $(BENCH_ARGS)

check:
	$(Q)scripts/install-packages check
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/check

# As libvale.pc says it.
in_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))

# Where the loader finds libraries by its cache, the new one belongs into that.
update_cache = @[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || $(LDCONFIG)

install: all
	install -D -m 755 $(BUILD)/valectl $(DESTDIR)$(SBINDIR)/valectl
	install -D -m 755 $(BUILD)/pkt-gen/pkt-gen $(DESTDIR)$(BINDIR)/pkt-gen
	install -D -m 644 $(BUILD)/libvale.a $(DESTDIR)$(LIBDIR)/libvale.a
	install -D -m 644 $(BUILD)/$(SONAME) $(DESTDIR)$(LIBDIR)/libvale.so.$(VERSION)
	ln -sf libvale.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libvale.so
	for header in $(HEADERS:include/%=%); do \
		install -D -m 644 include/$$header $(DESTDIR)$(INCLUDEDIR)/$$header || exit 1; done
	install -D -m 644 loader/libvale.pc.in $(DESTDIR)$(LIBDIR)/pkgconfig/libvale.pc
	sed -i -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(call in_prefix,$(LIBDIR))|' \
		-e 's|@INCLUDEDIR@|$(call in_prefix,$(INCLUDEDIR))|; s|@VERSION@|$(VERSION)|' \
		$(DESTDIR)$(LIBDIR)/pkgconfig/libvale.pc
	install -D -m 755 $(BUILD)/libvale-netmap.so $(DESTDIR)$(LIBDIR)/libvale-netmap.so
	install -D -m 644 $(BUILD)/libnetmap.a $(DESTDIR)$(LIBDIR)/libnetmap.a
	for header in $(NETMAP_HEADERS:include/%=%); do \
		install -D -m 644 include/$$header $(DESTDIR)$(INCLUDEDIR)/$$header || exit 1; done
	for page in $(MAN_PAGES); do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; done
	for program in valectl pkt-gen; do \
		install -D -m 644 completion/$$program.bash $(DESTDIR)$(COMPLETIONDIR)/$$program || exit 1; done
	$(update_cache)

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/valectl $(DESTDIR)$(COMPLETIONDIR)/valectl
	rm -f $(DESTDIR)$(BINDIR)/pkt-gen $(DESTDIR)$(COMPLETIONDIR)/pkt-gen
	rm -f $(DESTDIR)$(LIBDIR)/pkgconfig/libvale.pc $(DESTDIR)$(LIBDIR)/libvale.a
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libvale.so $(SONAME) libvale.so.$(VERSION))
	rm -f $(HEADERS:include/%=$(DESTDIR)$(INCLUDEDIR)/%)
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libvale-netmap.so libnetmap.a)
	rm -f $(NETMAP_HEADERS:include/%=$(DESTDIR)$(INCLUDEDIR)/%)
	rmdir $(DESTDIR)$(INCLUDEDIR)/vale 2> /dev/null || :
	for page in $(MAN_PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	$(update_cache)

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build valectl, pkt-gen, libvale and the examples (under build/)'
	@echo 'make demo       as root: install what is missing, build, show a working switch, take it down'
	@echo 'make test       as root: the same set-up, then every test; last line: N passed, N failed, N skipped'
	@echo 'make fuzz       hostile inputs of all kinds, FUZZ_SECONDS=60 for each of the targets in tests/fuzz'
	@echo 'make sanitize   as root: tests made with the address and undefined behaviour sanitizers'
	@echo 'make valgrind   as root: unit tests, commands and clients under valgrind'
	@echo 'make soak       as root: everything at once for MINUTES=$(MINUTES); nothing is lost, nothing grows'
	@echo 'make bench      as root: the figures of the README, as ratios measured side by side'
	@echo 'make check      formatting, static analysis, shell scripts, headers, manual pages'
	@echo 'make install    DESTDIR= PREFIX=$(PREFIX) LIBDIR=...      make uninstall takes it back'
	@echo 'make packages   install the Debian packages all this needs (VALE_PACKAGES=no: only say which)'
	@echo 'make clean      remove build/'
	@echo 'V=1 shows the commands.'
