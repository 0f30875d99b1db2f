#include "bridge/logging.h"

#include "lib/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool open_writer(const struct config_writer *writer, struct err *err)
{
	enum log_format format = str_equal(writer->format, "json") ? LOG_JSON : LOG_TEXT;
	int fd;

	if (str_equal(writer->type, "stdout")) {
		fd = STDOUT_FILENO;
	} else if (str_equal(writer->type, "stderr")) {
		fd = STDERR_FILENO;
	} else {
		fd = open(writer->filename, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		        0640);
		if (fd < 0) {
			return err_set(err, ERR_PERMANENT, errno,
			        "cannot open log file %s: %s", writer->filename,
			        strerror(errno));
		}
	}
	if (!log_add_sink(fd, format, writer->min_level)) {
		return err_set(err, ERR_PERMANENT, 0,
		        "more log writers than the bridge can serve");
	}
	return true;
}

bool logging_open(const struct config *config, struct err *err)
{
	for (size_t i = 0; i < config->logging.writer_count; i++) {
		if (!open_writer(&config->logging.writers[i], err)) {
			return false;
		}
	}
	return true;
}
