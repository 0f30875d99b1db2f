#include "sim-slack/envelopes.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/event_rate.h"
#include "sim-slack/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ATTEMPTS = 4,
	WAITING_MAX = 30000, /* the Events API's limit for an hour */
	SENT_MAX = 4096,     /* envelopes remembered for late acknowledgements */
};

/* One event on its way. */
struct delivery {
	struct list link; /* envelopes::waiting, in the order of happening */
	struct envelopes *owner;
	struct timer timer; /* its next attempt, or the deadline of the one that is out */
	char event_id[EVENT_ID_SIZE];
	char *payload;
	cJSON *record; /* what each record about it says */
	unsigned attempt;
	bool out;
	bool held;                 /* withheld on purpose */
	struct envelope_once once; /* type NULL: an event */
	char envelope_id[UUID_SIZE];
	struct sent *sent; /* the envelope that is out; NULL if there is none */
};

/* One envelope that was sent, acknowledged or not. */
struct sent {
	struct list link; /* envelopes::sent, oldest first */
	char envelope_id[UUID_SIZE];
	char event_id[EVENT_ID_SIZE];
	unsigned attempt;
	unsigned conn;
	unsigned again_conn; /* the verb repeated it there; 0: nowhere */
	int64_t at_ms;
	bool acknowledged;
	struct delivery *delivery; /* NULL once its deadline has passed */
};

struct envelopes {
	struct sim_slack *sim;
	struct list waiting; /* delivery::link */
	size_t waiting_count;
	struct list sent; /* sent::link */
	struct map *sent_by_id;
	char *last_frame;
	/* What was sent last: as long as it is still on its way, and afterwards. */
	const struct delivery *last;
	cJSON *last_record;
	unsigned drop_frames, drop_acks, delay_times, hold_times;
	bool reorder;
	int64_t delay_ms;
	struct event_rate rate;
};

struct envelopes *envelopes_create(struct sim_slack *sim)
{
	struct envelopes *envelopes = xcalloc(1, sizeof(*envelopes));

	envelopes->sim = sim;
	list_init(&envelopes->waiting);
	list_init(&envelopes->sent);
	envelopes->sent_by_id = map_create();
	return envelopes;
}

static void part_from_sent(struct delivery *delivery)
{
	if (delivery->sent) {
		delivery->sent->delivery = NULL;
		delivery->sent = NULL;
	}
}

static void forget_last(struct envelopes *envelopes)
{
	cJSON_Delete(envelopes->last_record);
	envelopes->last_record = NULL;
	envelopes->last = NULL;
}

static void delivery_free(struct delivery *delivery)
{
	struct envelopes *envelopes = delivery->owner;

	part_from_sent(delivery);
	timer_stop(&delivery->timer);
	list_del(&delivery->link);
	delivery->owner->waiting_count--;
	if (delivery->once.forget) {
		delivery->once.forget(delivery->once.arg);
	}
	free(delivery->payload);
	if (envelopes->last == delivery) {
		envelopes->last = NULL;
		envelopes->last_record = delivery->record;
	} else {
		cJSON_Delete(delivery->record);
	}
	free(delivery);
}

static void forget_sent(struct envelopes *envelopes, struct sent *sent)
{
	if (map_get(envelopes->sent_by_id, sent->envelope_id) == sent) {
		map_del(envelopes->sent_by_id, sent->envelope_id);
	}
	if (sent->delivery) {
		part_from_sent(sent->delivery);
	}
	list_del(&sent->link);
	free(sent);
}

void envelopes_destroy(struct envelopes **envelopes)
{
	struct envelopes *it = *envelopes;

	if (!it) {
		return;
	}
	list_for_each(link, &it->waiting)
	{
		delivery_free(container_of(link, struct delivery, link));
	}
	list_for_each(link, &it->sent)
	{
		forget_sent(it, container_of(link, struct sent, link));
	}
	map_destroy(&it->sent_by_id, NULL);
	free(it->last_frame);
	cJSON_Delete(it->last_record);
	free(it);
	*envelopes = NULL;
}

/* ---- sending ---- */

/* The record is kept and only added to: one for each attempt would cost more than the
 * envelope. */
static void report(struct delivery *delivery, const char *kind, unsigned conn)
{
	cJSON *record = delivery->record;

	json_set_str(record, "envelope", delivery->envelope_id);
	json_set_int(record, "attempt", delivery->attempt);
	cJSON_DeleteItemFromObjectCaseSensitive(record, "conn");
	if (conn) {
		json_set_int(record, "conn", conn);
	}
	if (!str_equal(kind, "envelope")) {
		json_set_str(record, "kind", kind);
	}
	sim_report_kept(delivery->owner->sim, record);
	if (!str_equal(kind, "envelope")) {
		json_set_str(record, "kind", "envelope");
	}
}

static void remember(struct delivery *delivery, unsigned conn)
{
	struct envelopes *envelopes = delivery->owner;
	struct sent *sent = xcalloc(1, sizeof(*sent));

	memcpy(sent->envelope_id, delivery->envelope_id, UUID_SIZE);
	memcpy(sent->event_id, delivery->event_id, EVENT_ID_SIZE);
	sent->attempt = delivery->attempt;
	sent->conn = conn;
	sent->at_ms = loop_now_ms(envelopes->sim->loop);
	sent->delivery = delivery;
	delivery->sent = sent;
	list_add_tail(&envelopes->sent, &sent->link);
	map_set(envelopes->sent_by_id, sent->envelope_id, sent);
	if (map_count(envelopes->sent_by_id) > SENT_MAX) {
		forget_sent(
		        envelopes, container_of(envelopes->sent.next, struct sent, link));
	}
}

/* The order of keys is the recorded one: the payload comes before the type. */
static char *frame_of(const struct delivery *delivery)
{
	if (delivery->once.type) {
		return xasprintf("{\"envelope_id\":\"%s\",\"payload\":%s,\"type\":\"%s\","
		                 "\"accepts_response_payload\":%s}",
		        delivery->envelope_id, delivery->payload, delivery->once.type,
		        delivery->once.accepts ? "true" : "false");
	}
	return xasprintf("{\"envelope_id\":\"%s\",\"payload\":%s,\"type\":\"events_api\","
	                 "\"accepts_response_payload\":false,\"retry_attempt\":%u,"
	                 "\"retry_reason\":\"%s\"}",
	        delivery->envelope_id, delivery->payload, delivery->attempt,
	        delivery->attempt ? "timeout" : "");
}

static void attempt(struct delivery *delivery)
{
	struct envelopes *envelopes = delivery->owner;
	struct sim_slack *sim = envelopes->sim;
	struct socket *socket = sockets_pick(sim->sockets);
	unsigned conn = socket ? socket_number(socket) : 0;

	if (delivery->attempt == 0 || sim->knobs.retry_new_envelope_id) {
		ids_uuid(&sim->ids.names, delivery->envelope_id);
	}
	delivery->out = true;
	timer_start(&delivery->timer, sim->knobs.ack_deadline);
	if (!socket) {
		report(delivery, "undelivered", 0);
		return;
	}
	free(envelopes->last_frame);
	envelopes->last_frame = frame_of(delivery);
	remember(delivery, conn);
	report(delivery, "envelope", conn);
	forget_last(envelopes);
	envelopes->last = delivery;
	if (envelopes->drop_frames) {
		envelopes->drop_frames--;
		return;
	}
	socket_send(socket, str_from(envelopes->last_frame));
}

/* The one way an interaction ends. */
static void finish_once(
        struct delivery *delivery, bool acknowledged, const cJSON *response)
{
	struct envelope_once once = delivery->once;

	delivery->once.forget = NULL;
	delivery_free(delivery);
	once.done(acknowledged, once.accepts ? response : NULL, once.arg);
}

static void give_up_or_retry(struct delivery *delivery)
{
	const struct knobs *knobs = &delivery->owner->sim->knobs;
	const int64_t wait_ms[ATTEMPTS] = {
	        0, knobs->retry_1, knobs->retry_2, knobs->retry_3};

	delivery->out = false;
	part_from_sent(delivery);
	if (delivery->once.type) {
		report(delivery, "lost", 0);
		finish_once(delivery, false, NULL);
		return;
	}
	if (delivery->attempt + 1 == ATTEMPTS) {
		report(delivery, "lost", 0);
		delivery_free(delivery);
		return;
	}
	delivery->attempt++;
	timer_start(&delivery->timer, wait_ms[delivery->attempt]);
}

static void handle_timer(void *arg)
{
	struct delivery *delivery = arg;

	if (delivery->out) {
		give_up_or_retry(delivery);
	} else {
		attempt(delivery);
	}
}

static struct delivery *delivery_create(
        struct envelopes *envelopes, const char *event_id, char *payload, cJSON *record)
{
	struct delivery *delivery = xcalloc(1, sizeof(*delivery));

	delivery->owner = envelopes;
	timer_init(&delivery->timer, envelopes->sim->loop, handle_timer, delivery);
	snprintf(delivery->event_id, EVENT_ID_SIZE, "%s", event_id);
	delivery->payload = payload;
	delivery->record = record;
	list_add_tail(&envelopes->waiting, &delivery->link);
	envelopes->waiting_count++;
	return delivery;
}

static void dispatch(struct delivery *delivery)
{
	struct envelopes *envelopes = delivery->owner;
	int64_t delay_ms = envelopes->sim->knobs.event_delay;

	if (envelopes->hold_times) {
		delivery->held = true;
		if (--envelopes->hold_times == 0 && envelopes->reorder) {
			envelopes_release(envelopes, true);
		}
		return;
	}
	if (envelopes->delay_times) {
		envelopes->delay_times--;
		delay_ms += envelopes->delay_ms;
	}
	timer_start(&delivery->timer, delay_ms);
}

static void send_event(struct envelopes *envelopes, const char *event_id, cJSON *record,
        const cJSON *payload)
{
	struct delivery *delivery =
	        delivery_create(envelopes, event_id, json_print(payload), record);

	if (envelopes->waiting_count > WAITING_MAX) {
		report(delivery, "lost", 0);
		delivery_free(delivery);
		return;
	}
	dispatch(delivery);
}

/* Bypasses the wrapper that other events have (reference, 2.1). */
static void say_rate_limited(struct envelopes *envelopes)
{
	struct sim_slack *sim = envelopes->sim;
	int64_t now_s = sim_now_s(sim);
	autojson cJSON *payload =
	        json_set_str(json_new(), "token", sim->app.verification);
	cJSON *record = json_set_str(sim_record("envelope", NULL), "type", "events_api");

	json_set_str(payload, "type", "app_rate_limited");
	json_set_str(payload, "team_id", sim->ws.team_id);
	json_set_int(payload, "minute_rate_limited", now_s - now_s % 60);
	json_set_str(payload, "api_app_id", sim->app.id);
	json_set_str(record, "event", "app_rate_limited");
	send_event(envelopes, "", record, payload);
}

/* False: one too many in this hour, dropped. */
static bool within_rate(struct envelopes *envelopes, cJSON *record)
{
	struct sim_slack *sim = envelopes->sim;
	bool first = false;

	if (sim->knobs.events_per_hour == 0 ||
	        event_rate_take(&envelopes->rate, sim_now_s(sim),
	                sim->knobs.events_per_hour, &first)) {
		return true;
	}
	if (first) {
		say_rate_limited(envelopes);
	}
	json_set_str(record, "kind", "rate_limited");
	sim_report(sim, record);
	return false;
}

void envelopes_send(struct envelopes *envelopes, const struct channel *channel,
        const char *event_id, const cJSON *payload)
{
	cJSON *record = sim_record("envelope", channel);

	json_set_str(record, "type", "events_api");
	json_set_str(record, "event", json_str(payload, "event.type"));
	json_set_str(record, "subtype", json_str(payload, "event.subtype"));
	json_set_str(record, "event_id", event_id);
	json_set_str(record, "text", json_str(payload, "event.text"));
	if (within_rate(envelopes, record)) {
		send_event(envelopes, event_id, record, payload);
	}
}

void envelopes_send_once(struct envelopes *envelopes, const struct envelope_once *once)
{
	struct delivery *delivery =
	        delivery_create(envelopes, "", json_print(once->payload), once->record);

	json_set_str(delivery->record, "type", once->type);
	cJSON_Delete(once->payload);
	delivery->once = *once;
	delivery->once.payload = NULL;
	delivery->once.record = NULL;
	if (envelopes->waiting_count > WAITING_MAX) {
		report(delivery, "lost", 0);
		finish_once(delivery, false, NULL);
		return;
	}
	dispatch(delivery);
}

/* ---- acknowledgements ---- */

/* What a client said, as far as it was heard. */
struct ack {
	unsigned conn;
	const char *envelope_id;
	const cJSON *payload;
};

static void report_ack(struct envelopes *envelopes, const struct ack *ack,
        const struct sent *sent, const char *but)
{
	cJSON *record = json_set_str(sim_record("ack", NULL), "acked", ack->envelope_id);

	json_set_int(record, "conn", ack->conn);
	if (sent) {
		int64_t now_ms = loop_now_ms(envelopes->sim->loop);

		if (sent->event_id[0]) {
			json_set_str(record, "event_id", sent->event_id);
		}
		json_set_int(record, "attempt", sent->attempt);
		json_set_int(record, "after_ms", now_ms - sent->at_ms);
	}
	if (ack->payload && ack->payload->child) {
		json_set(record, "payload", cJSON_Duplicate(ack->payload, true));
	}
	json_set_bool(record, "late", str_equal(but, "late"));
	if (but && !str_equal(but, "late")) {
		json_set_bool(record, but, true);
	}
	sim_report(envelopes->sim, record);
}

/* What is wrong with it, or NULL. */
static const char *ack_fault(
        struct envelopes *envelopes, const struct ack *ack, const struct sent *sent)
{
	if (!sent) {
		return "unknown";
	}
	if (envelopes->drop_acks) {
		envelopes->drop_acks--;
		return "dropped";
	}
	if (ack->conn != sent->conn && ack->conn != sent->again_conn &&
	        !envelopes->sim->knobs.ack_any_socket) {
		return "wrong_conn";
	}
	if (sent->acknowledged) {
		return "repeated";
	}
	return sent->delivery ? NULL : "late";
}

void envelopes_acknowledge(struct envelopes *envelopes, unsigned conn,
        const char *envelope_id, const cJSON *payload)
{
	struct sent *sent = map_get(envelopes->sent_by_id, envelope_id);
	const struct ack ack = {conn, envelope_id, payload};
	const char *but = ack_fault(envelopes, &ack, sent);

	if (sent && (!but || str_equal(but, "late"))) {
		sent->acknowledged = true;
	}
	report_ack(envelopes, &ack, sent, but);
	if (but) {
		return;
	}
	if (sent->delivery->once.type) {
		finish_once(sent->delivery, true, payload);
	} else {
		delivery_free(sent->delivery);
	}
}

/* ---- faults ---- */

void envelopes_drop_frames(struct envelopes *envelopes, unsigned times)
{
	envelopes->drop_frames = times;
}

void envelopes_drop_acks(struct envelopes *envelopes, unsigned times)
{
	envelopes->drop_acks = times;
}

void envelopes_delay(struct envelopes *envelopes, unsigned times, int64_t delay_ms)
{
	envelopes->delay_times = times;
	envelopes->delay_ms = delay_ms;
}

void envelopes_withhold(struct envelopes *envelopes, unsigned times, bool reorder)
{
	envelopes->hold_times = times;
	envelopes->reorder = reorder;
}

void envelopes_release(struct envelopes *envelopes, bool reverse)
{
	struct list *head = &envelopes->waiting;

	envelopes->hold_times = 0;
	for (struct list *it = reverse ? head->prev : head->next; it != head;
	        it = reverse ? it->prev : it->next) {
		struct delivery *delivery = container_of(it, struct delivery, link);

		if (delivery->held) {
			delivery->held = false;
			timer_start(&delivery->timer, 0);
		}
	}
}

bool envelopes_repeat_last(struct envelopes *envelopes, unsigned conn)
{
	struct socket *socket = conn ? sockets_find(envelopes->sim->sockets, conn)
	                             : sockets_pick(envelopes->sim->sockets);
	cJSON *record;

	if (!envelopes->last_frame || (conn && !socket)) {
		return false;
	}
	record = cJSON_Duplicate(
	        envelopes->last ? envelopes->last->record : envelopes->last_record, true);
	json_set_bool(record, "duplicate", true);
	cJSON_DeleteItemFromObjectCaseSensitive(record, "conn");
	if (!socket) {
		json_set_str(record, "kind", "undelivered");
		sim_report(envelopes->sim, record);
		return true;
	}
	json_set_int(record, "conn", socket_number(socket));
	struct sent *sent =
	        map_get(envelopes->sent_by_id, json_str_or(record, "envelope", ""));
	if (sent) {
		sent->again_conn = socket_number(socket);
	}
	sim_report(envelopes->sim, record);
	socket_send(socket, str_from(envelopes->last_frame));
	return true;
}

void envelopes_pending(const struct envelopes *envelopes, cJSON *sentences)
{
	list_for_each(link, &envelopes->waiting)
	{
		const struct delivery *delivery =
		        container_of(link, struct delivery, link);
		autofree char *text =
		        xasprintf("event %s (%s in %s) %s attempt %u", delivery->event_id,
		                json_str_or(delivery->record, "event",
		                        json_str_or(delivery->record, "type", "?")),
		                json_str_or(delivery->record, "in", "the workspace"),
		                delivery->held  ? "is withheld before"
		                : delivery->out ? "waits for the acknowledgement of"
		                                : "waits for",
		                delivery->attempt);

		cJSON_AddItemToArray(sentences, cJSON_CreateString(text));
	}
}
