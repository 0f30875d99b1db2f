#include "scenarios/runner/catalogue.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 4 };

static bool holds_scenarios(const char *folder)
{
	return folder[0] != '.' && strcmp(folder, "worlds") != 0 &&
	       strcmp(folder, "bridges") != 0;
}

static void look_into(const char *dir, int depth, struct catalogue *out)
{
	DIR *folder = opendir(dir);

	if (folder == NULL) {
		return;
	}
	for (const struct dirent *entry = readdir(folder); entry != NULL;
	        entry = readdir(folder)) {
		autofree char *path = xasprintf("%s/%s", dir, entry->d_name);
		if (str_ends(entry->d_name, ".yaml")) {
			out->paths = xrealloc(
			        out->paths, (out->count + 1) * sizeof(out->paths[0]));
			out->paths[out->count++] = path;
			path = NULL;
		} else if (depth < MAX_DEPTH && holds_scenarios(entry->d_name)) {
			look_into(path, depth + 1, out);
		}
	}
	closedir(folder);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

static int by_name(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	int order = strcmp(name_of(*left), name_of(*right));

	return order != 0 ? order : strcmp(*left, *right);
}

void catalogue_read(const char *dir, struct catalogue *out)
{
	*out = (struct catalogue){0};
	look_into(dir, 0, out);
	if (out->count > 0) {
		qsort(out->paths, out->count, sizeof(out->paths[0]), by_name);
	}
}

void catalogue_finish(struct catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->count; i++) {
		free(catalogue->paths[i]);
	}
	free(catalogue->paths);
	*catalogue = (struct catalogue){0};
}

bool catalogue_is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 0 && folder[n - 1] == '/') {
		n--;
	}
	for (const char *at = path; n > 0 && at != NULL;) {
		if (strncmp(at, folder, n) == 0 && at[n] == '/') {
			return true;
		}
		at = strchr(at, '/');
		at = at == NULL ? NULL : at + 1;
	}
	return false;
}
