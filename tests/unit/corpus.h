/* corpus: what the test of the corpus, the property test, the fuzz targets and the bench
 * share: a small world of names, and reading YAML into JSON. */
#ifndef TESTS_UNIT_CORPUS_H
#define TESTS_UNIT_CORPUS_H

#include "bridge/convert/to_matrix.h"
#include "bridge/convert/to_slack.h"
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---------------------------------------------------------------- the world */

static const struct {
	const char *slack, *mxid, *name;
} corpus_users[] = {
        {"U1", "@slack_U1:example.org", "Alice"},
        {"U2", "@bob:example.org", "Bob <b>"},
        {"U3", NULL, "Carol"},
        {"W4", "@dave:example.org", "Dave"},
};

static const struct {
	const char *slack, *room, *alias, *name;
} corpus_channels[] = {
        {"C1", "!general:example.org", "#general:example.org", "general"},
        {"C2", NULL, NULL, "quiet"},
        {"G3", "!secret:example.org", NULL, "se<cret"},
};

static const struct {
	const char *id, *handle;
} corpus_groups[] = {{"S1", "platform-team"}, {"S2", "<ops>"}};

static const struct {
	const char *name, *mxc;
} corpus_emoji[] = {{"party", "mxc://example.org/party"}, {"shipit", "🐿\xEF\xB8\x8F"}};

#define CORPUS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline bool corpus_to_matrix_user(
        void *arg, const char *id, struct to_matrix_user *out)
{
	(void)arg;
	for (size_t i = 0; i < CORPUS_COUNT(corpus_users); i++) {
		if (str_equal(id, corpus_users[i].slack)) {
			*out = (struct to_matrix_user){
			        corpus_users[i].mxid, corpus_users[i].name};
			return true;
		}
	}
	return false;
}

static inline bool corpus_to_matrix_channel(
        void *arg, const char *id, struct to_matrix_channel *out)
{
	(void)arg;
	for (size_t i = 0; i < CORPUS_COUNT(corpus_channels); i++) {
		if (str_equal(id, corpus_channels[i].slack)) {
			*out = (struct to_matrix_channel){corpus_channels[i].room,
			        corpus_channels[i].room == NULL ? NULL : "example.org",
			        corpus_channels[i].name};
			return true;
		}
	}
	return false;
}

static inline const char *corpus_to_matrix_group(void *arg, const char *id)
{
	(void)arg;
	for (size_t i = 0; i < CORPUS_COUNT(corpus_groups); i++) {
		if (str_equal(id, corpus_groups[i].id)) {
			return corpus_groups[i].handle;
		}
	}
	return NULL;
}

static inline const char *corpus_to_matrix_emoji(void *arg, const char *name)
{
	(void)arg;
	for (size_t i = 0; i < CORPUS_COUNT(corpus_emoji); i++) {
		if (str_equal(name, corpus_emoji[i].name)) {
			return corpus_emoji[i].mxc;
		}
	}
	return NULL;
}

static inline const char *corpus_to_matrix_message(
        void *arg, const char *host, const char *channel, const char *ts)
{
	(void)arg;
	(void)host;
	if (str_equal(channel, "C1") && str_equal(ts, "1700000000.000100")) {
		return "https://matrix.to/#/!general:example.org/$event?via=example.org";
	}
	return NULL;
}

static const struct to_matrix_names corpus_to_matrix = {
        .user = corpus_to_matrix_user,
        .channel = corpus_to_matrix_channel,
        .group = corpus_to_matrix_group,
        .emoji = corpus_to_matrix_emoji,
        .message = corpus_to_matrix_message,
};

static inline bool corpus_to_slack_user(
        void *arg, const char *mxid, struct to_slack_user *out)
{
	(void)arg;
	for (size_t i = 0; i < CORPUS_COUNT(corpus_users); i++) {
		if (str_equal(mxid, corpus_users[i].mxid)) {
			*out = (struct to_slack_user){
			        corpus_users[i].slack, corpus_users[i].name};
			return true;
		}
	}
	if (str_equal(mxid, "@erin:example.org")) {
		*out = (struct to_slack_user){NULL, "Erin"};
		return true;
	}
	return false;
}

static inline bool corpus_to_slack_channel(
        void *arg, const char *room, struct to_slack_channel *out)
{
	(void)arg;
	for (size_t i = 0; i < CORPUS_COUNT(corpus_channels); i++) {
		if (str_equal(room, corpus_channels[i].room) ||
		        str_equal(room, corpus_channels[i].alias)) {
			*out = (struct to_slack_channel){
			        corpus_channels[i].slack, corpus_channels[i].name};
			return true;
		}
	}
	return false;
}

static inline const char *corpus_to_slack_group(void *arg, const char *handle)
{
	(void)arg;
	for (size_t i = 0; i < CORPUS_COUNT(corpus_groups); i++) {
		if (str_equal(handle, corpus_groups[i].handle)) {
			return corpus_groups[i].id;
		}
	}
	return NULL;
}

static inline const char *corpus_to_slack_emoji(void *arg, const char *mxc)
{
	(void)arg;
	return str_equal(mxc, corpus_emoji[0].mxc) ? corpus_emoji[0].name : NULL;
}

static inline const char *corpus_to_slack_message(
        void *arg, const char *room, const char *event_id)
{
	(void)arg;
	if (str_equal(room, "!general:example.org") && str_equal(event_id, "$event")) {
		return "https://acme.slack.com/archives/C1/p1700000000000100";
	}
	return NULL;
}

static const struct to_slack_names corpus_to_slack = {
        .user = corpus_to_slack_user,
        .channel = corpus_to_slack_channel,
        .group = corpus_to_slack_group,
        .emoji = corpus_to_slack_emoji,
        .message = corpus_to_slack_message,
};

/* ---------------------------------------------------------------- YAML */

static inline cJSON *corpus_scalar(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	int64_t number;

	if (plain && (str_equal(text, "true") || str_equal(text, "false"))) {
		return cJSON_CreateBool(str_equal(text, "true"));
	}
	if (plain && str_equal(text, "null")) {
		return cJSON_CreateNull();
	}
	if (plain && str_to_int64(str_from(text), -1000000000, INT64_C(99999999999),
	                     &number)) {
		return cJSON_CreateNumber((double)number);
	}
	return cJSON_CreateString(text);
}

static inline void corpus_next(yaml_parser_t *parser, yaml_event_t *event)
{
	if (!yaml_parser_parse(parser, event)) {
		fprintf(stderr, "line %zu: %s\n", parser->problem_mark.line + 1,
		        parser->problem);
		abort();
	}
}

/* Takes the event that begins the value; frees it. */
static inline cJSON *corpus_value(yaml_parser_t *parser, yaml_event_t *event)
{
	yaml_event_type_t type = event->type;
	yaml_event_t next;
	cJSON *value = type == YAML_SCALAR_EVENT           ? corpus_scalar(event)
	               : type == YAML_SEQUENCE_START_EVENT ? cJSON_CreateArray()
	                                                   : cJSON_CreateObject();

	yaml_event_delete(event);
	for (;;) {
		if (type == YAML_SCALAR_EVENT) {
			return value;
		}
		corpus_next(parser, &next);
		if (next.type == YAML_SEQUENCE_END_EVENT ||
		        next.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&next);
			return value;
		}
		if (type == YAML_SEQUENCE_START_EVENT) {
			cJSON_AddItemToArray(value, corpus_value(parser, &next));
			continue;
		}
		autofree char *key = xstrdup((const char *)next.data.scalar.value);
		yaml_event_delete(&next);
		corpus_next(parser, &next);
		cJSON_AddItemToObject(value, key, corpus_value(parser, &next));
	}
}

/* The one document of a file, as JSON. Caller cJSON_Delete()s. */
static inline cJSON *corpus_load(const char *path)
{
	yaml_parser_t parser;
	yaml_event_t event;
	FILE *file = fopen(path, "r");

	if (file == NULL || !yaml_parser_initialize(&parser)) {
		fprintf(stderr, "cannot read %s\n", path);
		abort();
	}
	yaml_parser_set_input_file(&parser, file);
	do {
		corpus_next(&parser, &event);
		if (event.type == YAML_STREAM_START_EVENT ||
		        event.type == YAML_DOCUMENT_START_EVENT) {
			yaml_event_delete(&event);
			event.type = YAML_NO_EVENT;
		}
	} while (event.type == YAML_NO_EVENT);
	cJSON *value = corpus_value(&parser, &event);
	yaml_parser_delete(&parser);
	fclose(file);
	return value;
}

#endif
