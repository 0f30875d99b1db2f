#include "bridge/flow/channel_news.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

static const struct {
	const char *from, *to; /* "": any */
	bool needs_somebody;
	const char *text;
} news[] = {
        {"", "archived", false,
                "This channel was archived on Slack. What was said stays readable here; "
                "nothing can be added until it is unarchived there."},
        {"archived", "open", false,
                "This channel was unarchived on Slack. Everything works again."},
        {"archived", "left", true,
                "This channel was unarchived on Slack, but the bridge's app is not in it "
                "any more and may not join by itself. Nothing is bridged until somebody "
                "invites the app there (/invite)."},
        {"", "left", true,
                "The bridge's app is not in this channel any more: it was removed, or "
                "the channel is gone. Nothing is bridged until somebody invites the app "
                "there (/invite)."},
        {"left", "open", false,
                "The bridge's app is in this channel again. Everything works again."},
        {"", "gone", false,
                "This channel was deleted on Slack. What was said stays readable here; "
                "nothing is bridged any more."},
};
enum { NEWS = sizeof(news) / sizeof(news[0]) };

static int find(const struct portal *was, const struct channel_now *now)
{
	if (str_equal(was->state, now->state)) {
		return -1;
	}
	for (int i = 0; i < NEWS; i++) {
		bool from =
		        news[i].from[0] == '\0' || str_equal(news[i].from, was->state);
		if (from && str_equal(news[i].to, now->state)) {
			return i;
		}
	}
	return -1;
}

const char *channel_news_state(const struct portal *was, const struct channel_now *now)
{
	int i = find(was, now);

	return i < 0 ? NULL : news[i].text;
}

bool channel_news_needs_somebody(const struct portal *was, const struct channel_now *now)
{
	int i = find(was, now);

	return i >= 0 && news[i].needs_somebody;
}

enum { MAX_NEWS_BYTES = 2048 };

char *channel_news_other(const struct portal *was, const struct channel_now *now)
{
	bool both_open = str_equal(was->state, "open") && str_equal(now->state, "open");
	struct buf text;

	buf_init(&text, MAX_NEWS_BYTES);
	bool converted = was->kind[0] != '\0' && !str_equal(was->kind, now->kind);
	if (converted && str_equal(now->kind, "private")) {
		buf_puts(&text, "This channel was made private on Slack. ");
	} else if (converted && str_equal(now->kind, "public")) {
		buf_puts(&text, "This channel was made public on Slack. ");
	}
	if (both_open && was->level == 0 && now->level > 0) {
		buf_puts(&text,
		        "Only some people may post in this channel on Slack now. ");
	} else if (both_open && was->level > 0 && now->level == 0) {
		buf_puts(&text, "Everybody may post in this channel on Slack again. ");
	}
	if (str_equal(now->type, "channel_shared")) {
		buf_printf(&text,
		        "This channel is shared with another organisation on Slack now%s%s. ",
		        now->team[0] == '\0' ? "" : ": ", now->team);
	} else if (str_equal(now->type, "channel_unshared")) {
		buf_printf(&text,
		        "This channel is not shared with another organisation on Slack any more%s%s. ",
		        now->team[0] == '\0' ? "" : ": ", now->team);
	}
	char *words = text.len == 0 ? NULL : xstrndup(text.data, text.len - 1);
	buf_finish(&text);
	return words;
}
