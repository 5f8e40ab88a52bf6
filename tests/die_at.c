/* Kills its process at a chosen call that changes a chosen folder. Loaded before libc: LD_PRELOAD.

   PHAGO_DIE_IN: the folder, PHAGO_DIE_AT: the number of the call, from 1; PHAGO_DIE_HOW: `before` the call, `half`-way
   through a write, in whole sectors, or `after` it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long calls;

static int is_in(const char *path) {
    const char *folder = getenv("PHAGO_DIE_IN");
    return folder && *folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_ours(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_in(path);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Returns whether this call is the last one. */
static int is_last(void) {
    const char *at = getenv("PHAGO_DIE_AT");
    return atomic_fetch_add(&calls, 1) + 1 == (at ? atol(at) : 0);
}

static int how(const char *wanted) {
    const char *how = getenv("PHAGO_DIE_HOW");
    return how && strcmp(how, wanted) == 0;
}

/* The kernel does not stop inside of a sector. */
static size_t half_of(size_t count) { return count / 2 / 512 * 512; }

#define REAL(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)
#define CALL(type, ours, half, real) \
    int last = (ours) && is_last(); \
    if (last && how("before")) die(); \
    if (last && how("half")) { half; die(); } \
    type done = real; \
    if (last) die(); \
    return done

ssize_t pwrite64(int file, const void *from, size_t count, off64_t offset) {
    CALL(ssize_t, is_ours(file), REAL(pwrite64, file, from, half_of(count), offset), REAL(pwrite64, file, from, count, offset));
}
ssize_t pwrite(int file, const void *from, size_t count, off_t offset) {
    CALL(ssize_t, is_ours(file), REAL(pwrite, file, from, half_of(count), offset), REAL(pwrite, file, from, count, offset));
}
ssize_t write(int file, const void *from, size_t count) {
    CALL(ssize_t, is_ours(file), REAL(write, file, from, half_of(count)), REAL(write, file, from, count));
}
int fsync(int file) { CALL(int, is_ours(file), (void)0, REAL(fsync, file)); }
int fdatasync(int file) { CALL(int, is_ours(file), (void)0, REAL(fdatasync, file)); }
int ftruncate64(int file, off64_t length) { CALL(int, is_ours(file), (void)0, REAL(ftruncate64, file, length)); }
int ftruncate(int file, off_t length) { CALL(int, is_ours(file), (void)0, REAL(ftruncate, file, length)); }
int unlink(const char *path) { CALL(int, is_in(path), (void)0, REAL(unlink, path)); }
int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    CALL(int, (flags & O_CREAT) && is_in(path), (void)0, REAL(open64, path, flags, mode));
}
