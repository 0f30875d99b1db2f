/* sending events */
#include "bridge/matrix/client.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/matrix/call.h"

struct matrix_call *matrix_send(struct matrix *matrix, const char *as,
        const char *room_id, const char *type, const char *txn_id, const cJSON *content,
        int64_t ts_ms, matrix_text_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "send", MATRIX_REPEATABLE,
	        "PUT", "/_matrix/client/v3/rooms/{}/send/{}/{}",
	        MATRIX_PARTS(room_id, type, txn_id));

	matrix_call_as(call, as);
	if (ts_ms > 0) {
		autofree char *ts = xasprintf("%lld", (long long)ts_ms);
		matrix_call_query(call, "ts", ts);
	}
	matrix_call_json(call, content);
	call->path = "event_id";
	matrix_call_start(
	        call, matrix_report_text, (union matrix_done){.text = done}, arg);
	return call;
}

/* Not by PUT redact: conduwuit ignores the transaction ID there. */
struct matrix_call *matrix_redact(struct matrix *matrix, const char *as,
        const char *room_id, const char *event_id, const char *txn_id, const char *reason,
        matrix_text_fn *done, void *arg)
{
	autojson cJSON *content = json_set_str(json_new(), "redacts", event_id);

	json_set_str(content, "reason", reason);
	return matrix_send(
	        matrix, as, room_id, "m.room.redaction", txn_id, content, 0, done, arg);
}
