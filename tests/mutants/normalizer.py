"""Orders and rules of the normalizer: each one broken is found out."""

UNIT = 'unit:test-decide/'
MESSAGE, ACT, DECIDE = (f'daemons/normalizer/{n}.c' for n in ('decide_message', 'decide_act', 'decide'))
COMPLAINT, APPLIER = 'daemons/normalizer/complaint.c', 'daemons/normalizer/applier.c'
DESK, DESK_DECIDE, SETTLE = (f'daemons/normalizer/{n}.c' for n in ('desk', 'desk_decide', 'desk_settle'))
INPUTS = 'daemons/normalizer/inputs.c'
BACKLOG = 'flow:test_normalizer_faults:test_killed_with_a_backlog'

MUTANTS = [
    # --- order of effects
    dict(name='norm-commit-before-append', file=DESK_DECIDE,
         test='flow:test_normalizer_faults:test_what_the_log_refused_is_decided_again',
         old='	item_push(&d->flight, item_pop(&d->waiting));\n	d->view_age++;',
         new='	if (i->source) {\n		source_settled(i->source, i);\n'
             '		inputs_commit(d->inputs, lane_member_consumer(d->member));\n	}\n'
             '	item_push(&d->flight, item_pop(&d->waiting));\n	d->view_age++;'),
    dict(name='norm-settle-before-confirm', file=SETTLE, test=BACKLOG,
         old='while (d->flight.first && (!d->flight.first->appended || d->flight.first->confirmed))',
         new='while (d->flight.first)'),
    dict(name='norm-in-flight-not-looked-at', file=DESK_DECIDE, test=BACKLOG,
         old='	view_apply(d->view, ops);\n', new=''),
    dict(name='norm-failed-appends-forgotten', file=DESK,
         test='flow:test_normalizer_faults:test_what_the_log_refused_is_decided_again',
         old='		item_push(&again, i);\n', new='		item_free(i);\n'),
    dict(name='norm-index-believed-anywhere', file=APPLIER, test='unit:test-applier/elsewhere',
         old='	if (!c)\n		return err_set(e, -ESTALE,', new='	if (!c && e)\n		return 0;\n'
             '	if (!c)\n		return err_set(e, -ESTALE,'),
    dict(name='norm-lost-answer-applied-twice', file=APPLIER, test='unit:test-applier/a_lost_answer',
         old='	while (!same_mark(&m, &q->applied))\n		drop_first(a, q);\n', new=''),
    dict(name='norm-record-applied-twice', file=APPLIER, test='unit:test-applier/both_logs_once_each',
         old='if (mark->offset <= q->added.offset) {', new='if (mark->offset < q->added.offset) {'),
    # --- where inputs start (rules 13, 15)
    dict(name='norm-commit-not-checked', file=INPUTS,
         test='flow:test_normalizer_faults:test_commits_that_are_not_believed',
         old='		if (same)\n			return TAKE_NONE;', new='		if (same || s->topic[0])\n			return TAKE_NONE;'),
    dict(name='norm-loss-not-noticed', file=INPUTS,
         test='flow:test_normalizer_holds:test_raw_records_removed_undecided',
         old='	if (committed < low) {', new='	if (committed < low && high < 0) {'),
    dict(name='norm-unknown-version-is-dead', file=INPUTS,
         test='flow:test_normalizer_holds:test_unknown_version_holds_its_topic_only',
         old='	if (code == -EPROTO) {', new='	if (code == -EPROTO && !r->value) {'),
    # --- restore (rule 4)
    dict(name='norm-restore-keeps-ready', file=ACT, test=UNIT + 'after_a_restore_a_person_looks',
         old='	complaint_add_reason(c, "restored");\n	json_set_str(c, "ready_at", NULL);\n'
             '	complaint_set_state(c, "review");',
         new='	complaint_add_reason(c, "restored");'),
    dict(name='norm-restore-forgets-the-undecided', file=MESSAGE,
         test=UNIT + 'what_was_there_at_a_restore_is_looked_at',
         old='	if (x->in->restored) {', new='	if (x->in->restored && a->conflict) {'),
    # --- rules of decide
    dict(name='norm-absorbed-again', file=MESSAGE, test=UNIT + 'the_same_again_is_dropped',
         old='	if (strcmp(json_str_or(before, "hash", ""), a->hash) == 0)\n		return false;\n', new=''),
    dict(name='norm-conflict-dropped', file=MESSAGE, test=UNIT + 'another_content_is_a_message_of_its_own',
         old='	own = ctx_lookup_json(x, "a", a->id);\n	return !own;',
         new='	own = ctx_lookup_json(x, "a", a->id);\n	return own && a->conflict;'),
    dict(name='norm-nothing-noted', file=MESSAGE, test=UNIT + 'a_change_before_its_message_waits',
         old='		json_set_str(r, "waits_for", target);\n', new='		(void)r;\n'),
    dict(name='norm-media-not-noted', file=ACT, test=UNIT + 'a_photo_before_its_message_waits',
         old='		json_set_str(r, "waits_for", message);\n', new='		(void)r;\n'),
    dict(name='norm-filed-is-changed', file=MESSAGE, test=UNIT + 'what_is_filed_is_not_changed',
         old='	} else if (ctx_filed(x, json_str_or(c, "id", ""))) {',
         new='	} else if (ctx_filed(x, json_str_or(c, "ticket", ""))) {'),
    dict(name='norm-filed-is-joined', file=MESSAGE, test=UNIT + 'a_ready_one_opens_again_until_it_is_filed',
         old='	if (ctx_filed(x, json_str_or(c, "id", "")))\n		return "filed";\n', new=''),
    dict(name='norm-claim-joins', file=MESSAGE, test=UNIT + 'a_claimed_name_links_and_asks',
         old='		return "claimed-identity";', new='		return NULL;'),
    dict(name='norm-call-joins', file=MESSAGE, test=UNIT + 'a_call_is_a_matter_of_its_own',
         old='		return "call";', new='		return NULL;'),
    dict(name='norm-emergency-is-filed', file=COMPLAINT, test=UNIT + 'an_emergency_waits_for_nobody',
         old='	if (json_flag(c, "emergency")) {\n		complaint_set_state(c, "review");\n	} else if',
         new='	if'),
    dict(name='norm-review-is-filed', file=COMPLAINT, test=UNIT + 'who_must_be_looked_at',
         old='	} else if (json_array_size(reasons(c))) {', new='	} else if (json_array_size(reasons(c)) > 9) {'),
    dict(name='norm-incomplete-is-filed', file=COMPLAINT, test=UNIT + 'what_is_missing_is_asked_for',
         old='	} else if (json_array_size(json_object_get(c, "missing"))) {',
         new='	} else if (json_array_size(json_object_get(c, "missing")) > 9) {'),
    dict(name='norm-stale-command', file=ACT, test=UNIT + 'an_officer_acts',
         old='	if (json_int(command, "version", -1) != json_int(old, "version", 0))',
         new='	if (json_int(command, "version", -1) > json_int(old, "version", 0))'),
    dict(name='norm-command-twice', file=ACT, test=UNIT + 'a_command_is_absorbed_once',
         old='	if (ctx_absorbed(x, "command", d->id))\n		return DECIDE_ABSORBED;\n', new=''),
    dict(name='norm-stale-timer', file=ACT, test=UNIT + 'a_timer_of_an_older_version_is_void',
         old='	if (!old || !has_timer(old, d->id))', new='	if (!old || (!has_timer(old, d->id) && !d->id[0]))'),
    dict(name='norm-refusal-unheard', file=ACT, test=UNIT + 'a_refused_filing_asks_a_person',
         old='	complaint_add_reason(c, "already-filed");\n	json_set_str(c, "ready_at", NULL);\n'
             '	complaint_set_state(c, "review");\n',
         new='	complaint_add_reason(c, "already-filed");\n'),
    dict(name='norm-endless-complaint', file=COMPLAINT, test=UNIT + 'too_long_goes_on_in_a_linked_one',
         old='	return json_array_size(json_object_get(c, "sources")) >= r->max_messages ||',
         new='	return json_array_size(json_object_get(c, "sources")) > 10 * r->max_messages ||'),
    dict(name='norm-too-large-is-retried', file=DECIDE, test=UNIT + 'a_decision_too_large_is_dead',
         old='	if (size <= DECISION_RECORD_MAX - (spare ? 1024u : DECISION_SPARE))',
         new='	if (size <= 8 * DECISION_RECORD_MAX - (spare ? 1024u : DECISION_SPARE))'),
]
