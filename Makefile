# VALE on a stock kernel: one flat Makefile, everything it makes is under build/.
# `make help` lists the targets; `make V=1` shows the commands.

VERSION := $(shell cat VERSION)
BUILD   := build
PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR  ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
CFLAGS  ?= -O2 -g

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# ---- what is built from what -------------------------------------------------------------------

BPF_NAMES   := $(patsubst %.bpf.c,%,$(wildcard bpf/*.bpf.c bench/*.bpf.c tests/bpf/*.bpf.c))
SKELETONS   := $(BPF_NAMES:%=$(BUILD)/%.skel.h)
LIB_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard loader/*.c client/*.c))
CLI_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c))
TEST_LIB    := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))
TESTS       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c tests/bpf/test_*.c tests/e2e/test_*.c))
SHELL_TESTS := $(wildcard tests/shell/*.sh)
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %.bpf.c,$(wildcard bench/*.c)))
BENCH       := $(if $(BENCH_OBJECTS),$(BUILD)/bench/vale-bench)
MAN_PAGES   := $(wildcard man/*.8 man/*.4)

LIBS       := -lxdp -lbpf -lmnl -ljansson
TEST_LIBS  := $(LIBS) -lcriterion

# Where scripts and tests find what was built.
export VALE_BUILD := $(BUILD)

INCLUDES   := -Iinclude -I. -I$(BUILD)
WARNINGS   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror=implicit
ALL_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -DVALE_VERSION='"$(VERSION)"' $(WARNINGS) $(INCLUDES) $(CFLAGS)

# The multiarch include directory holds <asm/types.h>, which clang does not search for the bpf target.
ARCH_INCLUDE  = /usr/include/$(shell $(CC) -print-multiarch)
# As libbpf's own headers want to be told for which machine.
BPF_ARCH     := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
BPF_CFLAGS   = -std=gnu11 -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wno-unused-parameter -Iinclude -I. -idirafter $(ARCH_INCLUDE)

.PHONY: all demo test bench check install uninstall clean help packages
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/valectl

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

# The version is compiled in: a new one rebuilds what prints it.
$(BUILD)/cli/valectl.o: VERSION

$(BUILD)/libvale.a: $(LIB_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/valectl: $(CLI_OBJECTS) $(BUILD)/libvale.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_LIB) $(BUILD)/libvale.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS)

$(BUILD)/bench/vale-bench: $(BENCH_OBJECTS) $(BUILD)/libvale.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

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
	$(Q)$(MAKE) --no-print-directory all $(TESTS)
	$(Q)tests/vm/build-guest > /dev/null
	$(Q)tests/run $(TESTS) $(SHELL_TESTS)

bench:
	$(Q)scripts/install-packages bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH)
	$(Q)$(BENCH) $(BENCH_ARGS)

check:
	$(Q)scripts/install-packages check
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/check

install: all
	install -D -m 755 $(BUILD)/valectl $(DESTDIR)$(SBINDIR)/valectl
	for page in $(MAN_PAGES); do \
		install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; done
	install -D -m 644 completion/valectl.bash $(DESTDIR)$(COMPLETIONDIR)/valectl

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/valectl $(DESTDIR)$(COMPLETIONDIR)/valectl
	for page in $(MAN_PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build valectl (under build/)'
	@echo 'make demo       as root: install what is missing, build, show a working switch, take it down'
	@echo 'make test       as root: the same set-up, then every test; last line: N passed, N failed, N skipped'
	@echo 'make bench      as root: the figures of the README, as ratios measured side by side'
	@echo 'make check      formatting, static analysis, shell scripts, headers, manual pages'
	@echo 'make install    DESTDIR= PREFIX=$(PREFIX)      make uninstall takes it back'
	@echo 'make packages   install the Debian packages all this needs (VALE_PACKAGES=no: only say which)'
	@echo 'make clean      remove build/'
	@echo 'V=1 shows the commands.'
