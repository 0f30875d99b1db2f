#include <string.h>

#include "lib/json.h"
#include "lib/mark.h"
#include "lib/str.h"

#include "bridge/convert/slack_reader.h"

/* Attachments (Slack protocol reference, 6.4): those of apps, messages that are quoted or
 * shared, and what is shown for links. */

static struct str field(const cJSON *object, const char *name)
{
	return str_from(json_str(object, name));
}

static void add(struct slack_reader *reader, const char *text, unsigned style)
{
	doc_add_text(reader->doc, str_from(text), style);
}

static void break_line(struct slack_reader *reader)
{
	if (reader->doc->in_block) {
		add(reader, "\n", 0);
	}
}

/* Mrkdwn in a block of its own. */
static void read_text(
        struct slack_reader *reader, const cJSON *attachment, const char *name)
{
	struct str text = field(attachment, name);

	if (text.n > 0) {
		doc_end_block(reader->doc);
		slack_read_mrkdwn(reader, text, 0);
		doc_end_block(reader->doc);
	}
}

/* "NAME", a link if there is one, on a line of its own. */
static void read_named_link(
        struct slack_reader *reader, struct str name, struct str url, unsigned style)
{
	struct doc *doc = reader->doc;

	if (name.n == 0) {
		return;
	}
	break_line(reader);
	doc_end_span(doc);
	size_t first = doc->span_count;
	slack_read_plain(reader, name, true, style);
	if (url_is_allowed(url, URL_FOR_MATRIX)) {
		doc_make_link(doc, first, url);
	}
}

static void read_author(struct slack_reader *reader, const cJSON *attachment)
{
	struct str name = field(attachment, "author_name");

	if (name.n == 0) {
		name = field(attachment, "author_subname");
	}
	if (name.n == 0) {
		name = field(attachment, "service_name");
	}
	if (name.n == 0 && field(attachment, "author_id").n > 0) {
		break_line(reader);
		slack_add_user(reader, field(attachment, "author_id"), name, STYLE_BOLD);
	}
	read_named_link(reader, name, field(attachment, "author_link"), STYLE_BOLD);
}

static void read_fields(struct slack_reader *reader, const cJSON *attachment)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, json_arr(attachment, "fields"))
	{
		struct str title = field(one, "title");
		if (!slack_reader_count(reader)) {
			return;
		}
		doc_end_block(reader->doc);
		if (title.n > 0) {
			slack_read_plain(reader, title, true, STYLE_BOLD);
			add(reader, ": ", 0);
		}
		slack_read_mrkdwn(reader, field(one, "value"), 0);
	}
	doc_end_block(reader->doc);
}

static void read_picture(struct slack_reader *reader, const cJSON *attachment)
{
	struct str url = field(attachment, "image_url");

	if (url.n == 0) {
		url = field(attachment, "thumb_url");
	}
	if (url.n > 0) {
		doc_end_block(reader->doc);
		slack_add_link(reader, url, str_from("[image]"), 0);
		doc_end_block(reader->doc);
	}
}

static void read_actions(struct slack_reader *reader, const cJSON *attachment)
{
	const cJSON *action;

	doc_end_block(reader->doc);
	cJSON_ArrayForEach(action, json_arr(attachment, "actions"))
	{
		struct str url = field(action, "url"), text = field(action, "text");
		if (!slack_reader_count(reader)) {
			break;
		}
		text = text.n > 0 ? text : field(action, "name");
		add(reader, reader->doc->in_block ? " " : "", 0);
		if (url.n > 0) {
			slack_add_link(reader, url, text, 0);
			continue;
		}
		add(reader, "[", 0);
		slack_read_plain(reader, text, true, 0);
		add(reader, "]", 0);
	}
	doc_end_block(reader->doc);
}

static void read_files(struct slack_reader *reader, const cJSON *attachment)
{
	const cJSON *file;

	cJSON_ArrayForEach(file, json_arr(attachment, "files"))
	{
		struct str name = field(file, "name");
		if (!slack_reader_count(reader)) {
			return;
		}
		doc_end_block(reader->doc);
		slack_add_link(reader, field(file, "permalink"),
		        name.n > 0 ? name : str_from("[file]"), 0);
		doc_end_block(reader->doc);
	}
}

/* Numbers come as texts too. */
static int64_t time_of(const cJSON *attachment)
{
	int64_t seconds = json_int(attachment, "ts", -1);
	struct str text = field(attachment, "ts");
	const char *dot = text.n > 0 ? memchr(text.p, '.', text.n) : NULL;

	if (dot != NULL) {
		text.n = (size_t)(dot - text.p);
	}
	if (text.n > 0 && !str_to_int64(text, 0, INT64_MAX, &seconds)) {
		return -1;
	}
	return seconds;
}

static void read_footer(struct slack_reader *reader, const cJSON *attachment)
{
	int64_t seconds = time_of(attachment);
	struct str footer = field(attachment, "footer");

	doc_end_block(reader->doc);
	if (footer.n > 0) {
		read_named_link(
		        reader, footer, field(attachment, "from_url"), STYLE_ITALIC);
	}
	if (seconds > 0) {
		add(reader, reader->doc->in_block ? " | " : "", STYLE_ITALIC);
		slack_add_date(reader, seconds, str_from("{date_short} {time}"),
		        str_from(NULL), STYLE_ITALIC);
	}
	doc_end_block(reader->doc);
}

/* A quoted message may carry its blocks in a wrapping of its own. */
static bool read_inner_blocks(struct slack_reader *reader, const cJSON *attachment)
{
	const cJSON *one;
	size_t before = reader->doc->span_count;

	cJSON_ArrayForEach(one, json_arr(attachment, "message_blocks"))
	{
		slack_read_blocks(reader, json_arr(one, "message.blocks"));
	}
	if (reader->doc->span_count == before) {
		slack_read_blocks(reader, json_arr(attachment, "blocks"));
	}
	return reader->doc->span_count > before;
}

static void read_body(struct slack_reader *reader, const cJSON *attachment)
{
	read_author(reader, attachment);
	read_named_link(reader, field(attachment, "title"),
	        field(attachment, "title_link"), STYLE_BOLD);
	doc_end_block(reader->doc);
	if (!read_inner_blocks(reader, attachment)) {
		read_text(reader, attachment, "text");
	}
	read_fields(reader, attachment);
	read_picture(reader, attachment);
	read_files(reader, attachment);
	read_actions(reader, attachment);
	read_footer(reader, attachment);
}

static void read_attachment(struct slack_reader *reader, const cJSON *attachment)
{
	struct doc *doc = reader->doc;
	bool quiet = doc->quiet;

	/* Who is named in a quoted message was not called by this one. */
	doc->quiet = quiet || json_bool(attachment, "is_msg_unfurl", false) ||
	             json_bool(attachment, "is_share", false);
	size_t before = doc->span_count;
	REQ("MSG-09");
	read_text(reader, attachment, "pretext");
	bool opened = doc_open(doc, CONTAINER_QUOTE);
	read_body(reader, attachment);
	if (doc->span_count == before) {
		struct str fallback = field(attachment, "fallback");
		slack_read_plain(reader,
		        fallback.n > 0 ? fallback : field(attachment, "from_url"), true,
		        0);
	}
	if (opened) {
		doc_close(doc);
	}
	doc->quiet = quiet;
}

/* ---------------------------------------------------------------- previews of links */

static bool contains(const char *text, struct str part)
{
	return memmem(text, strlen(text), part.p, part.n) != NULL;
}

/* A web page that the text links to: Matrix clients show their own previews. */
static bool is_preview(const cJSON *attachment, const cJSON *message)
{
	static const char *const content[] = {"is_app_unfurl", "is_msg_unfurl",
	        "is_share", "fields", "actions", "blocks", "message_blocks", "pretext"};
	struct str url = field(attachment, "original_url");

	url = url.n > 0 ? url : field(attachment, "from_url");
	for (size_t i = 0; i < sizeof(content) / sizeof(content[0]); i++) {
		const cJSON *value = json_get(attachment, content[i]);
		if (value != NULL && !cJSON_IsFalse(value) && !cJSON_IsNull(value)) {
			return false;
		}
	}
	/* In the text & stands escaped; up to the first one is enough to know it. */
	const char *amp = url.n > 0 ? memchr(url.p, '&', url.n) : NULL;
	if (amp != NULL) {
		url.n = (size_t)(amp - url.p);
	}
	return url.n > 0 && contains(json_str_or(message, "text", ""), url);
}

void slack_read_attachments(struct slack_reader *reader, const cJSON *message)
{
	const cJSON *attachment;

	if (reader->nesting == SLACK_MAX_NESTING) {
		return;
	}
	reader->nesting++;
	cJSON_ArrayForEach(attachment, json_arr(message, "attachments"))
	{
		if (!slack_reader_count(reader)) {
			break;
		}
		doc_end_block(reader->doc);
		if (cJSON_IsObject(attachment) && !is_preview(attachment, message)) {
			read_attachment(reader, attachment);
		}
		doc_end_block(reader->doc);
	}
	reader->nesting--;
}
