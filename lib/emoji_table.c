#include "lib/emoji_table.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SELECTOR "\xEF\xB8\x8F" /* U+FE0F: as a picture */
#define PLAIN "\xEF\xB8\x8E"    /* U+FE0E: as a sign */

enum { SELECTOR_BYTES = 3, MAX_JOINED = 10 };

static const struct text {
	const char *text;
	const char *tone;
	uint16_t base;
} texts[] = {
#define EMOJI_TEXT(text, base, tone) {text, tone, base},
#include "lib/emoji_table.inc"
#undef EMOJI_TEXT
};

static const struct base {
	const char *name;
	uint16_t text;
} bases[] = {
#define EMOJI_BASE(name, text) {name, text},
#include "lib/emoji_table.inc"
#undef EMOJI_BASE
};

static const struct tone {
	const char *tone;
	uint16_t base, text;
} tones[] = {
#define EMOJI_TONE(base, tone, text) {tone, base, text},
#include "lib/emoji_table.inc"
#undef EMOJI_TONE
};

static const struct name {
	const char *name;
	uint16_t base;
} names[] = {
#define EMOJI_NAME(name, base) {name, base},
#include "lib/emoji_table.inc"
#undef EMOJI_NAME
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As memcmp, a shorter one first. */
static int compare(struct str a, const char *b)
{
	size_t n = strlen(b);
	int order = memcmp(a.p, b, a.n < n ? a.n : n);
	return order != 0 ? order : (a.n > n) - (a.n < n);
}

static const struct name *find_name(struct str name)
{
	size_t low = 0, high = COUNT(names);

	while (name.n > 0 && low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(name, names[middle].name);
		if (order == 0) {
			return &names[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

static const struct tone *find_tone(uint16_t base, struct str tone)
{
	size_t low = 0, high = COUNT(tones);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = (base > tones[middle].base) - (base < tones[middle].base);
		if (order == 0) {
			order = compare(tone, tones[middle].tone);
		}
		if (order == 0) {
			return &tones[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

/* "wave::skin-tone-3" is "wave" and "3"; without a tone the second is empty. */
static struct str split_tone(struct str name, struct str *tone)
{
	static const char mark[] = "::skin-tone-";
	const char *found =
	        name.n == 0 ? NULL : memmem(name.p, name.n, mark, sizeof(mark) - 1);

	*tone = (struct str){NULL, 0};
	if (found == NULL) {
		return name;
	}
	size_t n = (size_t)(found - name.p);
	*tone = (struct str){found + sizeof(mark) - 1, name.n - n - (sizeof(mark) - 1)};
	return (struct str){name.p, n};
}

static const struct text *find(struct str name)
{
	struct str tone;
	const struct name *found = find_name(split_tone(name, &tone));

	if (found == NULL) {
		return NULL;
	}
	if (tone.p == NULL) {
		return &texts[bases[found->base].text];
	}
	const struct tone *toned = tone.n == 0 ? NULL : find_tone(found->base, tone);
	return toned == NULL ? NULL : &texts[toned->text];
}

const char *emoji_text(struct str name)
{
	const struct text *found = find(name);
	return found == NULL ? NULL : found->text;
}

static void write_name(uint16_t base, const char *tone, char out[EMOJI_NAME_BYTES])
{
	snprintf(out, EMOJI_NAME_BYTES, "%s%s%s", bases[base].name,
	        tone[0] == '\0' ? "" : "::skin-tone-", tone);
}

bool emoji_canonical(struct str name, char out[EMOJI_NAME_BYTES])
{
	struct str tone;
	const struct name *found = find_name(split_tone(name, &tone));
	const struct text *text = find(name);

	if (found == NULL || text == NULL) {
		return false;
	}
	const struct tone *toned = tone.p == NULL ? NULL : find_tone(found->base, tone);
	write_name(found->base, toned == NULL ? "" : toned->tone, out);
	return true;
}

/* Compares a key, in which there is no U+FE0F, with a text, in which it is skipped. */
static int compare_text(struct str key, const char *text)
{
	size_t i = 0;

	for (;;) {
		while (strncmp(text, SELECTOR, SELECTOR_BYTES) == 0) {
			text += SELECTOR_BYTES;
		}
		if (i == key.n || *text == '\0') {
			return (i < key.n) - (*text != '\0');
		}
		if (key.p[i] != *text) {
			return (unsigned char)key.p[i] < (unsigned char)*text ? -1 : 1;
		}
		i++;
		text++;
	}
}

static const struct text *find_text(struct str key)
{
	size_t low = 0, high = COUNT(texts);

	while (key.n > 0 && low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_text(key, texts[middle].text);
		if (order == 0) {
			return &texts[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

/* Without U+FE0F; n is 0 if that is longer than any emoji. */
static struct str strip(struct str text, char room[EMOJI_TEXT_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.n - i >= SELECTOR_BYTES &&
		        memcmp(text.p + i, SELECTOR, SELECTOR_BYTES) == 0) {
			i += SELECTOR_BYTES - 1;
			continue;
		}
		if (n == EMOJI_TEXT_BYTES) {
			return (struct str){room, 0};
		}
		room[n++] = text.p[i];
	}
	return (struct str){room, n};
}

bool emoji_name(struct str text, char out[EMOJI_NAME_BYTES])
{
	char room[EMOJI_TEXT_BYTES];
	const struct text *found = find_text(strip(text, room));

	if (found == NULL) {
		return false;
	}
	write_name(found->base, found->tone, out);
	return true;
}

/* ---------------------------------------------------------------- in running text */

/* The code point at the start of valid UTF-8, and its bytes; 0 at the end. */
static uint32_t decode(struct str s, size_t *bytes)
{
	if (s.n == 0) {
		*bytes = 0;
		return 0;
	}
	unsigned char first = (unsigned char)s.p[0];
	size_t n = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	uint32_t point = n == 1 ? first : first & (0x7FU >> n);

	if (s.n < n) {
		*bytes = 0;
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		point = point << 6 | ((unsigned char)s.p[i] & 0x3F);
	}
	*bytes = n;
	return point;
}

static bool may_begin(uint32_t point)
{
	if (point < 0x80) {
		return point == '#' || point == '*' || (point >= '0' && point <= '9');
	}
	return point == 0xA9 || point == 0xAE || (point >= 0x203C && point <= 0x3299) ||
	       (point >= 0x1F000 && point <= 0x1FAFF);
}

/* What may follow within one emoji without a joiner: selectors, tones, the keycap's
 * frame, a flag's second letter, the tags of a region's flag. */
static bool may_follow(uint32_t first, uint32_t point, size_t points)
{
	bool flag = first >= 0x1F1E6 && first <= 0x1F1FF;

	return point == 0xFE0F || point == 0x20E3 ||
	       (point >= 0x1F3FB && point <= 0x1F3FF) ||
	       (point >= 0xE0020 && point <= 0xE007F) ||
	       (flag && points == 1 && point >= 0x1F1E6 && point <= 0x1F1FF);
}

/* The end of the element at `at`, up to the next joiner. */
static size_t element_end(struct str text, size_t at)
{
	size_t bytes, points = 1;
	uint32_t first = decode((struct str){text.p + at, text.n - at}, &bytes);
	size_t end = at + bytes;

	for (; points <= 8; points++) {
		uint32_t point = decode((struct str){text.p + end, text.n - end}, &bytes);
		if (bytes == 0 || !may_follow(first, point, points)) {
			break;
		}
		end += bytes;
	}
	return end;
}

static bool is_picture(struct str text, const struct text *found)
{
	bool joined = memmem(text.p, text.n, "\xE2\x80\x8D", 3) != NULL;

	return joined || strstr(found->text, SELECTOR) == NULL ||
	       memmem(text.p, text.n, SELECTOR, SELECTOR_BYTES) != NULL;
}

size_t emoji_length(struct str text)
{
	size_t bytes, ends[MAX_JOINED], count = 0;

	if (!may_begin(decode(text, &bytes)) || bytes == 0 ||
	        (bytes == 1 && (text.n < 4 || (unsigned char)text.p[1] < 0x80))) {
		return 0;
	}
	size_t end = element_end(text, 0);
	ends[count++] = end;
	while (count < MAX_JOINED && text.n - end > SELECTOR_BYTES &&
	        memcmp(text.p + end, "\xE2\x80\x8D", 3) == 0) {
		end = element_end(text, end + 3);
		ends[count++] = end;
	}
	while (count > 0) {
		char room[EMOJI_TEXT_BYTES];
		struct str candidate = {text.p, ends[--count]};
		const struct text *found = find_text(strip(candidate, room));
		bool plain = text.n - candidate.n >= 3 &&
		             memcmp(text.p + candidate.n, PLAIN, 3) == 0;
		if (found != NULL && !plain && is_picture(candidate, found)) {
			return candidate.n;
		}
	}
	return 0;
}

const char *emoji_base(size_t i)
{
	return i < COUNT(bases) ? bases[i].name : NULL;
}
