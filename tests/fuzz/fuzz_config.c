/* Any bytes as a configuration file: read, checked, judged, and written back to.
 *
 * clang -fsanitize=fuzzer,address,undefined with bridge/config and lib; see tests/fuzz.
 */
#include "lib/buf.h"
#include "lib/mem.h"

#include "bridge/config/config.h"
#include "bridge/config/modernize.h"
#include "bridge/config/reading.h"
#include "bridge/config/template.h"
#include "bridge/config/write_back.h"
#include "bridge/config/yaml_read.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every remark begins with one. */
static size_t count_hashes(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.n; i++) {
		count += text.p[i] == '#';
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct config_problems problems = {0};
	struct err err = ERR_INIT;
	struct config *config = config_load_text("f", text, &problems, &err);

	assert((config == NULL) == (err.kind == ERR_PERMANENT));
	assert(config != NULL || err.code == 10 || err.code == 11 || err.code == 12);
	assert(config != NULL || problems.count > 0);
	if (config != NULL) {
		char *ghost = config_ghost_localpart(config, "t0abc-u0def");
		assert(ghost != NULL);
		free(ghost);
		config_permission(config, "@user:example.org");
	}
	config_free(&config);
	config_problems_finish(&problems);

	struct buf edited;
	buf_init(&edited, YAML_MAX_BYTES + 4096);
	write_back_tokens(text, "AAAA", "HHHH", &edited, NULL);
	buf_finish(&edited);

	/* What has been moved once means the same, and has nothing left to move. */
	struct buf modern, again;
	buf_init(&modern, YAML_MAX_BYTES);
	buf_init(&again, YAML_MAX_BYTES);
	if (modernize_text(text, &modern) > 0) {
		assert(reading_is_same(text, buf_str(&modern)));
		assert(count_hashes(text) == count_hashes(buf_str(&modern)));
		(void)modernize_text(buf_str(&modern), &again);
	}
	buf_finish(&modern);
	buf_finish(&again);

	char *tmpl = xcalloc(1, size + 1);
	memcpy(tmpl, data, size);
	bool is_template = template_check(tmpl, NULL, NULL, NULL);
	char *expanded = template_expand(tmpl, NULL, NULL);
	assert(is_template == (expanded != NULL));
	free(expanded);
	free(tmpl);
	return 0;
}
