/* webform: what a citizen typed into the form page, checked, and as a message. Pure.
 *
 * Fields: uraian (the complaint), nama, telepon, email, lokasi, rahasia (checkbox: hide my name),
 * foto (files), nomor (from the page: a random number, so that a form sent twice is one message),
 * and situs, which people leave empty and programs fill in: such a message is kept as spam. What is
 * not right is told beside its field; all that was typed in comes back with it. The id is made of
 * the page's number and of what was typed in: a page that somebody kept in a cache gives two people
 * two ids. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/message.h"

#include "multipart.h"

#define WEBFORM_PHOTOS_MAX 3
#define WEBFORM_TEXT_MAX   8000 /* characters */
#define WEBFORM_SHORT_MAX  200
#define WEBFORM_TOKEN_SIZE 33 /* 32 hex digits */

enum webform_error {
	WF_NO_TEXT = 1 << 0,
	WF_LONG_TEXT = 1 << 1,
	WF_NO_NAME = 1 << 2,
	WF_NO_CONTACT = 1 << 3,
	WF_BAD_PHONE = 1 << 4,
	WF_BAD_EMAIL = 1 << 5,
	WF_PHOTO_COUNT = 1 << 6,
	WF_PHOTO_SIZE = 1 << 7,
	WF_PHOTO_TYPE = 1 << 8,
	/* told by the door */
	WF_NOT_STORED = 1 << 9,
	WF_TOO_MANY = 1 << 10,
	WF_BROKEN = 1 << 11, /* the body is no form */
};

struct webform {
	char *text, *name, *phone, *email, *place; /* valid UTF-8, "" when empty */
	char token[WEBFORM_TOKEN_SIZE];		   /* as sent, or fresh */
	bool anonymous, trapped;
	struct webform_photo {
		struct span data;
		const char *mime;
		char sha256[SHA256_HEX_SIZE], id[SHA256_HEX_SIZE + 8];
	} photos[WEBFORM_PHOTOS_MAX];
	size_t n_photos;
	unsigned errors;
	const char *ticket;  /* told by the door; NULL: none yet */
	int64_t photo_bytes; /* most of a photo */
	/* of the message */
	char native_id[2 * SHA256_HEX_SIZE];
	struct message_attachment attachments[WEBFORM_PHOTOS_MAX];
	json_t *fields;
};

/* An empty form with a fresh number. */
void webform_fresh(struct webform *w, int64_t photo_bytes);
/* Always filled, errors set; photos borrow the body. webform_free afterwards. */
void webform_parse(struct webform *w, const char *content_type, const char *body, size_t n,
	int64_t photo_bytes);
/* Fills `m` (prefilled) with pointers into `w`; only without errors. */
void webform_message(struct webform *w, struct message *m);
void webform_free(struct webform *w);

/* For the templates: their keys, and what each stands for. */
extern const char *const webform_keys[];
const char *webform_value(const void *w, const char *key);
