/* Slack messages of any kind: no harm, and what is true of every output holds. The first
 * byte says what the others are: mrkdwn, a whole message, or rich text made of them. */
#include "tests/unit/convert_checks.h"
#include "tests/unit/corpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const cJSON *message, size_t piece_bytes)
{
	const struct to_matrix_options options = {.piece_bytes = piece_bytes};
	struct to_matrix out;
	struct to_matrix_refs refs;

	to_matrix_convert(message, &corpus_to_matrix, &options, &out);
	const char *wrong =
	        check_to_matrix(&out, cJSON_GetArraySize(json_arr(message, "files")) > 0,
	                piece_bytes == 0 ? TO_MATRIX_PIECE_BYTES : piece_bytes);
	if (wrong != NULL) {
		fprintf(stderr, "%s\n", wrong);
		for (size_t i = 0; i < out.count; i++) {
			fprintf(stderr, "%s\n%s\n", out.pieces[i].body,
			        out.pieces[i].html == NULL ? "" : out.pieces[i].html);
		}
		abort();
	}
	to_matrix_finish(&out);
	if (piece_bytes != 0) {
		to_matrix_list_refs(message, &refs);
		to_matrix_refs_finish(&refs);
	}
}

static cJSON *one_element(const uint8_t *data, size_t size, size_t *used)
{
	static const char *const types[] = {
	        "text", "link", "user", "emoji", "text", "channel", "broadcast", "date"};
	size_t n = size > 1 ? data[1] % 16 : 0;
	n = size < 2 ? 0 : n > size - 2 ? size - 2 : n;
	autofree char *text = xstrndup((const char *)data + (size < 2 ? size : 2), n);
	cJSON *element = json_set_str(json_new(), "type", types[data[0] % 8]);
	cJSON *style = json_new();

	json_set_str(element, "text", str_is_utf8(str_from(text)) ? text : "x");
	json_set_str(element, "url", "https://x.org/\"<a>&");
	json_set_str(element, "user_id", data[0] & 8 ? "U1" : "U9");
	json_set_str(element, "channel_id", "C1");
	json_set_str(element, "name", data[0] & 8 ? "party" : "tada");
	json_set_int(element, "timestamp", 1392734382);
	json_set_str(element, "format", "{date} {time} {");
	json_set_bool(style, "bold", data[0] & 16);
	json_set_bool(style, "italic", data[0] & 32);
	json_set_bool(style, "strike", data[0] & 64);
	json_set_bool(style, "code", data[0] & 128);
	json_set(element, "style", style);
	*used = 2 + n;
	return element;
}

/* Containers with one to four elements each. */
static cJSON *rich_text(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"rich_text_section", "rich_text_list",
	        "rich_text_quote", "rich_text_preformatted"};
	cJSON *containers = cJSON_CreateArray();

	while (size > 1) {
		uint8_t how = data[0];
		cJSON *container = json_set_str(json_new(), "type", types[how & 3]);
		cJSON *elements = cJSON_CreateArray();
		data++;
		size--;
		for (unsigned i = 0; i <= (how >> 2 & 3u) && size > 0; i++) {
			size_t used;
			cJSON *element = one_element(data, size, &used);
			if ((how & 3) == 1) {
				cJSON *only = cJSON_CreateArray();
				cJSON_AddItemToArray(only, element);
				element = json_set(json_set_str(json_new(), "type",
				                           "rich_text_section"),
				        "elements", only);
			}
			cJSON_AddItemToArray(elements, element);
			used = used < size ? used : size;
			data += used;
			size -= used;
		}
		json_set(container, "elements", elements);
		json_set_int(container, "indent", how >> 4 & 7);
		json_set_int(container, "border", how >> 7);
		json_set_int(container, "offset", how >> 5);
		json_set_str(container, "style", how & 64 ? "ordered" : "bullet");
		cJSON_AddItemToArray(containers, container);
	}
	cJSON *block = json_set_str(json_new(), "type", "rich_text");
	cJSON *blocks = cJSON_CreateArray();
	cJSON_AddItemToArray(blocks, json_set(block, "elements", containers));
	return json_set(json_new(), "blocks", blocks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	size_t piece_bytes = size > 0 && data[0] & 4 ? TO_MATRIX_MIN_PIECE_BYTES : 0;
	unsigned mode = size > 0 ? data[0] & 3 : 0;

	if (size < 2) {
		return 0;
	}
	struct str rest = {(const char *)data + 1, size - 1};
	autofree char *text = xstrndup(rest.p, rest.n);
	autojson cJSON *message = NULL;
	if (mode == 3) {
		message = rich_text(data + 1, size - 1);
	} else if (mode == 2) {
		message = json_parse(rest, &err);
	} else if (str_is_utf8(str_from(text))) {
		message = json_set_str(json_new(), "text", text);
		if (data[0] & 8) { /* and the same in an attachment */
			cJSON *attachment = json_set_str(json_new(), "text", text);
			json_set_str(attachment, "title", text);
			json_set_str(attachment, "footer", text);
			cJSON *attachments = cJSON_CreateArray();
			cJSON_AddItemToArray(attachments, attachment);
			json_set(message, "attachments", attachments);
		}
	}
	if (message != NULL) {
		run(message, piece_bytes);
	}
	return 0;
}
