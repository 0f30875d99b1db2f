/* proves: MSG-07 */
#include "bridge/convert/emoji.h"
#include "lib/emoji_table.h"
#include "lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_give_unicode(void **state)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
	        {"wave", "👋"},
	        {"+1", "👍"},
	        {"thumbsup", "👍"},
	        {"-1", "👎"},
	        {"heart", "❤\xEF\xB8\x8F"},
	        {"wave::skin-tone-3", "👋🏼"},
	        {"thumbsup::skin-tone-6", "👍🏿"},
	        {"handshake::skin-tone-2-4", "🫱🏻‍🫲🏽"},
	        {"flag-de", "🇩🇪"},
	        {"hash", "#\xEF\xB8\x8F⃣"},
	        {"wave::skin-tone-7", NULL},
	        {"wave::skin-tone-", NULL},
	        {"heart::skin-tone-2", NULL},
	        {"partyparrot", NULL},
	        {"", NULL},
	        {"::skin-tone-2", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = emoji_text(str_from(cases[i].name));
		if (cases[i].text == NULL) {
			assert_null(text);
		} else {
			assert_non_null(text);
			assert_string_equal(text, cases[i].text);
		}
	}
}

static void every_name_comes_back(void **state)
{
	char name[EMOJI_NAME_BYTES];
	const char *base;
	size_t i;

	(void)state;
	for (i = 0; (base = emoji_base(i)) != NULL; i++) {
		const char *text = emoji_text(str_from(base));
		assert_non_null(text);
		assert_true(strlen(text) < EMOJI_TEXT_BYTES);
		assert_true(emoji_name(str_from(text), name));
		assert_string_equal(name, base);
		assert_int_equal(emoji_length(str_from(text)), strlen(text));
		for (char tone = '2'; tone <= '6'; tone++) {
			autofree char *toned = xasprintf("%s::skin-tone-%c", base, tone);
			text = emoji_text(str_from(toned));
			if (text != NULL) {
				assert_true(emoji_name(str_from(text), name));
				assert_string_equal(name, toned);
				assert_int_equal(
				        emoji_length(str_from(text)), strlen(text));
			}
		}
	}
	assert_true(i > 1900);
}

static void only_pictures_are_found_in_text(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
	        {"👋 hi", 4},
	        {"👋🏼 hi", 8},
	        {"❤ hi", 0},             /* a sign */
	        {"❤\xEF\xB8\x8F hi", 6}, /* a picture */
	        {"👋\xEF\xB8\x8E hi", 0}, /* asked to be a sign */
	        {"1 hi", 0},
	        {"1\xEF\xB8\x8F⃣ hi", 7},
	        {"©", 0},
	        {"🇩🇪🇫🇷", 8},
	        {"🇩", 0},
	        {"👩‍🚀!", 11},
	        {"👩‍x", 4},
	        {"€", 0},
	        {"", 0},
	        {"a", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(emoji_length(str_from(cases[i].text)), cases[i].length);
	}
}

static void cut_anywhere_is_safe(void **state)
{
	static const char text[] =
	        "👩🏽‍❤️‍💋‍👨🏿🇩🇪1\xEF\xB8\x8F⃣🏴󠁧󠁢󠁥󠁮󠁧󠁿";

	(void)state;
	for (size_t from = 0; from < sizeof(text) - 1; from++) {
		for (size_t n = 0; n <= sizeof(text) - 1 - from; n++) {
			/* A copy of just so many bytes, so that reading on is seen. */
			autofree char *copy = xmalloc(n + 1);
			memcpy(copy, text + from, n);
			assert_true(emoji_length((struct str){copy, n}) <= n);
		}
	}
}

static void reactions_translate(void **state)
{
	static const struct {
		const char *name, *custom, *key;
	} to[] = {
	        {"thumbsup", NULL, "👍"},
	        {"heart", NULL, "❤\xEF\xB8\x8F"},
	        {"wave::skin-tone-3", NULL, "👋🏼"},
	        {"partyparrot", "mxc://x/y", "mxc://x/y"},
	        {"partyparrot", NULL, ":partyparrot:"},
	};
	static const struct {
		const char *key, *custom, *name;
	} from[] = {
	        {"👍", NULL, "+1"},
	        {"❤", NULL, "heart"},
	        {"❤\xEF\xB8\x8F", NULL, "heart"},
	        {"👍\xEF\xB8\x8F", NULL, "+1"},
	        {"👋🏼", NULL, "wave::skin-tone-3"},
	        {":thumbsup:", NULL, "+1"},
	        {":partyparrot:", NULL, "partyparrot"},
	        {"mxc://x/y", "partyparrot", "partyparrot"},
	        {"mxc://x/z", NULL, NULL},
	        {"lol", NULL, NULL},
	        {"::", NULL, NULL},
	        {":a b:", NULL, NULL},
	        {"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		autofree char *key = emoji_to_key(to[i].name, to[i].custom);
		assert_string_equal(key, to[i].key);
	}
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		autofree char *name = emoji_from_key(from[i].key, from[i].custom);
		if (from[i].name == NULL) {
			assert_null(name);
		} else {
			assert_non_null(name);
			assert_string_equal(name, from[i].name);
		}
	}
	assert_true(emoji_same("+1", "thumbsup"));
	assert_true(emoji_same("thumbsup::skin-tone-2", "+1::skin-tone-2"));
	assert_false(emoji_same("+1", "+1::skin-tone-2"));
	assert_true(emoji_same("partyparrot", "partyparrot"));
	assert_false(emoji_same("partyparrot", "party"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_give_unicode),
	        cmocka_unit_test(every_name_comes_back),
	        cmocka_unit_test(only_pictures_are_found_in_text),
	        cmocka_unit_test(cut_anywhere_is_safe),
	        cmocka_unit_test(reactions_translate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
