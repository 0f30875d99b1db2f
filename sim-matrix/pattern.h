/* pattern: namespace patterns as homeservers read them (Rust's regex crate, Python's re),
 * run by the C library's POSIX extended regular expressions.
 *
 * Understood beyond POSIX: \d \D \w \W \s \S (in brackets too), escaped punctuation
 * anywhere, \A \z \Z, (?:...), (?P<name>...), a leading (?i), lazy quantifiers. Refused
 * with the reason: look-around, back references, other flags, \b and Unicode classes. */
#ifndef SIM_MATRIX_PATTERN_H
#define SIM_MATRIX_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct pattern;

/* anchored: matches at the start of the text only, as Python's re.match. NULL and the
 * reason in `why` if it is no pattern. */
struct pattern *pattern_create(
        const char *source, bool anchored, char *why, size_t why_room);
void pattern_destroy(struct pattern **pattern);
bool pattern_matches(const struct pattern *pattern, const char *text);

#endif
