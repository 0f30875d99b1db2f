#include "bridge/config/template.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum value_kind { VALUE_NODE, VALUE_BOOL, VALUE_TEXT };

struct value {
	enum value_kind kind;
	const cJSON *node; /* NULL: absent */
	bool truth;
	struct str text; /* of the template; escapes are not resolved */
};

struct walk {
	const char *start, *p;
	const cJSON *vars;
	template_variable_fn *variable;
	void *arg;
	struct buf out;
	struct err *err;
	unsigned depth;
	bool failed;
};

/* What ended a run of text and actions. */
enum stop { STOP_FAILED, STOP_TEXT_END, STOP_ELSE, STOP_ELSE_IF, STOP_END };

static struct value read_pipeline(struct walk *walk);
static enum stop read_run(struct walk *walk, bool live);

__attribute__((format(printf, 2, 3))) static void fail(
        struct walk *walk, const char *fmt, ...)
{
	va_list args;

	if (walk->failed) {
		return;
	}
	walk->failed = true;
	va_start(args, fmt);
	autofree char *text = xvasprintf(fmt, args);
	va_end(args);
	err_set(walk->err, ERR_PERMANENT, 0, "%s, at character %zu", text,
	        (size_t)(walk->p - walk->start) + 1);
}

static bool is_true(const struct value *value)
{
	switch (value->kind) {
	case VALUE_BOOL:
		return value->truth;
	case VALUE_TEXT:
		return value->text.n > 0;
	case VALUE_NODE:
		break;
	}
	if (value->node == NULL || cJSON_IsNull(value->node) ||
	        cJSON_IsFalse(value->node)) {
		return false;
	}
	if (cJSON_IsString(value->node)) {
		return value->node->valuestring[0] != '\0';
	}
	if (cJSON_IsNumber(value->node)) {
		return fpclassify(value->node->valuedouble) != FP_ZERO;
	}
	return cJSON_IsTrue(value->node) || value->node->child != NULL;
}

static void emit(struct walk *walk, const struct value *value)
{
	const cJSON *node = value->node;

	if (value->kind == VALUE_BOOL) {
		buf_puts(&walk->out, value->truth ? "true" : "false");
	} else if (value->kind == VALUE_TEXT) {
		buf_add_str(&walk->out, value->text);
	} else if (cJSON_IsString(node)) {
		buf_puts(&walk->out, node->valuestring);
	} else if (cJSON_IsBool(node)) {
		buf_puts(&walk->out, cJSON_IsTrue(node) ? "true" : "false");
	} else if (cJSON_IsNumber(node)) {
		buf_printf(&walk->out, "%.15g", node->valuedouble);
	}
	if (walk->out.failed) {
		fail(walk, "the result is longer than %d bytes",
		        TEMPLATE_MAX_OUTPUT_BYTES);
	}
}

static void skip_space(struct walk *walk)
{
	walk->p += strspn(walk->p, " \t\r\n");
}

/* At the end of an action: }} or, with a space before it, -}}. */
static bool at_action_end(const struct walk *walk)
{
	return strncmp(walk->p, "}}", 2) == 0 ||
	       (strncmp(walk->p, "-}}", 3) == 0 && walk->p > walk->start &&
	               strchr(" \t\r\n", walk->p[-1]) != NULL);
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool take_word(struct walk *walk, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(walk->p, word, n) != 0 || is_name_char(walk->p[n])) {
		return false;
	}
	walk->p += n;
	return true;
}

static struct value read_variable(struct walk *walk)
{
	struct value value = {.kind = VALUE_NODE, .node = walk->vars};
	struct buf path;

	buf_init(&path, TEMPLATE_MAX_BYTES);
	while (*walk->p == '.') {
		size_t n = 0;
		walk->p++;
		while (is_name_char(walk->p[n])) {
			n++;
		}
		if (n == 0) {
			if (path.len > 0) {
				fail(walk, "a name is missing after the dot");
			}
			break;
		}
		autofree char *name = xstrndup(walk->p, n);
		buf_printf(&path, "%s%s", path.len > 0 ? "." : "", name);
		value.node = cJSON_GetObjectItemCaseSensitive(value.node, name);
		walk->p += n;
	}
	if (walk->variable != NULL && !walk->failed) {
		walk->variable(buf_cstr(&path), walk->arg);
	}
	buf_finish(&path);
	return value;
}

static struct value read_text(struct walk *walk)
{
	char quote = *walk->p++;
	const char *end = strchr(walk->p, quote);
	struct value value = {.kind = VALUE_TEXT};

	if (end == NULL) {
		fail(walk, "a text without its closing %c", quote);
		return value;
	}
	value.text = (struct str){walk->p, (size_t)(end - walk->p)};
	if (quote == '"' && memchr(walk->p, '\\', value.text.n) != NULL) {
		fail(walk, "backslashes are not known here; use `text`");
	}
	walk->p = end + 1;
	return value;
}

static struct value read_operand(struct walk *walk)
{
	struct value value = {.kind = VALUE_BOOL};

	skip_space(walk);
	switch (*walk->p) {
	case '.':
		return read_variable(walk);
	case '"':
	case '`':
		return read_text(walk);
	case '(':
		walk->p++;
		if (++walk->depth > TEMPLATE_MAX_DEPTH) {
			fail(walk, "nested too deeply");
			return value;
		}
		value = read_pipeline(walk);
		walk->depth--;
		skip_space(walk);
		if (*walk->p == ')') {
			walk->p++;
		} else {
			fail(walk, "a bracket is not closed");
		}
		return value;
	default:
		break;
	}
	if (take_word(walk, "true")) {
		value.truth = true;
	} else if (!take_word(walk, "false")) {
		fail(walk, "expected a variable such as .Name, a \"text\" or a bracket");
	}
	return value;
}

static bool more_operands(struct walk *walk)
{
	skip_space(walk);
	return !walk->failed && !at_action_end(walk) && *walk->p != ')' &&
	       *walk->p != '|' && *walk->p != '\0';
}

/* or: the first true operand, else the last; and: the first false one, else the last. */
static struct value read_and_or(struct walk *walk, bool is_or)
{
	struct value result = read_operand(walk);

	while (more_operands(walk)) {
		struct value operand = read_operand(walk);
		if (is_true(&result) != is_or) {
			result = operand;
		}
	}
	return result;
}

static struct value read_pipeline(struct walk *walk)
{
	struct value value = {.kind = VALUE_BOOL};

	skip_space(walk);
	if (take_word(walk, "or")) {
		value = read_and_or(walk, true);
	} else if (take_word(walk, "and")) {
		value = read_and_or(walk, false);
	} else if (take_word(walk, "not")) {
		struct value operand = read_operand(walk);
		value.truth = !is_true(&operand);
	} else {
		const char *word = walk->p;
		size_t n = 0;
		while (is_name_char(word[n])) {
			n++;
		}
		if (n > 0 && strncmp(word, "true", n) != 0 &&
		        strncmp(word, "false", n) != 0) {
			fail(walk, "the function %.*s is not known here",
			        (int)(n > 30 ? 30 : n), word);
			return value;
		}
		value = read_operand(walk);
	}
	if (more_operands(walk)) {
		fail(walk, "one value too many");
	}
	return value;
}

/* Leaves an action; a trim mark eats the space that follows. */
static bool end_action(struct walk *walk)
{
	skip_space(walk);
	if (walk->failed) {
		return false;
	}
	if (!at_action_end(walk)) {
		fail(walk, *walk->p == '|' ? "pipes (|) are not known here"
		                           : "the closing }} is missing");
		return false;
	}
	bool trims = *walk->p == '-';
	walk->p += trims ? 3 : 2;
	if (trims) {
		skip_space(walk);
	}
	return true;
}

/* After {{if or {{else if: the condition and its runs, up to and with the {{end}}. */
static void read_if(struct walk *walk, bool live)
{
	bool taken = false;

	if (++walk->depth > TEMPLATE_MAX_DEPTH) {
		fail(walk, "nested too deeply");
		return;
	}
	for (bool is_condition = true;;) {
		bool holds = true;
		if (is_condition) {
			struct value value = read_pipeline(walk);
			holds = is_true(&value);
		}
		if (!end_action(walk)) {
			return;
		}
		enum stop stop = read_run(walk, live && holds && !taken);
		taken |= holds;
		if (stop == STOP_END) {
			walk->depth--;
			end_action(walk);
			return;
		}
		if (stop == STOP_TEXT_END) {
			fail(walk, "{{end}} is missing");
			return;
		}
		if (stop == STOP_FAILED) {
			return;
		}
		if (!is_condition) {
			fail(walk, "a second {{else}}");
			return;
		}
		is_condition = stop == STOP_ELSE_IF;
	}
}

/* Text up to the next action or the end; a trim mark there eats the space before it. */
static void read_literal(struct walk *walk, bool live)
{
	const char *end = strstr(walk->p, "{{");
	const char *until = end == NULL ? walk->p + strlen(walk->p) : end;
	size_t n = (size_t)(until - walk->p);

	if (end != NULL && end[2] == '-' && end[3] != '\0' &&
	        strchr(" \t\r\n", end[3]) != NULL) {
		while (n > 0 && strchr(" \t\r\n", walk->p[n - 1]) != NULL) {
			n--;
		}
	}
	if (live) {
		struct value text = {.kind = VALUE_TEXT, .text = {walk->p, n}};
		emit(walk, &text);
	}
	walk->p = until;
}

static bool skip_comment(struct walk *walk)
{
	if (strncmp(walk->p, "/*", 2) != 0) {
		return false;
	}
	const char *end = strstr(walk->p, "*/");
	if (end == NULL) {
		fail(walk, "a comment is not closed");
		return true;
	}
	walk->p = end + 2;
	end_action(walk);
	return true;
}

/* Text and actions up to the end or to an {{else}} or {{end}}, whose word has been taken.
 */
static enum stop read_run(struct walk *walk, bool live)
{
	while (!walk->failed) {
		read_literal(walk, live);
		if (*walk->p == '\0') {
			return walk->failed ? STOP_FAILED : STOP_TEXT_END;
		}
		walk->p += 2;
		if (walk->p[0] == '-' && walk->p[1] != '\0' &&
		        strchr(" \t\r\n", walk->p[1])) {
			walk->p++;
		}
		skip_space(walk);
		if (skip_comment(walk)) {
			continue;
		}
		if (take_word(walk, "end")) {
			return STOP_END;
		}
		if (take_word(walk, "else")) {
			skip_space(walk);
			return take_word(walk, "if") ? STOP_ELSE_IF : STOP_ELSE;
		}
		if (take_word(walk, "if")) {
			read_if(walk, live);
			continue;
		}
		struct value value = read_pipeline(walk);
		if (end_action(walk) && live) {
			emit(walk, &value);
		}
	}
	return STOP_FAILED;
}

static bool run(struct walk *walk, const char *tmpl)
{
	walk->start = walk->p = tmpl;
	buf_init(&walk->out, TEMPLATE_MAX_OUTPUT_BYTES);
	if (strlen(tmpl) > TEMPLATE_MAX_BYTES) {
		fail(walk, "longer than %d bytes", TEMPLATE_MAX_BYTES);
		return false;
	}
	enum stop stop = read_run(walk, true);
	if (stop == STOP_END) {
		fail(walk, "an {{end}} without its {{if}}");
	} else if (stop == STOP_ELSE || stop == STOP_ELSE_IF) {
		fail(walk, "an {{else}} without its {{if}}");
	}
	return !walk->failed;
}

char *template_expand(const char *tmpl, const cJSON *vars, struct err *err)
{
	struct walk walk = {.vars = vars, .err = err};
	char *result = run(&walk, tmpl) ? xstrdup(buf_cstr(&walk.out)) : NULL;

	buf_finish(&walk.out);
	return result;
}

bool template_check(
        const char *tmpl, template_variable_fn *variable, void *arg, struct err *err)
{
	struct walk walk = {.variable = variable, .arg = arg, .err = err};
	bool is_good = run(&walk, tmpl);

	buf_finish(&walk.out);
	return is_good;
}
