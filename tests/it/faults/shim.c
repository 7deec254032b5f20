/* Makes one call of the C library fail: the FAULT_NTH of the sort FAULT_CALL, with EIO, in the process that loads this.
 *
 * With FAULT_TALLY set to a path, nothing fails and the numbers of calls are written there at the end. Descriptors of the
 * standard streams count like any other. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ, WRITE, RENAME, SYNC, OPEN, LIST, N_SORTS };
static const char *const NAMES[N_SORTS] = {"read", "write", "rename", "sync", "open", "list"};
static atomic_long counts[N_SORTS];
static int faulty = -1;
static long nth;

__attribute__((constructor)) static void start(void) {
    const char *call = getenv("FAULT_CALL"), *number = getenv("FAULT_NTH");
    for (int sort = 0; call && number && sort < N_SORTS; sort++)
        if (!strcmp(call, NAMES[sort])) {
            faulty = sort;
            nth = atol(number);
        }
}

__attribute__((destructor)) static void finish(void) {
    const char *path = getenv("FAULT_TALLY");
    if (!path) return;
    char line[256];
    int size = snprintf(line, sizeof line, "%ld %ld %ld %ld %ld %ld\n", counts[READ], counts[WRITE], counts[RENAME],
                        counts[SYNC], counts[OPEN], counts[LIST]);
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (syscall(SYS_write, fd, line, size) < 0) abort();
    syscall(SYS_close, fd);
}

static int fails(int sort) {
    long n = atomic_fetch_add(&counts[sort], 1) + 1;
    if (sort != faulty || n != nth) return 0;
    errno = EIO;
    return 1;
}

#define REAL(type, name, ...) type (*real)(__VA_ARGS__) = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t read(int fd, void *to, size_t n) {
    REAL(ssize_t, "read", int, void *, size_t);
    return fails(READ) ? -1 : real(fd, to, n);
}
ssize_t pread64(int fd, void *to, size_t n, off64_t at) {
    REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
    return fails(READ) ? -1 : real(fd, to, n, at);
}
ssize_t readv(int fd, const struct iovec *to, int n) {
    REAL(ssize_t, "readv", int, const struct iovec *, int);
    return fails(READ) ? -1 : real(fd, to, n);
}
ssize_t write(int fd, const void *from, size_t n) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return fails(WRITE) ? -1 : real(fd, from, n);
}
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails(WRITE) ? -1 : real(fd, from, n, at);
}
ssize_t writev(int fd, const struct iovec *from, int n) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return fails(WRITE) ? -1 : real(fd, from, n);
}
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return fails(RENAME) ? -1 : real(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    return fails(RENAME) ? -1 : real(a, from, b, to);
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    return fails(RENAME) ? -1 : real(a, from, b, to, flags);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    return fails(RENAME) ? -1 : real(a, from, b, to, flags);
}
int fsync(int fd) {
    REAL(int, "fsync", int);
    return fails(SYNC) ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return fails(SYNC) ? -1 : real(fd);
}

static int mode_of(int flags, va_list list) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
}
int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    va_list list;
    va_start(list, flags);
    int mode = mode_of(flags, list);
    va_end(list);
    return fails(OPEN) ? -1 : real(path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
    REAL(int, "openat64", int, const char *, int, ...);
    va_list list;
    va_start(list, flags);
    int mode = mode_of(flags, list);
    va_end(list);
    return fails(OPEN) ? -1 : real(at, path, flags, mode);
}
struct dirent64 *readdir64(void *folder) {
    REAL(struct dirent64 *, "readdir64", void *);
    return fails(LIST) ? NULL : real(folder);
}
