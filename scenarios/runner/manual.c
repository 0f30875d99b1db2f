#include "scenarios/runner/story.h"

#include "sim-matrix/sim_matrix.h"
#include "sim-slack/sim_slack.h"

static const char *type_to_str(enum verb_type type)
{
	static const char *const names[] = {
	        "text", "number", "true/false", "duration", "map", "list", "any"};
	return names[type];
}

static void write_field(FILE *out, const struct verb_field *field)
{
	fprintf(out, "      %-16s %-10s %s%s", field->name, type_to_str(field->type),
	        field->required ? "needed: " : "", field->doc);
	for (const char *const *value = field->values; value != NULL && *value != NULL;
	        value++) {
		fprintf(out, "%s%s", value == field->values ? " (" : ", ", *value);
	}
	fprintf(out, "%s\n", field->values == NULL ? "" : ")");
}

static void write_fields(FILE *out, const struct verb_field *fields)
{
	for (const struct verb_field *field = fields; field->name != NULL; field++) {
		write_field(out, field);
	}
}

static void write_verbs(FILE *out, const char *prefix, const struct verb *table)
{
	for (const struct verb *verb = table; verb->name != NULL; verb++) {
		fprintf(out, "  %s%s\n      %s\n", prefix, verb->name, verb->doc);
		write_fields(out, verb->fields);
		fputc('\n', out);
	}
}

void story_write_manual(FILE *out)
{
	static const char *const taps[] = {"slack", "matrix", "bridge"};

	fputs("The runner's own verbs\n\n", out);
	write_verbs(out, "", runner_verbs);
	fputs("People, administrators and faults of the simulated Slack\n\n", out);
	write_verbs(out, "slack.", sim_slack_verbs);
	fputs("People, administrators and faults of the simulated homeserver\n\n", out);
	write_verbs(out, "matrix.", sim_matrix_verbs);
	fputs("Every slack.* and matrix.* verb also takes\n\n", out);
	write_fields(out, story_sim_fields);
	fputs("\nBeside a verb may stand\n\n"
	      "      within           duration   expect, settle, bridge.*: the deadline\n"
	      "      for              duration   never, settle: how long it must hold\n"
	      "      req              text       the requirement this step shows\n"
	      "      save             text       keeps the record or result: ${name.field}\n"
	      "      note             text       a remark\n",
	        out);
	for (size_t i = 0; i < sizeof(taps) / sizeof(taps[0]); i++) {
		fprintf(out, "\nFields of records at: %s\n\n", taps[i]);
		write_fields(out, story_tap_fields(taps[i]));
	}
	fputs("\nKnown to every step as ${name}\n\n", out);
	for (const struct story_variable *known = story_variables; known->name != NULL;
	        known++) {
		fprintf(out, "      %-27s %s\n", known->name, known->doc);
	}
}
