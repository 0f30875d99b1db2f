#include "sim-matrix/verbs.h"

#include "sim-matrix/appservice.h"
#include "sim-matrix/faults.h"
#include "sim-matrix/push.h"
#include "sim-matrix/sim.h"

#include <string.h>

bool verb_answer(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;

	(void)result;
	return faults_add(sim->faults, args, err);
}

bool verb_down(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	int64_t for_ms = json_int(args, "for", 0);

	(void)result;
	(void)err;
	sim_go_down(sim, strcmp(json_str_or(args, "how", "refused"), "refused") == 0);
	if (for_ms > 0) {
		sim_come_up(sim, for_ms);
	}
	return true;
}

bool verb_up(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;

	(void)args;
	(void)result;
	sim_come_up(sim, 0);
	return !sim->is_down ||
	       err_set(err, ERR_PERMANENT, 0, "the port cannot be opened again");
}

bool verb_restart(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;

	(void)args;
	(void)result;
	(void)err;
	sim_go_down(sim, false);
	sim_come_up(sim, 0);
	return true;
}

bool verb_limit_uploads(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	int64_t bytes = json_int(args, "bytes", 0);

	(void)result;
	if (bytes < 1) {
		return err_set(err, ERR_PERMANENT, 0, "an upload has at least a byte");
	}
	sim->upload_max = (size_t)bytes;
	return true;
}

bool verb_limit_rate(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	int64_t burst = json_int(args, "burst", 0);
	int64_t every = json_int(args, "one_each", 0);

	(void)result;
	if (burst < 0 || burst > INT32_MAX || every < 0 || (burst > 0 && every == 0)) {
		return err_set(err, ERR_PERMANENT, 0,
		        "so many at once, and a time in which one more is allowed");
	}
	sim->rate_burst = burst;
	sim->rate_every_ms = every;
	sim->rate_all = json_bool(args, "all", false);
	return true;
}

bool verb_push(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	const char *to = json_str(args, "to");
	struct appservice *as = NULL;

	(void)result;
	if (to != NULL) {
		as = appservice_find(sim, to);
	} else if (!list_empty(&sim->appservices)) {
		as = container_of(sim->appservices.next, struct appservice, link);
	}
	if (as == NULL) {
		return err_set(err, ERR_PERMANENT, 0, "there is no appservice %s",
		        to != NULL ? to : "at all");
	}
	return push_odd(as->push, json_str(args, "how"), err);
}
