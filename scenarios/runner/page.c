#include "scenarios/runner/page.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"
#include "scenarios/runner/page_data.h"
#include "scenarios/runner/requirements.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_RESULTS_BYTES = 256 * 1024 * 1024,
	MAX_PAGE_BYTES = 64 * 1024 * 1024,
	MAX_DATA_BYTES = 6 * 1024 * 1024, /* what the levels of leaving out aim at */
	MANY_STORIES = 60                 /* of so many it is known not to be enough */
};

/* scenarios/report/, as the linker puts it in. */
extern const char _binary_page_html_start[], _binary_page_html_end[];
extern const char _binary_page_css_start[], _binary_page_css_end[];
extern const char _binary_page_js_start[], _binary_page_js_end[];

struct page {
	const char *out_dir;
	cJSON *results; /* of the stories that are shown */
	char **packed;  /* of each; NULL: it left nothing */
	size_t count;
};

/* ---------------------------------------------------------------- what there is */

static bool is_wanted(
        const char *id, const struct story *const *stories, size_t story_count)
{
	for (size_t i = 0; i < story_count; i++) {
		if (str_equal(stories[i]->id, id)) {
			return true;
		}
	}
	return story_count == 0;
}

static cJSON *read_results(
        const char *out_dir, const struct story *const *stories, size_t story_count)
{
	autofree char *path = xasprintf("%s/results.jsonl", out_dir);
	autofree char *text = file_read(path, MAX_RESULTS_BYTES, NULL);
	cJSON *results = cJSON_CreateArray();

	for (char *line = text; line != NULL && *line != '\0';) {
		size_t n = strcspn(line, "\n");
		cJSON *json = json_parse((struct str){line, n}, NULL);
		if (json != NULL &&
		        is_wanted(json_str(json, "story"), stories, story_count)) {
			cJSON_AddItemToArray(results, json);
		} else {
			cJSON_Delete(json);
		}
		line += n + (line[n] == '\n' ? 1 : 0);
	}
	return results;
}

/* A failed story shows nothing, but it is still about what it proves. */
static void add_proves(cJSON *result, const struct evidence *evidence)
{
	cJSON *reqs = cJSON_GetObjectItemCaseSensitive(result, "requirements");
	const cJSON *id, *other;

	cJSON_ArrayForEach(id, json_arr(evidence->head, "proves"))
	{
		bool known = reqs == NULL;
		cJSON_ArrayForEach(other, reqs)
		{
			known = known || str_equal(other->valuestring, id->valuestring);
		}
		if (!known) {
			cJSON_AddItemToArray(reqs, cJSON_Duplicate(id, true));
		}
	}
}

/* The bytes of all of them at that level; stops where they are too many. */
static size_t pack_all(struct page *page, enum page_level level)
{
	size_t at = 0, sum = 0;
	cJSON *result;

	cJSON_ArrayForEach(result, page->results)
	{
		struct evidence evidence;
		free(page->packed[at]);
		page->packed[at] = NULL;
		if (sum <= MAX_DATA_BYTES &&
		        evidence_read(page->out_dir, json_str_or(result, "story", ""),
		                &evidence, NULL)) {
			autojson cJSON *data = page_data(&evidence, level);
			page->packed[at] = page_pack(data);
			sum += strlen(page->packed[at]);
			add_proves(result, &evidence);
			evidence_finish(&evidence);
		}
		at++;
	}
	return sum;
}

/* ---------------------------------------------------------------- the overview */

static cJSON *story_to_json(const cJSON *result, int64_t data)
{
	cJSON *story = json_new();

	json_set_str(story, "id", json_str(result, "story"));
	json_set_str(story, "path", json_str_or(result, "path", ""));
	json_set_str(story, "title", json_str_or(result, "title", ""));
	json_set_str(story, "verdict", json_str_or(result, "verdict", "unknown"));
	json_set_int(story, "virtual_ms", json_int(result, "virtual_ms", 0));
	json_set_int(story, "real_ms", json_int(result, "real_ms", 0));
	json_set(story, "reqs", cJSON_Duplicate(json_arr(result, "requirements"), true));
	return json_set_int(story, "data", data);
}

static cJSON *requirements_to_json(void)
{
	struct story_problems problems = {0};
	struct requirements requirements;
	cJSON *list = cJSON_CreateArray();

	requirements_read(STORY_SPEC, &requirements, &problems);
	for (size_t i = 0; i < requirements.count; i++) {
		cJSON *one = json_set_str(json_new(), "id", requirements.items[i].id);
		json_set_str(one, "title", requirements.items[i].title);
		cJSON_AddItemToArray(list, one);
	}
	requirements_finish(&requirements);
	story_problems_finish(&problems);
	return list;
}

static cJSON *make_overview(const struct page *page)
{
	cJSON *overview = json_new(), *stories = cJSON_CreateArray();
	size_t at = 0;
	const cJSON *result;

	cJSON_ArrayForEach(result, page->results)
	{
		cJSON *story = story_to_json(
		        result, page->packed[at] != NULL ? (int64_t)at : -1);
		cJSON_AddItemToArray(stories, story);
		at++;
	}
	json_set(overview, "stories", stories);
	return json_set(overview, "requirements", requirements_to_json());
}

/* ---------------------------------------------------------------- the file */

/* Inside a script element nothing may look like its end. */
static void put_data(struct buf *out, const cJSON *value)
{
	autofree char *text = json_print(value);

	buf_puts(out, "<script type=\"application/json\" id=\"overview\">");
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '<' || *p == '>' || *p == '&') {
			buf_printf(out, "\\u%04x", (unsigned char)*p);
		} else {
			buf_add(out, p, 1);
		}
	}
	buf_puts(out, "</script>\n");
}

static void put_stories(struct buf *out, const struct page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		if (page->packed[i] != NULL) {
			buf_printf(out,
			        "<script type=\"text/plain\" id=\"story-%zu\">%s</script>\n",
			        i, page->packed[i]);
		}
	}
}

static void put_part(struct buf *out, const char *mark, const struct page *page)
{
	if (strcmp(mark, "STYLE") == 0) {
		buf_add(out, _binary_page_css_start,
		        (size_t)(_binary_page_css_end - _binary_page_css_start));
	} else if (strcmp(mark, "SCRIPT") == 0) {
		buf_add(out, _binary_page_js_start,
		        (size_t)(_binary_page_js_end - _binary_page_js_start));
	} else {
		autojson cJSON *overview = make_overview(page);
		put_data(out, overview);
		put_stories(out, page);
	}
}

/* The frame with everything in the places of its marks. */
static void put_page(struct buf *out, const struct page *page)
{
	static const char *const marks[] = {"STYLE", "DATA", "SCRIPT"};
	autofree char *frame = xstrndup(_binary_page_html_start,
	        (size_t)(_binary_page_html_end - _binary_page_html_start));
	const char *rest = frame;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		autofree char *mark = xasprintf("<!--%s-->", marks[i]);
		const char *found = strstr(rest, mark);
		if (found != NULL) {
			buf_add(out, rest, (size_t)(found - rest));
			put_part(out, marks[i], page);
			rest = found + strlen(mark);
		}
	}
	buf_puts(out, rest);
}

bool page_write(const char *path, const char *out_dir, const struct story *const *stories,
        size_t count, size_t *stories_shown, struct err *err)
{
	struct page page = {.out_dir = out_dir};
	struct buf out;

	page.results = read_results(out_dir, stories, count);
	page.count = (size_t)cJSON_GetArraySize(page.results);
	page.packed = xcalloc(page.count + 1, sizeof(*page.packed));
	int level = page.count > MANY_STORIES ? PAGE_SHORT : PAGE_ALL;
	for (; level < PAGE_LEVELS; level++) {
		if (pack_all(&page, (enum page_level)level) <= MAX_DATA_BYTES) {
			break;
		}
	}
	buf_init(&out, MAX_PAGE_BYTES);
	put_page(&out, &page);
	bool ok = out.failed
	                  ? err_set(err, ERR_PERMANENT, 0, "the page would be too large")
	                  : file_write(path, buf_cstr(&out), out.len, err);
	if (stories_shown != NULL) {
		*stories_shown = page.count;
	}
	buf_finish(&out);
	for (size_t i = 0; i < page.count; i++) {
		free(page.packed[i]);
	}
	free(page.packed);
	cJSON_Delete(page.results);
	return ok;
}
