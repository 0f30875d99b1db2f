#include "scenarios/runner/play.h"

#include "lib/mem.h"

int64_t play_now_us(const struct play *play)
{
	return vtime_now_us(play->vtime);
}

/* The torture has stopped the database server. */
bool play_restart_database(struct play *play)
{
	struct err err = ERR_INIT;

	if (!play->stop_is_armed || vtime_stop_is_due(play->vtime)) {
		return false;
	}
	play->stop_is_armed = false;
	if (!database_stop(play->database, "immediate", &err) ||
	        !database_start(play->database, &err)) {
		play_fail_text(play, VERDICT_HARNESS,
		        "the database's server to come back", "%s", err.msg);
		return false;
	}
	vtime_set_stop_pid(play->vtime, database_pid(play->database));
	play_note(play, "database", "crashed and started again");
	vtime_wake(play->vtime);
	return true;
}

/* Runs to quiescence, through any number of ends of the daemon. */
bool play_quiet(struct play *play)
{
	while (!play_has_failed(play)) {
		switch (vtime_run(play->vtime)) {
		case VTIME_QUIET:
			if (play_restart_database(play)) {
				break;
			}
			return !play_has_failed(play);
		case VTIME_ENDED:
			life_end(play);
			break;
		case VTIME_STOPPED:
			break;
		case VTIME_LIVELOCK:
			return play_fail_text(play, VERDICT_HARNESS,
			        "an end of the work at one virtual instant",
			        "100000 turns without the clock moving");
		case VTIME_OVERDUE:
			return play_fail_text(play, VERDICT_UNKNOWN,
			        "a verdict within the limit",
			        "%lld ms of real time are over (limit.real)",
			        (long long)play->story->limit.real_ms);
		}
	}
	return false;
}

static bool is_over_limit(const struct play *play)
{
	return play_now_us(play) / 1000 > play->story->limit.virtual_ms;
}

enum passing play_pass(struct play *play, bool (*done)(struct play *play, void *arg),
        void *arg, int64_t deadline_us)
{
	while (play_quiet(play)) {
		if (done(play, arg)) {
			return PASSING_DONE;
		}
		torture_look(play);
		int64_t now = play_now_us(play);
		if (now >= deadline_us) {
			return PASSING_LATE;
		}
		if (is_over_limit(play)) {
			play_fail_text(play, VERDICT_FAIL,
			        "a story that ends within its limit",
			        "%lld ms of virtual time are over (limit.virtual)",
			        (long long)play->story->limit.virtual_ms);
			break;
		}
		int64_t next = vtime_next_us(play->vtime);
		vtime_advance_to(play->vtime, next < deadline_us ? next : deadline_us);
	}
	return PASSING_FAILED;
}

/* ---------------------------------------------------------------- settling */

struct settling {
	int64_t span_us;
	int64_t began_us;
};

/* Quiet for long enough, with nothing left to do. Asked again when it may be long enough.
 */
static bool has_settled(struct play *play, void *arg)
{
	const struct settling *settling = arg;
	int64_t since = play->last_work_us > settling->began_us ? play->last_work_us
	                                                        : settling->began_us;

	if (!jobs_are_done(play) || play_now_us(play) - since < settling->span_us) {
		return false;
	}
	autojson cJSON *pending = play_pending(play);
	return cJSON_GetArraySize(pending) == 0;
}

bool play_settle(struct play *play, int64_t span_ms, int64_t within_ms)
{
	struct settling settling = {span_ms * 1000, play_now_us(play)};
	int64_t deadline = settling.began_us + within_ms * 1000;

	while (!play_has_failed(play)) {
		int64_t since = play->last_work_us > settling.began_us
		                        ? play->last_work_us
		                        : settling.began_us;
		int64_t look = since + settling.span_us;
		if (look <= play_now_us(play)) {
			look = vtime_next_us(
			        play->vtime); /* something is pending beyond the span */
		}
		enum passing passing = play_pass(
		        play, has_settled, &settling, look < deadline ? look : deadline);
		if (passing == PASSING_DONE) {
			return true;
		}
		if (passing == PASSING_LATE && play_now_us(play) >= deadline) {
			autofree char *took = virtual_to_str(within_ms * 1000);
			return play_fail_text(play, VERDICT_FAIL,
			        "everybody at rest, with nothing left to do",
			        "not after %s of virtual time", took);
		}
	}
	return false;
}
