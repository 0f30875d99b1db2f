#include "scenarios/runner/mutants.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PATCH_BYTES = 1024 * 1024, HASH_CHARS = 8 };

static const char breaks_start[] = "Breaks: ", requirement_start[] = "Requirement: ";

struct reading {
	const struct requirements *requirements;
	struct mutants *out;
	struct story_problems *problems;
	char (*hashes)[HASH_CHARS + 1]; /* of each mutant's changed lines */
};

/* ---------------------------------------------------------------- patches */

static void add_links(struct reading *reading, struct mutant *mutant, const char *ids,
        const struct story_pos *pos)
{
	while (*(ids += strspn(ids, ", \n")) != '\0') {
		size_t n = strcspn(ids, ", \n");
		autofree char *text = xstrndup(ids, n);
		struct requirement_link link;
		if (requirements_check(
		            reading->requirements, text, pos, &link, reading->problems)) {
			mutant->links = xrealloc(mutant->links,
			        (mutant->link_count + 1) * sizeof(mutant->links[0]));
			mutant->links[mutant->link_count++] = link;
		}
		ids += n;
	}
}

/* A line that the patch takes away or puts in. */
static bool is_change(const char *line)
{
	return (line[0] == '+' || line[0] == '-') && !str_starts(line, "+++ ") &&
	       !str_starts(line, "--- ");
}

static void read_patch(struct reading *reading, struct mutant *mutant)
{
	struct story_pos pos = {mutant->path, 0, 1};
	FILE *in = fopen(mutant->path, "re");
	struct buf changes;
	char *line = NULL;
	size_t room = 0;

	buf_init(&changes, MAX_PATCH_BYTES);
	while (in != NULL && getline(&line, &room, in) >= 0) {
		pos.line++;
		if (str_starts(line, breaks_start)) {
			const char *text = line + strlen(breaks_start);
			autofree char *breaks = xstrndup(text, strcspn(text, "\n"));
			str_replace(&mutant->breaks, breaks);
		} else if (str_starts(line, requirement_start)) {
			add_links(
			        reading, mutant, line + strlen(requirement_start), &pos);
		} else if (is_change(line)) {
			buf_puts(&changes, line);
		}
	}
	pos.line = 1;
	if (mutant->breaks == NULL || mutant->link_count == 0 || changes.len == 0) {
		story_problem(reading->problems, &pos,
		        "a mutant begins with \"Breaks: ...\" and \"Requirement: ...\", and changes something");
	}
	autofree char *hash = sha256_hex(buf_str(&changes));
	size_t index = (size_t)(mutant - reading->out->items);
	memcpy(reading->hashes[index], hash, HASH_CHARS);
	buf_finish(&changes);
	free(line);
	if (in != NULL) {
		fclose(in);
	}
}

static int is_patch(const struct dirent *entry)
{
	return str_ends(entry->d_name, ".patch");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_patches(struct reading *reading, const char *dir)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_patch, by_bytes);
	size_t room = count < 0 ? 0 : (size_t)count;

	reading->out->items = xcalloc(room + 1, sizeof(struct mutant));
	reading->hashes = xcalloc(room + 1, sizeof(reading->hashes[0]));
	for (int i = 0; i < count; i++) {
		const char *file = entries[i]->d_name;
		struct mutant *mutant = &reading->out->items[reading->out->count++];
		*mutant = (struct mutant){
		        .name = xstrndup(file, strlen(file) - strlen(".patch")),
		        .path = xasprintf("%s/%s", dir, file)};
		read_patch(reading, mutant);
		free(entries[i]);
	}
	free(entries);
}

/* ---------------------------------------------------------------- results */

static struct mutant *find(const struct mutants *mutants, const char *name)
{
	for (size_t i = 0; i < mutants->count; i++) {
		if (strcmp(mutants->items[i].name, name) == 0) {
			return &mutants->items[i];
		}
	}
	return NULL;
}

/* Cuts the line at its tabs. False if there are not so many fields. */
static bool split(char *line, char **fields, size_t count)
{
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < count; i++) {
		fields[i] = line;
		line += strcspn(line, "\t");
		if (i + 1 < count && *line == '\0') {
			return false;
		}
		if (*line == '\t') {
			*line++ = '\0';
		}
	}
	return true;
}

/* Name, hash of what the patch changed, killed or survived, and by which story. */
static void read_result(struct reading *reading, char *line, const struct story_pos *pos)
{
	char *fields[4];
	bool well = split(line, fields, 4);
	struct mutant *mutant = well ? find(reading->out, fields[0]) : NULL;

	if (mutant == NULL) {
		story_problem(reading->problems, pos,
		        well ? "orphan: there is no mutant \"%s\" any more"
		             : "this is no result of a mutant: %s",
		        line);
		return;
	}
	if (strcmp(reading->hashes[mutant - reading->out->items], fields[1]) != 0) {
		return;
	}
	bool killed = strcmp(fields[2], "killed") == 0;
	mutant->state = killed ? MUTANT_KILLED : MUTANT_SURVIVED;
	str_replace(&mutant->killed_by, killed ? fields[3] : NULL);
}

static void read_results(struct reading *reading, const char *dir)
{
	autofree char *path = xasprintf("%s/results.tsv", dir);
	struct story_pos pos = {path, 0, 1};
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	while (in != NULL && getline(&line, &room, in) >= 0) {
		pos.line++;
		read_result(reading, line, &pos);
	}
	free(line);
	if (in != NULL) {
		fclose(in);
	}
}

void mutants_read(const char *dir, const struct requirements *requirements,
        struct mutants *out, struct story_problems *problems)
{
	struct reading reading = {
	        .requirements = requirements, .out = out, .problems = problems};

	*out = (struct mutants){0};
	read_patches(&reading, dir);
	read_results(&reading, dir);
	free(reading.hashes);
}

void mutants_finish(struct mutants *mutants)
{
	for (size_t i = 0; i < mutants->count; i++) {
		struct mutant *mutant = &mutants->items[i];
		for (size_t link = 0; link < mutant->link_count; link++) {
			free(mutant->links[link].id);
		}
		free(mutant->links);
		free(mutant->name);
		free(mutant->path);
		free(mutant->breaks);
		free(mutant->killed_by);
	}
	free(mutants->items);
	*mutants = (struct mutants){0};
}

bool mutant_is_about(const struct mutant *mutant, const char *id)
{
	for (size_t i = 0; i < mutant->link_count; i++) {
		if (strcmp(mutant->links[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}
