/* state: what the homeserver knows: users, devices, rooms, events. Only data and
 * look-ups; the rules of changing it are in events, auth_rules, members and their
 * neighbours. */
#ifndef SIM_MATRIX_STATE_H
#define SIM_MATRIX_STATE_H

#include "lib/json.h"
#include "lib/list.h"
#include "lib/loop.h"
#include "lib/map.h"
#include "lib/rand.h"
#include "lib/verb.h"
#include "sim-matrix/profile.h"
#include "sim-matrix/sim_matrix.h"
#include <stddef.h>
#include <stdint.h>

struct room;
struct user;

struct event { /* never freed before the homeserver is */
	char *event_id;
	char *type;
	char *sender;
	char *state_key; /* NULL: not a state event */
	char *redacts;   /* the event a redaction takes away; NULL: none */
	cJSON *content;
	char *txn_id; /* of the request that made it, or NULL */
	int64_t ts_ms;
	uint64_t count; /* its place in the server's stream */
	struct room *room;
	const struct event *replaces; /* the state event it took the place of, or NULL */
	const struct event *redacted_by;   /* or NULL */
	const struct event *edited_by;     /* its newest edit, or NULL */
	const struct event *thread_newest; /* of the thread it began, or NULL */
	size_t thread_count;
	bool referenced; /* an m.reference names it */
	size_t place;    /* its index in the room's timeline */
	bool by_as;      /* an appservice asked for it */
};

struct receipt { /* the newest m.read of a user, for the room or for one thread */
	char *user_id;
	char *event_id;
	char *thread_id; /* NULL: for the whole room */
	bool is_private;
	int64_t ts_ms;
	uint64_t count;
};

struct room {
	struct sim_matrix *sim;
	char *room_id;
	char *label;         /* the short name given by the verb that made it, or NULL */
	const char *version; /* static */
	uint64_t short_id;   /* counts up with each room made */
	struct event **events;
	size_t event_count, event_room;
	struct map *state; /* state_key_of(type, key) -> struct event; see room_state() */
	struct map *members; /* user ID -> the struct event of their membership now */
	struct map
	        *aliases; /* local aliases that point here -> owned text: who made them */
	size_t joined;    /* members with membership join */
	bool is_public;   /* in the room directory */
	struct map *typing; /* user ID -> owned int64_t: when it ends, monotonic ms */
	uint64_t typing_count;
	struct timer typing_timer; /* somebody's typing is over */
	struct map *receipts;      /* owned struct receipt, by user, privacy and thread */
	struct map *as_inside; /* appservice ID -> &yes or &no; cleared when a membership
	                          changes */
};

struct device {
	struct user *user;
	char *device_id;
	char *token;
	char *display_name; /* may be NULL */
	struct list inbox;  /* struct to_device::link, oldest first */
	size_t inbox_count;
	int64_t seen_ms;      /* wall time of its last request; 0: never */
	cJSON *keys;          /* as uploaded; NULL: none */
	cJSON *one_time_keys; /* "algorithm:ID" -> key; NULL: none */
	cJSON *fallback_keys; /* algorithm -> {"id","key","used"}; NULL: none */
};

struct to_device {
	struct list link;
	uint64_t count;
	cJSON *event;
};

struct account_datum {
	char *room_id; /* NULL: global */
	char *type;
	cJSON *content;
	uint64_t count;
};

struct user {
	char *user_id;
	char *localpart;
	char *displayname; /* NULL: unset; as all below */
	char *avatar_url;
	cJSON *profile_extra; /* further profile fields; an object */
	char *password;
	char *made_by; /* ID of the appservice that registered it; NULL: a person or the
	                  server */
	bool auto_accept;         /* a person who accepts invites */
	bool is_server;           /* @conduit */
	struct map *devices;      /* device ID -> struct device */
	struct map *rooms;        /* room ID -> struct event of the membership now */
	struct map *account_data; /* "room type" -> struct account_datum */
	struct map *filters;      /* filter ID -> cJSON */
	cJSON *presence;
	uint64_t presence_count; /* when it last changed */
	bool deactivated;
	int64_t rate_spent_ms; /* see rates.c */
	cJSON *pushers;        /* an array; NULL: none */
	cJSON *cross_keys;     /* "master_key" ... -> as uploaded; NULL: none */
	uint64_t keys_count;   /* when keys or devices last changed; 0: never */
	uint64_t next_filter;
};

struct call;
struct face;
struct faults;
struct records;
struct push_service;
struct people;
struct http_client;

struct sim_matrix {
	struct loop *loop;
	const struct profile *profile;
	char *server_name;
	char *url;
	uint64_t seed;
	struct rand rand;
	uint64_t count;      /* the server's stream */
	uint64_t next_short; /* room */

	struct map *users;        /* user ID -> struct user */
	struct map *rooms;        /* room ID -> struct room */
	struct map *events;       /* event ID -> struct event */
	struct map *aliases;      /* alias -> struct room (borrowed) */
	struct map *tokens;       /* access token -> struct device (borrowed) */
	struct map *uia_sessions; /* session -> anything, see uia.h */
	struct map *login_tokens; /* token -> owned, api_account.c's */
	struct map *openid;       /* token -> struct user (borrowed) */
	struct map *txns;         /* idempotency: key -> struct txn, see txns.h */
	struct map *media;        /* media ID -> struct media, see media.h */
	uint64_t media_bytes;
	size_t upload_max;       /* of one upload */
	struct list appservices; /* struct appservice::link, by ID */
	struct user *server_user;
	struct user *admin;
	struct room *admin_room;
	const struct event *admin_reply; /* the newest reply to an admin command */

	int64_t rate_burst, rate_every_ms; /* of sends; 0: no limit */
	bool rate_all;     /* also an appservice that is registered as not limited */
	struct list asks;  /* struct as_ask::link: questions to appservices */
	struct list calls; /* struct call::link: being answered */
	struct timer sync_timer;
	struct timer start_timer; /* ends a time of being down */
	struct faults *faults;
	struct records *records;
	struct people *people;
	struct http_client *http;
	struct face *face;
	bool booted;  /* the admin room stands: events are reported */
	bool is_down; /* by verb: neither answers nor sends */
};

/* ---- users ---- */
struct user *user_find(const struct sim_matrix *sim, const char *user_id);
/* The caller has checked that it is new. password NULL: cannot log in with one. */
struct user *user_create(
        struct sim_matrix *sim, const char *localpart, const char *password);
struct device *device_create(struct sim_matrix *sim, struct user *user,
        const char *device_id, const char *display_name);
/* A new token for the device; the old one is forgotten. */
void device_renew_token(struct sim_matrix *sim, struct device *device);
void device_destroy(struct sim_matrix *sim, struct device *device);
void to_device_drop(struct device *device, struct to_device *message);
struct device *device_by_token(const struct sim_matrix *sim, const char *token);
/* "@localpart:server". Caller frees. */
char *user_id_of(const struct sim_matrix *sim, const char *localpart);
bool user_is_local(const struct sim_matrix *sim, const char *user_id);
/* "@x:y" with something on both sides. */
bool user_id_valid(const char *user_id);
/* content is taken. */
void account_data_set(struct sim_matrix *sim, struct user *user, const char *room_id,
        const char *type, cJSON *content);
const cJSON *account_data_get(
        const struct user *user, const char *room_id, const char *type);

/* ---- rooms ---- */
struct room *room_find(const struct sim_matrix *sim, const char *room_id);
/* An empty room, without events. */
struct room *room_create_empty(struct sim_matrix *sim, const char *room_id,
        const char *version, const char *label);
struct event *room_state(
        const struct room *room, const char *type, const char *state_key);
/* 11 for "11". */
int room_version_number(const struct room *room);
/* The key of room->state. Caller frees. */
char *state_key_of(const char *type, const char *state_key);
/* "join", "invite", "leave", "ban", "knock"; NULL: no member event. */
const char *room_membership(const struct room *room, const char *user_id);
bool room_is_joined(const struct room *room, const char *user_id);
/* The short name for people and records: label, else m.room.name without #, else the ID.
 */
const char *room_short_name(const struct room *room);
/* The name a member goes by in the room. */
const char *room_name_of_user(
        const struct sim_matrix *sim, const struct room *room, const char *user_id);
void alias_set(struct sim_matrix *sim, const char *alias, struct room *room,
        const char *creator);

/* ---- ends ---- */
void state_init(struct sim_matrix *sim);
void state_finish(struct sim_matrix *sim);
void users_finish(struct sim_matrix *sim); /* its part for users and devices */

#endif
