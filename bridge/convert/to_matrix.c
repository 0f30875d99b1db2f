#include "bridge/convert/to_matrix.h"

#include "lib/json.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

#include "bridge/convert/doc_matrix.h"
#include "bridge/convert/slack_reader.h"

enum { MAX_PIECES = 200 };

/* ---------------------------------------------------------------- reading */

static const struct {
	const char *subtype;
	enum to_matrix_kind kind;
	const char *text; /* instead of Slack's, which says nothing; or NULL */
} subtypes[] = {
        {"me_message", TO_MATRIX_EMOTE, NULL},
        {"tombstone", TO_MATRIX_NOTICE, "(this message was deleted)"},
        {"ekm_access_denied", TO_MATRIX_NOTICE,
                "(this message is withheld by the key management of the workspace)"},
        {"huddle_thread", TO_MATRIX_NOTICE, NULL},
        {"channel_join", TO_MATRIX_NOTICE, NULL},
        {"channel_leave", TO_MATRIX_NOTICE, NULL},
        {"channel_topic", TO_MATRIX_NOTICE, NULL},
        {"channel_purpose", TO_MATRIX_NOTICE, NULL},
        {"channel_name", TO_MATRIX_NOTICE, NULL},
        {"channel_archive", TO_MATRIX_NOTICE, NULL},
        {"channel_unarchive", TO_MATRIX_NOTICE, NULL},
        {"channel_convert_to_private", TO_MATRIX_NOTICE, NULL},
        {"channel_convert_to_public", TO_MATRIX_NOTICE, NULL},
        {"channel_posting_permission", TO_MATRIX_NOTICE, NULL},
        {"channel_posting_permissions", TO_MATRIX_NOTICE, NULL},
        {"group_join", TO_MATRIX_NOTICE, NULL},
        {"group_leave", TO_MATRIX_NOTICE, NULL},
        {"group_topic", TO_MATRIX_NOTICE, NULL},
        {"group_purpose", TO_MATRIX_NOTICE, NULL},
        {"group_name", TO_MATRIX_NOTICE, NULL},
        {"group_archive", TO_MATRIX_NOTICE, NULL},
        {"group_unarchive", TO_MATRIX_NOTICE, NULL},
        {"pinned_item", TO_MATRIX_NOTICE, NULL},
        {"unpinned_item", TO_MATRIX_NOTICE, NULL},
        {"bot_add", TO_MATRIX_NOTICE, NULL},
        {"bot_remove", TO_MATRIX_NOTICE, NULL},
        {"reminder_add", TO_MATRIX_NOTICE, NULL},
};
enum { SUBTYPES = sizeof(subtypes) / sizeof(subtypes[0]) };

static enum to_matrix_kind kind_of(const cJSON *message, const char **text)
{
	const char *subtype = json_str(message, "subtype");

	*text = NULL;
	for (size_t i = 0; subtype != NULL && i < SUBTYPES; i++) {
		if (str_equal(subtype, subtypes[i].subtype)) {
			*text = subtypes[i].text;
			return subtypes[i].kind;
		}
	}
	return TO_MATRIX_TEXT;
}

static bool shows_something(const struct doc *doc, size_t from)
{
	for (size_t i = from; i < doc->span_count; i++) {
		struct str text = doc_str(doc, doc->spans[i].text);
		for (size_t k = 0; k < text.n; k++) {
			if (!strchr(" \t\r\n", text.p[k])) {
				return true;
			}
		}
	}
	return false;
}

/* Buttons say nothing without the question, which then stands in the text alone. */
static bool has_content(const cJSON *blocks)
{
	static const char *const others[] = {"actions", "context_actions", "divider"};
	const cJSON *block;

	cJSON_ArrayForEach(block, blocks)
	{
		const char *type = json_str_or(block, "type", "");
		bool content = true;
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			content = content && !str_equal(type, others[i]);
		}
		if (content) {
			return true;
		}
	}
	return false;
}

static void read_mrkdwn(struct slack_reader *reader, const cJSON *message)
{
	struct str text = str_from(json_str(message, "text"));

	if (json_bool(message, "mrkdwn", true)) {
		slack_read_mrkdwn(reader, text, 0);
	} else {
		slack_read_plain(reader, text, true, 0);
	}
	doc_end_block(reader->doc);
}

static void read_text(struct slack_reader *reader, const cJSON *message)
{
	const cJSON *blocks = json_arr(message, "blocks");

	if (!has_content(blocks)) {
		read_mrkdwn(reader, message);
		slack_read_blocks(reader, blocks);
		return;
	}
	slack_read_blocks(reader, blocks);
	if (!shows_something(reader->doc, 0)) {
		doc_end_block(reader->doc);
		read_mrkdwn(reader, message);
	}
}

static void read_message(
        struct slack_reader *reader, const cJSON *message, const char *instead)
{
	if (instead != NULL) {
		doc_add_text(reader->doc, str_from(instead), 0);
		doc_tidy(reader->doc);
		return;
	}
	read_text(reader, message);
	slack_read_attachments(reader, message);
	doc_tidy(reader->doc);
	if (!shows_something(reader->doc, 0) &&
	        cJSON_GetArraySize(json_arr(message, "files")) == 0) {
		doc_finish(reader->doc);
		doc_add_text(reader->doc,
		        str_from("(a message that can only be seen on Slack)"), 0);
		doc_tidy(reader->doc);
	}
}

/* ---------------------------------------------------------------- writing */

static void list_mentions(const struct doc *doc, struct to_matrix_piece *piece)
{
	for (size_t b = 0; b < doc->block_count; b++) {
		for (size_t i = 0; i < doc->blocks[b].count; i++) {
			const struct span *span = &doc->spans[doc->blocks[b].first + i];
			struct str ref = doc_str(doc, span->ref);
			bool real = !span->quiet && ref.n > 0;
			if (span->kind == SPAN_USER && real) {
				id_list_add(&piece->users, ref);
			} else if (span->kind == SPAN_GROUP && real) {
				id_list_add(&piece->groups, ref);
			} else if (span->kind == SPAN_ROOM && !span->quiet) {
				piece->room = true;
			}
		}
	}
}

static void add_piece(const struct doc *doc, struct to_matrix *out)
{
	struct to_matrix_piece piece = {.body = NULL};
	struct buf body, html;

	if (!shows_something(doc, 0) || out->count == MAX_PIECES) {
		return;
	}
	buf_init(&body, SIZE_MAX / 2);
	buf_init(&html, SIZE_MAX / 2);
	doc_write_body(doc, &body);
	if (!doc_is_plain(doc)) {
		doc_write_html(doc, &html);
		piece.html = buf_take(&html);
	}
	piece.body = buf_take(&body);
	list_mentions(doc, &piece);
	if ((out->count & (out->count - 1)) == 0) {
		size_t room = out->count == 0 ? 1 : out->count * 2;
		out->pieces = xrealloc(out->pieces, room * sizeof(*out->pieces));
	}
	out->pieces[out->count++] = piece;
}

static void write_pieces(const struct doc *doc, size_t limit, struct to_matrix *out)
{
	struct doc_cutter cutter;
	struct doc piece;

	const struct doc_costs *costs =
	        doc_is_plain(doc) ? &doc_plain_costs : &doc_matrix_costs;
	limit -= DOC_MATRIX_PIECE_BYTES;
	if (doc_fits(doc, costs, limit)) {
		add_piece(doc, out);
		return;
	}
	doc_cutter_init(&cutter, doc, costs, limit);
	while (out->count < MAX_PIECES && doc_cutter_next(&cutter, &piece)) {
		add_piece(&piece, out);
		doc_finish(&piece);
	}
}

void to_matrix_convert(const cJSON *message, const struct to_matrix_names *names,
        const struct to_matrix_options *options, struct to_matrix *out)
{
	static const struct to_matrix_names no_names;
	static const struct to_matrix_options no_options;
	struct doc doc;
	const char *instead;

	names = names == NULL ? &no_names : names;
	options = options == NULL ? &no_options : options;
	size_t limit = options->piece_bytes == 0 ? TO_MATRIX_PIECE_BYTES
	               : options->piece_bytes < TO_MATRIX_MIN_PIECE_BYTES
	                       ? TO_MATRIX_MIN_PIECE_BYTES
	                       : options->piece_bytes;
	struct slack_reader reader = {.doc = &doc,
	        .names = names,
	        .utc_offset_minutes = options->utc_offset_minutes};

	*out = (struct to_matrix){.kind = kind_of(message, &instead)};
	doc_init(&doc);
	doc.quiet = out->kind == TO_MATRIX_NOTICE; /* who joined is not called */
	read_message(&reader, message, instead);
	REQ("MSG-02");
	write_pieces(&doc, limit, out);
	doc_finish(&doc);
}

void to_matrix_finish(struct to_matrix *out)
{
	for (size_t i = 0; i < out->count; i++) {
		free(out->pieces[i].body);
		free(out->pieces[i].html);
		id_list_finish(&out->pieces[i].users);
		id_list_finish(&out->pieces[i].groups);
	}
	free(out->pieces);
	*out = (struct to_matrix){.kind = TO_MATRIX_TEXT};
}

const char *to_matrix_msgtype(enum to_matrix_kind kind)
{
	switch (kind) {
	case TO_MATRIX_TEXT:
		return "m.text";
	case TO_MATRIX_NOTICE:
		return "m.notice";
	case TO_MATRIX_EMOTE:
		return "m.emote";
	}
	return "m.text";
}
