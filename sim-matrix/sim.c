#include "sim-matrix/sim.h"

#include "lib/http_client.h"
#include "lib/mem.h"

#include "sim-matrix/admin_room.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/as_ask.h"
#include "sim-matrix/call.h"
#include "sim-matrix/face.h"
#include "sim-matrix/login_tokens.h"
#include "sim-matrix/media.h"
#include "sim-matrix/people.h"
#include "sim-matrix/push.h"
#include "sim-matrix/records.h"
#include "sim-matrix/sync_wait.h"
#include "sim-matrix/txns.h"
#include "sim-matrix/uia.h"

#include <stdlib.h>

static const char default_server_name[] = "sim.test";

/* ---- down and up ---- */

void sim_go_down(struct sim_matrix *sim, bool refuse)
{
	timer_stop(&sim->start_timer);
	if (sim->is_down) {
		return;
	}
	sim->is_down = true;
	list_for_each(it, &sim->appservices)
	{
		push_stop(container_of(it, struct appservice, link)->push);
	}
	calls_reset_all(sim);
	if (refuse) {
		face_close(sim->face);
	}
	records_server(sim, "down");
}

static void start(void *arg)
{
	struct sim_matrix *sim = arg;
	struct err err = ERR_INIT;

	if (!sim->is_down) {
		return;
	}
	if (!face_open(sim->face, &err)) {
		records_server(sim, "cannot listen");
		return;
	}
	sim->is_down = false;
	records_server(sim, "up");
	list_for_each(it, &sim->appservices)
	{
		push_start(container_of(it, struct appservice, link)->push);
	}
}

void sim_come_up(struct sim_matrix *sim, int64_t for_ms)
{
	if (for_ms > 0) {
		timer_start(&sim->start_timer, for_ms);
	} else {
		timer_stop(&sim->start_timer);
		start(sim);
	}
}

/* ---- ends ---- */

static struct http_client *make_client(struct sim_matrix *sim)
{
	autofree char *agent =
	        xasprintf("%s/%s", sim->profile->software, sim->profile->version);
	struct http_client_options options = {.user_agent = agent};

	return http_client_create(sim->loop, &options);
}

struct sim_matrix *sim_matrix_create(
        struct loop *loop, const struct sim_matrix_options *opts, struct err *err)
{
	const struct profile *profile = profile_find(opts->profile);
	struct sim_matrix *sim;

	if (profile == NULL) {
		err_set(err, ERR_PERMANENT, 0,
		        "there is no profile %s: conduwuit, synapse or spec",
		        opts->profile);
		return NULL;
	}
	sim = xcalloc(1, sizeof(*sim));
	sim->loop = loop;
	sim->profile = profile;
	sim->upload_max =
	        opts->upload_max_bytes > 0 ? opts->upload_max_bytes : profile->upload_max;
	sim->seed = opts->seed;
	sim->server_name = xstrdup(
	        opts->server_name != NULL ? opts->server_name : default_server_name);
	rand_seed(&sim->rand, opts->seed);
	timer_init(&sim->sync_timer, loop, sync_wake_all, sim);
	timer_init(&sim->start_timer, loop, start, sim);
	state_init(sim);
	txns_init(sim);
	media_init(sim);
	uia_init(sim);
	as_asks_init(sim);
	login_tokens_init(sim);
	sim->faults = faults_create();
	sim->people = people_create(sim);
	sim->records = records_create(opts->tap, opts->tap_arg, opts->control);
	sim->http = make_client(sim);
	admin_room_create(sim);
	sim->face = face_create(sim, opts, err);
	if (sim->face == NULL) {
		sim_matrix_destroy(&sim);
		return NULL;
	}
	sim->url = face_url(sim->face);
	sim->booted = true;
	return sim;
}

void sim_matrix_destroy(struct sim_matrix **sim_ptr)
{
	struct sim_matrix *sim = *sim_ptr;

	if (sim == NULL) {
		return;
	}
	sim->booted = false;
	timer_stop(&sim->sync_timer);
	timer_stop(&sim->start_timer);
	calls_reset_all(sim);
	face_destroy(&sim->face);
	appservices_finish(sim);
	people_destroy(&sim->people);
	as_asks_finish(sim);
	http_client_destroy(&sim->http);
	faults_destroy(&sim->faults);
	txns_finish(sim);
	media_finish(sim);
	uia_finish(sim);
	login_tokens_finish(sim);
	state_finish(sim);
	records_destroy(&sim->records);
	free(sim->server_name);
	free(sim->url);
	free(sim);
	*sim_ptr = NULL;
}

const char *sim_matrix_url(const struct sim_matrix *sim)
{
	return sim->url;
}

const char *sim_matrix_server_name(const struct sim_matrix *sim)
{
	return sim->server_name;
}

/* ---- looking ---- */

cJSON *sim_matrix_pending(const struct sim_matrix *sim)
{
	cJSON *sentences = cJSON_CreateArray();

	list_for_each(it, &sim->appservices)
	{
		push_pending(container_of(it, struct appservice, link)->push, sentences);
	}
	people_pending(sim, sentences);
	calls_pending(sim, sentences);
	if (timer_active(&sim->start_timer)) {
		cJSON_AddItemToArray(sentences,
		        cJSON_CreateString("the homeserver is about to start"));
	}
	return sentences;
}

cJSON *sim_matrix_secrets(const struct sim_matrix *sim)
{
	cJSON *secrets = cJSON_CreateArray();
	const char *token;

	for (size_t i = 0; map_next(sim->tokens, &i, &token, NULL);) {
		cJSON_AddItemToArray(secrets, cJSON_CreateString(token));
	}
	list_for_each(it, &sim->appservices)
	{
		const struct appservice *as = container_of(it, struct appservice, link);
		cJSON_AddItemToArray(secrets, cJSON_CreateString(as->reg.as_token));
		cJSON_AddItemToArray(secrets, cJSON_CreateString(as->reg.hs_token));
	}
	return secrets;
}
