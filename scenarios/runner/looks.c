/* What a story looks at from outside while the daemon runs: its pages, where it listens,
 * how many rows its tables have. */
#include "scenarios/runner/play.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_MS = 20000, MAX_PAGE_BYTES = 4 * 1024 * 1024 };

/* ---------------------------------------------------------------- a page */

static void handle_page(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct play *play = arg;
	autojson cJSON *record = json_set_str(json_new(), "kind", "page");

	play->page = NULL;
	json_set_str(record, "page", play->page_path);
	if (reply != NULL) {
		autofree char *text = xstrndup(reply->body.p, reply->body.n);
		json_set_int(record, "status", reply->status);
		json_set_str(record, "text", text);
	} else {
		json_set_str(record, "status", "none");
		json_set_str(record, "text", err->msg);
	}
	play_report(play, TAP_BRIDGE, record);
}

bool looks_get(struct play *play, const struct story_step *step, const cJSON *args)
{
	static const struct http_client_options options = {.user_agent = "scenario"};
	bool of_metrics = str_equal(json_str(args, "port"), "metrics");
	unsigned port = play->setup.port - (of_metrics ? SETUP_METRICS_OFFSET : 0u);

	(void)step;
	if (play->page != NULL) {
		return play_fail_text(play, VERDICT_FAIL, "one page at a time",
		        "%s is not there yet", play->page_path);
	}
	if (play->pages == NULL) {
		play->pages = http_client_create(play->loop, &options);
	}
	str_replace(&play->page_path, json_str_or(args, "path", "/"));
	autofree char *url = xasprintf("http://127.0.0.1:%u%s", port, play->page_path);
	play->page = http_req_create(play->pages, "GET", url);
	http_req_set_deadline(play->page, PAGE_MS);
	http_req_set_max_reply(play->page, MAX_PAGE_BYTES);
	http_req_start(play->page, handle_page, play);
	return true;
}

void looks_close(struct play *play)
{
	http_req_cancel(&play->page);
	http_client_destroy(&play->pages);
	free(play->page_path);
}

/* ---------------------------------------------------------------- its sockets */

/* The inodes of a process's sockets, as " 1234 5678 ". */
static char *sockets_of(int pid)
{
	autofree char *path = xasprintf("/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	const struct dirent *entry;
	struct buf inodes;

	buf_init(&inodes, 65536);
	buf_puts(&inodes, " ");
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char target[64] = "";
		ssize_t n =
		        readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n > 0 && str_starts(target, "socket:[")) {
			buf_printf(&inodes, "%.*s ", (int)strcspn(target + 8, "]"),
			        target + 8);
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return buf_take(&inodes);
}

/* The nth field of a line, from 0; empty if there are not so many. */
static struct str field(const char *line, int n)
{
	line += strspn(line, " ");
	while (n-- > 0) {
		line += strcspn(line, " \n");
		line += strspn(line, " ");
	}
	return (struct str){line, strcspn(line, " \n")};
}

/* A line of /proc/net/tcp (proc(5)): number, local address, remote address, state, three
 * more, user, timeout, inode. The address is in hex: the bytes of an IPv4 one backwards.
 */
static void add_if_listening(struct buf *out, const char *line, const char *inodes)
{
	struct str local = field(line, 1), state = field(line, 3), inode = field(line, 9);
	autofree char *mark = xasprintf(" %.*s ", (int)inode.n, inode.p);
	const char *colon = memchr(local.p, ':', local.n);

	if (!str_is(state, "0A") || colon == NULL || strstr(inodes, mark) == NULL) {
		return;
	}
	unsigned long address = strtoul(local.p, NULL, 16);
	unsigned long port = strtoul(colon + 1, NULL, 16);
	if (colon - local.p == 8) {
		buf_printf(out, "%lu.%lu.%lu.%lu:%lu ", address & 255, address >> 8 & 255,
		        address >> 16 & 255, address >> 24 & 255, port);
	} else {
		buf_printf(out, "[%.*s]:%lu ", (int)(colon - local.p), local.p, port);
	}
}

bool looks_listeners(struct play *play, const struct story_step *step, const cJSON *args)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	autofree char *inodes =
	        play->daemon == NULL ? NULL : sockets_of(daemon_pid(play->daemon));
	autojson cJSON *record = json_set_str(json_new(), "kind", "listeners");
	char line[512];
	struct buf out;

	(void)step;
	(void)args;
	buf_init(&out, 4096);
	for (size_t i = 0; inodes != NULL && i < 2; i++) {
		FILE *in = fopen(tables[i], "re");
		while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
			add_if_listening(&out, line, inodes);
		}
		if (in != NULL) {
			fclose(in);
		}
	}
	json_set_str(record, "listens", buf_cstr(&out));
	buf_finish(&out);
	play_report(play, TAP_BRIDGE, record);
	return true;
}

/* ---------------------------------------------------------------- its rows */

bool looks_rows(struct play *play, const struct story_step *step, const cJSON *args)
{
	autojson cJSON *record = json_set_str(json_new(), "kind", "rows");
	const char *table = json_str_or(args, "table", "");
	struct err err = ERR_INIT;
	int64_t rows = 0;

	(void)step;
	if (!database_count(
	            play->database, table, json_str(args, "where"), &rows, &err)) {
		return play_fail_text(
		        play, VERDICT_FAIL, "a table that can be read", "%s", err.msg);
	}
	json_set_str(record, "table", table);
	json_set_int(record, "rows", rows);
	play_report(play, TAP_BRIDGE, record);
	return true;
}
