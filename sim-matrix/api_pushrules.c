/* Push rules: reading and changing; pushers; what one was told of. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/push_rules.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = 1000, NOTIFICATIONS_MAX = 50 };

struct rule_call { /* one request about one rule */
	struct call *call;
	cJSON *rules; /* all of the user's; the caller of rule_call_of() deletes */
	cJSON *list;  /* of the kind */
	cJSON *rule;  /* NULL: none of this ID */
};

/* False and answered if there is no such user or kind. */
static bool rule_call_of(struct call *call, struct rule_call *out)
{
	const char *kind = call_param(call, "kind");
	cJSON *rule;

	*out = (struct rule_call){.call = call};
	if (call->user == NULL) {
		call_fail(call, FAIL_NO_PUSH_RULE, NULL);
		return false;
	}
	out->rules = push_rules_of(call->user);
	out->list = cJSON_GetObjectItemCaseSensitive(out->rules, kind);
	if (out->list == NULL) {
		cJSON_Delete(out->rules);
		call_fail(call, FAIL_NO_PUSH_RULE, NULL);
		return false;
	}
	cJSON_ArrayForEach(rule, out->list)
	{
		if (str_equal(content_str(rule, "rule_id"), call_param(call, "rule"))) {
			out->rule = rule;
		}
	}
	return true;
}

static bool is_default(const struct rule_call *rc)
{
	return call_param(rc->call, "rule")[0] == '.';
}

/* Keeps the changed rules and answers. */
static void keep(struct rule_call *rc)
{
	push_rules_set(rc->call->sim, rc->call->user, rc->rules);
	call_reply_empty(rc->call);
}

static void refuse(struct rule_call *rc, enum fail_id id)
{
	cJSON_Delete(rc->rules);
	call_fail(rc->call, id, NULL);
}

/* ---- all ---- */

void api_pushrules_get(struct call *call)
{
	cJSON *rules = call->user != NULL ? push_rules_of(call->user) : json_new();

	call_reply(call, 200, json_set(json_new(), "global", rules));
}

void api_pushrules_global(struct call *call)
{
	call_reply(
	        call, 200, call->user != NULL ? push_rules_of(call->user) : json_new());
}

/* ---- one ---- */

void api_pushrule_get(struct call *call)
{
	struct rule_call rc;

	if (!rule_call_of(call, &rc)) {
		return;
	}
	if (rc.rule == NULL) {
		refuse(&rc, FAIL_NO_PUSH_RULE);
		return;
	}
	call_reply(call, 200, content_copy(rc.rule));
	cJSON_Delete(rc.rules);
}

/* The members that a rule of this kind has. False: one is missing. */
static bool fill_rule(const struct call *call, cJSON *rule)
{
	const char *kind = call_param(call, "kind");
	const cJSON *actions = content_get(call->body, "actions");
	const cJSON *conditions = content_get(call->body, "conditions");
	const char *pattern = content_str(call->body, "pattern");

	if (!cJSON_IsArray(actions)) {
		return false;
	}
	json_set(rule, "actions", content_copy(actions));
	if (strcmp(kind, "content") == 0) {
		json_set_str(rule, "pattern", pattern);
		return pattern != NULL;
	}
	if (kind[0] == 'o' || kind[0] == 'u') {
		json_set(rule, "conditions",
		        cJSON_IsArray(conditions) ? content_copy(conditions)
		                                  : cJSON_CreateArray());
	}
	return true;
}

/* The place of the rule that a query parameter names, or -1. */
static int place_of(const struct rule_call *rc, const char *parameter)
{
	autofree char *id = call_query(rc->call, parameter);
	const cJSON *rule;
	int place = 0;

	cJSON_ArrayForEach(rule, rc->list)
	{
		if (id != NULL && str_equal(content_str(rule, "rule_id"), id)) {
			return place;
		}
		place++;
	}
	return -1;
}

/* Takes rule. */
static void insert(struct rule_call *rc, int place, cJSON *rule)
{
	cJSON *list = cJSON_CreateArray();

	for (int i = 0; rc->list->child != NULL || i == place; i++) {
		cJSON_AddItemToArray(
		        list, i == place ? rule : cJSON_DetachItemFromArray(rc->list, 0));
	}
	json_set(rc->rules, call_param(rc->call, "kind"), list);
}

void api_pushrule_put(struct call *call)
{
	struct rule_call rc;
	cJSON *rule;
	bool enabled;
	int before, after;

	if (!rule_call_of(call, &rc)) {
		return;
	}
	if (is_default(&rc)) {
		refuse(&rc, FAIL_PUSH_RULE_DEFAULT);
		return;
	}
	enabled = rc.rule == NULL || cJSON_IsTrue(content_get(rc.rule, "enabled"));
	rule = json_set_str(json_new(), "rule_id", call_param(call, "rule"));
	json_set_bool(rule, "default", false);
	json_set_bool(rule, "enabled", enabled);
	if (!fill_rule(call, rule) || cJSON_GetArraySize(rc.list) >= RULES_MAX) {
		cJSON_Delete(rule);
		refuse(&rc, FAIL_PUSH_RULE_DATA);
		return;
	}
	if (rc.rule != NULL) {
		cJSON_Delete(cJSON_DetachItemViaPointer(rc.list, rc.rule));
	}
	before = place_of(&rc, "before");
	after = place_of(&rc, "after");
	insert(&rc, after >= 0 ? after + 1 : (before >= 0 ? before : 0), rule);
	keep(&rc);
}

void api_pushrule_delete(struct call *call)
{
	struct rule_call rc;

	if (!rule_call_of(call, &rc)) {
		return;
	}
	if (is_default(&rc) || rc.rule == NULL) {
		refuse(&rc, rc.rule == NULL ? FAIL_NO_PUSH_RULE : FAIL_PUSH_RULE_DEFAULT);
		return;
	}
	cJSON_Delete(cJSON_DetachItemViaPointer(rc.list, rc.rule));
	keep(&rc);
}

/* ---- one member of one ---- */

static void get_member(struct call *call, const char *name)
{
	struct rule_call rc;
	cJSON *json;

	if (!rule_call_of(call, &rc)) {
		return;
	}
	if (rc.rule == NULL) {
		refuse(&rc, FAIL_NO_PUSH_RULE);
		return;
	}
	json = json_set(json_new(), name, content_copy(content_get(rc.rule, name)));
	cJSON_Delete(rc.rules);
	call_reply(call, 200, json);
}

static void put_member(struct call *call, const char *name, bool fits)
{
	struct rule_call rc;

	if (!rule_call_of(call, &rc)) {
		return;
	}
	if (rc.rule == NULL || !fits) {
		refuse(&rc, rc.rule == NULL ? FAIL_NO_PUSH_RULE : FAIL_PUSH_RULE_DATA);
		return;
	}
	json_set(rc.rule, name, content_copy(content_get(call->body, name)));
	keep(&rc);
}

void api_pushrule_enabled_get(struct call *call)
{
	get_member(call, "enabled");
}

void api_pushrule_enabled_put(struct call *call)
{
	put_member(
	        call, "enabled", cJSON_IsBool(content_get(call->body, "enabled")) != 0);
}

void api_pushrule_actions_get(struct call *call)
{
	get_member(call, "actions");
}

void api_pushrule_actions_put(struct call *call)
{
	put_member(
	        call, "actions", cJSON_IsArray(content_get(call->body, "actions")) != 0);
}

/* ---- pushers: kept and given back; nothing is pushed to them ---- */

void api_pushers_get(struct call *call)
{
	cJSON *list = call->user != NULL && call->user->pushers != NULL
	                      ? content_copy(call->user->pushers)
	                      : cJSON_CreateArray();

	call_reply(call, 200, json_set(json_new(), "pushers", list));
}

void api_pushers_set(struct call *call)
{
	const char *key, *app;
	cJSON *pusher;

	if (!call_need_str(call, "pushkey", &key) ||
	        !call_need_str(call, "app_id", &app) || call->user == NULL) {
		return;
	}
	if (call->user->pushers == NULL) {
		call->user->pushers = cJSON_CreateArray();
	}
	for (pusher = call->user->pushers->child; pusher != NULL;) {
		cJSON *next = pusher->next;
		if (str_equal(content_str(pusher, "pushkey"), key) &&
		        str_equal(content_str(pusher, "app_id"), app)) {
			cJSON_Delete(
			        cJSON_DetachItemViaPointer(call->user->pushers, pusher));
		}
		pusher = next;
	}
	if (!cJSON_IsNull(content_get(call->body, "kind")) &&
	        cJSON_GetArraySize(call->user->pushers) < NOTIFICATIONS_MAX) {
		cJSON_AddItemToArray(call->user->pushers, content_copy(call->body));
	}
	call_reply_empty(call);
}
