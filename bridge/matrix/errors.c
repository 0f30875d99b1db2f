#include "bridge/matrix/errors.h"

#include "lib/mark.h"
#include "lib/str.h"

#include <string.h>

/* M_SOMETHING or in reverse domain notation; anything else is nobody's word. */
static bool is_errcode(const char *text)
{
	static const char allowed[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	        "0123456789_.-";

	return text[0] != '\0' && strspn(text, allowed) == strlen(text);
}

/* conduwuit puts the errcode before the text once more: "M_FORBIDDEN: Event is not ...".
 */
static const char *without_errcode(const char *text, const char *errcode)
{
	size_t n = strlen(errcode);

	if (n > 0 && strncmp(text, errcode, n) == 0 && text[n] == ':') {
		text += n + 1;
		text += strspn(text, " ");
	}
	return text;
}

static uint32_t retry_after_ms(const struct http_reply *reply, const cJSON *answer)
{
	int64_t wish_ms = json_int(answer, "retry_after_ms", 0);

	if (wish_ms <= 0) {
		return reply->retry_after_ms;
	}
	return wish_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wish_ms;
}

static bool is_limit(int status, const char *errcode)
{
	return status == 429 || str_equal(errcode, "M_LIMIT_EXCEEDED");
}

bool matrix_is_rate_limit(const struct err *err)
{
	return err->kind == ERR_RETRY && is_limit(err->code, err->name);
}

static enum err_kind kind_of(enum matrix_effect effect, int status, const char *errcode)
{
	if (is_limit(status, errcode) || status == 408) {
		return ERR_RETRY;
	}
	/* Our registration is not there (yet, or for a while): a person can put it back.
	 */
	if (status == 401 && (str_equal(errcode, "M_UNKNOWN_TOKEN") ||
	                             str_equal(errcode, "M_MISSING_TOKEN"))) {
		return ERR_RETRY;
	}
	/* 3xx: something else than a homeserver answers there. */
	if (status >= 500 || status < 400) {
		return effect == MATRIX_ONCE ? ERR_UNSURE : ERR_RETRY;
	}
	return ERR_PERMANENT;
}

static bool is_one_of_a_proxys(int status)
{
	return status == 401 || status == 403 || status == 404 || status == 405;
}

static bool no_reply(enum matrix_effect effect, const char *what,
        const struct err *transport, struct err *err)
{
	enum err_kind kind = transport->kind;

	if (effect == MATRIX_READS && kind == ERR_UNSURE) {
		kind = ERR_RETRY;
	}
	/* Permanent: the answer was too large. Then the request was carried out. */
	if (effect == MATRIX_ONCE && kind == ERR_PERMANENT) {
		kind = ERR_UNSURE;
	}
	REQ("HS-04");
	err_set(err, kind, transport->code, "%s: %s", what, transport->msg);
	err_set_name(err, transport->name);
	return false;
}

bool matrix_classify(enum matrix_effect effect, const char *what,
        const struct http_reply *reply, const struct err *transport, cJSON **out,
        struct err *err)
{
	if (reply == NULL) {
		return no_reply(effect, what, transport, err);
	}
	autojson cJSON *answer = json_parse(reply->body, NULL);
	if (reply->status >= 200 && reply->status < 300) {
		if (!cJSON_IsObject(answer)) {
			return matrix_unusable(effect, what, "JSON object", err);
		}
		*out = answer;
		answer = NULL;
		return true;
	}

	const char *errcode = json_str_or(answer, "errcode", "");
	if (!is_errcode(errcode)) {
		errcode = "";
	}
	const char *text = without_errcode(json_str_or(answer, "error", ""), errcode);
	enum err_kind kind = kind_of(effect, reply->status, errcode);
	/* So says conduwuit of a room that it does not know (any more), as M_UNKNOWN with
	 * status 500: no later try will find it. */
	if (reply->status == 500 && strstr(text, "room of unknown version") != NULL) {
		kind = ERR_PERMANENT;
		errcode = "M_NOT_FOUND";
	}
	/* A homeserver's refusals are JSON: this is a proxy's page, as while the
	 * homeserver is away. */
	if (!cJSON_IsObject(answer) && is_one_of_a_proxys(reply->status)) {
		kind = kind_of(effect, 502, errcode);
	}
	err_set(err, kind, reply->status, "%s: HTTP status %d%s%s%s%s", what,
	        reply->status, errcode[0] == '\0' ? "" : ", ", errcode,
	        text[0] == '\0' ? "" : ": ", text);
	err_set_name(err, errcode);
	err->retry_after_ms = retry_after_ms(reply, answer);
	if (matrix_is_rate_limit(err) && err->retry_after_ms == 0) {
		err->retry_after_ms = MATRIX_DEFAULT_PARK_MS;
	}
	return false;
}

bool matrix_unusable(
        enum matrix_effect effect, const char *what, const char *missing, struct err *err)
{
	/* As with a lost answer: it may have been carried out. */
	enum err_kind kind = effect == MATRIX_READS ? ERR_RETRY : ERR_UNSURE;

	return err_set(err, kind, 200, "%s: the answer has no %s", what, missing);
}
