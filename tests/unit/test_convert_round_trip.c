/* proves: MSG-02, MSG-03 */
/* Messages of the subset that both sides have are generated from seeds, carried to Matrix
 * and back, and must be what they were, element by element; carried to Matrix once more
 * they must be what they were there. */
#include "tests/unit/convert_checks.h"
#include "tests/unit/corpus.h"

#include "lib/rand.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>

enum { MESSAGES = 50000, MAX_ELEMENTS = 6, MAX_INLINE = 5 };

static bool chance(struct rand *rand, unsigned percent)
{
	return rand_below(rand, 100) < percent;
}

static cJSON *typed(const char *type)
{
	return json_set_str(json_new(), "type", type);
}

/* ---------------------------------------------------------------- inline elements */

/* Words, blanks and every sign that means something on either side. */
static char *random_text(struct rand *rand, bool code)
{
	static const char *const parts[] = {"a", "word", "Grüße", "日本", "*", "_", "~",
	        "`", "<", ">", "&", "\"", "'", "&amp;", "<b>", "</b>", ":x:", "@rooms",
	        "#", "|", "\\", "[", "](", "1.", "-", "&nbsp;", "<@U1>", "<!channel>",
	        "   ", "\n", "  \n ", " "};
	struct buf text;

	buf_init(&text, 4096);
	for (uint64_t n = 1 + rand_below(rand, 6); n > 0; n--) {
		buf_puts(&text, parts[rand_below(rand, CORPUS_COUNT(parts))]);
		buf_puts(&text, chance(rand, 50) ? " " : "");
	}
	if (code) {
		buf_puts(&text, "x"); /* a line break at the end of code is not kept */
	}
	return buf_take(&text);
}

static void set_style(cJSON *element, unsigned style)
{
	static const char *const names[] = {
	        "bold", "italic", "strike", "code", "underline"};
	cJSON *set = json_new();

	for (unsigned i = 0; i < 5; i++) {
		if (style & 1U << i) {
			json_set_bool(set, names[i], true);
		}
	}
	if (set->child == NULL) {
		cJSON_Delete(set);
		return;
	}
	json_set(element, "style", set);
}

static cJSON *random_link(struct rand *rand, unsigned style)
{
	static const char *const urls[] = {"https://x.org/", "http://y.org/?a=1&b=2#c",
	        "mailto:a@b.org", "https://z.org/\"'<>|"};
	cJSON *link = json_set_str(
	        typed("link"), "url", urls[rand_below(rand, CORPUS_COUNT(urls))]);

	if (chance(rand, 70)) {
		autofree char *text = random_text(rand, false);
		json_set_str(link, "text", text);
	}
	set_style(link, style);
	return link;
}

static cJSON *random_emoji(struct rand *rand)
{
	static const struct {
		const char *name, *unicode;
		int tone;
	} emoji[] = {{"tada", "1f389", 0}, {"wave", "1f44b-1f3fc", 3},
	        {"heart", "2764-fe0f", 0}, {"+1", "1f44d-1f3ff", 6},
	        {"female-astronaut", "1f469-200d-1f680", 0}, {"party", NULL, 0}};
	size_t i = rand_below(rand, CORPUS_COUNT(emoji));
	cJSON *element = json_set_str(typed("emoji"), "name", emoji[i].name);

	json_set_str(element, "unicode", emoji[i].unicode);
	if (emoji[i].tone > 0) {
		json_set_int(element, "skin_tone", emoji[i].tone);
	}
	return element;
}

static cJSON *random_mention(struct rand *rand)
{
	cJSON *element;

	switch (rand_below(rand, 3)) {
	case 0:
		element = json_set_str(typed("user"), "user_id", "U1");
		break;
	case 1:
		element = json_set_str(typed("user"), "user_id", "U2");
		break;
	default:
		element = json_set_str(typed("channel"), "channel_id", "C1");
		break;
	}
	set_style(element, (unsigned)rand_below(rand, 8));
	return element;
}

/* Two texts of one style are one text, so neighbours differ. */
static cJSON *random_inline(struct rand *rand, unsigned *last_style)
{
	unsigned style = chance(rand, 50) ? 0 : (unsigned)rand_below(rand, 32);
	uint64_t kind = rand_below(rand, 10);
	unsigned before = *last_style;

	*last_style = 99;
	if (kind < 2) {
		return random_link(rand, style);
	}
	if (kind == 2) {
		return random_emoji(rand);
	}
	if (kind == 3) {
		return random_mention(rand);
	}
	style = style == before ? style ^ 1 : style;
	*last_style = style;
	autofree char *text = random_text(rand, false);
	cJSON *element = json_set_str(typed("text"), "text", text);
	set_style(element, style);
	return element;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n';
}

/* No blanks at the ends of a block: neither side keeps them. */
static void trim(cJSON *elements)
{
	for (int end = 0; end < 2; end++) {
		int last = end == 0 ? 0 : cJSON_GetArraySize(elements) - 1;
		cJSON *element = cJSON_GetArrayItem(elements, last);
		const char *text = json_str(element, "text");
		if (text == NULL) {
			continue;
		}
		size_t n = strlen(text);
		if (is_blank(text[end == 0 ? 0 : n - 1])) {
			autofree char *kept = xasprintf(
			        "%s%s%s", end == 0 ? "." : "", text, end == 1 ? "." : "");
			json_set_str(element, "text", kept);
		}
	}
}

static cJSON *random_elements(struct rand *rand)
{
	cJSON *elements = cJSON_CreateArray();
	unsigned last_style = 99;

	if (chance(rand, 10)) { /* everyone is a word of its own */
		cJSON_AddItemToArray(
		        elements, json_set_str(typed("broadcast"), "range", "channel"));
		cJSON_AddItemToArray(
		        elements, json_set_str(typed("text"), "text", " all: "));
		last_style = 0;
	}
	for (uint64_t n = 1 + rand_below(rand, MAX_INLINE); n > 0; n--) {
		cJSON_AddItemToArray(elements, random_inline(rand, &last_style));
	}
	trim(elements);
	return elements;
}

/* ---------------------------------------------------------------- containers */

static cJSON *holder(struct rand *rand, const char *type)
{
	return json_set(typed(type), "elements", random_elements(rand));
}

static cJSON *random_code(struct rand *rand)
{
	static const char *const languages[] = {"c", "go", "c++", "objective-c"};
	autofree char *text = random_text(rand, true);
	cJSON *code = typed("rich_text_preformatted");
	cJSON *elements = cJSON_CreateArray();

	cJSON_AddItemToArray(elements, json_set_str(typed("text"), "text", text));
	json_set(code, "elements", elements);
	if (chance(rand, 40)) {
		json_set_str(code, "language", languages[rand_below(rand, 4)]);
	}
	if (chance(rand, 20)) {
		json_set_int(code, "border", 1);
	}
	return code;
}

static cJSON *random_list(struct rand *rand, bool ordered, unsigned indent, int offset,
        bool border, int *count)
{
	cJSON *list = typed("rich_text_list"), *items = cJSON_CreateArray();

	*count = 1 + (int)rand_below(rand, 3);
	json_set_str(list, "style", ordered ? "ordered" : "bullet");
	json_set_int(list, "indent", indent);
	if (ordered && offset > 0) {
		json_set_int(list, "offset", offset);
	}
	if (border) {
		json_set_int(list, "border", 1);
	}
	for (int i = 0; i < *count; i++) {
		cJSON_AddItemToArray(items, holder(rand, "rich_text_section"));
	}
	return json_set(list, "elements", items);
}

/* A nest as Slack writes it: lists one after the other, one level deeper or any number of
 * levels back; a level goes on with its style and its number. */
static void add_lists(struct rand *rand, cJSON *out)
{
	struct {
		bool ordered;
		int next;
	} levels[5];
	unsigned open = 0, indent = 0, last = 99;
	bool border = chance(rand, 20);

	for (uint64_t n = 1 + rand_below(rand, 4); n > 0; n--) {
		bool deeper = open == 0 || (indent + 1 < 5 && chance(rand, 50));
		int count;
		if (deeper) {
			indent = open;
			levels[open].ordered = chance(rand, 50);
			levels[open].next =
			        chance(rand, 20) ? (int)rand_below(rand, 50) : 0;
			open++;
		} else {
			indent = (unsigned)rand_below(rand, open);
		}
		if (indent == last) {
			break; /* it would be the same list */
		}
		open = indent + 1;
		cJSON_AddItemToArray(
		        out, random_list(rand, levels[indent].ordered, indent,
		                     levels[indent].next, border, &count));
		levels[indent].next += count;
		last = indent;
	}
}

static cJSON *random_message(struct rand *rand)
{
	cJSON *elements = cJSON_CreateArray(), *blocks = cJSON_CreateArray();
	uint64_t last = 99;

	for (uint64_t n = 1 + rand_below(rand, MAX_ELEMENTS); n > 0; n--) {
		uint64_t kind = rand_below(rand, 4);
		if (kind == last && kind < 2) {
			continue; /* sections in a row are one, lists too */
		}
		last = kind;
		if (kind == 0) {
			cJSON_AddItemToArray(elements, holder(rand, "rich_text_section"));
		} else if (kind == 1) {
			add_lists(rand, elements);
		} else if (kind == 2) {
			cJSON *quote = holder(rand, "rich_text_quote");
			if (chance(rand, 30)) {
				json_set_int(quote, "border", 1);
			}
			cJSON_AddItemToArray(elements, quote);
		} else {
			cJSON_AddItemToArray(elements, random_code(rand));
		}
	}
	cJSON_AddItemToArray(blocks, json_set(typed("rich_text"), "elements", elements));
	return json_set(json_new(), "blocks", blocks);
}

/* ---------------------------------------------------------------- the way and back */

static cJSON *content_of(const struct to_matrix_piece *piece)
{
	cJSON *content = json_set_str(json_new(), "msgtype", "m.text");
	cJSON *mentions = json_set_bool(json_new(), "room", piece->room);
	cJSON *users = cJSON_CreateArray();

	json_set_str(content, "body", piece->body);
	if (piece->html != NULL) {
		json_set_str(content, "format", "org.matrix.custom.html");
		json_set_str(content, "formatted_body", piece->html);
	}
	for (size_t i = 0; i < piece->users.count; i++) {
		struct to_matrix_user user = {NULL, NULL};
		assert_true(corpus_to_matrix_user(NULL, piece->users.ids[i], &user));
		cJSON_AddItemToArray(users, cJSON_CreateString(user.mxid));
	}
	json_set(mentions, "user_ids", users);
	return json_set(content, "m.mentions", mentions);
}

static cJSON *message_of(const struct to_slack_piece *piece)
{
	cJSON *message = json_set_str(json_new(), "text", piece->text);

	if (piece->blocks != NULL) {
		struct err err = ERR_INIT;
		cJSON *blocks = json_parse(str_from(piece->blocks), &err);
		assert_non_null(blocks);
		json_set(message, "blocks", blocks);
	}
	return message;
}

static void show(uint64_t seed, const char *what, const cJSON *message,
        const struct to_matrix *there, const struct to_slack *back)
{
	autofree char *was = json_print(message);

	fprintf(stderr, "seed %llu: %s\n%s\n%s\n%s\n%s\n%s\n", (unsigned long long)seed,
	        what, was, there->pieces[0].body,
	        there->pieces[0].html == NULL ? "" : there->pieces[0].html,
	        back->count == 0 ? "" : back->pieces[0].text,
	        back->count == 0 || back->pieces[0].blocks == NULL
	                ? ""
	                : back->pieces[0].blocks);
}

static bool is_same_on_matrix(const struct to_matrix *a, const struct to_matrix *b)
{
	return a->count == 1 && b->count == 1 &&
	       str_equal(a->pieces[0].body, b->pieces[0].body) &&
	       str_equal(a->pieces[0].html, b->pieces[0].html);
}

static bool goes_and_returns(uint64_t seed)
{
	const struct to_slack_options options = {.may_ping_room = true};
	struct rand rand;
	struct to_matrix there, again;
	struct to_slack back;

	rand_seed(&rand, seed);
	autojson cJSON *message = random_message(&rand);
	to_matrix_convert(message, &corpus_to_matrix, NULL, &there);
	const char *wrong = check_to_matrix(&there, false, TO_MATRIX_PIECE_BYTES);
	assert_int_equal(there.count, 1);
	autojson cJSON *content = content_of(&there.pieces[0]);
	to_slack_convert(content, &corpus_to_slack, &options, &back);
	wrong = wrong == NULL ? check_to_slack(&back, false, TO_SLACK_PIECE_CHARS, true)
	                      : wrong;
	if (wrong == NULL && back.count != 1) {
		wrong = "not one piece";
	}
	autojson cJSON *returned =
	        wrong == NULL ? message_of(&back.pieces[0]) : json_new();
	const cJSON *blocks = json_arr(returned, "blocks");
	if (wrong == NULL && blocks != NULL &&
	        !cJSON_Compare(blocks, json_arr(message, "blocks"), true)) {
		wrong = "not what it was on Slack";
	}
	to_matrix_convert(returned, &corpus_to_matrix, NULL, &again);
	if (wrong == NULL && !is_same_on_matrix(&there, &again)) {
		wrong = "not what it was on Matrix";
	}
	if (wrong != NULL) {
		show(seed, wrong, message, &there, &back);
	}
	to_matrix_finish(&there);
	to_matrix_finish(&again);
	to_slack_finish(&back);
	return wrong == NULL;
}

static void what_both_sides_have_returns_unchanged(void **state)
{
	const char *from = getenv("ROUND_TRIP_SEED"), *count = getenv("ROUND_TRIP_COUNT");
	uint64_t first = from == NULL ? 1 : strtoull(from, NULL, 10);
	uint64_t total = count == NULL ? MESSAGES : strtoull(count, NULL, 10);
	uint64_t failed = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + total && failed < 5; seed++) {
		failed += !goes_and_returns(seed);
	}
	assert_int_equal(failed, 0);
	printf("%llu messages went to Matrix and back unchanged\n",
	        (unsigned long long)total);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_both_sides_have_returns_unchanged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
