/* What befalls the daemon's process from the system it runs on. */
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/play.h"
#include "scenarios/shim/vclock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static bool fail_not_running(struct play *play)
{
	return play_fail_text(
	        play, VERDICT_FAIL, "a daemon that runs", "it does not run");
}

/* At a quiet instant, so that it is the same one in every run. */
bool trouble_pause(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	(void)args;
	if (play->daemon == NULL) {
		return fail_not_running(play);
	}
	vtime_set_paused(play->vtime, true);
	daemon_signal(play->daemon, SIGSTOP);
	return true;
}

bool trouble_resume(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	(void)args;
	if (play->daemon == NULL) {
		return fail_not_running(play);
	}
	daemon_signal(play->daemon, SIGCONT);
	vtime_set_paused(play->vtime, false);
	return true;
}

static uint32_t call_from_str(const char *name)
{
	static const struct {
		const char *name;
		uint32_t call;
	} all[] = {
	        {"read", VCLOCK_READ},
	        {"write", VCLOCK_WRITE},
	        {"sync", VCLOCK_SYNC},
	        {"open", VCLOCK_OPEN},
	        {"send", VCLOCK_SEND},
	        {"receive", VCLOCK_RECEIVE},
	        {"descriptor", VCLOCK_DESCRIPTOR},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, name) == 0) {
			return all[i].call;
		}
	}
	return 0;
}

static int errno_from_str(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} all[] = {
	        {"ENOSPC", ENOSPC},
	        {"EIO", EIO},
	        {"EMFILE", EMFILE},
	        {"EACCES", EACCES},
	        {"ECONNRESET", ECONNRESET},
	        {"EPIPE", EPIPE},
	        {"ETIMEDOUT", ETIMEDOUT},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, name) == 0) {
			return all[i].number;
		}
	}
	return EIO;
}

bool trouble_deny(struct play *play, const struct story_step *step, const cJSON *args)
{
	bool is_short = json_bool(args, "short", false);
	const struct vtime_denial denial = {
	        .calls = call_from_str(json_str_or(args, "call", "")),
	        .error = is_short ? 0 : errno_from_str(json_str_or(args, "error", "EIO")),
	        .from = (uint64_t)json_int(args, "after", 0) + 1,
	        .count = (uint64_t)json_int(args, "times", 0),
	};

	(void)step;
	vtime_deny(play->vtime, &denial);
	return true;
}

bool trouble_allow(struct play *play, const struct story_step *step, const cJSON *args)
{
	const struct vtime_denial nothing = {0};

	(void)step;
	(void)args;
	vtime_deny(play->vtime, &nothing);
	return true;
}

static int64_t span_us(const cJSON *args, const char *key)
{
	const cJSON *value = json_get(args, key);
	int64_t ms = json_int(args, key, 0) * 1000;

	if (cJSON_IsString(value)) {
		duration_parse(value->valuestring, &ms);
	}
	return ms * 1000;
}

bool trouble_step(struct play *play, const struct story_step *step, const cJSON *args)
{
	(void)step;
	vtime_step_wall(play->vtime, span_us(args, "forward") - span_us(args, "back"));
	return true;
}
