#include "bridge/config/modernize.h"

#include "bridge/config/file.h"
#include "bridge/config/reading.h"
#include "lib/mark.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TRIES = 128, MAX_HEADERS = YAML_MAX_DEPTH, INDENT = 4 };

struct span {
	size_t start, end;
};

/* A key to be moved, with all its lines: the remarks right above it, its own, those of
 * its value. */
struct move {
	struct span block;
	size_t key_line;  /* where its own first line begins */
	struct str after; /* what stands behind the key: ": value  # remark", all lines */
	int indent;       /* of the key's line */
	/* The lines of sections that it empties; a remark behind one stays. */
	struct span headers[MAX_HEADERS];
	size_t header_count;
	char path[256]; /* present name */
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

/* Where the last line of what stands there ends, line break included. libyaml says of a
 * block where the next thing begins: so what is in it counts. */
static size_t value_end(struct str text, const struct node *value)
{
	const struct node *last = value;

	while (last->kind != NODE_SCALAR && !last->flow && last->count > 0) {
		last = last->items[last->count - 1];
	}
	size_t end = last->end;
	if (last->kind == NODE_SCALAR && last->style == STYLE_BLOCK) {
		/* Empty lines and remarks behind it are not its own. */
		while (end > last->start &&
		        is_blank(text, line_start(text, end - 1), end - 1)) {
			end = line_start(text, end - 1);
		}
		if (end > 0 && text.p[end - 1] == '\n') {
			return end;
		}
	}
	end = line_end(text, end);
	return end < text.n ? end + 1 : end;
}

/* Nothing but the value and a remark on its last line, nothing before the key on its
 * first: the lines can go by themselves. */
static bool is_own_lines(
        struct str text, const struct node *key, const struct node *value)
{
	size_t start = line_start(text, key->start);
	const struct node *last = value;

	while (last->kind != NODE_SCALAR && !last->flow && last->count > 0) {
		last = last->items[last->count - 1];
	}
	if (!is_blank(text, start, key->start)) {
		return false;
	}
	if (last->kind == NODE_SCALAR && last->style == STYLE_BLOCK) {
		return true;
	}
	size_t behind = last->end, end = line_end(text, last->end);
	while (behind < end && (text.p[behind] == ' ' || text.p[behind] == '\t')) {
		behind++;
	}
	return behind >= end || text.p[behind] == '#' || text.p[behind] == '\r';
}

/* The remarks right above a line, at its own indentation, belong to it. */
static size_t with_remarks(struct str text, size_t start, size_t least, int indent)
{
	while (start > least) {
		size_t above = line_start(text, start - 1);
		size_t at = above;
		while (at < start && text.p[at] == ' ') {
			at++;
		}
		if (above < least || text.p[at] != '#' || (int)(at - above) != indent) {
			break;
		}
		start = above;
	}
	return start;
}

static void take_block(struct str text, const struct node *key, const struct node *value,
        struct move *out)
{
	size_t least = 0;

	if (out->header_count > 0) {
		least = out->headers[out->header_count - 1].end;
	}
	out->key_line = line_start(text, key->start);
	out->indent = (int)(key->start - out->key_line);
	out->block.start = with_remarks(text, out->key_line, least, out->indent);
	out->block.end = value_end(text, value);
	out->after = (struct str){text.p + key->end, out->block.end - key->end};
}

static void push_header(struct str text, const struct node *key, struct move *move)
{
	size_t end = line_end(text, key->end);

	if (move->header_count < MAX_HEADERS) {
		move->headers[move->header_count++] = (struct span){
		        line_start(text, key->start), end < text.n ? end + 1 : end};
	}
}

/* The (*skip + 1)-th that can go. Headers: of the sections around that hold nothing else.
 */
static bool find_move(struct str text, const struct node *map, const char *section,
        size_t *skip, struct move *out)
{
	size_t headers = map->count > 1 ? 0 : out->header_count;

	for (size_t i = 0; map->kind == NODE_MAP && !map->flow && i < map->count; i++) {
		const struct node *key = map->keys[i], *value = map->items[i];
		autofree char *path = section[0] == '\0'
		                              ? xstrdup(key->text)
		                              : xasprintf("%s.%s", section, key->text);
		out->header_count = headers;
		if (present_path(path, out->path, sizeof(out->path)) &&
		        is_own_lines(text, key, value) && (*skip)-- == 0) {
			take_block(text, key, value, out);
			return true;
		}
		/* What cannot go as a whole may go in parts. */
		push_header(text, key, out);
		if (find_move(text, value, path, skip, out)) {
			return true;
		}
	}
	return false;
}

/* ---------------------------------------------------------------- moving it */

/* A line with its indentation changed by so much, as far as it has any. */
static void put_line(struct buf *out, struct str line, int shift)
{
	if (is_blank(line, 0, line.n - (line.n > 0 && line.p[line.n - 1] == '\n'))) {
		buf_add_str(out, line);
		return;
	}
	for (; shift < 0 && line.n > 0 && line.p[0] == ' '; shift++) {
		line.p++;
		line.n--;
	}
	if (shift > 0) {
		buf_printf(out, "%*s", shift, "");
	}
	buf_add_str(out, line);
}

static void put_lines(struct buf *out, struct str lines, int shift)
{
	for (size_t at = 0; at < lines.n;) {
		size_t end = line_end(lines, at);
		end = end < lines.n ? end + 1 : end;
		put_line(out, (struct str){lines.p + at, end - at}, shift);
		at = end;
	}
}

static void put_block(struct buf *out, struct str text, const struct move *move,
        const char *path, int indent)
{
	int deepest = indent;

	for (const char *p = path; *p != '\0'; p++) {
		deepest += *p == '.' ? INDENT : 0;
	}
	int shift = deepest - move->indent;
	while (strchr(path, '.') != NULL) {
		size_t n = strcspn(path, ".");
		buf_printf(out, "%*s%.*s:\n", indent, "", (int)n, path);
		indent += INDENT;
		path += n + 1;
	}
	put_lines(out,
	        (struct str){
	                text.p + move->block.start, move->key_line - move->block.start},
	        shift);
	size_t first = line_end(move->after, 0);
	first = first < move->after.n ? first + 1 : first;
	buf_printf(out, "%*s%s%.*s", indent, "", path, (int)first, move->after.p);
	put_lines(out, (struct str){move->after.p + first, move->after.n - first}, shift);
	if (out->len > 0 && out->data[out->len - 1] != '\n') {
		buf_puts(out, "\n");
	}
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

/* A section's line goes; a remark behind it stays where it is. */
static void put_header_remark(struct buf *out, struct str text, const struct span *header)
{
	size_t end = line_end(text, header->start), at = header->start;
	bool quoted = false;

	for (; at < end && (quoted || text.p[at] != '#'); at++) {
		quoted ^= text.p[at] == '"' || text.p[at] == '\'';
	}
	if (at < end && at > header->start) {
		size_t indent = header->start;
		while (text.p[indent] == ' ') {
			indent++;
		}
		buf_printf(out, "%*s%.*s\n", (int)(indent - header->start), "",
		        (int)(end - at), text.p + at);
	}
}

/* Does the move take this byte away? A section's line leaves its remark. */
static bool takes(struct buf *out, struct str text, const struct move *move, size_t at)
{
	if (at >= move->block.start && at < move->block.end) {
		return true;
	}
	for (size_t i = 0; i < move->header_count; i++) {
		const struct span *header = &move->headers[i];
		if (at == header->start) {
			put_header_remark(out, text, header);
		}
		if (at >= header->start && at < header->end) {
			return true;
		}
	}
	return false;
}

static bool is_inside(const struct move *move, size_t at)
{
	return at > move->block.start && at < move->block.end;
}

static bool put_moved(struct str text, const struct node *root, const struct move *move,
        struct buf *out)
{
	size_t at;
	int indent;
	const char *rest;

	if (!find_place(text, root, move->path, &at, &indent, &rest) ||
	        is_inside(move, at)) {
		return false;
	}
	for (size_t i = 0; i <= text.n; i++) {
		if (i == at) {
			if (out->len > 0 && out->data[out->len - 1] != '\n') {
				buf_puts(out, "\n");
			}
			put_block(out, text, move, rest, indent);
		}
		if (i < text.n && !takes(out, text, move, i)) {
			buf_add(out, &text.p[i], 1);
		}
	}
	return !out->failed;
}

/* One move, the first that can be made after the *stuck ones that could not; the new text
 * in *out. Each try reads the text twice: *tries are left. False: there is none (any
 * more). */
static bool move_one(struct str text, struct buf *out, size_t *stuck, unsigned *tries)
{
	struct config_problems problems = {0};
	struct node *root = config_yaml_read("", text, &problems);
	bool is_done = false, is_found = root != NULL;

	while (is_found && !is_done && *tries > 0) {
		struct move move = {0};
		size_t skip = *stuck;
		(*tries)--;
		buf_clear(out);
		is_found = find_move(text, root, "", &skip, &move);
		is_done = is_found && put_moved(text, root, &move, out) &&
		          reading_is_same(text, buf_str(out));
		*stuck += is_done ? 0 : 1;
	}
	node_free(root);
	config_problems_finish(&problems);
	return is_done;
}

size_t modernize_text(struct str text, struct buf *out)
{
	struct buf next;
	size_t moved = 0, stuck = 0;
	unsigned tries = MAX_TRIES;

	buf_init(&next, YAML_MAX_BYTES);
	while (move_one(moved == 0 ? text : buf_str(out), &next, &stuck, &tries)) {
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
