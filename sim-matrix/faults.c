#include "sim-matrix/faults.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/verb.h"

#include "sim-matrix/call.h"
#include "sim-matrix/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_MAX = 1000 };

struct fault {
	struct list link; /* struct faults::all */
	char *request;    /* "PUT send", "send" or "any" */
	char *in;         /* room's short name or ID; NULL: any */
	char *user;       /* localpart or user ID; NULL: any */
	int64_t times;    /* left; negative: endless */
	int64_t after;    /* requests to let pass first */
	struct fault_effect effect;
};

struct faults {
	struct list all;
	size_t count;
};

struct faults *faults_create(void)
{
	struct faults *faults = xcalloc(1, sizeof(*faults));

	list_init(&faults->all);
	return faults;
}

static void fault_free(struct faults *faults, struct fault *fault)
{
	list_del(&fault->link);
	faults->count--;
	free(fault->request);
	free(fault->in);
	free(fault->user);
	free(fault->effect.body);
	free(fault);
}

void faults_clear(struct faults *faults)
{
	list_for_each(it, &faults->all)
	{
		fault_free(faults, container_of(it, struct fault, link));
	}
}

void faults_destroy(struct faults **faults)
{
	if (*faults != NULL) {
		faults_clear(*faults);
		free(*faults);
		*faults = NULL;
	}
}

size_t faults_count(const struct faults *faults)
{
	return faults->count;
}

/* ---- reading `with` ---- */

static bool read_duration(
        const cJSON *with, const char *key, bool ms, int64_t *out, struct err *err)
{
	const cJSON *value = content_get(with, key);

	if (value == NULL) {
		return true;
	}
	if (cJSON_IsNumber(value)) {
		*out = (int64_t)(value->valuedouble * (ms ? 1 : 1000));
		return true;
	}
	if (!cJSON_IsString(value) || !duration_parse(value->valuestring, out)) {
		return err_set(err, ERR_PERMANENT, 0, "with.%s is no duration", key);
	}
	return true;
}

static bool known_keys(const cJSON *with, struct err *err)
{
	static const char *const known[] = {"status", "errcode", "body", "retry_after_ms",
	        "delay", "lost", "cut_at", "effect"};
	const cJSON *entry;

	cJSON_ArrayForEach(entry, with)
	{
		bool found = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			found = found || strcmp(known[i], entry->string) == 0;
		}
		if (!found) {
			return err_set(err, ERR_PERMANENT, 0, "with.%s is unknown",
			        entry->string);
		}
	}
	return true;
}

static bool read_lost(const cJSON *with, struct fault_effect *effect, struct err *err)
{
	const char *lost = content_str(with, "lost");

	if (content_get(with, "lost") == NULL) {
		return true;
	}
	if (str_equal(lost, "before")) {
		effect->lost = LOST_BEFORE;
	} else if (str_equal(lost, "after")) {
		effect->lost = LOST_AFTER;
	} else {
		return err_set(
		        err, ERR_PERMANENT, 0, "with.lost is \"before\" or \"after\"");
	}
	return true;
}

static bool read_effect(const cJSON *with, struct fault_effect *effect, struct err *err)
{
	const cJSON *body = content_get(with, "body");
	const cJSON *cut_at = content_get(with, "cut_at");

	if (!known_keys(with, err) || !read_lost(with, effect, err) ||
	        !read_duration(with, "delay", false, &effect->delay_ms, err) ||
	        !read_duration(
	                with, "retry_after_ms", true, &effect->retry_after_ms, err)) {
		return false;
	}
	effect->hit = true;
	effect->status =
	        (int)json_int(with, "status", effect->retry_after_ms > 0 ? 429 : 0);
	if (effect->status != 0 && (effect->status < 200 || effect->status > 599)) {
		return err_set(err, ERR_PERMANENT, 0, "with.status is 200 to 599");
	}
	snprintf(effect->errcode, sizeof(effect->errcode), "%s",
	        json_str_or(with, "errcode",
	                effect->status == 429 ? "M_LIMIT_EXCEEDED" : ""));
	if (body != NULL) {
		effect->body = cJSON_IsString(body) ? xstrdup(body->valuestring)
		                                    : json_print(body);
	}
	effect->cut = cut_at != NULL;
	effect->cut_at = (size_t)json_int(with, "cut_at", 0);
	/* A prepared error stands for a request refused, unless said otherwise. */
	effect->skip = !json_bool(with, "effect",
	        effect->lost != LOST_BEFORE && effect->status < 300 &&
	                effect->errcode[0] == '\0');
	if (effect->lost == LOST_AFTER && content_get(with, "effect") == NULL) {
		effect->skip = false;
	}
	return true;
}

bool faults_add(struct faults *faults, const cJSON *args, struct err *err)
{
	struct fault_effect effect = {0};
	struct fault *fault;

	if (faults->count >= FAULTS_MAX) {
		return err_set(err, ERR_PERMANENT, 0, "more than %d prepared answers",
		        FAULTS_MAX);
	}
	if (!read_effect(json_obj(args, "with"), &effect, err)) {
		free(effect.body);
		return false;
	}
	fault = xcalloc(1, sizeof(*fault));
	fault->request = xstrdup(json_str_or(args, "request", "any"));
	fault->in = xstrdup_null(json_str(args, "in"));
	fault->user = xstrdup_null(json_str(args, "user"));
	fault->times = json_int(args, "times", 1);
	fault->after = json_int(args, "after", 0);
	fault->effect = effect;
	list_add_tail(&faults->all, &fault->link);
	faults->count++;
	return true;
}

/* ---- meeting a call ---- */

static bool name_fits(const char *wanted, const char *name)
{
	const char *space = strchr(name, ' ');

	return strcmp(wanted, "any") == 0 || strcmp(wanted, name) == 0 ||
	       (space != NULL && strcmp(wanted, space + 1) == 0);
}

static bool room_fits(const char *wanted, const struct call *call)
{
	const struct room *room = room_find(call->sim, call->room_id);

	if (call->room_id == NULL) {
		return false;
	}
	return strcmp(wanted, call->room_id) == 0 ||
	       (room != NULL && strcmp(wanted, room_short_name(room)) == 0);
}

static bool user_fits(const char *wanted, const struct call *call)
{
	autofree char *full = user_id_of(call->sim, wanted);

	return str_equal(call->user_id, wanted) || str_equal(call->user_id, full);
}

static bool fault_fits(const struct fault *fault, const struct call *call)
{
	return name_fits(fault->request, call->route->name) &&
	       (fault->in == NULL || room_fits(fault->in, call)) &&
	       (fault->user == NULL || user_fits(fault->user, call));
}

void faults_meet(
        struct faults *faults, const struct call *call, struct fault_effect *effect)
{
	list_for_each(it, &faults->all)
	{
		struct fault *fault = container_of(it, struct fault, link);
		if (!fault_fits(fault, call)) {
			continue;
		}
		if (fault->after > 0) {
			fault->after--;
			return;
		}
		*effect = fault->effect;
		effect->body = xstrdup_null(fault->effect.body);
		if (fault->times > 0 && --fault->times == 0) {
			fault_free(faults, fault);
		}
		return;
	}
}
