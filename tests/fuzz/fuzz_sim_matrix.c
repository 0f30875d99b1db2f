/* The fake homeserver, in process: an input is a play of up to 40 lines.
 *
 *   W METHOD PATH BODY   a request; W: a (alice's token), s (the appservice's), g (the
 *                        appservice as a ghost), - (none)
 *   !TEXT                the administrator types it into the admin room; | ends a line
 *   %VERB JSON           what people, scripts and faults can do
 *   +N                   N seconds pass
 *
 * {room}, {event}, {mxc}, {batch} in a line stand for the last that an answer gave. The
 * input's first byte chooses the profile. */
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "sim-matrix/admin_room.h"
#include "sim-matrix/call.h"
#include "sim-matrix/sim_matrix.h"
#include "sim-matrix/state.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 40, LINE_MAX_BYTES = 64 * 1024, INPUT_MAX = 64 * 1024 };

static const char registration[] =
        "id: fuzz\nurl: http://127.0.0.1:9\nas_token: AS\nhs_token: HS\n"
        "sender_localpart: fuzzbot\nreceive_ephemeral: true\nnamespaces:\n"
        "  users: [{exclusive: true, regex: '^@ghost_.*:sim\\.test$'}]\n"
        "  aliases: [{exclusive: true, regex: '^#ghost_.*:sim\\.test$'}]\n  rooms: []\n";

struct play {
	struct loop *loop;
	struct sim_matrix *sim;
	char *alice; /* access token */
	char *room, *event, *mxc, *batch;
	bool answered;
};

static void remember(char **slot, const cJSON *reply, const char *key)
{
	const char *text = json_str(reply, key);

	if (text != NULL) {
		str_replace(slot, text);
	}
}

static void handle_answer(const struct call_answer *answer, void *arg)
{
	struct play *play = arg;
	autojson cJSON *reply = json_parse(answer->body, NULL);

	play->answered = true;
	remember(&play->room, reply, "room_id");
	remember(&play->event, reply, "event_id");
	remember(&play->mxc, reply, "content_uri");
	remember(&play->batch, reply, "next_batch");
}

static void settle(struct play *play)
{
	for (int i = 0; i < 20 && loop_drain(play->loop); i++) {
	}
}

static void pass_time(struct play *play, int64_t seconds)
{
	loop_advance_to_us(play->loop, loop_now_us(play->loop) + seconds * 1000000);
	settle(play);
}

/* The line with its placeholders filled in. Caller frees. */
static char *fill(const struct play *play, const char *line)
{
	const struct {
		const char *name;
		const char *value;
	} holes[] = {{"{room}", play->room}, {"{event}", play->event},
	        {"{mxc}", play->mxc}, {"{batch}", play->batch}};
	struct buf out;

	buf_init(&out, LINE_MAX_BYTES);
	while (*line != '\0') {
		size_t i = 0;
		while (i < 4 &&
		        strncmp(line, holes[i].name, strlen(holes[i].name)) != 0) {
			i++;
		}
		if (i < 4 && holes[i].value != NULL) {
			buf_puts(&out, holes[i].value);
			line += strlen(holes[i].name);
		} else {
			buf_add(&out, line, 1);
			line++;
		}
	}
	if (out.failed) {
		buf_finish(&out);
		return xstrdup("");
	}
	return buf_take(&out);
}

/* Cuts off the first word; "" if there is none. */
static char *next_word(char **rest)
{
	char *word = *rest;
	char *end = strchr(word, ' ');

	if (end == NULL) {
		*rest = word + strlen(word);
	} else {
		*end = '\0';
		*rest = end + 1;
	}
	return word;
}

static void request(struct play *play, char who, char *rest)
{
	struct call_request request = {.method = next_word(&rest)};
	char *path = next_word(&rest);
	char *mark = strchr(path, '?');
	char ghost[4096];

	request.query = "";
	if (mark != NULL) {
		*mark = '\0';
		request.query = mark + 1;
	}
	if (who == 'g') {
		snprintf(ghost, sizeof(ghost), "%s&user_id=@ghost_a:sim.test",
		        request.query);
		request.query = ghost;
	}
	request.path = path;
	request.bearer = who == 'a'                 ? play->alice
	                 : who == 's' || who == 'g' ? "AS"
	                                            : NULL;
	request.content_type = "application/json";
	request.body = str_from(rest);
	play->answered = false;
	call_start(play->sim, &request, handle_answer, play);
	settle(play);
	if (!play->answered) {
		/* What waits must not outlive the line that its request borrows from. */
		pass_time(play, 31);
		calls_reset_all(play->sim);
	}
}

static void run_verb(struct play *play, char *rest)
{
	const char *name = next_word(&rest);
	autojson cJSON *args = json_parse(str_from(rest), NULL);
	struct err err = ERR_INIT;
	cJSON *result = NULL;

	if (cJSON_IsObject(args) &&
	        verb_run(sim_matrix_verbs, name, play->sim, args, &result, &err)) {
		remember(&play->room, result, "room_id");
		remember(&play->event, result, "event_id");
	}
	cJSON_Delete(result);
	settle(play);
}

static void type_command(struct play *play, const char *text)
{
	autojson cJSON *args = json_new();
	autofree char *said = xasprintf("!%s", text);
	struct err err = ERR_INIT;
	cJSON *result = NULL;

	for (char *c = said; *c != '\0'; c++) {
		*c = *c == '|' ? '\n' : *c;
	}
	if (!str_is_utf8(str_from(said))) {
		return;
	}
	json_set_str(args, "as", "admin");
	json_set_str(args, "in", "admins");
	json_set_str(args, "text", said);
	verb_run(sim_matrix_verbs, "post", play->sim, args, &result, &err);
	cJSON_Delete(result);
	settle(play);
}

static void play_line(struct play *play, const char *line)
{
	autofree char *filled = fill(play, line);
	int64_t seconds;

	if (filled[0] == '!') {
		type_command(play, filled + 1);
	} else if (filled[0] == '%') {
		run_verb(play, filled + 1);
	} else if (filled[0] == '+') {
		if (str_to_int64(str_from(filled + 1), 0, 100000, &seconds)) {
			pass_time(play, seconds);
		}
	} else if (filled[0] != '\0' && filled[1] == ' ') {
		request(play, filled[0], filled + 2);
	}
}

static void set_up(struct play *play, int which)
{
	static const char *const profiles[] = {"conduwuit", "synapse", "spec"};
	struct sim_matrix_options opts = {.seed = 1, .profile = profiles[which % 3]};
	autojson cJSON *args = json_new();
	autojson cJSON *person =
	        json_set_str(json_set_str(json_new(), "name", "alice"), "password", "pw");
	struct err err = ERR_INIT;
	cJSON *result = NULL;

	play->loop = loop_create();
	loop_use_virtual_clock(play->loop, 1700000000000LL);
	play->sim = sim_matrix_create(play->loop, &opts, &err);
	if (play->sim == NULL) {
		abort();
	}
	json_set_str(args, "yaml", registration);
	verb_run(sim_matrix_verbs, "register_appservice", play->sim, args, &result, &err);
	cJSON_Delete(result);
	result = NULL;
	verb_run(sim_matrix_verbs, "register_user", play->sim, person, &result, &err);
	play->alice = xstrdup(json_str_or(result, "access_token", ""));
	cJSON_Delete(result);
	play_line(play, "s POST /_matrix/client/v3/register {\"type\":"
	                "\"m.login.application_service\",\"username\":\"ghost_a\"}");
	play_line(play,
	        "a POST /_matrix/client/v3/createRoom {\"preset\":\"public_chat\"}");
	play_line(play, "g POST /_matrix/client/v3/join/{room} {}");
	play_line(play, "a PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/0 "
	                "{\"msgtype\":\"m.text\",\"body\":\"hello\"}");
}

static void tear_down(struct play *play)
{
	sim_matrix_destroy(&play->sim);
	loop_destroy(&play->loop);
	free(play->alice);
	free(play->room);
	free(play->event);
	free(play->mxc);
	free(play->batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play play = {0};
	autofree char *text = NULL;
	char *rest;

	if (size < 2 || size > INPUT_MAX) {
		return 0;
	}
	text = xmalloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	for (size_t i = 0; i + 1 < size; i++) {
		text[i] = (char)(text[i] == '\0' ? ' ' : text[i]);
	}
	set_up(&play, data[0]);
	rest = text;
	for (int i = 0; i < LINES_MAX && rest != NULL; i++) {
		char *end = strchr(rest, '\n');
		if (end != NULL) {
			*end = '\0';
		}
		play_line(&play, rest);
		rest = end != NULL ? end + 1 : NULL;
	}
	tear_down(&play);
	return 0;
}
