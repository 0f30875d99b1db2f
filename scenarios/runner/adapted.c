/* Starting a bridge as its adapter says. */
#include "lib/mem.h"

#include "scenarios/runner/adapter.h"
#include "scenarios/runner/play.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 24 };

/* What an adapter may name beside the values of stories. */
static void name_values(struct play *play, const struct adapter *adapter)
{
	const char *shim = play->options->shim;
	autofree char *build = xstrndup(shim, (size_t)(strrchr(shim, '/') - shim));
	autofree char *port = xasprintf("%u", play->setup.port);

	values_set_str(play->values, "here", adapter->dir);
	values_set_str(play->values, "build", build);
	values_set_str(play->values, "config", play->setup.config_path);
	values_set_str(play->values, "bridge.port", port);
	values_set_str(play->values, "bridge.as_token", play->setup.as_token);
	values_set_str(play->values, "bridge.hs_token", play->setup.hs_token);
}

/* Caller frees; NULL and *err for a reference to nothing. */
static char *put_in(struct play *play, const char *text, struct err *err)
{
	cJSON *raw = cJSON_CreateString(text);
	autojson cJSON *done = values_put_in(play->values, raw, err);

	cJSON_Delete(raw);
	return done == NULL || !cJSON_IsString(done) ? NULL : xstrdup(done->valuestring);
}

static bool write_config(struct play *play, const struct adapter *adapter,
        const cJSON *changes, struct err *err)
{
	if (adapter->config == NULL) {
		return setup_write_config(&play->setup, changes, err);
	}
	autofree char *text = put_in(play, adapter->config, err);
	return text != NULL && setup_write_file(play->setup.config_path, text, err);
}

bool adapted_start(struct play *play, const cJSON *args, struct err *err)
{
	const struct adapter *adapter = play->options->adapter;
	char *words[MAX_WORDS + 1] = {NULL};
	bool ok = true;

	name_values(play, adapter);
	if (!json_bool(args, "keep", false) &&
	        (!setup_write_registration(&play->setup, err) ||
	                !write_config(play, adapter, json_get(args, "config"), err))) {
		return false;
	}
	for (size_t i = 0; ok && adapter->start[i] != NULL && i < MAX_WORDS; i++) {
		words[i] = put_in(play, adapter->start[i], err);
		ok = words[i] != NULL;
	}
	if (ok) {
		str_replace(&play->program, words[0]);
		life_start(play, (const char *const *)&words[1]);
	}
	for (size_t i = 0; i < MAX_WORDS; i++) {
		free(words[i]);
	}
	return ok;
}
