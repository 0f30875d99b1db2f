/* A planted token is found wherever the daemon could leave it.
 * proves: SEC-01 */
#include "lib/mem.h"

#include "scenarios/runner/secrets.h"
#include "scenarios/runner/timeline.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN "xoxb-1-planted-token"

static cJSON *one_secret(void)
{
	cJSON *secrets = cJSON_CreateArray();
	cJSON_AddItemToArray(secrets, cJSON_CreateString(TOKEN));
	return secrets;
}

static void in_a_file_of_any_name_but_where_it_belongs(void **state)
{
	static const struct {
		const char *name;
		bool is_found;
	} files[] = {
	        {"daemon.log", true},
	        {"config.yaml.last-crash", true},
	        {"last-crash", true},
	        {"metrics", true},
	        {"core", true},
	        {"config.yaml.bak", true},
	        {"config.yaml", false},
	        {"registration.yaml", false},
	        {"bridge.db", false},
	        {"bridge.db-wal", false},
	};
	autojson cJSON *secrets = one_secret();

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char dir[] = "/tmp/test-secrets-XXXXXX";
		assert_non_null(mkdtemp(dir));
		autofree char *path = xasprintf("%s/%s", dir, files[i].name);
		FILE *out = fopen(path, "we");
		fwrite("\0\0binary " TOKEN "\n", 1, 2 + 7 + strlen(TOKEN) + 1, out);
		fclose(out);
		autofree char *place = secrets_find(dir, secrets);
		if ((place != NULL) != files[i].is_found) {
			fail_msg("%s", files[i].name);
		}
		unlink(path);
		rmdir(dir);
	}
}

static void in_what_the_bridge_says_and_not_in_what_people_say(void **state)
{
	static const struct {
		enum tap at;
		const char *json;
		bool is_found;
	} records[] = {
	        {TAP_BRIDGE,
	                "{\"kind\":\"log\",\"log\":\"x\",\"fields\":{\"t\":\"" TOKEN
	                "\"}}",
	                true},
	        {TAP_BRIDGE, "{\"kind\":\"stderr\",\"text\":\"a " TOKEN " b\"}", true},
	        {TAP_BRIDGE, "{\"kind\":\"exit\",\"stdout\":\"" TOKEN "\"}", true},
	        {TAP_BRIDGE, "{\"kind\":\"file\",\"text\":\"" TOKEN "\"}", false},
	        {TAP_MATRIX,
	                "{\"kind\":\"event\",\"by\":\"appservice\",\"text\":\"" TOKEN
	                "\"}",
	                true},
	        {TAP_MATRIX,
	                "{\"kind\":\"event\",\"by\":\"person\",\"text\":\"" TOKEN "\"}",
	                false},
	        {TAP_MATRIX, "{\"kind\":\"request\",\"path\":\"/x/" TOKEN "\"}", true},
	        {TAP_SLACK,
	                "{\"kind\":\"message\",\"by\":\"app\",\"text\":\"" TOKEN "\"}",
	                true},
	        {TAP_SLACK,
	                "{\"kind\":\"message\",\"by\":\"person\",\"text\":\"" TOKEN "\"}",
	                false},
	        {TAP_SLACK, "{\"kind\":\"call\",\"args\":{\"text\":\"" TOKEN "\"}}",
	                true},
	};
	autojson cJSON *secrets = one_secret();

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct timeline *timeline = timeline_create();
		autojson cJSON *json = cJSON_Parse(records[i].json);
		timeline_add(timeline, records[i].at, 0, 0, json);
		autofree char *place = secrets_find_in_timeline(timeline, secrets);
		if ((place != NULL) != records[i].is_found ||
		        (place != NULL && strstr(place, TOKEN) != NULL)) {
			fail_msg("%s", records[i].json);
		}
		timeline_destroy(&timeline);
	}
}

static void in_the_arguments_of_a_process(void **state)
{
	static char program[] = "/bin/cat", argument[] = "--token=" TOKEN, dash[] = "-";
	autojson cJSON *secrets = one_secret();
	int in[2], out[2];
	char byte = 'x';

	(void)state;
	assert_null(secrets_find_in_arguments((int)getpid(), secrets));
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid_t child = fork();
	if (child == 0) {
		char *const args[] = {argument, dash, NULL};
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execv(program, args);
		_exit(127);
	}
	assert_int_equal(write(in[1], &byte, 1), 1);
	assert_int_equal(read(out[0], &byte, 1), 1); /* it runs: it has its arguments */
	autofree char *place = secrets_find_in_arguments((int)child, secrets);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_string_equal(place, "arguments:1: --token=<here>");
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_a_file_of_any_name_but_where_it_belongs),
	        cmocka_unit_test(in_what_the_bridge_says_and_not_in_what_people_say),
	        cmocka_unit_test(in_the_arguments_of_a_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
