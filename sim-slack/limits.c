#include "sim-slack/limits.h"

#include "lib/map.h"
#include "lib/mem.h"

#include <stdlib.h>

/* In units of 1/60,000 of a call, so that a rate per minute is units per millisecond. */
enum { CALL_UNITS = 60000 };

struct bucket {
	int64_t units;
	int64_t at_ms;
};

struct limits {
	struct sim_slack *sim;
	struct map *buckets; /* "method" or "method channel" -> struct bucket */
};

struct limits *limits_create(struct sim_slack *sim)
{
	struct limits *limits = xcalloc(1, sizeof(*limits));

	limits->sim = sim;
	limits->buckets = map_create();
	return limits;
}

void limits_destroy(struct limits **limits)
{
	if (*limits) {
		map_destroy(&(*limits)->buckets, free);
		free(*limits);
		*limits = NULL;
	}
}

static struct bucket *bucket_at(
        struct limits *limits, const char *name, int64_t rate, int64_t burst)
{
	int64_t now_ms = loop_now_ms(limits->sim->loop);
	struct bucket *bucket = map_get(limits->buckets, name);

	if (!bucket) {
		bucket = xcalloc(1, sizeof(*bucket));
		bucket->units = burst * CALL_UNITS;
		map_set(limits->buckets, name, bucket);
	} else {
		bucket->units += (now_ms - bucket->at_ms) * rate;
	}
	if (bucket->units > burst * CALL_UNITS) {
		bucket->units = burst * CALL_UNITS;
	}
	bucket->at_ms = now_ms;
	return bucket;
}

static int64_t wait_s(const struct bucket *bucket, int64_t rate)
{
	int64_t missing = CALL_UNITS - bucket->units;
	int64_t wait_ms = (missing + rate - 1) / rate;

	return missing > 0 ? (wait_ms + 999) / 1000 : 0;
}

bool limits_take(struct limits *limits, const char *method, enum tier tier,
        const char *channel_id, int64_t *retry_after_s)
{
	const struct knobs *knobs = &limits->sim->knobs;
	autofree char *name = xasprintf("%s %s", method, channel_id ? channel_id : "");
	int64_t rate = tier == TIER_POST ? knobs->post_per_minute : (int64_t)tier;
	struct bucket *whole, *channel = NULL;
	int64_t wait = 0, channel_wait = 0;

	if (!knobs->tiers || rate <= 0) {
		return true;
	}
	whole = bucket_at(limits, method, rate, rate);
	wait = wait_s(whole, rate);
	if (tier == TIER_POST && channel_id) {
		channel = bucket_at(limits, name, 60, knobs->post_burst);
		channel_wait = wait_s(channel, 60);
	}
	if (wait == 0 && channel_wait == 0) {
		whole->units -= CALL_UNITS;
		if (channel) {
			channel->units -= CALL_UNITS;
		}
		return true;
	}
	if (knobs->rate_prolongs) {
		struct bucket *full = channel_wait > 0 && channel ? channel : whole;

		full->units -= CALL_UNITS;
	}
	*retry_after_s = wait > channel_wait ? wait : channel_wait;
	return false;
}
