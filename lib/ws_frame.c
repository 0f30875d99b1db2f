#include "lib/ws_frame.h"

#include "lib/mem.h"
#include <openssl/evp.h>
#include <string.h>

enum {
	MAX_HEAD_BYTES = 14,
	MAX_CONTROL_BYTES = 125,
	FEED_BYTES =
	        64 * 1024, /* room for one read behind a frame that is nearly whole */
	CLOSE_PROTOCOL_ERROR = 1002,
	CLOSE_TOO_BIG = 1009,
};

/* The payload bytes are XORed with the mask, so the same call masks and unmasks. */
static void apply_mask(char *data, size_t n, const uint8_t mask[4])
{
	for (size_t i = 0; i < n; i++) {
		data[i] = (char)((uint8_t)data[i] ^ mask[i & 3]);
	}
}

bool ws_frame_encode(struct buf *out, bool fin, uint8_t opcode, struct str payload,
        const uint8_t mask[4])
{
	uint8_t head[MAX_HEAD_BYTES];
	size_t n = 2;
	uint8_t mask_bit = mask == NULL ? 0 : 0x80;

	head[0] = (uint8_t)((fin ? 0x80 : 0) | (opcode & 0x0F));
	if (payload.n < 126) {
		head[1] = (uint8_t)(mask_bit | payload.n);
	} else if (payload.n <= UINT16_MAX) {
		head[1] = mask_bit | 126;
		head[n++] = (uint8_t)(payload.n >> 8);
		head[n++] = (uint8_t)payload.n;
	} else {
		head[1] = mask_bit | 127;
		for (int shift = 56; shift >= 0; shift -= 8) {
			head[n++] = (uint8_t)((uint64_t)payload.n >> shift);
		}
	}
	if (mask != NULL) {
		memcpy(head + n, mask, 4);
		n += 4;
	}
	if (!buf_add(out, head, n) || !buf_add_str(out, payload)) {
		return false;
	}
	if (mask != NULL && payload.n > 0) {
		apply_mask(out->data + out->len - payload.n, payload.n, mask);
	}
	return true;
}

/* ---------------------------------------------------------------- decoding */

void ws_decoder_init(struct ws_decoder *decoder, size_t max_payload_bytes)
{
	*decoder = (struct ws_decoder){.max_payload_bytes = max_payload_bytes};
	buf_init(&decoder->in, max_payload_bytes + MAX_HEAD_BYTES + FEED_BYTES);
}

void ws_decoder_finish(struct ws_decoder *decoder)
{
	buf_finish(&decoder->in);
	decoder->consumed = 0;
}

bool ws_decoder_feed(struct ws_decoder *decoder, struct str bytes)
{
	if (decoder->consumed > 0) {
		buf_consume(&decoder->in, decoder->consumed);
		decoder->consumed = 0;
	}
	return bytes.n == 0 || buf_add_str(&decoder->in, bytes);
}

struct head {
	uint8_t first, second;
	size_t bytes; /* of the head itself, with the mask */
	uint64_t payload_bytes;
};

static bool is_known(uint8_t opcode)
{
	return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

/* What the first two bytes already tell; so garbage is refused as early as can be. */
static bool check_start(const struct head *head, struct err *err)
{
	uint8_t opcode = head->first & 0x0F;
	uint8_t length = head->second & 0x7F;

	if (!is_known(opcode)) {
		return err_set(err, ERR_PERMANENT, CLOSE_PROTOCOL_ERROR,
		        "reserved opcode 0x%X", opcode);
	}
	if (opcode >= WS_CLOSE && (head->first & 0x80) == 0) {
		return err_set(err, ERR_PERMANENT, CLOSE_PROTOCOL_ERROR,
		        "fragmented control frame");
	}
	if (opcode >= WS_CLOSE && length > MAX_CONTROL_BYTES) {
		return err_set(err, ERR_PERMANENT, CLOSE_PROTOCOL_ERROR,
		        "control frame too long");
	}
	return true;
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		value = value << 8 | p[i];
	}
	return value;
}

static enum ws_decode read_head(
        const struct ws_decoder *decoder, struct head *head, struct err *err)
{
	const uint8_t *p = (const uint8_t *)decoder->in.data;
	size_t n = decoder->in.len - decoder->consumed;

	if (n < 2) {
		return WS_MORE;
	}
	p += decoder->consumed;
	head->first = p[0];
	head->second = p[1];
	if (!check_start(head, err)) {
		return WS_ERROR;
	}
	uint8_t length = head->second & 0x7F;
	size_t extra = length == 127 ? 8 : length == 126 ? 2 : 0;
	if (n < 2 + extra) {
		return WS_MORE;
	}
	head->payload_bytes = extra == 0 ? length : big_endian(p + 2, extra);
	if ((extra == 2 && head->payload_bytes < 126) ||
	        (extra == 8 && head->payload_bytes <= UINT16_MAX)) {
		err_set(err, ERR_PERMANENT, CLOSE_PROTOCOL_ERROR,
		        "frame length not in its shortest form");
		return WS_ERROR;
	}
	if (head->payload_bytes > INT64_MAX) {
		err_set(err, ERR_PERMANENT, CLOSE_PROTOCOL_ERROR,
		        "frame length over 63 bits");
		return WS_ERROR;
	}
	if (head->payload_bytes > decoder->max_payload_bytes) {
		err_set(err, ERR_PERMANENT, CLOSE_TOO_BIG, "frame too long");
		return WS_ERROR;
	}
	head->bytes = 2 + extra + ((head->second & 0x80) != 0 ? 4 : 0);
	return n < head->bytes + head->payload_bytes ? WS_MORE : WS_FRAME;
}

enum ws_decode ws_decoder_next(
        struct ws_decoder *decoder, struct ws_frame *out, struct err *err)
{
	struct head head;
	enum ws_decode result = read_head(decoder, &head, err);

	if (result != WS_FRAME) {
		return result;
	}
	char *payload = decoder->in.data + decoder->consumed + head.bytes;
	size_t n = (size_t)head.payload_bytes;
	bool masked = (head.second & 0x80) != 0;
	if (masked) {
		uint8_t mask[4];
		memcpy(mask, payload - 4, 4);
		apply_mask(payload, n, mask);
	}
	*out = (struct ws_frame){
	        .fin = (head.first & 0x80) != 0,
	        .rsv = (head.first >> 4) & 7,
	        .opcode = head.first & 0x0F,
	        .masked = masked,
	        .payload = {payload, n},
	};
	decoder->consumed += head.bytes + n;
	return WS_FRAME;
}

/* ---------------------------------------------------------------- handshake */

char *ws_accept_key(const char *key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	autofree char *text = xasprintf("%s%s", key, guid);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_bytes = 0;

	if (EVP_Digest(text, strlen(text), digest, &digest_bytes, EVP_sha1(), NULL) !=
	        1) {
		return xstrdup("");
	}
	char *out = xmalloc(4 * ((size_t)digest_bytes + 2) / 3 + 1);
	EVP_EncodeBlock((unsigned char *)out, digest, (int)digest_bytes);
	return out;
}
