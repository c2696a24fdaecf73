# Muara: build, tests, checks. `make help` lists the targets.
#
# Everything is found by place, so a new daemon, module or test needs no line here:
#   daemons/NAME/*.c      -> muara-NAME   (daemons/muaractl -> muaractl)
#   common/{base,core}/*.c-> libmuara.a   (base knows nothing of complaints, core does)
#   tests/unit/test-X.c   -> one cmocka program; "// uses: path/file.c" lines name further sources of a daemon
#   tests/fuzz/fuzz-X.c   -> one fuzz target (and its corpus tests/fuzz/X/), "// uses:" as above
#   tests/tools/X.c       -> a program the tests run, with "// uses:" lines too
#   tests/flow/test_*.py  -> flow tests on real Kafka and Redis
#
# Switches:  V=1 shows commands;  BUILD=rel|test|san|cov (rel ships; test adds crash points and a clock tests can turn;
#   san is test with ASan+UBSan);  SANITIZE=address,undefined on any build;  T=name picks tests;  CC=…;  DESTDIR=, PREFIX=.

SHELL    := /bin/bash
# Every rule is said here: looking for make's own ones took most of a start that has nothing to do.
MAKEFLAGS += -r
BUILD    ?= rel
CC       ?= cc
PYTHON   ?= /usr/bin/python3
PREFIX   ?= /usr/local
SYSCONF  ?= /etc/muara
UNITDIR  ?= /lib/systemd/system
O        := build/$(BUILD)
Q        := $(if $(V),,@)
say       = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

PKGS     := rdkafka libcurl jansson hiredis libmicrohttpd yaml-0.1 libsystemd libcrypto gmime-3.0
PKGS_OK  := $(shell pkg-config --exists $(PKGS) 2>/dev/null && echo yes)
ifeq ($(PKGS_OK),yes)
LIB_CFLAGS := $(shell pkg-config --cflags $(PKGS)) -I/usr/include
LIB_LIBS   := $(shell pkg-config --libs $(PKGS)) -lutf8proc -letpan -lm
endif

WARN     := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wformat=2 -Wconversion \
            -Wno-sign-conversion -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings -Werror
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE \
            -fno-strict-overflow -fno-strict-aliasing -fno-delete-null-pointer-checks -ffile-prefix-map=$(CURDIR)=.
OPT_rel  := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
OPT_test := $(OPT_rel) -DMUARA_TEST
OPT_san  := -O1 -DMUARA_TEST
OPT_cov  := -O0 -DMUARA_TEST --coverage
OPT_fuzz := -O1 -DMUARA_TEST
SANITIZE ?= $(if $(filter san,$(BUILD)),address$(comma)undefined)$(if $(filter fuzz,$(BUILD)),address$(comma)undefined$(comma)fuzzer-no-link)
comma    := ,
SAN      := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)

CPPFLAGS += -D_GNU_SOURCE -Icommon -I.
CFLAGS   += -std=gnu11 -g $(OPT_$(BUILD)) $(SAN) $(WARN) $(HARDEN) -fno-common $(LIB_CFLAGS) $(if $(filter fuzz,$(BUILD)),-w)
LDFLAGS  += -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(SAN) $(if $(filter cov,$(BUILD)),--coverage)

COMMON   := $(wildcard common/base/*.c common/core/*.c)
DAEMONS  := $(notdir $(patsubst %/,%,$(dir $(wildcard daemons/*/main.c))))
binname   = $(if $(filter muaractl,$(1)),muaractl,muara-$(1))
BINS     := $(foreach d,$(DAEMONS),$(O)/bin/$(call binname,$(d)))
UNITS    := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test-*.c))
UNITBINS := $(UNITS:%=$(O)/unit/%)
TOOLBINS := $(patsubst tests/tools/%.c,$(O)/tools/%,$(wildcard tests/tools/*.c))
LIB      := $(O)/libmuara.a
DATA     := $(wildcard common/core/*.lua daemons/*/*.lua)

.PHONY: all help deps demo test test-unit test-flow test-san soak bench look lint lint-quick format fuzz fuzz-coverage fuzz-planted mutants \
        conformance new-source install clean kafka
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINS) ## Build the daemons (BUILD=rel)

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/common/base/daemon_args.o $(O)/daemons/muaractl/main.o $(O)/daemons/muaractl/door.o: CPPFLAGS += -DMUARA_SYSCONF='"$(SYSCONF)"'

$(O)/common/core/index.o: $(wildcard common/core/index-*.lua) # built in by .incbin

$(LIB): $(COMMON:%.c=$(O)/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

define daemon_rule
$(O)/bin/$(call binname,$(1)): $(patsubst %.c,$(O)/%.o,$(wildcard daemons/$(1)/*.c)) $(LIB)
	$$(call say,LD,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(LIB) $(LIB_LIBS)
endef
$(foreach d,$(DAEMONS),$(eval $(call daemon_rule,$(d))))

# Words FILE:SOURCE of all the "// uses:" lines; asked once, make starts more often than one thinks (tests/mutants).
USES := $(shell awk '$$1 == "//" && $$2 == "uses:" { for (i = 3; i <= NF; i++) print FILENAME ":" $$i }' \
	$(wildcard tests/unit/test-*.c tests/tools/*.c tests/fuzz/fuzz-*.c) /dev/null)
used_by = $(patsubst $(1):%.c,$(O)/%.o,$(filter $(1):%,$(USES)))

define unit_rule
$(O)/unit/$(1): $(O)/tests/unit/$(1).o $(call used_by,tests/unit/$(1).c) $(LIB)
	$$(call say,LD,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(LIB) -lcmocka $(LIB_LIBS)
endef
$(foreach u,$(UNITS),$(eval $(call unit_rule,$(u))))

define tool_rule
$(O)/tools/$(1): $(O)/tests/tools/$(1).o $(call used_by,tests/tools/$(1).c) $(LIB)
	$$(call say,LD,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(LIB) $(LIB_LIBS)
endef
$(foreach t,$(TOOLBINS:$(O)/tools/%=%),$(eval $(call tool_rule,$(t))))

BENCHBINS := $(patsubst tests/bench/%.c,$(O)/bench/%,$(wildcard tests/bench/*.c))
$(BENCHBINS): $(O)/bench/%: $(O)/tests/bench/%.o
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS)

# A fuzz target is a libFuzzer program with BUILD=fuzz (clang), else it runs corpus files once.
FUZZERS  := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZMAIN := $(if $(filter fuzz,$(BUILD)),,$(O)/tests/fuzz/replay.o)
define fuzz_rule
$(O)/fuzz/$(1): $(O)/tests/fuzz/$(1).o $(FUZZMAIN) $(call used_by,tests/fuzz/$(1).c) $(LIB)
	$$(call say,LD,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $(LDFLAGS) $(if $(FUZZMAIN),,-fsanitize=fuzzer) -o $$@ $$(filter %.o,$$^) $(LIB) $(LIB_LIBS)
endef
$(foreach u,$(FUZZERS),$(eval $(call fuzz_rule,$(u))))

.PHONY: fuzz-bins
fuzz-bins: $(FUZZERS:%=$(O)/fuzz/%)

deps: ## Install what is missing (Debian 12; asks nothing, enables no service)
	$(Q)deploy/deps.sh

kafka: ## Fetch the pinned Kafka jars into build/kafka
	$(Q)deploy/kafka/kafka.sh fetch

# The targets people and CI call install and build first; the inner make then sees the libraries.
demo: deps ## Everything in a scratch folder: complaints in, LAPOR! numbers out, books balanced
	$(Q)$(MAKE) --no-print-directory -j2 all BUILD=rel
	$(Q)$(PYTHON) tests/demo/demo.py

test: deps ## Unit and flow tests on real parts
	$(Q)$(MAKE) --no-print-directory -j2 run-test BUILD=test

test-san: deps ## The same tests in the sanitizer build, message counts scaled down
	$(Q)MUARA_SCALE=$${MUARA_SCALE:-0.15} $(MAKE) --no-print-directory -j2 run-test BUILD=san

.PHONY: run-test
run-test: all unit-bins fuzz-bins
	$(Q)tests/run-all.sh $(BUILD)

.PHONY: unit-bins bench-bins
bench-bins: $(BENCHBINS)

unit-bins: $(UNITBINS) $(TOOLBINS)

test-unit: ## Unit tests only (BUILD=test by default; T=name picks)
	$(Q)$(MAKE) --no-print-directory -j2 unit-bins BUILD=$(if $(filter rel,$(BUILD)),test,$(BUILD))
	$(Q)tests/unit/run.sh build/$(if $(filter rel,$(BUILD)),test,$(BUILD))/unit "$(T)"

test-flow: ## Flow tests only (T=name picks; REPEAT=20 SHUFFLE=0 JOBS=3 hunt one that is red now and then)
	$(Q)$(MAKE) --no-print-directory -j2 all BUILD=$(if $(filter rel,$(BUILD)),test,$(BUILD))
	$(Q)$(PYTHON) tests/flow/run.py --build $(if $(filter rel,$(BUILD)),test,$(BUILD)) $(if $(T),-k $(T)) \
		$(if $(REPEAT),--repeat $(REPEAT)) $(if $(SHUFFLE),--shuffle $(SHUFFLE)) $(if $(JOBS),--jobs $(JOBS))

soak: deps ## Long runs: rounds of kill -9, zombies, faults; the forwarder at every point, call and outcome
	$(Q)$(MAKE) --no-print-directory -j2 all BUILD=test
	$(Q)MUARA_SOAK=1 $(PYTHON) tests/flow/run.py --build test --soak $(if $(T),-k $(T))

bench: deps ## Rate, CPU per message and RSS beside the bare loop of the same libraries
	$(Q)$(MAKE) --no-print-directory -j2 all bench-bins BUILD=rel
	$(Q)$(PYTHON) tests/bench/bench.py

look: deps ## The pages people read, in a real browser (Chromium): build/look
	$(Q)$(MAKE) --no-print-directory -j2 all BUILD=test
	$(Q)$(PYTHON) tests/look/look.py

mutants: deps ## Break the rules one by one; each must turn its named test red
	$(Q)$(PYTHON) tests/mutants/run.py $(if $(T),-k $(T))

new-source: ## A new source from the example: make new-source NAME=telegram
	$(Q)deploy/new-source.sh "$(NAME)"

fuzz: ## Fuzz the parsers of outside bytes, each for SECONDS=60
	$(Q)deploy/deps.sh --lint
	$(Q)tests/fuzz/run.sh $(or $(SECONDS),$(SECONDS_EACH),60) "$(T)"

fuzz-coverage: ## Lines of each parser that the seeds of its fuzz target reach; below 90 % fails
	$(Q)tests/fuzz/coverage.sh "$(T)"

fuzz-planted: ## Each fuzz target must find the bug planted for it: seeds and at most SECONDS=30
	$(Q)deploy/deps.sh --lint
	$(Q)tests/fuzz/planted.sh $(or $(SECONDS),30) "$(T)"

conformance: ## Run sample payloads (FIXTURES=dir; default: the few that are here)
	$(Q)$(MAKE) --no-print-directory -j2 unit-bins BUILD=$(if $(filter rel,$(BUILD)),test,$(BUILD))
	$(Q)$(PYTHON) tests/conformance/run.py --tools build/$(if $(filter rel,$(BUILD)),test,$(BUILD))/tools \
		$(if $(FIXTURES),--fixtures "$(FIXTURES)")

lint: ## Format, warnings, clang-tidy, cppcheck, gcc -fanalyzer, config and unit checks
	$(Q)deploy/deps.sh --lint
	$(Q)$(MAKE) --no-print-directory -j2 run-lint

lint-quick: ## Format only
	$(Q)tests/lint/format.sh

.PHONY: run-lint
run-lint:
	$(Q)tests/lint/run.sh

format: ## Apply clang-format
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: all ## Install daemons, sample config, schemas, systemd units (DESTDIR=, PREFIX=)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SYSCONF) $(DESTDIR)$(PREFIX)/share/muara $(DESTDIR)$(UNITDIR)
	install -m 0755 $(BINS) $(DESTDIR)$(PREFIX)/bin/
	cp -R config/. $(DESTDIR)$(PREFIX)/share/muara/config
	cp -R deploy/kafka/. $(DESTDIR)$(PREFIX)/share/muara/kafka
	install -d $(DESTDIR)$(PREFIX)/share/muara/nginx
	install -m 0644 README.md $(DESTDIR)$(PREFIX)/share/muara/
	for f in daemons/*/README.md; do install -D -m 0644 $$f $(DESTDIR)$(PREFIX)/share/muara/$$f; done
	install -m 0644 deploy/nginx/muara.conf $(DESTDIR)$(PREFIX)/share/muara/nginx/
	for f in config/*.yaml; do test -e $(DESTDIR)$(SYSCONF)/$${f##*/} || install -m 0640 $$f $(DESTDIR)$(SYSCONF)/; done
	install -d $(DESTDIR)$(SYSCONF)/lapor $(DESTDIR)$(SYSCONF)/whatsapp-providers $(DESTDIR)$(SYSCONF)/door
	cd config && for f in lapor/*.yaml whatsapp-providers/*.yaml door/*.html door/*.yaml; do test -e $(DESTDIR)$(SYSCONF)/$$f || install -m 0640 $$f $(DESTDIR)$(SYSCONF)/$$f; done
	deploy/systemd/render.sh $(DESTDIR)$(UNITDIR) $(PREFIX)/bin $(SYSCONF) $(PREFIX)/share/muara

clean: ## Remove build output (keeps the Kafka jars)
	rm -rf build/rel build/test build/san build/cov build/fuzz build/planted

-include $(shell find $(O) -name '*.d' 2>/dev/null)
