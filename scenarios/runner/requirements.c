#include "scenarios/runner/requirements.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT_BYTES = 64 * 1024, MAX_REVISION = 9999 };

static const char heading_start[] = "## ", status_start[] = "Revision ";

const struct requirement *requirements_find(
        const struct requirements *requirements, const char *id)
{
	for (size_t i = 0; i < requirements->count; i++) {
		if (strcmp(requirements->items[i].id, id) == 0) {
			return &requirements->items[i];
		}
	}
	return NULL;
}

/* ---------------------------------------------------------------- links */

/* "SOCK-05" and 2 of "SOCK-05~2". False if what follows the sign is no revision. */
static bool split_link(const char *text, struct requirement_link *out)
{
	const char *tilde = strchr(text, '~');
	int64_t revision = 1;

	if (tilde != NULL &&
	        !str_to_int64(str_from(tilde + 1), 1, MAX_REVISION, &revision)) {
		return false;
	}
	out->revision = (int)revision;
	out->id = xstrndup(text, tilde == NULL ? strlen(text) : (size_t)(tilde - text));
	return true;
}

bool requirements_check(const struct requirements *requirements, const char *text,
        const struct story_pos *pos, struct requirement_link *out,
        struct story_problems *problems)
{
	struct requirement_link link = {.pos = *pos};
	bool known = split_link(text, &link) &&
	             requirements_find(requirements, link.id) != NULL;

	if (!known) {
		struct nearest nearest;
		nearest_init(&nearest, text);
		for (size_t i = 0; i < requirements->count; i++) {
			nearest_offer(&nearest, requirements->items[i].id);
		}
		autofree char *hint = nearest_hint(&nearest);
		story_problem(
		        problems, pos, "there is no requirement \"%s\"%s", text, hint);
	}
	if (known && out != NULL) {
		*out = link;
	} else {
		free(link.id);
	}
	return known;
}

bool requirements_check_revision(const struct requirements *requirements,
        const struct requirement_link *link, struct story_problems *problems)
{
	const struct requirement *one = requirements_find(requirements, link->id);

	if (one == NULL || one->revision == link->revision) {
		return true;
	}
	story_problem(problems, &link->pos,
	        link->revision < one->revision
	                ? "outdated: this is about revision %d of %s, which is %s~%d now (%s:%d): look whether it still shows it"
	                : "this is about revision %d of %s, which is %s~%d (%s:%d)",
	        link->revision, one->id, one->id, one->revision, one->pos.file,
	        one->pos.line);
	return false;
}

void requirements_check_texts(
        const struct requirements *requirements, struct story_problems *problems)
{
	for (size_t i = 0; i < requirements->count; i++) {
		const struct requirement *one = &requirements->items[i];
		if (strcmp(one->hash, one->written_hash) != 0) {
			story_problem(problems, &one->status,
			        "the text of %s has changed: write (%s) here if it means the same, and Revision %d besides if not",
			        one->id, one->hash, one->revision + 1);
		}
	}
}

/* ---------------------------------------------------------------- reading */

struct reading {
	const char *path;
	struct requirements *out;
	struct story_problems *problems;
	struct requirement *open; /* its heading was read, its last line was not */
	struct buf text;          /* of the open one */
	int line;
};

static struct story_pos here(const struct reading *reading)
{
	return (struct story_pos){(char *)(uintptr_t)reading->path, reading->line, 1};
}

/* Adds the words of a line, each after one blank. */
static void add_words(struct buf *out, const char *line)
{
	while (*(line += strspn(line, " \t\r\n")) != '\0') {
		size_t n = strcspn(line, " \t\r\n");
		buf_puts(out, out->len == 0 ? "" : " ");
		buf_add(out, line, n);
		line += n;
	}
}

static void close_open(struct reading *reading)
{
	if (reading->open != NULL) {
		story_problem(reading->problems, &reading->open->pos,
		        "%s has no line \"Revision 1 (...). Source: ...\"",
		        reading->open->id);
	}
	reading->open = NULL;
}

static bool is_id(struct str id)
{
	bool letter = false, hyphen = false, digit = false;

	for (size_t i = 0; i < id.n; i++) {
		unsigned char c = (unsigned char)id.p[i];
		letter = letter || isupper(c);
		hyphen = hyphen || c == '-';
		digit = hyphen && isdigit(c);
		if (!isupper(c) && !isdigit(c) && c != '-') {
			return false;
		}
	}
	return letter && digit;
}

static void read_heading(struct reading *reading, const char *line)
{
	const struct story_pos pos = here(reading);
	struct str id = {line, strcspn(line, " \n")};
	struct buf title;

	close_open(reading);
	buf_init(&title, MAX_TEXT_BYTES);
	add_words(&title, line + id.n);
	if (!is_id(id) || title.len == 0) {
		story_problem(reading->problems, &pos,
		        "a requirement's heading is its ID and its title");
		buf_finish(&title);
		return;
	}
	struct requirements *out = reading->out;
	autofree char *name = xstrndup(id.p, id.n);
	if (requirements_find(out, name) != NULL) {
		story_problem(reading->problems, &pos,
		        "ambiguous: the requirement %s is there twice", name);
	}
	out->items = xrealloc(out->items, (out->count + 1) * sizeof(out->items[0]));
	reading->open = &out->items[out->count++];
	*reading->open = (struct requirement){.id = xstrdup(name),
	        .title = buf_take(&title),
	        .pos = {xstrdup(reading->path), reading->line, 1},
	        .revision = 1,
	        .needs_code = true};
	buf_clear(&reading->text);
}

static void take_hash(struct requirement *one)
{
	autofree char *whole = xasprintf("%s %s", one->title, one->text);
	autofree char *hash = sha256_hex(str_from(whole));

	memcpy(one->hash, hash, REQUIREMENT_HASH_CHARS);
}

/* "2 (0123abcd). Source: card. Needs: test." after its first word. */
static void read_status(struct reading *reading, const char *line)
{
	struct requirement *one = reading->open;
	const struct story_pos pos = here(reading);
	char *end = NULL;
	long revision = strtol(line, &end, 10);
	const char *hash = end + strlen(" (");
	bool well = revision >= 1 && revision <= MAX_REVISION && str_starts(end, " (") &&
	            strcspn(hash, ")") == REQUIREMENT_HASH_CHARS &&
	            str_starts(hash + REQUIREMENT_HASH_CHARS, "). Source: ");

	one->text = xstrdup(buf_cstr(&reading->text));
	one->status = (struct story_pos){one->pos.file, reading->line, 1};
	take_hash(one);
	if (!well || one->text[0] == '\0') {
		story_problem(reading->problems, &pos,
		        well ? "%s has no text"
		             : "%s: this line is \"Revision 1 (%s). Source: ...\"",
		        one->id, one->hash);
	}
	if (well) {
		one->revision = (int)revision;
		memcpy(one->written_hash, hash, REQUIREMENT_HASH_CHARS);
		one->needs_code = strstr(hash, " Needs: test.") == NULL;
	}
	reading->open = NULL;
}

static void read_file(
        const char *path, struct requirements *out, struct story_problems *problems)
{
	struct reading reading = {.path = path, .out = out, .problems = problems};
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (in == NULL) {
		const struct story_pos start = here(&reading);
		story_problem(problems, &start, "cannot be read");
		return;
	}
	buf_init(&reading.text, MAX_TEXT_BYTES);
	while (getline(&line, &room, in) >= 0) {
		reading.line++;
		if (str_starts(line, heading_start)) {
			read_heading(&reading, line + strlen(heading_start));
		} else if (reading.open != NULL && str_starts(line, status_start)) {
			read_status(&reading, line + strlen(status_start));
		} else if (reading.open != NULL) {
			add_words(&reading.text, line);
		}
	}
	close_open(&reading);
	buf_finish(&reading.text);
	free(line);
	fclose(in);
}

static int is_area(const struct dirent *entry)
{
	return str_ends(entry->d_name, ".md") && strcmp(entry->d_name, "README.md") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

bool requirements_read(
        const char *dir, struct requirements *out, struct story_problems *problems)
{
	const struct story_pos pos = {(char *)(uintptr_t)dir, 1, 1};
	struct dirent **entries = NULL;
	size_t before = problems->count;
	int count = scandir(dir, &entries, is_area, by_bytes);

	*out = (struct requirements){0};
	for (int i = 0; i < count; i++) {
		autofree char *path = xasprintf("%s/%s", dir, entries[i]->d_name);
		read_file(path, out, problems);
		free(entries[i]);
	}
	free(entries);
	if (out->count == 0) {
		story_problem(problems, &pos, "there is no requirement in this folder");
	}
	return problems->count == before;
}

void requirements_finish(struct requirements *requirements)
{
	for (size_t i = 0; i < requirements->count; i++) {
		free(requirements->items[i].id);
		free(requirements->items[i].title);
		free(requirements->items[i].text);
		free(requirements->items[i].pos.file);
	}
	free(requirements->items);
	*requirements = (struct requirements){0};
}
