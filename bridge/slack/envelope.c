#include "bridge/slack/envelope.h"

#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>

/* Slack drops frames of 20 KB and more, so the acknowledgement, which repeats the ID,
 * must stay small. Real IDs are UUIDs. */
enum { MAX_ENVELOPE_ID_BYTES = 255 };

static void read_hello(struct socket_frame *out)
{
	out->kind = SOCKET_FRAME_HELLO;
	out->connections = json_int(out->json, "num_connections", 0);
	out->lifetime_s =
	        json_int(out->json, "debug_info.approximate_connection_time", 0);
}

static void read_disconnect(struct socket_frame *out)
{
	out->kind = SOCKET_FRAME_DISCONNECT;
	out->reason = json_str_or(out->json, "reason", "");
	if (strcmp(out->reason, "link_disabled") == 0) {
		out->disconnect = SOCKET_DISCONNECT_LINK_DISABLED;
	} else if (strcmp(out->reason, "too_many_websockets") == 0) {
		out->disconnect = SOCKET_DISCONNECT_TOO_MANY;
	} else {
		out->disconnect = SOCKET_DISCONNECT_REFRESH;
	}
}

static void read_envelope(struct socket_frame *out, const char *type)
{
	const char *id = json_str_or(out->json, "envelope_id", "");
	int64_t attempt = json_int(out->json, "retry_attempt", 0);

	if (id[0] == '\0' || strlen(id) > MAX_ENVELOPE_ID_BYTES) {
		return;
	}
	out->kind = SOCKET_FRAME_ENVELOPE;
	out->envelope = (struct slack_envelope){
	        .envelope_id = id,
	        .type = type,
	        .retry_attempt = attempt < 0 || attempt > 1000 ? 0 : (int)attempt,
	        .retry_reason = json_str_or(out->json, "retry_reason", ""),
	        .payload = json_obj(out->json, "payload"),
	        .raw = out->raw,
	};
}

/* Nested too deep, say. Sent again it would be no better, so what can be acknowledged is:
 * by the first envelope_id, which within a text could not stand without backslashes. */
static void read_unreadable(struct str text, struct socket_frame *out)
{
	static const char key[] = "\"envelope_id\":\"";
	const char *at = memmem(text.p, text.n, key, sizeof(key) - 1);
	size_t n = 0;

	if (at == NULL) {
		return;
	}
	at += sizeof(key) - 1;
	while (at + n < text.p + text.n && at[n] != '"' && at[n] != '\\' &&
	        (unsigned char)at[n] >= 0x20 && (unsigned char)at[n] < 0x7F) {
		n++;
	}
	if (n == 0 || n > MAX_ENVELOPE_ID_BYTES || at + n == text.p + text.n ||
	        at[n] != '"') {
		return;
	}
	autofree char *id = xstrndup(at, n);
	out->json = json_set_str(json_new(), "envelope_id", id);
	read_envelope(out, "unreadable");
}

void socket_frame_parse(struct str text, struct socket_frame *out)
{
	*out = (struct socket_frame){
	        .kind = SOCKET_FRAME_NOISE, .raw = text, .reason = ""};
	out->json = json_parse_mended(text, NULL);
	if (out->json == NULL) {
		read_unreadable(text, out);
		return;
	}
	if (!cJSON_IsObject(out->json)) {
		return;
	}
	const char *type = json_str_or(out->json, "type", "");
	if (strcmp(type, "hello") == 0) {
		read_hello(out);
	} else if (strcmp(type, "disconnect") == 0) {
		read_disconnect(out);
	} else {
		read_envelope(out, type);
	}
}

void socket_frame_finish(struct socket_frame *frame)
{
	cJSON_Delete(frame->json);
	*frame = (struct socket_frame){.kind = SOCKET_FRAME_NOISE, .reason = ""};
}

char *socket_ack_frame(const char *envelope_id)
{
	autojson cJSON *ack = json_set_str(json_new(), "envelope_id", envelope_id);

	return json_print(ack);
}
