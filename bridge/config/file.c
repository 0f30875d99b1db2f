#include "bridge/config/file.h"

#include "lib/mem.h"

#include "bridge/exit_codes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, struct buf *out)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n == 0;
		}
		if (!buf_add(out, chunk, (size_t)n)) {
			errno = EFBIG;
			return false;
		}
	}
}

bool config_file_read(const char *path, struct buf *out, struct config_problems *problems)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_read = fd >= 0 && read_all(fd, out);
	int why = errno;

	if (fd >= 0) {
		close(fd);
	}
	if (is_read) {
		return true;
	}
	struct place place = {path, 0, 0};
	if (why == ENOENT) {
		problem_add(problems, place, "", EXIT_CONFIG_UNREADABLE,
		        "no such file; to write an example: matrix-slack-bridge -e -c %s",
		        path);
	} else {
		problem_add(problems, place, "", EXIT_CONFIG_UNREADABLE,
		        "cannot be read: %s", strerror(why));
	}
	return false;
}

static bool write_all(int fd, struct str text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return false;
		}
		text.p += n;
		text.n -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static mode_t current_umask(void)
{
	mode_t mask = umask(077);
	umask(mask);
	return mask;
}

/* Owner first: changing it may clear bits of the mode. Keeping the owner is a courtesy
 * that only root can do in full, keeping the mode is a duty. */
static bool set_mode(int fd, const struct stat *old, mode_t max_mode)
{
	mode_t mode = max_mode & ~current_umask();

	if (old != NULL) {
		mode = old->st_mode & max_mode & 07777;
		if (fchown(fd, old->st_uid, old->st_gid) != 0) {
			(void)!fchown(fd, (uid_t)-1, old->st_gid);
		}
	}
	return fchmod(fd, mode) == 0;
}

bool aside_write(struct aside *aside, const char *path, mode_t max_mode, struct str text,
        struct err *err)
{
	struct stat old;
	char *target = realpath(path, NULL);

	aside->target = target == NULL ? xstrdup(path) : target;
	bool exists = stat(aside->target, &old) == 0;
	aside->temporary = xasprintf("%s.XXXXXX", aside->target);
	int fd = mkostemp(aside->temporary, O_CLOEXEC);
	if (fd < 0) {
		err_set(err, ERR_PERMANENT, errno, "%s: cannot write beside it: %s", path,
		        strerror(errno));
		free(aside->temporary);
		aside->temporary = NULL;
		aside_abandon(aside);
		return false;
	}
	bool is_written =
	        set_mode(fd, exists ? &old : NULL, max_mode) && write_all(fd, text);
	int why = errno;
	close(fd);
	if (!is_written) {
		err_set(err, ERR_PERMANENT, why, "%s: cannot be written: %s", path,
		        strerror(why));
		aside_abandon(aside);
	}
	return is_written;
}

/* The rename itself is durable only when the folder is synced. */
static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *folder =
	        slash == NULL ? xstrdup(".") : xstrndup(path, (size_t)(slash - path) + 1);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

bool aside_commit(struct aside *aside, struct err *err)
{
	if (rename(aside->temporary, aside->target) != 0) {
		err_set(err, ERR_PERMANENT, errno, "%s: cannot be replaced: %s",
		        aside->target, strerror(errno));
		aside_abandon(aside);
		return false;
	}
	sync_folder(aside->target);
	free(aside->temporary);
	aside->temporary = NULL;
	aside_abandon(aside);
	return true;
}

void aside_abandon(struct aside *aside)
{
	if (aside->temporary != NULL) {
		unlink(aside->temporary);
	}
	free(aside->temporary);
	free(aside->target);
	*aside = (struct aside){0};
}
