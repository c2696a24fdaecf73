"""The HTTP server and client and the WhatsApp webhook: what makes a 200 true, what keeps a second
request out, what keeps a call from being made twice."""

WEBHOOK = 'daemons/whatsapp/webhook.c'
CHECK = 'common/base/httpd_check.c'
HTTPD = 'common/base/httpd.c'
HTTPC = 'common/base/httpc.c'


def row(name, file, old, new, case):
    return dict(name=name, file=file, old=old, new=new, test='unit:' + case)


MUTANTS = [
    # --- the webhook
    row('webhook-answer-before-report', WEBHOOK,
        'if (d->failed)\n\t\tanswer_delivery(d, false);', 'answer_delivery(d, !d->failed);',
        'test-webhook/never_200_before_the_report'),
    row('webhook-first-report-is-enough', WEBHOOK,
        '\td->waiting--;\n\tif (!ok)', '\td->waiting--;\n\tanswer_delivery(d, ok);\n\tif (!ok)',
        'test-webhook/never_200_before_every_report'),
    row('webhook-failed-report-is-200', WEBHOOK,
        'if (!ok)\n\t\td->failed = true;', 'if (!ok)\n\t\td->n++;',
        'test-webhook/a_failed_report_is_503'),
    row('webhook-full-queue-is-200', WEBHOOK,
        'd->waiting--;\n\td->failed = true;', 'd->waiting--;',
        'test-webhook/a_full_queue_is_503_at_once'),
    row('webhook-deadline-is-200', WEBHOOK,
        'd->failed = true;\n\tanswer_delivery(d, false);\n}', 'd->failed = true;\n\tanswer_delivery(d, true);\n}',
        'test-webhook/the_deadline_is_503'),
    row('webhook-produce-skipped', WEBHOOK,
        'if (source_put(d->w->source, m, on_report, d, d->n++, NULL, &e) == 0)\n\t\treturn;',
        'if (d->waiting > 0) {\n\t\ton_report(d, 0, true, 0);\n\t\treturn;\n\t}',
        'test-webhook/never_200_before_the_report'),
    row('webhook-signature-not-compared', WEBHOOK,
        '!meta_signature_ok(signature, body, len, w->c.secrets, w->c.n_secrets)', '!signature',
        'test-webhook/nothing_without_our_signature'),
    row('webhook-two-signatures', WEBHOOK,
        'httpd_header_count(r, "X-Hub-Signature-256") != 1', 'httpd_header_count(r, "X-Hub-Signature-256") < 1',
        'test-webhook/two_signature_headers_are_refused'),
    row('webhook-kafka-away-taken', WEBHOOK,
        '!source_running(w->source) || !source_kafka_up(w->source)', '!source_running(w->source)',
        'test-webhook/not_running_or_kafka_away'),
    row('webhook-cursors-not-read', WEBHOOK,
        '!source_running(w->source) || !source_kafka_up(w->source)', '!source_kafka_up(w->source)',
        'test-webhook/not_running_or_kafka_away'),
    row('webhook-blob-failure-ignored', WEBHOOK,
        'if (keep_body(d, &e)) {', 'if (keep_body(d, &e) == -EPERM) {',
        'test-webhook/a_blob_store_that_fails_is_503'),
    row('webhook-batch-repeated-inline', WEBHOOK,
        'wa_count(d->body, d->len) <= 1)', 'wa_count(d->body, d->len) <= 1000)',
        'test-webhook/a_batch_lies_in_the_blob_store_first'),
    # --- the server
    row('httpd-two-lengths', CHECK,
        'if (lengths++)', 'if (lengths++ > 1)', 'test-httpd/every_vector'),
    row('httpd-transfer-encoding', CHECK,
        'if (is(f, "Transfer-Encoding"))', 'if (is(f, "Transfer-Encoding") && h->n_fields > 60)',
        'test-httpd/every_vector'),
    row('httpd-two-hosts', CHECK, 'if (hosts != 1)', 'if (hosts < 1)', 'test-httpd/every_vector'),
    row('httpd-blank-in-name', CHECK,
        'if (!is_token(f->name, f->name_len))', 'if (!f->name_len)', 'test-httpd/every_vector'),
    row('httpd-controls', CHECK,
        'if (has_controls(f->value, f->value_len))', 'if (has_controls(f->value, 0))', 'test-httpd/every_vector'),
    row('httpd-keep-alive', HTTPD,
        'MHD_add_response_header(a, MHD_HTTP_HEADER_CONNECTION, "close");', '(void)0;',
        'test-httpd/every_vector'),
    row('httpd-deadline-moves', HTTPD,
        'if (r->reading == BODY && buf_add(&r->body, data, *len))\n\t\t\treturn MHD_NO;',
        'set_deadline(r->h, r->conn);\n\t\tif (r->reading == BODY && buf_add(&r->body, data, *len))\n'
        '\t\t\treturn MHD_NO;',
        'test-httpd/a_dripping_client_hits_the_deadline'),
    row('httpd-oversize-taken', HTTPD,
        'if ((uint64_t)r->length > r->route->max_body)', 'if ((uint64_t)r->length > r->route->max_body + 1)',
        'test-httpd/every_vector'),
    row('httpd-no-limit-in-flight', HTTPD,
        'if (is_busy(r)) {', 'if (is_busy(r) && r->length > 2) {', 'test-httpd/a_route_takes_few_at_once'),
    row('httpd-stale-check-skipped', 'common/base/httpd_listen.c',
        'sizeof(*a)) == 0 || errno == EAGAIN)', 'sizeof(*a)) == 0 && errno == EAGAIN)',
        'test-httpd/a_stale_socket_is_replaced_a_living_one_is_not'),
    # --- the client
    row('httpc-post-from-memory', HTTPC,
        'CURLOPT_POSTFIELDS, NULL)', 'CURLOPT_POSTFIELDS, r->body)',
        'test-httpc/keep_alive_closed_under_a_post'),
    row('httpc-empty-post-reuses', HTTPC,
        'CURLOPT_FRESH_CONNECT, 1L)', 'CURLOPT_FRESH_CONNECT, 0L)',
        'test-httpc/keep_alive_closed_under_an_empty_post'),
    row('httpc-redirects', HTTPC,
        'CURLOPT_FOLLOWLOCATION, 0L)', 'CURLOPT_FOLLOWLOCATION, 1L)', 'test-httpc/redirects_are_not_followed'),
    row('httpc-head-not-counted', HTTPC,
        'return (int64_t)head + (int64_t)body;', 'return (int64_t)body;', 'test-httpc/a_post_to_the_byte'),
    row('httpc-half-a-body', HTTPC,
        'return CURL_READFUNC_ABORT;', 'return 0;', 'test-httpc/a_file_that_shrank_is_never_half_a_body'),
    row('httpc-answer-unbounded', HTTPC,
        'if (n > room) {', 'if (n > room && room > 100) {', 'test-httpc/answers_that_are_too_large'),
]
