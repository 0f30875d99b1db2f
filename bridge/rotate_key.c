#include "bridge/rotate_key.h"

#include "bridge/exit_codes.h"
#include "bridge/ops/secrets.h"
#include "bridge/store/store.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include <stdlib.h>

struct rotation {
	struct loop *loop;
	struct store *store;
	struct secrets *old, *new;
	size_t count;
	bool written;
	struct err err;
};

static void handle_written(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct rotation *rotation = arg;

	(void)results;
	rotation->err = *err;
	rotation->written = err->kind == ERR_NONE;
	loop_stop(rotation->loop);
}

/* NULL: it cannot be opened. Caller frees. */
static char *sealed_anew(struct rotation *rotation, const char *stored)
{
	char *plain = secrets_open(rotation->old, stored, &rotation->err);
	if (plain == NULL) {
		return NULL;
	}
	char *sealed = secrets_seal(rotation->new, plain);
	secrets_wipe(plain);
	return sealed;
}

static bool add_login(struct rotation *rotation, struct store_tx *tx,
        const struct store_result *rows, size_t row)
{
	autofree char *bot = sealed_anew(rotation, store_text(rows, row, 7));
	autofree char *app = sealed_anew(rotation, store_text(rows, row, 8));
	autofree char *refresh = sealed_anew(rotation, store_text(rows, row, 10));

	if (bot == NULL || app == NULL || refresh == NULL) {
		return false;
	}
	store_tx_add(tx, STMT_LOGIN_TOKENS, "ssss", store_text(rows, row, 0), bot, app,
	        refresh);
	rotation->count++;
	return true;
}

static bool add_user(struct rotation *rotation, struct store_tx *tx,
        const struct store_result *rows, size_t row)
{
	autofree char *token = sealed_anew(rotation, store_text(rows, row, 5));
	autofree char *cookie = sealed_anew(rotation, store_text(rows, row, 6));

	if (token == NULL || cookie == NULL) {
		return false;
	}
	store_tx_add(tx, STMT_USER_LOGIN_TOKENS, "ssss", store_text(rows, row, 0),
	        store_text(rows, row, 1), token, cookie);
	rotation->count++;
	return true;
}

/* False: one of them cannot be opened. */
static bool add_all(struct rotation *rotation, struct store_tx *tx,
        const struct store_result *const *results)
{
	for (size_t i = 0; i < store_rows(results[0]); i++) {
		if (!add_login(rotation, tx, results[0], i)) {
			return false;
		}
	}
	for (size_t i = 0; i < store_rows(results[1]); i++) {
		if (!add_user(rotation, tx, results[1], i)) {
			return false;
		}
	}
	return true;
}

static void handle_read(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct rotation *rotation = arg;

	rotation->err = *err;
	if (err->kind != ERR_NONE) {
		loop_stop(rotation->loop);
		return;
	}
	struct store_tx *tx = store_tx_create(rotation->store);
	/* A half-finished login holds a token too: it is asked for again. */
	store_tx_add(tx, STMT_PERSON_NO_DIALOGUES, "");
	if (!add_all(rotation, tx, results)) {
		store_tx_cancel(&tx);
		loop_stop(rotation->loop);
		return;
	}
	store_tx_submit(tx, handle_written, rotation);
}

static int rotate(struct rotation *rotation, FILE *out)
{
	struct store_tx *tx = store_tx_create(rotation->store);

	store_tx_add(tx, STMT_LOGIN_ALL, "");
	store_tx_add(tx, STMT_USER_LOGIN_ALL, "");
	store_tx_submit(tx, handle_read, rotation);
	loop_run(rotation->loop);
	if (!rotation->written) {
		fprintf(stderr, "nothing was changed: %s\n", rotation->err.msg);
		return EXIT_GENERAL;
	}
	fprintf(out,
	        "The tokens of %zu logins are sealed with the new key. Let database.key_file "
	        "name it before the next start.\n",
	        rotation->count);
	return EXIT_OK;
}

int rotate_key_run(const struct config *config, const char *new_key_path, FILE *out)
{
	struct rotation rotation = {.loop = loop_create()};
	int status = EXIT_CONFIG_INVALID;

	rotation.old = secrets_create(config->database.key_file, &rotation.err);
	rotation.new =
	        rotation.old == NULL ? NULL : secrets_create(new_key_path, &rotation.err);
	if (rotation.new != NULL) {
		rotation.store = store_open(rotation.loop, config->database.type,
		        config->database.uri, &rotation.err);
		status = rotation.store == NULL ? rotation.err.code
		                                : rotate(&rotation, out);
	}
	if (rotation.store == NULL) {
		fprintf(stderr, "%s\n", rotation.err.msg);
	}
	store_close(&rotation.store);
	secrets_destroy(&rotation.new);
	secrets_destroy(&rotation.old);
	loop_destroy(&rotation.loop);
	return status;
}
