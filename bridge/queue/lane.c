#include "bridge/queue/lane.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>

enum { RELOAD_MS = 1000 }; /* after a failed read or write of the database */

static void lane_to_ready(struct lane *lane)
{
	lane->state = LANE_READY;
	list_add_tail(&lane->kind->ready, &lane->link);
	queue_pump(lane->queue);
}

static void handle_due(void *arg)
{
	struct lane *lane = arg;

	assert(lane->state == LANE_PARKED);
	lane_to_ready(lane);
}

struct lane *lane_create(struct queue *queue, const char *name)
{
	struct lane *lane = xcalloc(1, sizeof(*lane));

	list_init(&lane->link);
	lane->queue = queue;
	lane->kind = &queue->kinds[(unsigned char)name[0] % LANE_KINDS];
	lane->name = xstrdup(name);
	lane->since_ms = loop_now_ms(queue->loop);
	timer_init(&lane->due, queue->loop, handle_due, lane);
	map_set(queue->lanes, name, lane);
	list_add_tail(&lane->kind->ready, &lane->link);
	return lane;
}

void lane_destroy(struct lane *lane)
{
	list_del(&lane->link);
	timer_stop(&lane->due);
	store_tx_cancel(&lane->busy);
	if (lane->job != NULL) {
		job_free(lane->job);
	}
	free(lane->name);
	free(lane);
}

static const struct flow_def *find_def(const struct queue *queue, const char *name)
{
	for (size_t i = 0; queue->defs[i] != NULL; i++) {
		if (str_equal(queue->defs[i]->name, name)) {
			return queue->defs[i];
		}
	}
	return NULL;
}

static unsigned find_step(const struct flow_def *def, const char *name)
{
	for (unsigned i = 0; def->steps[i].name != NULL; i++) {
		if (str_equal(def->steps[i].name, name)) {
			return i;
		}
	}
	return 0; /* not begun yet, or a step of another version: steps bear repetition */
}

static cJSON *parse_or_empty(const char *text)
{
	cJSON *value = json_parse(str_from(text), NULL);
	return value == NULL ? json_new() : value;
}

/* Columns: see INBOX_HEAD. */
static struct job *job_from_row(struct lane *lane, const struct store_result *row)
{
	struct job *job = xcalloc(1, sizeof(*job));
	const struct flow_def *def = find_def(lane->queue, store_text(row, 0, 2));

	job->lane = lane;
	job->id = store_int(row, 0, 0);
	job->key = xstrdup(store_text(row, 0, 1));
	job->payload = parse_or_empty(store_text(row, 0, 4));
	job->facts = parse_or_empty(store_text(row, 0, 5));
	job->flow = (struct flow){
	        .queue = lane->queue,
	        .app = lane->queue->app,
	        .def = def,
	        .key = job->key,
	        .lane = lane->name,
	        .payload = job->payload,
	        .received_ms = store_int(row, 0, 8),
	        .attempts = (unsigned)store_int(row, 0, 6),
	};
	if (def != NULL) {
		job->step = find_step(def, store_text(row, 0, 3));
		job->flow.state = xcalloc(1, def->state_size);
	}
	return job;
}

static void leave_active(struct lane *lane)
{
	assert(lane->kind->active > 0);
	lane->kind->active--;
	queue_pump(lane->queue);
}

void lane_step_aside(struct lane *lane)
{
	assert(lane->state == LANE_RUNNING);
	leave_active(lane);
}

/* There may be more active ones than are begun for as long as this one lasts. */
void lane_step_back(struct lane *lane)
{
	lane->kind->active++;
}

static void lane_reload(struct lane *lane, int64_t delay_ms)
{
	lane->state = LANE_PARKED;
	timer_start(&lane->due, delay_ms);
	leave_active(lane);
}

/* The first waiting job is known, or that there is none. */
static void take_head(struct lane *lane, const struct store_result *row)
{
	if (store_rows(row) == 0 && lane->more) {
		lane->more = false;
		lane_reload(lane, 0);
		return;
	}
	if (store_rows(row) == 0) {
		leave_active(lane);
		map_del(lane->queue->lanes, lane->name);
		lane_destroy(lane);
		return;
	}
	int64_t id = store_int(row, 0, 0);
	int64_t wait_ms = store_int(row, 0, 7) - loop_wall_ms(lane->queue->loop);
	if (wait_ms > 0 && id != lane->parked_id) {
		/* parked by an earlier life of this process */
		lane->parked_id = id;
		lane_reload(lane, wait_ms < LONGEST_PARK_MS ? wait_ms : LONGEST_PARK_MS);
		return;
	}
	if (lane->state == LANE_SAVING && !list_empty(&lane->kind->ready)) {
		lane_to_ready(lane); /* others have waited longer */
		leave_active(lane);
		return;
	}
	if (lane->queue->draining) {
		lane_reload(lane, RELOAD_MS); /* which never comes */
		return;
	}
	lane->job = job_from_row(lane, row);
	lane->state = LANE_RUNNING;
	job_run(lane->job);
}

static void submit_with_head(
        struct lane *lane, struct store_tx *tx, enum lane_state state);

/* The end of a job is refused for what it holds, and would be each time. The job itself
 * has done its work: it goes out of the way of the others. */
static void bury_job(struct lane *lane, const struct err *err)
{
	struct store_tx *tx = store_tx_create(lane->queue->store);

	store_tx_add(tx, STMT_INBOX_DEAD, "isi", lane->ending_id, err->msg,
	        loop_wall_ms(lane->queue->loop));
	lane->ending_id = 0;
	submit_with_head(lane, tx, LANE_SAVING);
}

static void handle_head(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct lane *lane = arg;

	lane->busy = NULL;
	if (err->kind == ERR_PERMANENT && lane->ending_id != 0) {
		log_error("job's end refused by the database", "lane=\"%s\" error=\"%s\"",
		        lane->name, err->msg);
		bury_job(lane, err);
		return;
	}
	lane->ending_id = 0;
	if (err->kind != ERR_NONE) {
		log_error("cannot read the inbox", "lane=\"%s\" error=\"%s\"", lane->name,
		        err->msg);
		lane_reload(lane, RELOAD_MS);
		return;
	}
	take_head(lane, results[lane->head_index]);
}

static void submit_with_head(
        struct lane *lane, struct store_tx *tx, enum lane_state state)
{
	lane->state = state;
	lane->more = false;
	lane->head_index = store_tx_count(tx);
	store_tx_add(tx, STMT_INBOX_HEAD, "s", lane->name);
	lane->busy = tx;
	store_tx_submit(tx, handle_head, lane);
}

void lane_begin(struct lane *lane)
{
	assert(lane->state == LANE_READY);
	list_del(&lane->link);
	lane->kind->active++;
	submit_with_head(lane, store_tx_create(lane->queue->store), LANE_LOADING);
}

void lane_finish_job(struct lane *lane, struct store_tx *tx)
{
	/* If this commit fails the job is read and run again: its steps bear repetition.
	 */
	lane->ending_id = lane->job->id;
	job_free(lane->job);
	lane->job = NULL;
	submit_with_head(lane, tx, LANE_SAVING);
}

static void handle_parked(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct lane *lane = arg;

	(void)results;
	lane->busy = NULL;
	if (err->kind != ERR_NONE) {
		log_error("cannot write to the inbox", "lane=\"%s\" error=\"%s\"",
		        lane->name, err->msg);
	}
	lane_reload(lane, lane->park_ms);
}

void lane_restart_job(struct lane *lane)
{
	job_free(lane->job);
	lane->job = NULL;
	lane_reload(lane, RELOAD_MS);
}

void lane_park_job(struct lane *lane, struct store_tx *tx, int64_t delay_ms)
{
	lane->parked_id = lane->job->id;
	job_free(lane->job);
	lane->job = NULL;
	lane->state = LANE_SAVING;
	lane->busy = tx;
	lane->park_ms = delay_ms;
	store_tx_submit(tx, handle_parked, lane);
}
