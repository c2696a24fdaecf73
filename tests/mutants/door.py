"""The open door: what makes a 202 true, who may come in, whose quota counts."""

INTAKE = 'daemons/door/intake.c'
JSON = 'daemons/door/door_json.c'
SIGNED = 'daemons/door/signed.c'


def row(name, file, old, new, case):
    return dict(name=name, file=file, old=old, new=new, test='unit:' + case)


MUTANTS = [
    row('door-answer-before-report', INTAKE,
        'if (i->waiting)\n\t\treturn;\n\tanswer(i);', 'if (i->waiting > 1000)\n\t\treturn;\n\tanswer(i);',
        'test-door_json/never_202_before_the_report'),
    row('door-first-report-is-enough', INTAKE,
        'i->waiting--;\n\titem_end(', 'i->waiting--;\n\tfor (size_t k = 0; ok && k < i->n; k++)\n'
        '\t\titem_end(&i->items[k], INTAKE_STORED);\n\tanswer(i);\n\titem_end(',
        'test-door_json/never_202_before_every_report'),
    row('door-failed-report-is-stored', INTAKE,
        'ok ? INTAKE_STORED : INTAKE_AGAIN', 'ok || number < 1000 ? INTAKE_STORED : INTAKE_AGAIN',
        'test-door_json/a_failed_report_is_503'),
    row('door-deadline-is-202', INTAKE,
        'item_end(&i->items[k], INTAKE_AGAIN);', 'item_end(&i->items[k], INTAKE_STORED);',
        'test-door_json/the_deadline_is_503'),
    row('door-full-queue-goes-on', INTAKE,
        'i->waiting--;\n\ti->full = true;\n\tit->state = INTAKE_AGAIN;', 'i->waiting--;\n\tit->state = INTAKE_STORED;',
        'test-door_json/a_full_queue_puts_the_rest_off'),
    row('door-nothing-given-back', INTAKE,
        'quota_give_back(i->d->quotas, i->client, (int64_t)again);', '(void)again;',
        'test-door_json/what_is_not_stored_is_given_back'),
    row('door-blob-failure-ignored', JSON,
        'if (store_files(d, &doc, &e)) {', 'if (store_files(d, &doc, &e) == -EPERM) {',
        'test-door_json/a_blob_store_that_fails_is_503'),
    row('door-any-channel', 'daemons/door/door.c',
        'if (channel && !doorkey_allows(k, channel))', 'if (channel && !doorkey_allows(k, channel) && !*channel)',
        'test-door_json/channels_are_those_of_the_key'),
    row('door-signature-not-compared', SIGNED,
        'if (!ours || !good)', 'if (!ours || (!good && !hex))', 'test-door_json/who_has_no_key'),
    row('door-revoked-key-holds', SIGNED,
        'ours = k && !k->revoked', 'ours = k', 'test-door_json/a_revoked_key_holds_no_longer'),
    row('door-bearer-signs', SIGNED,
        '&& k->use == DOORKEY_SIGNED', '&& k->use < DOORKEY_USES', 'test-door_json/who_has_no_key'),
    row('door-no-window', SIGNED,
        'if (!in_window(d, q.time))', 'if (!in_window(d, q.time) && !*q.time)', 'test-door_json/only_inside_the_window'),
    row('door-header-twice', SIGNED,
        'httpd_header_count(r, name) == 1', 'httpd_header_count(r, name) >= 1', 'test-door_json/who_has_no_key'),
    row('door-keys-away-is-401', SIGNED,
        'if (keyring_find(d->keys, q.key, &k, &e)) {', 'if (keyring_find(d->keys, q.key, &k, &e) < -1000) {',
        'test-door_json/keys_that_cannot_be_read_are_no_refusal'),
    row('door-keys-racy', 'daemons/door/keyring.c',
        'k->settled = time(NULL) - st.st_mtim.tv_sec > SETTLED_S;', 'k->settled = st.st_mtim.tv_sec > SETTLED_S;',
        'test-door_parts/every_change_is_seen'),
    row('door-body-not-signed', 'common/core/doorkey.c',
        'sha256_hex(r->body, r->len, digest);', 'sha256_hex(r->body, 0, digest);',
        'test-doorkey/the_signature_a_stranger_makes'),
    row('door-quota-for-ever', 'daemons/door/quota.c',
        'b->parts -= n * PARTS;', 'b->parts -= n;', 'test-door_parts/a_bucket_fills_with_time'),
    row('door-name-decides-type', 'daemons/door/decode.c',
        'a->mime = filetype_of(f->data, f->n);', 'a->mime = a->name ? "image/jpeg" : filetype_of(f->data, f->n);',
        'test-door_parts/a_whole_message'),
]
