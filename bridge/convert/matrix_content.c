#include "bridge/convert/matrix_content.h"

#include "lib/json.h"
#include "lib/mem.h"
#include <string.h>

enum { MAX_ANSWERS = 50 };

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *value = member(object, name);
	return cJSON_IsString(value) ? value->valuestring : NULL;
}

/* ---------------------------------------------------------------- polls */

/* MSC3381: m.text is a list of bodies, its unstable form a text. */
static const char *poll_text(const cJSON *object)
{
	const cJSON *list = member(object, "m.text");
	const char *text = cJSON_IsString(list)
	                           ? list->valuestring
	                           : text_of(list == NULL ? NULL : list->child, "body");

	if (text == NULL) {
		text = text_of(object, "org.matrix.msc1767.text");
	}
	return text == NULL ? text_of(object, "body") : text;
}

static bool read_poll(struct matrix_reader *reader, const cJSON *content)
{
	const cJSON *poll = member(content, "m.poll");
	struct doc *doc = reader->doc;
	const cJSON *answer;
	unsigned count = 0;

	if (poll == NULL) {
		poll = member(content, "org.matrix.msc3381.poll.start");
	}
	if (!cJSON_IsObject(poll)) {
		return false;
	}
	const char *question = poll_text(member(poll, "question"));
	doc_add_text(doc, str_from("Poll: "), STYLE_BOLD);
	doc_add_text(doc, str_from(question == NULL ? "?" : question), STYLE_BOLD);
	doc_open_list(doc, true, 1);
	cJSON_ArrayForEach(answer, member(poll, "answers"))
	{
		const char *text = poll_text(answer);
		if (count++ == MAX_ANSWERS) {
			break;
		}
		doc_open(doc, CONTAINER_ITEM);
		doc_add_text(doc, str_from(text == NULL ? "?" : text), 0);
		doc_close(doc);
	}
	doc_close(doc);
	return true;
}

/* ---------------------------------------------------------------- places */

/* "geo:51.5,-0.1;u=10" gives the two numbers, as they are written. */
static bool geo_parts(const char *uri, struct str *latitude, struct str *longitude)
{
	static const char digits[] = "0123456789.-";

	if (uri == NULL || strncmp(uri, "geo:", 4) != 0) {
		return false;
	}
	*latitude = (struct str){uri + 4, strspn(uri + 4, digits)};
	const char *comma = latitude->p + latitude->n;
	if (*comma != ',') {
		return false;
	}
	*longitude = (struct str){comma + 1, strspn(comma + 1, digits)};
	return latitude->n > 0 && latitude->n < 30 && longitude->n > 0 &&
	       longitude->n < 30;
}

static void read_location(struct matrix_reader *reader, const cJSON *content)
{
	const char *uri = text_of(content, "geo_uri");
	const char *body = text_of(content, "body");
	struct str latitude, longitude;
	struct doc *doc = reader->doc;

	doc_add_text(doc, str_from("Location: "), 0);
	if (body != NULL && body[0] != '\0' && !str_equal(body, uri)) {
		doc_add_text(doc, str_from(body), 0);
		doc_add_text(doc, str_from(" "), 0);
	}
	if (!geo_parts(uri, &latitude, &longitude)) {
		doc_add_text(doc, str_from(uri), 0);
		return;
	}
	autofree char *url =
	        xasprintf("https://www.openstreetmap.org/?mlat=%.*s&mlon=%.*s",
	                (int)latitude.n, latitude.p, (int)longitude.n, longitude.p);
	doc_end_span(doc);
	size_t first = doc->span_count;
	doc_add_text(doc, latitude, 0);
	doc_add_text(doc, str_from(", "), 0);
	doc_add_text(doc, longitude, 0);
	doc_make_link(doc, first, str_from(url));
}

/* ---------------------------------------------------------------- text */

static bool is_file(const char *msgtype)
{
	static const char *const kinds[] = {"m.image", "m.file", "m.audio", "m.video"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (str_equal(msgtype, kinds[i])) {
			return true;
		}
	}
	return false;
}

/* Clients before Matrix 1.13 quote what they answer to: "> " lines and a blank one. */
static const char *without_reply(const cJSON *content, const char *body)
{
	const cJSON *relation = member(content, "m.relates_to");
	const char *p = body;

	if (member(relation, "m.in_reply_to") == NULL || strncmp(p, "> <", 3) != 0) {
		return body;
	}
	while (strncmp(p, "> ", 2) == 0 || (p[0] == '>' && p[1] == '\n')) {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return *p == '\n' ? p + 1 : body;
}

static bool shows_something(const struct doc *doc)
{
	for (size_t i = 0; i < doc->span_count; i++) {
		struct str text = doc_str(doc, doc->spans[i].text);
		for (size_t k = 0; k < text.n; k++) {
			if ((unsigned char)text.p[k] > ' ') {
				return true;
			}
		}
	}
	return false;
}

static void read_text(struct matrix_reader *reader, const cJSON *content)
{
	const char *html = text_of(content, "formatted_body");
	const char *body = text_of(content, "body");
	struct doc *doc = reader->doc;

	if (html != NULL &&
	        str_equal(text_of(content, "format"), "org.matrix.custom.html")) {
		bool good = matrix_read_html(reader, html);
		doc_tidy(doc);
		if (good && shows_something(doc)) {
			return;
		}
		doc_finish(doc);
	}
	doc_add_text(doc, str_from(without_reply(content, body == NULL ? "" : body)), 0);
}

void matrix_read_content(struct matrix_reader *reader, const cJSON *content)
{
	const char *msgtype = text_of(content, "msgtype");
	const char *body = text_of(content, "body");
	const char *filename = text_of(content, "filename");
	bool file =
	        is_file(msgtype) || (msgtype == NULL && text_of(content, "url") != NULL);

	if (read_poll(reader, content)) {
		return;
	}
	if (str_equal(msgtype, "m.location")) {
		read_location(reader, content);
		return;
	}
	/* A body is a caption when there is another name for the file (Matrix 1.10). */
	if (file && (filename == NULL || str_equal(filename, body))) {
		return;
	}
	read_text(reader, content);
	/* Never silently empty, of whatever kind it is. */
	doc_tidy(reader->doc);
	if (!file && !shows_something(reader->doc)) {
		doc_finish(reader->doc);
		doc_add_text(reader->doc,
		        str_from("(a message that can only be seen on Matrix)"), 0);
	}
}
