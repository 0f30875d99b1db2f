/* What people can do, as verbs: files, relations, threads, state, profile. */
/* proves: SIMM-01 */
#include "sim-matrix/media.h"

#include "tests/unit/sim_matrix_fixture.h"

static int setup_people(void **state)
{
	struct fixture *f = fixture_create(NULL);

	say(f, "register_user", "{\"name\":\"alice\"}");
	say(f, "register_user", "{\"name\":\"bob\",\"auto_accept\":true}");
	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"den\",\"invite\":[\"bob\"]}");
	settle(f);
	say(f, "post", "{\"as\":\"alice\",\"in\":\"den\",\"text\":\"root\"}");
	forget_records(f);
	*state = f;
	return 0;
}

static const cJSON *newest(struct fixture *f)
{
	return cJSON_GetArrayItem(f->records, cJSON_GetArraySize(f->records) - 1);
}

static void expect_text(struct fixture *f, const char *key, const char *text)
{
	const char *is = content_str(newest(f), key);

	if (!str_equal(is, text)) {
		autofree char *record = json_print(newest(f));
		fail_msg("%s is %s, expected %s: %s", key, is, text, record);
	}
}

static const char *id_of(struct fixture *f, const char *text)
{
	return content_str(last_record(f, "text", text), "event_id");
}

/* ---- one line each: the verb, and what its record says ---- */

static const struct {
	const char *verb, *args;
	const char *key, *text; /* of the newest record */
} rows[] = {
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.png\",\"mimetype\":"
                "\"image/png\",\"width\":4,\"height\":3,\"contents\":\"abc\"}",
                "event", "image"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.mp4\",\"mimetype\":"
                "\"video/mp4\"}",
                "event", "video"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.ogg\",\"mimetype\":"
                "\"audio/ogg\",\"voice\":true,\"duration\":900}",
                "event", "audio"},
        {"post_file", "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.bin\"}", "event",
                "file"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.bin\",\"contents\":"
                "\"abc\"}",
                "sha256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.bin\",\"caption\":\"see\"}",
                "text", "see"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.bin\",\"caption\":\"see\"}",
                "file", "a.bin"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.bin\",\"url\":"
                "\"mxc://sim.test/gone\"}",
                "sha256", NULL},
        {"sticker", "{\"as\":\"alice\",\"in\":\"den\",\"text\":\"a cat\"}", "event",
                "sticker"},
        {"location",
                "{\"as\":\"alice\",\"in\":\"den\",\"geo\":\"geo:1,2\",\"text\":\"here\"}",
                "geo", "geo:1,2"},
        {"poll",
                "{\"as\":\"alice\",\"in\":\"den\",\"question\":\"Tea?\",\"answers\":["
                "\"yes\",\"no\"]}",
                "event", "org.matrix.msc3381.poll.start"},
        {"post",
                "{\"as\":\"alice\",\"in\":\"den\",\"text\":\"hi\",\"mentions\":[\"bob\","
                "\"room\"]}",
                "mentions", "@bob:sim.test room"},
        {"set_room_name", "{\"as\":\"alice\",\"room\":\"den\",\"name\":\"Den\"}", "text",
                "Den"},
        {"set_topic", "{\"as\":\"alice\",\"room\":\"den\",\"topic\":\"T\"}", "text", "T"},
        {"set_room_avatar", "{\"as\":\"alice\",\"room\":\"den\",\"contents\":\"abc\"}",
                "sha256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"set_avatar", "{\"as\":\"alice\",\"contents\":\"abc\"}", "sha256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"set_avatar", "{\"as\":\"alice\"}", "avatar", NULL},
        {"pin", "{\"as\":\"alice\",\"in\":\"den\",\"event\":\"root\"}", "event",
                "pinned_events"},
        {"ban", "{\"as\":\"alice\",\"room\":\"den\",\"user\":\"bob\"}", "membership",
                "ban"},
        {"unban", "{\"as\":\"alice\",\"room\":\"den\",\"user\":\"bob\"}", "membership",
                "leave"},
        {"look", "{\"room\":\"den\"}", "members", "alice"},
        {"look", "{\"room\":\"den\",\"type\":\"m.room.topic\"}", "content",
                "{\"topic\":\"T\"}"},
        {"encrypt", "{\"as\":\"alice\",\"room\":\"den\"}", "event", "encryption"},
        {"post", "{\"as\":\"alice\",\"in\":\"den\",\"text\":\"secret\"}", "event",
                "encrypted"},
        {"post", "{\"as\":\"alice\",\"in\":\"den\",\"text\":\"secret\"}", "text", NULL},
        {"leave_all", "{\"as\":\"alice\"}", "membership", "leave"},
};

static void test_every_action_leaves_its_record(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		say(f, rows[i].verb, rows[i].args);
		expect_text(f, rows[i].key, rows[i].text);
	}
}

/* ---- relations ---- */

static void test_threads(void **state)
{
	struct fixture *f = *state;
	autofree char *root = NULL;

	say(f, "post", "{\"as\":\"alice\",\"in\":\"den\",\"text\":\"top\"}");
	root = xstrdup(id_of(f, "top"));
	say(f, "post",
	        "{\"as\":\"bob\",\"in\":\"den\",\"text\":\"one\",\"thread\":\"top\"}");
	expect_text(f, "thread", root);
	expect_text(f, "reply_to", root);
	assert_true(json_bool(newest(f), "falls_back", false));
	say(f, "reply",
	        "{\"as\":\"alice\",\"in\":\"den\",\"event\":\"top\",\"text\":\"two\","
	        "\"thread\":true}");
	expect_text(f, "thread", root);
	expect_text(f, "reply_to", id_of(f, "one"));
	assert_true(json_bool(newest(f), "falls_back", false));
	say(f, "reply",
	        "{\"as\":\"bob\",\"in\":\"den\",\"event\":\"one\",\"text\":\"three\","
	        "\"thread\":true}");
	expect_text(f, "thread", root);
	expect_text(f, "reply_to", id_of(f, "one"));
	assert_false(json_bool(newest(f), "falls_back", false));
	say(f, "post_file",
	        "{\"as\":\"bob\",\"in\":\"den\",\"file\":\"x\",\"thread\":\"top\","
	        "\"reply_to\":\"two\"}");
	expect_text(f, "thread", root);
	expect_text(f, "reply_to", id_of(f, "two"));
	assert_false(json_bool(newest(f), "falls_back", false));
}

static void test_edit_of_a_file_changes_its_caption(void **state)
{
	struct fixture *f = *state;
	autofree char *url = NULL;

	say(f, "post_file",
	        "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"a.png\",\"mimetype\":"
	        "\"image/png\",\"contents\":\"abc\"}");
	url = xstrdup(content_str(newest(f), "url"));
	say(f, "edit",
	        "{\"as\":\"alice\",\"in\":\"den\",\"event\":\"a.png\",\"text\":\"look\"}");
	expect_text(f, "event", "edit");
	expect_text(f, "text", "look");
	expect_text(f, "file", "a.png");
	expect_text(f, "url", url);
}

static void test_fallback_quotes(void **state)
{
	struct fixture *f = *state;
	const char *html;

	say(f, "reply",
	        "{\"as\":\"bob\",\"in\":\"den\",\"event\":\"root\",\"text\":\"yes\","
	        "\"fallback\":true}");
	expect_text(f, "text", "> <@alice:sim.test> root\n\nyes");
	html = content_str(newest(f), "html");
	assert_true(str_starts(html, "<mx-reply>"));
	assert_true(str_ends(html, "</mx-reply>yes"));
}

static void test_unreact_takes_back_ones_own(void **state)
{
	struct fixture *f = *state;
	autofree char *reaction = NULL;

	say(f, "react",
	        "{\"as\":\"bob\",\"in\":\"den\",\"event\":\"root\",\"key\":\"x\"}");
	reaction = xstrdup(content_str(newest(f), "event_id"));
	say_wrong(f, "unreact",
	        "{\"as\":\"alice\",\"in\":\"den\",\"event\":\"root\",\"key\":\"x\"}");
	say(f, "unreact",
	        "{\"as\":\"bob\",\"in\":\"den\",\"event\":\"root\",\"key\":\"x\"}");
	expect_text(f, "redacts", reaction);
	say_wrong(f, "unreact",
	        "{\"as\":\"bob\",\"in\":\"den\",\"event\":\"root\",\"key\":\"x\"}");
}

static void test_vote_names_the_answer(void **state)
{
	struct fixture *f = *state;
	autofree char *poll = verb_text(f, "poll",
	        "{\"as\":\"alice\",\"in\":\"den\",\"question\":\"Tea?\",\"answers\":["
	        "\"yes\",\"no\"]}",
	        "event_id");
	autofree char *args =
	        xasprintf("{\"as\":\"bob\",\"event\":\"%s\",\"answers\":[\"no\"]}", poll);
	autofree char *vote = verb_text(f, "vote", args, "event_id");
	const struct event *event = map_get(f->sim->events, vote);
	autofree char *content = json_print(event->content);

	assert_non_null(strstr(content, "[\"answer-2\"]"));
	expect_text(f, "target", poll);
}

/* ---- what people cannot do ---- */

static const struct {
	const char *verb, *args;
} wrong[] = {
        {"post_file", "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"x\",\"size\":-1}"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"x\",\"size\":99999999999}"},
        {"post_file",
                "{\"as\":\"alice\",\"in\":\"den\",\"file\":\"x\",\"thread\":\"none\"}"},
        {"typing", "{\"as\":\"admin\",\"in\":\"den\"}"},
        {"read", "{\"as\":\"admin\",\"in\":\"den\"}"},
        {"look", "{\"room\":\"den\",\"type\":\"m.room.avatar\"}"},
        {"upgrade", "{\"as\":\"alice\",\"room\":\"den\",\"version\":\"99\"}"},
        {"set_topic", "{\"as\":\"bob\",\"room\":\"den\",\"topic\":\"T\"}"},
};

static void test_what_cannot_be_done(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		say_wrong(f, wrong[i].verb, wrong[i].args);
	}
}

/* ---- typing ends by itself ---- */

static void test_typing_ends(void **state)
{
	struct fixture *f = *state;
	autofree char *token = verb_text(f, "register_user",
	        "{\"name\":\"carol\",\"auto_accept\":true}", "access_token");
	autofree char *since = NULL;
	autofree char *target = NULL;
	autofree char *text = NULL;

	say(f, "invite", "{\"as\":\"alice\",\"room\":\"den\",\"user\":\"carol\"}");
	settle(f);
	say(f, "typing", "{\"as\":\"bob\",\"in\":\"den\",\"timeout\":\"20s\"}");
	expect_call(f, 200, NULL, "GET", C3 "sync", token, "");
	assert_non_null(strstr(f->body, "\"user_ids\":[\"@bob:sim.test\"]"));
	since = xstrdup(json_str(f->reply, "next_batch"));
	target = xasprintf(C3 "sync?timeout=30000&since=%s", since);
	start_call(f, "GET", target, token, "");
	advance(f, 19999);
	assert_false(f->done);
	advance(f, 1);
	assert_true(f->done);
	text = xstrdup(f->body);
	assert_non_null(strstr(text, "\"user_ids\":[]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_every_action_leaves_its_record, setup_people, teardown),
	        cmocka_unit_test_setup_teardown(test_threads, setup_people, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_edit_of_a_file_changes_its_caption, setup_people, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_fallback_quotes, setup_people, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_unreact_takes_back_ones_own, setup_people, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_vote_names_the_answer, setup_people, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_what_cannot_be_done, setup_people, teardown),
	        cmocka_unit_test_setup_teardown(test_typing_ends, setup_people, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
