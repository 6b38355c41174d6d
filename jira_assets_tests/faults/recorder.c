/* Writes down the system calls that change files below a folder, and fails the one with a given number.

   Loaded before the C library (LD_PRELOAD), so that it sees the calls of Python, Polars and DuckDB alike.
   A call and its line in the record are one step: the record is in the order in which things happened. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 65536
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static char is_watched[FDS];
static int record = -1;
static long calls, failing;
static int failure, is_full; /* is_full: from then on nothing grows any more */

struct entry {
    int64_t offset;
    int32_t fd, first, second; /* lengths of what follows: a path or data, another path */
    char kind, is_counted, padding[2];
};

long faults_calls(void) { return calls; }

void faults_watch(const char *path, int fd, long number, int error, int lasting)
{
    pthread_mutex_lock(&lock);
    snprintf(folder, sizeof folder, "%s/", path);
    memset(is_watched, 0, sizeof is_watched);
    record = fd, calls = 0, failing = number, failure = error, is_full = lasting;
    pthread_mutex_unlock(&lock);
}

void faults_rest(void)
{
    pthread_mutex_lock(&lock);
    folder[0] = 0, record = -1, failing = 0;
    pthread_mutex_unlock(&lock);
}

static int is_below(int at, const char *path, char *absolute)
{
    char base[PATH_MAX] = "", link[64];
    if (!folder[0] || !path) return 0;
    if (path[0] != '/' && at == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else if (path[0] != '/') {
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t length = readlink(link, base, sizeof base - 1);
        if (length < 0) return 0;
        base[length] = 0;
    }
    if (snprintf(absolute, PATH_MAX, "%s%s%s", base, base[0] ? "/" : "", path) >= PATH_MAX) return 0;
    size_t length = strlen(folder) - 1; /* without its slash */
    return !strncmp(absolute, folder, length) && (!absolute[length] || absolute[length] == '/');
}

static int is_ours(int fd) { return folder[0] && fd >= 0 && fd < FDS && is_watched[fd]; }

/* The number of this call is taken. Whether it is to fail; then errno says why. */
static int fails(int grows)
{
    int is_its_turn = ++calls == failing || (is_full && failing && calls > failing);
    if (!is_its_turn || (is_full && !grows)) return 0;
    errno = failure;
    return 1;
}

static void note(char kind, int fd, int64_t offset, const void *first, size_t length, const char *second)
{
    int error = errno;
    struct entry entry = {.kind = kind, .fd = fd, .offset = offset, .first = length, .is_counted = kind != 'c',
                          .second = second ? strlen(second) : 0};
    struct iovec parts[] = {{&entry, sizeof entry}, {(void *)first, length}, {(void *)second, entry.second}};
    if (record >= 0 && REAL(writev)(record, parts, 3) < 0) _exit(99);
    errno = error;
}

#define STEP(condition, kind, fd, offset, first, length, second, grows, call) \
    if (!(condition)) return call;                                            \
    pthread_mutex_lock(&lock);                                                \
    __typeof__(call) result = fails(grows) ? -1 : call;                       \
    note(result < 0 ? '!' : kind, fd, offset, first, length, second);         \
    pthread_mutex_unlock(&lock);                                              \
    return result

static int open_below(int at, const char *path, int flags, mode_t mode)
{
    char absolute[PATH_MAX];
    if (!is_below(at, path, absolute)) return REAL(openat)(at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int makes = (flags & O_CREAT) && access(absolute, F_OK);
    int fd = fails(makes) ? -1 : REAL(openat)(at, path, flags, mode);
    if (fd >= 0 && fd < FDS) is_watched[fd] = 1;
    note(fd < 0 ? '!' : 'o', fd, flags, absolute, strlen(absolute), NULL);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE                                  \
    mode_t mode = 0;                          \
    if (flags & (O_CREAT | __O_TMPFILE)) {    \
        va_list rest;                         \
        va_start(rest, flags);                \
        mode = va_arg(rest, mode_t);          \
        va_end(rest);                         \
    }

int open(const char *path, int flags, ...) { MODE return open_below(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_below(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return open_below(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return open_below(at, path, flags, mode); }

int close(int fd)
{
    if (!is_ours(fd)) return REAL(close)(fd);
    pthread_mutex_lock(&lock);
    is_watched[fd] = 0;
    int result = REAL(close)(fd);
    note('c', fd, 0, NULL, 0, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}

static ssize_t put(int fd, const void *data, size_t length, int64_t offset)
{
    int is_placed = offset >= 0;
    pthread_mutex_lock(&lock);
    if (!is_placed) offset = fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
    ssize_t result = -1;
    if (!fails(1)) {
        result = REAL(pwrite)(fd, data, length, offset);
    } else if (is_full && calls == failing && length > 1) {
        result = REAL(pwrite)(fd, data, length / 2, offset); /* the last that fits */
    }
    if (!is_placed && result > 0) lseek(fd, offset + result, SEEK_SET);
    note(result < 0 ? '!' : 'w', fd, offset, data, result < 0 ? 0 : result, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t write(int fd, const void *data, size_t length)
{
    return is_ours(fd) ? put(fd, data, length, -1) : REAL(write)(fd, data, length);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    return is_ours(fd) ? put(fd, data, length, offset) : REAL(pwrite)(fd, data, length, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    return pwrite(fd, data, length, offset);
}
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!is_ours(fd)) return REAL(writev)(fd, parts, count);
    return count ? write(fd, parts[0].iov_base, parts[0].iov_len) : 0; /* a short write, as is allowed */
}
int fsync(int fd) { STEP(is_ours(fd), 's', fd, 0, NULL, 0, NULL, 0, REAL(fsync)(fd)); }
int fdatasync(int fd) { STEP(is_ours(fd), 's', fd, 0, NULL, 0, NULL, 0, REAL(fdatasync)(fd)); }
int ftruncate(int fd, off_t size)
{
    STEP(is_ours(fd), 't', fd, size, NULL, 0, NULL, 0, REAL(ftruncate)(fd, size));
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }
int fallocate(int fd, int mode, off_t offset, off_t length)
{
    int64_t end = mode ? -1 : offset + length; /* with a mode it does not grow the file */
    STEP(is_ours(fd), 'a', fd, end, NULL, 0, NULL, 1, REAL(fallocate)(fd, mode, offset, length));
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }

#define PATHS(at, path) char one[PATH_MAX]; int is_here = is_below(at, path, one)
#define TWO_PATHS(at, path, other_at, other)                    \
    char one[PATH_MAX], two[PATH_MAX];                          \
    int is_here = is_below(at, path, one) & is_below(other_at, other, two)

int renameat2(int at, const char *path, int other_at, const char *other, unsigned flags)
{
    TWO_PATHS(at, path, other_at, other);
    STEP(is_here, 'r', -1, 0, one, strlen(one), two, 0, REAL(renameat2)(at, path, other_at, other, flags));
}
int renameat(int at, const char *path, int other_at, const char *other)
{
    return renameat2(at, path, other_at, other, 0);
}
int rename(const char *path, const char *other) { return renameat2(AT_FDCWD, path, AT_FDCWD, other, 0); }
int linkat(int at, const char *path, int other_at, const char *other, int flags)
{
    TWO_PATHS(at, path, other_at, other);
    STEP(is_here, 'l', -1, 0, one, strlen(one), two, 1, REAL(linkat)(at, path, other_at, other, flags));
}
int link(const char *path, const char *other) { return linkat(AT_FDCWD, path, AT_FDCWD, other, 0); }
int unlinkat(int at, const char *path, int flags)
{
    PATHS(at, path);
    STEP(is_here, 'u', -1, 0, one, strlen(one), NULL, 0, REAL(unlinkat)(at, path, flags));
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path)
{
    struct stat found;
    int is_folder = !lstat(path, &found) && S_ISDIR(found.st_mode);
    return unlinkat(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}
int mkdirat(int at, const char *path, mode_t mode)
{
    PATHS(at, path);
    STEP(is_here, 'm', -1, 0, one, strlen(one), NULL, 1, REAL(mkdirat)(at, path, mode));
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
