#include "lib/temp_file.h"

#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int temp_file_open(struct err *err)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	dir = dir && *dir ? dir : "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) { /* not every file system knows nameless files */
		autofree char *path = xasprintf("%s/matrix-slack-bridge-XXXXXX", dir);

		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0) {
			unlink(path);
		}
	}
	if (fd < 0) {
		err_set(err, ERR_RETRY, errno, "no temporary file in %s: %s", dir,
		        strerror(errno));
	}
	return fd;
}
