/* commands: the table of commands: names, arguments, options, help. */
#include "act.h"
#include "channel.h"
#include "commands.h"
#include "masters.h"
#include "profile.h"

static const struct ctl_option create_options[] = {
	{"--installation", "UUID", "id of the installation, instead of a fresh one"},
	{"--recreate", "LOG", "make this lost lane log anew, empty (see restore)"},
	{},
};
static const struct ctl_option blobs_options[] = {
	{"--older", "TIME",
		"how long after its complaint's end a file stays (default 90d, at least 1d)"},
	{"--dry-run", NULL, "count only"},
	{},
};

static const struct ctl_option lane_options[] = {
	{"--lane", "N", "only this lane"},
	{},
};
static const struct ctl_option balance_options[] = {
	{"--lane", "N", "only this lane"},
	{"--list-missing", NULL, "name each message that is under way or lost"},
	{},
};
static const struct ctl_option report_options[] = {
	{"--month", "YYYY-MM", "complaints received in this month"},
	{"--weeks", "N", "in the last N whole weeks (Monday to Sunday)"},
	{"--tenant", "NAME", "only of this government"},
	{"--csv", NULL, "as CSV"},
	{"--html", "FILE", "as one page to read on a telephone or print, in Indonesian"},
	{"--holidays", "FILE", "calendar (default: holidays.yaml beside muara.yaml)"},
	{},
};
static const struct ctl_option clocks_options[] = {
	{"--due", "DAYS",
		"what runs out within so many working days, too (2d; default: `warn` of the "
		"clocks)"},
	{"--all", NULL, "every clock that runs"},
	{"--destination", "NAME", "only of this destination"},
	{"--clocks", "FILE", "the clocks (default: clocks.yaml beside muara.yaml)"},
	{"--holidays", "FILE", "calendar (default: holidays.yaml beside muara.yaml)"},
	{},
};
static const struct ctl_option parked_options[] = {
	{"--lane", "N", "only this lane"},
	{"--all", NULL, "calls that are in flight, too"},
	{},
};
static const struct ctl_option worklist_options[] = {
	{"--overdue", "DURATION", "longer than this is too long (default 2d)"},
	{"--csv", NULL, "as CSV"},
	{"--lane", "N", "only this lane"},
	{},
};
#define FORWARDER_OPTION                                                                         \
	{                                                                                        \
		"--forwarder", "FILE",                                                           \
			"where destinations and profiles stand (default: forwarder.yaml beside " \
			"muara.yaml)"                                                            \
	}
static const struct ctl_option parked_show_options[] = {
	{"--destination", "NAME", "only attempts at this destination"},
	{"--lane", "N", "only this lane"},
	FORWARDER_OPTION,
	{},
};
static const struct ctl_option sheets_options[] = {
	{"--out", "DIR", "DESTINATION/DAY/AGENCY.html and .csv below it; - is standard output"},
	{"--csv", NULL, "with --out -: as CSV"},
	{"--day", "YYYY-MM-DD", "only what was handed out on this day"},
	{"--agency", "NAME", "only of this agency (\"tanpa instansi\": of none)"},
	{"--destination", "NAME", "only of this destination"},
	{"--parked", NULL, "what is parked or was refused instead, with what to look for"},
	{"--profile", "FILE",
		"by this profile of kind sheet (default: its own, or lapor/manual.yaml)"},
	{"--lane", "N", "only this lane"},
	FORWARDER_OPTION,
	{},
};
static const struct ctl_option trace_options[] = {
	{"--show", NULL, "personal data, too; with --json the whole records"},
	{},
};
#define VERSION_OPTION                                                                   \
	{                                                                                \
		"--version", "N", "the version that was looked at (default: the newest)" \
	}
static const struct ctl_option complaint_options[] = {VERSION_OPTION, ACT_OPTIONS, {}};
static const struct ctl_option complete_options[] = {
	{"--name", "TEXT", "the reporter's name"},
	{"--phone", "NUMBER", "0812…, 62812… or +62812…"},
	{"--email", "ADDRESS", "the reporter's e-mail"},
	{"--text", "TEXT", "the complaint's text, in place of what was written"},
	{"--title", "TEXT", "its title"},
	{"--category", "TEXT", "category, as the destination knows it"},
	{"--agency", "TEXT", "institution it is for"},
	{"--incident-date", "DATE", "YYYY-MM-DD"},
	{"--fields", "FILE", "all of these as a JSON object; - reads standard input"},
	VERSION_OPTION,
	ACT_OPTIONS,
	{},
};
static const struct ctl_option act_options[] = {ACT_OPTIONS, {}};
static const struct ctl_option lane_act_options[] = {
	{"--lane", "N", "only this lane"}, ACT_OPTIONS, {}};
static const struct ctl_option resolve_options[] = {
	{"--filed", "NUMBER", "it is there: the number the destination gave"},
	{"--date", "YYYY-MM-DD", "the day it was entered there (default: today)"},
	{"--resend", NULL, "it is not there: send it again"},
	{"--drop", NULL, "it is not to be filed at all"},
	{"--destination", "NAME", "only attempts at this destination"},
	{"--lane", "N", "only this lane"},
	ACT_OPTIONS,
	{},
};
static const struct ctl_option correct_options[] = {
	{"--filed", "NUMBER", "the number the destination gave"},
	{"--date", "YYYY-MM-DD", "the day it was entered there (default: today)"},
	{"--destination", "NAME", "only filings at this destination"},
	{"--lane", "N", "only this lane"},
	ACT_OPTIONS,
	{},
};
static const struct ctl_option emergency_options[] = {
	{"--lane", "N", "only this lane"},
	{"--all", NULL, "those that were acknowledged, and old ones that never rang, too"},
	{},
};
static const struct ctl_option restore_options[] = {
	{"--accept", "DAEMON", "normalizer or forwarder: whose log lost records"},
	{"--lane", "N", "which lane (required when there are several)"},
	ACT_OPTIONS,
	{},
};

#define KEYS_OPTION                                                               \
	{                                                                         \
		"--keys", "DIR", "folder of the keys (default SYSCONF/door-keys)" \
	}
static const struct ctl_option door_new_options[] = {
	{"--channel", "A,B", "channels it may write to; the first is the default"},
	{"--tenant", "NAME", "government its complaints are for (required when there are several)"},
	{"--review", "RULE", "required (default): a person releases each; auto: the rules do"},
	{"--per-minute", "N", "messages a minute in the long run (default 60)"},
	{"--burst", "N", "messages at once (default 1000)"},
	{"--open311", NULL, "an api_key for Open311 instead of one that signs"},
	KEYS_OPTION,
	{},
};
static const struct ctl_option door_options[] = {KEYS_OPTION, {}};

static const struct ctl_option channel_options[] = {
	{"--daemon", "NAME", "whose configuration it is (default: by its name)"},
	{"--show-text", NULL, "texts, names and numbers too (personal data)"},
	{},
};

static const struct ctl_option check_options[] = {
	{"--strict", NULL, "a warning fails, too"},
	{},
};
#define MASTERS_OPTIONS                                                                        \
	{"--destination", "NAME", "only of this destination"},                                 \
		{"--list", "NAME", "only this list (institutions, …)"},                        \
	{                                                                                      \
		"--forwarder", "FILE",                                                         \
			"where destinations stand (default: forwarder.yaml beside muara.yaml)" \
	}
static const struct ctl_option masters_options[] = {MASTERS_OPTIONS, {}};
static const struct ctl_option fetch_options[] = {MASTERS_OPTIONS,
	{"--anyway", NULL, "take a list although more than a fifth of it would be gone"}, {}};
static const struct ctl_option render_options[] = {
	{"--complaint", "REF", "the newest version of this complaint"},
	{"--snapshot", "FILE", "a complaint in a file, as `muaractl --json show REF` prints it"},
	{"--destination", "NAME", "base, headers, settings and agencies of this one"},
	{"--forwarder", "FILE", "where it stands (default: forwarder.yaml beside muara.yaml)"},
	{"--set", "NAME=VALUE", "a setting of the profile; may be given several times"},
	{"--show-text", NULL, "texts, names and numbers too (personal data)"},
	{},
};

const struct ctl_command ctl_commands[] = {
	{"check", "", 0, 0, 0, NULL, ctl_check, "is everything Muara stands on as it must be?",
		"One line for each topic, the brokers, the daemons' groups, Redis and the "
		"directories: ok, warn or FAIL,\nand for the latter two what to do. Changes "
		"nothing; exit status 1 when a line says FAIL."},
	{"balance", "", 0, 0, 0, balance_options, ctl_balance,
		"is every message and every complaint accounted for?",
		"Reads all logs once, id by id. accepted = in complaints + noted + archived + dead "
		"+ "
		"under way.\nUnder way: the normalizer has not got there yet. Every ready "
		"complaint has "
		"one end: done, by hand,\ndropped, parked, handed, rejected, refused, in flight or "
		"waiting. Whatever does not fit is named as a\nfault, and the exit status is 1. "
		"The daemons may be at work meanwhile. Memory: some 300 bytes a message."},
	{"report", "", 0, 0, 0, report_options, ctl_report,
		"what came in during a month or some weeks, and what became of it",
		"By channel, agency and classification: in = under way + held + review + parked + "
		"refused + handed\n+ filed + closed; the median and the 90 % time from received to "
		"filed; late against three working\ndays; what was archived, and why. Every figure "
		"is of the complaints received in the time, as they\nstand now; days are those of "
		"`timezone`. Reads all logs once; no personal data is shown."},
	{"clocks", "", 0, 0, 0, clocks_options, ctl_clocks,
		"filed reports whose time to be verified, answered or finished runs out",
		"Counts the working days of clocks.yaml by holidays.yaml; days are those of "
		"`timezone`, and the\nlast one counts whole. Knows what the forwarder read of each "
		"report: some hours late. No personal\ndata is shown. Exit status 1 when one is "
		"overdue, so that a timer can mail the list."},
	{
		"trace",
		"REF",
		1,
		1,
		0,
		trace_options,
		ctl_trace,
		"the whole story of a complaint or a message, in order",
		"What came in, every decision with why, every act, every step of a filing, each "
		"with "
		"the place of its record.\nWhat stands in a log and does not count is shown as "
		"void. "
		"REF may also be the id of a command. Names,\nnumbers and texts are masked unless "
		"--show is given.",
	},
	{"review list", "", 0, 0, 0, lane_options, ctl_review_list,
		"complaints a person must look at, emergencies first", NULL},
	{"held list", "", 0, 0, 0, lane_options, ctl_held_list,
		"complaints that lack something, or that a person holds", NULL},
	{"parked list", "", 0, 0, 0, parked_options, ctl_parked_list,
		"filings that wait for a person",
		"parked: the call was answered so that nobody knows whether it was stored: look "
		"in the destination,\nthen `resolve`. rejected: the destination refused it; "
		"`resolve --resend` tries once more, --drop gives up.\nhanded: an officer has "
		"the sheet; `resolve --filed NUMBER` types the number back."},
	{"parked show", "ATTEMPT|REF", 1, 1, 0, parked_show_options, ctl_parked_show,
		"what to look for in the destination, and the ways out",
		"The mark in its text, its tag, the institution and the time between which it "
		"must have come in; then the\nthree exits, and what stays unknown whichever you "
		"take. No word of the citizen is shown."},
	{"worklist", "", 0, 0, 0, worklist_options, ctl_worklist,
		"what waits for a person: sheets, parked, rejected, refused",
		"Since when, how often the forwarder reminded of it, and what to do. Exit status "
		"1 when something waits too\nlong: muara-worklist.timer runs it each morning. "
		"No personal data is shown."},
	{"sheets", "", 0, 0, 0, sheets_options, ctl_sheets,
		"sheets to print, by agency and day (personal data)",
		"What was handed out and not typed back: a list to write the numbers in, then a "
		"page each; and a CSV in the\norder of the national form. Made from the logs, so "
		"they can be printed anywhere and again. With --parked:\nwhat nobody knows to be "
		"filed or that was refused, each page with what to look for and what to do.\nExit "
		"status 1 when a sheet could not be made; the others are."},
	{"destination list", "", 0, 0, 0, lane_options, ctl_destination_list,
		"which destinations are held or paused, why and since when",
		"held: the forwarder stopped filing there; it alarms and waits. REASON: credential "
		"(renew it, it opens by\nitself), moved, redirect (check the profile's base), "
		"hourly (max_filings_per_hour), rejects (many in a\nrow): look, then `resume`. "
		"paused: by `pause`. restored: the log lost records. What it merely waits out\n"
		"stands in its STATUS and /healthz."},
	{"show", "REF", 1, 1, 0, NULL, ctl_show, "one complaint, with all its personal data", NULL},
	{"review show", "REF", 1, 1, CTL_HIDDEN, NULL, ctl_show, "as show", NULL},
	{"held show", "REF", 1, 1, CTL_HIDDEN, NULL, ctl_show, "as show", NULL},
	{"release", "REF", 1, 1, CTL_ACT, complaint_options, ctl_release,
		"let go what is held or in review: it becomes ready",
		"It is filed then, whatever was missing or asked for a person."},
	{"hold", "REF", 1, 1, CTL_ACT, complaint_options, ctl_hold,
		"keep a complaint from being filed", NULL},
	{"archive", "REF", 1, 1, CTL_ACT, complaint_options, ctl_archive,
		"close a complaint without filing it", NULL},
	{"complete", "REF", 1, 1, CTL_ACT, complete_options, ctl_complete,
		"fill in what a complaint lacks",
		"Names and numbers on a command line are seen by every user of this machine while "
		"the "
		"command runs;\n--fields keeps them out of sight."},
	{"resolve", "ATTEMPT|REF", 1, 1, CTL_ACT, resolve_options, ctl_resolve,
		"say what became of a parked, rejected or handed filing",
		"ATTEMPT is the term/n that `parked list` shows. Exactly one of --filed, --resend, "
		"--drop. --resend is\nrefused while the first call may still be travelling; an "
		"attempt "
		"resolves once. A number is refused\nthat is another complaint's, a --date "
		"to come, before the call or sheet, or more than 31 days ago."},
	{"correct", "ATTEMPT|REF", 1, 1, CTL_ACT, correct_options, ctl_correct,
		"another number in place of one that was typed wrong",
		"Only for a number a person typed (resolve --filed); checked as there. What was "
		"done with the wrong number\nmeanwhile, a hand-over or a follow-up, was done to "
		"that report: look at it there."},
	{"dead list", "", 0, 0, 0, lane_options, ctl_dead_list,
		"messages that could not be decoded, and why", NULL},
	{"dead show", "MESSAGE", 1, 1, 0, NULL, ctl_dead_show,
		"one of them as it was received (personal data)",
		"MESSAGE is the id that `dead list` shows. Works while the raw topic keeps the "
		"record "
		"(88 days)."},
	{"dead replay", "MESSAGE", 1, 1, CTL_ACT, act_options, ctl_dead_replay,
		"decide a dead or archived message anew", NULL},
	{"blobs prune", "", 0, 0, 0, blobs_options, ctl_blobs_prune,
		"remove attachments and originals that nobody needs any more",
		"Reads all logs first. A file stays while a raw record names it, while its "
		"complaint is not\nfinished (filed and told, merged, withdrawn, archived) since "
		"--older, while any younger record\nnames it, and when in doubt."},
	{"pause", "DESTINATION", 1, 1, CTL_ACT, lane_act_options, ctl_pause,
		"file nothing into a destination until `resume`", NULL},
	{"resume", "DESTINATION", 1, 1, CTL_ACT, lane_act_options, ctl_resume, "file into it again",
		"Ends a pause of the lane and a hold of the destination, which all lanes of the "
		"forwarder share.\nThen one call at a time until one succeeds; what is still wrong "
		"holds it again."},
	{"restore", "", 0, 0, CTL_ACT, restore_options, ctl_restore,
		"go on after a log lost records",
		"A lane holds when its log is not what its witness or its index remembers: it was "
		"made "
		"anew, or put back\nfrom an older copy. Put the right log back if there is one. If "
		"there "
		"is none, `restore --accept` makes the\ndaemon forget what it remembered; every "
		"ready "
		"complaint then goes to review, because it may have been\nfiled already."},
	{"emergency list", "", 0, 0, 0, emergency_options, ctl_emergency_list,
		"emergencies that ring and that nobody has acknowledged",
		"Works without Redis and without the normalizer. What was said is shown only by "
		"`emergency show`."},
	{"emergency show", "REF", 1, 1, 0, NULL, ctl_emergency_show,
		"one of them, with the message as it was received (personal data)",
		"REF is its ticket or its id."},
	{"emergency ack", "REF...", 1, CTL_ARGS_MAX, CTL_ACT, act_options, ctl_emergency_ack,
		"a person takes it: it stops ringing",
		"REF is a ticket or an id that `emergency list` shows. A later message is an "
		"emergency of its own, an edit\nof this one is not."},
	{"topics create", "", 0, 0, 0, create_options, ctl_topics_create,
		"make the topics; run twice does nothing",
		"Makes every topic with the settings it must have, and begins the lane logs with "
		"their genesis record.\nWhat is there already is left as it is; `muaractl check` "
		"says whether it is right."},
	{"door key new", "CLIENT", 1, 1, CTL_ACT, door_new_options, ctl_door_key_new,
		"a key for a program that sends to muara-door",
		"CLIENT is your name for the program, part of the id of whatever it sends: give it "
		"a new key under the\nsame name and nothing is taken in twice. The secret is shown "
		"once. It stands in the key's file, for what\nis signed with it is checked with "
		"it: keep the folder to the group muara."},
	{"door key list", "", 0, 0, 0, door_options, ctl_door_key_list,
		"keys of the door, revoked ones too; no secrets", NULL},
	{"door key revoke", "KEY", 1, 1, CTL_ACT, door_options, ctl_door_key_revoke,
		"a key holds no longer, from the next request on", NULL},
	{"channel try", "CONFIG [SAMPLE]", 1, 2, 0, channel_options, ctl_channel_try,
		"what a source would take, from a sample or its live place",
		"CONFIG is the source's file (whatsapp-kota.yaml), SAMPLE a file of what it gets: "
		"the body of a\nwebhook, a dropped file, a mail. Shows each message with class, "
		"kind, time and id, and lengths and\nhashes of the rest. Nothing is produced, no "
		"cursor moves; with a sample no secret is read, so nothing is\nverified either. "
		"Without a sample: what lies in the drop folder or mailbox now, from its "
		"beginning,\nuntil 5 s bring nothing new (20 s for the first), at most 100 "
		"messages; nothing is moved "
		"or "
		"marked there."},
	{"profile check", "FILE...", 1, CTL_ARGS_MAX, CTL_PLAIN, check_options, ctl_profile_check,
		"is a profile of an endpoint fit to be used?",
		"FILE is a profile (lapor/lapor-v3.yaml); needs nothing else. Each finding is a "
		"line\n\"file:line: key: what is wrong; what to do\". A fault goes wrong always or "
		"loses something of a\ncomplaint; a warning is right for some endpoints. Exit "
		"status 1 when there is a fault."},
	{"profile render", "FILE", 1, 1, CTL_PLAIN, render_options, ctl_profile_render,
		"the exact calls a profile would make for a complaint",
		"Nothing is sent and no secret is opened: a secret header shows the name of its "
		"file. Texts are told by\ntheir length, long ones by their hash, too. With "
		"--show-text the bodies stand as they would be sent: the\ncitizen's name, number "
		"and words are then on your screen and wherever you put the output.\nWith --json "
		"the bytes are exact; the text form is made fit for a terminal. Exit status 1 "
		"when a call\ncannot be made."},
	{"masters list", "", 0, 0, 0, masters_options, ctl_masters_list,
		"lists of numbers (institutions ...) that the destinations keep, as read here",
		"The forwarder reads them once a day on the machine that owns the destination's "
		"lane."},
	{"masters find", "TEXT", 1, 1, 0, masters_options, ctl_masters_find,
		"the number of an institution, by words of its name, or the other way round",
		"Also what is gone, since when, and which of our own numbers it is."},
	{"masters check", "", 0, 0, 0, masters_options, ctl_masters_check,
		"are our numbers (settings, agencies) in the destinations' lists?",
		"Exit status 1 when one is missing or has another name than it had; each line says "
		"where it stands and\nwhat to do."},
	{"masters diff", "", 0, 0, 0, masters_options, ctl_masters_diff,
		"what changed in a list the last time it changed", NULL},
	{"masters fetch", "", 0, 0, 0, fetch_options, ctl_masters_fetch,
		"read the lists now, such as before the forwarder runs for the first time",
		"GET only. Takes the credentials of forwarder.yaml (credentials/ beside it for "
		"those of the service), so it\nis for whoever may read them. An answer that is "
		"not whole is not taken."},
	{"masters accept", "LIST ID", 2, 2, 0, masters_options, ctl_masters_accept,
		"the new name of a number is right: no alarm any more", NULL},
	{"index dump", "", 0, 0, CTL_HIDDEN, lane_options, ctl_index_dump,
		"the whole index as text (personal data in it)", NULL},
	{"index rebuild-compare", "", 0, 0, CTL_HIDDEN, lane_options, ctl_index_compare,
		"is the index what the logs say?",
		"Folds both logs up to the positions the index stands for and compares key by key. "
		"Holds both in memory.\nA daemon may be at work meanwhile. Exit status 1 when they "
		"differ."},
	{},
};
