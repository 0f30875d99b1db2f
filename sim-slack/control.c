#include "sim-slack/control.h"

#include "lib/buf.h"
#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECORDS_KEPT = 10000,
	RECORDS_AN_ANSWER = 1000,
	WAIT_MS = 25000,
	WAITERS_MAX = 64,
	OWN_KEYS_BYTES = 96,
	ANSWER_MAX_BYTES = 32 * 1024 * 1024,
};

struct record {
	struct list link; /* control::records, oldest first */
	int64_t seq;
	char *text;
};

struct waiter {
	struct list link; /* control::waiters */
	struct http_request *req;
	int64_t since;
	int64_t until_ms;
};

struct control {
	struct sim_slack *sim;
	struct list records;
	size_t count;
	int64_t last_seq;
	struct list waiters;
	size_t waiter_count;
	struct timer wake;    /* something happened: answer them after this turn */
	struct timer timeout; /* of the oldest waiter */
};

/* ---- records ---- */

static void record_free(struct control *control, struct record *record)
{
	list_del(&record->link);
	control->count--;
	free(record->text);
	free(record);
}

static void reply_records(
        struct control *control, struct http_request *req, int64_t since)
{
	struct buf out;
	int64_t next = since;
	unsigned count = 0;

	buf_init(&out, ANSWER_MAX_BYTES);
	buf_puts(&out, "{\"ok\":true,\"records\":[");
	list_for_each(link, &control->records)
	{
		const struct record *record = container_of(link, struct record, link);

		if (record->seq > since && count < RECORDS_AN_ANSWER) {
			buf_printf(&out, "%s%s", count++ ? "," : "", record->text);
			next = record->seq;
		}
	}
	buf_printf(&out, "],\"next\":%" PRId64 "}", next);
	http_request_reply(
	        req, out.failed ? 500 : 200, "application/json", buf_str(&out));
	buf_finish(&out);
}

static void answer_waiter(struct control *control, struct waiter *waiter)
{
	list_del(&waiter->link);
	control->waiter_count--;
	reply_records(control, waiter->req, waiter->since);
	free(waiter);
}

static void handle_wake(void *arg)
{
	struct control *control = arg;

	list_for_each(link, &control->waiters)
	{
		struct waiter *waiter = container_of(link, struct waiter, link);

		if (control->last_seq > waiter->since) {
			answer_waiter(control, waiter);
		}
	}
}

/* All wait equally long, so the oldest is the first to be through. */
static void handle_timeout(void *arg)
{
	struct control *control = arg;
	int64_t now_ms = loop_now_ms(control->sim->loop);

	list_for_each(link, &control->waiters)
	{
		struct waiter *waiter = container_of(link, struct waiter, link);

		if (waiter->until_ms > now_ms) {
			timer_start(&control->timeout, waiter->until_ms - now_ms);
			return;
		}
		answer_waiter(control, waiter);
	}
}

void control_record(struct control *control, const cJSON *record)
{
	struct record *kept = xcalloc(1, sizeof(*kept));
	char own[OWN_KEYS_BYTES];
	char *text = json_print(record);
	size_t n = strlen(text) - 1; /* without the last brace */

	kept->seq = ++control->last_seq;
	/* Our own keys go in as text: a copy of the record would cost more than the rest.
	 */
	snprintf(own, sizeof(own),
	        ",\"at\":\"slack\",\"seq\":%" PRId64 ",\"wall_ms\":%" PRId64 "}",
	        kept->seq, loop_wall_ms(control->sim->loop));
	kept->text = xrealloc(text, n + strlen(own) + 1);
	memcpy(kept->text + n, own, strlen(own) + 1);
	list_add_tail(&control->records, &kept->link);
	if (++control->count > RECORDS_KEPT) {
		record_free(control,
		        container_of(control->records.next, struct record, link));
	}
	if (!list_empty(&control->waiters) && !timer_active(&control->wake)) {
		timer_start(&control->wake, 0);
	}
}

static void handle_records(struct control *control, struct http_request *req)
{
	autofree char *text = form_get(str_from(http_request_query(req)), "since");
	int64_t since = 0;
	struct waiter *waiter;

	if (text && !str_to_int64(str_from(text), 0, INT64_MAX, &since)) {
		http_request_reply_json(
		        req, 400, "{\"ok\":false,\"error\":\"since is no number\"}");
		return;
	}
	if (since < control->last_seq || control->waiter_count >= WAITERS_MAX) {
		reply_records(control, req, since);
		return;
	}
	waiter = xcalloc(1, sizeof(*waiter));
	waiter->req = req;
	waiter->since = since;
	waiter->until_ms = loop_now_ms(control->sim->loop) + WAIT_MS;
	list_add_tail(&control->waiters, &waiter->link);
	control->waiter_count++;
	if (!timer_active(&control->timeout)) {
		timer_start(&control->timeout, WAIT_MS);
	}
}

/* ---- verbs ---- */

static void reply_json(struct http_request *req, int status, const cJSON *json)
{
	autofree char *text = json_print(json);

	http_request_reply_json(req, status, text);
}

static void handle_verbs(struct http_request *req)
{
	autojson cJSON *reply = json_set_bool(json_new(), "ok", true);
	cJSON *list = cJSON_CreateArray();

	json_set(reply, "verbs", list);
	for (const struct verb *verb = sim_slack_verbs; verb->name; verb++) {
		cJSON *item = json_set_str(json_new(), "name", verb->name);

		json_set_str(item, "doc", verb->doc);
		json_set(item, "arguments", verb_schema(verb));
		cJSON_AddItemToArray(list, item);
	}
	reply_json(req, 200, reply);
}

static void reply_error(struct http_request *req, const struct err *err)
{
	autojson cJSON *reply = json_set_bool(json_new(), "ok", false);

	json_set_str(reply, "error", err->msg);
	reply_json(req, 400, reply);
}

static void handle_verb(
        struct control *control, struct http_request *req, const char *name)
{
	struct str body = http_request_body(req);
	struct err err = ERR_INIT;
	autojson cJSON *args = NULL, *reply = NULL;
	cJSON *result = NULL;

	if (body.n > 0) {
		args = json_parse(body, &err);
		if (!args) {
			reply_error(req, &err);
			return;
		}
	}
	if (!verb_run(sim_slack_verbs, name, control->sim, args, &result, &err)) {
		reply_error(req, &err);
		return;
	}
	reply = json_set_bool(json_new(), "ok", true);
	json_set(reply, "result", result ? result : cJSON_CreateNull());
	reply_json(req, 200, reply);
}

void control_handle_request(struct control *control, struct http_request *req)
{
	const char *name = http_request_path(req) + strlen("/_control/");
	bool post = str_equal(http_request_method(req), "POST");

	if (post) {
		handle_verb(control, req, name);
	} else if (str_equal(name, "verbs")) {
		handle_verbs(req);
	} else if (str_equal(name, "records")) {
		handle_records(control, req);
	} else if (str_equal(name, "state")) {
		autojson cJSON *state = control_state(control->sim);

		reply_json(req, 200, state);
	} else {
		http_request_reply_json(req, 404,
		        "{\"ok\":false,\"error\":\"GET verbs, state or records; POST a verb\"}");
	}
}

/* ---- life ---- */

struct control *control_create(struct sim_slack *sim)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->sim = sim;
	list_init(&control->records);
	list_init(&control->waiters);
	timer_init(&control->wake, sim->loop, handle_wake, control);
	timer_init(&control->timeout, sim->loop, handle_timeout, control);
	return control;
}

void control_destroy(struct control **control)
{
	struct control *it = *control;

	if (!it) {
		return;
	}
	timer_stop(&it->wake);
	timer_stop(&it->timeout);
	list_for_each(link, &it->waiters)
	{
		struct waiter *waiter = container_of(link, struct waiter, link);

		list_del(&waiter->link);
		http_request_drop(waiter->req, HTTP_DROP_CLOSE);
		free(waiter);
	}
	list_for_each(link, &it->records)
	{
		record_free(it, container_of(link, struct record, link));
	}
	free(it);
	*control = NULL;
}
