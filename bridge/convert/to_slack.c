#include "bridge/convert/to_slack.h"

#include "lib/json.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

#include "bridge/convert/doc_slack.h"
#include "bridge/convert/matrix_content.h"

static void add_piece(const struct doc *doc, const struct to_slack_options *options,
        struct to_slack *out)
{
	struct buf text, blocks;

	buf_init(&text, SIZE_MAX / 2);
	buf_init(&blocks, SIZE_MAX / 2);
	doc_write_mrkdwn(doc, options->text_only, &text);
	const char *shown = buf_cstr(&text);
	if (shown[strspn(shown, " \t\r\n")] == '\0') {
		buf_finish(&text);
		return;
	}
	if (!options->text_only && (options->blocks_always || !doc_is_plain_text(doc))) {
		doc_write_rich_text(doc, &blocks);
	}
	if ((out->count & (out->count - 1)) == 0) {
		size_t room = out->count == 0 ? 1 : out->count * 2;
		out->pieces = xrealloc(out->pieces, room * sizeof(*out->pieces));
	}
	bool rich = blocks.len > 0;
	out->pieces[out->count++] = (struct to_slack_piece){
	        .text = buf_take(&text), .blocks = rich ? buf_take(&blocks) : NULL};
}

/* The last piece says that there would be more. */
static void say_cut(struct doc *piece)
{
	piece->at = DOC_NONE;
	doc_block(piece, BLOCK_TEXT);
	doc_add_text(
	        piece, str_from("(the message goes on; it is too long for Slack)"), 0);
	doc_end_block(piece);
}

static void write_pieces(const struct doc *doc, const struct to_slack_options *options,
        struct to_slack *out)
{
	size_t limit = options->piece_chars == 0 ? TO_SLACK_PIECE_CHARS
	               : options->piece_chars < TO_SLACK_MIN_PIECE_CHARS
	                       ? TO_SLACK_MIN_PIECE_CHARS
	                       : options->piece_chars;
	struct doc_cutter cutter;
	struct doc piece;

	if (doc_fits(doc, &doc_slack_costs, limit)) {
		add_piece(doc, options, out);
		return;
	}
	/* Room for what say_cut() adds. */
	doc_cutter_init(&cutter, doc, &doc_slack_costs, limit - 80);
	while (out->count < TO_SLACK_MAX_PIECES && doc_cutter_next(&cutter, &piece)) {
		out->cut = out->count + 1 == TO_SLACK_MAX_PIECES &&
		           cutter.block < doc->block_count;
		if (out->cut) {
			say_cut(&piece);
		}
		add_piece(&piece, options, out);
		doc_finish(&piece);
	}
}

void to_slack_convert(const cJSON *content, const struct to_slack_names *names,
        const struct to_slack_options *options, struct to_slack *out)
{
	static const struct to_slack_names no_names;
	static const struct to_slack_options no_options;
	struct doc read, doc;
	struct matrix_reader reader = {.doc = &read,
	        .names = names == NULL ? &no_names : names,
	        .options = options == NULL ? &no_options : options,
	        .mentions = cJSON_GetObjectItemCaseSensitive(content, "m.mentions")};

	*out = (struct to_slack){
	        .emote = str_equal(json_str(content, "msgtype"), "m.emote")};
	doc_init(&read);
	matrix_read_content(&reader, content);
	matrix_enrich(&reader, &doc);
	doc_tidy(&doc);
	REQ("MSG-02");
	write_pieces(&doc, reader.options, out);
	doc_finish(&doc);
	doc_finish(&read);
}

void to_slack_finish(struct to_slack *out)
{
	for (size_t i = 0; i < out->count; i++) {
		free(out->pieces[i].text);
		free(out->pieces[i].blocks);
	}
	free(out->pieces);
	*out = (struct to_slack){.emote = false};
}

char *to_slack_escape(const char *text)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	for (const char *p = text; *p != '\0'; p++) {
		const char *entity = *p == '&'   ? "&amp;"
		                     : *p == '<' ? "&lt;"
		                     : *p == '>' ? "&gt;"
		                                 : NULL;
		buf_add(&out, entity == NULL ? p : entity,
		        entity == NULL ? 1 : strlen(entity));
	}
	return out.len == 0 ? xstrdup("") : buf_take(&out);
}
