#include "lib/resolve.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

struct resolve {
	uv_getaddrinfo_t question;
	struct loop *loop;
	resolve_fn *done; /* NULL: cancelled, nobody waits */
	void *arg;
};

static bool add_address(struct resolved *list, const char *text)
{
	if (list->count == RESOLVE_MAX) {
		return false;
	}
	memcpy(list->addresses[list->count++], text, strlen(text) + 1);
	return true;
}

bool resolve_known(const char *host, struct resolved *out)
{
	struct in6_addr ignored;

	out->count = 0;
	if (strcasecmp(host, "localhost") == 0 || str_ends(host, ".localhost")) {
		add_address(out, "127.0.0.1");
		add_address(out, "::1");
	} else if (strlen(host) < INET6_ADDRSTRLEN &&
	           (inet_pton(AF_INET, host, &ignored) == 1 ||
	                   inet_pton(AF_INET6, host, &ignored) == 1)) {
		add_address(out, host);
	}
	return out->count > 0;
}

static void read_answer(const struct addrinfo *answer, struct resolved *out)
{
	for (const struct addrinfo *it = answer; it != NULL; it = it->ai_next) {
		char text[INET6_ADDRSTRLEN];
		if ((it->ai_family == AF_INET || it->ai_family == AF_INET6) &&
		        getnameinfo(it->ai_addr, it->ai_addrlen, text, sizeof(text), NULL,
		                0, NI_NUMERICHOST) == 0) {
			add_address(out, text);
		}
	}
}

static void handle_answer(uv_getaddrinfo_t *question, int status, struct addrinfo *answer)
{
	struct resolve *resolve = question->data;
	struct resolved found = {0};
	struct err err = ERR_INIT;

	loop_mark_activity(resolve->loop);
	if (status == 0) {
		read_answer(answer, &found);
	}
	uv_freeaddrinfo(answer);
	resolve_fn *done = resolve->done;
	void *arg = resolve->arg;
	free(resolve);
	if (done == NULL) {
		return;
	}
	if (found.count > 0) {
		done(&found, &err, arg);
		return;
	}
	err_set(&err, ERR_RETRY, status, "cannot resolve the host name: %s",
	        status != 0 ? uv_strerror(status) : "no address");
	done(NULL, &err, arg);
}

struct resolve *resolve_start(
        struct loop *loop, const char *host, resolve_fn *done, void *arg, struct err *err)
{
	struct resolve *resolve = xcalloc(1, sizeof(*resolve));
	const struct addrinfo hints = {
	        .ai_family = AF_UNSPEC,
	        .ai_socktype = SOCK_STREAM,
	        .ai_flags = AI_ADDRCONFIG,
	};

	resolve->question.data = resolve;
	resolve->loop = loop;
	resolve->done = done;
	resolve->arg = arg;
	int rc = uv_getaddrinfo(
	        loop_uv(loop), &resolve->question, handle_answer, host, NULL, &hints);
	if (rc != 0) {
		err_set(err, ERR_PERMANENT, rc, "bad host name: %s", uv_strerror(rc));
		free(resolve);
		return NULL;
	}
	return resolve;
}

void resolve_cancel(struct resolve **resolve)
{
	if (*resolve == NULL) {
		return;
	}
	(*resolve)->done = NULL;
	uv_cancel((uv_req_t *)&(*resolve)
	                  ->question); /* handle_answer() comes all the same */
	*resolve = NULL;
}
