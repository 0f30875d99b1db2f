#include "scenarios/runner/lanes.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

const char *const lane_names[LANES] = {
        "Slack user", "Slack", "bridge", "database", "homeserver", "Matrix user"};

const char *stroke_kind_to_str(enum stroke_kind kind)
{
	static const char *const names[] = {
	        "plain", "bad", "faint", "step", "start", "stop", "crash"};
	return names[kind];
}

void stroke_finish(struct stroke *stroke)
{
	free(stroke->label);
	*stroke = (struct stroke){0};
}

/* ---------------------------------------------------------------- what an item shows */

static const char *field(const cJSON *item, const char *key)
{
	return json_str_or(item, key, "");
}

static bool is(const cJSON *item, const char *key, const char *value)
{
	return str_equal(json_str(item, key), value);
}

static void draw(struct stroke *out, enum lane from, enum lane to, char *label)
{
	out->from = from;
	out->to = to;
	out->label = label;
}

/* "general: hello", without what is not there. Caller frees. */
static char *says(const cJSON *item, const char *what)
{
	const char *in = field(item, "in"), *text = field(item, "text");
	const char *file = field(item, "file");

	text = text[0] != '\0' ? text : file;
	return xasprintf("%s%s%s%s%s", what, in[0] != '\0' ? " in " : "", in,
	        text[0] != '\0' ? ": " : "", text);
}

static void draw_slack_saying(const cJSON *item, struct stroke *out)
{
	bool by_app = is(item, "by", "app"), is_message = is(item, "kind", "message");
	const char *who = by_app ? "shows" : field(item, "user");
	const char *extra = field(item, "reaction");
	autofree char *what = is_message
	                              ? xstrdup(who)
	                              : xasprintf("%s %s%s%s", who, field(item, "kind"),
	                                        extra[0] != '\0' ? " " : "", extra);

	draw(out, by_app ? LANE_SLACK : LANE_SLACK_USER,
	        by_app ? LANE_SLACK_USER : LANE_SLACK, says(item, what));
}

static void draw_call(const cJSON *item, struct stroke *out)
{
	const char *answered = field(item, "answered");
	const char *name = json_str(item, "call");

	name = name != NULL ? name : field(item, "kind");
	draw(out, LANE_BRIDGE, LANE_SLACK,
	        xasprintf("%s%s%s \xE2\x86\x92 %s%s", name,
	                field(item, "file")[0] != '\0' ? " " : "", field(item, "file"),
	                answered,
	                json_bool(item, "lost", false) ? " (answer lost)" : ""));
	out->kind = strcmp(answered, "ok") == 0 && !json_bool(item, "lost", false)
	                    ? STROKE_PLAIN
	                    : STROKE_BAD;
}

static void draw_envelope(const cJSON *item, struct stroke *out)
{
	autofree char *what =
	        xasprintf("%s %s", field(item, "kind"), field(item, "event"));
	bool arrives = is(item, "kind", "envelope");

	draw(out, LANE_SLACK, arrives ? LANE_BRIDGE : LANE_SLACK, says(item, what));
	out->kind = arrives ? STROKE_PLAIN : STROKE_BAD;
}

static void draw_ack(const cJSON *item, struct stroke *out)
{
	bool is_bad = json_bool(item, "late", false) ||
	              json_bool(item, "dropped", false) ||
	              json_bool(item, "unknown", false);

	draw(out, LANE_BRIDGE, LANE_SLACK,
	        xasprintf("ack after %d ms", (int)json_int(item, "after_ms", 0)));
	out->kind = is_bad ? STROKE_BAD : STROKE_PLAIN;
}

static void draw_socket(const cJSON *item, struct stroke *out)
{
	const char *ws = field(item, "ws"), *reason = field(item, "reason");
	bool is_open = strcmp(ws, "open") == 0;

	draw(out, is_open ? LANE_BRIDGE : LANE_SLACK, is_open ? LANE_SLACK : LANE_BRIDGE,
	        xasprintf("WebSocket %d %s%s%s", (int)json_int(item, "conn", 0), ws,
	                reason[0] != '\0' ? ": " : "", reason));
	out->kind = is_open || strcmp(ws, "hello") == 0 ? STROKE_PLAIN : STROKE_BAD;
}

static void draw_beat(const cJSON *item, struct stroke *out)
{
	bool by_client = is(item, "from", "client");

	draw(out, by_client ? LANE_BRIDGE : LANE_SLACK,
	        by_client ? LANE_SLACK : LANE_BRIDGE, xstrdup(field(item, "kind")));
	out->kind = STROKE_FAINT;
}

static void draw_refused(const cJSON *item, struct stroke *out)
{
	draw(out, LANE_BRIDGE, LANE_SLACK, xasprintf("refused %s", field(item, "path")));
	out->kind = STROKE_BAD;
}

static void draw_slack_other(const cJSON *item, struct stroke *out)
{
	const char *kind = field(item, "kind");
	const char *text = field(item, kind), *in = field(item, "in");

	draw(out, LANE_SLACK, LANE_SLACK,
	        xasprintf("%s %s%s%s%s%s", kind, text, in[0] != '\0' ? " in " : "", in,
	                field(item, "user")[0] != '\0' ? " " : "", field(item, "user")));
}

static void draw_slack(const cJSON *item, struct stroke *out)
{
	static const struct {
		const char *kind;
		void (*draw)(const cJSON *item, struct stroke *out);
	} all[] = {
	        {"message", draw_slack_saying},
	        {"edit", draw_slack_saying},
	        {"delete", draw_slack_saying},
	        {"reaction", draw_slack_saying},
	        {"call", draw_call},
	        {"upload", draw_call},
	        {"download", draw_call},
	        {"envelope", draw_envelope},
	        {"undelivered", draw_envelope},
	        {"lost", draw_envelope},
	        {"ack", draw_ack},
	        {"ws", draw_socket},
	        {"ping", draw_beat},
	        {"pong", draw_beat},
	        {"refused", draw_refused},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (is(item, "kind", all[i].kind)) {
			all[i].draw(item, out);
			return;
		}
	}
	draw_slack_other(item, out);
}

/* ---- Matrix ---- */

static void draw_event(const cJSON *item, struct stroke *out)
{
	const char *event = field(item, "event");
	bool by_person = is(item, "by", "person"), by_app = is(item, "by", "appservice");
	autofree char *what = xasprintf("%s %s%s%s", field(item, "from"), event,
	        field(item, "key")[0] != '\0' ? " " : "", field(item, "key"));

	draw(out, by_person ? LANE_MATRIX_USER : LANE_MATRIX,
	        by_app ? LANE_MATRIX_USER : LANE_MATRIX, says(item, what));
}

static void draw_request(const cJSON *item, struct stroke *out)
{
	int status = (int)json_int(item, "status", 0);
	const char *errcode = field(item, "errcode");
	bool lost = json_bool(item, "lost", false);

	draw(out, LANE_BRIDGE, LANE_MATRIX,
	        xasprintf("%s \xE2\x86\x92 %d%s%s%s", field(item, "request"), status,
	                errcode[0] != '\0' ? " " : "", errcode,
	                lost ? " (answer lost)" : ""));
	out->kind = status >= 400 || lost ? STROKE_BAD : STROKE_PLAIN;
}

static void draw_push(const cJSON *item, struct stroke *out)
{
	const char *result = field(item, "result");

	draw(out, LANE_MATRIX, LANE_BRIDGE,
	        xasprintf("transaction of %d \xE2\x86\x92 %s",
	                (int)json_int(item, "events", 0), result));
	out->kind = strcmp(result, "ok") == 0 ? STROKE_PLAIN : STROKE_BAD;
}

static void draw_matrix(const cJSON *item, struct stroke *out)
{
	if (is(item, "kind", "event")) {
		draw_event(item, out);
	} else if (is(item, "kind", "request")) {
		draw_request(item, out);
	} else if (is(item, "kind", "push")) {
		draw_push(item, out);
	} else {
		const char *kind = field(item, "kind");
		draw(out, LANE_MATRIX, LANE_MATRIX,
		        xasprintf("%s %s", kind, field(item, kind)));
	}
}

/* ---- the bridge, the runner, the bytes ---- */

static void draw_exit(const cJSON *item, struct stroke *out)
{
	const char *died = json_str(item, "died");
	bool is_fine = died == NULL && json_bool(item, "asked", false);

	draw(out, LANE_BRIDGE, LANE_BRIDGE,
	        died != NULL ? xasprintf("died: %s", died)
	                     : xasprintf("ended with status %d",
	                               (int)json_int(item, "exit", 0)));
	out->kind = is_fine ? STROKE_STOP : STROKE_CRASH;
}

static void draw_bridge(const cJSON *item, struct stroke *out)
{
	const char *level = field(item, "level");
	const char *text = json_str(item, "log");

	if (is(item, "kind", "exit")) {
		draw_exit(item, out);
		return;
	}
	text = text != NULL ? text : field(item, "text");
	draw(out, LANE_BRIDGE, LANE_BRIDGE,
	        xstrdup(is(item, "kind", "up") ? "up and quiet" : text));
	out->kind = strcmp(level, "debug") == 0 || strcmp(level, "trace") == 0
	                    ? STROKE_FAINT
	            : strcmp(level, "error") == 0 || strcmp(level, "fatal") == 0
	                    ? STROKE_BAD
	                    : STROKE_PLAIN;
}

static void draw_runner(const cJSON *item, struct stroke *out)
{
	const char *kind = field(item, "kind");
	const char *text = field(item, kind);
	int64_t step = json_int(item, "step", 0);

	if (strcmp(kind, "bridge") == 0) {
		draw(out, LANE_BRIDGE, LANE_BRIDGE, xasprintf("bridge %s", text));
		out->kind = STROKE_START;
		return;
	}
	draw(out, LANE_BRIDGE, LANE_BRIDGE,
	        strcmp(kind, "does") == 0 && step > 0
	                ? xasprintf("step %lld: %s", (long long)step, text)
	                : xasprintf("%s: %s", kind, text));
	out->kind = strcmp(kind, "does") == 0 && step == 0 ? STROKE_FAINT : STROKE_STEP;
}

static enum lane lane_of(const char *name)
{
	return strcmp(name, "slack") == 0    ? LANE_SLACK
	       : strcmp(name, "matrix") == 0 ? LANE_MATRIX
	                                     : LANE_BRIDGE;
}

/* The first line, without "HTTP/1.1". Caller frees. */
static char *bytes_label(const cJSON *item)
{
	const char *kind = field(item, "kind"), *text = field(item, "text");
	const char *frame = field(item, "frame");
	size_t n = strcspn(text, "\r\n");

	if (strcmp(kind, "frame") == 0) {
		return xasprintf("%sframe %s, %lld bytes",
		        json_bool(item, "cut", false) ? "cut " : "", frame,
		        (long long)json_int(item, "bytes", 0));
	}
	return n == 0 ? xasprintf(
	                        "connection %d %s", (int)json_int(item, "conn", 0), kind)
	              : xasprintf("%.*s", (int)(n < 100 ? n : 100), text);
}

static void draw_bytes(const cJSON *item, struct stroke *out)
{
	if (is(item, "at", "database")) {
		draw(out, LANE_BRIDGE, LANE_DATABASE,
		        xasprintf("%.90s", field(item, "text")));
	} else {
		draw(out, lane_of(field(item, "from")), lane_of(field(item, "to")),
		        bytes_label(item));
	}
	out->kind = STROKE_FAINT;
}

void stroke_of(const cJSON *item, struct stroke *out)
{
	enum tap at;

	*out = (struct stroke){.kind = STROKE_PLAIN};
	if (!tap_from_str(field(item, "at"), &at)) {
		draw_bytes(item, out);
		return;
	}
	switch (at) {
	case TAP_SLACK:
		draw_slack(item, out);
		break;
	case TAP_MATRIX:
		draw_matrix(item, out);
		break;
	case TAP_BRIDGE:
		draw_bridge(item, out);
		break;
	case TAP_RUNNER:
		draw_runner(item, out);
		break;
	}
}

/* ---------------------------------------------------------------- as text */

enum { TIME_COLUMNS = 14, GAP_US = 2000000, MAX_LINE = 400 };

struct canvas {
	char cells[MAX_LINE]; /* ASCII: one byte is one column */
	unsigned width, lane_width;
	bool is_alive;
};

static unsigned column_of(const struct canvas *canvas, enum lane lane)
{
	return TIME_COLUMNS + canvas->lane_width * (unsigned)lane +
	       canvas->lane_width / 2;
}

static void clear(struct canvas *canvas)
{
	memset(canvas->cells, ' ', sizeof(canvas->cells) - 1);
	canvas->cells[canvas->width] = '\0';
	for (unsigned lane = 0; lane < LANES; lane++) {
		bool is_dead = lane == LANE_BRIDGE && !canvas->is_alive;
		canvas->cells[column_of(canvas, lane)] = is_dead ? ':' : '|';
	}
}

static void put_time(struct canvas *canvas, int64_t us, int64_t before_us)
{
	autofree char *when = virtual_to_str(us);

	if (us != before_us) {
		memcpy(canvas->cells, when,
		        strlen(when) < TIME_COLUMNS ? strlen(when) : TIME_COLUMNS - 1);
	}
}

static void put_arrow(struct canvas *canvas, const struct stroke *stroke)
{
	unsigned from = column_of(canvas, stroke->from),
	         to = column_of(canvas, stroke->to);
	unsigned low = from < to ? from : to, high = from < to ? to : from;

	if (from == to) {
		canvas->cells[from] = '*';
		return;
	}
	for (unsigned i = low + 1; i < high; i++) {
		canvas->cells[i] = stroke->kind == STROKE_BAD ? 'x' : '-';
	}
	canvas->cells[to > from ? to - 1 : to + 1] = to > from ? '>' : '<';
}

static void print_trimmed(const struct canvas *canvas, FILE *out)
{
	size_t n = strlen(canvas->cells);

	while (n > 0 && canvas->cells[n - 1] == ' ') {
		n--;
	}
	fprintf(out, "%.*s", (int)n, canvas->cells);
}

/* The label stands on the arrow's line behind the last lane. */
static void draw_stroke(struct canvas *canvas, const struct stroke *stroke, int64_t us,
        int64_t before_us, FILE *out)
{
	clear(canvas);
	put_time(canvas, us, before_us);
	put_arrow(canvas, stroke);
	size_t n = strcspn(stroke->label, "\r\n");
	print_trimmed(canvas, out);
	fprintf(out, "  %.*s\n", (int)n, stroke->label);
}

/* Something that concerns everybody. */
static void draw_bar(struct canvas *canvas, const struct stroke *stroke, int64_t us,
        int64_t before_us, FILE *out)
{
	char line = stroke->kind == STROKE_CRASH  ? '#'
	            : stroke->kind == STROKE_STEP ? '.'
	                                          : '=';

	clear(canvas);
	for (unsigned i = TIME_COLUMNS; i < canvas->width; i++) {
		canvas->cells[i] = line;
	}
	put_time(canvas, us, before_us);
	print_trimmed(canvas, out);
	fprintf(out, "  %s\n", stroke->label);
}

static void draw_gap(struct canvas *canvas, int64_t us, FILE *out)
{
	clear(canvas);
	memset(canvas->cells, ' ', TIME_COLUMNS);
	memcpy(canvas->cells + 4, "~", 1);
	print_trimmed(canvas, out);
	fprintf(out, "  ~ %.3f s nothing ~\n", (double)us / 1e6);
}

static void draw_names(const struct canvas *canvas, FILE *out)
{
	fprintf(out, "%*s", TIME_COLUMNS, "");
	for (unsigned lane = 0; lane < LANES; lane++) {
		int n = (int)strlen(lane_names[lane]), width = (int)canvas->lane_width;
		int left = (width - n + 1) / 2;
		fprintf(out, "%*s%s%*s", left, "", lane_names[lane], width - n - left,
		        "");
	}
	fputc('\n', out);
}

void lanes_draw(const struct evidence *evidence, unsigned width, bool faint, FILE *out)
{
	struct canvas canvas = {.lane_width = 12};
	int64_t before_us = -1;
	const cJSON *item;

	canvas.lane_width = width > 180 ? 16 : 12;
	canvas.width = TIME_COLUMNS + LANES * canvas.lane_width;
	fprintf(out, "%s\n", json_str_or(evidence->head, "title", ""));
	draw_names(&canvas, out);
	cJSON_ArrayForEach(item, evidence->items)
	{
		int64_t us = json_int(item, "us", 0);
		struct stroke stroke;
		stroke_of(item, &stroke);
		canvas.is_alive = stroke.kind == STROKE_START ||
		                  (canvas.is_alive && stroke.kind != STROKE_STOP &&
		                          stroke.kind != STROKE_CRASH);
		bool is_world =
		        json_int(item, "step", 0) == 0 && !is(item, "kind", "world");
		if (faint || (stroke.kind != STROKE_FAINT && !is_world)) {
			if (before_us >= 0 && us - before_us > GAP_US) {
				draw_gap(&canvas, us - before_us, out);
			}
			(stroke.kind >= STROKE_STEP ? draw_bar : draw_stroke)(
			        &canvas, &stroke, us, before_us, out);
			before_us = us;
		}
		stroke_finish(&stroke);
	}
}
