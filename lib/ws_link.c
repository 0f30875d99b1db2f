#include "lib/ws_link.h"

#include "lib/mem.h"
#include "lib/socket_state.h"
#include <stdlib.h>
#include <uv.h>

/* As long as silence may last: an acknowledgement that meets a dead peer is not kept
 * alive by the kernel for a quarter of an hour. */
enum { USER_TIMEOUT_MS = 60 * 1000 };

/* ------------------------------------------------------------ events */

void ws_link_free(struct ws_link *link)
{
	list_del(&link->list);
	free(link);
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void close_if_of(uv_handle_t *handle, void *lws)
{
	if (handle->type == UV_POLL && handle->data == lws && !uv_is_closing(handle)) {
		uv_close(handle, free_handle);
	}
}

/* The last word about a connection. libwebsockets 4.1.6 forgets the libuv handle of an
 * attempt that failed in connect(): that handle would stay for ever. */
static void handle_freed(struct ws_link *link, struct lws *lws)
{
	uv_walk(loop_uv(link->ctx->loop), close_if_of, lws);
	link->freed = true;
	if (link->client != NULL) {
		ws_client_on_lost(link->client);
	} else if (!link->opening) {
		ws_link_free(link);
	}
}

static int close_code(struct str payload)
{
	const unsigned char *p = (const unsigned char *)payload.p;

	return payload.n < 2 ? 0 : p[0] << 8 | p[1];
}

/* Returns what libwebsockets wants to hear: nonzero to close. */
static int handle_event(
        struct ws_link *link, enum lws_callback_reasons reason, struct str in)
{
	struct ws_client *client = link->client;
	struct lws *lws = link->lws;

	if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED) {
		socket_set_user_timeout(lws_get_socket_fd(lws), USER_TIMEOUT_MS);
		ws_client_on_open(client);
	} else if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
		ws_client_on_data(client, in,
		        lws_is_final_fragment(lws) != 0 &&
		                lws_remaining_packet_payload(lws) == 0,
		        lws_frame_is_binary(lws) != 0);
	} else if (reason == LWS_CALLBACK_CLIENT_RECEIVE_PONG) {
		ws_client_on_pong(client);
	} else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE) {
		ws_client_on_writable(client);
	} else if (reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE) {
		return ws_client_on_close_frame(client, close_code(in)) ? 0 : -1;
	} else if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
		link->ended = true;
		ws_client_on_failed(client, (int)lws_http_client_http_response(lws), in);
	} else if (reason == LWS_CALLBACK_CLIENT_CLOSED ||
	           reason == LWS_CALLBACK_CLOSED_CLIENT_HTTP) {
		link->ended = true;
		ws_client_on_lost(client);
	}
	return 0;
}

static bool is_event(enum lws_callback_reasons reason)
{
	return reason == LWS_CALLBACK_CLIENT_ESTABLISHED ||
	       reason == LWS_CALLBACK_CLIENT_RECEIVE ||
	       reason == LWS_CALLBACK_CLIENT_RECEIVE_PONG ||
	       reason == LWS_CALLBACK_CLIENT_WRITEABLE ||
	       reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE ||
	       reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR ||
	       reason == LWS_CALLBACK_CLIENT_CLOSED ||
	       reason == LWS_CALLBACK_CLOSED_CLIENT_HTTP ||
	       reason == LWS_CALLBACK_WSI_DESTROY;
}

int ws_link_handle_lws(
        struct lws *lws, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	(void)user;
	if (!is_event(reason)) {
		return 0; /* some of these come without a connection */
	}
	struct ws_link *link = lws_get_opaque_user_data(lws);
	if (link == NULL) {
		return 0;
	}
	struct ws_context *ctx = link->ctx;
	link->lws = lws;
	if (reason == LWS_CALLBACK_WSI_DESTROY) {
		handle_freed(link, lws);
		return 0;
	}
	if (link->client == NULL) {
		return 0;
	}
	loop_mark_activity(ctx->loop);
	ctx->inside++;
	int rc = handle_event(link, reason, (struct str){in, in != NULL ? n : 0});
	ctx->inside--;
	return rc;
}

/* ------------------------------------------------------------ a connection */

struct ws_link *ws_link_open(struct ws_context *ctx, const struct ws_url *url,
        const char *address, struct ws_client *client)
{
	static const lws_retry_bo_t no_checks = {0}; /* ws_client sends the pings */
	struct ws_link *link = xcalloc(1, sizeof(*link));
	struct lws_client_connect_info info = {
	        .context = ctx->lws,
	        .address = address,
	        .port = url->port,
	        .path = url->path,
	        .host = url->host_header,
	        .alpn = "http/1.1",
	        .local_protocol_name = "ws",
	        .ietf_version_or_minus_one = -1,
	        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
	        .retry_and_idle_policy = &no_checks,
	        .opaque_user_data = link,
	        .pwsi = &link->lws,
	};

	if (url->tls) {
		info.ssl_connection |= LCCSCF_USE_SSL;
	}
	link->ctx = ctx;
	link->opening = true; /* libwebsockets reports no failure from in here */
	list_add_tail(&ctx->links, &link->list);
	struct lws *lws = lws_client_connect_via_info(&info);
	link->opening = false;
	if (lws == NULL) {
		if (link->freed) {
			ws_link_free(link);
		} /* else libwebsockets may still come back to it; see ws_context.c */
		return NULL;
	}
	link->lws = lws;
	link->client = client;
	return link;
}

void ws_link_drop(struct ws_link **handle)
{
	struct ws_link *link = *handle;

	if (link == NULL) {
		return;
	}
	*handle = NULL;
	link->client = NULL;
	if (link->freed) {
		ws_link_free(link);
	} else if (!link->ended) {
		/* Only this way does libwebsockets close a connection that it still holds
		 * unsent bytes for. It looks at its timers after any event; make one. */
		lws_set_timeout(
		        link->lws, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
		lws_cancel_service(link->ctx->lws);
	}
}

void ws_link_want_write(struct ws_link *link)
{
	lws_callback_on_writable(link->lws);
}

bool ws_link_write(
        struct ws_link *link, unsigned char *data, size_t n, enum lws_write_protocol kind)
{
	return lws_write(link->lws, data, n, kind) >= (int)n;
}

/* The public way, lws_close_reason(), makes libwebsockets keep the peer's answer to
 * itself. */
bool ws_link_write_close(struct ws_link *link, unsigned code)
{
	const enum lws_write_protocol write_close = 4; /* its private LWS_WRITE_CLOSE */
	unsigned char room[LWS_PRE + 2];
	unsigned char *payload = room + LWS_PRE;

	payload[0] = (unsigned char)(code >> 8);
	payload[1] = (unsigned char)code;
	return ws_link_write(link, payload, code != 0 ? 2 : 0, write_close);
}

bool ws_link_can_write(const struct ws_link *link)
{
	return lws_partial_buffered(link->lws) == 0;
}

uint64_t ws_link_bytes_received(const struct ws_link *link)
{
	return socket_bytes_received(lws_get_socket_fd(link->lws));
}
