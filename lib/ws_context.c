#include "lib/mem.h"
#include "lib/ws_link.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	BUFFER_BYTES = 64 * 1024,
	MAX_CONNECTIONS = 1024,
	NEVER_S = 24 * 3600, /* for the time-outs of libwebsockets: ours are shorter */
};

/* ------------------------------------------------------------ create */

/* The system's certificates are read when the first one is to be verified: it takes
 * 25 ms, which a start has better use for. */
static int verify_by_system(X509_STORE_CTX *peer, void *arg)
{
	struct ws_context *ctx = arg;

	if (!ctx->has_trust) {
		ctx->has_trust = SSL_CTX_set_default_verify_paths(ctx->tls) == 1;
	}
	return X509_verify_cert(peer);
}

static bool make_tls(struct ws_context *ctx, const char *ca_file, struct err *err)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	assert(tls != NULL);
	ctx->tls = tls;
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(
	        tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	if (ca_file == NULL) {
		SSL_CTX_set_cert_verify_callback(tls, verify_by_system, ctx);
	} else if (SSL_CTX_load_verify_file(tls, ca_file) != 1) {
		err_set(err, ERR_PERMANENT, 0, "cannot read certificates from %s",
		        ca_file);
		return false;
	}
	return true;
}

static void keep_if_poll(uv_handle_t *handle, void *arg)
{
	uv_handle_t **last = arg;

	if (handle->type == UV_POLL) {
		*last = handle;
	}
}

/* The handle made last: libuv walks in order of age. */
static uv_handle_t *last_poll_handle(struct loop *loop)
{
	uv_handle_t *last = NULL;

	uv_walk(loop_uv(loop), keep_if_poll, &last);
	return last;
}

static bool start_lws(struct ws_context *ctx)
{
	static const struct lws_protocols protocols[] = {
	        {
	                .name = "ws",
	                .callback = ws_link_handle_lws,
	                .rx_buffer_size = BUFFER_BYTES,
	        },
	        {0},
	};
	void *loops[1] = {loop_uv(ctx->loop)};
	struct lws_context_creation_info info = {
	        .port = CONTEXT_PORT_NO_LISTEN,
	        .protocols = protocols,
	        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
	        .foreign_loops = loops,
	        .pcontext = &ctx->lws,
	        .provided_client_ssl_ctx = ctx->tls,
	        .http_proxy_address =
	                "", /* else the environment's, for every host alike */
	        .pt_serv_buf_size = BUFFER_BYTES,
	        .fd_limit_per_thread = MAX_CONNECTIONS,
	        .timeout_secs = NEVER_S,
	        .connect_timeout_secs = NEVER_S,
	        .uid = (uid_t)-1,
	        .gid = (gid_t)-1,
	};

	lws_set_log_level(0, NULL);
	const uv_handle_t *before = last_poll_handle(ctx->loop);
	ctx->lws = lws_create_context(&info);
	const uv_handle_t *pipe = last_poll_handle(ctx->loop);
	ctx->pipe_fd = -1;
	if (pipe != NULL && pipe != before) {
		uv_fileno(pipe, &ctx->pipe_fd);
	}
	return ctx->lws != NULL;
}

struct ws_context *ws_context_create(
        struct loop *loop, const char *ca_file, struct err *err)
{
	struct ws_context *ctx = xcalloc(1, sizeof(*ctx));

	ctx->loop = loop;
	list_init(&ctx->links);
	bool has_tls = make_tls(ctx, ca_file, err);
	if (!has_tls || !start_lws(ctx)) {
		if (has_tls) {
			err_set(err, ERR_PERMANENT, 0, "libwebsockets does not start");
		}
		SSL_CTX_free(ctx->tls);
		free(ctx);
		return NULL;
	}
	return ctx;
}

/* ------------------------------------------------------------ destroy */

/* libwebsockets 4.1.6 closes its wake-up descriptor here and once more when the libuv
 * handle is closed, a turn later: whoever opened a file in between would lose it. So
 * something of no worth takes the number. */
static void begin_destroy(struct ws_context *ctx)
{
	ctx->destroy_begun = true;
	lws_context_destroy(ctx->lws);
	if (ctx->pipe_fd < 0 || fcntl(ctx->pipe_fd, F_GETFD) >= 0 || errno != EBADF) {
		return;
	}
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fd != ctx->pipe_fd) {
		dup3(fd, ctx->pipe_fd, O_CLOEXEC);
		close(fd);
	}
}

static void context_free(struct ws_context *ctx)
{
	list_for_each(it, &ctx->links)
	{
		ws_link_free(container_of(it, struct ws_link, list));
	}
	SSL_CTX_free(ctx->tls);
	free(ctx);
}

struct search {
	const void *lws;
	bool found;
};

static void find_handle(uv_handle_t *handle, void *arg)
{
	struct search *search = arg;

	search->found = search->found || handle->data == search->lws;
}

static void handle_closing_turn(uv_handle_t *handle)
{
	struct ws_context *ctx = handle->data;
	struct search search = {.lws = ctx->lws};

	if (!ctx->destroy_begun) {
		begin_destroy(ctx);
	}
	uv_walk(loop_uv(ctx->loop), find_handle, &search);
	if (search.found) {
		uv_idle_init(loop_uv(ctx->loop), &ctx->closing);
		uv_close((uv_handle_t *)&ctx->closing, handle_closing_turn);
		return;
	}
	lws_context_destroy(ctx->lws);
	assert(ctx->lws == NULL); /* done by way of .pcontext */
	context_free(ctx);
}

/* On a foreign libuv loop libwebsockets (4.1.6) is destroyed in two calls: the first
 * begins to close its handles, those of connections first, then its timer and its idle
 * handle; the second frees everything (and unloads the code of their callbacks), and may
 * only come when these are closed, which takes turns of the loop. To be called in each of
 * those turns, whoever runs them, be it loop_destroy(), we close a handle of our own over
 * and over: unlike a timer, a handle that is closing is left alone by everybody and keeps
 * the loop going. */
void ws_context_destroy(struct ws_context **handle)
{
	struct ws_context *ctx = *handle;

	if (ctx == NULL) {
		return;
	}
	*handle = NULL;
	list_for_each(it, &ctx->links)
	{
		assert(container_of(it, struct ws_link, list)->client == NULL);
	}
	if (ctx->inside == 0) { /* else when libwebsockets is off the stack */
		begin_destroy(ctx);
	}
	ctx->closing.data = ctx;
	uv_idle_init(loop_uv(ctx->loop), &ctx->closing);
	uv_close((uv_handle_t *)&ctx->closing, handle_closing_turn);
}
