/* template: the part of Go's text/template that name templates of mautrix-slack use.
 *
 * {{.}} and {{.A.B}}; or, and, not; "text" and `text`; brackets; {{if}} {{else if}}
 * {{else}}
 * {{end}}; trim marks {{- -}}; comments. A variable that is absent is empty. Text only:
 * nothing is escaped, and nothing is trimmed but by trim marks.
 * https://pkg.go.dev/text/template ("Actions", "Functions", "Text and spaces"). */
#ifndef BRIDGE_CONFIG_TEMPLATE_H
#define BRIDGE_CONFIG_TEMPLATE_H

#include "lib/err.h"
#include "lib/json.h"

enum {
	TEMPLATE_MAX_BYTES = 4096,
	TEMPLATE_MAX_OUTPUT_BYTES = 1024,
	TEMPLATE_MAX_DEPTH = 16
};

/* vars: an object, or for {{.}} any value; NULL: nothing is known. Caller frees. NULL and
 * *err (permanent) for a template that cannot be read, or if the output would be too
 * long. */
char *template_expand(const char *tmpl, const cJSON *vars, struct err *err);

/* Is it a template at all? Calls variable() for each one it mentions, with its path:
 * "A.B", "" for the dot alone. variable may be NULL. */
typedef void template_variable_fn(const char *path, void *arg);
bool template_check(
        const char *tmpl, template_variable_fn *variable, void *arg, struct err *err);

#endif
