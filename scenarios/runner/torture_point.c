/* What --torture=oom, io and net do inside one run: the call of that number fails. */
#include "lib/mem.h"

#include "scenarios/runner/play.h"
#include "scenarios/runner/torture_point.h"
#include "scenarios/shim/vclock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* How long a lasting failure lasts when the daemon outlives it. */
enum { LASTS_US = 3000000 };

static const struct {
	const char *name;
	uint32_t calls;
	int error;
	bool cuts, may_end; /* the connection; the daemon */
} kinds[] = {
        [TORTURE_NONE] = {"", 0, 0, false, false},
        [TORTURE_OOM] = {"oom", VCLOCK_MEMORY, ENOMEM, false, true},
        [TORTURE_IO] = {"io", VCLOCK_READ | VCLOCK_WRITE | VCLOCK_SYNC | VCLOCK_OPEN, EIO,
                false, true},
        [TORTURE_NET] = {"net", VCLOCK_SEND | VCLOCK_RECEIVE, ECONNRESET, true, false},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const char *torture_to_str(enum torture_kind torture)
{
	return kinds[torture].name;
}

bool torture_from_str(const char *text, size_t n, enum torture_kind *out)
{
	for (int i = TORTURE_OOM; i < KINDS; i++) {
		if (strlen(kinds[i].name) == n && strncmp(kinds[i].name, text, n) == 0) {
			*out = (enum torture_kind)i;
			return true;
		}
	}
	return false;
}

char *torture_option(const struct engine_options *options)
{
	return options->torture_at == 0 ? xstrdup("")
	                                : xasprintf(" --torture-at %s:%lld%s",
	                                          torture_to_str(options->torture),
	                                          (long long)options->torture_at,
	                                          options->torture_lasts ? ":on" : "");
}

void torture_arm(struct play *play)
{
	const struct engine_options *options = play->options;
	const struct vtime_denial denial = {
	        .calls = kinds[options->torture].calls,
	        .error = kinds[options->torture].error,
	        .from = (uint64_t)options->torture_at,
	        .count = options->torture_lasts ? 0 : 1,
	        .cuts = kinds[options->torture].cuts,
	};

	if (denial.calls != 0) {
		vtime_deny(play->vtime, &denial);
	}
}

void torture_lift(struct play *play)
{
	const struct vtime_denial nothing = {0};

	if (kinds[play->options->torture].calls != 0) {
		vtime_deny(play->vtime, &nothing);
	}
}

void torture_look(struct play *play)
{
	if (!play->options->torture_lasts || vtime_denial_fired(play->vtime) == 0) {
		return;
	}
	if (play->torture_since_us < 0) {
		play->torture_since_us = play_now_us(play);
	} else if (play_now_us(play) - play->torture_since_us > LASTS_US) {
		torture_lift(play);
	}
}

/* With a status, or by abort() after a word: everything else is a crash. */
bool torture_excuses_end(const struct play *play, const struct daemon_end *end)
{
	bool is_an_end = end->signum == 0 || end->signum == SIGABRT;

	return kinds[play->options->torture].may_end && is_an_end &&
	       vtime_denial_fired(play->vtime) > 0;
}

bool torture_excuses_errors(const struct play *play)
{
	return play->vtime != NULL && kinds[play->options->torture].may_end &&
	       play->options->torture_at > 0;
}
