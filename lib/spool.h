/* spool: temporary files for bodies whose length must be known before they can be passed
 * on, with one quota over all of them.
 *
 * A file has no name while it is open, so nothing is left of it whatever becomes of the
 * process. Where the file system cannot do that it has one for an instant; what a crash
 * left then is removed by the next spool_create(). */
#ifndef LIB_SPOOL_H
#define LIB_SPOOL_H

#include "lib/err.h"
#include "lib/str.h"
#include <stdint.h>
#include <sys/types.h>

struct spool;
struct spool_file;

/* dir: NULL: $TMPDIR, or /tmp. It need not exist until a file is opened. */
struct spool *spool_create(const char *dir, int64_t quota_bytes);
/* All files closed: asserted. *spool may be NULL. */
void spool_destroy(struct spool **spool);
/* What all open files hold. */
int64_t spool_bytes(const struct spool *spool);

/* NULL and *err, ERR_RETRY: the directory or its disk may be better later. */
struct spool_file *spool_open(struct spool *spool, struct err *err);
/* Appends. ERR_RETRY if the quota or the disk does not allow it; the file is of no more
 * use then. */
bool spool_write(struct spool_file *file, struct str data, struct err *err);
/* Bytes read, 0 at the end, -1 and *err (ERR_RETRY). */
ssize_t spool_read(struct spool_file *file, int64_t offset, char *data, size_t room,
        struct err *err);
int64_t spool_size(const struct spool_file *file);
void spool_close(struct spool_file **file);

#endif
