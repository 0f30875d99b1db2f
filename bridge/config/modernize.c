#include "bridge/config/modernize.h"

#include "bridge/config/file.h"
#include "bridge/config/reading.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MOVES = 64, INDENT = 4 };

/* A line to be moved: where it stands, and where its key belongs now. */
struct move {
	size_t start, end; /* of the lines that go: its own, and of sections it empties */
	struct str pair;   /* "name: value  # remark" without the name */
	char path[256];    /* present name */
};

/* ---------------------------------------------------------------- finding one */

static size_t line_start(struct str text, size_t at)
{
	while (at > 0 && text.p[at - 1] != '\n') {
		at--;
	}
	return at;
}

static size_t line_end(struct str text, size_t at)
{
	while (at < text.n && text.p[at] != '\n') {
		at++;
	}
	return at;
}

static bool is_blank(struct str text, size_t from, size_t to)
{
	while (from < to && (text.p[from] == ' ' || text.p[from] == '\t')) {
		from++;
	}
	return from >= to;
}

/* The present name of a path, by the longest older name that is it or leads to it. False
 * if it has none, or none that is known. */
static bool present_path(const char *path, char *out, size_t room)
{
	char old[256];

	if (keys_find(path) < keys_count() || strlen(path) >= sizeof(old)) {
		return false;
	}
	memcpy(old, path, strlen(path) + 1);
	for (;;) {
		const char *now = keys_renamed(old);
		if (now != NULL && now[0] != '\0') {
			snprintf(out, room, "%s%s", now, path + strlen(old));
			return keys_find(out) < keys_count();
		}
		char *dot = strrchr(old, '.');
		if (dot == NULL) {
			return false;
		}
		*dot = '\0';
	}
}

/* Key and value on one line that has nothing before them, in a mapping by indentation. */
static bool is_own_line(struct str text, const struct node *key, const struct node *value)
{
	size_t end = line_end(text, key->start);
	size_t behind = value->end;

	while (behind < end && (text.p[behind] == ' ' || text.p[behind] == '\t')) {
		behind++;
	}
	return is_blank(text, line_start(text, key->start), key->start) &&
	       value->end <= end && (behind == end || text.p[behind] == '#') &&
	       (value->kind == NODE_SCALAR ? value->style != STYLE_BLOCK : value->flow);
}

/* only_under: the outermost section around that holds nothing else, so that its header
 * goes with its last line; NULL: none. */
static bool find_move(struct str text, const struct node *map, const char *section,
        const struct node *only_under, struct move *out)
{
	for (size_t i = 0; map->kind == NODE_MAP && !map->flow && i < map->count; i++) {
		const struct node *key = map->keys[i], *value = map->items[i];
		autofree char *path = section[0] == '\0'
		                              ? xstrdup(key->text)
		                              : xasprintf("%s.%s", section, key->text);
		const struct node *header = map->count > 1       ? NULL
		                            : only_under != NULL ? only_under
		                                                 : NULL;
		if (value->kind == NODE_MAP && !value->flow) {
			if (find_move(text, value, path, header != NULL ? header : key,
			            out)) {
				return true;
			}
		} else if (present_path(path, out->path, sizeof(out->path)) &&
		           is_own_line(text, key, value)) {
			const struct node *first = header != NULL ? header : key;
			size_t end = line_end(text, key->start);
			out->start = line_start(text, first->start);
			out->end = end < text.n ? end + 1 : end;
			out->pair = (struct str){text.p + key->end, end - key->end};
			return true;
		}
	}
	return false;
}

/* ---------------------------------------------------------------- moving it */

static void put_pair(struct buf *out, const char *path, int indent, struct str pair)
{
	while (*path != '\0') {
		size_t n = strcspn(path, ".");
		buf_printf(out, "%*s%.*s", indent, "", (int)n, path);
		path += n;
		if (*path == '.') {
			buf_puts(out, ":\n");
			indent += INDENT;
			path++;
		}
	}
	buf_add_str(out, pair);
	buf_puts(out, "\n");
}

/* Where in the text a line below the nearest section that is there goes, and what of the
 * path is left then. False if the key is there already, or its section is in braces. */
static bool find_place(struct str text, const struct node *root, const char *path,
        size_t *at, int *indent, const char **rest)
{
	const struct node *map = root;

	*at = text.n;
	*indent = root->count > 0 ? root->keys[0]->column - 1 : 0;
	*rest = path;
	for (;;) {
		size_t n = strcspn(*rest, ".");
		autofree char *name = xstrndup(*rest, n);
		const struct node *value = node_get(map, name), *key = NULL;
		if (value == NULL) {
			return true;
		}
		if ((*rest)[n] == '\0' || value->kind != NODE_MAP || value->flow ||
		        value->count == 0) {
			return false;
		}
		for (size_t i = 0; i < map->count; i++) {
			key = map->items[i] == value ? map->keys[i] : key;
		}
		size_t end = key == NULL ? text.n : line_end(text, key->end);
		*at = end < text.n ? end + 1 : end;
		*indent = value->keys[0]->column - 1;
		*rest += n + 1;
		map = value;
	}
}

static bool put_moved(struct str text, const struct node *root, const struct move *move,
        struct buf *out)
{
	size_t at;
	int indent;
	const char *rest;

	if (!find_place(text, root, move->path, &at, &indent, &rest) ||
	        (at > move->start && at < move->end)) {
		return false;
	}
	for (size_t i = 0; i <= text.n; i++) {
		if (i == at) {
			if (out->len > 0 && out->data[out->len - 1] != '\n') {
				buf_puts(out, "\n");
			}
			put_pair(out, rest, indent, move->pair);
		}
		if (i < text.n && (i < move->start || i >= move->end)) {
			buf_add(out, &text.p[i], 1);
		}
	}
	return !out->failed;
}

/* One move; the new text in *out. False: there is none (any more). */
static bool move_one(struct str text, struct buf *out)
{
	struct config_problems problems = {0};
	struct node *root = config_yaml_read("", text, &problems);
	struct move move = {0};
	bool is_done = root != NULL && find_move(text, root, "", NULL, &move) &&
	               put_moved(text, root, &move, out) &&
	               reading_is_same(text, buf_str(out));

	node_free(root);
	config_problems_finish(&problems);
	return is_done;
}

size_t modernize_text(struct str text, struct buf *out)
{
	struct buf next;
	size_t moved = 0;

	buf_init(&next, YAML_MAX_BYTES);
	while (moved < MAX_MOVES) {
		buf_clear(&next);
		if (!move_one(moved == 0 ? text : buf_str(out), &next)) {
			break;
		}
		buf_clear(out);
		buf_add_str(out, buf_str(&next));
		moved++;
	}
	buf_finish(&next);
	return moved;
}

bool modernize_file(const char *path, size_t *moved, struct err *err)
{
	struct config_problems problems = {0};
	struct buf text, now;
	struct aside aside = {0};
	bool is_good = true;

	*moved = 0;
	buf_init(&text, YAML_MAX_BYTES + 1);
	buf_init(&now, YAML_MAX_BYTES);
	if (config_file_read(path, &text, &problems)) {
		*moved = modernize_text(buf_str(&text), &now);
	}
	if (*moved > 0) {
		is_good = aside_write(&aside, path, 07777, buf_str(&now), err) &&
		          aside_commit(&aside, err);
	}
	config_problems_finish(&problems);
	buf_finish(&text);
	buf_finish(&now);
	return is_good;
}
