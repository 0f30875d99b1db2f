/* proves: MSG-02, MSG-03, MSG-09, MSG-11 */
#include "tests/unit/corpus.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <glob.h>
#include <unistd.h>

/* Every file of tests/corpus is a list of cases:
 *
 *   name: what is shown
 *   source: where the fact comes from
 *   in: the message of Slack, or the content of Matrix
 *   repeat: {field: text, times: n}  the field of `in` is this text n times
 *   options: as the options of the conversion
 *   out: {kind, pieces: [{body, html, users, groups, room}]} or
 *        {emote, cut, pieces: [{text, blocks}]}; one piece may stand for itself
 *   count: the number of pieces, where they are too long to be written down
 *   refs: what the message refers to
 *
 * A part of `out` that is not there must not be there, or be false. With CORPUS_PRINT in
 * the environment what came out is printed for cases that differ. */

enum { MAX_FAILURES = 20 };

static unsigned failures, cases_run;

static cJSON *list_of(const struct id_list *list)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < list->count; i++) {
		cJSON_AddItemToArray(array, cJSON_CreateString(list->ids[i]));
	}
	return array;
}

static void set_list(cJSON *object, const char *name, const struct id_list *list)
{
	if (list->count > 0) {
		json_set(object, name, list_of(list));
	}
}

/* One piece stands for itself. */
static cJSON *pieces_of(cJSON *result, cJSON *pieces)
{
	if (cJSON_GetArraySize(pieces) != 1) {
		return json_set(result, "pieces", pieces);
	}
	cJSON *member, *next;
	cJSON *only = cJSON_DetachItemFromArray(pieces, 0);
	for (member = only->child; member != NULL; member = next) {
		next = member->next;
		autofree char *key = xstrdup(member->string);
		json_set(result, key, cJSON_DetachItemViaPointer(only, member));
	}
	cJSON_Delete(only);
	cJSON_Delete(pieces);
	return result;
}

static cJSON *run_to_matrix(const cJSON *in, const cJSON *set)
{
	const struct to_matrix_options options = {
	        .piece_bytes = (size_t)json_int(set, "piece_bytes", 0),
	        .utc_offset_minutes = (int)json_int(set, "utc_offset_minutes", 0)};
	cJSON *result = json_new(), *pieces = cJSON_CreateArray();
	struct to_matrix out;

	to_matrix_convert(in,
	        json_bool(set, "no_names", false) ? NULL : &corpus_to_matrix, &options,
	        &out);
	if (out.kind != TO_MATRIX_TEXT) {
		json_set_str(result, "kind", to_matrix_msgtype(out.kind));
	}
	for (size_t i = 0; i < out.count; i++) {
		cJSON *piece = json_set_str(json_new(), "body", out.pieces[i].body);
		json_set_str(piece, "html", out.pieces[i].html);
		set_list(piece, "users", &out.pieces[i].users);
		set_list(piece, "groups", &out.pieces[i].groups);
		if (out.pieces[i].room) {
			json_set_bool(piece, "room", true);
		}
		cJSON_AddItemToArray(pieces, piece);
	}
	to_matrix_finish(&out);
	return pieces_of(result, pieces);
}

/* Without the wrapping that is always the same. */
static cJSON *elements_of(const char *blocks)
{
	struct err err = ERR_INIT;
	cJSON *parsed = json_parse(str_from(blocks), &err);

	assert_non_null(parsed);
	assert_int_equal(cJSON_GetArraySize(parsed), 1);
	assert_string_equal(json_str_or(parsed->child, "type", ""), "rich_text");
	cJSON *elements =
	        cJSON_DetachItemFromObjectCaseSensitive(parsed->child, "elements");
	cJSON_Delete(parsed);
	return elements;
}

static cJSON *run_to_slack(const cJSON *in, const cJSON *set)
{
	const struct to_slack_options options = {
	        .may_ping_room = json_bool(set, "may_ping_room", false),
	        .may_ping_groups = json_bool(set, "may_ping_groups", false),
	        .text_only = json_bool(set, "text_only", false),
	        .piece_chars = (size_t)json_int(set, "piece_chars", 0)};
	cJSON *result = json_new(), *pieces = cJSON_CreateArray();
	struct to_slack out;

	to_slack_convert(in, json_bool(set, "no_names", false) ? NULL : &corpus_to_slack,
	        &options, &out);
	if (out.emote) {
		json_set_bool(result, "emote", true);
	}
	if (out.cut) {
		json_set_bool(result, "cut", true);
	}
	for (size_t i = 0; i < out.count; i++) {
		cJSON *piece = json_set_str(json_new(), "text", out.pieces[i].text);
		if (out.pieces[i].blocks != NULL) {
			json_set(piece, "blocks", elements_of(out.pieces[i].blocks));
		}
		cJSON_AddItemToArray(pieces, piece);
	}
	to_slack_finish(&out);
	return pieces_of(result, pieces);
}

static cJSON *refs_to_matrix(const cJSON *in)
{
	struct to_matrix_refs refs;
	cJSON *result = json_new();

	to_matrix_list_refs(in, &refs);
	set_list(result, "users", &refs.users);
	set_list(result, "channels", &refs.channels);
	set_list(result, "groups", &refs.groups);
	set_list(result, "emoji", &refs.emoji);
	if (refs.message_count > 0) {
		cJSON *array = cJSON_CreateArray();
		for (size_t i = 0; i < refs.message_count; i++) {
			cJSON *ref = json_new();
			json_set_str(ref, "host", refs.messages[i].host);
			json_set_str(ref, "channel", refs.messages[i].channel_id);
			json_set_str(ref, "ts", refs.messages[i].ts);
			cJSON_AddItemToArray(array, ref);
		}
		json_set(result, "messages", array);
	}
	to_matrix_refs_finish(&refs);
	return result;
}

static cJSON *refs_to_slack(const cJSON *in)
{
	struct to_slack_refs refs;
	cJSON *result = json_new();

	to_slack_list_refs(in, &refs);
	set_list(result, "users", &refs.users);
	set_list(result, "rooms", &refs.rooms);
	set_list(result, "emoji", &refs.emoji);
	if (refs.event_count > 0) {
		cJSON *array = cJSON_CreateArray();
		for (size_t i = 0; i < refs.event_count; i++) {
			cJSON *ref =
			        json_set_str(json_new(), "room", refs.events[i].room);
			cJSON_AddItemToArray(array,
			        json_set_str(ref, "event", refs.events[i].event_id));
		}
		json_set(result, "events", array);
	}
	to_slack_refs_finish(&refs);
	return result;
}

static void repeat(cJSON *in, const cJSON *how)
{
	int64_t times = json_int(how, "times", 1);
	struct buf text;

	if (how == NULL) {
		return;
	}
	buf_init(&text, 1024 * 1024);
	for (int64_t i = 0; i < times; i++) {
		buf_puts(&text, json_str_or(how, "text", ""));
	}
	json_set_str(in, json_str_or(how, "field", "text"), buf_cstr(&text));
	buf_finish(&text);
}

static void differ(
        const cJSON *test, const char *what, const cJSON *got, const cJSON *want)
{
	autofree char *has = json_print(got);
	autofree char *wants = json_print(want);

	failures++;
	if (failures <= MAX_FAILURES || getenv("CORPUS_PRINT") != NULL) {
		fprintf(stderr, "%s (%s):\n   got %s\n  want %s\n",
		        json_str_or(test, "name", "?"), what, has, wants);
	}
}

static void run_case(cJSON *test, bool to_matrix)
{
	cJSON *in = cJSON_GetObjectItemCaseSensitive(test, "in");
	const cJSON *set = json_obj(test, "options");
	const cJSON *want = json_obj(test, "out"), *refs = json_obj(test, "refs");

	cases_run++;
	repeat(in, json_obj(test, "repeat"));
	autojson cJSON *got = to_matrix ? run_to_matrix(in, set) : run_to_slack(in, set);
	if (want != NULL && !cJSON_Compare(got, want, true)) {
		differ(test, "out", got, want);
	}
	int64_t count = json_int(test, "count", -1);
	const cJSON *pieces = json_arr(got, "pieces");
	int had = pieces == NULL ? 1 : cJSON_GetArraySize(pieces);
	if (count >= 0 && had != count) {
		autojson cJSON *number = cJSON_CreateNumber((double)count);
		autojson cJSON *actual = cJSON_CreateNumber(had);
		differ(test, "count", actual, number);
	}
	if (refs != NULL) {
		autojson cJSON *found =
		        to_matrix ? refs_to_matrix(in) : refs_to_slack(in);
		if (!cJSON_Compare(found, refs, true)) {
			differ(test, "refs", found, refs);
		}
	}
	if (json_str(test, "name") == NULL || json_str(test, "source") == NULL ||
	        in == NULL || (want == NULL && refs == NULL && count < 0)) {
		fprintf(stderr, "incomplete case: %s\n", json_str_or(test, "name", "?"));
		failures++;
	}
}

static unsigned run_files(const char *pattern, bool to_matrix)
{
	unsigned total = 0;
	glob_t files;

	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		autojson cJSON *cases = corpus_load(files.gl_pathv[i]);
		cJSON *test;
		unsigned before = failures, count = 0;
		cJSON_ArrayForEach(test, cases)
		{
			run_case(test, to_matrix);
			count++;
		}
		printf("%4u %s%s\n", count, files.gl_pathv[i],
		        failures > before ? "  FAILED" : "");
		total += count;
	}
	globfree(&files);
	return total;
}

static void slack_messages_on_matrix(void **state)
{
	(void)state;
	failures = 0;
	printf("%u cases to Matrix\n", run_files("tests/corpus/to-matrix/*.yaml", true));
	assert_int_equal(failures, 0);
}

static void matrix_messages_on_slack(void **state)
{
	(void)state;
	failures = 0;
	printf("%u cases to Slack\n", run_files("tests/corpus/to-slack/*.yaml", false));
	assert_int_equal(failures, 0);
}

static bool is_file_of(const char *side, const char *name)
{
	autofree char *path = xasprintf("tests/corpus/%s/%s.yaml", side, name);
	return access(path, R_OK) == 0;
}

/* The last column of a row names files of its direction. */
static void check_row(const char *row, const char *side, struct buf *named)
{
	autofree char *copy = xstrdup(row);
	char *end = strrchr(copy, '|');

	*end = '\0';
	const char *column = strrchr(copy, '|') + 1;
	for (const char *p = column; *p != '\0';) {
		size_t skip = strspn(p, ", "), n = strcspn(p + skip, ", ");
		autofree char *name = xstrndup(p + skip, n);
		p += skip + n;
		if (n > 0 && !is_file_of(side, name)) {
			fail_msg("docs/conversion.md names %s/%s, which is not there",
			        side, name);
		}
		buf_printf(named, "%s/%s.yaml\n", side, name);
	}
}

static void the_document_and_the_corpus_agree(void **state)
{
	FILE *file = fopen("docs/conversion.md", "r");
	const char *side = NULL;
	char line[1000];
	struct buf named;
	glob_t files;

	(void)state;
	assert_non_null(file);
	buf_init(&named, 1024 * 1024);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		side = str_starts(line, "## From Slack")    ? "to-matrix"
		       : str_starts(line, "## From Matrix") ? "to-slack"
		                                            : side;
		if (line[0] == '|' && !str_starts(line, "|---") &&
		        !str_ends(line, "| cases |")) {
			check_row(line, side, &named);
		}
	}
	fclose(file);
	assert_int_equal(glob("tests/corpus/*/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const char *path = files.gl_pathv[i] + strlen("tests/corpus/");
		if (strstr(buf_cstr(&named), path) == NULL) {
			fail_msg("docs/conversion.md does not name %s", path);
		}
	}
	globfree(&files);
	buf_finish(&named);
}

static void there_are_enough(void **state)
{
	(void)state;
	assert_true(cases_run >= 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(slack_messages_on_matrix),
	        cmocka_unit_test(matrix_messages_on_slack),
	        cmocka_unit_test(the_document_and_the_corpus_agree),
	        cmocka_unit_test(there_are_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
