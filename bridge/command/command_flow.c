/* The flow behind every message to the bot: understand, do, redact, take effect, reply.
 */
#include "bridge/command/command.h"

#include "bridge/flow/notice.h"
#include "bridge/flow/user_logins.h"
#include "bridge/ops/secrets.h"
#include "bridge/slack/tokens.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct state {
	bool person_known;
	bool in_management_room;
	char *body;      /* what was said, opened if it was sealed */
	cJSON *dialogue; /* NULL: no question is open */
	const struct command *command;
	char *args;
	struct command_call call;
	bool effect_done, settled, redacted;
	_Alignas(max_align_t) unsigned char memory[COMMAND_MEMORY_BYTES];
};

static const char *field(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

/* ---------------------------------------------------------------- for the commands */

void command_reply(struct command_call *call, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	autofree char *text = xvasprintf(fmt, args);
	va_end(args);
	flow_set_fact(call->flow, "reply", text);
}

void command_ask(struct command_call *call, const char *command, cJSON *dialogue)
{
	autofree char *text = NULL;

	if (dialogue != NULL) {
		json_set_str(dialogue, "command", command);
		json_set_str(dialogue, "room", call->room_id);
		text = json_print(dialogue);
		cJSON_Delete(dialogue);
	}
	store_tx_add(flow_tx(call->flow), STMT_PERSON_PUT_DIALOGUE, "sss", call->sender,
	        NULL, text == NULL ? "" : text);
}

void command_redact(struct command_call *call)
{
	flow_set_fact(call->flow, "redact", "yes");
}

/* ---------------------------------------------------------------- who, and what */

/* The question that is open in this room, or NULL: an answer in another room is none. */
static cJSON *dialogue_here(const struct flow *flow, const char *text)
{
	cJSON *dialogue = text[0] == '\0' ? NULL : json_parse(str_from(text), NULL);

	if (str_equal(json_str(dialogue, "room"), field(flow, "room"))) {
		return dialogue;
	}
	cJSON_Delete(dialogue);
	return NULL;
}

static void handle_person(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		state->person_known = true;
		if (store_rows(results[0]) > 0) {
			state->in_management_room = str_equal(
			        store_text(results[0], 0, 0), field(flow, "room"));
			state->dialogue =
			        dialogue_here(flow, store_text(results[0], 0, 1));
		}
	}
	flow_continue(flow, err);
}

static enum step_rc ask_person(struct flow *flow)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	store_tx_add(tx, STMT_PERSON_GET, "s", field(flow, "sender"));
	store_tx_submit(tx, handle_person, flow);
	return wait_store(flow, tx);
}

static const char *skip_spaces(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* The command's words without the prefix, or NULL if this is nothing for us. */
static const char *addressed_text(const struct flow *flow, const struct state *state)
{
	const char *body = state->body;
	const char *text = app_command_text(flow->app, body);

	REQ("CMD-03");
	if (text != NULL) {
		return text;
	}
	bool bare = (state->in_management_room || state->dialogue != NULL) &&
	            !json_bool(flow->payload, "portal", false);
	return bare ? skip_spaces(body) : NULL;
}

static const struct command *find_command(const char *text, const char **args)
{
	for (const struct command *command = commands; command->name != NULL; command++) {
		size_t n = strlen(command->name);
		if (strncmp(text, command->name, n) == 0 &&
		        (text[n] == '\0' || strchr(" \t\r\n", text[n]) != NULL)) {
			*args = skip_spaces(text + n);
			return command;
		}
	}
	return NULL;
}

static const char *nearest_command(const char *text)
{
	const char *best = NULL;
	unsigned best_distance = 4;

	for (const struct command *command = commands; command->name != NULL; command++) {
		unsigned distance = str_distance(text, command->name, 4);
		if (distance < best_distance) {
			best_distance = distance;
			best = command->name;
		}
	}
	return best;
}

static char *trimmed(const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL) {
		n--;
	}
	return xstrndup(text, n);
}

static void reply_unknown(struct command_call *call, const char *text)
{
	const char *nearest = nearest_command(text);

	if (str_starts(text, "login")) {
		command_reply(call,
		        "There are two ways to log in: `login app`, with the tokens of a "
		        "Slack app, for everybody; and `login token`, as yourself.");
	} else if (nearest != NULL) {
		command_reply(call, "Unknown command; did you mean `%s`?", nearest);
	} else {
		command_reply(call, "Unknown command; say `help` for a list.");
	}
}

/* Decides which command this message is for; false: for none, a reply is set. */
static bool choose(struct flow *flow, struct state *state, const char *text)
{
	const struct app *app = flow->app;
	const char *args = "";
	const struct command *named = find_command(text, &args);
	const char *ignored;

	if (state->dialogue != NULL &&
	        (named == NULL || strcmp(named->name, "cancel") != 0)) {
		/* While a question is open, everything but `cancel` is the answer. */
		named = find_command(
		        json_str_or(state->dialogue, "command", ""), &ignored);
		args = text;
	}
	state->args = trimmed(args);
	state->call.args = state->args;
	if (config_permission(app->config, field(flow, "sender")) < PERM_COMMANDS) {
		REQ("AUTH-11");
		command_reply(&state->call, "You are not allowed to use this bridge.");
		return false;
	}
	if (named == NULL) {
		reply_unknown(&state->call, text);
		return false;
	}
	if (config_permission(app->config, field(flow, "sender")) < named->needs) {
		command_reply(
		        &state->call, "You are not allowed to use `%s`.", named->name);
		return false;
	}
	if (named->is_private && !state->in_management_room && state->dialogue == NULL) {
		command_reply(&state->call,
		        "`%s` asks for secrets: invite me to a room of our own and say it "
		        "there.",
		        named->name);
		return false;
	}
	state->command = named;
	return true;
}

static bool open_body(struct flow *flow, struct state *state)
{
	const struct app *app = flow->app;

	state->body = secrets_open(app->secrets, field(flow, "body"), &flow->err);
	return state->body != NULL;
}

static enum step_rc run_command(struct flow *flow)
{
	struct state *state = flow->state;

	if (flow_fact(flow, "reply") != NULL || flow_fact(flow, "login") != NULL ||
	        flow_fact(flow, "user_login") != NULL) {
		return STEP_DONE; /* done in an earlier life */
	}
	if (!state->person_known) {
		return ask_person(flow);
	}
	if (state->body == NULL && !open_body(flow, state)) {
		return STEP_FAIL;
	}
	if (state->command == NULL) {
		const char *text = addressed_text(flow, state);
		if (text == NULL) {
			return STEP_END;
		}
		state->call = (struct command_call){
		        .flow = flow,
		        .app = flow->app,
		        .sender = field(flow, "sender"),
		        .room_id = field(flow, "room"),
		        .dialogue = state->dialogue,
		        .memory = state->memory,
		};
		if (slack_token_is_in(text)) {
			command_redact(&state->call);
		}
		if (!choose(flow, state, text)) {
			return STEP_DONE;
		}
		log_info("command", "name=\"%s\" sender=%s room=%s", state->command->name,
		        field(flow, "sender"), field(flow, "room"));
	}
	return state->command->run(&state->call);
}

/* ---------------------------------------------------------------- redact */

static void handle_redacted(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	(void)event_id;
	/* In the sender's own room the bot may have no right to: then it is left to them.
	 */
	bool refused = err->kind == ERR_PERMANENT;
	state->redacted = err->kind == ERR_NONE || refused;
	flow_continue(flow, refused ? &none : err);
}

static enum step_rc redact_secret(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;

	if (flow_fact(flow, "redact") == NULL || state->redacted) {
		return STEP_DONE;
	}
	autofree char *txn_id = matrix_txn_id("redact", field(flow, "event"), NULL);
	return wait_matrix(flow, matrix_redact(app->matrix, NULL, field(flow, "room"),
	                                 field(flow, "event"), txn_id, "It held a token",
	                                 handle_redacted, flow));
}

/* ---------------------------------------------------------------- effect: connect the
 * new login */

static void handle_loaded(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->effect_done = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static void handle_settled(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->settled = true;
	flow_continue(flow, err);
}

static enum step_rc take_over_user(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *team_id = flow_fact(flow, "user_login");

	if (!state->effect_done) {
		return wait_waiter(
		        flow, user_logins_load(app->users, handle_loaded, flow));
	}
	const struct user_login *user =
	        user_logins_find(app->users, team_id, field(flow, "sender"));
	autofree char *reply =
	        user == NULL
	                ? xstrdup("The login was stored, but has been removed since.")
	                : xasprintf("Logged in to %s as %s (%s). What you write in "
	                            "its rooms appears on Slack as yours.",
	                          user->team_name, user->user_name, user->user_id);
	flow_set_fact(flow, "reply", reply);
	return STEP_DONE;
}

static enum step_rc connect_login(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *team_id = flow_fact(flow, "login");

	if (flow_fact(flow, "user_login") != NULL && flow_fact(flow, "reply") == NULL) {
		return take_over_user(flow);
	}
	if (team_id == NULL || flow_fact(flow, "reply") != NULL) {
		return STEP_DONE;
	}
	if (!state->effect_done) {
		return wait_waiter(flow, logins_load(app->logins, handle_loaded, flow));
	}
	struct login *login = logins_by_team(app->logins, team_id);
	if (login == NULL) {
		flow_set_fact(flow, "reply",
		        "The login was stored, but has been removed since.");
		return STEP_DONE;
	}
	enum socket_mode_state connection = socket_mode_state(login->socket);
	if (!state->settled &&
	        (connection == SM_CONNECTING || connection == SM_STOPPED)) {
		return wait_waiter(
		        flow, logins_when_settled(login, handle_settled, flow));
	}
	const char *missing = flow_fact(flow, "missing_scopes");
	autofree char *reply = xasprintf("Logged in to %s (%s) and %s%s%s.%s%s",
	        login->team_name, login->team_domain,
	        connection == SM_CONNECTED ? "connected" : "not connected yet",
	        login->why[0] == '\0' ? "" : ": ", login->why,
	        missing == NULL
	                ? ""
	                : " The Slack app lacks these scopes (add them under \"OAuth & "
	                  "Permissions\", install the app again, and say `login app` "
	                  "again):",
	        missing == NULL ? "" : missing);
	flow_set_fact(flow, "reply", reply);
	return STEP_DONE;
}

/* ---------------------------------------------------------------- reply */

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (event_id != NULL) {
		flow_set_fact(flow, "replied", event_id);
	}
	flow_continue(flow, err);
}

static enum step_rc reply(struct flow *flow)
{
	struct app *app = flow->app;

	if (flow_fact(flow, "replied") != NULL || flow_fact(flow, "reply") == NULL) {
		return STEP_END;
	}
	autofree char *txn_id = matrix_txn_id("reply", field(flow, "event"), NULL);
	autojson cJSON *content = notice_content(NULL, flow_fact(flow, "reply"));
	return wait_matrix(
	        flow, matrix_send(app->matrix, NULL, field(flow, "room"),
	                      "m.room.message", txn_id, content, 0, handle_sent, flow));
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	if (state->command != NULL && state->command->finish != NULL) {
		state->command->finish(state->memory);
	}
	cJSON_Delete(state->dialogue);
	free(state->args);
	free(state->body);
}

static void tell_sender(struct flow *flow, struct store_tx *tx)
{
	autofree char *key = xasprintf("notice:%s", flow->key);
	autofree char *text = xasprintf("That failed: %s", flow->err.msg);

	notice_add(flow->app, tx, key, field(flow, "room"), NULL, text);
}

static const struct step steps[] = {
        {"run", run_command},
        {"redact", redact_secret},
        {"effect", connect_login},
        {"reply", reply},
        {NULL, NULL},
};

const struct flow_def command_flow = {
        .name = FLOW_COMMAND,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_sender,
};
