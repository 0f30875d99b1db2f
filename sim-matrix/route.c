#include "sim-matrix/route.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

void route_params_finish(struct call *call)
{
	for (size_t i = 0; i < call->param_count; i++) {
		free(call->params[i].value);
	}
	call->param_count = 0;
}

static bool keep_param(struct call *call, struct str name, struct str segment)
{
	char *value = url_decode(segment, false);

	if (value == NULL || call->param_count == CALL_PARAMS_MAX) {
		free(value);
		return false;
	}
	call->params[call->param_count].name = name.p;
	call->params[call->param_count].name_length = name.n;
	call->params[call->param_count].value = value;
	call->param_count++;
	return true;
}

static struct str next_segment(const char **at)
{
	struct str segment = {*at, strcspn(*at, "/")};

	*at += segment.n;
	return segment;
}

/* The version segment v3 of a route also stands for its older names. */
static bool literal_fits(struct str wanted, struct str got)
{
	if (wanted.n == got.n && memcmp(wanted.p, got.p, got.n) == 0) {
		return true;
	}
	return str_is(wanted, "v3") && str_is(got, "r0");
}

static bool path_fits(struct call *call, const struct route *route)
{
	const char *want = route->path;
	const char *got = call->request.path;

	route_params_finish(call);
	while (*want == '/' && *got == '/') {
		struct str wanted, segment;
		want++;
		got++;
		wanted = next_segment(&want);
		segment = next_segment(&got);
		if (wanted.n > 2 && wanted.p[0] == '{') {
			struct str name = {wanted.p + 1, wanted.n - 2};
			if (!keep_param(call, name, segment)) {
				return false;
			}
		} else if (!literal_fits(wanted, segment)) {
			return false;
		}
	}
	return *want == '\0' && *got == '\0';
}

enum route_match route_find(struct call *call, const struct route *routes)
{
	enum route_match match = ROUTE_NONE;

	for (const struct route *route = routes; route->method != NULL; route++) {
		if (((route->flags & ROUTE_NEWER) != 0 &&
		            !call->sim->profile->newer_routes) ||
		        !path_fits(call, route)) {
			continue;
		}
		if (strcmp(route->method, call->request.method) == 0) {
			call->route = route;
			return ROUTE_FOUND;
		}
		match = ROUTE_WRONG_METHOD;
	}
	route_params_finish(call);
	return match;
}
