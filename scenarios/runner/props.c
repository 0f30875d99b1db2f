/* What a story lays ready for the daemon, and looks at afterwards: files, and faults. */
#include "scenarios/runner/play.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"
#include "scenarios/shim/vclock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LOOK_BYTES = 1024 * 1024 };

bool props_fault(struct play *play, const struct story_step *step, const cJSON *args)
{
	static const char *const names[] = {[VCLOCK_FAULT_NONE] = "none",
	        [VCLOCK_FAULT_SEGV] = "segv",
	        [VCLOCK_FAULT_ABORT] = "abort",
	        [VCLOCK_FAULT_STACK] = "stack",
	        [VCLOCK_FAULT_MEMORY] = "memory"};
	unsigned fault = 0;

	(void)step;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_equal(json_str(args, "how"), names[i])) {
			fault = i;
		}
	}
	return vtime_set_fault(play->vtime, fault, json_str_or(args, "key", "body"),
	               json_str_or(args, "text", "")) ||
	       play_fail_text(play, VERDICT_FAIL, "short texts", "too long ones");
}

/* NULL, the story having failed, if it is no name of a file in the run's folder. */
static char *path_of(struct play *play, const cJSON *args)
{
	const char *name = json_str_or(args, "name", "");

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
		play_fail_text(play, VERDICT_FAIL, "the name of a file", "%s", name);
		return NULL;
	}
	return xasprintf("%s/%s", play->setup.dir, name);
}

bool props_write(struct play *play, const struct story_step *step, const cJSON *args)
{
	autofree char *path = path_of(play, args);
	const char *text = json_str_or(args, "text", "");
	unsigned long mode = strtoul(json_str_or(args, "mode", "0600"), NULL, 8);
	struct err err = ERR_INIT;

	(void)step;
	if (path == NULL) {
		return false;
	}
	if (!file_write(path, text, strlen(text), &err) ||
	        chmod(path, (mode_t)mode) != 0) {
		return play_fail_text(
		        play, VERDICT_FAIL, "that it can be written", "%s", err.msg);
	}
	cJSON_AddItemToArray(
	        play->written, cJSON_CreateString(json_str_or(args, "name", "")));
	return true;
}

bool props_look(struct play *play, const struct story_step *step, const cJSON *args)
{
	autofree char *path = path_of(play, args);
	struct stat found;

	(void)step;
	if (path == NULL) {
		return false;
	}
	autojson cJSON *record = json_set_str(json_new(), "kind", "file");
	json_set_str(record, "file", json_str(args, "name"));
	if (stat(path, &found) == 0) {
		autofree char *text = file_read(path, MAX_LOOK_BYTES, NULL);
		autofree char *mode = xasprintf("%04o", found.st_mode & 07777u);
		json_set_str(record, "text", text == NULL ? "" : text);
		json_set_str(record, "mode", mode);
	} else {
		json_set_str(record, "mode", "none");
	}
	play_report(play, TAP_BRIDGE, record);
	return true;
}
