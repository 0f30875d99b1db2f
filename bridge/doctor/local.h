/* local: what the doctor sees without asking anybody: configuration, registration, modes
 * of files, limits, the database. */
#ifndef BRIDGE_DOCTOR_LOCAL_H
#define BRIDGE_DOCTOR_LOCAL_H

#include "bridge/config/config.h"
#include "bridge/doctor/findings.h"
#include "bridge/store/peek.h"

/* NULL if it is invalid; all its problems are findings then. Caller frees. */
struct config *local_check_config(struct findings *findings, const char *path);
void local_check_registration(
        struct findings *findings, const struct config *config, const char *path);
void local_check_modes(
        struct findings *findings, const char *config_path, const char *registration);
void local_check_limits(struct findings *findings);
/* *peek is to be finished by the caller in any case. */
void local_check_database(
        struct findings *findings, const struct config *config, struct peek *peek);

#endif
