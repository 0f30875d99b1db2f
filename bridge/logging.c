#include "bridge/logging.h"

#include "lib/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WRITERS = 4 }; /* as log.h has it */

struct opened {
	int fd;
	bool is_file;
};

static struct opened now[MAX_WRITERS];
static size_t now_count;

static bool open_writer(
        const struct config_writer *writer, struct opened *out, struct err *err)
{
	*out = (struct opened){.is_file = str_equal(writer->type, "file")};
	if (!out->is_file) {
		out->fd =
		        str_equal(writer->type, "stdout") ? STDOUT_FILENO : STDERR_FILENO;
		return true;
	}
	out->fd = open(writer->filename, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	return out->fd >= 0 ||
	       err_set(err, ERR_PERMANENT, errno, "cannot open log file %s: %s",
	               writer->filename, strerror(errno));
}

static void close_all(const struct opened *opened, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (opened[i].is_file) {
			close(opened[i].fd);
		}
	}
}

static bool open_all(const struct config *config, struct opened *opened, struct err *err)
{
	if (config->logging.writer_count > MAX_WRITERS) {
		return err_set(err, ERR_PERMANENT, 0,
		        "more log writers than the bridge can serve");
	}
	for (size_t i = 0; i < config->logging.writer_count; i++) {
		if (!open_writer(&config->logging.writers[i], &opened[i], err)) {
			close_all(opened, i);
			return false;
		}
	}
	return true;
}

bool logging_reopen(const struct config *config, struct err *err)
{
	struct opened opened[MAX_WRITERS];

	if (!open_all(config, opened, err)) {
		return false;
	}
	log_reset();
	close_all(now, now_count);
	now_count = config->logging.writer_count;
	for (size_t i = 0; i < now_count; i++) {
		const struct config_writer *writer = &config->logging.writers[i];
		now[i] = opened[i];
		log_add_sink(opened[i].fd,
		        str_equal(writer->format, "json") ? LOG_JSON : LOG_TEXT,
		        writer->min_level);
	}
	return true;
}

bool logging_open(const struct config *config, struct err *err)
{
	return logging_reopen(config, err);
}
