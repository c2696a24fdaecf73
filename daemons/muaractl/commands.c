/* commands: the table of commands: names, arguments, options, help. */
#include "commands.h"

static const struct ctl_option create_options[] = {
	{"--installation", "UUID", "id of the installation, instead of a fresh one"},
	{"--recreate", "LOG", "make this lost lane log anew, empty (see restore)"},
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

const struct ctl_command ctl_commands[] = {
	{"topics create", "", 0, 0, 0, create_options, ctl_topics_create,
		"make the topics; run twice does nothing",
		"Makes every topic with the settings it must have, and begins the lane logs with "
		"their genesis record.\nWhat is there already is left as it is; `muaractl check` "
		"says whether it is right."},
	{"check", "", 0, 0, 0, NULL, ctl_check, "is everything Muara stands on as it must be?",
		"One line for each topic, the brokers, the daemons' groups, Redis and the "
		"directories: ok, warn or FAIL,\nand for the latter two what to do. Changes "
		"nothing; exit status 1 when a line says FAIL."},
	{"check", "", 0, 0, 0, NULL, ctl_check, "is everything Muara stands on as it must be?",
		"One line for each topic, the brokers, the daemons' groups, Redis and the "
		"directories: ok, warn or FAIL,\nand for the latter two what to do. Changes "
		"nothing; exit status 1 when a line says FAIL."},
	{"balance", "", 0, 0, 0, balance_options, ctl_balance,
		"is every accepted message and every complaint accounted for?",
		"Reads all logs once, id by id. accepted = in complaints + noted + archived + dead "
		"+ "
		"under way.\nUnder way: the normalizer has not got there yet. Every ready "
		"complaint has "
		"one end: done, by hand,\ndropped, parked, handed, rejected, refused, in flight or "
		"waiting. Whatever does not fit is named as a\nfault, and the exit status is 1. "
		"The daemons may be at work meanwhile. Memory: some 300 bytes a message."},
	{"index dump", "", 0, 0, CTL_HIDDEN, lane_options, ctl_index_dump,
		"the whole index as text (personal data in it)", NULL},
	{"index rebuild-compare", "", 0, 0, CTL_HIDDEN, lane_options, ctl_index_compare,
		"is the index what the logs say?",
		"Folds both logs up to the positions the index stands for and compares key by key. "
		"Holds both in memory.\nA daemon may be at work meanwhile. Exit status 1 when they "
		"differ."},
	{},
};
