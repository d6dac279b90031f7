/* A preloaded library between the programs of a test and the C library: writes down, in one order for all processes,
 * every operation that changes what is below one folder, with its data, and every octet that goes to a terminal; and
 * makes chosen operations fail.
 *
 * What always holds: an operation and its record are made under one lock of all processes, so that the order of records
 * is the order in which the operations happened; an operation that failed is not recorded; a sync is recorded with size
 * and hash of what was in the file, by which a reader of the record notices what it does not know of.
 *
 * PLATEN_RECORDER: a folder with "control" (shared memory, see struct control) and "record" (see struct head).
 * PLATEN_RECORDER_ROOT: the folder below which things are recorded; absolute, without links.
 *
 * Left out of the record: names that end in "-shm" (SQLite makes them again), "log" and "log.1" (for people), sockets.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    CREATE = 1, MKDIR, UNLINK, RMDIR, RENAME, LINK, /* names */
    WRITE, TRUNCATE, /* contents */
    SYNC, SYNC_FOLDER, /* barriers */
    SAY, MARK /* to a terminal, by the test */
};

enum class { MAKES = 1, WRITES = 2, SYNCS = 4, REMOVES = 8, OPENS = 16 };

struct control {
    uint64_t calls;       /* operations that could have failed so far */
    uint64_t first, last; /* those of them that fail; first 0: none */
    uint64_t failed;
    int32_t error;
    uint32_t classes;   /* which ones count, and may fail */
    uint32_t recording; /* whether a record is wanted */
    pthread_mutex_t lock;
};

struct head {
    uint32_t magic, kind;
    uint64_t inode, folder, other_folder, offset, size, hash;
    uint32_t name_octets, other_name_octets, data_octets;
    int32_t pid;
};

struct place {
    uint64_t folder;
    char name[256];
    char path[4096]; /* of the folder */
};

#define MAGIC 0x504c5243u
#define REAL(type, name, ...) \
    static type (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static struct control *control;
static char root[4096], record_path[4096], preload[4200], folder_entry[4200], root_entry[4200];
static size_t root_octets;
static __thread int busy;

static int raw_open(const char *path, int flags, mode_t mode) {
    REAL(int, open64, const char *, int, ...);
    return real_open64(path, flags, mode);
}

static void append(const struct head *head, const char *name, const char *other, const void *data) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    int fd = raw_open(record_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) abort();
    struct iovec parts[4] = {{(void *)head, sizeof *head},
                             {(void *)name, head->name_octets},
                             {(void *)other, head->other_name_octets},
                             {(void *)data, head->data_octets}};
    size_t whole = sizeof *head + head->name_octets + head->other_name_octets + head->data_octets;
    if (real_writev(fd, parts, 4) != (ssize_t)whole) abort();
    close(fd);
}

int recorder_create(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/control", folder);
    int fd = raw_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REAL(int, ftruncate64, int, off64_t);
    if (fd < 0 || real_ftruncate64(fd, sizeof(struct control))) return -1;
    struct control *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (made == MAP_FAILED) return -1;
    memset(made, 0, sizeof *made);
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&made->lock, &how);
    munmap(made, sizeof *made);
    return 0;
}

static struct control *attach(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/control", folder);
    int fd = raw_open(path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return NULL;
    struct control *found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return found == MAP_FAILED ? NULL : found;
}

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("PLATEN_RECORDER"), *below = getenv("PLATEN_RECORDER_ROOT");
    const char *library = getenv("LD_PRELOAD");
    if (!folder || !below || !library) return;
    snprintf(root, sizeof root, "%s", below);
    root_octets = strlen(root);
    snprintf(record_path, sizeof record_path, "%s/record", folder);
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
    snprintf(folder_entry, sizeof folder_entry, "PLATEN_RECORDER=%s", folder);
    snprintf(root_entry, sizeof root_entry, "PLATEN_RECORDER_ROOT=%s", below);
    control = attach(folder);
}

static void take(void) {
    if (pthread_mutex_lock(&control->lock) == EOWNERDEAD) pthread_mutex_consistent(&control->lock);
    busy = 1;
}

static void give(void) {
    int kept = errno;
    busy = 0;
    pthread_mutex_unlock(&control->lock);
    errno = kept;
}

/* Whether this operation is to fail; errno is set. The lock is held. */
static int fails(unsigned class) {
    if (!(control->classes & class)) return 0;
    uint64_t number = ++control->calls;
    if (!control->first || number < control->first || number > control->last) return 0;
    control->failed++;
    errno = control->error;
    return 1;
}

/* From the test: what it saw, in the same order. */
int recorder_mark(const char *folder, const char *text) {
    struct control *there = attach(folder);
    if (!there) return -1;
    if (pthread_mutex_lock(&there->lock) == EOWNERDEAD) pthread_mutex_consistent(&there->lock);
    snprintf(record_path, sizeof record_path, "%s/record", folder);
    struct head head = {.magic = MAGIC, .kind = MARK, .data_octets = strlen(text), .pid = getpid()};
    append(&head, "", "", text);
    pthread_mutex_unlock(&there->lock);
    munmap(there, sizeof *there);
    return 0;
}

static int below_root(const char *path) {
    return !strncmp(path, root, root_octets) && (path[root_octets] == '/' || !path[root_octets]);
}

static int left_out(const char *name) {
    size_t octets = strlen(name);
    return (octets > 4 && !strcmp(name + octets - 4, "-shm")) || !strcmp(name, "log") || !strcmp(name, "log.1");
}

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t octets = readlink(link, path, size - 1);
    if (octets < 0) return 0;
    path[octets] = 0;
    return 1;
}

/* Where a name stands; 0: not below our folder. */
static int place_of(int at, const char *path, struct place *place) {
    char folder[4096];
    if (!path || strlen(path) >= sizeof folder || !*path) return 0;
    snprintf(folder, sizeof folder, "%s", path);
    size_t octets = strlen(folder);
    while (octets > 1 && folder[octets - 1] == '/') folder[--octets] = 0;
    char *slash = strrchr(folder, '/');
    const char *name = slash ? slash + 1 : folder;
    if (!*name || strlen(name) >= sizeof place->name) return 0;
    strcpy(place->name, name);
    if (!slash) strcpy(folder, ".");
    else if (slash == folder) folder[1] = 0;
    else *slash = 0;
    REAL(int, openat64, int, const char *, int, ...);
    int fd = real_openat64(at, folder, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    struct stat about;
    int good = path_of(fd, place->path, sizeof place->path) && below_root(place->path) && !fstat(fd, &about);
    close(fd);
    if (good) place->folder = about.st_ino;
    return good;
}

/* Whether an open file is one of ours: 1 a file, 2 a folder, 3 a terminal, 4 one of ours that is not recorded. */
static int file_of(int fd, uint64_t *inode) {
    char path[4096];
    struct stat about;
    if (!path_of(fd, path, sizeof path)) return 0;
    if (!strncmp(path, "/dev/pts/", 9)) {
        *inode = strtoull(path + 9, NULL, 10);
        return 3;
    }
    if (!below_root(path) || fstat(fd, &about)) return 0;
    *inode = about.st_ino;
    if (S_ISDIR(about.st_mode)) return 2;
    if (!S_ISREG(about.st_mode)) return 0;
    char *gone = strstr(path, " (deleted)");
    if (gone) *gone = 0;
    return left_out(strrchr(path, '/') + 1) ? 4 : 1;
}

static void note(enum kind kind, uint64_t inode, const struct place *place, const struct place *other, uint64_t offset,
                 const void *data, size_t octets) {
    if (!control->recording) return;
    struct head head = {.magic = MAGIC, .kind = kind, .inode = inode, .offset = offset, .data_octets = octets};
    head.pid = getpid();
    if (place) {
        if (left_out(place->name)) return;
        head.folder = place->folder;
        head.name_octets = strlen(place->name);
    }
    if (other) {
        head.other_folder = other->folder;
        head.other_name_octets = strlen(other->name);
    }
    append(&head, place ? place->name : "", other ? other->name : "", data);
}

static void note_sync(uint64_t inode, int fd) {
    if (!control->recording) return;
    struct head head = {.magic = MAGIC, .kind = SYNC, .inode = inode, .pid = getpid()};
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
    unsigned char block[65536];
    ssize_t octets;
    uint32_t low = 1, high = 0; /* Adler-32 */
    while (again >= 0 && (octets = read(again, block, sizeof block)) > 0) {
        head.size += octets;
        for (ssize_t index = 0; index < octets; index++) {
            low = (low + block[index]) % 65521;
            high = (high + low) % 65521;
        }
    }
    head.hash = high << 16 | low;
    if (again >= 0) close(again);
    append(&head, "", "", "");
}

static int active(void) { return control && !busy; }

/* Names. */

static int opened(int at, const char *path, int flags, mode_t mode) {
    REAL(int, openat64, int, const char *, int, ...);
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    struct place place;
    if (!active() || !writes || (flags & O_TMPFILE) == O_TMPFILE || !place_of(at, path, &place))
        return real_openat64(at, path, flags, mode);
    take();
    struct stat before, after;
    int was = !fstatat(at, path, &before, 0);
    int fd = -1;
    if (!fails(!was ? MAKES : OPENS)) {
        fd = real_openat64(at, path, flags, mode);
        if (fd >= 0 && !fstat(fd, &after) && S_ISREG(after.st_mode)) {
            if (!was) note(CREATE, after.st_ino, &place, NULL, after.st_mode & 07777, NULL, 0);
            else if ((flags & O_TRUNC) && before.st_size && !left_out(place.name))
                note(TRUNCATE, after.st_ino, NULL, NULL, 0, NULL, 0);
        }
    }
    give();
    return fd;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return opened(at, path, flags, mode); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __openat_2(int at, const char *path, int flags) { return opened(at, path, flags, 0); }
int __openat64_2(int at, const char *path, int flags) { return opened(at, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }

static int makes_folder(int at, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    struct place place;
    if (!active() || !place_of(at, path, &place)) return real_mkdirat(at, path, mode);
    take();
    struct stat about;
    int done = -1;
    int was = !fstatat(at, path, &about, AT_SYMLINK_NOFOLLOW);
    if (was || !fails(MAKES)) {
        done = real_mkdirat(at, path, mode);
        if (!done && !fstatat(at, path, &about, AT_SYMLINK_NOFOLLOW))
            note(MKDIR, about.st_ino, &place, NULL, about.st_mode & 07777, NULL, 0);
    }
    give();
    return done;
}

int mkdir(const char *path, mode_t mode) { return makes_folder(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return makes_folder(at, path, mode); }

static int removes(int at, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    struct place place;
    struct stat about;
    if (!active() || !place_of(at, path, &place) || fstatat(at, path, &about, AT_SYMLINK_NOFOLLOW))
        return real_unlinkat(at, path, flags);
    take();
    int done = -1;
    if (!fails(REMOVES)) {
        done = real_unlinkat(at, path, flags);
        if (!done && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)))
            note(S_ISDIR(about.st_mode) ? RMDIR : UNLINK, about.st_ino, &place, NULL, 0, NULL, 0);
    }
    give();
    return done;
}

int unlink(const char *path) { return removes(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removes(at, path, flags); }
int rmdir(const char *path) { return removes(AT_FDCWD, path, AT_REMOVEDIR); }

static int renames(int at, const char *path, int other_at, const char *other_path, unsigned flags) {
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    struct place place, other;
    struct stat about;
    if (!active() || !place_of(at, path, &place) || !place_of(other_at, other_path, &other) ||
        fstatat(at, path, &about, AT_SYMLINK_NOFOLLOW))
        return real_renameat2(at, path, other_at, other_path, flags);
    take();
    int done = -1;
    if (!fails(MAKES)) {
        done = real_renameat2(at, path, other_at, other_path, flags);
        if (!done && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)))
            note(RENAME, about.st_ino, &place, &other, 0, NULL, 0);
    }
    give();
    return done;
}

int rename(const char *path, const char *other) { return renames(AT_FDCWD, path, AT_FDCWD, other, 0); }
int renameat(int at, const char *path, int other_at, const char *other) { return renames(at, path, other_at, other, 0); }
int renameat2(int at, const char *path, int other_at, const char *other, unsigned flags) {
    return renames(at, path, other_at, other, flags);
}

static int links(int at, const char *path, int other_at, const char *other_path, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    struct place other;
    struct stat about;
    if (!active() || !place_of(other_at, other_path, &other)) return real_linkat(at, path, other_at, other_path, flags);
    take();
    int done = -1;
    if (!fails(MAKES)) {
        done = real_linkat(at, path, other_at, other_path, flags);
        if (!done && !fstatat(other_at, other_path, &about, AT_SYMLINK_NOFOLLOW))
            note(LINK, about.st_ino, &other, NULL, 0, NULL, 0);
    }
    give();
    return done;
}

int link(const char *path, const char *other) { return links(AT_FDCWD, path, AT_FDCWD, other, 0); }
int linkat(int at, const char *path, int other_at, const char *other, int flags) {
    return links(at, path, other_at, other, flags);
}

/* Contents. Of a write that fails for want of room the first half is written before, as disks do. */

static ssize_t writes_at(int fd, const void *data, size_t octets, off64_t offset, int positioned) {
    REAL(ssize_t, write, int, const void *, size_t);
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    uint64_t inode;
    int what = active() && octets ? file_of(fd, &inode) : 0;
    if (!what) return positioned ? real_pwrite64(fd, data, octets, offset) : real_write(fd, data, octets);
    take();
    ssize_t done = -1;
    if (what == 3) {
        done = real_write(fd, data, octets);
        if (done > 0) note(SAY, inode, NULL, NULL, 0, data, done);
        give();
        return done;
    }
    if (fails(WRITES)) {
        if (!(errno == ENOSPC && control->failed == 1 && octets > 1)) {
            give();
            return -1;
        }
        octets /= 2;
    }
    done = positioned ? real_pwrite64(fd, data, octets, offset) : real_write(fd, data, octets);
    if (done > 0 && what == 1) {
        uint64_t at = positioned ? offset : lseek64(fd, 0, SEEK_CUR) - done;
        note(WRITE, inode, NULL, NULL, at, data, done);
    }
    give();
    return done;
}

ssize_t write(int fd, const void *data, size_t octets) { return writes_at(fd, data, octets, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t octets, off_t at) { return writes_at(fd, data, octets, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t octets, off64_t at) { return writes_at(fd, data, octets, at, 1); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    uint64_t inode;
    int what = active() ? file_of(fd, &inode) : 0;
    if (what != 1 && what != 4) return real_writev(fd, parts, count);
    /* As one write after the other: a short count is allowed. */
    for (int index = 0; index < count; index++)
        if (parts[index].iov_len) return writes_at(fd, parts[index].iov_base, parts[index].iov_len, 0, 0);
    return 0;
}

static int resizes(int fd, off64_t size) {
    REAL(int, ftruncate64, int, off64_t);
    uint64_t inode;
    int what = active() ? file_of(fd, &inode) : 0;
    if (what != 1 && what != 4) return real_ftruncate64(fd, size);
    take();
    int done = -1;
    if (!fails(WRITES)) {
        done = real_ftruncate64(fd, size);
        if (!done && what == 1) note(TRUNCATE, inode, NULL, NULL, size, NULL, 0);
    }
    give();
    return done;
}

int ftruncate(int fd, off_t size) { return resizes(fd, size); }
int ftruncate64(int fd, off64_t size) { return resizes(fd, size); }

static int resizes_path(const char *path, off64_t size) {
    int fd = raw_open(path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) return -1;
    int done = resizes(fd, size), kept = errno;
    close(fd);
    errno = kept;
    return done;
}

int truncate(const char *path, off_t size) { return resizes_path(path, size); }
int truncate64(const char *path, off64_t size) { return resizes_path(path, size); }

static int reserves(int fd, off64_t offset, off64_t octets) {
    REAL(int, posix_fallocate64, int, off64_t, off64_t);
    uint64_t inode;
    int what = active() ? file_of(fd, &inode) : 0;
    if (what != 1 && what != 4) return real_posix_fallocate64(fd, offset, octets);
    take();
    int done;
    if (fails(WRITES)) done = errno;
    else {
        struct stat before;
        done = fstat(fd, &before) ? EBADF : real_posix_fallocate64(fd, offset, octets);
        if (!done && what == 1 && before.st_size < offset + octets)
            note(TRUNCATE, inode, NULL, NULL, offset + octets, NULL, 0);
    }
    give();
    return done;
}

int posix_fallocate(int fd, off_t offset, off_t octets) { return reserves(fd, offset, octets); }
int posix_fallocate64(int fd, off64_t offset, off64_t octets) { return reserves(fd, offset, octets); }

/* Copies within the kernel: whoever asks must bear that there is no such thing, and then writes. */
static ssize_t not_within_the_kernel(int to) {
    uint64_t inode;
    int what = active() ? file_of(to, &inode) : 0;
    return what == 1 || what == 4;
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t octets) {
    REAL(ssize_t, sendfile64, int, int, off64_t *, size_t);
    if (not_within_the_kernel(to)) { errno = ENOTSOCK; return -1; }
    return real_sendfile64(to, from, offset, octets);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t octets) { return sendfile64(to, from, offset, octets); }

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *other, size_t octets, unsigned flags) {
    REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned);
    if (not_within_the_kernel(to)) { errno = EOPNOTSUPP; return -1; }
    return real_copy_file_range(from, at, to, other, octets, flags);
}

/* Barriers. */

static int syncs(int fd, int (*real)(int)) {
    uint64_t inode;
    int what = active() ? file_of(fd, &inode) : 0;
    if (what != 1 && what != 2) return real(fd);
    take();
    int done = -1;
    if (!fails(SYNCS)) {
        /* The disk of the test need not be forced: what survives is decided by the record. */
        done = 0;
        if (what == 2) note(SYNC_FOLDER, inode, NULL, NULL, 0, NULL, 0);
        else note_sync(inode, fd);
    }
    give();
    return done;
}

int fsync(int fd) { REAL(int, fsync, int); return syncs(fd, real_fsync); }
int fdatasync(int fd) { REAL(int, fdatasync, int); return syncs(fd, real_fdatasync); }

/* Children that are given an environment of their own are listened to as well. */
int execve(const char *path, char *const arguments[], char *const environment[]) {
    REAL(int, execve, const char *, char *const *, char *const *);
    if (!control) return real_execve(path, arguments, environment);
    size_t count = 0;
    while (environment && environment[count]) count++;
    char *whole[count + 4];
    size_t kept = 0;
    for (size_t index = 0; index < count; index++)
        if (strncmp(environment[index], "LD_PRELOAD=", 11) && strncmp(environment[index], "PLATEN_RECORDER", 15))
            whole[kept++] = environment[index];
    whole[kept++] = preload;
    whole[kept++] = folder_entry;
    whole[kept++] = root_entry;
    whole[kept] = NULL;
    return real_execve(path, arguments, whole);
}
