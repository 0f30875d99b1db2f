/* proves: MSG-12 */
#include "flow_fixture.h"

#define APP_TEST(name)                                                                   \
	cmocka_unit_test_setup_teardown(name, set_up_without_start, tear_down)

/* ---------------------------------------------------------------- own users */

static void load_template(struct world *world, const char *text)
{
	if (world->config != NULL) {
		close_world(world);
		config_free(&world->config);
	}
	world->username_template = text;
	load_config(world);
	open_world(world);
}

/* Our own users are those that the template makes and the bot, of our homeserver. */
static void own_users_are_known_by_the_template(void **state)
{
	static const struct {
		const char *template, *mxid;
		bool is_own;
	} cases[] = {
	        {"slack_{{.}}", "@slack_t1-u1:x.org", true},
	        {"slack_{{.}}", "@slackbot:x.org", true},
	        {"slack_{{.}}", "@slack_:x.org", true},
	        {"slack_{{.}}", "@slack:x.org", false},
	        {"slack_{{.}}", "@slack_t1-u1:y.org", false},
	        {"slack_{{.}}", "@slack_t1-u1:x.org.evil.org", false},
	        {"slack_{{.}}", "@slack_t1-u1:x.org:8448", false},
	        {"slack_{{.}}", "@slack_t1-u1", false},
	        {"slack_{{.}}", "@slackbot:y.org", false},
	        {"slack_{{.}}", "@bob:x.org", false},
	        {"slack_{{.}}", "@myslack_t1-u1:x.org", false},
	        {"slack_{{.}}", "slack_t1-u1:x.org", false},
	        {"slack_{{.}}", "@", false},
	        {"slack_{{.}}", "", false},
	        {"slack_{{.}}", ":", false},
	        {"{{.}}_slack", "@t1-u1_slack:x.org", true},
	        {"{{.}}_slack", "@slackbot:x.org", true},
	        {"{{.}}_slack", "@_slack:x.org", true},
	        {"{{.}}_slack", "@slack:x.org", false},
	        {"{{.}}_slack", "@t1-u1_slackx:x.org", false},
	        {"{{.}}_slack", "@bob:x.org", false},
	        {"_s_{{.}}.s_", "@_s_t1-u1.s_:x.org", true},
	        {"_s_{{.}}.s_", "@_s_.s_:x.org", true},
	        {"_s_{{.}}.s_", "@_s_s_:x.org", false}, /* before and after overlap */
	        {"_s_{{.}}.s_", "@_s_t1-u1:x.org", false},
	        {"slack_{{ . }}", "@slack_t1-u1:x.org", true},
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		load_template(world, cases[i].template);
		if (app_is_own_user(&world->app, cases[i].mxid) != cases[i].is_own) {
			fail_msg("%s with %s", cases[i].mxid, cases[i].template);
		}
	}
}

/* What the daemon registers it also knows for its own. */
static void every_ghost_made_is_an_own_user(void **state)
{
	static const char *const templates[] = {
	        "slack_{{.}}", "{{.}}_slack", "s.{{.}}.s", "slack_{{ . }}"};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		load_template(world, templates[i]);
		autofree char *localpart =
		        config_ghost_localpart(world->config, "t0abc-u0def");
		autofree char *mxid = matrix_mxid(world->app.matrix, localpart);
		assert_true(app_is_own_user(&world->app, mxid));
	}
}

/* ---------------------------------------------------------------- commands, lanes */

static void the_prefix_is_a_word(void **state)
{
	static const struct {
		const char *body, *text;
	} cases[] = {
	        {"!slack help", "help"},
	        {"!slack", ""},
	        {"!slack  \t\n", ""},
	        {" \n!slack\tlogin app ", "login app "},
	        {"!slacker", NULL},
	        {"!slack-bot", NULL},
	        {"! slack help", NULL},
	        {"help", NULL},
	        {"", NULL},
	        {"!slac", NULL},
	        {"!SLACK help", NULL},
	};
	struct world *world = *state;

	load_template(world, "slack_{{.}}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = app_command_text(&world->app, cases[i].body);
		if (!str_equal(text, cases[i].text)) {
			fail_msg("\"%s\" gives \"%s\"", cases[i].body,
			        text == NULL ? "(none)" : text);
		}
	}
}

static void lanes_are_one_for_each_conversation_and_direction(void **state)
{
	autofree char *slack = lane_from_slack("T1", "C1");
	autofree char *other = lane_from_slack("T1", "C2");
	autofree char *matrix = lane_from_matrix("!r:x.org");

	load_template(*state, "slack_{{.}}");
	assert_string_not_equal(slack, other);
	/* The first letter is what the queue shares its work by. */
	assert_int_not_equal(slack[0], matrix[0]);
}

static void every_flow_has_its_name_and_steps_once(void **state)
{
	load_template(*state, "slack_{{.}}");
	for (size_t i = 0; all_flows[i] != NULL; i++) {
		const struct flow_def *def = all_flows[i];
		assert_non_null(def->name);
		assert_non_null(def->steps[0].run);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(def->name, all_flows[k]->name);
		}
		for (size_t k = 0; def->steps[k].name != NULL; k++) {
			for (size_t j = 0; j < k; j++) {
				assert_string_not_equal(
				        def->steps[k].name, def->steps[j].name);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        APP_TEST(own_users_are_known_by_the_template),
	        APP_TEST(every_ghost_made_is_an_own_user),
	        APP_TEST(the_prefix_is_a_word),
	        APP_TEST(lanes_are_one_for_each_conversation_and_direction),
	        APP_TEST(every_flow_has_its_name_and_steps_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
