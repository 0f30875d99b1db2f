#include "sim-slack/envelopes.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"
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
	cJSON *last_record;
	unsigned drop_frames, drop_acks, delay_times;
	int64_t delay_ms;
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

static void delivery_free(struct delivery *delivery)
{
	part_from_sent(delivery);
	timer_stop(&delivery->timer);
	list_del(&delivery->link);
	delivery->owner->waiting_count--;
	free(delivery->payload);
	cJSON_Delete(delivery->record);
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

static void report(const struct delivery *delivery, const char *kind, unsigned conn)
{
	cJSON *record = cJSON_Duplicate(delivery->record, true);

	if (!str_equal(kind, "envelope")) {
		json_set_str(record, "kind", kind);
	}
	json_set_str(record, "envelope", delivery->envelope_id);
	json_set_int(record, "attempt", delivery->attempt);
	if (conn) {
		json_set_int(record, "conn", conn);
	}
	sim_report(delivery->owner->sim, record);
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
	cJSON_Delete(envelopes->last_record);
	envelopes->last_record = cJSON_Duplicate(delivery->record, true);
	json_set_str(envelopes->last_record, "envelope", delivery->envelope_id);
	json_set_int(envelopes->last_record, "attempt", delivery->attempt);
	if (envelopes->drop_frames) {
		envelopes->drop_frames--;
		return;
	}
	socket_send(socket, str_from(envelopes->last_frame));
}

static void give_up_or_retry(struct delivery *delivery)
{
	const struct knobs *knobs = &delivery->owner->sim->knobs;
	const int64_t wait_ms[ATTEMPTS] = {
	        0, knobs->retry_1, knobs->retry_2, knobs->retry_3};

	delivery->out = false;
	part_from_sent(delivery);
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

void envelopes_send(struct envelopes *envelopes, const struct channel *channel,
        const char *event_id, const cJSON *payload)
{
	struct sim_slack *sim = envelopes->sim;
	struct delivery *delivery = xcalloc(1, sizeof(*delivery));
	int64_t delay_ms = sim->knobs.event_delay;

	delivery->owner = envelopes;
	timer_init(&delivery->timer, sim->loop, handle_timer, delivery);
	snprintf(delivery->event_id, EVENT_ID_SIZE, "%s", event_id);
	delivery->payload = json_print(payload);
	delivery->record = sim_record("envelope", channel);
	json_set_str(delivery->record, "type", "events_api");
	json_set_str(delivery->record, "event", json_str(payload, "event.type"));
	json_set_str(delivery->record, "subtype", json_str(payload, "event.subtype"));
	json_set_str(delivery->record, "event_id", event_id);
	json_set_str(delivery->record, "text", json_str(payload, "event.text"));
	list_add_tail(&envelopes->waiting, &delivery->link);
	envelopes->waiting_count++;
	if (envelopes->waiting_count > WAITING_MAX) {
		report(delivery, "lost", 0);
		delivery_free(delivery);
		return;
	}
	if (envelopes->delay_times) {
		envelopes->delay_times--;
		delay_ms += envelopes->delay_ms;
	}
	timer_start(&delivery->timer, delay_ms);
}

/* ---- acknowledgements ---- */

static void report_ack(struct envelopes *envelopes, unsigned conn,
        const char *envelope_id, const struct sent *sent, const char *but)
{
	cJSON *record = json_set_str(sim_record("ack", NULL), "acked", envelope_id);

	json_set_int(record, "conn", conn);
	if (sent) {
		int64_t now_ms = loop_now_ms(envelopes->sim->loop);

		json_set_str(record, "event_id", sent->event_id);
		json_set_int(record, "attempt", sent->attempt);
		json_set_int(record, "after_ms", now_ms - sent->at_ms);
	}
	json_set_bool(record, "late", str_equal(but, "late"));
	if (but && !str_equal(but, "late")) {
		json_set_bool(record, but, true);
	}
	sim_report(envelopes->sim, record);
}

void envelopes_acknowledge(
        struct envelopes *envelopes, unsigned conn, const char *envelope_id)
{
	struct sent *sent = map_get(envelopes->sent_by_id, envelope_id);

	if (!sent) {
		report_ack(envelopes, conn, envelope_id, NULL, "unknown");
	} else if (envelopes->drop_acks) {
		envelopes->drop_acks--;
		report_ack(envelopes, conn, envelope_id, sent, "dropped");
	} else if (conn != sent->conn && !envelopes->sim->knobs.ack_any_socket) {
		report_ack(envelopes, conn, envelope_id, sent, "wrong_conn");
	} else if (sent->acknowledged) {
		report_ack(envelopes, conn, envelope_id, sent, "repeated");
	} else if (!sent->delivery) {
		sent->acknowledged = true;
		report_ack(envelopes, conn, envelope_id, sent, "late");
	} else {
		sent->acknowledged = true;
		report_ack(envelopes, conn, envelope_id, sent, NULL);
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

bool envelopes_repeat_last(struct envelopes *envelopes, unsigned conn)
{
	struct socket *socket = conn ? sockets_find(envelopes->sim->sockets, conn)
	                             : sockets_pick(envelopes->sim->sockets);
	cJSON *record;

	if (!envelopes->last_frame || !socket) {
		return false;
	}
	record = cJSON_Duplicate(envelopes->last_record, true);
	json_set_int(record, "conn", socket_number(socket));
	json_set_bool(record, "duplicate", true);
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
		autofree char *text = xasprintf("event %s (%s in %s) %s attempt %u",
		        delivery->event_id, json_str_or(delivery->record, "event", "?"),
		        json_str_or(delivery->record, "in", "the workspace"),
		        delivery->out ? "waits for the acknowledgement of" : "waits for",
		        delivery->attempt);

		cJSON_AddItemToArray(sentences, cJSON_CreateString(text));
	}
}
