/* muara-email: complaints by e-mail. See mailbox.h. */
#include "daemons/email/mailbox.h"

int main(int argc, char **argv)
{
	return source_main(argc, argv, &email_source);
}
