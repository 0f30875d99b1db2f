#include "bridge/store/pg_address.h"

#include "bridge/store/store.h"
#include "lib/mem.h"
#include "lib/resolve.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 64 };

/* A host that says nothing any more is noticed in half a minute; a connection attempt
 * takes ten seconds at most; only a server that takes writes will do, so that a failover
 * between several hosts finds the right one. */
static const char *const added[][2] = {
        {"client_encoding", "UTF8"},
        {"connect_timeout", "10"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "30000"},
        {"target_session_attrs", "read-write"},
};

struct pg_address {
	struct loop *loop;
	char *keys[MAX_KEYS + 1], *values[MAX_KEYS + 1]; /* ended by NULL */
	size_t count;
	struct resolve *question;
	pg_address_fn *fn;
	void *arg;
};

static void set(struct pg_address *address, const char *key, const char *value)
{
	if (address->count < MAX_KEYS) {
		address->keys[address->count] = xstrdup(key);
		address->values[address->count++] = xstrdup(value);
	}
}

static const char *get(const struct pg_address *address, const char *key)
{
	for (size_t i = 0; i < address->count; i++) {
		if (str_equal(address->keys[i], key)) {
			return address->values[i];
		}
	}
	return NULL;
}

struct pg_address *pg_address_read(
        struct loop *loop, const char *uri, const char *name, struct err *err)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(uri, &message);

	PQfreemem(message); /* it quotes the text */
	if (options == NULL) {
		err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION,
		        "database.uri is no PostgreSQL URI (not shown: it may hold a password); "
		        "expected postgres://user@host/database?sslmode=verify-full or "
		        "postgres:///database?host=/run/postgresql");
		return NULL;
	}
	struct pg_address *address = xcalloc(1, sizeof(*address));
	address->loop = loop;
	for (const PQconninfoOption *option = options; option->keyword != NULL;
	        option++) {
		if (option->val != NULL) {
			set(address, option->keyword, option->val);
		}
	}
	PQconninfoFree(options);
	set(address, "application_name", name); /* the later of two counts */
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		if (get(address, added[i][0]) == NULL) {
			set(address, added[i][0], added[i][1]);
		}
	}
	return address;
}

void pg_address_free(struct pg_address **freeing)
{
	struct pg_address *address = *freeing;

	if (address == NULL) {
		return;
	}
	resolve_cancel(&address->question);
	for (size_t i = 0; i < address->count; i++) {
		free(address->keys[i]);
		free(address->values[i]);
	}
	free(address);
	*freeing = NULL;
}

static const char *const *keys_of(const struct pg_address *address)
{
	return (const char *const *)address->keys;
}

static const char *const *values_of(const struct pg_address *address)
{
	return (const char *const *)address->values;
}

PGconn *pg_address_connect(const struct pg_address *address)
{
	return PQconnectdbParams(keys_of(address), values_of(address), 0);
}

static void handle_resolved(
        const struct resolved *found, const struct err *err, void *arg)
{
	struct pg_address *address = arg;
	const char *keys[MAX_KEYS + 2], *values[MAX_KEYS + 2];

	address->question = NULL;
	if (found == NULL) {
		address->fn(NULL, NULL, err, address->arg);
		return;
	}
	for (size_t i = 0; i < address->count; i++) {
		keys[i] = address->keys[i];
		values[i] = address->values[i];
	}
	keys[address->count] = "hostaddr"; /* "host" stays for the certificate */
	values[address->count] = found->addresses[0];
	keys[address->count + 1] = values[address->count + 1] = NULL;
	address->fn(keys, values, err, address->arg);
}

/* A name that libpq would look up itself. */
static bool wants_resolving(const struct pg_address *address, const char *host)
{
	return host != NULL && host[0] != '\0' && host[0] != '/' && host[0] != '@' &&
	       strchr(host, ',') == NULL && get(address, "hostaddr") == NULL;
}

void pg_address_find(struct pg_address *address, pg_address_fn *fn, void *arg)
{
	const char *host = get(address, "host");
	struct resolved known;
	struct err err = ERR_INIT;

	address->fn = fn;
	address->arg = arg;
	if (!wants_resolving(address, host)) {
		fn(keys_of(address), values_of(address), &err, arg);
	} else if (resolve_known(host, &known)) {
		handle_resolved(&known, &err, address);
	} else {
		address->question = resolve_start(
		        address->loop, host, handle_resolved, address, &err);
		if (address->question == NULL) {
			fn(NULL, NULL, &err, arg);
		}
	}
}

void pg_address_cancel(struct pg_address *address)
{
	resolve_cancel(&address->question);
}
