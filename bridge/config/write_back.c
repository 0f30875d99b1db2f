#include "bridge/config/write_back.h"

#include "lib/mem.h"

#include "bridge/config/yaml_read.h"

#include <stdlib.h>
#include <string.h>

enum { TOKENS = 2 };

static const char *const names[TOKENS] = {"as_token", "hs_token"};

/* Bytes start..end of the old text become `text`. */
struct edit {
	size_t start, end;
	char *text;
};

struct editing {
	struct str old;
	const char *values[TOKENS];
	struct edit edits[TOKENS + 1];
	size_t count;
};

static void edit_add(struct editing *editing, size_t start, size_t end, char *text)
{
	editing->edits[editing->count++] = (struct edit){start, end, text};
}

/* In place of a scalar, whatever its style was. */
static void replace(struct editing *editing, const struct node *node, const char *value)
{
	bool had_newline =
	        node->end > node->start && editing->old.p[node->end - 1] == '\n';
	bool needs_space = node->start > 0 && editing->old.p[node->start - 1] == ':';

	edit_add(editing, node->start, node->end,
	        xasprintf("%s%s%s", needs_space ? " " : "", value,
	                had_newline ? "\n" : ""));
}

static void replace_tokens(struct editing *editing, const struct node *section)
{
	for (int i = 0; i < TOKENS; i++) {
		const struct node *node = node_get(section, names[i]);
		if (node != NULL) {
			autofree char *value = xasprintf("\"%s\"", editing->values[i]);
			replace(editing, node, value);
		}
	}
}

/* Lines or, in braces, pairs for the tokens the section lacks; "" if it lacks none. */
static char *missing(
        const struct editing *editing, const struct node *section, int indent)
{
	struct buf text;

	buf_init(&text, 4096);
	for (int i = 0; i < TOKENS; i++) {
		if (node_get(section, names[i]) != NULL) {
			continue;
		}
		if (indent >= 0) {
			buf_printf(&text, "%*s%s: \"%s\"\n", indent, "", names[i],
			        editing->values[i]);
		} else {
			buf_printf(&text, "%s\"%s\": \"%s\"", text.len > 0 ? ", " : "",
			        names[i], editing->values[i]);
		}
	}
	char *result = xstrdup(buf_cstr(&text));
	buf_finish(&text);
	return result;
}

static size_t next_line(struct str text, size_t from)
{
	const char *end =
	        from < text.n ? memchr(text.p + from, '\n', text.n - from) : NULL;
	return end == NULL ? text.n : (size_t)(end - text.p) + 1;
}

/* Where the key of that value ends. */
static size_t key_end(const struct node *map, const struct node *value)
{
	size_t end = 0;

	for (size_t i = 0; i < map->count; i++) {
		if (map->items[i] == value) {
			end = map->keys[i]->end;
		}
	}
	return end;
}

static void add_to_section(
        struct editing *editing, const struct node *root, const struct node *section)
{
	int indent = section->flow ? -1 : section->keys[0]->column - 1;
	char *text = missing(editing, section, indent);

	if (text[0] == '\0') {
		free(text);
	} else if (section->flow) {
		char *pairs = xasprintf("%s%s", text, section->count > 0 ? ", " : "");
		free(text);
		edit_add(editing, section->start + 1, section->start + 1, pairs);
	} else {
		size_t at = next_line(editing->old, key_end(root, section));
		edit_add(editing, at, at, text);
	}
}

static void add_section(struct editing *editing, const struct node *root)
{
	autofree char *pairs = missing(editing, NULL, -1);

	if (root->kind == NODE_MAP && root->flow) {
		edit_add(editing, root->start + 1, root->start + 1,
		        xasprintf("\"appservice\": {%s}%s", pairs,
		                root->count > 0 ? ", " : ""));
		return;
	}
	int indent = root->kind == NODE_MAP ? root->keys[0]->column - 1 : 0;
	autofree char *lines = missing(editing, NULL, indent + 4);
	size_t n = editing->old.n;
	bool needs_newline = n > 0 && editing->old.p[n - 1] != '\n';
	edit_add(editing, n, n,
	        xasprintf("%s%*sappservice:\n%s", needs_newline ? "\n" : "", indent, "",
	                lines));
}

static void plan(struct editing *editing, const struct node *root)
{
	const struct node *section = node_get(root, "appservice");

	if (section == NULL) {
		add_section(editing, root);
	} else if (section->kind == NODE_SCALAR) {
		autofree char *pairs = missing(editing, NULL, -1);
		autofree char *value = xasprintf("{%s}", pairs);
		replace(editing, section, value);
	} else if (section->kind == NODE_MAP) {
		replace_tokens(editing, section);
		add_to_section(editing, root, section);
	}
}

static void write_edited(struct editing *editing, struct buf *out)
{
	size_t done = 0;

	while (editing->count > 0) {
		size_t first = 0;
		for (size_t i = 1; i < editing->count; i++) {
			if (editing->edits[i].start < editing->edits[first].start) {
				first = i;
			}
		}
		struct edit edit = editing->edits[first];
		editing->edits[first] = editing->edits[--editing->count];
		if (edit.start >= done) {
			buf_add(out, editing->old.p + done, edit.start - done);
			buf_puts(out, edit.text);
			done = edit.end;
		}
		free(edit.text);
	}
	buf_add(out, editing->old.p + done, editing->old.n - done);
}

/* Is all that was there still the same, but for the tokens? */
static bool is_kept(const struct node *old, const struct node *new, bool in_section)
{
	for (size_t i = 0; old->kind == NODE_MAP && i < old->count; i++) {
		const char *key = old->keys[i]->text;
		const struct node *item = old->items[i], *now = node_get(new, key);
		bool is_section = !in_section && strcmp(key, "appservice") == 0;
		if (in_section &&
		        (strcmp(key, names[0]) == 0 || strcmp(key, names[1]) == 0)) {
			continue;
		}
		if (now == NULL || (is_section ? !is_kept(item, now, true)
		                               : !node_equal(item, now))) {
			return false;
		}
	}
	return true;
}

static bool is_good(struct str text, const struct node *old, const char *const *values)
{
	struct config_problems problems = {0};
	struct node *root = config_yaml_read("", text, &problems);
	bool good = root != NULL && is_kept(old, root, false);

	for (int i = 0; i < TOKENS && good; i++) {
		const struct node *node =
		        node_get(node_get(root, "appservice"), names[i]);
		good = node != NULL && node->kind == NODE_SCALAR &&
		       strcmp(node->text, values[i]) == 0;
	}
	node_free(root);
	config_problems_finish(&problems);
	return good;
}

bool write_back_tokens(struct str text, const char *as_token, const char *hs_token,
        struct buf *out, struct err *err)
{
	struct editing editing = {.old = text, .values = {as_token, hs_token}};
	struct config_problems problems = {0};
	struct node *root = config_yaml_read("", text, &problems);

	if (root != NULL) {
		plan(&editing, root);
		write_edited(&editing, out);
	}
	bool is_done = root != NULL && !out->failed &&
	               is_good(buf_str(out), root, editing.values);
	node_free(root);
	config_problems_finish(&problems);
	if (!is_done) {
		return err_set(err, ERR_PERMANENT, 0,
		        "the tokens cannot be put into this layout; write appservice.as_token and "
		        "appservice.hs_token as plain lines");
	}
	return true;
}
