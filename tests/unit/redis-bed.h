/* redis-bed: a real Redis on a socket of its own, for the time of a test program: start_redis and
 * stop_redis as its set-up and tear-down. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
	char dir[64], socket[80];
	pid_t pid;
};
static struct server server;

/* Its socket is there before it listens, and on a busy machine long before it answers. */
static bool redis_answers(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[8] = "";
	bool there;

	memcpy(at.sun_path, server.socket, sizeof(server.socket));
	there = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
		send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
		recv(fd, text, sizeof(text), 0) == 7 && memcmp(text, "+PONG\r\n", 7) == 0;
	close(fd);
	return there;
}

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
	for (int i = 0; i < 3000; i++) {
		if (redis_answers())
			return 0;
		usleep(20000);
	}
	return -1;
}

static int stop_redis(void **state)
{
	(void)state;
	kill(server.pid, SIGKILL);
	waitpid(server.pid, NULL, 0);
	unlink(server.socket);
	return rmdir(server.dir);
}
