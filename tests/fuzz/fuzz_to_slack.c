/* Matrix messages of any kind: no harm, and what is true of every output holds. The first
 * byte says what the others are: HTML, a plain body, or a whole content. */
#include "tests/unit/convert_checks.h"
#include "tests/unit/corpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file, or a sticker, may have no piece. */
static bool may_be_empty(const cJSON *content)
{
	const char *type = json_str_or(content, "msgtype", "");

	return json_str(content, "url") != NULL || str_equal(type, "m.image") ||
	       str_equal(type, "m.file") || str_equal(type, "m.audio") ||
	       str_equal(type, "m.video");
}

static void run(const cJSON *content, uint8_t how)
{
	const struct to_slack_options options = {.may_ping_room = how & 8,
	        .may_ping_groups = how & 8,
	        .text_only = how & 16,
	        .piece_chars = how & 4 ? TO_SLACK_MIN_PIECE_CHARS : 0};
	struct to_slack out;
	struct to_slack_refs refs;

	to_slack_convert(content, &corpus_to_slack, &options, &out);
	const char *wrong = check_to_slack(&out, may_be_empty(content),
	        how & 4 ? TO_SLACK_MIN_PIECE_CHARS : TO_SLACK_PIECE_CHARS, how & 8);
	if (wrong != NULL) {
		fprintf(stderr, "%s\n", wrong);
		for (size_t i = 0; i < out.count; i++) {
			fprintf(stderr, "%s\n%s\n", out.pieces[i].text,
			        out.pieces[i].blocks == NULL ? "" : out.pieces[i].blocks);
		}
		abort();
	}
	to_slack_finish(&out);
	if (how & 4) {
		to_slack_list_refs(content, &refs);
		to_slack_refs_finish(&refs);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;

	if (size < 2) {
		return 0;
	}
	struct str rest = {(const char *)data + 1, size - 1};
	autofree char *text = xstrndup(rest.p, rest.n);
	autojson cJSON *content = NULL;
	bool utf8 = str_is_utf8(str_from(text));
	if ((data[0] & 3) == 2) {
		content = json_parse(rest, &err);
	} else if (utf8 && (data[0] & 3) == 1) {
		content = json_set_str(json_new(), "body", text);
	} else if (utf8) {
		content = json_set_str(json_new(), "body", "the body");
		json_set_str(content, "format", "org.matrix.custom.html");
		json_set_str(content, "formatted_body", text);
	}
	if (content != NULL && (data[0] & 3) != 2) {
		json_set_str(content, "msgtype", data[0] & 32 ? "m.emote" : "m.text");
		if (data[0] & 8) {
			json_set(content, "m.mentions",
			        json_set_bool(json_new(), "room", true));
		}
	}
	if (content != NULL) {
		run(content, data[0]);
	}
	return 0;
}
