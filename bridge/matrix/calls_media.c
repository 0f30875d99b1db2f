/* media, as mxc URIs name it */
#include "bridge/matrix/client.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/matrix/call.h"

#include <string.h>

#define LETTERS_AND_DIGITS                                                               \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { MAX_PART_BYTES = 255 };

/* The grammar of server names: Matrix spec, appendices; of media IDs: client-server API,
 * "Content repository", security considerations. */
bool matrix_mxc_split(const char *mxc, char **server, char **media_id)
{
	static const char scheme[] = "mxc://";

	if (mxc == NULL || !str_starts(mxc, scheme)) {
		return false;
	}
	const char *first = mxc + strlen(scheme);
	size_t first_n = strspn(first, LETTERS_AND_DIGITS ".-:[]");
	/* No dots in front: ".." in a path would lead elsewhere. */
	if (first_n == 0 || first_n > MAX_PART_BYTES || first[first_n] != '/' ||
	        first[0] == '.') {
		return false;
	}
	const char *second = first + first_n + 1;
	size_t second_n = strspn(second, LETTERS_AND_DIGITS "-_");
	if (second_n == 0 || second_n > MAX_PART_BYTES || second[second_n] != '\0') {
		return false;
	}
	*server = xstrndup(first, first_n);
	*media_id = xstrndup(second, second_n);
	return true;
}

/* Homeservers from before version 1.11 of the specification. */
static bool ask_in_the_old_way(
        struct matrix_call *call, const cJSON *answer, struct err *err)
{
	(void)answer;
	if (err->kind != ERR_PERMANENT || err->code != 404 ||
	        !str_equal(err->name, "M_UNRECOGNIZED")) {
		return false;
	}
	call->again = NULL;
	matrix_call_restart(call, MATRIX_READS, "GET", "/_matrix/media/v3/download/{}/{}",
	        MATRIX_PARTS(call->server, call->media_id), NULL);
	return true;
}

static void report_download(
        struct matrix_call *call, const cJSON *answer, const struct err *err)
{
	const struct http_reply none = {.content_type = ""};
	const struct http_reply *reply = call->raw == NULL ? &none : call->raw;
	struct err unusable;

	(void)answer;
	if (call->raw == NULL && err->kind == ERR_NONE) {
		matrix_unusable(call->effect, call->what, "content", &unusable);
		err = &unusable;
	}
	call->done.download(reply->content_type, reply->body, err, call->arg);
}

struct matrix_call *matrix_download(struct matrix *matrix, const char *mxc,
        size_t max_bytes, matrix_download_fn *done, void *arg)
{
	char *server = NULL, *media_id = NULL;
	bool is_well_formed = matrix_mxc_split(mxc, &server, &media_id);
	struct matrix_call *call = matrix_call_create(matrix, "download", MATRIX_READS,
	        "GET", "/_matrix/client/v1/media/download/{}/{}",
	        MATRIX_PARTS(
	                is_well_formed ? server : "", is_well_formed ? media_id : ""));

	matrix_call_as(call, NULL);
	call->fault = is_well_formed ? NULL : "not an mxc URI";
	call->server = server;
	call->media_id = media_id;
	call->max_reply = max_bytes;
	call->is_raw = true;
	call->again = ask_in_the_old_way;
	matrix_call_start(
	        call, report_download, (union matrix_done){.download = done}, arg);
	return call;
}
