/* trace_text: one line for a person about one record. Pure. Ids, states, numbers, reasons; what a
 * citizen wrote or is called only with `show`, else masked. Caller frees. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

char *trace_decision_text(const json_t *decision);
char *trace_submission_text(const json_t *submission);
char *trace_command_text(const json_t *command, bool show);
char *trace_message_text(const json_t *message, bool show);
char *trace_emergency_text(const json_t *record);
/* "rule: evidence; rule: evidence" of a decision, "" when it says nothing. */
char *trace_why_text(const json_t *decision);
