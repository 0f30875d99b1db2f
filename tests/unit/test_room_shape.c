/* proves: PORT-04 */
#include "bridge/flow/room_shape.h"

#include "lib/mem.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define BOT "@slackbot:x.org"

static struct room_shape plain_shape(void)
{
	return (struct room_shape){
	        .team_id = "T1",
	        .team_name = "Team",
	        .channel_id = "C1",
	        .name = "#general",
	        .topic = "All of us",
	        .bot_mxid = BOT,
	        .bridge_id = "x.org/slack",
	        .federate = true,
	};
}

/* Keys with dots in them, which json_get() would take for a path. */
static const cJSON *member(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

/* The content of the state event of that type, or NULL. */
static const cJSON *state_of(const cJSON *room, const char *type, const char *key)
{
	const cJSON *event;

	cJSON_ArrayForEach(event, json_arr(room, "initial_state"))
	{
		if (str_equal(json_str(event, "type"), type) &&
		        str_equal(json_str(event, "state_key"), key)) {
			return json_obj(event, "content");
		}
	}
	return NULL;
}

static void a_room_is_private_and_the_bots(void **state)
{
	const struct room_shape shape = plain_shape();
	autojson cJSON *room = room_shape_to_json(&shape);
	const cJSON *levels = json_obj(room, "power_level_content_override");

	(void)state;
	assert_string_equal(json_str(room, "visibility"), "private");
	assert_string_equal(json_str(room, "preset"), "private_chat");
	assert_string_equal(json_str(room, "name"), "#general");
	assert_string_equal(json_str(room, "topic"), "All of us");
	assert_false(json_bool(room, "is_direct", true));
	assert_null(json_get(room, "invite")); /* nobody before it is recorded */
	assert_null(json_get(room, "creation_content"));
	/* conduwuit replaces the whole key by what is given. */
	assert_true(cJSON_IsNumber(member(json_obj(levels, "users"), BOT)));
	assert_int_equal(member(json_obj(levels, "users"), BOT)->valueint, 100);
	assert_int_equal(member(json_obj(levels, "events"), "m.room.name")->valueint, 50);
	assert_int_equal(
	        member(json_obj(levels, "events"), "m.room.power_levels")->valueint, 100);
}

/* In both its names, and so that the room is found again by it. */
static void a_room_bears_the_mark_of_its_conversation(void **state)
{
	static const char *const types[] = {"m.bridge", "uk.half-shot.bridge"};
	const struct room_shape shape = plain_shape();
	autojson cJSON *room = room_shape_to_json(&shape);

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const cJSON *info = state_of(room, types[i], "x.org/slack");
		assert_non_null(info);
		assert_string_equal(json_str(info, "bridgebot"), BOT);
		assert_string_equal(json_str(info, "network.id"), "T1");
		assert_string_equal(json_str(info, "network.displayname"), "Team");
		assert_string_equal(json_str(info, "channel.id"), "T1-C1");
		assert_string_equal(json_str(info, "channel.displayname"), "#general");
		assert_string_equal(json_str(info, "protocol.id"), "slackgo");
		assert_true(room_shape_is_of(info, "T1", "C1"));
		assert_false(room_shape_is_of(info, "T1", "C2"));
		assert_false(room_shape_is_of(info, "T2", "C1"));
	}
	const cJSON *members = state_of(room, "io.element.functional_members", "");
	assert_string_equal(
	        cJSON_GetArrayItem(json_arr(members, "service_members"), 0)->valuestring,
	        BOT);
}

static void shapes_differ_where_they_should(void **state)
{
	struct room_shape shape = plain_shape();

	(void)state;
	shape.is_direct = true;
	shape.topic = "";
	shape.federate = false;
	autojson cJSON *room = room_shape_to_json(&shape);
	assert_true(json_bool(room, "is_direct", false));
	assert_null(json_get(room, "topic"));
	const cJSON *federate = member(json_obj(room, "creation_content"), "m.federate");
	assert_true(cJSON_IsFalse(federate));

	shape.topic = NULL;
	autojson cJSON *again = room_shape_to_json(&shape);
	assert_null(json_get(again, "topic"));
}

/* conduwuit takes a body with a float in it for {} and makes a room without all this. */
static void no_number_is_a_float(void **state)
{
	const struct room_shape shape = plain_shape();
	autojson cJSON *room = room_shape_to_json(&shape);
	autofree char *text = json_print(room);

	(void)state;
	for (const char *p = text; (p = strchr(p, '.')) != NULL; p++) {
		assert_false(p[-1] >= '0' && p[-1] <= '9' && p[1] >= '0' && p[1] <= '9');
	}
}

static void foreign_bridge_infos_are_nobodys(void **state)
{
	static const char *const infos[] = {"{}", "[]", "null", "{\"channel\":1}",
	        "{\"channel\":{\"id\":7}}", "{\"channel\":{\"id\":\"T1\"}}",
	        "{\"channel\":{\"id\":\"T1-C1 \"}}", "{\"channel\":{\"id\":\"t1-c1\"}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		autojson cJSON *info = json_parse(str_from(infos[i]), NULL);
		assert_non_null(info);
		assert_false(room_shape_is_of(info, "T1", "C1"));
	}
	assert_false(room_shape_is_of(NULL, "T1", "C1"));
}

static void the_state_key_is_one_for_the_whole_bridge(void **state)
{
	autofree char *key = room_shape_bridge_id("x.org", "slack");

	(void)state;
	assert_string_equal(key, "x.org/slack");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_room_is_private_and_the_bots),
	        cmocka_unit_test(a_room_bears_the_mark_of_its_conversation),
	        cmocka_unit_test(shapes_differ_where_they_should),
	        cmocka_unit_test(no_number_is_a_float),
	        cmocka_unit_test(foreign_bridge_infos_are_nobodys),
	        cmocka_unit_test(the_state_key_is_one_for_the_whole_bridge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
