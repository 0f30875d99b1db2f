# matrix-slack-bridge: everything is built into build/<variant>/, nothing beside the sources.
#
#   make            the daemon, the two simulators, the scenario runner
#   make demo       a message travels both ways, live (DEMO_EXIT=1: ends by itself)
#   make test       unit tests, scenarios, format, lint and trace checks (ASAN=1: all of it under ASan+UBSan)
#   make exit-11    exit status 11 reproduced, cured, and told from its look-alikes
#   make scenarios  the scenarios alone
#   make any-bridge the scenarios against another bridge: tests/simple-bridge, in Python
#   make report     plays all scenarios and writes out/report.html
#   make report-check  the report in a real browser: keyboard, phone and desktop, light and dark
#   make torture    the daemon killed before and after every durable call; connections cut,
#                   files and memory failing at every call (an hour)
#   make mutants    each seeded bug of tests/mutants built, and caught by a scenario (minutes)
#   make flakes     every scenario COUNT=1000 times over, for SECONDS at most; prints what was not the same
#   make golden     sim-matrix's answers against those a real Synapse gave; golden-synapse records them anew
#   make interop-matrix  matrix-bot-sdk, matrix-js-sdk, matrix-appservice-bridge against sim-matrix (ASAN=1)
#   make interop-slack   Slack's official clients against sim-slack (ASAN=1: a sanitized one)
#   make bench-sim-slack   how many messages and envelopes a second it does
#   make bench-sim-matrix  how many sends a second, with their transactions
#   make interop-synapse  the daemon between sim-slack and a real Synapse
#   make fuzz       every parser fuzzed (FUZZ_SECONDS=60 each)
#   make campaign   the conversion fuzzed without instrumentation (CAMPAIGN=50000000 each)
#   make bench-convert   what a conversion costs
#   make bench-memory    the daemon's memory: at rest, over a million messages, with a backlog
#   make bench-bridge    messages a second, CPU time and latency beside a bridge that does the least

VARIANT := $(if $(FUZZ),fuzz,$(if $(ASAN),asan,$(if $(filter clang,$(CC)),clang,release)))
BUILD   := build/$(VARIANT)
VERSION := 0.1.0

PACKAGES := zlib libuv libxml-2.0 libwebsockets libcurl libmicrohttpd libcjson yaml-0.1 sqlite3 openssl libpq libsodium

# Set-up comes first and once: the stamp is remade when the list of packages changes.
STAMP := build/.deps-$(shell sha256sum ci/install-deps | cut -c1-12)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef \
	-Wvla -Wimplicit-fallthrough -Wswitch-enum -Wconversion -Wno-sign-conversion \
	-Wdouble-promotion -Werror
GCC_WARNINGS := -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wnull-dereference
ifneq ($(findstring clang,$(CC)),clang)
WARNINGS += $(GCC_WARNINGS)
endif

# The fuzz build is instrumented for libFuzzer, which clang brings.
SANITIZE := $(if $(FUZZ),-fsanitize=fuzzer-no-link -fsanitize=address -fsanitize=undefined)$(if $(ASAN),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
HARDEN := -fstack-protector-strong -fPIE $(if $(ASAN)$(FUZZ),,-D_FORTIFY_SOURCE=2)
CPPFLAGS += -D_GNU_SOURCE -I. -DVERSION='"$(VERSION)"'
CFLAGS += -std=c11 -O2 -g -fno-common $(WARNINGS) $(HARDEN) $(SANITIZE)
LDFLAGS += -pie -Wl,--build-id=sha1 -Wl,-z,relro,-z,now $(SANITIZE)

include ci/packages.mk

# ---------------------------------------------------------------- sources

LIB_SRC    := $(wildcard lib/*.c)
BRIDGE_SRC := $(filter-out bridge/main.c,$(wildcard bridge/*.c bridge/*/*.c))
SLACK_SRC  := $(filter-out sim-slack/main.c,$(wildcard sim-slack/*.c sim-slack/*/*.c))
MATRIX_SRC := $(filter-out sim-matrix/main.c,$(wildcard sim-matrix/*.c))
RUNNER_SRC := $(filter-out scenarios/runner/main.c,$(wildcard scenarios/runner/*.c))
SHIM_SRC   := $(wildcard scenarios/shim/*.c)
UNIT_SRC   := $(wildcard tests/unit/test_*.c)

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

LIB_A    := $(BUILD)/lib.a
BRIDGE_A := $(BUILD)/bridge.a
SLACK_A  := $(BUILD)/sim-slack.a
MATRIX_A := $(BUILD)/sim-matrix.a
RUNNER_A := $(BUILD)/runner.a
# The simulators as the runner links them: only what their headers show is visible.
SLACK_LIB  := $(BUILD)/sim-slack-lib.o
MATRIX_LIB := $(BUILD)/sim-matrix-lib.o

PROGRAMS := $(BUILD)/matrix-slack-bridge $(BUILD)/sim-slack-server $(BUILD)/sim-matrix-server \
	$(BUILD)/scenario $(BUILD)/shim.so $(BUILD)/memory.so
UNITS    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))

# Objects of tests too: what did not change is not compiled again.
.SECONDARY:

.PHONY: all asan units test scenarios exit-11 demo fuzz torture interop-slack bench-sim-slack bench-sim-matrix format lint clean deps interop-matrix
all: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) programs
.PHONY: programs
programs: $(PROGRAMS)
units: deps
	@rm -f $(filter-out $(UNITS) %.d %.o,$(wildcard $(BUILD)/unit/test_*)) # tests that are gone
	@$(MAKE) --no-print-directory -j$(shell nproc) $(UNITS)
asan:
	@$(MAKE) --no-print-directory ASAN=1 all

deps: $(STAMP)
$(STAMP): ci/install-deps
	@ci/install-deps
	@mkdir -p build && touch $@

# ---------------------------------------------------------------- rules

$(BUILD)/%.o: %.c | $(STAMP)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The shim lives inside another program: position-independent, and without sanitizers, which it must not meet twice.
$(BUILD)/scenarios/shim/%.o: scenarios/shim/%.c | $(STAMP)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(PKG_CFLAGS) -std=c11 -O2 -g $(WARNINGS) -fPIC -MMD -MP -c -o $@ $<

%.a:
	@echo "  AR    $@"
	@rm -f $@ && ar qcs $@ $^

$(LIB_A): $(call obj,$(LIB_SRC))
$(BRIDGE_A): $(call obj,$(BRIDGE_SRC))
$(SLACK_A): $(call obj,$(SLACK_SRC))
$(MATRIX_A): $(call obj,$(MATRIX_SRC))
$(RUNNER_A): $(call obj,$(RUNNER_SRC)) $(BUILD)/scenarios/report/page.o
# The HTML report's frame, style and script, as they are.
REPORT_PARTS := page.html page.css page.js
$(BUILD)/scenarios/report/page.o: $(addprefix scenarios/report/,$(REPORT_PARTS))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@cd scenarios/report && ld -r -b binary -z noexecstack -o $(CURDIR)/$@ $(REPORT_PARTS)

$(SLACK_LIB): $(call obj,$(SLACK_SRC))
$(MATRIX_LIB): $(call obj,$(MATRIX_SRC))
$(SLACK_LIB) $(MATRIX_LIB):
	@echo "  LD    $@"
	@ld -r -o $@ $^ && objcopy --wildcard --keep-global-symbol='sim_slack_*' \
		--keep-global-symbol='sim_matrix_*' $@

link = @echo "  LD    $@"; $(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS)

$(BUILD)/matrix-slack-bridge: $(BUILD)/bridge/main.o $(BRIDGE_A) $(LIB_A)
	$(link)
$(BUILD)/sim-slack-server: $(BUILD)/sim-slack/main.o $(SLACK_A) $(LIB_A)
	$(link)
$(BUILD)/sim-matrix-server: $(BUILD)/sim-matrix/main.o $(MATRIX_A) $(LIB_A)
	$(link)
$(BUILD)/scenario: $(BUILD)/scenarios/runner/main.o $(SLACK_LIB) $(MATRIX_LIB) $(RUNNER_A) $(LIB_A)
	$(link)
$(BUILD)/shim.so: $(call obj,$(SHIM_SRC))
	@echo "  LD    $@"
	@$(CC) -shared -o $@ $^ -ldl
$(BUILD)/memory.so: $(BUILD)/scenarios/shim/memory/memory.o $(BUILD)/shim.so
	@echo "  LD    $@"
	@$(CC) -shared -o $@ $< -Wl,--unresolved-symbols=ignore-all
# A unit test sees the insides of the one program it is about.
$(BUILD)/unit/test_sim_slack%: UNDER_TEST = $(SLACK_A)
$(BUILD)/unit/test_sim_matrix%: UNDER_TEST = $(MATRIX_A)
UNDER_TEST = $(SLACK_LIB) $(MATRIX_LIB) $(RUNNER_A) $(BRIDGE_A)
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(SLACK_A) $(MATRIX_A) $(SLACK_LIB) $(MATRIX_LIB) $(RUNNER_A) \
		$(BRIDGE_A) $(LIB_A)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(UNDER_TEST) $(LIB_A) -Wl,--end-group $(PKG_LIBS) -lcmocka

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---------------------------------------------------------------- tests

test: all units
	@ci/test $(BUILD)
scenarios: all
	@$(BUILD)/scenario run
# Another bridge, through its adapter: passes what is plain, fails what is durable.
.PHONY: any-bridge
any-bridge: all
	@ci/any-bridge $(BUILD)
.PHONY: report report-check
report: all
	@$(BUILD)/scenario run || true
	@$(BUILD)/scenario report
report-check: all
	@ci/install-deps --report
	@tests/report/check $(BUILD)
# Exit status 11 reproduced, cured, and told from what looks like it.
exit-11: all
	@ci/exit-11 $(BUILD)
demo: all
	@ci/demo $(BUILD) $(if $(DEMO_EXIT),--exit)
# The daemon's memory while files of so many MiB go either way.
MIB ?= 100
.PHONY: bench-files
bench-files: all
	@ci/bench-files $(BUILD) $(MIB)
# What comes from the table of Slack's events.
.PHONY: event-docs
event-docs: all
	@$(BUILD)/matrix-slack-bridge --events-doc >docs/slack-events.md
	@$(BUILD)/matrix-slack-bridge --app-manifest >deploy/slack-app-manifest.yaml
format:
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i
lint:
	@ci/lint

# Slow campaigns: not part of `make test`.
FUZZ_SECONDS ?= 60
fuzz: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) CC=clang FUZZ=1 fuzz-targets
	@tests/fuzz/seeds-of-golden build/fuzz/fuzz/fuzz_sim_matrix.corpus
	@tests/fuzz/corpus-seeds build/fuzz/fuzz
	@for target in $(patsubst tests/fuzz/%.c,build/fuzz/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c)); do \
		echo "== $$target"; mkdir -p $$target.corpus; \
		$$target -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1 $$target.corpus \
			$$(ls -d tests/fuzz/seeds/$${target##*/} 2>/dev/null) || exit 1; done
.PHONY: fuzz-targets
fuzz-targets: $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BRIDGE_A) $(LIB_A)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(BRIDGE_A) $(LIB_A) -Wl,--end-group $(PKG_LIBS)
# A simulator's target sees its insides, and the bridge's nothing.
$(BUILD)/fuzz/fuzz_sim_slack: $(BUILD)/tests/fuzz/fuzz_sim_slack.o $(SLACK_A) $(LIB_A)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(SLACK_A) $(LIB_A) -Wl,--end-group $(PKG_LIBS)
$(BUILD)/fuzz/fuzz_sim_matrix: $(BUILD)/tests/fuzz/fuzz_sim_matrix.o $(MATRIX_A) $(LIB_A)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(MATRIX_A) $(LIB_A) -Wl,--end-group $(PKG_LIBS)
interop-matrix: all
	@ci/install-interop matrix
	@tests/interop/matrix/run $(BUILD)
# The conversion's targets without instrumentation, many times as fast.
CAMPAIGN ?= 50000000
CAMPAIGNS := $(BUILD)/campaign/fuzz_to_matrix $(BUILD)/campaign/fuzz_to_slack
.PHONY: campaign
campaign: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) $(CAMPAIGNS)
	@tests/fuzz/corpus-seeds $(BUILD)/campaign
	@for target in $(CAMPAIGNS); do $$target $$target.corpus $(CAMPAIGN) || exit 1; done
$(BUILD)/campaign/%: $(BUILD)/tests/fuzz/campaign.o $(BUILD)/tests/fuzz/%.o $(BRIDGE_A) $(LIB_A)
	@mkdir -p $(@D)
	$(link)
interop-slack: all
	@ci/install-interop slack
	@ci/interop-slack $(BUILD) $(CASES)
# What a conversion costs; ends with 1 if a figure is missed.
.PHONY: bench-convert
bench-convert: deps
	@$(MAKE) --no-print-directory $(BUILD)/bench/bench_convert
	@$(BUILD)/bench/bench_convert
$(BUILD)/bench/bench_convert: $(BUILD)/tests/bench/bench_convert.o $(BRIDGE_A) $(LIB_A)
	@mkdir -p $(@D)
	$(link)
# How fast things are; nothing is asserted.
BENCH_SECONDS ?= 5
bench-sim-slack: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/bench/bench_sim_slack
	@$(BUILD)/bench/bench_sim_slack $(BENCH_SECONDS)
bench-sim-matrix: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/bench/bench_sim_matrix
	@$(BUILD)/bench/bench_sim_matrix $(BENCH_SECONDS)
$(BUILD)/bench/bench_sim_%: $(BUILD)/tests/bench/bench_sim_%.o $(SLACK_A) $(MATRIX_A) $(LIB_A)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(if $(findstring slack,$@),$(SLACK_A),$(MATRIX_A)) $(LIB_A) -Wl,--end-group $(PKG_LIBS)
# The bridge beside the least that a bridge can do, and its latency at 1,000 messages a second.
BENCH_PEERS := $(BUILD)/tests/bench/bench_world.o $(BUILD)/tests/bench/bench_load.o \
	$(BUILD)/tests/bench/bench_process.o $(SLACK_LIB) $(MATRIX_LIB) $(RUNNER_A) $(BRIDGE_A) $(LIB_A)
.PHONY: bench-bridge bench-bridge-programs
bench-bridge-programs: all
	@$(MAKE) --no-print-directory $(BUILD)/bench/null_bridge $(BUILD)/bench/bench_bridge \
		$(BUILD)/bench/bench_memory
bench-bridge: bench-bridge-programs
	@$(BUILD)/bench/bench_bridge throughput
	@$(BUILD)/bench/bench_bridge latency
.PHONY: bench-memory
bench-memory: bench-bridge-programs
	@$(BUILD)/bench/bench_memory
$(BUILD)/bench/null_bridge: $(BUILD)/tests/bench/null_bridge.o $(RUNNER_A) $(BRIDGE_A) $(LIB_A)
	@mkdir -p $(@D)
	$(link)
$(BUILD)/bench/bench_memory: $(BUILD)/tests/bench/bench_memory.o $(BENCH_PEERS)
	@mkdir -p $(@D)
	$(link)
$(BUILD)/bench/bench_bridge: $(BUILD)/tests/bench/bench_bridge.o $(BENCH_PEERS)
	@mkdir -p $(@D)
	$(link)
# Every seeded bug is caught by a scenario. MUTANTS="001 SOCK-05 --new": some of them.
.PHONY: mutants flakes
mutants: all
	@BUILD=$(BUILD) ci/mutants $(MUTANTS)
# No scenario does anything else the thousandth time.
COUNT ?= 1000
flakes: all
	@ci/flakes $(BUILD) --count $(COUNT) $(if $(SECONDS),--seconds $(SECONDS))
torture: all
	@$(BUILD)/scenario run torture --torture=kill9
	@$(BUILD)/scenario run torture --torture=net
	@$(BUILD)/scenario run torture --torture=io
	@$(BUILD)/scenario run torture --torture=oom --count 200
# sim-matrix's synapse profile against recorded answers of a real Synapse (see tests/golden/README.md).
.PHONY: golden golden-synapse
golden: all
	@ci/golden-check $(BUILD)
golden-synapse: all
	@ci/install-synapse
	@tests/golden/golden record $(BUILD) build/interop/synapse
# The daemon between sim-slack and a real Synapse.
.PHONY: interop-synapse
interop-synapse: all
	@ci/install-synapse
	@tests/interop/synapse/run $(BUILD) build/interop/synapse
clean:
	rm -rf build
