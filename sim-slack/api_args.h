/* api_args: a request's arguments and token, wherever the client put them: query, form or
 * JSON body, Authorization header. */
#ifndef SIM_SLACK_API_ARGS_H
#define SIM_SLACK_API_ARGS_H

#include "lib/http_server.h"
#include "lib/json.h"

struct api_args {
	cJSON *args;    /* caller deletes; never holds the token */
	char *token;    /* caller frees; NULL: none */
	bool in_header; /* the token came there */
	bool is_json;
	const char *error;   /* the body cannot be understood; NULL: it can */
	const char *warning; /* about its charset, or NULL */
};

/* takes_json: a JSON body is read; a method that takes none overlooks it. */
void api_args_read(struct api_args *out, const struct http_request *req, bool takes_json);

#endif
