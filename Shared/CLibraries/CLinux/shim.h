#pragma once
// GNU-only functions that the Glibc module leaves out, and constants that its importer cannot see.
#include <stddef.h>
#include <pthread.h>
#include <sys/types.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netdb.h>

extern int pipe2(int ends[2], int flags);
extern int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);
extern int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr);

// The environment as the process got it; the global itself is a mutable variable, which Swift 6 refuses.
extern char **environ;
static inline char **clinux_environ(void) { return environ; }
