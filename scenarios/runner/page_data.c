#include "scenarios/runner/page_data.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/lanes.h"
#include "scenarios/runner/lifeline.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAX_LIVES = 12, MAX_ITEMS_OF_LIVES = 2500, MAX_LABEL = 200, DEFLATE_LEVEL = 7 };

struct limits {
	size_t text_bytes; /* of one item's bytes */
	size_t items;
	bool world_bytes;
};

static struct limits limits_of(enum page_level level, bool has_passed)
{
	static const struct limits passed[PAGE_LEVELS] = {
	        [PAGE_ALL] = {16384, 20000, true},
	        [PAGE_SHORT] = {1500, 5000, false},
	        [PAGE_SHORTER] = {500, 2500, false},
	        [PAGE_RECORDS] = {0, 1500, false},
	        [PAGE_LITTLE] = {0, 600, false},
	};
	static const struct limits failed[PAGE_LEVELS] = {
	        [PAGE_ALL] = {16384, 20000, true},
	        [PAGE_SHORT] = {16384, 10000, true},
	        [PAGE_SHORTER] = {4000, 5000, true},
	        [PAGE_RECORDS] = {1500, 3000, false},
	        [PAGE_LITTLE] = {500, 1500, false},
	};
	return has_passed ? passed[level] : failed[level];
}

/* ---------------------------------------------------------------- lives */

static bool is_message(const cJSON *item)
{
	bool is_one = str_equal(json_str(item, "kind"), "message") ||
	              str_equal(json_str(item, "event"), "message");

	return is_one && str_equal(json_str(item, "by"), "person") &&
	       json_int(item, "step", 0) > 0 && json_str(item, "text") != NULL;
}

static const char *id_of(const cJSON *item)
{
	const char *id = json_str(item, "event_id");
	return id != NULL ? id : json_str(item, "ts");
}

/* Where the items of a life stand among all of them. */
static cJSON *places_of(const struct lifeline *life, const cJSON *items)
{
	cJSON *places = cJSON_CreateArray();
	size_t next = 0;
	double at = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, items)
	{
		if (next < lifeline_count(life) && lifeline_get(life, next) == item) {
			cJSON_AddItemToArray(places, cJSON_CreateNumber(at));
			next++;
		}
		at++;
	}
	return places;
}

static cJSON *lives_of(const struct evidence *evidence)
{
	cJSON *lives = cJSON_CreateArray();
	const cJSON *item;

	if (cJSON_GetArraySize(evidence->items) > MAX_ITEMS_OF_LIVES) {
		return lives;
	}
	cJSON_ArrayForEach(item, evidence->items)
	{
		if (!is_message(item) || id_of(item) == NULL ||
		        cJSON_GetArraySize(lives) == MAX_LIVES) {
			continue;
		}
		struct lifeline *life = lifeline_create(evidence, id_of(item));
		cJSON *one = json_new();
		autofree char *name = xasprintf("%.80s", json_str(item, "text"));
		json_set_str(
		        one, "name", str_is_utf8(str_from(name)) ? name : id_of(item));
		json_set(one, "items", places_of(life, evidence->items));
		cJSON_AddItemToArray(lives, one);
		lifeline_destroy(&life);
	}
	return lives;
}

/* ---------------------------------------------------------------- items */

static cJSON *stroke_to_json(const cJSON *item)
{
	cJSON *list = cJSON_CreateArray();
	struct stroke stroke;

	stroke_of(item, &stroke);
	size_t n = strcspn(stroke.label, "\r\n");
	n = n < MAX_LABEL ? n : MAX_LABEL;
	while (n > 0 && !str_is_utf8((struct str){stroke.label, n})) {
		n--;
	}
	autofree char *label = xstrndup(stroke.label, n);
	cJSON_AddItemToArray(list, cJSON_CreateNumber(stroke.from));
	cJSON_AddItemToArray(list, cJSON_CreateNumber(stroke.to));
	cJSON_AddItemToArray(list, cJSON_CreateString(stroke_kind_to_str(stroke.kind)));
	cJSON_AddItemToArray(list, cJSON_CreateString(label));
	stroke_finish(&stroke);
	return list;
}

static void shorten(cJSON *item, size_t most)
{
	const char *text = json_str(item, "text");
	size_t n = text == NULL ? 0 : strlen(text);

	if (n <= most) {
		return;
	}
	n = most;
	while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) {
		n--;
	}
	autofree char *start = xasprintf("%.*s\xE2\x80\xA6", (int)n, text);
	json_set_str(item, "text", start);
}

static cJSON *item_to_json(const cJSON *item, const struct limits *limits)
{
	cJSON *copy = cJSON_Duplicate(item, true);
	bool is_bytes = json_get(item, "seq") == NULL;
	bool is_world = json_int(item, "step", 0) == 0;

	if (is_bytes) {
		shorten(copy, is_world && !limits->world_bytes ? 0 : limits->text_bytes);
	}
	return json_set(copy, "L", stroke_to_json(item));
}

cJSON *page_data(const struct evidence *evidence, enum page_level level)
{
	bool has_passed = str_equal(json_str(evidence->head, "verdict"), "pass");
	const struct limits limits = limits_of(level, has_passed);
	cJSON *data = json_new(), *items = cJSON_CreateArray();
	size_t count = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, evidence->items)
	{
		if (count++ < limits.items) {
			cJSON_AddItemToArray(items, item_to_json(item, &limits));
		}
	}
	json_set(data, "head", cJSON_Duplicate(evidence->head, true));
	json_set(data, "items", items);
	json_set(data, "lives", lives_of(evidence));
	return json_set_int(
	        data, "cut", count > limits.items ? (int64_t)(count - limits.items) : 0);
}

char *page_pack(const cJSON *data)
{
	autofree char *text = json_print(data);
	size_t n = strlen(text);
	uLongf packed_bytes = compressBound((uLong)n);
	autofree char *packed = xmalloc(packed_bytes);

	if (compress2((Bytef *)packed, &packed_bytes, (const Bytef *)text, (uLong)n,
	            DEFLATE_LEVEL) != Z_OK) {
		return xstrdup("");
	}
	return base64url_encode(packed, packed_bytes);
}
