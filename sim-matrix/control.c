#include "sim-matrix/control.h"

#include "lib/mem.h"

#include "sim-matrix/appservice.h"
#include "sim-matrix/faults.h"
#include "sim-matrix/push.h"
#include "sim-matrix/records.h"

#include <stdlib.h>
#include <string.h>

enum { WAITS_MAX = 100, WAIT_DEFAULT_S = 30, WAIT_MAX_S = 300 };

struct wait {             /* one GET records that waits for news */
	struct list link; /* control's waits */
	struct control *control;
	struct http_request *req;
	struct timer timer;
	uint64_t since;
};

struct control {
	struct sim_matrix *sim;
	struct list waits; /* struct wait::link */
	size_t wait_count;
	struct timer news;
};

/* Takes json. */
static void reply(struct http_request *req, int status, cJSON *json)
{
	autofree char *text = json_print(json);

	cJSON_Delete(json);
	http_request_add_header(req, "Access-Control-Allow-Origin", "*");
	http_request_reply_json(req, status, text);
}

static void reply_error(struct http_request *req, int status, const char *why)
{
	cJSON *json = json_set_bool(json_new(), "ok", false);

	reply(req, status, json_set_str(json, "error", why));
}

/* ---- records ---- */

static void wait_end(struct wait *wait)
{
	struct http_request *req = wait->req;
	cJSON *json = records_since(wait->control->sim->records, wait->since);

	timer_stop(&wait->timer);
	list_del(&wait->link);
	wait->control->wait_count--;
	free(wait);
	reply(req, 200, json);
}

static void handle_wait_over(void *arg)
{
	wait_end(arg);
}

static void handle_news(void *arg)
{
	struct control *control = arg;

	list_for_each(it, &control->waits)
	{
		wait_end(container_of(it, struct wait, link));
	}
}

static void note_record(void *arg)
{
	struct control *control = arg;

	timer_start(&control->news, 0); /* what one turn brings goes out together */
}

static int64_t query_int(struct http_request *req, const char *name, int64_t otherwise)
{
	autofree char *text = form_get(str_from(http_request_query(req)), name);
	int64_t value;

	return text != NULL && str_to_int64(str_from(text), 0, INT64_MAX, &value)
	               ? value
	               : otherwise;
}

static void get_records(struct control *control, struct http_request *req)
{
	uint64_t since = (uint64_t)query_int(req, "since", 0);
	int64_t seconds = query_int(req, "timeout", WAIT_DEFAULT_S);
	struct wait *wait;

	if (since < records_next(control->sim->records) || seconds == 0 ||
	        control->wait_count >= WAITS_MAX) {
		reply(req, 200, records_since(control->sim->records, since));
		return;
	}
	wait = xcalloc(1, sizeof(*wait));
	wait->control = control;
	wait->req = req;
	wait->since = since;
	list_add_tail(&control->waits, &wait->link);
	control->wait_count++;
	timer_init(&wait->timer, control->sim->loop, handle_wait_over, wait);
	timer_start(&wait->timer, (seconds > WAIT_MAX_S ? WAIT_MAX_S : seconds) * 1000);
}

/* ---- state ---- */

static cJSON *room_to_json(const struct room *room)
{
	cJSON *json = json_set_str(json_new(), "room_id", room->room_id);
	cJSON *members = json_new();
	const char *user_id;

	for (size_t i = 0; map_next(room->members, &i, &user_id, NULL);) {
		json_set_str(members, user_id, room_membership(room, user_id));
	}
	json_set_str(json, "in", room_short_name(room));
	json_set_int(json, "events", (int64_t)room->event_count);
	return json_set(json, "members", members);
}

static cJSON *state_to_json(const struct sim_matrix *sim)
{
	cJSON *json = json_new();
	cJSON *rooms = cJSON_CreateArray();
	cJSON *users = cJSON_CreateArray();
	cJSON *appservices = json_new();
	const char *id;
	void *value;

	for (size_t i = 0; map_next(sim->rooms, &i, NULL, &value);) {
		cJSON_AddItemToArray(rooms, room_to_json(value));
	}
	for (size_t i = 0; map_next(sim->users, &i, &id, NULL);) {
		cJSON_AddItemToArray(users, cJSON_CreateString(id));
	}
	list_for_each(it, &sim->appservices)
	{
		const struct appservice *as = container_of(it, struct appservice, link);
		json_set(appservices, as->reg.id, push_to_json(as->push));
	}
	json_set_str(json, "server_name", sim->server_name);
	json_set_str(json, "profile", sim->profile->name);
	json_set_bool(json, "down", sim->is_down);
	json_set_int(json, "prepared_answers", (int64_t)faults_count(sim->faults));
	json_set(json, "pending", sim_matrix_pending(sim));
	json_set(json, "users", users);
	json_set(json, "rooms", rooms);
	return json_set(json, "appservices", appservices);
}

/* ---- verbs ---- */

static cJSON *verbs_to_json(void)
{
	cJSON *list = cJSON_CreateArray();

	for (const struct verb *verb = sim_matrix_verbs; verb->name != NULL; verb++) {
		cJSON *json = json_set_str(json_new(), "verb", verb->name);
		json_set_str(json, "doc", verb->doc);
		cJSON_AddItemToArray(
		        list, json_set(json, "arguments", verb_schema(verb)));
	}
	return list;
}

static void run_verb(struct control *control, struct http_request *req, const char *name)
{
	struct str body = http_request_body(req);
	struct err err = ERR_INIT;
	autojson cJSON *args = body.n > 0 ? json_parse(body, &err) : json_new();
	cJSON *result = NULL;
	cJSON *json;

	if (args == NULL ||
	        !verb_run(sim_matrix_verbs, name, control->sim, args, &result, &err)) {
		reply_error(req, verb_find(sim_matrix_verbs, name) == NULL ? 404 : 400,
		        err.msg);
		return;
	}
	json = json_set_bool(json_new(), "ok", true);
	reply(req, 200,
	        json_set(json, "result", result != NULL ? result : cJSON_CreateNull()));
}

void control_request(struct control *control, struct http_request *req, const char *rest)
{
	bool is_get = strcmp(http_request_method(req), "GET") == 0;

	if (is_get && strcmp(rest, "verbs") == 0) {
		reply(req, 200, verbs_to_json());
	} else if (is_get && strcmp(rest, "state") == 0) {
		reply(req, 200, state_to_json(control->sim));
	} else if (is_get && strcmp(rest, "records") == 0) {
		get_records(control, req);
	} else if (strcmp(http_request_method(req), "POST") == 0) {
		run_verb(control, req, rest);
	} else {
		reply_error(req, 404, "GET verbs, state or records; POST a verb");
	}
}

struct control *control_create(struct sim_matrix *sim)
{
	struct control *control = xcalloc(1, sizeof(*control));

	control->sim = sim;
	list_init(&control->waits);
	timer_init(&control->news, sim->loop, handle_news, control);
	records_watch(sim->records, note_record, control);
	return control;
}

void control_destroy(struct control **control)
{
	if (*control == NULL) {
		return;
	}
	records_watch((*control)->sim->records, NULL, NULL);
	timer_stop(&(*control)->news);
	list_for_each(it, &(*control)->waits)
	{
		struct wait *wait = container_of(it, struct wait, link);
		http_request_drop(wait->req, HTTP_DROP_CLOSE);
		timer_stop(&wait->timer);
		list_del(&wait->link);
		free(wait);
	}
	free(*control);
	*control = NULL;
}
