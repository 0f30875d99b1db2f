#include "bridge/slack/errors.h"

#include "bridge/slack/web_api.h"

#include <string.h>

#define RATELIMITED "ratelimited"

/* The method was not carried out, and may be soon. */
static const char *const passing_words[] = {
        "org_login_required", /* the workspace is moving to an organisation: hours */
        "request_timeout",    /* Slack saw only part of the request */
        "service_unavailable", "team_added_to_org", /* the same move */
};

/* Something broke half-way. */
static const char *const doubtful_words[] = {"fatal_error", "internal_error"};

/* A human has to act. token_expired is among them: a bridge that rotates tokens renews
 * them before. */
static const char *const dead_words[] = {"account_inactive", "invalid_auth", "not_authed",
        "team_disabled", "token_expired", "token_revoked", "user_removed_from_team"};

#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof((list)[0]))

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Slack's words are snake_case, its scopes "chat:write,users:read"; anything else (a
 * proxy's page, say) must not reach people. */
static bool is_word(const char *text)
{
	static const char allowed[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	        "0123456789_-.:,";

	return text[0] != '\0' && strspn(text, allowed) == strlen(text);
}

/* The request left, and what came back does not tell whether it was carried out. */
static bool doubt(const struct slack_method_info *method, int code, const char *why,
        struct err *err)
{
	enum err_kind kind = method->writes ? ERR_UNSURE : ERR_RETRY;

	return err_set(err, kind, code, "%s: %s", method->name, why);
}

static bool no_reply(const struct slack_method_info *method, const struct err *transport,
        struct err *err)
{
	enum err_kind kind = transport->kind;

	if (!method->writes && kind == ERR_UNSURE) {
		kind = ERR_RETRY;
	}
	/* Permanent: the answer was too large. Then the request was carried out. */
	if (method->writes && kind == ERR_PERMANENT) {
		kind = ERR_UNSURE;
	}
	err_set(err, kind, transport->code, "%s: %s", method->name, transport->msg);
	err_set_name(err, transport->name);
	return false;
}

static bool rate_limit(const struct slack_method_info *method,
        const struct http_reply *reply, struct err *err)
{
	err_set(err, ERR_RETRY, reply->status, "%s: rate limit", method->name);
	err_set_name(err, RATELIMITED);
	err->retry_after_ms = reply->retry_after_ms == 0 ? SLACK_DEFAULT_PARK_MS
	                                                 : reply->retry_after_ms;
	if (err->retry_after_ms < SLACK_SHORTEST_PARK_MS) {
		err->retry_after_ms = SLACK_SHORTEST_PARK_MS;
	}
	return false;
}

static bool refusal(const struct slack_method_info *method,
        const struct http_reply *reply, const cJSON *answer, struct err *err)
{
	const char *word = json_str_or(answer, "error", "");
	enum err_kind kind = ERR_PERMANENT;

	if (strcmp(word, "ratelimited") == 0 || strcmp(word, "rate_limited") == 0) {
		return rate_limit(method, reply, err);
	}
	if (!is_word(word)) {
		/* conversations.leave, for one, is documented to refuse without a word.
		 */
		return err_set(err, ERR_PERMANENT, reply->status,
		        "%s: refused without a reason", method->name);
	}
	if (IS_ONE_OF(word, passing_words)) {
		kind = ERR_RETRY;
	} else if (IS_ONE_OF(word, doubtful_words)) {
		kind = method->writes ? ERR_UNSURE : ERR_RETRY;
	}
	err_set(err, kind, reply->status, "%s: %s", method->name, word);
	err_set_name(err, word);
	err->retry_after_ms = reply->retry_after_ms;

	const char *needed = json_str_or(answer, "needed", "");
	if (strcmp(word, "missing_scope") == 0 && is_word(needed)) {
		err_set(err, kind, reply->status, "%s: %s (needs %s)", method->name, word,
		        needed);
		err_set_name(err, word);
	}
	return false;
}

bool slack_classify(const struct slack_method_info *method,
        const struct http_reply *reply, const struct err *transport, cJSON **out,
        struct err *err)
{
	if (reply == NULL) {
		return no_reply(method, transport, err);
	}
	if (reply->status == 429) {
		return rate_limit(method, reply, err);
	}

	autojson cJSON *answer = json_parse_mended(reply->body, NULL);
	const cJSON *ok = json_get(answer, "ok");
	if (reply->status >= 400 && reply->status < 500 && !cJSON_IsBool(ok)) {
		return err_set(err, reply->status == 408 ? ERR_RETRY : ERR_PERMANENT,
		        reply->status, "%s: HTTP status %d", method->name, reply->status);
	}
	if (reply->status < 200 || reply->status >= 500 ||
	        (reply->status >= 300 && reply->status < 400)) {
		doubt(method, reply->status, "the server is in trouble", err);
		err->retry_after_ms = reply->retry_after_ms;
		return false;
	}
	if (!cJSON_IsBool(ok)) {
		return doubt(method, reply->status, "the answer is not Slack's", err);
	}
	if (!cJSON_IsTrue(ok)) {
		return refusal(method, reply, answer, err);
	}
	*out = answer;
	answer = NULL;
	return true;
}

bool slack_unusable(
        const struct slack_method_info *method, const char *what, struct err *err)
{
	enum err_kind kind = method->writes ? ERR_UNSURE : ERR_RETRY;

	return err_set(err, kind, 200, "%s: the answer has no %s", method->name, what);
}

bool slack_is_rate_limit(const struct err *err)
{
	return err->kind == ERR_RETRY && strcmp(err->name, RATELIMITED) == 0;
}

bool slack_is_token_refusal(const char *word)
{
	return IS_ONE_OF(word, dead_words);
}

bool slack_is_dead_token(const struct err *err)
{
	return err->kind == ERR_PERMANENT && slack_is_token_refusal(err->name);
}
