"""WhatsApp: what an update is, and foreign payloads by a mapping: each rule switched off is found out."""

MAPPING, BODY, AUTH = 'common/core/mapping.c', 'common/core/mapping_body.c', 'common/core/webauth.c'
TYPES, WEBHOOK = 'daemons/whatsapp/types.c', 'common/core/webhook.c'


def row(name, file, old, new, case):
    return dict(name='whatsapp-' + name, file=file, old=old, new=new, test='unit:' + case)


MUTANTS = [
    # the same message has the same id, another has another one
    row('id-zero-is-an-id', MAPPING, 'if (id && in_list(id, &f->conf->id_none))', 'if (id && !*id && in_list(id, &f->conf->id_none))',
        'test-mapping/fonnte_ids'),
    row('hash-parts-run-together', MAPPING, '"%zu:", text ? strlen(text) : 0)', '"%zu:", text ? strlen(text) : 0) * 0',
        'test-mapping/fonnte_ids'),
    row('hash-of-nothing', MAPPING, '	if (!any)\n', '	if (!any && !bytes.n)\n', 'test-mapping/fonnte_ids'),
    # nothing vanishes, and nothing is a complaint that is none
    row('broken-list-ends-silently', BODY, 'b->cut = r < 0;', 'b->cut = r < -9999;', 'test-mapping/a_bare_list'),
    row('own-message-is-a-complaint', MAPPING, 'if (m->class == MC_HUMAN)\n			m->class = class_of(o);',
        'if (i == 0)\n			m->class = class_of(o);', 'test-mapping/qontak'),
    row('empty-is-a-complaint', MAPPING, 'm->location.address || m->location.name;',
        'm->location.address || m->native_id;', 'test-mapping/fonnte'),
    row('account-of-another', MAPPING, '	if (!ours)\n', '	if (!ours && !account)\n',
        'test-mapping/lists_and_pointers'),
    row('nobody-is-proven', MAPPING, 'f->conf->proven && sender', 'f->conf->proven', 'test-mapping/authors'),
    row('edit-of-nothing-is-filed', MAPPING, '		m->kind = MK_MESSAGE;\n		m->class = MC_UNKNOWN;\n',
        '		m->kind = MK_MESSAGE;\n', 'test-mapping/rules'),
    # who may post
    row('no-secret-lets-in', AUTH, 'if (!secrets[i] || !*secrets[i])', 'if (!secrets[i])', 'test-mapping/a_secret'),
    row('signature-not-compared', AUTH, 'return equal_secret(given, wanted, size);',
        'return size && given[0] | wanted[0] | 1;', 'test-mapping/a_signature'),
    row('provider-not-verified', WEBHOOK, 'return w->c.verify(w->c.ctx, r, body, len);',
        'return w->c.verify(w->c.ctx, r, body, len) || len;', 'test-webhook/another_provider'),
    # what is shown of a sample
    row('try-shows-what-is-personal', 'common/core/trial.c', '	if (t->show_text)\n		json_set_str(o, "text", s);',
        '	if (t->out)\n		json_set_str(o, "text", s);', 'test-trial/nothing_personal_is_shown'),
    row('try-shows-fields', 'common/core/trial.c', 'if (t->show_text && f)', 'if (t->out && f)',
        'test-trial/nothing_personal_is_shown'),
    # identities
    row('edit-is-a-new-message', TYPES, '	m->kind = MK_EDIT;\n', '', 'test-whatsapp_decode/a_row_per_shape'),
    row('the-old-id-stays', TYPES, 'm->author.id = filled(json_str(ids, "current"));',
        'm->author.id = filled(json_str(ids, "previous"));', 'test-whatsapp_decode/a_row_per_shape'),
    row('another-card-is-his-number', TYPES, 'if (!same(json_str(j, "origin"), "contact_request")) {',
        'if (!json_str(j, "origin") && !cards) {', 'test-whatsapp_decode/a_row_per_shape'),
]
