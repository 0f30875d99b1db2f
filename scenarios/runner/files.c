#include "scenarios/runner/files.h"

#include "lib/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_write(const char *path, const void *data, size_t n, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;

	while (fd >= 0 && done < n) {
		ssize_t part = write(fd, (const char *)data + done, n - done);
		if (part < 0) {
			break;
		}
		done += (size_t)part;
	}
	if (fd < 0 || close(fd) != 0 || done < n) {
		return err_set(
		        err, ERR_PERMANENT, errno, "%s: %s", path, strerror(errno));
	}
	return true;
}

char *file_read(const char *path, size_t cap_bytes, size_t *n)
{
	FILE *in = fopen(path, "re");
	struct stat info;
	char *data = NULL;

	if (in == NULL) {
		return NULL;
	}
	if (fstat(fileno(in), &info) == 0 && S_ISREG(info.st_mode) &&
	        (size_t)info.st_size <= cap_bytes) {
		size_t size = (size_t)info.st_size;
		data = xmalloc(size + 1);
		size = fread(data, 1, size, in);
		data[size] = '\0';
		if (n != NULL) {
			*n = size;
		}
	}
	fclose(in);
	return data;
}

bool folder_make(const char *path)
{
	autofree char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash != NULL;
	        slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash = '/';
	}
	return mkdir(copy, 0755) == 0 || errno == EEXIST;
}

static int remove_one(
        const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

void folder_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int is_visible(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

void folder_each(const char *path,
        void (*fn)(const char *path, const char *name, void *arg), void *arg)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, alphasort);

	for (int i = 0; i < count; i++) {
		autofree char *file = xasprintf("%s/%s", path, entries[i]->d_name);
		struct stat info;
		if (lstat(file, &info) == 0 && S_ISREG(info.st_mode)) {
			fn(file, entries[i]->d_name, arg);
		}
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
}
