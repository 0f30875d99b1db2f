/* proves: MSG-08 */
#include "slack_fixture.h"

#include "bridge/flow/slack_file.h"
#include "bridge/slack/files.h"

static const struct {
	const char *what, *json;
	enum slack_file_kind kind;
	const char *url;
} kinds[] = {
        {"hosted", "{\"id\":\"F1\",\"size\":3,\"url_private\":\"u\"}", SLACK_FILE_HOSTED,
                "u"},
        {"empty", "{\"id\":\"F1\",\"size\":0,\"url_private\":\"u\"}", SLACK_FILE_HOSTED,
                "u"},
        {"download first",
                "{\"id\":\"F1\",\"size\":3,\"url_private\":\"u\","
                "\"url_private_download\":\"d\"}",
                SLACK_FILE_HOSTED, "d"},
        {"snippet",
                "{\"id\":\"F1\",\"size\":3,\"url_private\":\"u\",\"mode\":\"snippet\"}",
                SLACK_FILE_HOSTED, "u"},
        {"no size", "{\"id\":\"F1\",\"url_private\":\"u\"}", SLACK_FILE_ASK, "u"},
        {"no URL", "{\"id\":\"F1\",\"size\":3}", SLACK_FILE_ASK, ""},
        {"Connect", "{\"id\":\"F1\",\"file_access\":\"check_file_info\"}", SLACK_FILE_ASK,
                ""},
        {"deleted",
                "{\"id\":\"F1\",\"mode\":\"tombstone\",\"size\":3,\"url_private\":\"u\"}",
                SLACK_FILE_DELETED, "u"},
        {"hidden", "{\"id\":\"F1\",\"mode\":\"hidden_by_limit\"}", SLACK_FILE_HIDDEN, ""},
        {"elsewhere",
                "{\"id\":\"F1\",\"is_external\":true,\"url_private\":\"x\",\"size\":0}",
                SLACK_FILE_EXTERNAL, "x"},
        {"canvas", "{\"id\":\"F1\",\"mode\":\"quip\",\"url_private\":\"x\",\"size\":9}",
                SLACK_FILE_PAGE, "x"},
        {"denied", "{\"id\":\"F1\",\"file_access\":\"access_denied\"}", SLACK_FILE_DENIED,
                ""},
};

static void a_file_object_says_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE(kinds); i++) {
		struct slack_file file;
		autojson cJSON *json = json_parse(str_from(kinds[i].json), NULL);
		assert_true(slack_file_parse(json, &file));
		assert_int_equal(file.kind, kinds[i].kind);
		assert_string_equal(file.url, kinds[i].url);
	}
}

/* Cut anywhere, with numbers for texts and texts for numbers: no crash, no ID no file. */
static void odd_objects_are_no_files(void **state)
{
	static const char *const odd[] = {"{}", "[]", "1", "{\"id\":7}", "{\"id\":\"\"}",
	        "{\"id\":\"F1\",\"size\":\"big\",\"name\":{},\"mimetype\":[],"
	        "\"url_private\":9,\"audio_wave_samples\":{},\"original_w\":\"x\"}"};

	(void)state;
	for (size_t i = 0; i < SIZE(odd); i++) {
		struct slack_file file;
		autojson cJSON *json = json_parse(str_from(odd[i]), NULL);
		assert_int_equal(slack_file_parse(json, &file), i + 1 == SIZE(odd));
	}
}

static void where_it_was_shared(void **state)
{
	autojson cJSON *file = json_parse(
	        str_from("{\"shares\":{\"public\":{\"C1\":[{\"ts\":\"1.2\"},{\"ts\":"
	                 "\"3.4\"},{\"ts\":9}]},\"private\":{\"G1\":[{\"ts\":\"5.6\"}],"
	                 "\"G2\":{}}}}"),
	        NULL);

	(void)state;
	assert_string_equal(slack_file_share(file, "C1"), "3.4");
	assert_string_equal(slack_file_share(file, "G1"), "5.6");
	assert_null(slack_file_share(file, "G2"));
	assert_null(slack_file_share(file, "C2"));
	assert_null(slack_file_share(NULL, "C2"));
}

static const struct {
	const char *type, *first, *mimetype;
	bool is_page;
} pages[] = {
        {"text/html", "", "image/png", true},
        {"text/html; charset=utf-8", "<!DOCTYPE html>", "application/pdf", true},
        {"image/png", " \n<!doctype HTML>", "image/png", true},
        {"application/octet-stream", "<html lang=x>", "video/mp4", true},
        {"image/png", "\x89PNG", "image/png", false},
        {"text/html", "<html>", "text/html", false},
        {"text/plain", "<html>", "text/plain", false},
        {"application/octet-stream", "<ht", "video/mp4", false},
        {"", "", "image/png", false},
};

static void a_login_page_is_told_from_a_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE(pages); i++) {
		const struct http_reply head = {
		        .status = 200, .content_type = pages[i].type};
		assert_int_equal(slack_is_login_page(&head, str_from(pages[i].first),
		                         pages[i].mimetype),
		        pages[i].is_page);
	}
}

/* The token goes to Slack alone. */
static void only_slacks_own_hosts_are_asked(void **state)
{
	static const struct {
		const char *url;
		bool is_asked;
	} urls[] = {
	        {"https://files.slack.com/files-pri/T1-F1/a.png", true},
	        {"https://slack.com/x", true},
	        {"https://files.slack-gov.com/x", true},
	        {"http://files.slack.com/x", false},
	        {"https://files.slack.com:8443/x", false},
	        {"https://evilslack.com/x", false},
	        {"https://slack.com.evil.org/x", false},
	        {"https://files.slack.com@evil.org/x", false},
	        {"https://evil.org/?https://files.slack.com/", false},
	        {"file:///etc/passwd", false},
	        {"", false},
	        {"nonsense", false},
	};
	struct fixture *f = *state;
	autofree char *own = script_url(&f->script, "/files-pri/F1");

	for (size_t i = 0; i < SIZE(urls); i++) {
		struct http_req *req = slack_fetch_request(f->api, f->http, urls[i].url);
		assert_int_equal(req != NULL, urls[i].is_asked);
		http_req_cancel(&req);
		req = slack_send_request(f->api, f->http, urls[i].url);
		assert_int_equal(req != NULL, urls[i].is_asked);
		http_req_cancel(&req);
	}
	struct http_req *req = slack_fetch_request(f->api, f->http, own);
	assert_non_null(req); /* the Web API's own host */
	http_req_cancel(&req);
}

static void what_an_answer_to_a_fetch_means(void **state)
{
	static const struct {
		int status;
		enum err_kind kind;
	} answers[] = {{302, ERR_RETRY}, {401, ERR_PERMANENT}, {403, ERR_PERMANENT},
	        {404, ERR_PERMANENT}, {410, ERR_PERMANENT}, {408, ERR_RETRY},
	        {429, ERR_RETRY}, {500, ERR_RETRY}, {503, ERR_RETRY},
	        {418, ERR_PERMANENT}};

	(void)state;
	for (size_t i = 0; i < SIZE(answers); i++) {
		const struct http_reply reply = {
		        .status = answers[i].status, .retry_after_ms = 7000};
		struct err err = ERR_INIT;
		slack_fetch_error(&reply, &err);
		assert_int_equal(err.kind, answers[i].kind);
	}
}

/* ---------------------------------------------------------------- as an event */

static cJSON *content_of(const char *json)
{
	struct slack_file file;
	autojson cJSON *object = json_parse(str_from(json), NULL);

	assert_true(slack_file_parse(object, &file));
	return slack_file_content(&file, "mxc://x/1", "mxc://x/2");
}

static void a_file_becomes_an_event(void **state)
{
	static const struct {
		const char *mimetype, *msgtype;
	} types[] = {{"image/png", "m.image"}, {"image/svg+xml", "m.file"},
	        {"IMAGE/JPEG", "m.image"}, {"video/mp4", "m.video"},
	        {"audio/ogg", "m.audio"}, {"application/pdf", "m.file"}, {"", "m.file"}};

	(void)state;
	for (size_t i = 0; i < SIZE(types); i++) {
		autofree char *json = xasprintf(
		        "{\"id\":\"F1\",\"name\":\"a.b\",\"mimetype\":\"%s\",\"size\":5,"
		        "\"original_w\":7,\"original_h\":8,\"duration_ms\":9,"
		        "\"thumb_360\":\"t\",\"thumb_360_w\":3,\"thumb_360_h\":4}",
		        types[i].mimetype);
		autojson cJSON *content = content_of(json);
		assert_string_equal(json_str(content, "msgtype"), types[i].msgtype);
		assert_string_equal(json_str(content, "body"), "a.b");
		assert_string_equal(json_str(content, "filename"), "a.b");
		assert_string_equal(json_str(content, "url"), "mxc://x/1");
		assert_int_equal(json_int(content, "info.size", -1), 5);
		assert_int_equal(json_int(content, "info.w", -1), 7);
		assert_int_equal(json_int(content, "info.duration", -1), 9);
		assert_string_equal(json_str(content, "info.thumbnail_url"), "mxc://x/2");
		assert_int_equal(json_int(content, "info.thumbnail_info.w", -1), 3);
	}
}

static void a_clip_becomes_a_voice_message(void **state)
{
	autojson cJSON *content =
	        content_of("{\"id\":\"F1\",\"name\":\"clip\",\"mimetype\":\"audio/mp4\","
	                   "\"subtype\":\"slack_audio\",\"duration_ms\":1500,"
	                   "\"audio_wave_samples\":[0,50,100,-3,999,\"x\"]}");
	const cJSON *audio =
	        cJSON_GetObjectItemCaseSensitive(content, "org.matrix.msc1767.audio");
	const cJSON *wave = json_arr(audio, "waveform");
	static const int expected[] = {0, 512, 1024, 0, 1024, 0};

	(void)state;
	assert_non_null(
	        cJSON_GetObjectItemCaseSensitive(content, "org.matrix.msc3245.voice"));
	assert_int_equal(json_int(audio, "duration", -1), 1500);
	assert_int_equal(cJSON_GetArraySize(wave), 6);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(cJSON_GetArrayItem(wave, i)->valueint, expected[i]);
	}
}

static void a_notice_stands_for_a_file(void **state)
{
	struct slack_file file;
	autojson cJSON *json =
	        json_parse(str_from("{\"id\":\"F1\",\"name\":\"a.b\",\"size\":12345678,"
	                            "\"permalink\":\"https://x.slack.com/f\"}"),
	                NULL);

	(void)state;
	assert_true(slack_file_parse(json, &file));
	autojson cJSON *notice = slack_file_notice(&file, "too large");
	assert_string_equal(json_str(notice, "msgtype"), "m.notice");
	assert_string_equal(json_str(notice, "body"),
	        "\xF0\x9F\x93\x8E a.b (12.3 MB): too large\nhttps://x.slack.com/f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_file_object_says_what_it_is),
	        cmocka_unit_test(odd_objects_are_no_files),
	        cmocka_unit_test(where_it_was_shared),
	        cmocka_unit_test(a_login_page_is_told_from_a_file),
	        cmocka_unit_test_setup_teardown(
	                only_slacks_own_hosts_are_asked, set_up, tear_down),
	        cmocka_unit_test(what_an_answer_to_a_fetch_means),
	        cmocka_unit_test(a_file_becomes_an_event),
	        cmocka_unit_test(a_clip_becomes_a_voice_message),
	        cmocka_unit_test(a_notice_stands_for_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
