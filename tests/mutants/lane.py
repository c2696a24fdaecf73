"""The rules of the lane (the numbers are those of its page): each one switched off is found out."""

MODEL = 'unit:test-lane_model/test_schedules'
VIEW, OWNER = 'common/core/lane.c', 'common/core/lane_owner.c'

MUTANTS = [
    dict(name='lane-ignore-term', file=VIEW, test=MODEL,
         old='bool rules = t && t == lane_view_ruler(v);', new='bool rules = t != NULL;'),
    dict(name='lane-last-takeover-instead-of-highest', file=VIEW, test='unit:test-lane/test_terms',
         old='if (ruler && r->term <= ruler->term)', new='if (ruler && r->term == ruler->term)'),
    dict(name='lane-same-term-twice', file=VIEW, test='unit:test-lane/test_terms',
         old='if (ruler && r->term <= ruler->term)', new='if (ruler && r->term < ruler->term)'),
    dict(name='lane-anyones-outcome', file=VIEW, test='unit:test-lane/test_outcomes',
         old='return r->intent.term == r->term && r->intent.n > 0 && r->intent.n <= t->counted_n;',
         new='return r->intent.n > 0 && r->intent.n <= t->counted_n;'),
    dict(name='lane-outcome-of-a-void-intent', file=VIEW, test='unit:test-lane/test_outcomes',
         old='return r->intent.term == r->term && r->intent.n > 0 && r->intent.n <= t->counted_n;',
         new='return r->intent.term == r->term && r->intent.n > 0 && t;'),
    dict(name='lane-gap-unnoticed', file=VIEW, test='unit:test-lane/test_gaps',
         old='	if (rules && r->n != t->seen_n + 1) {', new='	if (rules && r->n > t->seen_n + 64) {'),
    dict(name='lane-unknown-kind-skipped', file=VIEW, test='unit:test-lane/test_holds',
         old='	if (!r->kind_known)\n', new='	if (!r->kind_known && r->offset < 0)\n'),
    dict(name='lane-higher-rules-accepted', file=VIEW, test='unit:test-lane/test_holds',
         old='if (r->rules > LANE_RULES)', new='if (r->rules > LANE_RULES + 9)'),
    dict(name='lane-witness-not-compared', file=VIEW, test='unit:test-lane/test_marks',
         old='if (at && m->offset == at->offset && memcmp(m->hash, at->hash, LANE_HASH_SIZE) != 0)',
         new='if (at && m->offset == at->offset && m->hash[0] + at->hash[0] > 510)'),
    dict(name='lane-position-not-compared', file=VIEW, test='unit:test-lane/test_position',
         old='	if (memcmp(r->hash, v->last.hash, LANE_HASH_SIZE) != 0)\n', new='	if (r->offset < 0)\n'),
    dict(name='lane-no-confirm', file=OWNER, test=MODEL,
         old='		if (i->rec.offset > o->view.next)\n			break;\n', new=''),
    dict(name='lane-unknown-offset-believed', file=OWNER, test=MODEL,
         old='		i->reported && i->rec.offset >= 0) {\n',
         new='		i->reported) {\n		if (i->rec.offset < 0)\n			i->rec.offset = o->view.next;\n'),
    dict(name='lane-retry-in-the-same-term', file=OWNER, test=MODEL,
         old='			append_failed(o);\n			return;\n',
         new='			i->since_ms = now_ms;\n'
             '			(void)o->conf.ops->produce(o->conf.ctx, i->seq, &i->rec, i->cookie);\n			return;\n'),
    dict(name='lane-same-key', file=OWNER, test=MODEL, old='		o->last_n++;\n', new=''),
    dict(name='lane-stable-writer-name', file=OWNER, test=MODEL,
         old='	o->conf.ops->random(o->conf.ctx, o->writer);\n', new=''),
    dict(name='lane-outcomes-of-another-term', file=OWNER, test='unit:test-lane/test_owner_fenced_between',
         old='	if (!may_append(o, r->outcome && r->intent.term == o->term))\n',
         new='	if (!may_append(o, r->outcome))\n'),
    dict(name='lane-decides-before-the-takeover-is-read', file=OWNER, test='unit:test-lane/test_owner_confirms',
         old='		return outcome && o->counted && !o->broken;\n	return o->state == LANE_OWN;\n',
         new='		return outcome && o->counted && !o->broken;\n'
             '	return o->state == LANE_OWN || o->state == LANE_TAKING;\n'),
]
