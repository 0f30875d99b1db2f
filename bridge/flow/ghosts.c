#include "bridge/flow/ghosts.h"

#include "bridge/config/template.h"
#include "bridge/flow/app.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { MAX_AVATAR_BYTES = 4 * 1024 * 1024, AVATAR_DEADLINE_MS = 15000 };

struct ghosts {
	struct app *app;
	struct map *known;  /* "team user" -> struct ghost */
	struct map *makers; /* likewise -> struct maker */
	struct list former; /* ghost::link; flows may still look at them */
};

/* One ghost being made; several flows may wait for it. */
struct maker {
	struct ghosts *ghosts;
	struct login *login;
	char *key, *user_id;
	bool is_bot;
	bool refresh;    /* a ghost that is there is brought up to date */
	bool is_there;   /* it is registered */
	bool same_name;  /* as it has */
	bool same_image; /* likewise */
	char *mxid, *name, *avatar_url, *avatar_mxc;
	struct list waiters; /* waiter::link */
	/* At most one of these is out. */
	struct store_tx *tx;
	struct slack_call *slack;
	struct matrix_call *matrix;
	struct http_req *download;
};

static char *key_of(const char *team_id, const char *user_id)
{
	return xasprintf("%s %s", team_id, user_id);
}

static void free_ghost(void *value)
{
	struct ghost *ghost = value;
	free(ghost->mxid);
	free(ghost->name);
	free(ghost->avatar_url);
	free(ghost);
}

static void free_maker(void *value)
{
	struct maker *maker = value;

	waiters_drop(&maker->waiters);
	store_tx_cancel(&maker->tx);
	slack_call_cancel(&maker->slack);
	matrix_call_cancel(&maker->matrix);
	http_req_cancel(&maker->download);
	free(maker->key);
	free(maker->user_id);
	free(maker->mxid);
	free(maker->name);
	free(maker->avatar_url);
	free(maker->avatar_mxc);
	free(maker);
}

/* The one end of a making. Touch nothing after. */
static void finish(struct maker *maker, const struct err *err)
{
	struct list waiters;

	if (err->kind == ERR_NONE && maker->mxid != NULL) {
		struct ghost *ghost = xcalloc(1, sizeof(*ghost));
		list_init(&ghost->link);
		ghost->mxid = xstrdup(maker->mxid);
		ghost->name = xstrdup(maker->name);
		ghost->avatar_url = xstrdup(maker->avatar_url);
		ghost = map_set(maker->ghosts->known, maker->key, ghost);
		if (ghost != NULL) {
			list_add_tail(&maker->ghosts->former, &ghost->link);
		}
	}
	map_del(maker->ghosts->makers, maker->key);
	waiters_move(&maker->waiters, &waiters);
	free_maker(maker);
	waiters_finish(&waiters, err);
}

/* ---------------------------------------------------------------- from the last step to
 * the first */

static void handle_stored(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	(void)results;
	maker->tx = NULL;
	finish(maker, err);
}

static void store_ghost(struct maker *maker)
{
	struct app *app = maker->ghosts->app;

	maker->tx = store_tx_create(app->store);
	store_tx_add(maker->tx, STMT_GHOST_PUT, "ssssssi", maker->login->team_id,
	        maker->user_id, maker->mxid, maker->name, maker->avatar_url,
	        maker->avatar_mxc == NULL ? "" : maker->avatar_mxc,
	        loop_wall_ms(app->loop));
	store_tx_submit(maker->tx, handle_stored, maker);
}

static void picture_failed(struct maker *maker, const char *what, const char *why)
{
	log_warn("ghost without picture", "user=%s step=%s error=\"%s\"", maker->user_id,
	        what, why);
	store_ghost(maker);
}

static void handle_avatar_set(const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->matrix = NULL;
	if (err->kind != ERR_NONE) {
		picture_failed(maker, "set", err->msg);
		return;
	}
	store_ghost(maker);
}

static void handle_uploaded(const char *mxc, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->matrix = NULL;
	if (err->kind != ERR_NONE) {
		picture_failed(maker, "upload", err->msg);
		return;
	}
	str_replace(&maker->avatar_mxc, mxc);
	maker->matrix = matrix_set_avatar(
	        maker->ghosts->app->matrix, maker->mxid, mxc, handle_avatar_set, maker);
}

static void handle_downloaded(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->download = NULL;
	if (reply == NULL || reply->status != 200 ||
	        !str_starts(reply->content_type, "image/")) {
		picture_failed(
		        maker, "download", reply == NULL ? err->msg : "no picture there");
		return;
	}
	maker->matrix = matrix_upload(maker->ghosts->app->matrix, maker->mxid,
	        reply->content_type, reply->body, handle_uploaded, maker);
}

static void fetch_picture(struct maker *maker);

static void handle_named(const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->matrix = NULL;
	if (err->kind == ERR_PERMANENT) {
		/* Too long for the homeserver, say. No reason to lose what they write. */
		log_warn("ghost without name", "user=%s error=\"%s\"", maker->user_id,
		        err->msg);
	} else if (err->kind != ERR_NONE) {
		finish(maker, err);
		return;
	}
	fetch_picture(maker);
}

static void fetch_picture(struct maker *maker)
{
	if (maker->same_image || maker->avatar_url[0] == '\0') {
		store_ghost(maker);
		return;
	}
	/* Slack's pictures are public: no token goes to a host that a profile names. */
	maker->download =
	        http_req_create(maker->ghosts->app->http, "GET", maker->avatar_url);
	http_req_set_max_reply(maker->download, MAX_AVATAR_BYTES);
	http_req_set_deadline(maker->download, AVATAR_DEADLINE_MS);
	http_req_start(maker->download, handle_downloaded, maker);
}

static void set_name(struct maker *maker)
{
	if (maker->same_name) {
		fetch_picture(maker);
		return;
	}
	maker->matrix = matrix_set_displayname(maker->ghosts->app->matrix, maker->mxid,
	        maker->name, handle_named, maker);
}

static void handle_registered(const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->matrix = NULL;
	if (err->kind != ERR_NONE) {
		finish(maker, err);
		return;
	}
	set_name(maker);
}

static void register_ghost(struct maker *maker)
{
	struct app *app = maker->ghosts->app;
	autofree char *lower = xstrdup(maker->user_id);

	/* A Matrix localpart holds no capitals (Matrix spec, Appendices, "User
	 * Identifiers"). */
	for (char *p = lower; *p != '\0'; p++) {
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	}
	autofree char *team = xstrdup(maker->login->team_id);
	for (char *p = team; *p != '\0'; p++) {
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	}
	autofree char *id = xasprintf("%s-%s", team, lower);
	autofree char *localpart = config_ghost_localpart(app->config, id);
	free(maker->mxid);
	maker->mxid = matrix_mxid(app->matrix, localpart);
	maker->matrix = matrix_register(app->matrix, localpart, handle_registered, maker);
}

static cJSON *profile_of(const struct slack_user *user)
{
	cJSON *profile = json_new();

	json_set_str(profile, "DisplayName", user->display_name);
	json_set_str(profile, "RealName", user->real_name);
	json_set_str(profile, "FirstName", user->first_name);
	json_set_str(profile, "LastName", user->last_name);
	json_set_str(profile, "Title", user->title);
	json_set_str(profile, "Pronouns", user->pronouns);
	json_set_str(profile, "Email", user->email);
	return json_set_str(profile, "Phone", user->phone);
}

char *ghosts_name(const struct login *login, const struct slack_user *user)
{
	const struct config *config = login->app->config;
	autojson cJSON *vars = json_new();
	cJSON *team = json_new();
	struct err err;

	json_set_str(team, "Name", login->team_name);
	json_set_str(team, "Domain", login->team_domain);
	json_set(vars, "Team", team);
	json_set_str(vars, "ID", user->id);
	json_set_str(vars, "TeamID", user->team_id);
	json_set_str(vars, "Name", user->name);
	json_set_str(vars, "TZ", user->tz);
	json_set_str(vars, "TZLabel", user->tz_label);
	json_set_int(vars, "TZOffset", user->tz_offset_s);
	json_set_bool(vars, "IsBot", user->is_bot);
	json_set(vars, "Profile", profile_of(user));
	char *name = template_expand(config->slack.displayname_template, vars, &err);
	if (name == NULL || name[0] == '\0') {
		log_warn("displayname_template gives no name", "user=%s error=\"%s\"",
		        user->id, name == NULL ? err.msg : "empty");
		free(name);
		name = xstrdup(user->name[0] == '\0' ? user->id : user->name);
	}
	return name;
}

/* What the ghost has stays if Slack does not show its user any more. */
static void take_unknown(struct maker *maker, const struct err *err)
{
	static const struct err none = ERR_INIT;

	log_warn("Slack does not show a user", "user=%s error=%s", maker->user_id,
	        err->name);
	if (maker->is_there) {
		finish(maker, &none);
		return;
	}
	maker->name = xstrdup(maker->user_id);
	maker->avatar_url = xstrdup("");
	register_ghost(maker);
}

static void handle_user(const struct slack_user *user, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->slack = NULL;
	if (err->kind == ERR_PERMANENT) {
		take_unknown(maker, err);
		return;
	}
	if (err->kind != ERR_NONE) {
		finish(maker, err);
		return;
	}
	autofree char *name = ghosts_name(maker->login, user);
	maker->same_name = maker->is_there && str_equal(name, maker->name);
	maker->same_image =
	        maker->is_there && str_equal(user->avatar_url, maker->avatar_url);
	str_replace(&maker->name, name);
	str_replace(&maker->avatar_url, user->avatar_url);
	if (maker->is_there) {
		set_name(maker);
	} else {
		register_ghost(maker);
	}
}

/* Columns: see GHOST_GET. */
static void handle_row(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct maker *maker = arg;
	struct slack_api *api = maker->login->bot_api;

	maker->tx = NULL;
	maker->is_there = err->kind == ERR_NONE && store_rows(results[0]) > 0;
	if (maker->is_there) {
		maker->mxid = xstrdup(store_text(results[0], 0, 0));
		maker->name = xstrdup(store_text(results[0], 0, 1));
		maker->avatar_url = xstrdup(store_text(results[0], 0, 2));
		maker->avatar_mxc = xstrdup(store_text(results[0], 0, 3));
	}
	if (err->kind != ERR_NONE || maker->is_there != maker->refresh) {
		finish(maker, err);
		return;
	}
	maker->slack =
	        maker->is_bot ? slack_bots_info(api, maker->user_id, handle_user, maker)
	                      : slack_users_info(api, maker->user_id, handle_user, maker);
}

/* ---------------------------------------------------------------- public */

struct ghosts *ghosts_create(struct app *app)
{
	struct ghosts *ghosts = xcalloc(1, sizeof(*ghosts));

	ghosts->app = app;
	ghosts->known = map_create();
	ghosts->makers = map_create();
	list_init(&ghosts->former);
	return ghosts;
}

void ghosts_destroy(struct ghosts **ghosts)
{
	if (*ghosts == NULL) {
		return;
	}
	map_destroy(&(*ghosts)->makers, free_maker);
	map_destroy(&(*ghosts)->known, free_ghost);
	list_for_each(it, &(*ghosts)->former)
	{
		list_del(it);
		free_ghost(container_of(it, struct ghost, link));
	}
	free(*ghosts);
	*ghosts = NULL;
}

const struct ghost *ghosts_find(
        const struct ghosts *ghosts, const char *team_id, const char *user_id)
{
	autofree char *key = key_of(team_id, user_id);
	return map_get(ghosts->known, key);
}

static struct maker *start(struct ghosts *ghosts, struct login *login, const char *key,
        const char *user_id, bool is_bot)
{
	struct maker *maker = xcalloc(1, sizeof(*maker));

	maker->ghosts = ghosts;
	maker->login = login;
	maker->key = xstrdup(key);
	maker->user_id = xstrdup(user_id);
	maker->is_bot = is_bot;
	list_init(&maker->waiters);
	map_set(ghosts->makers, key, maker);
	maker->tx = store_tx_create(ghosts->app->store);
	store_tx_add(maker->tx, STMT_GHOST_GET, "ss", login->team_id, user_id);
	store_tx_submit(maker->tx, handle_row, maker);
	return maker;
}

struct waiter *ghosts_ensure(struct ghosts *ghosts, struct login *login,
        const char *user_id, bool is_bot, waiter_fn *done, void *arg)
{
	autofree char *key = key_of(login->team_id, user_id);
	struct maker *maker = map_get(ghosts->makers, key);

	if (maker == NULL) {
		maker = start(ghosts, login, key, user_id, is_bot);
	}
	return waiter_add(&maker->waiters, done, arg);
}

struct waiter *ghosts_refresh(struct ghosts *ghosts, struct login *login,
        const char *user_id, waiter_fn *done, void *arg)
{
	autofree char *key = key_of(login->team_id, user_id);
	struct maker *maker = map_get(ghosts->makers, key);

	/* One that is being made asks Slack itself, or is refreshed already. */
	if (maker == NULL) {
		maker = start(ghosts, login, key, user_id, false);
		maker->refresh = true;
	}
	return waiter_add(&maker->waiters, done, arg);
}
