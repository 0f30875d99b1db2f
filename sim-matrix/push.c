#include "sim-matrix/push.h"

#include "lib/http_client.h"
#include "lib/mem.h"

#include "sim-matrix/as_ask.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/records.h"
#include "sim-matrix/sync.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	QUEUE_MAX = 1 << 20,
	EDUS_MAX = 100,
	TAKEN_KEPT = 2,
	BACKOFF_MAX = 9,
};

enum push_status {
	PUSH_IDLE,
	PUSH_RUNNING,
	PUSH_FAILED,   /* a batch waits to be sent again */
	PUSH_RETRYING, /* and is being sent again */
};

static const char *const status_names[] = {"idle", "running", "failed", "retrying"};

struct push {
	struct appservice *as;
	struct sim_matrix *sim;
	enum push_status status;
	struct event **heap; /* queued events: a binary heap by order_before() */
	size_t queued, heap_room;
	cJSON *edus;         /* queued beside them; NULL: none */
	struct list batches; /* struct batch::link; the first is in flight or failed */
	struct batch *taken[TAKEN_KEPT];
	struct http_req *req;
	struct timer retry;
	unsigned backoff;
	uint64_t next_txn;
	struct list odd;      /* push_odd.c's requests */
	struct as_ask *query; /* an unknown user is being asked for: all else waits */
};

/* ---- the queue ---- */

static bool order_before(
        const struct push *push, const struct event *a, const struct event *b)
{
	if (push->sim->profile->push_by_room && a->room != b->room) {
		return a->room->short_id < b->room->short_id;
	}
	return a->count < b->count;
}

static void heap_swap(struct push *push, size_t a, size_t b)
{
	struct event *event = push->heap[a];

	push->heap[a] = push->heap[b];
	push->heap[b] = event;
}

static void queue_add(struct push *push, struct event *event)
{
	size_t at = push->queued;

	if (push->queued == QUEUE_MAX) {
		cJSON *record = json_new();
		json_set_str(record, "kind", "push_overflow");
		json_set_str(record, "as", push->as->reg.id);
		records_emit(push->sim, record);
		return;
	}
	if (push->queued == push->heap_room) {
		push->heap_room = push->heap_room == 0 ? 64 : push->heap_room * 2;
		push->heap =
		        xrealloc(push->heap, push->heap_room * sizeof(push->heap[0]));
	}
	push->heap[push->queued++] = event;
	while (at > 0 && order_before(push, push->heap[at], push->heap[(at - 1) / 2])) {
		heap_swap(push, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static struct event *queue_take(struct push *push)
{
	struct event *event = push->heap[0];
	size_t at = 0;

	push->heap[0] = push->heap[--push->queued];
	for (;;) {
		size_t child = at * 2 + 1;
		if (child >= push->queued) {
			return event;
		}
		if (child + 1 < push->queued &&
		        order_before(push, push->heap[child + 1], push->heap[child])) {
			child++;
		}
		if (!order_before(push, push->heap[child], push->heap[at])) {
			return event;
		}
		heap_swap(push, at, child);
		at = child;
	}
}

/* ---- batches ---- */

static void batch_free(struct batch *batch)
{
	if (batch != NULL) {
		cJSON_Delete(batch->edus);
		free(batch->events);
		free(batch->txn_id);
		free(batch);
	}
}

static void put_be64(unsigned char *out, uint64_t value)
{
	for (int i = 0; i < 8; i++) {
		out[i] = (unsigned char)(value >> (56 - 8 * i));
	}
}

/* conduwuit's: the raw IDs of the events (room and place in the stream), joined by 0xFF,
 * hashed. The same batch always has the same ID. */
char *push_txn_id_of(struct event *const *events, size_t count)
{
	enum { RAW = 16, STEP = RAW + 1 };
	unsigned char *raw = xmalloc(count * STEP + 1);
	char *id;

	for (size_t i = 0; i < count; i++) {
		put_be64(raw + i * STEP, events[i]->room->short_id);
		put_be64(raw + i * STEP + 8, events[i]->count);
		raw[i * STEP + RAW] = 0xFF;
	}
	id = sha256_base64url(
	        (struct str){(const char *)raw, count == 0 ? 0 : count * STEP - 1});
	free(raw);
	return id;
}

static struct batch *batch_new(struct push *push, size_t room)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));

	batch->events = xcalloc(room + 1, sizeof(batch->events[0]));
	batch->edus = push->edus;
	push->edus = NULL;
	list_add_tail(&push->batches, &batch->link);
	return batch;
}

static void batch_name(struct push *push, struct batch *batch)
{
	batch->txn_id = push->sim->profile->push_counts
	                        ? xasprintf("%llu", (unsigned long long)++push->next_txn)
	                        : push_txn_id_of(batch->events, batch->count);
}

static bool batch_from_queue(struct push *push, size_t max)
{
	size_t count = push->queued < max ? push->queued : max;
	struct batch *batch;

	if (count == 0 && push->edus == NULL) {
		return false;
	}
	batch = batch_new(push, count);
	while (batch->count < count) {
		batch->events[batch->count++] = queue_take(push);
	}
	batch_name(push, batch);
	return true;
}

/* ---- the wire ---- */

static void add_invite_state(const struct event *event, cJSON *json)
{
	cJSON *more = cJSON_GetObjectItemCaseSensitive(json, "unsigned");

	if (more == NULL) {
		more = json_new();
		json_set(json, "unsigned", more);
	}
	json_set(more, "invite_room_state", invite_state(event));
}

static cJSON *event_for_appservice(
        const struct sim_matrix *sim, const struct event *event)
{
	static const char *const copied[] = {
	        "age", "prev_content", "replaces_state", "invite_room_state"};
	const struct profile *profile = sim->profile;
	cJSON *json = event_to_json(event, EVENT_FULL, profile->push_txn_id ? NULL : "");

	if (profile->push_age) {
		event_add_age(sim, event, json);
	}
	if (profile->push_invite_state && event->state_key != NULL &&
	        str_equal(content_str(event->content, "membership"), "invite")) {
		add_invite_state(event, json);
	}
	if (profile->push_legacy_fields) {
		const cJSON *more = content_obj(json, "unsigned");
		json_set_str(json, "user_id", event->sender);
		for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
			const cJSON *value = content_get(more, copied[i]);
			if (value != NULL) {
				json_set(json, copied[i], content_copy(value));
			}
		}
	}
	return json;
}

/* Synapse leaves no list out, empty or not. */
static void add_ephemeral(const struct batch *batch, cJSON *body)
{
	static const char *const names[] = {"ephemeral", "de.sorunome.msc2409.ephemeral"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_set(body, names[i],
		        batch->edus != NULL ? content_share(batch->edus)
		                            : cJSON_CreateArray());
	}
	json_set(body, "de.sorunome.msc2409.to_device", cJSON_CreateArray());
}

char *push_body(const struct push *push, const struct batch *batch)
{
	autojson cJSON *body = json_new();
	cJSON *events = cJSON_CreateArray();

	for (size_t i = 0; i < batch->count; i++) {
		cJSON_AddItemToArray(
		        events, event_for_appservice(push->sim, batch->events[i]));
	}
	json_set(body, "events", events);
	if (push->as->reg.receive_ephemeral && push->sim->profile->push_ephemeral) {
		add_ephemeral(batch, body);
	} else if (batch->edus != NULL) {
		json_set(body, "ephemeral", content_share(batch->edus));
		json_set(body, "de.sorunome.msc2409.ephemeral",
		        content_share(batch->edus));
	}
	return json_print(body);
}

void push_set_headers(
        const struct appservice *as, const char *hs_token, struct http_req *req)
{
	autofree char *bearer = xasprintf("Bearer %s", hs_token);

	http_req_set_header(req, "Authorization", bearer);
	if (as->sim->profile->push_accepts) {
		http_req_set_header(req, "Accept", "application/json");
	}
}

struct http_req *push_request(const struct appservice *as, const char *txn_id,
        const char *hs_token, const char *body)
{
	const struct profile *profile = as->sim->profile;
	size_t n = strlen(as->reg.url);
	bool slash = n > 0 && as->reg.url[n - 1] == '/';
	/* The token goes into the query as it is, unencoded: so does the real one's. */
	autofree char *url = xasprintf("%.*s/_matrix/app/v1/transactions/%s%s%s",
	        (int)(slash ? n - 1 : n), as->reg.url, txn_id,
	        profile->push_query_token ? "?access_token=" : "",
	        profile->push_query_token ? hs_token : "");
	struct http_req *req = http_req_create(as->sim->http, "PUT", url);

	push_set_headers(as, hs_token, req);
	http_req_set_body(req, "application/json", str_from(body));
	http_req_set_deadline(req, profile->push_timeout_ms);
	return req;
}

static struct batch *first_batch(const struct push *push)
{
	return list_empty(&push->batches)
	               ? NULL
	               : container_of(push->batches.next, struct batch, link);
}

static void report(struct push *push, const struct batch *batch, int status, bool taken)
{
	cJSON *record = json_new();

	json_set_str(record, "kind", "push");
	json_set_str(record, "push", batch->txn_id);
	json_set_str(record, "as", push->as->reg.id);
	json_set_int(record, "events", (int64_t)batch->count);
	json_set_int(record, "attempt", batch->attempts);
	json_set_int(record, "status", status);
	json_set_str(record, "result", taken ? "ok" : "failed");
	records_emit(push->sim, record);
}

static void keep_taken(struct push *push, struct batch *batch)
{
	list_del(&batch->link);
	batch_free(push->taken[TAKEN_KEPT - 1]);
	memmove(&push->taken[1], &push->taken[0],
	        (TAKEN_KEPT - 1) * sizeof(push->taken[0]));
	push->taken[0] = batch;
}

static void handle_answer(
        const struct http_reply *reply, const struct err *err, void *arg);

static void send_first(struct push *push, enum push_status status)
{
	struct batch *batch = first_batch(push);
	autofree char *body = NULL;

	assert(batch != NULL && push->req == NULL);
	push->status = status;
	batch->attempts++;
	body = push_body(push, batch);
	push->req = push_request(push->as, batch->txn_id, push->as->reg.hs_token, body);
	http_req_start(push->req, handle_answer, push);
}

static void after_taken(struct push *push)
{
	push->backoff = 0;
	if (!list_empty(&push->batches)) {
		send_first(
		        push, PUSH_RETRYING); /* stored while it was down: oldest first */
	} else if (batch_from_queue(push, push->sim->profile->push_batch)) {
		send_first(push, PUSH_RUNNING);
	} else {
		push->status = PUSH_IDLE;
	}
}

static void after_refused(struct push *push)
{
	push->status = PUSH_FAILED;
	if (push->sim->profile->push_retry_timer) {
		push->backoff += push->backoff < BACKOFF_MAX ? 1 : 0;
		timer_start(&push->retry, (int64_t)1000 << push->backoff);
	}
}

static void handle_answer(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct push *push = arg;
	struct batch *batch = first_batch(push);
	int status = reply != NULL ? reply->status : 0;
	bool taken = status >= 200 && status < 300;

	(void)err;
	push->req = NULL;
	report(push, batch, status, taken);
	if (taken) {
		keep_taken(push, batch);
		after_taken(push);
	} else {
		after_refused(push);
	}
}

static void handle_retry(void *arg)
{
	struct push *push = arg;

	if (push->status == PUSH_FAILED && !push->sim->is_down) {
		send_first(push, PUSH_RETRYING);
	}
}

/* ---- what comes in ---- */

static void poke(struct push *push)
{
	const struct profile *profile = push->sim->profile;

	if (push->query != NULL) {
		return;
	}
	switch (push->status) {
	case PUSH_IDLE:
		if (batch_from_queue(push, profile->push_batch)) {
			send_first(push, PUSH_RUNNING);
		}
		break;
	case PUSH_FAILED:
		if (profile->push_retry_timer) {
			batch_from_queue(push, profile->push_batch);
		} else {
			send_first(push, PUSH_RETRYING);
		}
		break;
	case PUSH_RETRYING:
		if (profile->push_retry_timer) {
			batch_from_queue(push, profile->push_batch);
		}
		break;
	case PUSH_RUNNING:
		break;
	}
}

/* Whatever the answer, the events go on their way. */
static void handle_query_answer(const cJSON *json, void *arg)
{
	struct push *push = arg;

	(void)json;
	push->query = NULL;
	poke(push);
}

/* Synapse asks for a user in the namespace whom it does not know, so that the appservice
 * may make them, before it sends the event that names them. */
static void ask_for_users(struct push *push, const struct event *event)
{
	const char *user_id =
	        event->state_key != NULL && strcmp(event->type, "m.room.member") == 0
	                ? event->state_key
	                : event->sender;
	autofree char *encoded = NULL, *path = NULL;

	if (!push->sim->profile->asks_for_users || push->query != NULL ||
	        user_find(push->sim, user_id) != NULL ||
	        strcmp(user_id, push->as->sender_id) == 0 ||
	        !appservice_owns_user(push->as, user_id)) {
		return;
	}
	encoded = url_encode(user_id);
	path = xasprintf("users/%s", encoded);
	push->query = as_ask_start(push->as, path, handle_query_answer, push);
}

void push_offer(struct push *push, struct event *event)
{
	if (!appservice_has_url(push->as)) {
		return; /* counts as delivered */
	}
	queue_add(push, event);
	ask_for_users(push, event);
	poke(push);
}

void push_offer_edu(struct push *push, cJSON *edu)
{
	if (!appservice_has_url(push->as)) {
		cJSON_Delete(edu);
		return;
	}
	if (push->edus == NULL) {
		push->edus = cJSON_CreateArray();
	}
	if (cJSON_GetArraySize(push->edus) >= EDUS_MAX) {
		cJSON_DeleteItemFromArray(push->edus, 0); /* newer ones tell more */
	}
	cJSON_AddItemToArray(push->edus, edu);
	poke(push);
}

/* ---- start and stop ---- */

void push_stop(struct push *push)
{
	http_req_cancel(&push->req);
	as_ask_cancel(&push->query);
	push_odd_cancel_all(push);
	timer_stop(&push->retry);
	push->status = list_empty(&push->batches) ? PUSH_IDLE : PUSH_FAILED;
}

void push_start(struct push *push)
{
	if (list_empty(&push->batches)) {
		return; /* what is queued waits for the next event */
	}
	if (push->sim->profile->push_retry_timer) {
		push->backoff = 0;
		after_refused(push);
	} else {
		send_first(push, PUSH_RUNNING);
	}
}

struct push *push_create(struct appservice *as)
{
	struct push *push = xcalloc(1, sizeof(*push));

	push->as = as;
	push->sim = as->sim;
	list_init(&push->batches);
	list_init(&push->odd);
	timer_init(&push->retry, as->sim->loop, handle_retry, push);
	return push;
}

void push_destroy(struct push **push_ptr)
{
	struct push *push = *push_ptr;

	if (push == NULL) {
		return;
	}
	push_stop(push);
	list_for_each(it, &push->batches)
	{
		list_del(it);
		batch_free(container_of(it, struct batch, link));
	}
	for (size_t i = 0; i < TAKEN_KEPT; i++) {
		batch_free(push->taken[i]);
	}
	cJSON_Delete(push->edus);
	free(push->heap);
	free(push);
	*push_ptr = NULL;
}

/* ---- looking ---- */

static void add_sentence(cJSON *sentences, char *text)
{
	cJSON_AddItemToArray(sentences, cJSON_CreateString(text));
	free(text);
}

void push_pending(const struct push *push, cJSON *sentences)
{
	const struct batch *batch = first_batch(push);
	const char *id = push->as->reg.id;
	bool moving = push->req != NULL || timer_active(&push->retry);

	if (push->req != NULL && batch != NULL) {
		add_sentence(sentences,
		        xasprintf(
		                "appservice %s: transaction %s of %zu events is in flight",
		                id, batch->txn_id, batch->count));
	} else if (moving && batch != NULL) {
		add_sentence(sentences,
		        xasprintf(
		                "appservice %s: transaction %s of %zu events waits for its retry",
		                id, batch->txn_id, batch->count));
	}
	if (moving && push->queued > 0) {
		add_sentence(sentences, xasprintf("appservice %s: %zu events are queued",
		                                id, push->queued));
	}
	if (!list_empty(&push->odd)) {
		add_sentence(sentences,
		        xasprintf("appservice %s: an odd transaction is in flight", id));
	}
}

cJSON *push_to_json(const struct push *push)
{
	const struct batch *batch = first_batch(push);
	cJSON *json = json_new();

	json_set_str(json, "status", status_names[push->status]);
	json_set_int(json, "queued", (int64_t)push->queued);
	json_set_str(json, "txn", batch != NULL ? batch->txn_id : NULL);
	json_set_int(json, "attempts", batch != NULL ? batch->attempts : 0);
	return json;
}

const struct batch *push_taken(const struct push *push, size_t index)
{
	return index < TAKEN_KEPT ? push->taken[index] : NULL;
}

struct list *push_odd_list(struct push *push)
{
	return &push->odd;
}

struct appservice *push_appservice(const struct push *push)
{
	return push->as;
}
