/* convert_checks: what is true of every output of the conversion, whatever went in. Each
 * check returns NULL, or says what is wrong. */
#ifndef TESTS_UNIT_CONVERT_CHECKS_H
#define TESTS_UNIT_CONVERT_CHECKS_H

#include "bridge/convert/to_matrix.h"
#include "bridge/convert/to_slack.h"
#include "lib/json.h"
#include "lib/str.h"
#include <ctype.h>
#include <string.h>

/* ---------------------------------------------------------------- HTML */

static inline size_t checks_entity(const char *p)
{
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;"};

	for (size_t i = 0; i < 4; i++) {
		if (strncmp(p, entities[i], strlen(entities[i])) == 0) {
			return strlen(entities[i]);
		}
	}
	return 0;
}

/* The end of an attribute's value that begins at p; NULL if it is not as we write it. */
static inline const char *checks_value(const char *p)
{
	while (*p != '"') {
		if (*p == '\0' || *p == '<' || *p == '>' ||
		        (*p == '&' && checks_entity(p) == 0)) {
			return NULL;
		}
		p++;
	}
	return p + 1;
}

static inline bool checks_href(const char *p)
{
	static const char *const allowed[] = {
	        "https://", "http://", "mailto:", "ftp://", "magnet:"};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strncasecmp(p, allowed[i], strlen(allowed[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* A tag that is written in full, with the attributes it may have; the end of it. */
static inline const char *checks_tag(const char *p, char name[16])
{
	static const char *const plain[] = {"strong", "em", "u", "del", "code", "p",
	        "blockquote", "ul", "ol", "li", "pre", "table", "tr", "th", "td", "h1",
	        "h2", "h3", "h4", "h5", "h6", "br", "hr", "a", "img"};
	size_t n = 0;
	bool known = false;

	while (n < 15 && (islower((unsigned char)p[n]) || isdigit((unsigned char)p[n]))) {
		name[n] = p[n];
		n++;
	}
	name[n] = '\0';
	p += n;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		known = known || strcmp(plain[i], name) == 0;
	}
	if (!known) {
		return NULL;
	}
	if (strcmp(name, "a") == 0) {
		if (strncmp(p, " href=\"", 7) != 0 || !checks_href(p + 7)) {
			return NULL;
		}
		p = checks_value(p + 7);
	} else if (strcmp(name, "code") == 0 && *p == ' ') {
		p = strncmp(p, " class=\"language-", 17) == 0 ? checks_value(p + 17)
		                                              : NULL;
	} else if (strcmp(name, "ol") == 0 && *p == ' ') {
		p = strncmp(p, " start=\"", 8) == 0 ? checks_value(p + 8) : NULL;
	} else if (strcmp(name, "img") == 0) {
		static const char *const parts[] = {
		        " data-mx-emoticon src=\"", " alt=\"", " title=\"", " height=\""};
		for (size_t i = 0; p != NULL && i < 4; i++) {
			size_t length = strlen(parts[i]);
			p = strncmp(p, parts[i], length) == 0 ? checks_value(p + length)
			                                      : NULL;
		}
	}
	return p != NULL && *p == '>' ? p + 1 : NULL;
}

static inline const char *check_html(const char *html)
{
	char open[200][16];
	size_t depth = 0;

	if (!str_is_utf8(str_from(html))) {
		return "HTML is no UTF-8";
	}
	for (const char *p = html; *p != '\0';) {
		char name[16];
		if (*p == '>' || (*p == '&' && checks_entity(p) == 0)) {
			return "HTML: a raw sign";
		}
		if (*p != '<') {
			p++;
			continue;
		}
		if (p[1] == '/') {
			if (depth == 0) {
				return "HTML: an end without a begin";
			}
			size_t n = strlen(open[--depth]);
			if (strncmp(p + 2, open[depth], n) != 0 || p[2 + n] != '>') {
				return "HTML: ends cross";
			}
			p += n + 3;
			continue;
		}
		p = checks_tag(p + 1, name);
		if (p == NULL) {
			return "HTML: a tag that is not ours";
		}
		bool is_void = strcmp(name, "br") == 0 || strcmp(name, "hr") == 0 ||
		               strcmp(name, "img") == 0;
		if (!is_void && depth == 200) {
			return "HTML: too deep";
		}
		if (!is_void) {
			memcpy(open[depth++], name, sizeof(name));
		}
	}
	return depth == 0 ? NULL : "HTML: an open tag";
}

static inline size_t checks_json_bytes(const char *text)
{
	size_t bytes = 0;

	for (const char *p = text; p != NULL && *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		bool two = c == '"' || c == '\\' || c == '\n' || c == '\t';
		bytes += two ? 2 : c < 0x20 ? 6 : 1;
	}
	return bytes;
}

static inline const char *check_to_matrix(
        const struct to_matrix *out, bool has_files, size_t limit)
{
	if (out->count == 0 && !has_files) {
		return "silently empty";
	}
	for (size_t i = 0; i < out->count; i++) {
		const struct to_matrix_piece *piece = &out->pieces[i];
		if (piece->body == NULL || piece->body[0] == '\0') {
			return "an empty body";
		}
		if (!str_is_utf8(str_from(piece->body))) {
			return "the body is no UTF-8";
		}
		if (checks_json_bytes(piece->body) + checks_json_bytes(piece->html) >
		        limit) {
			return "a piece is too big";
		}
		const char *wrong = piece->html == NULL ? NULL : check_html(piece->html);
		if (wrong != NULL) {
			return wrong;
		}
	}
	return NULL;
}

/* ---------------------------------------------------------------- Slack's text */

static inline size_t checks_utf16(const char *text)
{
	size_t units = 0;

	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		units += (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
	}
	return units;
}

static inline bool checks_sequence(const char *p, size_t n, bool may_ping)
{
	static const char *const allowed[] = {
	        "https://", "http://", "mailto:", "ftp://", "magnet:", "tel:"};

	if (n > 2 && (*p == '@' || *p == '#')) {
		for (size_t i = 1; i < n; i++) {
			if (!isupper((unsigned char)p[i]) &&
			        !isdigit((unsigned char)p[i])) {
				return false;
			}
		}
		return true;
	}
	if (*p == '!') {
		return may_ping && (strncmp(p, "!channel>", 9) == 0 ||
		                           strncmp(p, "!subteam^S", 10) == 0);
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strncasecmp(p, allowed[i], strlen(allowed[i])) == 0) {
			return true;
		}
	}
	return false;
}

static inline const char *check_mrkdwn(const char *text, bool may_ping)
{
	if (!str_is_utf8(str_from(text))) {
		return "text is no UTF-8";
	}
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '>') {
			return "text: a raw >";
		}
		if (*p == '&' && (checks_entity(p) == 0 || p[1] == 'q')) {
			return "text: a raw &";
		}
		if (*p != '<') {
			continue;
		}
		size_t n = strcspn(p + 1, "<>");
		if (p[1 + n] != '>' || !checks_sequence(p + 1, n, may_ping)) {
			return "text: a sequence that is not ours";
		}
		p += 1 + n;
	}
	return NULL;
}

/* ---------------------------------------------------------------- blocks */

static inline const char *check_inline(const cJSON *element, bool may_ping)
{
	static const struct {
		const char *type, *field;
	} kinds[] = {{"text", "text"}, {"link", "url"}, {"emoji", "name"},
	        {"user", "user_id"}, {"channel", "channel_id"},
	        {"usergroup", "usergroup_id"}, {"broadcast", "range"}};
	const char *type = json_str_or(element, "type", "");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(type, kinds[i].type) == 0) {
			bool pings = i >= 5;
			if (json_str_or(element, kinds[i].field, "")[0] == '\0') {
				return "blocks: an empty element";
			}
			return pings && !may_ping ? "blocks: a ping" : NULL;
		}
	}
	return "blocks: an unknown element";
}

static inline const char *check_element(const cJSON *element, bool may_ping)
{
	const char *type = json_str_or(element, "type", "");
	const cJSON *child, *children = json_arr(element, "elements");
	bool list = strcmp(type, "rich_text_list") == 0;

	if (children == NULL || children->child == NULL) {
		return "blocks: nothing in an element";
	}
	if (!list && strcmp(type, "rich_text_section") != 0 &&
	        strcmp(type, "rich_text_quote") != 0 &&
	        strcmp(type, "rich_text_preformatted") != 0) {
		return "blocks: an unknown container";
	}
	cJSON_ArrayForEach(child, children)
	{
		const char *wrong = list ? check_element(child, may_ping)
		                         : check_inline(child, may_ping);
		if (wrong != NULL) {
			return wrong;
		}
	}
	return NULL;
}

static inline const char *check_blocks(const char *blocks, bool may_ping)
{
	struct err err = ERR_INIT;
	autojson cJSON *parsed = json_parse(str_from(blocks), &err);
	const cJSON *element;

	if (parsed == NULL || cJSON_GetArraySize(parsed) != 1) {
		return "blocks: no JSON array of one";
	}
	cJSON_ArrayForEach(element, json_arr(parsed->child, "elements"))
	{
		const char *wrong = check_element(element, may_ping);
		if (wrong != NULL) {
			return wrong;
		}
	}
	return NULL;
}

static inline const char *check_to_slack(
        const struct to_slack *out, bool is_file, size_t limit, bool may_ping)
{
	if (out->count == 0 && !is_file) {
		return "silently empty";
	}
	for (size_t i = 0; i < out->count; i++) {
		const struct to_slack_piece *piece = &out->pieces[i];
		if (piece->text == NULL || piece->text[0] == '\0') {
			return "an empty text";
		}
		if (checks_utf16(piece->text) > limit) {
			return "a piece is too long";
		}
		const char *wrong = check_mrkdwn(piece->text, may_ping);
		if (wrong == NULL && piece->blocks != NULL) {
			wrong = check_blocks(piece->blocks, may_ping);
		}
		if (wrong != NULL) {
			return wrong;
		}
	}
	return NULL;
}

#endif
