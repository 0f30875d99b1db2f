#include "sim-slack/faults.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "lib/verb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct rule {
	struct list link; /* faults::rules, oldest first */
	char *call;
	char *channel_id; /* NULL: any */
	int64_t times;    /* left; <0: no end */
	int64_t after;
	int64_t until_ms; /* INT64_MAX: no end */
	struct answer answer;
};

struct faults {
	struct sim_slack *sim;
	struct list rules;
	int64_t refuse_until_ms[2]; /* INT64_MAX: no end */
};

struct faults *faults_create(struct sim_slack *sim)
{
	struct faults *faults = xcalloc(1, sizeof(*faults));

	faults->sim = sim;
	list_init(&faults->rules);
	return faults;
}

void answer_init(struct answer *answer)
{
	*answer = (struct answer){.retry_after_s = -1, .cut_at = -1};
}

void answer_finish(struct answer *answer)
{
	free(answer->body);
	answer->body = NULL;
}

static void rule_free(struct rule *rule)
{
	list_del(&rule->link);
	free(rule->call);
	free(rule->channel_id);
	answer_finish(&rule->answer);
	free(rule);
}

void faults_clear_answers(struct faults *faults)
{
	list_for_each(link, &faults->rules)
	{
		rule_free(container_of(link, struct rule, link));
	}
}

void faults_destroy(struct faults **faults)
{
	if (!*faults) {
		return;
	}
	faults_clear_answers(*faults);
	free(*faults);
	*faults = NULL;
}

/* ---- refusing ---- */

void faults_set_refuse(struct faults *faults, enum refuse what, int64_t for_ms)
{
	faults->refuse_until_ms[what] =
	        for_ms > 0 ? loop_now_ms(faults->sim->loop) + for_ms : INT64_MAX;
}

void faults_allow(struct faults *faults)
{
	faults->refuse_until_ms[REFUSE_CONNECTIONS] = 0;
	faults->refuse_until_ms[REFUSE_HTTP] = 0;
}

bool faults_refuse(const struct faults *faults, enum refuse what)
{
	return loop_now_ms(faults->sim->loop) < faults->refuse_until_ms[what];
}

/* ---- answers ---- */

static bool read_duration(
        const cJSON *with, const char *name, int64_t *out_ms, struct err *err)
{
	const cJSON *value = json_get(with, name);

	if (!value) {
		return true;
	}
	if (cJSON_IsNumber(value) && value->valuedouble >= 0 &&
	        value->valuedouble < 1e8) {
		*out_ms = (int64_t)llround(value->valuedouble * 1000);
		return true;
	}
	if (cJSON_IsString(value) && duration_parse(value->valuestring, out_ms)) {
		return true;
	}
	return err_set(err, ERR_PERMANENT, 0, "with.%s is no duration", name);
}

static bool check_names(const cJSON *with, struct err *err)
{
	static const char *const known[] = {"status", "error", "body", "retry_after",
	        "retry_after_text", "hold", "delay", "lost", "cut_at", NULL};
	const cJSON *item;

	cJSON_ArrayForEach(item, with)
	{
		const char *const *name = known;

		while (*name && !str_equal(*name, item->string)) {
			name++;
		}
		if (!*name) {
			return err_set(err, ERR_PERMANENT, 0,
			        "with.%s is unknown (status, error, body, retry_after, "
			        "retry_after_text, hold, delay, lost, cut_at)",
			        item->string);
		}
	}
	return true;
}

static bool read_body(const cJSON *with, struct answer *out, struct err *err)
{
	const cJSON *body = json_get(with, "body");

	if (cJSON_IsString(body)) {
		out->body = xstrdup(body->valuestring);
	} else if (cJSON_IsObject(body) || cJSON_IsArray(body)) {
		out->body = json_print(body);
	} else if (body) {
		return err_set(
		        err, ERR_PERMANENT, 0, "with.body must be text or an object");
	}
	return true;
}

static bool read_answer(const cJSON *with, struct answer *out, struct err *err)
{
	const char *lost = json_str_or(with, "lost", "");
	int64_t status = json_int(with, "status", 0);
	int64_t retry_ms = -1000;

	if (!check_names(with, err) ||
	        !read_duration(with, "retry_after", &retry_ms, err) ||
	        !read_duration(with, "hold", &out->hold_ms, err) ||
	        !read_duration(with, "delay", &out->delay_ms, err)) {
		return false;
	}
	if (status != 0 && (status < 200 || status > 599)) {
		return err_set(err, ERR_PERMANENT, 0, "with.status must be 200 to 599");
	}
	if (*lost && !str_equal(lost, "before") && !str_equal(lost, "after")) {
		return err_set(
		        err, ERR_PERMANENT, 0, "with.lost must be before or after");
	}
	out->status = (int)status;
	out->retry_after_s = retry_ms / 1000;
	out->lost = *lost == 'b' ? LOST_BEFORE : *lost == 'a' ? LOST_AFTER : LOST_NOT;
	out->cut_at = json_int(with, "cut_at", -1);
	snprintf(out->error, sizeof(out->error), "%s", json_str_or(with, "error", ""));
	snprintf(out->retry_after, sizeof(out->retry_after), "%s",
	        json_str_or(with, "retry_after_text", ""));
	return read_body(with, out, err);
}

bool faults_add_answer(struct faults *faults, const char *call,
        const struct channel *channel, const cJSON *with, const struct fault_span *span,
        struct err *err)
{
	struct answer answer;
	struct rule *rule;

	answer_init(&answer);
	if (!read_answer(with, &answer, err)) {
		return false;
	}
	rule = xcalloc(1, sizeof(*rule));
	rule->call = xstrdup(call);
	rule->channel_id = xstrdup_null(channel ? channel->id : NULL);
	rule->times = span->times > 0 ? span->times : -1;
	rule->after = span->after;
	rule->until_ms = span->for_ms > 0 ? loop_now_ms(faults->sim->loop) + span->for_ms
	                                  : INT64_MAX;
	rule->answer = answer;
	list_add_tail(&faults->rules, &rule->link);
	return true;
}

static bool rule_fits(
        const struct rule *rule, const char *call, const struct channel *channel)
{
	return (str_equal(rule->call, "any") || str_equal(rule->call, call)) &&
	       (!rule->channel_id ||
	               (channel && str_equal(rule->channel_id, channel->id)));
}

bool faults_match(struct faults *faults, const char *call, const struct channel *channel,
        struct answer *out)
{
	int64_t now_ms = loop_now_ms(faults->sim->loop);

	list_for_each(link, &faults->rules)
	{
		struct rule *rule = container_of(link, struct rule, link);

		if (rule->until_ms <= now_ms) {
			rule_free(rule);
			continue;
		}
		if (!rule_fits(rule, call, channel)) {
			continue;
		}
		if (rule->after > 0) {
			rule->after--;
			continue;
		}
		*out = rule->answer;
		out->body = xstrdup_null(rule->answer.body);
		if (rule->times > 0 && --rule->times == 0) {
			rule_free(rule);
		}
		return true;
	}
	return false;
}
