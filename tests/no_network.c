/* Refuses every connection that leaves this machine, and writes down that somebody tried. Loaded before libc: LD_PRELOAD.

   PHAGO_FAR: the file into which a line is written for each try. Sockets of Unix and loopback pass. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void tell(const char *call, const char *where) {
    const char *path = getenv("PHAGO_FAR");
    int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    char line[300];
    if (file < 0) abort();
    snprintf(line, sizeof line, "%s %s\n", call, where);
    if (write(file, line, strlen(line)) < 0) abort();
    close(file);
}

static int is_far(const struct sockaddr *to) {
    if (!to || to->sa_family == AF_UNIX || to->sa_family == AF_UNSPEC || to->sa_family == AF_NETLINK) return 0;
    if (to->sa_family == AF_INET) return ntohl(((const struct sockaddr_in *)to)->sin_addr.s_addr) >> 24 != 127;
    if (to->sa_family == AF_INET6) return !IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)to)->sin6_addr);
    return 1;
}

static int refused(const char *call) {
    tell(call, "another machine");
    errno = ENETUNREACH;
    return -1;
}

int connect(int file, const struct sockaddr *to, socklen_t size) {
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    return is_far(to) ? refused("connect") : real(file, to, size);
}

ssize_t sendto(int file, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "sendto");
    return is_far(to) ? refused("sendto") : real(file, data, length, flags, to, size);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
    return is_far(message->msg_name) ? refused("sendmsg") : real(file, message, flags);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *near[] = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"};
    int is_near = !name;
    for (size_t at = 0; !is_near && at < sizeof near / sizeof *near; at++) is_near = strcmp(name, near[at]) == 0;
    if (is_near) return real(name, service, hints, found);
    tell("getaddrinfo", name);
    return EAI_FAIL;
}
