/* proves: SIMS-01 */
#include "tests/unit/sim_slack_fixture.h"

#include <openssl/evp.h>

#define IN_GENERAL "channel=C0GENERAL0"

static const char png_16[] = "89504e470d0a1a0a0000000d49484452000000100000000c0100000000";
static const char gif_7x5[] = "474946383961070005000000002c";
static const char jpeg_9x4[] = "ffd8ffe000104a46494600010100000100010000"
                               "ffc0000b0800040009010111003fffd9";

static void listen_to_files(struct fixture *f)
{
	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	say(f, "app",
	        "{\"subscribe\":[\"file_created\",\"file_shared\",\"file_public\","
	        "\"file_change\",\"file_deleted\",\"file_unshared\"]}");
	invite_bot(f);
}

/* The next event of the type among the connection's envelopes, all acknowledged. Caller
 * deletes. */
static cJSON *next_event(struct ws *ws, const char *type, const char *subtype)
{
	cJSON *envelope, *event = NULL;

	for (int i = 0; i < 20 && !event; i++) {
		advance(ws->f, 10);
		while (!event && (envelope = ws_message(ws))) {
			const cJSON *inner = json_obj(envelope, "payload.event");

			ws_ack(ws, envelope);
			if (str_equal(json_str(inner, "type"), type) &&
			        str_equal(json_str(inner, "subtype"), subtype)) {
				event = cJSON_Duplicate(inner, true);
			}
			cJSON_Delete(envelope);
		}
	}
	if (!event) {
		fail_msg("no event %s %s", type, subtype ? subtype : "");
	}
	return event;
}

static const char *path_of(struct fixture *f, const char *url)
{
	const char *base = sim_slack_url(f->sim);

	assert_non_null(url);
	assert_true(str_starts(url, base));
	return url + strlen(base);
}

/* Asks for an upload URL and sends the bytes there. Returns the file's ID (caller's). */
static char *upload(struct fixture *f, const char *name, const char *type,
        const char *body, int64_t length, int status)
{
	autofree char *form =
	        xasprintf("filename=%s&length=%lld", name, (long long)length);
	autofree char *path = NULL;
	char *id;

	call_ok(f, "files.getUploadURLExternal", form);
	id = xstrdup(json_str(f->reply, "file_id"));
	path = xstrdup(path_of(f, json_str(f->reply, "upload_url")));
	request(f, "POST", path, NULL, type, body);
	assert_int_equal(f->status, status);
	return id;
}

static void test_upload_and_share(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *event = NULL, *shared = NULL;
	autofree char *id = NULL, *form = NULL, *ts = NULL;
	struct ws ws;

	listen_to_files(f);
	ws_ready(&ws, f);
	id = upload(
	        f, "notes.txt", "application/octet-stream", "hello\nworld\n", 12, 200);
	assert_string_equal(f->body, "OK - 12");
	form = xasprintf("files=[{\"id\":\"%s\",\"title\":\"My notes\"}]&channel_id="
	                 "C0GENERAL0&initial_comment=look+%%26+see",
	        id);
	call_ok(f, "files.completeUploadExternal", form);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "files")), 1);
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(f->reply, "files"), 0), "title"),
	        "My notes");
	/* The message comes later: its ts is in no answer. */
	assert_int_equal(count_records(f, "message", "file", NULL), 0);
	assert_true(pending(f) > 0);
	advance(f, 300);
	event = next_event(&ws, "message", "file_share");
	ts = xstrdup(json_str(event, "ts"));
	assert_string_equal(json_str(event, "user"), "U0SIMBOT00");
	assert_string_equal(json_str(event, "bot_id"), "B0SIMBOT00");
	assert_string_equal(json_str(event, "text"), "look &amp; see");
	const cJSON *file = cJSON_GetArrayItem(json_arr(event, "files"), 0);
	assert_string_equal(json_str(file, "id"), id);
	assert_string_equal(json_str(file, "mode"), "snippet");
	assert_string_equal(json_str(file, "mimetype"), "text/plain");
	assert_string_equal(json_str(file, "preview"), "hello\nworld\n");
	assert_int_equal(json_int(file, "size", 0), 12);
	shared = next_event(&ws, "file_shared", NULL);
	assert_string_equal(json_str(shared, "channel_id"), "C0GENERAL0");
	assert_string_equal(json_str(shared, "file.id"), id);
	cJSON_Delete(next_event(&ws, "file_public", NULL));
	assert_string_equal(json_str(last_record(f, "message", "file_id", id), "sha256"),
	        "4a1e67f2fe1d1cc7b31d0ca2ec441da4778203a036a77da10344c85e24ff0f92");

	autofree char *about = xasprintf("file=%s", id);
	call_ok(f, "files.info", about);
	const cJSON *place = cJSON_GetArrayItem(
	        json_arr(f->reply, "file.shares.public.C0GENERAL0"), 0);
	assert_string_equal(json_str(place, "ts"), ts);
	assert_true(json_bool(f->reply, "file.is_public", false));
	/* Once is enough. */
	call_error(f, "files.completeUploadExternal", form, "file_not_found");
	ws_close(&ws);
}

static void test_upload_as_form_and_several(void **state)
{
	struct fixture *f = *state;
	const char *two = "--xx\r\nContent-Disposition: form-data; name=\"body\"; "
	                  "filename=\"Untitled\"\r\n\r\nab\r\n--c\r\n--xx--\r\n";
	autofree char *one_id =
	        upload(f, "a.bin", "multipart/form-data; boundary=xx", two, 7, 200);
	autofree char *two_id = upload(f, "b.bin", "image/png", "abc", 3, 200);
	autofree char *form =
	        xasprintf("files=[{\"id\":\"%s\"},{\"id\":\"%s\"}]&channel_id="
	                  "C0GENERAL0",
	                one_id, two_id);
	autofree char *form_2 = xasprintf("%s&thread_ts=1.000001", form);

	call_error(f, "files.completeUploadExternal", form, "not_in_channel");
	invite_bot(f);
	call_error(f, "files.completeUploadExternal", form_2, "cannot_reply_to_message");
	call_ok(f, "files.completeUploadExternal", form);
	advance(f, 1000);
	const cJSON *record = last_record(f, "message", "file", "a.bin");
	assert_int_equal(json_int(record, "file_count", 0), 2);
	assert_int_equal(json_int(record, "size", 0), 7);
	assert_string_equal(json_str(record, "mimetype"), "text/plain");
	const cJSON *second = cJSON_GetArrayItem(json_arr(record, "files"), 1);
	assert_string_equal(json_str(second, "name"), "b.bin");
}

static void test_added_by_an_update(void **state)
{
	struct fixture *f = *state;
	autofree char *id = NULL, *own = NULL;

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	invite_bot(f);
	id = upload(f, "later.bin", "text/plain", "x", 1, 200);
	autofree char *form = xasprintf("files=[{\"id\":\"%s\"}]", id);
	call_ok(f, "chat.postMessage", IN_GENERAL "&text=soon");
	own = xasprintf(IN_GENERAL "&ts=%s&text=now&file_ids=", json_str(f->reply, "ts"));
	autofree char *with = xasprintf("%s%s", own, id);
	autofree char *none = xasprintf("%sF0NONE0000", own);
	call_error(f, "chat.update", with, "file_not_found"); /* not complete yet */
	call_ok(f, "files.completeUploadExternal", form);
	call_error(f, "chat.update", none, "file_not_found");
	call_ok(f, "chat.update", with);
	const cJSON *first = cJSON_GetArrayItem(json_arr(f->reply, "message.files"), 0);
	assert_string_equal(json_str(first, "id"), id);
	autofree char *about = xasprintf("file=%s", id);
	call_ok(f, "files.delete", about);
	call_error(f, "chat.update", with, "file_is_deleted");
}

static void test_upload_refused(void **state)
{
	struct fixture *f = *state;
	autofree char *waiting = NULL, *form = NULL;

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	call_error(f, "files.getUploadURLExternal", "length=1", "invalid_arguments");
	call_error(f, "files.getUploadURLExternal", "filename=x&length=0",
	        "invalid_arguments");
	call_error(f, "files.getUploadURLExternal", "filename=x&length=1&snippet_type=zz",
	        "unknown_snippet_type");
	say(f, "knob", "{\"name\":\"upload_max_bytes\",\"value\":100}");
	call_error(f, "files.getUploadURLExternal", "filename=x&length=101",
	        "file_upload_size_restricted");
	call_error(f, "files.upload", "channels=C0GENERAL0", "method_deprecated");
	call_error(f, "files.completeUploadExternal", "", "invalid_arguments");
	call_error(f, "files.completeUploadExternal", "files=[{\"id\":\"F0\"}]",
	        "file_not_found");
	waiting = upload(f, "x.bin", "application/octet-stream", "short", 50, 400);
	form = xasprintf("files=[{\"id\":\"%s\"}]", waiting);
	call_error(f, "files.completeUploadExternal", form, "file_update_failed");
	request(f, "POST", "/upload/v1/guess", NULL, "text/plain", "x");
	assert_int_equal(f->status, 404);
	say(f, "knob", "{\"name\":\"upload_strict\",\"value\":false}");
	free(upload(f, "x.bin", "multipart/form-data; boundary=zz", "--zz\r\n\r\nno end",
	        6, 400));
	say(f, "app", "{\"ungrant\":[\"files:write\"]}");
	call_error(
	        f, "files.getUploadURLExternal", "filename=x&length=1", "missing_scope");
}

static void test_customised_and_archived(void **state)
{
	struct fixture *f = *state;
	autofree char *id = NULL, *late = NULL;

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	invite_bot(f);
	id = upload(f, "p.bin", "text/plain", "x", 1, 200);
	autofree char *form = xasprintf(
	        "files=[{\"id\":\"%s\"}]&channel_id=C0GENERAL0&username=Bob", id);
	call_ok(f, "files.completeUploadExternal", form);
	advance(f, 1000);
	assert_string_equal(
	        json_str(last_record(f, "message", "file", "p.bin"), "username"), "Bob");

	/* Archived between the call and the message: there is none. */
	late = upload(f, "late.bin", "text/plain", "x", 1, 200);
	autofree char *form_2 =
	        xasprintf("files=[{\"id\":\"%s\"}]&channel_id=C0GENERAL0", late);
	call_ok(f, "files.completeUploadExternal", form_2);
	say(f, "archive", "{\"in\":\"general\"}");
	advance(f, 1000);
	assert_int_equal(count_records(f, "message", "file", "late.bin"), 0);
	assert_int_equal(count_records(f, "file", "file", "late.bin"), 1);
}

static void test_people_share_and_bot_downloads(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *event = NULL, *made = NULL;
	struct ws ws;

	listen_to_files(f);
	ws_ready(&ws, f);
	made = verb(f, "upload",
	        "{\"in\":\"general\",\"name\":\"Photo One.PNG\",\"picture\":\"800x200\","
	        "\"text\":\"see\"}");
	event = next_event(&ws, "message", "file_share");
	assert_string_equal(json_str(event, "user"), "U0SIMALICE");
	assert_non_null(json_str(event, "client_msg_id"));
	assert_non_null(json_arr(event, "blocks"));
	const cJSON *file = cJSON_GetArrayItem(json_arr(event, "files"), 0);
	assert_int_equal(json_int(file, "original_w", 0), 800);
	assert_int_equal(json_int(file, "original_h", 0), 200);
	assert_int_equal(json_int(file, "thumb_360_w", 0), 360);
	assert_int_equal(json_int(file, "thumb_360_h", 0), 90);
	assert_int_equal(json_int(file, "thumb_800_w", 0), 800);
	assert_null(json_get(file, "thumb_960"));
	assert_string_equal(json_str(file, "mode"), "hosted");
	assert_true(str_ends(json_str(file, "url_private"), "/photo_one.png"));

	request(f, "GET", path_of(f, json_str(file, "url_private")), f->bot, NULL, NULL);
	assert_int_equal(f->status, 200);
	assert_memory_equal(f->body, "\x89PNG", 4);
	request(f, "GET", path_of(f, json_str(file, "thumb_360")), f->bot, NULL, NULL);
	assert_memory_equal(f->body, "\x89PNG", 4);
	/* Without a good token there is a page for people, and no error status. */
	request(f, "GET", path_of(f, json_str(file, "url_private")), NULL, NULL, NULL);
	assert_int_equal(f->status, 200);
	assert_true(str_starts(f->body, "<!DOCTYPE html>"));
	request(f, "GET", path_of(f, json_str(file, "url_private_download")), "xoxb-no",
	        NULL, NULL);
	assert_true(str_starts(f->body, "<!DOCTYPE html>"));
	say(f, "knob", "{\"name\":\"login_answer\",\"value\":\"redirect\"}");
	request(f, "GET", path_of(f, json_str(file, "url_private")), f->app, NULL, NULL);
	assert_int_equal(f->status, 302);
	say(f, "app", "{\"ungrant\":[\"files:read\"]}");
	request(f, "GET", path_of(f, json_str(file, "url_private")), f->bot, NULL, NULL);
	assert_int_equal(f->status, 302);
	ws_close(&ws);
}

static void test_pictures_are_measured(void **state)
{
	struct fixture *f = *state;
	const struct {
		const char *hex, *name, *mimetype;
		int width, height;
	} cases[] = {
	        {png_16, "unnamed", "image/png", 16, 12},
	        {gif_7x5, "unnamed", "image/gif", 7, 5},
	        {jpeg_9x4, "x.jpeg", "image/jpeg", 9, 4},
	        {"ffd8ffe000", "cut.jpg", "image/jpeg", 0, 0},
	        {"00010203", "unnamed", "application/octet-stream", 0, 0},
	};

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *args =
		        xasprintf("{\"in\":\"general\",\"name\":\"%s\",\"hex\":\"%s\"}",
		                cases[i].name, cases[i].hex);
		autojson cJSON *made = verb(f, "upload", args);
		autofree char *form = xasprintf("file=%s", json_str(made, "file_id"));

		call_ok(f, "files.info", form);
		assert_string_equal(
		        json_str(f->reply, "file.mimetype"), cases[i].mimetype);
		assert_int_equal(
		        json_int(f->reply, "file.original_w", 0), cases[i].width);
		assert_int_equal(
		        json_int(f->reply, "file.original_h", 0), cases[i].height);
	}
	say_wrong(f, "upload", "{\"in\":\"general\",\"hex\":\"abc\"}");
	say_wrong(f, "upload", "{\"in\":\"general\",\"picture\":\"8x0\"}");
	say_wrong(f, "upload", "{\"in\":\"general\",\"files\":[]}");
}

static void test_deleted_changed_unshared(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *made = NULL, *changed = NULL, *gone = NULL, *changed_2 = NULL;
	struct ws ws;

	listen_to_files(f);
	ws_ready(&ws, f);
	made = verb(f, "upload",
	        "{\"in\":\"general\",\"files\":[{\"name\":\"a.txt\",\"content\":\"a\"},"
	        "{\"name\":\"b.txt\",\"content\":\"b\"}]}");
	autofree char *form = xasprintf("file=%s", json_str(made, "file_id"));
	call_error(f, "files.delete", form, "cant_delete_file");
	say(f, "change_file", "{\"file\":\"a.txt\",\"title\":\"A!\"}");
	changed = next_event(&ws, "message", "message_changed");
	assert_null(json_get(changed, "message.edited"));
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(changed, "message.files"), 0),
	                "title"),
	        "A!");
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(
	                         json_arr(changed, "previous_message.files"), 0),
	                "title"),
	        "a.txt");
	cJSON_Delete(next_event(&ws, "file_change", NULL));

	say(f, "delete_file", "{\"file\":\"a.txt\"}");
	changed_2 = next_event(&ws, "message", "message_changed");
	const cJSON *first = cJSON_GetArrayItem(json_arr(changed_2, "message.files"), 0);
	assert_string_equal(json_str(first, "mode"), "tombstone");
	assert_null(json_get(first, "name"));
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(changed_2, "message.files"), 1),
	                "mode"),
	        "snippet");
	gone = next_event(&ws, "file_deleted", NULL);
	assert_string_equal(
	        cJSON_GetArrayItem(json_arr(gone, "channel_ids"), 0)->valuestring,
	        "C0GENERAL0");
	call_error(f, "files.info", form, "file_deleted");

	say(f, "delete", "{\"in\":\"general\"}");
	cJSON_Delete(next_event(&ws, "file_unshared", NULL));
	ws_close(&ws);
}

static void test_slack_connect_and_limits(void **state)
{
	struct fixture *f = *state;

	invite_bot(f);
	say(f, "upload",
	        "{\"in\":\"general\",\"name\":\"far.txt\",\"content\":\"x\","
	        "\"check_info\":true}");
	call_ok(f, "conversations.history", IN_GENERAL);
	const cJSON *message = cJSON_GetArrayItem(json_arr(f->reply, "messages"), 0);
	const cJSON *file = cJSON_GetArrayItem(json_arr(message, "files"), 0);
	assert_string_equal(json_str(file, "file_access"), "check_file_info");
	assert_null(json_get(file, "url_private"));
	autofree char *form = xasprintf("file=%s", json_str(file, "id"));
	call_ok(f, "files.info", form);
	assert_non_null(json_str(f->reply, "file.url_private"));

	say(f, "change_file", "{\"file\":\"far.txt\",\"hidden\":true}");
	call_ok(f, "conversations.history", IN_GENERAL);
	message = cJSON_GetArrayItem(json_arr(f->reply, "messages"), 0);
	file = cJSON_GetArrayItem(json_arr(message, "files"), 0);
	assert_string_equal(json_str(file, "mode"), "hidden_by_limit");

	say(f, "upload",
	        "{\"in\":\"general\",\"name\":\"d\",\"external_url\":\"http://d/1\"}");
	call_ok(f, "files.list", "");
	file = cJSON_GetArrayItem(json_arr(f->reply, "files"), 0);
	assert_string_equal(json_str(file, "mode"), "external");
	assert_string_equal(json_str(file, "url_private"), "http://d/1");
}

static void test_seen_only_by_members(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *made = verb(f, "upload",
	        "{\"in\":\"secret\",\"name\":\"s.txt\",\"content\":\"secret\"}");
	autofree char *form = xasprintf("file=%s", json_str(made, "file_id"));
	autofree char *path =
	        xasprintf("/files-pri/T0SIMTEAM0-%s/s.txt", json_str(made, "file_id"));

	call_error(f, "files.info", form, "file_not_found");
	request(f, "GET", path, f->bot, NULL, NULL);
	assert_true(str_starts(f->body, "<!DOCTYPE html>"));
	call_ok(f, "files.list", "");
	assert_int_equal(json_int(f->reply, "paging.total", -1), 0);
	say(f, "invite", "{\"in\":\"secret\",\"bot\":true}");
	call_ok(f, "files.info", form);
	request(f, "GET", path, f->bot, NULL, NULL);
	assert_string_equal(f->body, "secret");
}

static void test_list_pages(void **state)
{
	struct fixture *f = *state;

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	for (int i = 0; i < 5; i++) {
		say(f, "upload",
		        "{\"in\":\"general\",\"name\":\"n.txt\",\"content\":\"n\"}");
	}
	say(f, "upload", "{\"as\":\"carol\",\"in\":\"general\",\"picture\":\"9x9\"}");
	call_ok(f, "files.list", "count=4&page=2");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "files")), 2);
	assert_int_equal(json_int(f->reply, "paging.pages", 0), 2);
	call_ok(f, "files.list", "types=images");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "files")), 1);
	call_ok(f, "files.list", "user=U0SIMCAROL&channel=C0GENERAL0");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "files")), 1);
	call_ok(f, "files.list", "ts_from=1800000000");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "files")), 0);
	call_error(f, "files.list", "user=U0NOBODY00", "user_not_found");
}

/* ---- bytes on the wire ---- */

/* A raw exchange; the whole answer until the peer closes or `until` is in it. Caller
 * frees. */
static char *raw(struct fixture *f, const char *head, const char *until)
{
	int fd = connect_raw(f);
	struct buf all;

	buf_init(&all, REPLY_MAX);
	send_all(fd, head, strlen(head));
	for (int i = 0; i < TURNS_MAX && !strstr(buf_cstr(&all), until); i++) {
		char data[4096];
		ssize_t n;

		loop_drain(f->loop);
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (n == 0) {
			break;
		}
		if (n > 0) {
			buf_add(&all, data, (size_t)n);
		}
	}
	close(fd);
	loop_drain(f->loop);
	return all.data ? buf_take(&all) : xstrdup("");
}

static void test_ranges_and_head(void **state)
{
	static const struct {
		const char *range, *status, *content;
	} cases[] = {
	        {"bytes=0-3", "206", "\r\n\r\n0123"},
	        {"bytes=8-", "206", "\r\n\r\n89"},
	        {"bytes=-3", "206", "\r\n\r\n789"},
	        {"bytes=4-100", "206", "\r\n\r\n456789"},
	        {"bytes=10-", "416", "bytes */10"},
	        {"bytes=3-1", "200", "\r\n\r\n0123456789"},
	        {"bytes=x", "200", "\r\n\r\n0123456789"},
	        {"bytes=0-1,4-5", "200", "\r\n\r\n0123456789"},
	};
	struct fixture *f = *state;
	autojson cJSON *made = verb(f, "upload",
	        "{\"in\":\"general\",\"name\":\"r.txt\",\"content\":\"0123456789\"}");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *head = xasprintf(
		        "GET /files-pri/T0SIMTEAM0-%s/r.txt HTTP/1.1\r\nHost: a\r\nRange: "
		        "%s\r\nAuthorization: Bearer %s\r\n\r\n",
		        json_str(made, "file_id"), cases[i].range, f->bot);
		autofree char *answer = raw(f, head, cases[i].content);

		assert_true(str_starts(answer + 9, cases[i].status));
		assert_non_null(strstr(answer, cases[i].content));
	}
	autofree char *head =
	        xasprintf("HEAD /files-pri/T0SIMTEAM0-%s/r.txt HTTP/1.1\r\nHost: "
	                  "a\r\nAuthorization: Bearer %s\r\n\r\n",
	                json_str(made, "file_id"), f->bot);
	autofree char *answer = raw(f, head, "\r\n\r\n");
	assert_non_null(strstr(answer, "Content-Length: 10\r\n"));
	assert_true(str_ends(answer, "\r\n\r\n"));
}

static void test_faults_of_transfers(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *made = verb(f, "upload",
	        "{\"in\":\"general\",\"name\":\"r.txt\",\"content\":\"0123456789\"}");
	autofree char *path =
	        xasprintf("/files-pri/T0SIMTEAM0-%s/r.txt", json_str(made, "file_id"));

	say(f, "answer", "{\"call\":\"download\",\"with\":{\"status\":503}}");
	request(f, "GET", path, f->bot, NULL, NULL);
	assert_int_equal(f->status, 503);
	say(f, "answer", "{\"call\":\"download\",\"with\":{\"cut_at\":4}}");
	request(f, "GET", path, f->bot, NULL, NULL);
	assert_true(f->kind != ERR_NONE);
	say(f, "answer", "{\"call\":\"download\",\"with\":{\"lost\":\"before\"}}");
	request(f, "GET", path, f->bot, NULL, NULL);
	assert_int_equal(f->status, 0);
	say(f, "answer", "{\"call\":\"download\",\"with\":{\"delay\":\"5s\"}}");
	start_request(f, "GET", path, f->bot, NULL, NULL);
	advance(f, 4000);
	assert_false(f->done);
	advance(f, 2000);
	pump(f);
	assert_string_equal(f->body, "0123456789");
}

/* Sends all of a large body while the loop turns. */
static void push(struct fixture *f, int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			data += sent;
			n -= (size_t)sent;
		} else {
			loop_drain(f->loop);
		}
	}
}

enum { LARGE = 100 * 1024 * 1024, PART = 1024 * 1024 };

/* Reads an answer of LARGE bytes and gives its digest as hex (caller's). */
static char *pull_digest(struct fixture *f, int fd)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	autofree char *data = xmalloc(PART);
	unsigned char out[EVP_MAX_MD_SIZE];
	size_t got = 0, head = 0;
	char *hex;

	EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
	while (got < LARGE) {
		ssize_t n = recv(fd, data, PART - 1, MSG_DONTWAIT);
		size_t skip = 0;

		if (n <= 0) {
			assert_true(n < 0 && errno == EAGAIN);
			loop_drain(f->loop);
			continue;
		}
		if (!head) {
			char *end;

			data[n] = '\0';
			end = strstr(data, "\r\n\r\n");
			assert_non_null(end);
			head = skip = (size_t)(end + 4 - data);
		}
		EVP_DigestUpdate(digest, data + skip, (size_t)n - skip);
		got += (size_t)n - skip;
	}
	EVP_DigestFinal_ex(digest, out, NULL);
	EVP_MD_CTX_free(digest);
	hex = hex_encode(out, 32);
	return hex;
}

static void test_large_both_ways(void **state)
{
	struct fixture *f = *state;
	autofree char *form = xasprintf("filename=big.bin&length=%d", LARGE);
	autofree char *part = xmalloc(PART), *id = NULL, *head = NULL, *got = NULL;
	autofree char *complete = NULL, *get = NULL, *digest = NULL;
	char answer[1024];
	ssize_t n = -1;
	int fd;

	memset(part, 'x', PART);
	call_ok(f, "files.getUploadURLExternal", form);
	id = xstrdup(json_str(f->reply, "file_id"));
	head = xasprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
	        path_of(f, json_str(f->reply, "upload_url")), LARGE);
	fd = connect_raw(f);
	send_all(fd, head, strlen(head));
	for (int i = 0; i < LARGE / PART; i++) {
		push(f, fd, part, PART);
	}
	for (int i = 0; i < TURNS_MAX && n < 0; i++) {
		loop_drain(f->loop);
		n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	}
	assert_true(n > 0);
	answer[n] = '\0';
	assert_true(str_starts(answer, "HTTP/1.1 200"));
	assert_true(str_ends(answer, "OK - 104857600"));
	complete = xasprintf("files=[{\"id\":\"%s\"}]", id);
	call_ok(f, "files.completeUploadExternal", complete);
	digest = xstrdup(json_str(last_record(f, "file", "file_id", id), "sha256"));

	get = xasprintf("GET /files-pri/T0SIMTEAM0-%s/big.bin HTTP/1.1\r\nHost: a\r\n"
	                "Authorization: Bearer %s\r\n\r\n",
	        id, f->bot);
	send_all(fd, get, strlen(get));
	got = pull_digest(f, fd);
	assert_string_equal(got, digest);
	close(fd);
	loop_drain(f->loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_upload_and_share, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_upload_as_form_and_several, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_added_by_an_update, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_upload_refused, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_customised_and_archived, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_people_share_and_bot_downloads,
	                fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_pictures_are_measured, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_deleted_changed_unshared, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_slack_connect_and_limits, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_seen_only_by_members, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_list_pages, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_ranges_and_head, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_faults_of_transfers, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_large_both_ways, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
