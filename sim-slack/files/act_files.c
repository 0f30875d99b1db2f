/* What is done with files: shared, changed, deleted; and the events of it. */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/events.h"
#include "sim-slack/files/store.h"
#include "sim-slack/text.h"

#include <stdlib.h>
#include <string.h>

/* One share that Slack has taken and will carry out. */
struct share_job {
	struct list link; /* files::shares */
	struct files *files;
	struct timer timer;
	char *channel_id;
	struct sharing sharing; /* its texts and lists are the job's own */
	char *text, *thread_ts;
	cJSON *blocks;
	bool client_acts; /* when it was asked for */
};

static void report_file(
        struct sim_slack *sim, struct file *file, const char *what, const struct user *by)
{
	cJSON *record = sim_record("file", NULL);

	record_files(record, &file, 1);
	json_set_str(record, "action", what);
	json_set_str(record, "by", by ? by->name : NULL);
	sim_report(sim, record);
}

/* file_<what>; channel NULL: heard by whoever can see the file. */
static void emit_file(struct sim_slack *sim, const struct file *file, const char *what,
        const struct channel *channel, cJSON *extra)
{
	autofree char *type = xasprintf("file_%s", what);
	struct event event = {type, "files:read", channel, channel != NULL};
	cJSON *inner = event_new(type);
	cJSON *item;

	json_set_str(inner, "file_id", file->id);
	json_set(inner, "file", json_set_str(json_new(), "id", file->id));
	while (extra && (item = extra->child)) {
		autofree char *name = xstrdup(item->string);

		json_set(inner, name, cJSON_DetachItemViaPointer(extra, item));
	}
	cJSON_Delete(extra);
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

static cJSON *user_id(const struct file *file)
{
	return json_set_str(json_new(), "user_id", file->user->id);
}

void act_file_created(struct sim_slack *sim, struct file *file)
{
	file->state = FILE_COMPLETE;
	report_file(sim, file, "created", file->user);
	/* Only the app's own uploads announce themselves so (section 2.3). */
	if (file->user == sim->app.bot) {
		emit_file(sim, file, "created", NULL, user_id(file));
	}
}

/* ---- sharing ---- */

static void emit_shared(
        struct sim_slack *sim, struct file *file, const struct channel *channel)
{
	cJSON *extra = user_id(file);

	emit_file(sim, file, "shared", channel,
	        json_set_str(extra, "channel_id", channel->id));
	if (channel->kind == CHANNEL_PUBLIC && !file->ever_public) {
		file->ever_public = true;
		emit_file(sim, file, "public", NULL, user_id(file));
	}
}

struct message *act_share(struct sim_slack *sim, const struct sharing *sharing,
        char event_id[EVENT_ID_SIZE])
{
	const struct file *first = sharing->files[0];
	bool bot = sharing->user->bot_id != NULL;
	char client_id[UUID_SIZE];
	struct post post = {.channel = sharing->channel,
	        .user = sharing->user,
	        .bot_id = sharing->user->bot_id,
	        .subtype = sharing->broadcast ? "thread_broadcast" : "file_share",
	        .text = sharing->text ? sharing->text : "",
	        .username = first->username,
	        .icon_url = first->icon_url,
	        .icon_emoji = first->icon_emoji,
	        .thread_ts = sharing->thread_ts,
	        .blocks = sharing->blocks,
	        .files = sharing->files,
	        .file_count = sharing->count,
	        .own_blocks = true};
	struct message *message;

	if (!bot) {
		ids_uuid(&sim->ids.names, client_id);
		post.client_msg_id = client_id;
	}
	message = act_post(sim, &post, event_id);
	for (size_t i = 0; i < sharing->count; i++) {
		emit_shared(sim, sharing->files[i], sharing->channel);
	}
	return message;
}

static void job_free(struct share_job *job)
{
	timer_stop(&job->timer);
	list_del(&job->link);
	free(job->channel_id);
	free(job->sharing.files);
	free(job->text);
	free(job->thread_ts);
	cJSON_Delete(job->blocks);
	free(job);
}

void share_jobs_finish(struct files *files)
{
	list_for_each(link, &files->shares)
	{
		job_free(container_of(link, struct share_job, link));
	}
}

void files_pending(const struct files *files, cJSON *sentences)
{
	list_for_each(link, &files->shares)
	{
		const struct share_job *job = container_of(link, struct share_job, link);
		autofree char *text = xasprintf(
		        "the file %s is yet to be shared", job->sharing.files[0]->name);

		cJSON_AddItemToArray(sentences, cJSON_CreateString(text));
	}
}

static void handle_share(void *arg)
{
	struct share_job *job = arg;
	struct sim_slack *sim = job->files->sim;
	struct sharing *sharing = &job->sharing;

	/* What was true when the app asked need not be true any more. */
	sharing->channel = workspace_channel(&sim->ws, job->channel_id);
	if (sharing->channel && !sharing->channel->archived &&
	        channel_has(sharing->channel, sharing->user)) {
		sim->client_acts = job->client_acts;
		act_share(sim, sharing, NULL);
		sim->client_acts = false;
	}
	job_free(job);
}

void act_share_later(struct sim_slack *sim, const struct sharing *sharing)
{
	struct share_job *job = xcalloc(1, sizeof(*job));
	size_t bytes = sharing->count * sizeof(*sharing->files);

	job->files = sim->files;
	job->channel_id = xstrdup(sharing->channel->id);
	job->sharing = *sharing;
	job->sharing.files = xmalloc(bytes);
	memcpy(job->sharing.files, sharing->files, bytes);
	job->sharing.text = job->text = xstrdup_null(sharing->text);
	job->sharing.thread_ts = job->thread_ts = xstrdup_null(sharing->thread_ts);
	job->blocks = sharing->blocks ? cJSON_Duplicate(sharing->blocks, true) : NULL;
	job->sharing.blocks = job->blocks;
	job->client_acts = sim->client_acts;
	timer_init(&job->timer, sim->loop, handle_share, job);
	list_add_tail(&sim->files->shares, &job->link);
	timer_start(&job->timer, sim->knobs.share_delay);
}

/* ---- changing ---- */

/* The next message that shows the file, as *at says; NULL: no more. Shares may go away
 * meanwhile. */
static struct message *next_message(
        const struct sim_slack *sim, const struct file *file, int *at)
{
	while (*at < cJSON_GetArraySize(file->shares)) {
		const cJSON *share = cJSON_GetArrayItem(file->shares, (*at)++);
		const struct channel *channel =
		        workspace_channel(&sim->ws, json_str_or(share, "channel", ""));
		struct message *message =
		        channel ? channel_message(channel, json_str(share, "ts")) : NULL;

		if (message) {
			return message;
		}
	}
	return NULL;
}

/* Runs change() and tells each message's channel what it shows now. */
static void change_shown(
        struct sim_slack *sim, struct file *file, file_change_fn *change, const void *arg)
{
	cJSON *before = cJSON_CreateArray();
	struct message *message;
	int at = 0, i = 0;

	while ((message = next_message(sim, file, &at))) {
		cJSON_AddItemToArray(before, act_message_before(sim, message));
	}
	change(sim, file, arg);
	at = 0;
	while ((message = next_message(sim, file, &at))) {
		cJSON *previous = cJSON_Duplicate(cJSON_GetArrayItem(before, i++), true);

		act_message_changed(sim, message, previous);
	}
	cJSON_Delete(before);
}

static void make_tombstone(struct sim_slack *sim, struct file *file, const void *arg)
{
	(void)arg;
	file->state = FILE_DELETED;
	file_drop_bytes(sim, file);
}

void act_delete_file(struct sim_slack *sim, struct file *file, const struct user *user)
{
	cJSON *channels = cJSON_CreateArray();
	const cJSON *share;

	report_file(sim, file, "deleted", user);
	cJSON_ArrayForEach(share, file->shares)
	{
		const char *id = json_str_or(share, "channel", "");

		if (!array_has(channels, id)) {
			cJSON_AddItemToArray(channels, cJSON_CreateString(id));
		}
	}
	change_shown(sim, file, make_tombstone, NULL);
	emit_file(sim, file, "deleted", NULL,
	        json_set(json_new(), "channel_ids", channels));
}

void act_change_file(
        struct sim_slack *sim, struct file *file, file_change_fn *change, const void *arg)
{
	change_shown(sim, file, change, arg);
	report_file(sim, file, "changed", NULL);
	emit_file(sim, file, "change", NULL, NULL);
}

void act_unshare(struct sim_slack *sim, const struct message *message)
{
	for (size_t i = 0; i < message->file_count; i++) {
		struct file *file = message->files[i];
		cJSON *extra = user_id(file);

		file_remove_share(file, message);
		emit_file(sim, file, "unshared", message->channel,
		        json_set_str(extra, "channel_id", message->channel->id));
	}
}
