/* proves: EVT-01 */
/* Every event of the shipped manifest is in the table with its effect, and the documents
 * are the table. */
#include "bridge/slack/event_table.h"

#include "bridge/slack/scopes.h"
#include "flow_fixture.h"
#include "lib/buf.h"

static bool scope_is_asked_for(const char *scopes)
{
	for (const struct slack_scope *scope = slack_scopes; scope->name != NULL;
	        scope++) {
		if (slack_scope_is_in(scope->name, scopes)) {
			return true;
		}
	}
	return false;
}

static void check_rows(const struct slack_event_row *rows,
        const struct slack_event_row *(*find)(const char *name))
{
	for (const struct slack_event_row *row = rows; row->name != NULL; row++) {
		if (find(row->name) != row) {
			fail_msg("%s is there twice", row->name);
		}
		if (row->effect[0] == '\0') {
			fail_msg("%s: neither effect nor reason", row->name);
		}
		bool subscribed = row->kind != SLACK_EVENT_IGNORED;
		if (subscribed && row->scope[0] != '\0' &&
		        !scope_is_asked_for(row->scope)) {
			fail_msg("%s needs %s, which the manifest has not", row->name,
			        row->scope);
		}
	}
}

static void each_event_has_an_effect_or_a_reason(void **state)
{
	(void)state;
	check_rows(slack_event_rows, slack_event_row);
	check_rows(slack_subtype_rows, slack_subtype_row);
	assert_null(slack_event_row("from_the_future"));
}

/* Those of mautrix-slack, whose apps are used with this bridge too. */
static void the_events_of_other_manifests_are_known(void **state)
{
	static const char *const names[] = {"app_uninstalled", "channel_archive",
	        "channel_created", "channel_deleted", "channel_history_changed",
	        "channel_id_changed", "channel_left", "channel_rename", "channel_shared",
	        "channel_unarchive", "channel_unshared", "email_domain_changed",
	        "emoji_changed", "group_archive", "group_deleted",
	        "group_history_changed", "group_left", "group_rename", "group_unarchive",
	        "im_history_changed", "member_joined_channel", "member_left_channel",
	        "message", "pin_added", "pin_removed", "reaction_added",
	        "reaction_removed", "team_domain_change", "team_join", "team_rename",
	        "user_change"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slack_event_row(names[i]) == NULL) {
			fail_msg("%s", names[i]);
		}
	}
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text;
	char block[4096];
	size_t n;

	buf_init(&text, 1024 * 1024);
	while (file != NULL && (n = fread(block, 1, sizeof(block), file)) > 0) {
		buf_add(&text, block, n);
	}
	if (file != NULL) {
		fclose(file);
	}
	char *whole = buf_take(&text);
	return whole == NULL ? xstrdup("") : whole;
}

static void check_document(const char *path, void (*write)(FILE *out))
{
	char *expected = NULL;
	size_t size;
	FILE *out = open_memstream(&expected, &size);

	write(out);
	fclose(out);
	autofree char *found = read_file(path);
	bool is_equal = strcmp(expected, found) == 0;
	free(expected);
	if (!is_equal) {
		fail_msg("%s is not the table: `make event-docs` renews it", path);
	}
}

static void the_documents_are_the_table(void **state)
{
	(void)state;
	check_document("docs/slack-events.md", slack_event_write_doc);
	check_document("deploy/slack-app-manifest.yaml", slack_event_write_manifest);
}

/* Acknowledged like all others, and remembered as said. */
static void an_unknown_event_is_said_once_for_each_type(void **state)
{
	struct world *world = *state;

	open_portal(world);
	for (int i = 0; i < 5; i++) {
		slack_event(world, "\"type\":\"from_the_future\",\"user\":\"U1\"");
		slack_event(world, "\"type\":\"from_beyond\",\"user\":\"U1\"");
	}
	assert_int_equal(map_count(world->app.unknown), 2);
	for (int i = 0; i < 300; i++) {
		autofree char *event = xasprintf("\"type\":\"odd_%d\"", i);
		slack_event(world, event);
	}
	assert_true(map_count(world->app.unknown) <= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_event_has_an_effect_or_a_reason),
	        cmocka_unit_test(the_events_of_other_manifests_are_known),
	        cmocka_unit_test(the_documents_are_the_table),
	        cmocka_unit_test_setup_teardown(
	                an_unknown_event_is_said_once_for_each_type, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
