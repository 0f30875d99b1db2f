#include "scenarios/runner/lifeline.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_NAMES = 128,
	MAX_ROWS = 32,
	MAX_TEXTS = 8,
	MAX_ROUNDS = 8,
	MIN_NAME_CHARS = 6,
	MAX_TEXT_BYTES = 64 * 1024
};

struct name {
	const char *kind; /* "ts", "event_id" */
	char *text;
};

struct entry {
	const cJSON *item;
	bool is_in;
	cJSON *inside; /* of a frame: its JSON; NULL: none */
	char *line;    /* all of it, for searching */
};

struct lifeline {
	struct entry *entries; /* all items */
	size_t count;
	struct name names[MAX_NAMES];
	size_t name_count;
	long rows[MAX_ROWS]; /* of the inbox */
	size_t row_count;
	const char *texts[MAX_TEXTS]; /* what it says; borrowed */
	size_t text_count;
	bool grew;
	const cJSON **found;
	size_t found_count;
};

/* ---------------------------------------------------------------- names */

static bool is_known(const struct lifeline *life, const char *text)
{
	for (size_t i = 0; i < life->name_count; i++) {
		if (strcmp(life->names[i].text, text) == 0) {
			return true;
		}
	}
	return false;
}

static void learn(struct lifeline *life, const char *kind, const char *text)
{
	if (text != NULL && strlen(text) >= MIN_NAME_CHARS && !is_known(life, text) &&
	        life->name_count < MAX_NAMES) {
		life->names[life->name_count++] = (struct name){kind, xstrdup(text)};
		life->grew = true;
	}
}

static bool mentions(const struct lifeline *life, const char *line)
{
	for (size_t i = 0; i < life->name_count; i++) {
		if (strstr(line, life->names[i].text) != NULL) {
			return true;
		}
	}
	return false;
}

/* Where an item says what it is itself ... */
static const char *const own_paths[] = {"ts", "envelope", "event_id", "acked", "mark",
        "txn", "push", "fields.ts", "fields.event", "fields.event_id", "fields.envelope",
        "fields.txn", "fields.key", NULL};
/* ... and what was done to another. */
static const char *const done_to_paths[] = {
        "edits", "redacts", "target", "item_ts", "deleted_ts", NULL};
static const char *const frame_paths[] = {"envelope_id", "payload.event_id",
        "payload.event.ts", "payload.event.message.ts", "payload.event.deleted_ts",
        "payload.event.item.ts", "payload.event.previous_message.ts", NULL};

static bool knows_one(
        const struct lifeline *life, const cJSON *json, const char *const *paths)
{
	for (size_t i = 0; paths[i] != NULL; i++) {
		const char *text = json_str(json, paths[i]);
		if (text != NULL && is_known(life, text)) {
			return true;
		}
	}
	return false;
}

static void learn_all(struct lifeline *life, const cJSON *json, const char *const *paths)
{
	for (size_t i = 0; paths[i] != NULL; i++) {
		const char *dot = strrchr(paths[i], '.');
		learn(life, dot == NULL ? paths[i] : dot + 1, json_str(json, paths[i]));
	}
}

static void learn_text(struct lifeline *life, const cJSON *record)
{
	const char *text = json_str(record, "text");

	for (size_t i = 0; text != NULL && i < life->text_count; i++) {
		text = strcmp(life->texts[i], text) == 0 ? NULL : text;
	}
	if (text != NULL && text[0] != '\0' && life->text_count < MAX_TEXTS) {
		life->texts[life->text_count++] = text;
		life->grew = true;
	}
}

/* ---------------------------------------------------------------- bytes on the wire */

static bool is_kind(const cJSON *item, const char *kind)
{
	return str_equal(json_str(item, "kind"), kind);
}

/* The homeserver's PUT /_matrix/app/v1/transactions/{txnId}: what it carries knows the
 * transaction's name too. */
static void learn_transaction(struct lifeline *life, const char *text)
{
	static const char path[] = "/transactions/";
	const char *found = str_starts(text, "PUT ") ? strstr(text, path) : NULL;

	if (found != NULL) {
		found += strlen(path);
		autofree char *txn = xstrndup(found, strcspn(found, "? \r\n"));
		learn(life, "push", txn);
	}
}

/* Before an answer tells its ID a request is known by what it says: "body":"hello" to
 * Matrix, text=hello to Slack. */
static bool says_it(const struct lifeline *life, const cJSON *item)
{
	const char *body = strstr(json_str_or(item, "text", ""), "\r\n\r\n");

	for (size_t i = 0; body != NULL && i < life->text_count; i++) {
		cJSON *text = cJSON_CreateString(life->texts[i]);
		autofree char *quoted = json_print(text);
		autofree char *encoded = url_encode(life->texts[i]);
		autofree char *json = xasprintf("\"body\":%s", quoted);
		autofree char *form = xasprintf("text=%s&", encoded);
		cJSON_Delete(text);
		if (strstr(body, json) != NULL || strstr(body, form) != NULL) {
			return true;
		}
	}
	return false;
}

/* PUT .../send/m.room.message/{txnId}?... */
static void learn_send(struct lifeline *life, const char *text)
{
	static const char send[] = "/send/";
	const char *found = str_starts(text, "PUT ") ? strstr(text, send) : NULL;
	const char *slash = found == NULL ? NULL : strchr(found + strlen(send), '/');

	if (slash != NULL) {
		autofree char *txn = xstrndup(slash + 1, strcspn(slash + 1, "? \r\n"));
		learn(life, "txn", txn);
	}
}

/* The row that an INSERT INTO inbox makes: its key is the first value, its number is told
 * right behind it. */
static void learn_row(struct lifeline *life, size_t index)
{
	static const char insert[] = "INSERT INTO inbox", row[] = "-> row ";
	const char *sql = json_str_or(life->entries[index].item, "text", "");
	const char *values = str_starts(sql, insert) ? strstr(sql, "VALUES") : NULL;
	const char *quote = values == NULL ? NULL : strchr(values, '\'');

	if (quote == NULL) {
		return;
	}
	autofree char *key = xstrndup(quote + 1, strcspn(quote + 1, "'"));
	learn(life, "key", key);
	if (index + 1 < life->count && life->row_count < MAX_ROWS) {
		const char *next = json_str_or(life->entries[index + 1].item, "text", "");
		if (str_starts(next, row)) {
			life->entries[index + 1].is_in = true;
			life->rows[life->row_count++] =
			        strtol(next + strlen(row), NULL, 10);
			life->grew = true;
		}
	}
}

/* UPDATE inbox ... WHERE id = 13 */
static bool is_about_row(const struct lifeline *life, const char *sql)
{
	static const char where[] = "WHERE id = ";
	const char *found =
	        strncmp(sql, "INSERT", 6) == 0 || strstr(sql, " inbox ") == NULL
	                ? NULL
	                : strstr(sql, where);
	long row = found == NULL ? 0 : strtol(found + strlen(where), NULL, 10);

	for (size_t i = 0; row > 0 && i < life->row_count; i++) {
		if (life->rows[i] == row) {
			return true;
		}
	}
	return false;
}

/* The answer belongs to its question, and the other way round. */
static void take_other_half(struct lifeline *life, size_t index)
{
	const cJSON *item = life->entries[index].item;
	int64_t conn = json_int(item, "conn", 0);
	bool is_question = !str_starts(json_str_or(item, "text", ""), "HTTP/");

	for (size_t i = index; is_question ? ++i < life->count : i-- > 0;) {
		const cJSON *other = life->entries[i].item;
		if (is_kind(other, "http") && json_int(other, "conn", 0) == conn) {
			bool fits = str_starts(json_str_or(other, "text", ""), "HTTP/") ==
			            is_question;
			life->entries[i].is_in = life->entries[i].is_in || fits;
			return;
		}
	}
}

static void look_at_wire(struct lifeline *life, size_t index)
{
	struct entry *entry = &life->entries[index];
	const char *text = json_str_or(entry->item, "text", "");

	bool is_sql = is_kind(entry->item, "sql");

	bool is_request = is_kind(entry->item, "http") &&
	                  str_equal(json_str(entry->item, "from"), "bridge");

	if (entry->is_in ||
	        !(mentions(life, text) || (is_sql && is_about_row(life, text)) ||
	                (is_request && says_it(life, entry->item)))) {
		return;
	}
	entry->is_in = true;
	if (is_request) {
		learn_send(life, text);
	}
	if (is_kind(entry->item, "http")) {
		learn_transaction(life, text);
		take_other_half(life, index);
	} else if (is_sql) {
		learn_row(life, index);
	} else if (entry->inside != NULL && knows_one(life, entry->inside, frame_paths)) {
		learn_all(life, entry->inside, frame_paths);
	}
}

/* ---------------------------------------------------------------- records */

static void look_at_record(struct lifeline *life, struct entry *entry)
{
	bool own = knows_one(life, entry->item, own_paths);

	if (own || knows_one(life, entry->item, done_to_paths)) {
		entry->is_in = true;
		learn_all(life, entry->item, own_paths);
		learn_text(life, entry->item);
	} else if (!is_kind(entry->item, "does") && mentions(life, entry->line)) {
		entry->is_in = true;
	}
}

static bool is_bytes(const cJSON *item)
{
	const char *at = json_str_or(item, "at", "");
	return strcmp(at, "wire") == 0 || strcmp(at, "database") == 0;
}

/* The message's text in place of an ID: the records of that text tell its IDs. */
static void begin_with_text(struct lifeline *life, const char *text)
{
	for (size_t i = 0; i < life->count; i++) {
		const cJSON *item = life->entries[i].item;
		bool is_message = is_kind(item, "message") || is_kind(item, "event") ||
		                  is_kind(item, "envelope");
		if (is_message && str_equal(json_str(item, "text"), text)) {
			life->entries[i].is_in = true;
			learn_all(life, item, own_paths);
			learn_text(life, item);
		}
	}
}

static void follow(struct lifeline *life, const char *start)
{
	begin_with_text(life, start);
	if (life->name_count == 0) {
		learn(life, "id", start);
	}
	life->grew = true;
	for (int round = 0; round < MAX_ROUNDS && life->grew; round++) {
		life->grew = false;
		for (size_t i = 0; i < life->count; i++) {
			if (is_bytes(life->entries[i].item)) {
				look_at_wire(life, i);
			} else {
				look_at_record(life, &life->entries[i]);
			}
		}
	}
}

/* ---------------------------------------------------------------- all of it */

struct lifeline *lifeline_create(const struct evidence *evidence, const char *start)
{
	struct lifeline *life = xcalloc(1, sizeof(*life));
	size_t count = (size_t)cJSON_GetArraySize(evidence->items);
	const cJSON *item;

	life->entries = xcalloc(count + 1, sizeof(*life->entries));
	life->found = xcalloc(count + 1, sizeof(const cJSON *));
	cJSON_ArrayForEach(item, evidence->items)
	{
		struct entry *entry = &life->entries[life->count++];
		entry->item = item;
		if (is_kind(item, "frame")) {
			entry->inside =
			        json_parse(str_from(json_str_or(item, "text", "")), NULL);
		} else if (!is_bytes(item)) {
			entry->line = json_print(item);
		}
	}
	follow(life, start);
	for (size_t i = 0; i < life->count; i++) {
		if (life->entries[i].is_in) {
			life->found[life->found_count++] = life->entries[i].item;
		}
	}
	return life;
}

void lifeline_destroy(struct lifeline **lifeline)
{
	struct lifeline *it = *lifeline;

	if (it == NULL) {
		return;
	}
	for (size_t i = 0; i < it->count; i++) {
		cJSON_Delete(it->entries[i].inside);
		free(it->entries[i].line);
	}
	for (size_t i = 0; i < it->name_count; i++) {
		free(it->names[i].text);
	}
	free(it->entries);
	free(it->found);
	free(it);
	*lifeline = NULL;
}

size_t lifeline_count(const struct lifeline *lifeline)
{
	return lifeline->found_count;
}

const cJSON *lifeline_get(const struct lifeline *lifeline, size_t index)
{
	return lifeline->found[index];
}

char *lifeline_names(const struct lifeline *lifeline)
{
	struct buf out;

	buf_init(&out, MAX_TEXT_BYTES);
	for (size_t i = 0; i < lifeline->name_count; i++) {
		buf_printf(&out, "%s%s %s", i == 0 ? "" : ", ", lifeline->names[i].kind,
		        lifeline->names[i].text);
	}
	char *text = xstrdup(buf_cstr(&out));
	buf_finish(&out);
	return text;
}

/* ---------------------------------------------------------------- how far it came */

static bool is_at(const cJSON *item, const char *at, const char *kind)
{
	return str_equal(json_str(item, "at"), at) && is_kind(item, kind);
}

struct stage {
	const char *text;
	bool (*fits)(const cJSON *item);
};

static bool is_written(const cJSON *item)
{
	return (is_at(item, "slack", "message") || is_at(item, "matrix", "event")) &&
	       str_equal(json_str(item, "by"), "person");
}

static bool is_delivered(const cJSON *item)
{
	return is_at(item, "slack", "envelope") || is_at(item, "matrix", "push");
}

static bool is_stored(const cJSON *item)
{
	return is_kind(item, "sql") &&
	       str_starts(json_str_or(item, "text", ""), "INSERT INTO inbox");
}

static bool is_acked(const cJSON *item)
{
	return is_at(item, "slack", "ack") ||
	       (is_at(item, "matrix", "push") &&
	               str_equal(json_str(item, "result"), "ok"));
}

static bool is_requested(const cJSON *item)
{
	return is_at(item, "slack", "call") || is_at(item, "matrix", "request") ||
	       (is_at(item, "wire", "http") &&
	               str_equal(json_str(item, "from"), "bridge") &&
	               !str_starts(json_str_or(item, "text", ""), "HTTP/"));
}

static bool is_there(const cJSON *item)
{
	return (is_at(item, "slack", "message") || is_at(item, "matrix", "event")) &&
	       !str_equal(json_str(item, "by"), "person");
}

static const struct stage stages[] = {
        {"written", is_written},
        {"sent to the bridge", is_delivered},
        {"stored", is_stored},
        {"acknowledged", is_acked},
        {"asked for at the other side", is_requested},
        {"there", is_there},
};
enum { STAGES = sizeof(stages) / sizeof(stages[0]) };

/* The first that fits; rather one of the timeline, which has a number. */
static const cJSON *find_stage(const struct lifeline *lifeline, size_t stage)
{
	const cJSON *found = NULL;

	for (size_t i = 0; i < lifeline->found_count; i++) {
		const cJSON *item = lifeline->found[i];
		if (!stages[stage].fits(item)) {
			continue;
		}
		if (json_get(item, "seq") != NULL) {
			return item;
		}
		found = found == NULL ? item : found;
	}
	return found;
}

static void put_stage(struct buf *out, const char *text, const cJSON *item)
{
	int64_t seq = json_int(item, "seq", 0);

	buf_printf(out, "%s%s", out->len > 0 ? ", " : "", text);
	if (seq > 0) {
		buf_printf(out, " (%lld)", (long long)seq);
	}
}

char *lifeline_summary(const struct lifeline *lifeline)
{
	const cJSON *found[STAGES];
	size_t last = 0;
	struct buf out;

	buf_init(&out, MAX_TEXT_BYTES);
	for (size_t i = 0; i < STAGES; i++) {
		found[i] = find_stage(lifeline, i);
		last = found[i] != NULL ? i : last;
	}
	for (size_t i = 0; i < STAGES; i++) {
		if (found[i] != NULL) {
			put_stage(&out, stages[i].text, found[i]);
		} else if (i == last + 1 || i < last) {
			buf_printf(&out, "%snever %s", out.len > 0 ? ", " : "",
			        stages[i].text);
		}
	}
	char *text = xstrdup(
	        lifeline->found_count == 0 ? "nobody ever saw it" : buf_cstr(&out));
	buf_finish(&out);
	return text;
}
