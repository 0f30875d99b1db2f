/* Links to pictures, and what is served under them: the appservice's listener in front, a
 * scripted homeserver behind. */
#include "scripted_server.h"

#include "bridge/matrix/appservice.h"
#include "bridge/ops/public_media.h"
#include "lib/http_client.h"

#include "config_help.h"

#include <stdio.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define MXC "mxc://example.org/abc_D-1"
#define PREFIX "/_mautrix/publicmedia"
/* HMAC-SHA256 with the key "k" over "example.org/abc_D-1", reckoned elsewhere */
#define SIGNATURE "hUFZJ_llNUFJZpei2BTiBSDC_Wf_EbjP4vrW7DQadpg"
#define LINK PREFIX "/example.org/abc_D-1/" SIGNATURE
#define NEW_WAY "/_matrix/client/v1/media/download/example.org/abc_D-1"
#define OLD_WAY "/_matrix/media/v3/download/example.org/abc_D-1"
#define NOT_FOUND "{\"errcode\":\"M_NOT_FOUND\",\"error\":\"Not found.\"}"
#define TRY_AGAIN "{\"errcode\":\"M_UNKNOWN\",\"error\":\"Try again.\"}"

static const char picture[] = "\x89PNG\r\n\0\x1a";

struct told {
	unsigned times;
	int status; /* 0: no answer */
	char *type, *cache, *policy, *nosniff;
	char *body;
	size_t bytes;
};

struct fixture {
	struct loop *loop;
	struct script script; /* the homeserver */
	struct loaded loaded;
	struct http_client *http, *slack;
	struct matrix *matrix;
	struct public_media *media;
	struct appservice *as;
	/* what the homeserver answers */
	const char *type;
	struct str body;
	bool is_cut;
	/* here, for those that may outlive a test that fails */
	struct told told[PUBLIC_MEDIA_MAX_FETCHES + 1];
};

static struct loaded load_with(const char *public_media)
{
	autofree char *text =
	        config_with("appservice.public_address", "https://bridge.example.org/");
	autofree char *all = xasprintf("%spublic_media: %s\n", text, public_media);
	struct loaded loaded = load(all);

	assert_non_null(loaded.config);
	return loaded;
}

/* ---------------------------------------------------------------- links */

static void test_urls(void **state)
{
	static const struct {
		const char *config, *mxc, *url;
	} cases[] = {
	        {"{enabled: true, signing_key: k}", MXC,
	                "https://bridge.example.org" LINK},
	        {"{enabled: true, signing_key: k, hash_length: 8, path_prefix: /p/}", MXC,
	                "https://bridge.example.org/p/example.org/abc_D-1/hUFZJ_llNUE"},
	        /* the key that follows from the as_token */
	        {"{enabled: true}", MXC,
	                "https://bridge.example.org" PREFIX
	                "/example.org/abc_D-1/_AuuJphFJxTsUbffqAsDVCrMPjN3HHWq1bvclXFFlsU"},
	        {"{enabled: true, signing_key: k}", "mxc://[::1]:8448/x",
	                "https://bridge.example.org" PREFIX
	                "/%5B%3A%3A1%5D%3A8448/x/_nohTvdEWl6BBz3hVdhgwly1vl3oXsfiPHZLzfnZV7c"},
	        {"{enabled: false}", MXC, NULL},
	        {"{}", MXC, NULL},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct loaded loaded = load_with(cases[i].config);
		autofree char *url = public_media_url(loaded.config, cases[i].mxc);
		if (!str_equal(url, cases[i].url)) {
			fail_msg("case %zu: %s", i, url == NULL ? "NULL" : url);
		}
		unload(&loaded);
	}
}

static void test_what_is_no_mxc(void **state)
{
	static const char *const cases[] = {NULL, "", "x", "mxc:", "mxc://", "mxc:///x",
	        "mxc://a", "mxc://a/", "mxc://a/b/", "mxc://a/b/c", "mxc://a/b?c",
	        "mxc://a/b#c", "mxc://a/b c", "mxc://a/..", "mxc://../b", "mxc://./b",
	        "mxc://a\n/b", "mxc://a/b\n", "mxc://a@b/c", "mxc://a%2F/b",
	        "mxc://\xC3\xA4/b", "MXC://a/b", "http://a/b", " mxc://a/b"};
	struct loaded loaded = load_with("{enabled: true}");

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		autofree char *url = public_media_url(loaded.config, cases[i]);
		if (url != NULL) {
			fail_msg("%s: %s", cases[i] == NULL ? "NULL" : cases[i], url);
		}
	}
	for (size_t n = 250; n < 260; n++) {
		autofree char *long_id = xasprintf("mxc://a/%0*d", (int)n, 7);
		autofree char *long_server = xasprintf("mxc://%0*d/b", (int)n, 7);
		autofree char *one = public_media_url(loaded.config, long_id);
		autofree char *other = public_media_url(loaded.config, long_server);
		assert_true((one != NULL) == (n <= 255));
		assert_true((other != NULL) == (n <= 255));
	}
	unload(&loaded);
}

static void test_signatures_differ(void **state)
{
	static const struct {
		const char *config, *mxc;
	} cases[] = {
	        {"{enabled: true, signing_key: k}", MXC},
	        {"{enabled: true, signing_key: l}", MXC},
	        {"{enabled: true}", MXC},
	        {"{enabled: true, signing_key: k}", "mxc://example.org/abc_D-2"},
	        {"{enabled: true, signing_key: k}", "mxc://example.com/abc_D-1"},
	};
	char signatures[SIZE(cases)][64];

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct loaded loaded = load_with(cases[i].config);
		autofree char *url = public_media_url(loaded.config, cases[i].mxc);
		snprintf(signatures[i], sizeof(signatures[i]), "%s",
		        strrchr(url, '/') + 1);
		assert_int_equal(strlen(signatures[i]), 43);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(signatures[i], signatures[j]);
		}
		unload(&loaded);
	}
}

/* ---------------------------------------------------------------- serving: set-up */

static void answer_as_told(struct http_request *req, void *arg)
{
	struct fixture *f = arg;

	if (f->is_cut) {
		http_request_reply_cut(req, 200, f->type, f->body, f->body.n - 1);
	} else {
		http_request_reply(req, 200, f->type, f->body);
	}
}

static void handle_transaction(
        struct appservice_txn *txn, const char *txn_id, const cJSON *events, void *arg)
{
	(void)txn_id;
	(void)events;
	(void)arg;
	appservice_txn_done(txn, NULL);
}

static bool handle_other(struct http_request *req, void *arg)
{
	struct fixture *f = arg;

	return f->media != NULL && public_media_take(f->media, req);
}

static const struct appservice_handlers handlers = {
        .transaction = handle_transaction,
        .other = handle_other,
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const struct http_client_options many = {
	        .user_agent = "Slack", .max_per_host = 16};
	struct err err;

	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, 1700000000000);
	f->loaded = load_with("{enabled: true, signing_key: k}");
	script_open(&f->script, f->loop);
	f->script.custom = answer_as_told;
	f->script.custom_arg = f;
	f->script.otherwise.how = CUSTOM;
	f->type = "image/png";
	f->body = (struct str){picture, sizeof(picture) - 1};
	f->http = http_client_create(f->loop, &many);
	f->slack = http_client_create(f->loop, &many);
	autofree char *address = script_url(&f->script, "");
	f->matrix = matrix_create(f->loop, f->http, address, "example.org",
	        f->loaded.config->appservice.as_token, "slackbot");
	f->media = public_media_create(f->matrix, f->loaded.config);
	f->as = appservice_create(f->loop, "127.0.0.1", 0, "hs", &handlers, f, &err);
	assert_non_null(f->as);
	*state = f;
	return 0;
}

static void forget(struct told *told)
{
	free(told->type);
	free(told->cache);
	free(told->policy);
	free(told->nosniff);
	free(told->body);
	*told = (struct told){0};
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	public_media_destroy(&f->media);
	appservice_destroy(&f->as);
	matrix_destroy(&f->matrix);
	http_client_destroy(&f->http);
	script_close(&f->script);
	pass_ms(f->loop, 100);
	http_client_destroy(&f->slack);
	loop_destroy(&f->loop);
	for (size_t i = 0; i < SIZE(f->told); i++) {
		forget(&f->told[i]);
	}
	unload(&f->loaded);
	free(f);
	return 0;
}

static void note(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct told *told = arg;

	(void)err;
	told->times++;
	if (reply == NULL) {
		return;
	}
	told->status = reply->status;
	told->type = xstrdup(reply->content_type);
	told->cache = xstrdup_null(http_reply_header(reply, "Cache-Control"));
	told->policy = xstrdup_null(http_reply_header(reply, "Content-Security-Policy"));
	told->nosniff = xstrdup_null(http_reply_header(reply, "X-Content-Type-Options"));
	told->bytes = reply->body.n;
	told->body = xmalloc(reply->body.n + 1);
	if (reply->body.n > 0) {
		memcpy(told->body, reply->body.p, reply->body.n);
	}
	told->body[reply->body.n] = '\0';
}

static struct http_req *start(
        struct fixture *f, const char *method, const char *path, struct told *told)
{
	autofree char *url = xasprintf(
	        "http://127.0.0.1:%u%s", (unsigned)appservice_port(f->as), path);
	struct http_req *req = http_req_create(f->slack, method, url);

	http_req_set_deadline(req, 3600000);
	http_req_start(req, note, told);
	pass_ms(f->loop, 0);
	return req;
}

/* Every answer, whatever it says, is harmless in a browser. */
static void assert_refused(struct told *told, int status, const char *what)
{
	if (told->times != 1 || told->status != status ||
	        !str_equal(told->body, status == 404 ? NOT_FOUND : TRY_AGAIN) ||
	        !str_equal(told->type, "application/json") ||
	        !str_equal(told->cache, "no-store") ||
	        !str_equal(told->policy, "sandbox") ||
	        !str_equal(told->nosniff, "nosniff")) {
		fail_msg("%s: %u answers, status %d: %s", what, told->times, told->status,
		        told->body == NULL ? "" : told->body);
	}
	forget(told);
}

static void assert_served(
        struct told *told, const char *type, struct str body, const char *what)
{
	if (told->times != 1 || told->status != 200 || !str_equal(told->type, type) ||
	        !str_equal(told->cache, "public, max-age=86400") ||
	        !str_equal(told->policy, "sandbox") ||
	        !str_equal(told->nosniff, "nosniff")) {
		fail_msg("%s: %u answers, status %d, type %s", what, told->times,
		        told->status, told->type == NULL ? "" : told->type);
	}
	assert_int_equal(told->bytes, body.n);
	assert_memory_equal(told->body, body.p, body.n);
	forget(told);
}

static struct told get(struct fixture *f, const char *path)
{
	struct told told = {0};

	start(f, "GET", path, &told);
	return told;
}

/* ---------------------------------------------------------------- serving */

static void test_picture_is_served(void **state)
{
	struct fixture *f = *state;
	autofree char *url = public_media_url(f->loaded.config, MXC);
	struct told told = get(f, url + strlen("https://bridge.example.org"));

	assert_served(&told, "image/png", f->body, url);
	assert_int_equal(f->script.asked_count, 1);
	assert_string_equal(f->script.asked[0].method, "GET");
	assert_string_equal(f->script.asked[0].path, NEW_WAY);
	assert_string_equal(
	        f->script.asked[0].query, "user_id=%40slackbot%3Aexample.org");
	assert_string_equal(f->script.asked[0].authorization, "Bearer secret-as");
}

/* What proxies and clients may do to a link without changing what it means. */
static void test_other_spellings(void **state)
{
	static const char *const cases[] = {
	        LINK "?size=48",
	        PREFIX "/example%2Eorg/abc%5fD-1/" SIGNATURE,
	        PREFIX "/[::1]:8448/x/_nohTvdEWl6BBz3hVdhgwly1vl3oXsfiPHZLzfnZV7c",
	        PREFIX "/%5b::1]%3A8448/x/_nohTvdEWl6BBz3hVdhgwly1vl3oXsfiPHZLzfnZV7c",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told told = get(f, cases[i]);
		assert_served(&told, "image/png", f->body, cases[i]);
	}
}

static void test_tampered_links(void **state)
{
	static const char *const cases[] = {
	        PREFIX "/",
	        PREFIX "//",
	        PREFIX "///",
	        PREFIX "/example.org/abc_D-1",
	        PREFIX "/example.org/abc_D-1/",
	        PREFIX "/example.org/abc_D-2/" SIGNATURE,
	        PREFIX "/example.com/abc_D-1/" SIGNATURE,
	        PREFIX "/example.org%2Fabc_D-1/" SIGNATURE,
	        PREFIX "/example.org/abc_D-1%2F/" SIGNATURE,
	        PREFIX "/example.org/abc_D-1%00/" SIGNATURE,
	        PREFIX "/example.org/abc_D-1%zz/" SIGNATURE,
	        PREFIX "/example.org/../abc_D-1/" SIGNATURE,
	        LINK "/",
	        LINK "/x",
	        LINK "=",
	        LINK "A",
	        LINK "%00",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told told = get(f, cases[i]);
		assert_refused(&told, 404, cases[i]);
	}
	for (size_t i = strlen(PREFIX) + 1; i < strlen(LINK); i++) {
		autofree char *cut = xstrndup(LINK, i);
		autofree char *changed = xstrdup(LINK);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		struct told told = get(f, cut);
		assert_refused(&told, 404, cut);
		told = get(f, changed);
		assert_refused(&told, 404, changed);
	}
	assert_int_equal(f->script.asked_count, 0);
}

static void test_other_methods_and_paths(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS"};
	static const char *const others[] = {
	        "/", PREFIX, PREFIX "x/example.org/abc_D-1/" SIGNATURE, "/x" LINK};
	struct fixture *f = *state;
	struct told told = {0};

	for (size_t i = 0; i < SIZE(methods); i++) {
		start(f, methods[i], LINK, &told);
		assert_refused(&told, 404, methods[i]);
	}
	for (size_t i = 0; i < SIZE(others); i++) {
		told = get(f, others[i]);
		assert_int_equal(told.status, 404);
		assert_non_null(strstr(told.body, "M_UNRECOGNIZED"));
		forget(&told);
	}
	assert_int_equal(f->script.asked_count, 0);
}

static void test_types(void **state)
{
	static const struct {
		const char *said, *passed_on; /* NULL: nothing */
	} cases[] = {
	        {"image/jpeg", "image/jpeg"},
	        {"image/svg+xml; charset=utf-8", "image/svg+xml"},
	        {"Image/X-Icon ;a=b", "Image/X-Icon"},
	        {"text/html", NULL},
	        {"application/json", NULL},
	        {"image", NULL},
	        {"image/", NULL},
	        {"image/;x", NULL},
	        {"image/png,text/html", NULL},
	        {"image/p/ng", NULL},
	        {"ximage/png", NULL},
	        {NULL, NULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		f->type = cases[i].said;
		struct told told = get(f, LINK);
		if (cases[i].passed_on == NULL) {
			assert_refused(&told, 404,
			        cases[i].said == NULL ? "no type" : cases[i].said);
		} else {
			assert_served(&told, cases[i].passed_on, f->body, cases[i].said);
		}
	}
}

static void test_size_has_a_bound(void **state)
{
	struct fixture *f = *state;
	autofree char *body = xmalloc(PUBLIC_MEDIA_MAX_BYTES + 1);

	memset(body, 'x', PUBLIC_MEDIA_MAX_BYTES + 1);
	f->body = (struct str){body, PUBLIC_MEDIA_MAX_BYTES};
	struct told told = get(f, LINK);
	assert_served(&told, "image/png", f->body, "as large as may be");
	f->body.n++;
	told = get(f, LINK);
	assert_refused(&told, 404, "too large");
}

static void test_homeserver_in_trouble(void **state)
{
	static const struct answer cases[] = {
	        {.status = 404, .body = "{\"errcode\":\"M_NOT_FOUND\"}"},
	        {.status = 404, .body = "<html>"},
	        {.status = 403, .body = "{\"errcode\":\"M_FORBIDDEN\"}"},
	        {.status = 502, .body = "<html>"},
	        {.status = 302, .body = ""},
	        {.status = 201, .body = "{}"},
	        {.how = DROP},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		f->script.otherwise = cases[i];
		struct told told = get(f, LINK);
		assert_refused(
		        &told, 404, cases[i].body == NULL ? "dropped" : cases[i].body);
	}
	f->script.otherwise = (struct answer){.how = CUSTOM};
	f->is_cut = true;
	struct told told = get(f, LINK);
	assert_refused(&told, 404, "half a picture");
}

static void test_old_homeserver(void **state)
{
	struct fixture *f = *state;

	script_add(&f->script, (struct answer){.path = NEW_WAY,
	                               .status = 404,
	                               .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"});
	struct told told = get(f, LINK);
	assert_served(&told, "image/png", f->body, "the old way");
	assert_int_equal(f->script.asked_count, 2);
	assert_string_equal(f->script.asked[1].path, OLD_WAY);
}

/* ---------------------------------------------------------------- many, and endings */

static void test_number_has_a_bound(void **state)
{
	const struct answer not_found = {
	        .status = 404, .body = "{\"errcode\":\"M_NOT_FOUND\"}"};
	struct fixture *f = *state;
	struct told *told = f->told;

	f->script.otherwise.how = HOLD;
	for (size_t i = 0; i < SIZE(f->told); i++) {
		start(f, "GET", LINK, &told[i]);
	}
	assert_int_equal(f->script.asked_count, PUBLIC_MEDIA_MAX_FETCHES);
	assert_refused(&told[PUBLIC_MEDIA_MAX_FETCHES], 503, "one too many");
	/* Who has no link learns nothing of it. */
	struct told wrong = get(f, LINK "x");
	assert_refused(&wrong, 404, "wrong while all are busy");

	script_release(&f->script, 3, &not_found);
	pass_ms(f->loop, 0);
	assert_refused(&told[3], 404, "the fourth");
	f->script.otherwise.how = CUSTOM;
	struct told next = get(f, LINK);
	assert_served(&next, "image/png", f->body, "in its place");
	for (size_t i = 0; i < PUBLIC_MEDIA_MAX_FETCHES; i++) {
		if (i != 3) {
			script_release(&f->script, i, &not_found);
			pass_ms(f->loop, 0);
			assert_refused(&told[i], 404, "another");
		}
	}
}

static void test_destroy_cancels(void **state)
{
	enum { WAITING = 3 };
	struct fixture *f = *state;

	f->script.otherwise.how = HOLD;
	for (size_t i = 0; i < WAITING; i++) {
		start(f, "GET", LINK, &f->told[i]);
	}
	assert_int_equal(f->script.asked_count, WAITING);
	public_media_destroy(&f->media);
	assert_null(f->media);
	matrix_destroy(&f->matrix); /* asserts that no call is left */
	pass_ms(f->loop, 600000);
	for (size_t i = 0; i < WAITING; i++) {
		assert_refused(&f->told[i], 503, "waiting at destroy");
	}
	struct told later = get(f, LINK);
	assert_non_null(strstr(later.body, "M_UNRECOGNIZED"));
	forget(&later);
}

static void test_client_that_went_away(void **state)
{
	struct fixture *f = *state;
	struct told *told = &f->told[0];

	f->script.otherwise.how = HOLD;
	struct http_req *req = start(f, "GET", LINK, told);
	http_req_cancel(&req);
	pass_ms(f->loop, 1000);
	script_release(&f->script, 0, &(struct answer){.body = "x"});
	pass_ms(f->loop, 1000);
	assert_int_equal(told->times, 0);
	f->script.otherwise.how = CUSTOM;
	*told = get(f, LINK);
	assert_served(told, "image/png", f->body, "the next");
}

static void test_homeserver_that_says_nothing(void **state)
{
	struct fixture *f = *state;
	struct told *told = &f->told[0];

	f->script.otherwise.how = HOLD;
	start(f, "GET", LINK, told);
	pass_ms(f->loop, 59000);
	assert_int_equal(told->times, 0);
	pass_ms(f->loop, 2000);
	assert_refused(told, 404, "past the deadline");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_urls),
	        cmocka_unit_test(test_what_is_no_mxc),
	        cmocka_unit_test(test_signatures_differ),
	        TEST(test_picture_is_served),
	        TEST(test_other_spellings),
	        TEST(test_tampered_links),
	        TEST(test_other_methods_and_paths),
	        TEST(test_types),
	        TEST(test_size_has_a_bound),
	        TEST(test_homeserver_in_trouble),
	        TEST(test_old_homeserver),
	        TEST(test_number_has_a_bound),
	        TEST(test_destroy_cancels),
	        TEST(test_client_that_went_away),
	        TEST(test_homeserver_that_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
