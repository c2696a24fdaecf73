/* redis-bed: a real Redis on a socket of its own, for the time of a test program: start_redis and
 * stop_redis as its set-up and tear-down. */
#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
	char dir[64], socket[80];
	pid_t pid;
};
static struct server server;

static int start_redis(void **state)
{
	(void)state;
	snprintf(server.dir, sizeof(server.dir), "/tmp/muara-index-XXXXXX");
	assert_non_null(mkdtemp(server.dir));
	snprintf(server.socket, sizeof(server.socket), "%s/s", server.dir);
	server.pid = fork();
	if (server.pid == 0) {
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server.socket,
			"--save", "", "--dir", server.dir, "--logfile", "/dev/null", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 3000 && access(server.socket, F_OK) != 0; i++)
		usleep(20000);
	return access(server.socket, F_OK);
}

static int stop_redis(void **state)
{
	(void)state;
	kill(server.pid, SIGKILL);
	waitpid(server.pid, NULL, 0);
	unlink(server.socket);
	return rmdir(server.dir);
}
