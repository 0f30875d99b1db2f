#include "bridge/reload.h"

#include "bridge/logging.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>

static void log_problems(const struct config_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *problem = &problems->items[i];
		autofree char *text = xstrdup(problem->text);
		for (char *quote = text; (quote = strchr(quote, '"')) != NULL;) {
			*quote = '\''; /* it stands in quotes itself */
		}
		if (!problem->warning) {
			log_error("problem in the configuration",
			        "line=%d key=%s problem=\"%s\"", problem->line,
			        problem->key, text);
		}
	}
}

void reload(struct config *config, const char *path)
{
	struct config_problems problems = {0};
	struct err err = ERR_INIT;
	struct config *fresh = config_load(path, &problems, &err);

	log_problems(&problems);
	config_problems_finish(&problems);
	if (fresh == NULL) {
		log_error("configuration not reloaded: all stays as it is",
		        "error=\"%s\"", err.msg);
		return;
	}
	if (!logging_reopen(fresh, &err)) {
		log_error("configuration not reloaded: all stays as it is",
		        "error=\"%s\"", err.msg);
		config_free(&fresh);
		return;
	}
	REQ("OPS-04");
	config_adopt(config, &fresh);
	log_info("configuration reloaded",
	        "applied=\"logging, bridge.permissions\" rest=\"after a restart\"");
}
