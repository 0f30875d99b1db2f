/* Every key that mautrix-slack v26.08 writes into its own example is known here.
 * tests/data/mautrix-slack-keys.txt: the paths of the keys of a file that the -e of its
 * framework (mautrix-go v0.30.0, bridgev2) wrote with its Slack options; paths only.
 * proves: CONF-02 */
#include "bridge/config/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Is it in a mapping whose keys are the operator's own? */
static bool is_in_a_map(char *path)
{
	for (char *dot = strrchr(path, '.'); dot != NULL; dot = strrchr(path, '.')) {
		*dot = '\0';
		size_t index = keys_find(path);
		if (index < keys_count()) {
			return keys_at(index)->type == KEY_MAP;
		}
	}
	return false;
}

static void every_key_is_known(void **state)
{
	FILE *in = fopen("tests/data/mautrix-slack-keys.txt", "re");
	char path[256];
	size_t count = 0;

	(void)state;
	assert_non_null(in);
	while (fgets(path, sizeof(path), in) != NULL) {
		path[strcspn(path, "\n")] = '\0';
		count++;
		if (keys_find(path) >= keys_count() && !is_in_a_map(path)) {
			fail_msg("%s is not known", path);
		}
	}
	fclose(in);
	assert_true(count > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_key_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
