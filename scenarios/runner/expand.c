#include "scenarios/runner/expand.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT_BYTES = 256 * 1024 };

static const char word_start[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char word_chars[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789-";

bool name_is_valid(const char *name)
{
	return name[0] != '\0' && strchr(word_start, name[0]) != NULL &&
	       strspn(name, word_chars) == strlen(name);
}

bool text_has_reference(const char *text)
{
	return strstr(text, "${") != NULL;
}

/* ---------------------------------------------------------------- names */

void scope_init(struct scope *scope, struct story_problems *problems)
{
	*scope = (struct scope){.problems = problems};
}

static void forget(struct scope_name *name)
{
	free(name->name);
	tree_free(name->value);
}

void scope_finish(struct scope *scope)
{
	for (size_t i = 0; i < scope->count; i++) {
		forget(&scope->names[i]);
	}
	free(scope->names);
	scope_init(scope, NULL);
}

static struct scope_name *find(const struct scope *scope, const char *name)
{
	for (size_t i = 0; i < scope->count; i++) {
		if (strcmp(scope->names[i].name, name) == 0) {
			return &scope->names[i];
		}
	}
	return NULL;
}

/* "slack" for "slack.url": such a root cannot be anybody's own name. */
static bool is_engine_root(const char *name)
{
	size_t n = strlen(name);

	for (const struct story_variable *known = story_variables; known->name != NULL;
	        known++) {
		if (strncmp(known->name, name, n) == 0 &&
		        (known->name[n] == '\0' || known->name[n] == '.')) {
			return true;
		}
	}
	return false;
}

static bool name_is_free(
        struct scope *scope, const char *name, const struct story_pos *pos, bool taken)
{
	if (!name_is_valid(name)) {
		story_problem(scope->problems, pos,
		        "\"%s\" cannot be a name: letters, digits, _ and - only", name);
		return false;
	}
	if (is_engine_root(name) || taken) {
		story_problem(scope->problems, pos, "the name \"%s\" is taken", name);
		return false;
	}
	return true;
}

static struct scope_name *add(struct scope *scope, const char *name)
{
	scope->names =
	        xrealloc(scope->names, (scope->count + 1) * sizeof(scope->names[0]));
	struct scope_name *added = &scope->names[scope->count++];
	*added = (struct scope_name){.name = xstrdup(name)};
	return added;
}

bool scope_set(struct scope *scope, const char *name, const struct story_pos *pos,
        struct tree_node *value)
{
	struct scope_name *known = find(scope, name);
	bool same = known != NULL && known->kind == SCOPE_VAR &&
	            known->pos.line == pos->line && known->pos.column == pos->column;

	if (!same) {
		if (!name_is_free(scope, name, pos, known != NULL)) {
			tree_free(value);
			return false;
		}
		known = add(scope, name);
		known->kind = SCOPE_VAR;
		known->pos = *pos;
	}
	tree_free(known->value);
	known->value = value;
	return true;
}

bool scope_save(
        struct scope *scope, const char *name, const struct story_pos *pos, bool used)
{
	if (!name_is_free(scope, name, pos, find(scope, name) != NULL)) {
		return false;
	}
	struct scope_name *added = add(scope, name);
	added->kind = SCOPE_SAVE;
	added->pos = *pos;
	added->used = used;
	return true;
}

void scope_drop_saves(struct scope *scope)
{
	size_t kept = 0;

	for (size_t i = 0; i < scope->count; i++) {
		struct scope_name *name = &scope->names[i];
		if (name->kind == SCOPE_VAR) {
			scope->names[kept++] = *name;
			continue;
		}
		if (!name->used) {
			story_problem(scope->problems, &name->pos,
			        "\"%s\" is saved but no later step uses it", name->name);
		}
		forget(name);
	}
	scope->count = kept;
}

void scope_check_used(const struct scope *scope)
{
	for (size_t i = 0; i < scope->count; i++) {
		const struct scope_name *name = &scope->names[i];
		if (name->kind == SCOPE_VAR && !name->used) {
			story_problem(scope->problems, &name->pos, "\"%s\" is never used",
			        name->name);
		}
	}
}

/* ---------------------------------------------------------------- references */

static void complain_unknown(
        struct scope *scope, const struct story_pos *pos, const char *path)
{
	struct nearest nearest;
	nearest_init(&nearest, path);
	for (size_t i = 0; i < scope->count; i++) {
		nearest_offer(&nearest, scope->names[i].name);
	}
	for (const struct story_variable *known = story_variables; known->name != NULL;
	        known++) {
		nearest_offer(&nearest, known->name);
	}
	autofree char *hint = nearest_hint(&nearest);
	story_problem(scope->problems, pos,
	        "${%s} refers to nothing that is known at this point%s", path, hint);
}

/* The value of "a.b.c" below the value of a. */
static const struct tree_node *descend(struct scope *scope, const struct story_pos *pos,
        const char *path, const struct tree_node *value)
{
	const char *dot = strchr(path, '.');

	while (dot != NULL) {
		const char *start = dot + 1;
		dot = strchr(start, '.');
		autofree char *key = dot == NULL ? xstrdup(start)
		                                 : xstrndup(start, (size_t)(dot - start));
		const struct tree_node *next = tree_get(value, key);
		if (next == NULL) {
			story_problem(scope->problems, pos,
			        "${%s}: there is no \"%s\" in it", path, key);
			return NULL;
		}
		value = next;
	}
	return value;
}

static bool is_engine_variable(const char *path)
{
	for (const struct story_variable *known = story_variables; known->name != NULL;
	        known++) {
		if (strcmp(known->name, path) == 0) {
			return true;
		}
	}
	return false;
}

/* The node that ${path} stands for; NULL if it is the engine's to replace, or wrong. */
static const struct tree_node *resolve(
        struct scope *scope, const struct story_pos *pos, const char *path)
{
	size_t root_length = strcspn(path, ".");
	autofree char *root = xstrndup(path, root_length);
	struct scope_name *name = find(scope, root);

	if (is_engine_variable(path)) {
		return NULL;
	}
	if (name == NULL) {
		complain_unknown(scope, pos, path);
		return NULL;
	}
	name->used = true;
	if (name->kind == SCOPE_VAR) {
		return descend(scope, pos, path, name->value);
	}
	if (path[root_length] == '\0') {
		story_problem(scope->problems, pos,
		        "${%s} is a whole record; name one of its fields: ${%s.text}",
		        path, path);
	}
	return NULL;
}

/* *path: what stands between "${" and "}" at `at` (the caller's). NULL if it is
 * malformed; *end is behind the brace. */
static char *reference_at(const char *at, const char **end)
{
	const char *start = at + 2;
	size_t n = strcspn(start, "}");
	if (start[n] == '\0') {
		return NULL;
	}
	char *path = xstrndup(start, n);
	char *rest = path;
	bool ok = true;
	while (ok && rest != NULL) {
		char *dot = strchr(rest, '.');
		size_t length = dot == NULL ? strlen(rest) : (size_t)(dot - rest);
		ok = length > 0 && strspn(rest, word_chars) == length;
		rest = dot == NULL ? NULL : dot + 1;
	}
	if (!ok) {
		free(path);
		return NULL;
	}
	*end = start + n + 1;
	return path;
}

/* Adds the value of one reference, or the reference itself when it stays. */
static void add_value(struct scope *scope, const struct story_pos *pos, const char *path,
        struct buf *out)
{
	const struct tree_node *value = resolve(scope, pos, path);
	if (value == NULL) {
		buf_printf(out, "${%s}", path);
		return;
	}
	if (value->kind != TREE_SCALAR) {
		story_problem(scope->problems, pos,
		        "${%s} is %s and cannot stand inside a text", path,
		        tree_kind_to_str(value->kind));
		return;
	}
	buf_puts(out, value->text);
}

/* Caller frees. */
static char *expand_text(
        struct scope *scope, const struct story_pos *pos, const char *text)
{
	struct buf out;
	buf_init(&out, MAX_TEXT_BYTES);
	buf_puts(&out, "");

	for (;;) {
		const char *at = strstr(text, "${");
		const char *end = NULL;
		if (at == NULL) {
			break;
		}
		buf_add(&out, text, (size_t)(at - text));
		autofree char *path = reference_at(at, &end);
		if (path == NULL) {
			story_problem(scope->problems, pos,
			        "a reference looks like ${name} or ${name.field}");
			text = at + 2;
			continue;
		}
		add_value(scope, pos, path, &out);
		text = end;
	}
	buf_puts(&out, text);
	if (out.failed) {
		story_problem(scope->problems, pos, "this text grows over %d bytes",
		        (int)MAX_TEXT_BYTES);
		buf_finish(&out);
		return xstrdup("");
	}
	return buf_take(&out);
}

/* ---------------------------------------------------------------- trees */

static struct tree_node *copy(const struct tree_node *node, const struct story_pos *pos)
{
	struct tree_node *result = tree_new(node->kind, pos);

	result->text = xstrdup_null(node->text);
	result->quoted = node->quoted;
	for (size_t i = 0; i < node->count; i++) {
		struct tree_node *item = copy(node->items[i], pos);
		if (node->items[i]->key != NULL) {
			tree_set_key(item, node->items[i]->key, pos);
		}
		tree_append(result, item);
	}
	return result;
}

static struct tree_node *expand_scalar(struct scope *scope, const struct tree_node *node)
{
	const char *end = NULL;

	if (str_starts(node->text, "${")) {
		autofree char *path = reference_at(node->text, &end);
		if (path != NULL && *end == '\0') {
			const struct tree_node *value = resolve(scope, &node->pos, path);
			return copy(value == NULL ? node : value, &node->pos);
		}
	}
	struct tree_node *result = tree_new(TREE_SCALAR, &node->pos);
	result->quoted = node->quoted;
	result->text = expand_text(scope, &node->pos, node->text);
	return result;
}

static void expand_key(struct scope *scope, const struct tree_node *from,
        struct tree_node *map, struct tree_node *to)
{
	autofree char *key = expand_text(scope, &from->key_pos, from->key);
	if (tree_get(map, key) != NULL) {
		story_problem(scope->problems, &from->key_pos,
		        "the key \"%s\" is there twice", key);
	}
	tree_set_key(to, key, &from->key_pos);
}

struct tree_node *scope_expand(struct scope *scope, const struct tree_node *node)
{
	if (node->kind == TREE_SCALAR) {
		return expand_scalar(scope, node);
	}
	struct tree_node *result = tree_new(node->kind, &node->pos);
	for (size_t i = 0; i < node->count; i++) {
		struct tree_node *item = scope_expand(scope, node->items[i]);
		if (node->items[i]->key != NULL) {
			expand_key(scope, node->items[i], result, item);
		}
		tree_append(result, item);
	}
	return result;
}
