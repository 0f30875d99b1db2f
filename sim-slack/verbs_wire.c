#include "sim-slack/verbs.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "lib/tls_front.h"
#include "sim-slack/socket.h"
#include "sim-slack/traffic.h"
#include "sim-slack/wire.h"

#include <string.h>

enum { PIECE_MAX_BYTES = 1024 * 1024, ALERT_BAD_CERTIFICATE = 42, CUT_BYTES = 100 };

/* ---- wire ---- */

static enum wire_how how_named(const char *name)
{
	static const char *const names[] = {
	        "plain", "pieces", "fragments", "stall", "cut"};
	size_t how = 0;

	while (how < WIRE_CUT && !str_equal(names[how], name)) {
		how++;
	}
	return (enum wire_how)how;
}

bool verb_wire(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	int64_t bytes = json_int(args, "bytes", 0), frame = json_int(args, "frame", 1);
	int64_t conn = json_int(args, "conn", 0);
	const struct wire_fault fault = {how_named(json_str_or(args, "how", "plain")),
	        (size_t)bytes, json_int(args, "every", 0), (unsigned)frame};

	(void)result;
	if (bytes < 0 || bytes > PIECE_MAX_BYTES || frame < 1 || frame > INT32_MAX) {
		return err_set(err, ERR_PERMANENT, 0, "no such byte or frame");
	}
	if (conn < 0 || conn > INT32_MAX ||
	        !sockets_set_fault(sim->sockets, (unsigned)conn, &fault,
	                json_str_or(args, "end", "rst"))) {
		return err_set(err, ERR_PERMANENT, 0, "there is no open connection %s",
		        conn ? "of that number" : "at all");
	}
	return true;
}

/* ---- tls ---- */

static const struct tls_word {
	const char *name;
	enum tls_fault fault;
	unsigned detail;
} tls_words[] = {
        {"good", TLS_FAULT_NONE, 0},
        {"expired", TLS_FAULT_CERT, TLS_EXPIRED},
        {"other_name", TLS_FAULT_CERT, TLS_OTHER_NAME},
        {"untrusted", TLS_FAULT_CERT, TLS_UNTRUSTED},
        {"alert", TLS_FAULT_ALERT, ALERT_BAD_CERTIFICATE},
        {"reset", TLS_FAULT_RESET, 0},
        {"cut", TLS_FAULT_CUT, CUT_BYTES},
        {"silence", TLS_FAULT_SILENCE, 0},
};

bool verb_tls(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const struct tls_word *word = tls_words;
	int64_t times = json_int(args, "times", 1), detail;

	(void)result;
	while (!str_equal(word->name, json_str(args, "how"))) {
		word++;
	}
	detail = json_int(
	        args, word->fault == TLS_FAULT_ALERT ? "alert" : "bytes", word->detail);
	if (word->fault == TLS_FAULT_CERT) {
		detail = word->detail;
	}
	if (!sim->tls) {
		return err_set(err, ERR_PERMANENT, 0, "there is no TLS here");
	}
	if (times < 0 || times > INT32_MAX || detail < 0 || detail > INT32_MAX ||
	        (word->fault == TLS_FAULT_ALERT && detail > UINT8_MAX)) {
		return err_set(err, ERR_PERMANENT, 0, "no such number");
	}
	return tls_front_set_fault(
	        sim->tls, word->fault, (unsigned)detail, (unsigned)times, err);
}

/* ---- log ---- */

bool verb_log(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	const struct sim_slack *sim = arg;
	int64_t since = json_int(args, "since", 0), conn = json_int(args, "conn", 0);

	if (since < 0 || conn < 0 || conn > INT32_MAX) {
		return err_set(err, ERR_PERMANENT, 0, "since and conn count from 0");
	}
	*result = str_equal(json_str(args, "what"), "frames")
	                  ? traffic_frames(sim->traffic, since, (unsigned)conn)
	                  : traffic_requests(sim->traffic, since, json_str(args, "path"));
	return true;
}
