#include <string.h>

#include "lib/json.h"
#include "lib/mark.h"
#include "lib/mem.h"

#include "bridge/convert/matrix_reader.h"
#include "bridge/convert/url.h"

enum {
	MAX_NAME_BYTES = 400,
	MAX_MENTIONS = 100, /* of m.mentions, so many are looked at */
};

/* ---------------------------------------------------------------- m.mentions */

bool matrix_is_mentioned(const struct matrix_reader *reader, const char *mxid)
{
	const cJSON *item;
	unsigned count = 0;

	if (reader->mentions == NULL) {
		return true;
	}
	cJSON_ArrayForEach(item, json_arr(reader->mentions, "user_ids"))
	{
		if (count++ == MAX_MENTIONS) {
			break;
		}
		if (cJSON_IsString(item) && str_equal(item->valuestring, mxid)) {
			return true;
		}
	}
	return false;
}

bool matrix_room_is_mentioned(const struct matrix_reader *reader)
{
	return json_bool(reader->mentions, "room", false);
}

/* ---------------------------------------------------------------- mentions */

/* In one line, with its sign. */
static void write_name(struct buf *out, char sign, struct str name)
{
	buf_init(out, MAX_NAME_BYTES + 8);
	if (name.n == 0 || name.p[0] != sign) {
		buf_add(out, &sign, 1);
	}
	if (name.n > MAX_NAME_BYTES) {
		name.n = MAX_NAME_BYTES;
		while (((unsigned char)name.p[name.n] & 0xC0) == 0x80) {
			name.n--;
		}
	}
	for (size_t i = 0; i < name.n; i++) {
		buf_add(out, (unsigned char)name.p[i] < ' ' ? " " : &name.p[i], 1);
	}
}

static void add_mention(struct matrix_reader *reader, enum span_kind kind,
        struct str name, const char *id, unsigned style)
{
	struct buf shown;

	REQ("MSG-03");
	write_name(&shown, kind == SPAN_USER ? '@' : '#', name);
	doc_add_span(reader->doc, &(struct new_span){.kind = kind,
	                                  .style = style,
	                                  .text = buf_str(&shown),
	                                  .ref = str_from(id)});
	buf_finish(&shown);
}

void matrix_add_user(
        struct matrix_reader *reader, const char *mxid, struct str name, unsigned style)
{
	const struct to_slack_names *names = reader->names;
	struct to_slack_user user = {NULL, NULL};

	if (names->user == NULL || !names->user(names->arg, mxid, &user)) {
		user = (struct to_slack_user){NULL, NULL};
	}
	if (!matrix_is_mentioned(reader, mxid)) {
		user.id = NULL;
	}
	name = user.name != NULL && user.name[0] != '\0' ? str_from(user.name)
	       : name.n > 0                              ? name
	                                                 : str_from(mxid);
	add_mention(reader, SPAN_USER, name, user.id, style);
}

static void add_room(struct matrix_reader *reader, const char *room, struct str name,
        const char *href, unsigned style)
{
	const struct to_slack_names *names = reader->names;
	struct to_slack_channel channel = {NULL, NULL};
	bool known = names->channel != NULL && names->channel(names->arg, room, &channel);
	size_t first;

	if (!known) { /* a room that is not bridged is a link like any other */
		doc_end_span(reader->doc);
		first = reader->doc->span_count;
		doc_add_text(reader->doc, name.n > 0 ? name : str_from(room), style);
		if (url_is_allowed(str_from(href), URL_FOR_SLACK)) {
			doc_make_link(reader->doc, first, str_from(href));
		}
		return;
	}
	name = channel.name != NULL && channel.name[0] != '\0' ? str_from(channel.name)
	       : name.n > 0                                    ? name
	                                                       : str_from(room);
	add_mention(reader, SPAN_CHANNEL, name, channel.id, style);
}

/* ---------------------------------------------------------------- links */

/* The text of the spans from `first` on. Caller frees. */
static char *text_from(const struct doc *doc, size_t first)
{
	struct buf text;

	buf_init(&text, DOC_MAX_BYTES);
	for (size_t i = first; i < doc->span_count; i++) {
		buf_add_str(&text, doc_str(doc, doc->spans[i].text));
	}
	char *taken = buf_take(&text);
	return taken == NULL ? xstrdup("") : taken;
}

static void add_plain_link(struct matrix_reader *reader, size_t first, const char *href)
{
	struct doc *doc = reader->doc;
	autofree char *label = text_from(doc, first);

	if (url_is_allowed(str_from(href), URL_FOR_SLACK)) {
		if (label[0] == '\0') {
			doc_end_span(doc);
			doc_add_text(doc, str_from(href), 0);
		}
		doc_make_link(doc, first, str_from(href));
		return;
	}
	/* What may be no link is still shown, unless it could do harm when copied. */
	bool script = strchr(href, ':') == NULL || str_starts(href, "javascript") ||
	              str_starts(href, "data:") || str_starts(href, "vbscript");
	if (!script && !str_equal(label, href) && strlen(href) <= DOC_MAX_URL_BYTES) {
		doc_add_text(doc, str_from(" ("), 0);
		doc_add_text(doc, str_from(href), 0);
		doc_add_text(doc, str_from(")"), 0);
	}
}

static void add_message(struct matrix_reader *reader, size_t first, const char *href,
        const struct matrix_uri *uri)
{
	const struct to_slack_names *names = reader->names;
	struct doc *doc = reader->doc;
	const char *permalink =
	        names->message == NULL
	                ? NULL
	                : names->message(names->arg, uri->entity, uri->event_id);
	autofree char *label = text_from(doc, first);

	if (permalink != NULL && (label[0] == '\0' || str_equal(label, href))) {
		doc_drop_spans(doc, first);
		doc_end_span(doc);
		doc_add_text(doc, str_from(permalink), 0);
	}
	add_plain_link(reader, first, permalink == NULL ? href : permalink);
}

void matrix_end_link(struct matrix_reader *reader, size_t first, const char *href)
{
	struct doc *doc = reader->doc;
	struct matrix_uri uri;

	if (!matrix_uri_parse(href, &uri)) {
		add_plain_link(reader, first, href);
		return;
	}
	if (uri.event_id != NULL) {
		add_message(reader, first, href, &uri);
		matrix_uri_finish(&uri);
		return;
	}
	autofree char *label = text_from(doc, first);
	unsigned style = first < doc->span_count ? doc->spans[first].style : 0;
	/* A label that is the link itself names nobody. */
	struct str name = str_equal(label, href) ? str_from(NULL) : str_from(label);
	doc_drop_spans(doc, first);
	if (uri.entity[0] == '@') {
		matrix_add_user(reader, uri.entity, name, style);
	} else {
		add_room(reader, uri.entity, name, href, style);
	}
	matrix_uri_finish(&uri);
}
