/* forwarder: one lane at work: its logs and inputs, its destinations, its calls under way. Private
 * to this daemon; one section per file. Everything runs in the loop thread.
 *
 *   entries of `submissions` (own log) -> ledger          lane.c
 *   `complaints` -> worklist, `commands` -> acts           inputs.c, acts.c
 *   worklist minus ledger -> attempts                      work.c
 *   attempt: INTENT -> confirmed -> look -> call -> outcome  attempt.c (life and ends),
 *                        attempt_make.c, attempt_send.c, attempt_verify.c; attempt.h is theirs
 *   ends that could not be written before their lane went  known_ends.c
 *   what an answer means for its destination, probes       gate.c
 *   a destination seen from a lane; what its log says of it  site.c, holds.c
 *   reports that are open -> reads -> status records       status.c (what is due),
 *                        status_read.c, status_record.c; status.h is theirs
 *   reports whose time runs out -> gauges, a line a day    dues.c
 *   lists of numbers, looked up                            masters.c
 *
 * Order of effects (lane.md 16): an INTENT is sent only when it is confirmed under our own term,
 * after both inputs were read to ends asked for after the confirmation, and within SEND_WITHIN_MS
 * of its append. An attempt lives from its append to the entry that ends it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/daemon.h"
#include "base/httpc.h"
#include "core/blob.h"
#include "core/lane_member.h"
#include "core/muara_conf.h"

#include "asker.h"
#include "conf.h"
#include "destination.h"
#include "filing.h"
#include "follow.h"
#include "holds.h"
#include "known_ends.h"
#include "reminder.h"
#include "masters.h"
#include "submission.h"
#include "worklist.h"

enum { IN_COMPLAINTS, IN_COMMANDS, INPUTS }; /* order of topics and positions */

struct lane;

struct forwarder { /* the process */
	struct daemon_env *env;
	const struct conf *conf;
	const struct muara_conf *shared;
	struct endpoint *endpoints;
	struct gate *gates; /* one per endpoint */
	size_t n_endpoints;
	struct httpc *http;
	struct blob_store *blobs;
	struct asker *looks, *reads; /* ends of inputs; records whose text was dropped */
	struct lane_member *member;
	struct lane *lanes;
	struct stats *stats;
	struct status *status;
	struct dues *dues;	   /* NULL: no clocks, or no calendar */
	struct workdays *workdays; /* NULL: Saturdays and Sundays only */
	struct masters *masters;
	struct known_ends known; /* of lanes that went before they were written */
	char *topics[INPUTS], *own_topic, *group, *member_name;
	const char **kafka_extra;
};

struct gate { /* a destination as all lanes of this process share it */
	struct forwarder *fwd;
	const struct endpoint *ep;
	struct dest brake;
	int sent;		 /* calls that travel now */
	int refusals;		 /* proven ones in a row, while reads pass */
	int64_t last_success_ms; /* 0 = none yet */
	struct profile_request probe_request;
	struct httpc_call *probe;
	const char *told; /* state last logged */
};

struct site { /* a destination, seen from a lane */
	struct lane *lane;
	struct gate *gate;
	const struct endpoint *ep;
	uint8_t name, system;  /* in the ledger */
	struct hold_word word; /* what the lane's log says about it */
	bool saying;	       /* a `hold` is on its way into the log */
	bool asked;	       /* for a place, in vain, in this turn */
	const char *told;      /* own stop last logged */
	struct follow_queue follow;
	unsigned long observed;
	struct reminder waits; /* for a person, as of the last look */
	bool reminding;	       /* a reminder is on its way into the log */
};

enum attempt_state {
	ATT_APPENDED,  /* the INTENT is on its way */
	ATT_CONFIRMED, /* waits for a look that begins now */
	ATT_LOOKING,   /* the look is under way, or its ends are not read yet */
	ATT_SENT,      /* the call travels */
	ATT_PROBING,   /* a read says whether it was the credential */
	ATT_VERIFYING, /* a read says whether it happened */
	ATT_FOREIGN,   /* another writer's INTENT; waits until its call cannot travel any more */
	ATT_ENDED,     /* the end is known; to be appended, or appended and not confirmed */
	ATT_REFUSING,  /* REFUSED is on its way */
};

struct attempt {
	struct attempt *next;
	struct lane *lane;
	struct site *site; /* NULL: of a destination that is configured no more */
	enum attempt_state state;
	uint8_t complaint[16];
	char id[37], ticket[12];
	uint32_t version;
	enum call_kind call;
	unsigned number;		  /* of the attempt at this call */
	char attachment[SHA256_HEX_SIZE]; /* "" = none */
	unsigned part;			  /* follow-up: of its version */
	uint8_t destination, system;
	struct lane_key intent;
	struct submission_told told; /* what its INTENT says */
	json_t *snapshot;	     /* NULL: foreign, not read yet */
	uint64_t remote_id;	     /* hand-over, follow-up: of the report */
	char *page;		/* follow-up: for an officer, the endpoint has no call for it */
	bool holds_row;		/* its worklist row is under way because of it */
	bool place;		/* counts among the destination's calls under way */
	bool ends_known;	/* of its look */
	int64_t looked_ms;	/* when its look was done; 0: not yet */
	int64_t prepared_ms;	/* from its append to its first look; 0: not yet */
	bool appended;		/* its end */
	bool proof;		/* the answer was recognised as not passed on */
	const char *unsendable; /* why no request could be made */
	int64_t ends[INPUTS], appended_ms, due_ms;
	uint32_t created_s; /* noted for the hourly brake */
	int reads;	    /* verifications tried */
	struct profile_request request;
	struct httpc_call *http;
	enum attempt_end end;
	struct submission_result result;
};

struct act { /* an operator's command, waiting to be absorbed */
	struct act *next;
	json_t *command;
	uint8_t id[16];
	int64_t offset, read_ms;
	bool appended;
};

struct parsed { /* the text of a row, as it was parsed last */
	uint32_t row, version;
	json_t *snapshot; /* NULL: free; shared, so nobody changes it */
};
#define PARSED_MAX 128 /* more than are under way at once, mostly */

struct lane {
	struct lane *next;
	struct forwarder *fwd;
	int32_t number;
	struct lane_log *log;
	struct lane_reader *reader; /* of `complaints` */
	struct ledger ledger;
	struct worklist work;
	struct site *sites; /* one per endpoint */
	struct attempt *attempts;
	long n_attempts;
	struct act *acts, **acts_end;
	json_t *uploads; /* "term/n" of an open upload's INTENT -> sha256 */
	struct lane_dues *dues;
	struct loop_timer *soon, *tick;

	int64_t position[INPUTS];   /* read up to here */
	int64_t start_ends[INPUTS]; /* ends after our takeover */
	bool reads_complaints;	    /* they are added, once */
	bool start_known, caught_up, holds_taken;
	bool look_under_way, look_is_start, look_is_hold;
	int64_t owned_ms;
	bool lost, held, done;
	int64_t hold_end;  /* of commands when it began to hold; -1 = not known yet */
	char trouble[512]; /* inputs cannot be followed: nothing is filed */
	struct parsed parsed[PARSED_MAX];
	unsigned next_parsed;
	uint32_t reading; /* row whose text is being read, or IDMAP_NONE */
	int64_t read_not_before_ms, look_not_before_ms, remind_look_ms;
};

/* --- lane.c --- */
int lane_open(void *ctx, struct lane_member *m, int32_t number, void **ret, struct err *e);
void lane_close(void *ctx, void *obj);
extern const struct lane_log_ops lane_ops;
/* Something may have become possible; work follows from the loop. */
void lane_soon(struct lane *l);
/* Owner, inputs read to the ends seen at takeover, nothing that needs a person first. */
bool lane_may_file(const struct lane *l);
struct site *lane_site(struct lane *l, uint8_t destination); /* NULL when not configured */
/* The complaint's next call, if any, may be made again. */
void lane_requeue(struct lane *l, const uint8_t complaint[16], bool under_way, bool front);
/* A create that the log told the hourly brake of was not sent. Other calls: nothing. */
void lane_forget_create(struct lane *l, const struct slot *s);

/* --- inputs.c --- */
int inputs_open(struct lane *l, struct lane_member *m, struct err *e);
void inputs_owned(struct lane *l);
int inputs_record(void *obj, const struct kafka_record *r);
void inputs_eof(void *obj, const char *topic, int64_t next_offset);
void inputs_error(void *obj, const char *topic, int err, const char *text);
/* Asks for the ends of the inputs, for attempts in ATT_CONFIRMED and for a new owner. */
void inputs_look(struct lane *l);
/* The snapshot a row stands for, NULL when its text must be read first (then the row is out of its
 * queue until it is there) or cannot be. The caller owns a reference; others may hold one. */
json_t *inputs_snapshot(struct lane *l, uint32_t row);
/* For worklist.kept; ctx: the lane. */
void inputs_kept(void *ctx, const struct work *row, json_t *snapshot);
void inputs_free(struct lane *l);
/* Starts reading the text of a row; it stays out of its queue until then. */
void inputs_read(struct lane *l, uint32_t row);

/* --- acts.c --- */
void acts_add(struct lane *l, json_t *command, int64_t offset); /* steals */
void acts_absorb(struct lane *l);
/* A counted record that names a command: it has the effect now. */
void acts_counted(struct lane *l, const char *kind, const json_t *body);
bool acts_pause_waits(const struct lane *l, const char *destination);
bool acts_restore_waits(const struct lane *l);
void acts_forget_appends(struct lane *l);
void acts_free(struct lane *l);

/* --- work.c --- */
void work_pump(struct lane *l);
void work_tick(struct lane *l); /* what has settled by now */
/* For worklist.idle; ctx: the lane. */
bool work_is_idle(void *ctx, const struct work *row, const json_t *snapshot);

/* --- attempt.c --- */
/* Words of the log. */
void attempt_ended_counted(struct attempt *a);
void attempt_refused_counted(struct attempt *a);
struct attempt *attempt_of_intent(const struct lane *l, const struct lane_key *k);
struct attempt *attempt_of_refusal(const struct lane *l, const uint8_t complaint[16]);
/* Words of the lane, and time. */
void attempts_owned(struct lane *l);
void attempts_lost(struct lane *l);
bool attempts_travelling(const struct lane *l);
void attempts_tick(struct lane *l);
void attempts_free(struct lane *l);

/* --- attempt_make.c --- */
/* Appends the INTENT of this step. 0, or an errno of lane_append: nothing happened. `snapshot` is
 * borrowed. */
int attempt_start(struct site *s, uint32_t row, const json_t *snapshot,
	const struct filing_step *step, struct err *e);
int attempt_refuse(struct site *s, uint32_t row, const struct filing_step *step, struct err *e);

/* --- attempt_send.c --- */
/* The INTENT counts; current: under the term of now. */
void attempt_intent_counted(struct attempt *a, bool current);
/* Inputs went on, or a call ended: what may be sent is sent. */
void attempts_looked(struct lane *l);

/* --- attempt_verify.c --- */
/* The end of a call that waited for a probe. */
void attempt_probed(struct attempt *a, bool good);

/* --- gate.c --- */
void gate_init(struct gate *g, struct forwarder *f, const struct endpoint *ep);
void gate_free(struct gate *g);
/* What an outcome means for the destination; once: of a call that happens once only. answer may be
 * NULL. */
void gate_fate(
	struct gate *g, bool once, const struct outcome *o, const struct httpc_answer *answer);
void gate_success(struct gate *g, bool once);
/* A place may be free, or all lanes must say something: work follows from the loop. */
void gate_next(struct gate *g);
/* A call ended: whoever is ready may send one. */
void gate_call_ended(struct gate *g);
void gate_changed(struct gate *g);
struct profile_input gate_input(const struct gate *g, const json_t *snapshot);
/* Asks whether the credential works; answers reach the attempts of all lanes in ATT_PROBING. */
void gate_probe(struct gate *g);
void gate_tick(struct gate *g);

/* --- site.c --- */
void site_init(struct site *s, struct lane *l, struct gate *g);
/* The lane goes: nothing of it counts at its gates any more. */
void site_free(struct site *s);
/* Why nothing may be sent there now, NULL = it may. */
const char *site_stopped(const struct site *s);
bool site_may_start(struct site *s, bool creates);
/* This turn's work is looked at; a lane that asked for nothing leaves the line. */
void site_turn_ended(struct site *s);
/* A counted record of the log, whether about this destination or not. */
void site_counted(struct site *s, const char *kind, const json_t *body);
/* The log is read, for the first time: its holds and creates hold the gate. */
void site_take_word(struct site *s);
/* Appends what the log lacks about the gate. */
void site_say(struct site *s);
void site_tick(struct site *s);
bool site_held(const struct site *s);
const char *site_state_text(const struct site *s);
struct profile_input site_input(const struct site *s, const json_t *snapshot);
/* A complaint as filing.h and news.h look at it; borrows row, snapshot and site. */
struct filing_view site_view(const struct site *s, const struct work *row, const json_t *snapshot);

/* --- status.c --- */
/* names: of the destinations, in their order; outlive it. */
int status_new(struct forwarder *f, const char *const *names, struct status **ret);
void status_free(struct status *st); /* NULL-safe */
void status_owned(struct lane *l);   /* what is open is followed from now on */
/* A record of a slot counts. */
void status_counted(struct lane *l, const char *kind, uint32_t slot);
/* A record of ours that says what was read says nothing new, or of another number. */
void status_void(struct lane *l);
void status_forget(struct lane *l); /* lost, or about to go */
void status_show(struct forwarder *f);
/* --- reminders.c --- */
void reminders_tick(struct lane *l);
void reminders_owned(struct lane *l);
/* own: written by us under the term of now, not read again at a start. */
void reminders_counted(struct lane *l, const json_t *body, bool own);

/* --- dues.c --- */
/* *ret NULL: `clocks` or `holidays` is not given. names as for status_new. */
int dues_new(struct forwarder *f, const char *const *names, struct dues **ret, struct err *e);
void dues_free(struct dues *d);	     /* NULL-safe */
void dues_show(struct forwarder *f); /* called each second */
void dues_forget(struct lane *l);

/* --- papers.c --- */
/* <dir>/<ticket>.<term>-<n>.html and .csv, 0640, on the disk when it returns 0. */
int papers_sheet(const char *dir, const struct profile *p, const json_t *snapshot,
	const char *ticket, const struct lane_key *intent, struct err *e);
/* The page alone, of the same name and mode. */
int papers_page(const char *dir, const char *ticket, const struct lane_key *intent,
	const char *page, struct err *e);
bool papers_sheet_there(const char *dir, const char *ticket, const struct lane_key *intent);
/* <dir>/<destination>.<ticket>.v<version>.json, 0600: what would be sent, header values left out.
 * An existing file is left alone. */
int papers_observe(const char *dir, struct site *s, const struct filing_view *v, const char *ticket,
	struct err *e);

/* --- stats.c --- */
int stats_new(struct forwarder *f, struct stats **ret, struct err *e);
void stats_free(struct stats *s); /* NULL-safe */
/* Of the destinations, NULL ends; for labels, live as long as the process. */
const char *const *stats_names(const struct stats *s);
void stats_end(const struct attempt *a); /* one line and one count per end of a call */
/* Gauges and STATUS; called each second. */
void stats_show(struct forwarder *f);
bool stats_health(struct forwarder *f, char *text, size_t size);
