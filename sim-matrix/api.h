/* api: the handlers of the client-server API, one line each; routes.c says where they
 * hang. */
#ifndef SIM_MATRIX_API_H
#define SIM_MATRIX_API_H

#include "sim-matrix/call.h"
#include "sim-matrix/members.h"

/* Who acts in this call, for members.h and room_make.h. */
struct actor call_actor(const struct call *call);
/* The room of {room}, or NULL and answered as for a room unknown to the server. */
struct room *call_known_room(struct call *call);
/* May this user see the room's state now? */
bool room_state_visible(const struct room *room, const char *user_id);
/* May this user see this event? */
bool event_visible(const struct event *event, const char *user_id);

/* api_server.c */
call_fn api_versions, api_capabilities, api_whoami, api_well_known_client,
        api_server_version, api_federation_version, api_root, api_local_user_count;
/* api_login.c */
call_fn api_register, api_register_available, api_login_flows, api_login, api_logout,
        api_logout_all;
/* api_profile.c */
call_fn api_profile_get, api_profile_field_get, api_profile_field_put, api_presence_get,
        api_presence_put;
/* api_userdata.c */
call_fn api_account_data_get, api_account_data_put, api_room_account_data_get,
        api_room_account_data_put, api_tags_get, api_tag_put, api_tag_delete,
        api_filter_post, api_filter_get;
/* api_devices.c */
call_fn api_devices_get, api_device_get, api_device_put, api_device_delete,
        api_devices_delete;
/* Ends a device: nothing that waits keeps it. */
void device_end(struct sim_matrix *sim, struct device *device);
/* api_account.c */
call_fn api_password, api_deactivate, api_threepids, api_login_get_token,
        api_openid_token, api_openid_userinfo;
/* api_keys.c */
call_fn api_keys_upload, api_keys_query, api_keys_claim, api_keys_changes,
        api_keys_signing, api_keys_signatures, api_keys_no_backup;
/* api_pushrules.c */
call_fn api_pushrules_get, api_pushrules_global, api_pushrule_get, api_pushrule_put,
        api_pushrule_delete, api_pushrule_enabled_get, api_pushrule_enabled_put,
        api_pushrule_actions_get, api_pushrule_actions_put, api_pushers_get,
        api_pushers_set;
/* api_rooms.c */
call_fn api_create_room, api_joined_rooms, api_joined_members, api_members,
        api_room_upgrade;
/* api_members.c */
call_fn api_join_by_id, api_join, api_knock, api_invite, api_kick, api_ban, api_unban,
        api_leave, api_forget;
/* api_state.c */
call_fn api_state_all, api_state_get, api_state_put;
/* api_send.c */
call_fn api_send, api_redact, api_send_to_device;
/* api_read.c */
call_fn api_event_get, api_messages, api_context, api_relations;
/* api_ephemeral.c */
call_fn api_typing, api_receipt, api_read_markers;
/* api_directory.c */
call_fn api_alias_get, api_alias_put, api_alias_delete, api_room_aliases,
        api_directory_get, api_directory_put, api_public_rooms, api_user_directory;
/* api_finding.c */
call_fn api_threads, api_timestamp_to_event, api_search, api_report;
/* api_space.c */
call_fn api_hierarchy, api_room_summary;
/* api_thirdparty.c */
call_fn api_thirdparty_protocols, api_thirdparty_protocol, api_thirdparty_user,
        api_thirdparty_location;
/* api_media.c */
call_fn api_media_create, api_media_upload_announced, api_media_upload,
        api_media_download, api_media_config, api_media_preview;
/* api_sync.c */
call_fn api_sync;
/* api_appservice.c */
call_fn api_appservice_ping;

#endif
