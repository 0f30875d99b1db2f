#include "lib/spool.h"

#include "lib/mem.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_PREFIX "msb-spool-"

struct spool {
	char *dir;
	int64_t quota_bytes;
	int64_t bytes;
	unsigned files;
};

struct spool_file {
	struct spool *spool;
	int fd;
	int64_t bytes;
};

/* Another process that is between making one and taking its name away loses nothing by
 * this. */
static void remove_leftovers(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL) {
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (str_starts(entry->d_name, NAME_PREFIX)) {
			unlinkat(dirfd(dir), entry->d_name, 0);
		}
	}
	closedir(dir);
}

struct spool *spool_create(const char *dir, int64_t quota_bytes)
{
	struct spool *spool = xcalloc(1, sizeof(*spool));
	const char *tmpdir = getenv("TMPDIR");

	if (dir == NULL || dir[0] == '\0') {
		dir = tmpdir == NULL || tmpdir[0] == '\0' ? "/tmp" : tmpdir;
	}
	spool->dir = xstrdup(dir);
	spool->quota_bytes = quota_bytes;
	remove_leftovers(dir);
	return spool;
}

void spool_destroy(struct spool **spool)
{
	if (*spool == NULL) {
		return;
	}
	assert((*spool)->files == 0);
	free((*spool)->dir);
	free(*spool);
	*spool = NULL;
}

int64_t spool_bytes(const struct spool *spool)
{
	return spool->bytes;
}

static int open_nameless(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
		return fd;
	}
	autofree char *path = xasprintf("%s/" NAME_PREFIX "XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0) {
		unlink(path);
	}
	return fd;
}

struct spool_file *spool_open(struct spool *spool, struct err *err)
{
	int fd = open_nameless(spool->dir);

	if (fd < 0) {
		err_set(err, ERR_RETRY, errno, "no temporary file in %s: %s", spool->dir,
		        strerror(errno));
		return NULL;
	}
	struct spool_file *file = xcalloc(1, sizeof(*file));
	file->spool = spool;
	file->fd = fd;
	spool->files++;
	return file;
}

bool spool_write(struct spool_file *file, struct str data, struct err *err)
{
	struct spool *spool = file->spool;

	if ((int64_t)data.n > spool->quota_bytes - spool->bytes) {
		return err_set(err, ERR_RETRY, 0,
		        "temporary files would take more than %lld bytes",
		        (long long)spool->quota_bytes);
	}
	while (data.n > 0) {
		ssize_t n = pwrite(file->fd, data.p, data.n, file->bytes);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return err_set(err, ERR_RETRY, errno, "temporary file: %s",
			        strerror(errno));
		}
		file->bytes += n;
		spool->bytes += n;
		data.p += n;
		data.n -= (size_t)n;
	}
	return true;
}

ssize_t spool_read(
        struct spool_file *file, int64_t offset, char *data, size_t room, struct err *err)
{
	ssize_t n;

	do {
		n = pread(file->fd, data, room, offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		err_set(err, ERR_RETRY, errno, "temporary file: %s", strerror(errno));
	}
	return n;
}

int64_t spool_size(const struct spool_file *file)
{
	return file->bytes;
}

void spool_close(struct spool_file **handle)
{
	struct spool_file *file = *handle;

	if (file == NULL) {
		return;
	}
	*handle = NULL;
	file->spool->files--;
	file->spool->bytes -= file->bytes;
	close(file->fd);
	free(file);
}
