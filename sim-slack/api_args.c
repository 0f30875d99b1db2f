#include "sim-slack/api_args.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ARGS_MAX = 200 };

/* Adds every name=value of a form or query; the last of a name wins. */
static void add_form(cJSON *args, struct str form)
{
	const char *p = form.p, *end = form.p + form.n;

	for (unsigned i = 0; p < end && i < ARGS_MAX; i++) {
		const char *stop = memchr(p, '&', (size_t)(end - p));
		const char *last = stop ? stop : end;
		const char *eq = memchr(p, '=', (size_t)(last - p));
		const char *mid = eq ? eq : last;
		const char *rest = eq ? eq + 1 : last;
		autofree char *name =
		        url_decode((struct str){p, (size_t)(mid - p)}, true);
		autofree char *value =
		        url_decode((struct str){rest, (size_t)(last - rest)}, true);

		if (name && *name && value && str_is_utf8(str_from(value)) &&
		        str_is_utf8(str_from(name))) {
			json_set_str(args, name, value);
		}
		p = stop ? stop + 1 : end;
	}
}

static bool is_type(const char *content_type, const char *type)
{
	size_t n = strlen(type);

	return strncasecmp(content_type, type, n) == 0 &&
	       (content_type[n] == '\0' || content_type[n] == ';' ||
	               content_type[n] == ' ');
}

static bool has_charset(const char *content_type)
{
	return strcasestr(content_type, "charset=") != NULL;
}

static void add_json(struct api_args *out, struct str body)
{
	cJSON *object, *item;

	if (body.n == 0) {
		return;
	}
	object = json_parse(body, NULL);
	if (!object) {
		out->error = "invalid_json";
		return;
	}
	if (!cJSON_IsObject(object)) {
		out->error = "json_not_object";
		cJSON_Delete(object);
		return;
	}
	while ((item = object->child)) {
		autofree char *name = xstrdup(item->string);

		json_set(out->args, name, cJSON_DetachItemViaPointer(object, item));
	}
	cJSON_Delete(object);
}

/* Parts that carry a file are no arguments of any method there is. */
static void add_multipart(struct api_args *out, const char *type, struct str body)
{
	struct multipart multipart;
	struct part part;

	if (!multipart_begin(&multipart, type, body)) {
		out->error = "invalid_form_data";
		return;
	}
	for (unsigned i = 0; i < ARGS_MAX && multipart_next(&multipart, &part); i++) {
		autofree char *name =
		        xstrndup(part.name.p ? part.name.p : "", part.name.n);
		autofree char *value =
		        xstrndup(part.data.n ? part.data.p : "", part.data.n);

		if (*name && !part.filename.p && strlen(value) == part.data.n &&
		        str_is_utf8(part.data) && str_is_utf8(part.name)) {
			json_set_str(out->args, name, value);
		}
	}
	if (multipart.broken) {
		out->error = "invalid_form_data";
	}
}

static void read_body(
        struct api_args *out, const char *type, struct str body, bool takes_json)
{
	if (*type == '\0') {
		out->error = body.n ? "missing_post_type" : NULL;
	} else if (is_type(type, "application/json")) {
		out->is_json = true;
		out->warning = has_charset(type) ? NULL : "missing_charset";
		if (takes_json) {
			add_json(out, body);
		}
	} else if (is_type(type, "application/x-www-form-urlencoded")) {
		out->warning = has_charset(type) ? "superfluous_charset" : NULL;
		add_form(out->args, body);
	} else if (is_type(type, "multipart/form-data")) {
		add_multipart(out, type, body);
	} else {
		out->error = "invalid_post_type";
	}
}

void api_args_read(struct api_args *out, const struct http_request *req, bool takes_json)
{
	const char *type = http_request_header(req, "Content-Type");
	const char *bearer = http_request_bearer(req);
	const char *token;

	*out = (struct api_args){.args = json_new()};
	add_form(out->args, str_from(http_request_query(req)));
	/* Slack takes no tokens in addresses from apps made since 2021. */
	cJSON_DeleteItemFromObjectCaseSensitive(out->args, "token");
	if (!str_equal(http_request_method(req), "GET")) {
		read_body(out, type ? type : "", http_request_body(req), takes_json);
	}
	token = out->is_json ? NULL : json_str(out->args, "token");
	out->in_header = bearer != NULL;
	out->token = xstrdup_null(bearer ? bearer : token);
	cJSON_DeleteItemFromObjectCaseSensitive(out->args, "token");
}
