#include "lib/emoji_table.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/convert/slack_reader.h"
#include "bridge/convert/url.h"

enum {
	MAX_ID_BYTES = 100,
	MAX_NAME_BYTES = 400, /* of a name as shown */
	MAX_DATE_BYTES = 1000,
};

bool slack_reader_count(struct slack_reader *reader)
{
	return reader->elements < SLACK_MAX_ELEMENTS && ++reader->elements > 0;
}

static char *copy_of(struct str s)
{
	return xstrndup(s.n == 0 ? "" : s.p, s.n);
}

static struct str shorten(struct str name)
{
	if (name.n > MAX_NAME_BYTES) {
		name.n = MAX_NAME_BYTES;
		while (((unsigned char)name.p[name.n] & 0xC0) == 0x80) {
			name.n--;
		}
	}
	return name;
}

/* The sign and the name, in one line. */
static void write_name(struct buf *out, char sign, struct str name)
{
	buf_init(out, MAX_NAME_BYTES + 1);
	name = shorten(name);
	if (name.n == 0 || name.p[0] != sign) {
		buf_add(out, &sign, 1);
	}
	/* Control characters are dropped when it is stored; a name has one line. */
	for (size_t i = 0; i < name.n;) {
		size_t n = i;
		while (n < name.n && name.p[n] != '\n') {
			n++;
		}
		buf_add(out, name.p + i, n - i);
		buf_puts(out, n < name.n ? " " : "");
		i = n + 1;
	}
}

static bool is_id(struct str id)
{
	for (size_t i = 0; i < id.n; i++) {
		bool upper = id.p[i] >= 'A' && id.p[i] <= 'Z';
		if (!upper && !(id.p[i] >= '0' && id.p[i] <= '9')) {
			return false;
		}
	}
	return id.n > 1 && id.n <= MAX_ID_BYTES;
}

struct mention {
	enum span_kind kind;
	char sign;
	struct str id, label;
	const char *otherwise; /* the name of what has no valid ID */
	const char *name;      /* known, or NULL */
	const char *url;
	unsigned style;
};

static void add_mention(struct slack_reader *reader, const struct mention *mention)
{
	struct buf shown;
	bool known = mention->name != NULL && mention->name[0] != '\0';
	bool valid = is_id(mention->id);
	struct str name = known                  ? str_from(mention->name)
	                  : mention->label.n > 0 ? mention->label
	                  : valid                ? mention->id
	                                         : str_from(mention->otherwise);

	REQ("MSG-03");
	write_name(&shown, mention->sign, name);
	doc_add_span(reader->doc, &(struct new_span){.kind = mention->kind,
	                                  .style = mention->style,
	                                  .text = buf_str(&shown),
	                                  .ref = valid ? mention->id : str_from(NULL),
	                                  .url = str_from(mention->url)});
	buf_finish(&shown);
}

void slack_add_user(
        struct slack_reader *reader, struct str id, struct str label, unsigned style)
{
	const struct to_matrix_names *names = reader->names;
	autofree char *key = copy_of(id);
	struct to_matrix_user user = {NULL, NULL};

	if (!is_id(id) || names->user == NULL || !names->user(names->arg, key, &user)) {
		user = (struct to_matrix_user){NULL, NULL};
	}
	autofree char *url = user.mxid == NULL ? NULL : matrix_to_user(user.mxid);
	add_mention(reader, &(struct mention){.kind = SPAN_USER,
	                            .sign = '@',
	                            .id = id,
	                            .otherwise = "someone",
	                            .label = label,
	                            .name = user.name,
	                            .url = url,
	                            .style = style});
}

void slack_add_channel(
        struct slack_reader *reader, struct str id, struct str label, unsigned style)
{
	const struct to_matrix_names *names = reader->names;
	autofree char *key = copy_of(id);
	struct to_matrix_channel channel = {NULL, NULL, NULL};

	if (!is_id(id) || names->channel == NULL ||
	        !names->channel(names->arg, key, &channel)) {
		channel = (struct to_matrix_channel){NULL, NULL, NULL};
	}
	autofree char *url =
	        channel.room == NULL ? NULL : matrix_to_room(channel.room, channel.via);
	add_mention(reader, &(struct mention){.kind = SPAN_CHANNEL,
	                            .sign = '#',
	                            .id = id,
	                            .otherwise = "channel",
	                            .label = label,
	                            .name = channel.name,
	                            .url = url,
	                            .style = style});
}

void slack_add_group(
        struct slack_reader *reader, struct str id, struct str label, unsigned style)
{
	const struct to_matrix_names *names = reader->names;
	autofree char *key = copy_of(id);
	const char *name =
	        is_id(id) && names->group != NULL ? names->group(names->arg, key) : NULL;

	add_mention(reader, &(struct mention){.kind = SPAN_GROUP,
	                            .sign = '@',
	                            .id = id,
	                            .otherwise = "group",
	                            .label = label,
	                            .name = name,
	                            .style = style});
}

void slack_add_broadcast(struct slack_reader *reader, unsigned style)
{
	doc_add_span(reader->doc,
	        &(struct new_span){
	                .kind = SPAN_ROOM, .style = style, .text = str_from("@room")});
}

/* ---------------------------------------------------------------- emoji */

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9') {
			return false;
		}
	}
	return true;
}

static void add_emoji_span(struct slack_reader *reader, enum span_kind kind,
        struct str text, struct str ref, unsigned style)
{
	doc_add_span(reader->doc,
	        &(struct new_span){
	                .kind = kind, .style = style, .text = text, .ref = ref});
}

bool slack_try_emoji(struct slack_reader *reader, struct str name, unsigned style)
{
	const char *text = emoji_text(name);
	const struct to_matrix_names *names = reader->names;

	if (text != NULL) {
		add_emoji_span(reader, SPAN_EMOJI, str_from(text), str_from(NULL), style);
		return true;
	}
	/* "10:30:45" holds no emoji. */
	if (names->emoji == NULL || name.n > MAX_ID_BYTES || all_digits(name)) {
		return false;
	}
	autofree char *key = copy_of(name);
	const char *custom = names->emoji(names->arg, key);
	if (custom == NULL || custom[0] == '\0') {
		return false;
	}
	if (!str_starts(custom, "mxc://")) {
		add_emoji_span(
		        reader, SPAN_EMOJI, str_from(custom), str_from(NULL), style);
		return true;
	}
	autofree char *shown = xasprintf(":%s:", key);
	add_emoji_span(reader, SPAN_CUSTOM, str_from(shown), str_from(custom), style);
	return true;
}

static bool add_point(struct buf *out, unsigned long point)
{
	char utf8[4];
	size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	if (point < 0x20 || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
		return false;
	}
	for (size_t i = n; i-- > 1; point >>= 6) {
		utf8[i] = (char)(0x80 | (point & 0x3F));
	}
	utf8[0] = (char)(n == 1 ? point : (0xF00U >> n & 0xFFU) | point);
	return buf_add(out, utf8, n);
}

/* "1f44b-1f3fc"; only what the table knows as emoji counts. */
static bool decode_points(struct str unicode, struct buf *out)
{
	char name[EMOJI_NAME_BYTES];

	for (size_t i = 0; i < unicode.n; i++) {
		char *end;
		autofree char *hex =
		        xstrndup(unicode.p + i, unicode.n - i < 6 ? unicode.n - i : 6);
		unsigned long point = strtoul(hex, &end, 16);
		i += (size_t)(end - hex);
		if (end == hex || (i < unicode.n && unicode.p[i] != '-') ||
		        !add_point(out, point)) {
			return false;
		}
	}
	return emoji_name(buf_str(out), name);
}

void slack_add_emoji(
        struct slack_reader *reader, struct str name, struct str unicode, unsigned style)
{
	struct buf text;

	buf_init(&text, EMOJI_TEXT_BYTES);
	if (unicode.n > 0 && unicode.n < MAX_ID_BYTES && decode_points(unicode, &text)) {
		char canonical[EMOJI_NAME_BYTES];
		emoji_name(buf_str(&text), canonical);
		const char *full = emoji_text(str_from(canonical));
		add_emoji_span(reader, SPAN_EMOJI, str_from(full), str_from(NULL), style);
	} else if (!slack_try_emoji(reader, name, style)) {
		doc_add_text(reader->doc, (struct str){":", 1}, style);
		doc_add_text(reader->doc, name, style);
		doc_add_text(reader->doc, (struct str){":", 1}, style);
	}
	buf_finish(&text);
}

/* ---------------------------------------------------------------- links and dates */

static const char *matrix_message(struct slack_reader *reader, struct str url)
{
	const struct to_matrix_names *names = reader->names;
	struct slack_permalink place;

	if (names->message == NULL || !slack_permalink_parse(url, &place)) {
		return NULL;
	}
	return names->message(names->arg, place.host, place.channel, place.ts);
}

void slack_add_link(
        struct slack_reader *reader, struct str url, struct str label, unsigned style)
{
	struct doc *doc = reader->doc;
	const char *target = matrix_message(reader, url);

	doc_end_span(doc);
	size_t first = doc->span_count;
	if (target != NULL) {
		doc_add_text(doc, label.n > 0 ? label : str_from(target), style);
		doc_make_link(doc, first, str_from(target));
	} else if (url_is_allowed(url, URL_FOR_MATRIX)) {
		doc_add_text(doc, label.n > 0 ? label : url, style);
		doc_make_link(doc, first, url);
	} else if (label.n == 0 ||
	           (label.n == url.n && memcmp(label.p, url.p, url.n) == 0)) {
		doc_add_text(doc, url, style);
	} else {
		doc_add_text(doc, label, style);
		doc_add_text(doc, str_from(" ("), style);
		doc_add_text(doc, url, style);
		doc_add_text(doc, str_from(")"), style);
	}
}

void slack_add_message(struct slack_reader *reader, struct str channel, struct str ts,
        struct str url, unsigned style)
{
	const struct to_matrix_names *names = reader->names;
	autofree char *id = copy_of(channel);
	autofree char *time = copy_of(ts);
	const char *target = NULL;

	if (names->message != NULL && is_id(channel) && ts.n > 0 && ts.n < MAX_ID_BYTES) {
		target = names->message(names->arg, NULL, id, time);
	}
	struct str link = target != NULL ? str_from(target) : url;
	if (link.n > 0) {
		slack_add_link(reader, link, str_from("message"), style);
	} else {
		doc_add_text(reader->doc, str_from("message"), style);
	}
	doc_add_text(reader->doc, str_from(" in "), style);
	slack_add_channel(reader, channel, str_from(NULL), style);
}

void slack_add_date(struct slack_reader *reader, int64_t seconds, struct str format,
        struct str fallback, unsigned style)
{
	struct buf out;

	buf_init(&out, MAX_DATE_BYTES);
	bool good = slack_format_date(&out, seconds, format, reader->utc_offset_minutes);
	if (good && out.len > 0 && !out.failed) {
		doc_add_text(reader->doc, buf_str(&out), style);
	} else if (fallback.n > 0) {
		doc_add_text(reader->doc, fallback, style);
	} else {
		doc_add_text(reader->doc, str_from("(a date)"), style);
	}
	buf_finish(&out);
}
