#include "lib/log.h"

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SINKS = 4, MAX_LINE_BYTES = 16 * 1024, MAX_FIELDS = 40 };

struct sink {
	int fd;
	enum log_format format;
	enum log_level min;
};

static struct sink sinks[MAX_SINKS];
static unsigned sink_count;
static long long (*wall_clock)(void);

static const char *const level_names[] = {
        "trace", "debug", "info", "warn", "error", "fatal"};

const char *log_level_to_str(enum log_level level)
{
	return level_names[level];
}

bool log_level_from_str(const char *s, enum log_level *out)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(s, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

bool log_add_sink(int fd, enum log_format format, enum log_level min)
{
	if (sink_count == MAX_SINKS) {
		return false;
	}
	sinks[sink_count++] = (struct sink){fd, format, min};
	return true;
}

unsigned log_sink_count(void)
{
	return sink_count;
}

int log_sink_fd(unsigned index)
{
	return sinks[index].fd;
}

enum log_format log_sink_format(unsigned index)
{
	return sinks[index].format;
}

void log_reset(void)
{
	sink_count = 0;
	wall_clock = NULL;
}

void log_set_clock(long long (*wall_ms)(void))
{
	wall_clock = wall_ms;
}

static long long wall_ms_now(void)
{
	if (wall_clock != NULL) {
		return wall_clock();
	}
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void format_time(long long wall_ms, char out[40])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t n = 0;

	if (gmtime_r(&seconds, &tm) != NULL) {
		n = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	}
	snprintf(out + n, 40 - n, ".%03dZ", (int)(wall_ms % 1000));
}

/* Control characters could forge lines or steer a terminal. */
static void add_escaped(struct buf *line, const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7F) {
			buf_printf(line, "\\x%02x", *p);
		} else {
			buf_add(line, p, 1);
		}
	}
}

static void add_text_line(struct buf *line, enum log_level level, const char *when,
        const char *text, const char *fields)
{
	static const char *const marks[] = {
	        "TRACE", "DEBUG", "INFO ", "WARN ", "ERROR", "FATAL"};

	buf_printf(line, "%s %s ", when, marks[level]);
	add_escaped(line, text);
	if (fields[0] != '\0') {
		buf_puts(line, "  ");
		add_escaped(line, fields);
	}
	buf_puts(line, "\n");
}

struct field {
	struct str key, value;
};

/* The next key=value of *p. Values are bare words or stand in double quotes. */
static bool next_field(const char **p, struct field *out)
{
	const char *key = *p + strspn(*p, " ");
	size_t key_len = strcspn(key, "= ");

	if (key[key_len] != '=') {
		*p = key + key_len;
		return false;
	}
	const char *value = key + key_len + 1;
	bool is_quoted = *value == '"';
	value += is_quoted ? 1 : 0;
	size_t value_len = strcspn(value, is_quoted ? "\"" : " ");
	*out = (struct field){{key, key_len}, {value, value_len}};
	*p = value + value_len + (is_quoted && value[value_len] == '"' ? 1 : 0);
	return true;
}

static bool has_key(const struct field *fields, size_t count, struct str key)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].key.n == key.n &&
		        memcmp(fields[i].key.p, key.p, key.n) == 0) {
			return true;
		}
	}
	return false;
}

static void add_member(struct buf *line, struct str key, struct str value)
{
	buf_puts(line, line->len == 0 ? "{" : ",");
	json_print_text(line, key);
	buf_puts(line, ":");
	json_print_text(line, value);
}

static void add_json_line(struct buf *line, enum log_level level, const char *when,
        const char *text, const char *fields)
{
	struct field seen[MAX_FIELDS] = {
	        {str_from("level"), str_from(level_names[level])},
	        {str_from("time"), str_from(when)},
	        {str_from("message"), str_from(text)},
	};
	size_t count = 3;

	for (size_t i = 0; i < count; i++) {
		add_member(line, seen[i].key, seen[i].value);
	}
	/* A value with quotes in it may add fields, but changes none. */
	for (const char *p = fields; *p != '\0' && count < MAX_FIELDS;) {
		if (next_field(&p, &seen[count]) &&
		        !has_key(seen, count, seen[count].key)) {
			add_member(line, seen[count].key, seen[count].value);
			count++;
		}
	}
	buf_puts(line, "}\n");
}

/* One write per line, so that lines of several processes do not mix. */
static void write_line(int fd, const struct buf *line)
{
	size_t done = 0;
	while (done < line->len) {
		ssize_t n = write(fd, line->data + done, line->len - done);
		if (n <= 0) {
			return; /* there is nowhere to complain to */
		}
		done += (size_t)n;
	}
}

void log_write(enum log_level level, const char *text, const char *fields, ...)
{
	static const struct sink fallback = {STDERR_FILENO, LOG_TEXT, LOG_INFO};
	const struct sink *to = sink_count == 0 ? &fallback : sinks;
	unsigned count = sink_count == 0 ? 1 : sink_count;
	char when[40] = "";
	struct buf values, line;

	buf_init(&values, MAX_LINE_BYTES);
	buf_init(&line, 8 * MAX_LINE_BYTES); /* escaped: up to six times as long */
	for (unsigned i = 0; i < count; i++) {
		if (level < to[i].min) {
			continue;
		}
		if (when[0] == '\0') {
			va_list args;
			va_start(args, fields);
			buf_vprintf(&values, fields, args);
			va_end(args);
			format_time(wall_ms_now(), when);
		}
		buf_clear(&line);
		if (to[i].format == LOG_JSON) {
			add_json_line(&line, level, when, text, buf_cstr(&values));
		} else {
			add_text_line(&line, level, when, text, buf_cstr(&values));
		}
		write_line(to[i].fd, &line);
	}
	buf_finish(&values);
	buf_finish(&line);
}
