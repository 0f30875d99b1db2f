/* log: one line per fact, for people (text) or machines (JSON).
 *
 * A line is a fixed text and key=value fields. Library code does not log above debug; the
 * caller that decides logs, once. Never a token, never a message body. */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL };
enum log_format { LOG_TEXT, LOG_JSON };

/* Where lines go: a stream by file descriptor (borrowed). At most 4 sinks; before the
 * first is added lines go to standard error as text, from info up. */
bool log_add_sink(int fd, enum log_format format, enum log_level min);
void log_reset(void);

/* For who must write past this module, from a signal handler: index < log_sink_count().
 */
unsigned log_sink_count(void);
int log_sink_fd(unsigned index);
enum log_format log_sink_format(unsigned index);

/* The wall clock for time stamps (milliseconds since 1970); by default the system's. */
void log_set_clock(long long (*wall_ms)(void));

/* fields: printf format of space-separated key=value pairs; values with spaces in double
 * quotes. "" for none. Control characters are escaped, so no line can forge another. */
void log_write(enum log_level level, const char *text, const char *fields, ...)
        __attribute__((format(printf, 3, 4), nonnull(2, 3)));

#define log_trace(...) log_write(LOG_TRACE, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_fatal(...)                                                                   \
	log_write(LOG_FATAL, __VA_ARGS__) /* a line only; does not exit                  \
	                                   */

bool log_level_from_str(const char *s, enum log_level *out);
const char *log_level_to_str(enum log_level level);

#endif
