/* proves: PORT-09 ARCH-01 ARCH-03 */
#include "bridge/flow/power_levels.h"

#include "lib/mem.h"
#include "lib/str.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <stdlib.h>

static bool is_ghost(const char *mxid, void *arg)
{
	(void)arg;
	return str_starts(mxid, "@ghost");
}

static cJSON *parse(const char *text)
{
	cJSON *value = json_parse(str_from(text), NULL);

	assert_non_null(value);
	return value;
}

static void assert_levels(const cJSON *levels, const char *expected)
{
	autojson cJSON *wanted = parse(expected);
	autofree char *a = json_print_sorted(levels), *b = json_print_sorted(wanted);

	assert_string_equal(a, b);
}

static const struct {
	const char *former, *now; /* now: what it became meanwhile, "" as it was raised */
	int level;
	const char *raised, *restored;
} cases[] = {
        /* nothing said: as the specification has it */
        {"{}", "", 60, "{\"events\":{},\"events_default\":60}",
                "{\"events\":{},\"users\":{}}"},
        {"{\"events_default\":0,\"events\":{\"m.room.message\":0,\"m.room.name\":50}}",
                "", 60,
                "{\"events_default\":60,\"events\":{\"m.room.message\":60,"
                "\"m.room.name\":50}}",
                "{\"events_default\":0,\"events\":{\"m.room.message\":0,"
                "\"m.room.name\":50},\"users\":{}}"},
        /* one that is above already stays there */
        {"{\"events_default\":70,\"events\":{\"m.reaction\":10}}", "", 50,
                "{\"events_default\":70,\"events\":{\"m.reaction\":50}}",
                "{\"events_default\":70,\"events\":{\"m.reaction\":10},\"users\":{}}"},
        /* a ghost that was given a voice loses it, a moderator made meanwhile stays */
        {"{\"users\":{\"@ghost_a\":20,\"@bob\":50},\"events\":{}}",
                "{\"users\":{\"@ghost_a\":60,\"@ghost_b\":60,\"@bob\":50,\"@eve\":55},"
                "\"events\":{\"m.room.topic\":30},\"events_default\":60,\"ban\":80}",
                60,
                "{\"users\":{\"@ghost_a\":20,\"@bob\":50},\"events\":{},"
                "\"events_default\":60}",
                "{\"users\":{\"@ghost_a\":20,\"@bob\":50,\"@eve\":55},"
                "\"events\":{\"m.room.topic\":30},\"ban\":80}"},
};

static void what_was_raised_comes_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson cJSON *former = parse(cases[i].former);
		autojson cJSON *levels = cJSON_Duplicate(former, true);
		assert_true(power_levels_set(
		                    levels, former, cases[i].level, is_ghost, NULL) ||
		            i == 0);
		assert_levels(levels, cases[i].raised);
		assert_false(
		        power_levels_set(levels, former, cases[i].level, is_ghost, NULL));
		if (cases[i].now[0] != '\0') {
			cJSON_Delete(levels);
			levels = parse(cases[i].now);
		}
		assert_true(power_levels_set(levels, former, 0, is_ghost, NULL));
		assert_levels(levels, cases[i].restored);
		assert_false(power_levels_set(levels, former, 0, is_ghost, NULL));
	}
}

static void a_voice_is_given_once(void **state)
{
	autojson cJSON *levels =
	        parse("{\"users\":{\"@ghost_a\":20},\"users_default\":50}");

	(void)state;
	assert_true(power_levels_voice(levels, "@ghost_a", 50));
	assert_false(power_levels_voice(levels, "@ghost_a", 50));
	assert_false(power_levels_voice(levels, "@ghost_b", 50));
	assert_true(power_levels_voice(levels, "@ghost_b", 60));
	assert_levels(levels, "{\"users\":{\"@ghost_a\":50,\"@ghost_b\":60},"
	                      "\"users_default\":50}");
}

static void a_new_room_is_the_bots(void **state)
{
	autojson cJSON *levels = power_levels_new("@bot", "@bob");
	autojson cJSON *alone = power_levels_new("@bot", NULL);

	(void)state;
	assert_int_equal(json_int(levels, "users.@bot", 0), LEVEL_BOT);
	assert_int_equal(json_int(levels, "users.@bob", 0), LEVEL_MODERATOR);
	assert_int_equal(cJSON_GetArraySize(json_obj(alone, "users")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_raised_comes_back),
	        cmocka_unit_test(a_voice_is_given_once),
	        cmocka_unit_test(a_new_room_is_the_bots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
